# SPDX-License-Identifier: MIT
"""Our NUFFT against FINUFFT at equal measured error, in turn (ABBA) within one run.

Both sides get the same points and data, keep their plan, and use the same threads on the same cores.
Each is tuned over widths and oversampling to the fastest setting whose error against the direct sum
(200 random outputs, in double with exactly reduced phases) is at most the target.  FINUFFT runs with
its own defaults otherwise; MEASURE is asked for where its build has FFTW.  Prints one JSON record per
direction and target; `ratio` is FINUFFT's time over ours, the median over pairs.
"""
import argparse
import json
import os
import subprocess
import tempfile
import time

import numpy as np


def arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--build", required=True, help="folder with bin/nufft_case")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--coils", type=int, default=8)
    p.add_argument("--image", default="256x256")
    p.add_argument("--spokes", type=int, default=402)
    p.add_argument("--samples", type=int, default=512)
    p.add_argument("--errors", default="1e-3,2e-5")
    p.add_argument("--pairs", type=int, default=60, help="at most; 10 at least")
    p.add_argument("--quick", action="store_true")
    p.add_argument("--json", help="append the records to this file")
    return p.parse_args()


def radial(image, spokes, samples):
    """Diameters through the centre: equal angles in 2-D, a spiral of directions in 3-D."""
    r = (np.arange(samples) - samples // 2) / samples
    if len(image) == 2:
        angle = np.pi * np.arange(spokes) / spokes
        direction = np.stack([np.sin(angle), np.cos(angle)], -1)
    else:
        z = (np.arange(spokes) + 0.5) / spokes
        angle = np.pi * (3 - np.sqrt(5)) * np.arange(spokes)
        s = np.sqrt(1 - z * z)
        direction = np.stack([z, s * np.sin(angle), s * np.cos(angle)], -1)
    k = r[None, :, None] * direction[:, None, :]
    return np.ascontiguousarray((k * np.array(image)).reshape(-1, len(image)))


def phases(k, n):
    """exp(-2 pi i k m / n), {points, n}, reduced modulo 1 in extended precision."""
    m = np.arange(n) - n // 2
    turns = np.remainder(np.multiply.outer(k.astype(np.longdouble), m.astype(np.longdouble)), n) / n
    return np.exp(-2j * np.pi * turns.astype(np.float64))


def direct_forward(image, k, chosen):
    """Coil 0 at the chosen points."""
    out = np.empty(len(chosen), complex)
    for i, j in enumerate(chosen):
        x = image[0].astype(complex)
        for d in reversed(range(k.shape[1])):
            x = x @ phases(k[j, d : d + 1], image.shape[1 + d])[0]
        out[i] = x
    return out / np.sqrt(np.prod(image.shape[1:]))


def direct_adjoint(samples, k, shape, chosen):
    """Coil 0 at the chosen pixels."""
    out = np.empty(len(chosen), complex)
    for i, pixel in enumerate(chosen):
        index = np.unravel_index(pixel, shape)
        turns = np.zeros(len(k), np.longdouble)
        for d, n in enumerate(shape):
            m = np.longdouble(index[d] - n // 2)
            turns += np.remainder(k[:, d].astype(np.longdouble) * m, n) / n
        out[i] = np.sum(samples[0].astype(complex) * np.exp(2j * np.pi * (turns % 1).astype(float)))
    return out / np.sqrt(np.prod(shape))


class Ours:
    def __init__(self, a, folder, settings):
        command = [os.path.join(a.build, "bin", "nufft_case"), "--image", a.image]
        command += ["--coils", str(a.coils), "--threads", str(a.threads)]
        command += ["--coordinates", os.path.join(folder, "k"), *settings]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.settings = " ".join(settings)
        self.folder = folder
        self.plan = json.loads(self.process.stdout.readline())
        for name in ("image", "samples"):
            self.ask(f"load {name} {os.path.join(folder, name)}")

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def run(self, direction, count):
        return self.ask(f"{direction} {count}")["seconds"]

    def result(self, direction, shape):
        name = "samples" if direction == "forward" else "image"
        path = os.path.join(self.folder, "result")
        self.ask(f"save {name} {path}")
        return np.fromfile(path, np.complex64).reshape(shape)

    def close(self):
        self.process.communicate("quit\n")


class Peer:
    def __init__(self, a, direction, image, samples, k, eps, upsampfac):
        import finufft

        shape = image.shape[1:]
        self.settings = f"eps {eps:g}, upsampfac {upsampfac}"
        self.plan = finufft.Plan(
            2 if direction == "forward" else 1,
            shape,
            a.coils,
            eps,
            -1 if direction == "forward" else 1,
            dtype="complex64",
            nthreads=a.threads,
            upsampfac=upsampfac,
            fftw=0,  # FFTW_MEASURE
        )
        x = [np.ascontiguousarray((2 * np.pi * k[:, d] / n).astype(np.float32)) for d, n in enumerate(shape)]
        self.plan.setpts(*x)
        self.data = image if direction == "forward" else samples
        out = samples.shape if direction == "forward" else image.shape
        self.out = np.empty(out, np.complex64)
        self.scale = 1 / np.sqrt(np.prod(shape))

    def run(self, _, count):
        seconds = []
        for _ in range(count):
            start = time.perf_counter()
            self.plan.execute(self.data, out=self.out)
            seconds.append(time.perf_counter() - start)
        return seconds

    def result(self, *_):
        return self.out * self.scale

    def close(self):
        pass


def bootstrap(ratios):
    random = np.random.default_rng(1)
    medians = [np.median(random.choice(ratios, len(ratios))) for _ in range(2000)]
    return [float(v) for v in np.percentile(medians, [2.5, 97.5])]


def main():
    a = arguments()
    image_shape = tuple(int(n) for n in a.image.split("x"))
    if a.quick:
        a.pairs = 10
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))[: a.threads]
        os.sched_setaffinity(0, cores)  # the child inherits it
    random = np.random.default_rng(7)

    def noise(shape):
        return (random.standard_normal(shape) + 1j * random.standard_normal(shape)).astype(np.complex64)

    k = radial(image_shape, a.spokes, a.samples)
    image = noise((a.coils, *image_shape))
    samples = noise((a.coils, len(k)))
    with tempfile.TemporaryDirectory() as folder:
        k.tofile(os.path.join(folder, "k"))
        image.tofile(os.path.join(folder, "image"))
        samples.tofile(os.path.join(folder, "samples"))
        for direction in ("forward", "adjoint"):
            if direction == "forward":
                chosen = random.choice(len(k), 200, replace=False)
                exact, shape = direct_forward(image, k, chosen), samples.shape
            else:
                chosen = random.choice(image[0].size, 200, replace=False)
                exact, shape = direct_adjoint(samples, k, image_shape, chosen), image.shape

            def error(side):
                side.run(direction, 1)
                got = side.result(direction, shape)[0].reshape(-1)[chosen]
                return float(np.linalg.norm(got - exact) / np.linalg.norm(exact))

            for target in (float(e) for e in a.errors.split(",")):
                record = compare(a, folder, direction, target, image, samples, k, error)
                low, high = record["interval"]
                print(
                    f"{direction}, error <= {target:g}: lunops {1e3 * record['median']:.1f} ms (error {record['error']:.1e}), "
                    f"FINUFFT {1e3 * record['peer_median']:.1f} ms (error {record['peer_error']:.1e}); "
                    f"FINUFFT / lunops {record['ratio']:.2f} (95 % interval {low:.2f} … {high:.2f})",
                    flush=True,
                )
                if a.json:
                    with open(a.json, "a") as file:
                        file.write(json.dumps(record) + "\n")


