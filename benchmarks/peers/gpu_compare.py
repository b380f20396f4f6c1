# SPDX-License-Identifier: MIT
"""Our NUFFT on a GPU against cuFINUFFT and torch-named-linops, at equal measured error, in turn (ABBA) within one run.

All get the same points and data, keep their plan, and leave input and output on the GPU.  Each is tuned over its
tolerances (cuFINUFFT: and both of its oversamplings; torch-named-linops: widths) to the fastest setting whose error
against the direct sum is at most the target; cuFINUFFT keeps its default methods.  torch-named-linops scales its
transform in its own way, so one factor is fitted before its error is taken.  A run is as many transforms as take 5 ms,
with one synchronisation at its end.  One JSON record per problem, direction and peer; `ratio` is the peer's time over
ours, the median over pairs.
"""
import argparse
import os
import subprocess
import tempfile
import time

import numpy as np
import torch

from finufft_compare import direct_adjoint, direct_forward
from paired import Program, append, fastest, in_turn, noise, relative_error

RUN_SECONDS = 5e-3


def arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--build", required=True, help="folder with bin/bench_gpu_case")
    p.add_argument("--device", default="cuda:0")
    p.add_argument("--error", type=float, default=1e-3, help="target")
    p.add_argument("--pairs", type=int, default=30, help="at most; 10 at least")
    p.add_argument("--large", action="store_true", help="256^3 too")
    p.add_argument("--quick", action="store_true", help="a tiny problem: whether it works, not how fast")
    p.add_argument("--json", help="append the records to this file")
    return p.parse_args()


class Problem:
    def __init__(self, image, spokes, samples, coils):
        self.image, self.spokes, self.samples, self.coils = image, spokes, samples, coils
        self.points = spokes * samples

    def text(self):
        return "x".join(str(n) for n in self.image)


class Ours(Program):
    name = "lunops"

    def __init__(self, a, problem, folder, tol):
        command = [os.path.join(a.build, "bin", "bench_gpu_case"), "--image", problem.text(), "--tol", str(tol)]
        command += ["--spokes", str(problem.spokes), "--samples", str(problem.samples)]
        command += ["--coils", str(problem.coils), "--device", a.device]
        super().__init__(command)
        self.settings = f"tol {tol:g}"
        self.folder = folder
        for name in ("image", "samples"):
            path = os.path.join(folder, name)
            if os.path.exists(path):
                self.ask(f"load {name} {path}")

    def result(self, shape):
        path = os.path.join(self.folder, "result")
        self.ask(f"save {path}")
        return np.fromfile(path, np.complex64).reshape(shape)


class Peer:
    """A transform of torch tensors: `apply` is set by the two below."""

    def run(self, _, count):
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(count):
            self.out = self.apply()
        torch.cuda.synchronize()
        return (time.perf_counter() - start) / count

    def result(self, shape):
        return self.out.cpu().numpy().reshape(shape) * self.scale

    def close(self):
        pass


class CuFinufft(Peer):
    name = "cufinufft"

    def __init__(self, problem, direction, image, samples, k, eps, upsampfac):
        import cufinufft

        self.settings = f"eps {eps:g}, upsampfac {upsampfac}"
        is_forward = direction == "forward"
        self.plan = cufinufft.Plan(
            2 if is_forward else 1,
            problem.image,
            problem.coils,
            eps,
            -1 if is_forward else 1,
            dtype="complex64",
            upsampfac=upsampfac,
        )
        turns = [2 * np.pi * k[:, d] / n for d, n in enumerate(problem.image)]
        self.points = [torch.from_numpy(np.ascontiguousarray(t.astype(np.float32))).cuda() for t in turns]
        self.plan.setpts(*self.points)
        self.data = torch.from_numpy(image if is_forward else samples).cuda()
        out = torch.from_numpy(np.empty_like(samples if is_forward else image)).cuda()
        self.apply = lambda: self.plan.execute(self.data, out=out)
        self.scale = 1 / np.sqrt(np.prod(problem.image))


class TorchLinops(Peer):
    name = "torchlinops"

    def __init__(self, problem, direction, image, samples, k, width, oversamp):
        from torchlinops import NUFFT

        self.settings = f"width {width}, oversamp {oversamp}"
        locs = torch.from_numpy(k.astype(np.float32)).cuda()
        nufft = NUFFT(locs, problem.image, output_shape=("R",), batch_shape=("C",), width=float(width), oversamp=oversamp)
        nufft = nufft.to(locs.device)
        op = nufft if direction == "forward" else nufft.H
        self.data = torch.from_numpy(image if direction == "forward" else samples).cuda()
        self.apply = lambda: op(self.data)
        self.scale = None  # fitted