def fastest(candidates, target, error, direction):
    """The fastest of the sides that keep the target, and its error."""
    best = None
    for make in candidates:
        side = make()
        if side is None:
            continue
        e = error(side)
        seconds = float(np.median(side.run(direction, 5))) if e <= target else np.inf
        if e <= target and (best is None or seconds < best[0]):
            if best is not None:
                best[1].close()
            best = (seconds, side, e)
        else:
            side.close()
    if best is None:
        raise SystemExit(f"no setting keeps the error {target}")
    return best[1], best[2]


def compare(a, folder, direction, target, image, samples, k, error):
    load = os.getloadavg()[0]

    def ours(width, oversamp):
        return lambda: Ours(a, folder, ["--width", str(width), "--oversamp", str(oversamp)])

    def peer(eps, upsampfac):
        def make():
            try:
                return Peer(a, direction, image, samples, k, eps, upsampfac)
            except RuntimeError:
                return None  # refuses this eps at this upsampfac

        return make

    mine, my_error = fastest(
        [ours(w, s) for s in (1.25, 1.5, 2.0) for w in range(3, 10)], target, error, direction
    )
    steps = [target * f for f in (3, 1.5, 1, 0.7, 0.5, 0.3, 0.1, 0.03)]
    theirs, their_error = fastest([peer(e, u) for u in (1.25, 2.0) for e in steps], target, error, direction)

    for side in (mine, theirs):
        side.run(direction, 3)
    my_seconds, their_seconds, ratios = [], [], []
    runs = 3
    for pair in range(max(10, a.pairs)):
        order = (mine, theirs, theirs, mine)
        times = [float(np.median(side.run(direction, runs))) for side in order]
        my_seconds += [times[0], times[3]]
        their_seconds += [times[1], times[2]]
        ratios.append((times[1] + times[2]) / (times[0] + times[3]))
        if pair >= 9:
            low, high = bootstrap(np.array(ratios))
            if high - low <= 0.1 * np.median(ratios):
                break
    mine.close()
    return {
        "name": f"nufft_{direction}_against_finufft",
        "problem": {
            "image": a.image,
            "coils": a.coils,
            "points": len(k),
            "dtype": "c64",
            "target_error": target,
        },
        "variant": f"{mine.settings}; peer {theirs.settings}",
        "seconds": my_seconds,
        "peer_seconds": their_seconds,
        "median": float(np.median(my_seconds)),
        "peer_median": float(np.median(their_seconds)),
        "quartiles": [float(v) for v in np.percentile(my_seconds, [25, 75])],
        "ratio": float(np.median(ratios)),
        "interval": bootstrap(np.array(ratios)),
        "error": my_error,
        "peer_error": their_error,
        "reference": "direct sum, 200 random outputs",
        "warm_up": 3,
        "threads": a.threads,
        "device": "cpu",
        "load": [load, os.getloadavg()[0]],
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


if __name__ == "__main__":
    main()