def peers_here():
    found = {}
    for name, make in (("cufinufft", CuFinufft), ("torchlinops", TorchLinops)):
        try:
            __import__(name)
            found[name] = make
        except ImportError as reason:
            print(f"{name} is not here: {reason}")
    return found


def settings_of(name, target):
    if name == "cufinufft":
        return [(target * f, u) for f in (2, 1, 0.5, 0.2) for u in (2.0, 1.25)]
    return [(width, oversamp) for oversamp in (1.25, 2.0) for width in (3, 4, 5, 6)]


def compare(a, problem, direction, folder, image, samples, k, peers):
    random = np.random.default_rng(11)
    is_forward = direction == "forward"
    places = 20 if problem.points < 1e7 else 4
    chosen = random.choice(problem.points if is_forward else image[0].size, places, replace=False)
    exact = direct_forward(image, k, chosen) if is_forward else direct_adjoint(samples, k, problem.image, chosen)
    shape = samples.shape if is_forward else image.shape

    def error(side):
        side.run(direction, 1)
        if side.scale is None:
            side.scale = 1
            got = side.result(shape)[0].reshape(-1)[chosen]
            side.scale = np.vdot(got, exact) / np.vdot(got, got)
        got = side.result(shape)[0].reshape(-1)[chosen]
        return relative_error(got, exact)

    def seconds(side):
        return side.run(direction, 3)

    Ours.scale = 1
    ours = fastest([lambda t=t: Ours(a, problem, folder, t) for t in (2 * a.error, a.error, a.error / 2)], a.error, error, seconds)
    if ours is None:
        raise SystemExit(f"no tolerance of ours keeps the error {a.error}")
    mine, my_error = ours
    for name, make in peers.items():
        settings = settings_of(name, a.error)
        best = fastest(
            [lambda s=s: make(problem, direction, image, samples, k, *s) for s in settings], a.error, error, seconds
        )
        if best is None:
            print(f"{name}, {direction} {problem.text()}: no setting keeps the error {a.error}; not compared")
            continue
        theirs, their_error = best
        record = pairs(a, problem, direction, mine, theirs)
        record.update(error=my_error, peer_error=their_error, reference=f"direct sum, {places} random outputs")
        low, high = record["interval"]
        print(
            f"{direction} {problem.text()}, {problem.coils} coils: lunops {1e3 * record['median']:.3f} ms (error {my_error:.1e}), "
            f"{name} {1e3 * record['peer_median']:.3f} ms (error {their_error:.1e}); "
            f"{name} / lunops {record['ratio']:.2f} (95 % interval {low:.2f} … {high:.2f})",
            flush=True,
        )
        append(record, a.json)
    mine.close()


def pairs(a, problem, direction, mine, theirs):
    count = {}
    for side in (mine, theirs):
        once = side.run(direction, 3)
        count[side] = 1 if a.quick else max(1, int(np.ceil(RUN_SECONDS / once)))
    times = in_turn(mine, theirs, lambda side: side.run(direction, count[side]), a.pairs, a.quick)
    commit = os.environ.get("LUNOPS_COMMIT") or subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "name": f"gpu/nufft_{direction}_against_{theirs.name}",
        "problem": {"image": problem.text(), "coils": problem.coils, "points": problem.points, "dtype": "c64", "target_error": a.error},
        "variant": f"{mine.settings}; peer {theirs.settings}",
        **times,
        "warm_up": 3,
        "threads": 1,
        "device": f"{a.device} {torch.cuda.get_device_name(0)}",
        "libraries": f"torch {torch.__version__}",
        "compiler": "",
        "commit": commit.removesuffix("-dirty"),
        "dirty": commit.endswith("-dirty"),
        "quick": a.quick,
    }


def main():
    a = arguments()
    peers = peers_here()
    problems = [Problem((256, 256), 402, 512, 8), Problem((128, 128, 128), 16384, 128, 8)]
    if a.large:
        problems.append(Problem((256, 256, 256), 65536, 256, 1))
    if a.quick:
        problems = [Problem((16, 16), 9, 32, 2)]
    random = np.random.default_rng(7)
    for problem in problems:
        with tempfile.TemporaryDirectory() as folder:
            side = Ours(a, problem, folder, a.error)
            side.ask(f"trajectory {os.path.join(folder, 'k')}")
            side.close()
            k = np.fromfile(os.path.join(folder, "k")).reshape(-1, len(problem.image))
            image = noise(random, (problem.coils, *problem.image))
            samples = noise(random, (problem.coils, problem.points))
            image.tofile(os.path.join(folder, "image"))
            samples.tofile(os.path.join(folder, "samples"))
            for direction in ("forward", "adjoint"):
                compare(a, problem, direction, folder, image, samples, k, peers)


if __name__ == "__main__":
    main()
