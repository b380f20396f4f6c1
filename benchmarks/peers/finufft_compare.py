# SPDX-License-Identifier: MIT
"""Our NUFFT against FINUFFT at equal measured error, in turn (ABBA) within one run.

Both sides get the same points and data, keep their plan, and use the same threads on the same cores.
Each is tuned over widths and oversampling to the fastest setting whose error against the direct sum
(200 random outputs, in double with exactly reduced phases) is at most the target.  FINUFFT runs with
its own defaults otherwise; MEASURE is asked for where its build has FFTW.  Prints one JSON record per
direction and target; `ratio` is FINUFFT's time over ours, the median over pairs.
"""
import argparse
import os
import tempfile
import time

import numpy as np

from paired import Program, append, fastest, in_turn, noise, relative_error


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


class Ours(Program):
    def __init__(self, a, folder, settings):
        command = [os.path.join(a.build, "bin", "nufft_case"), "--image", a.image]
        command += ["--coils", str(a.coils), "--threads", str(a.threads)]
        command += ["--coordinates", os.path.join(folder, "k"), *settings]
        super().__init__(command)
        self.settings = " ".join(settings)
        self.folder = folder
        self.plan = self.read()
        for name in ("image", "samples"):
            self.ask(f"load {name} {os.path.join(folder, name)}")

    def result(self, direction, shape):
        name = "samples" if direction == "forward" else "image"
        path = os.path.join(self.folder, "result")
        self.ask(f"save {name} {path}")
        return np.fromfile(path, np.complex64).reshape(shape)


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


def main():
    a = arguments()
    image_shape = tuple(int(n) for n in a.image.split("x"))
    if a.quick:
        a.pairs = 10
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))[: a.threads]
        os.sched_setaffinity(0, cores)  # the child inherits it
    random = np.random.default_rng(7)
    k = radial(image_shape, a.spokes, a.samples)
    image = noise(random, (a.coils, *image_shape))
    samples = noise(random, (a.coils, len(k)))
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
                return relative_error(got, exact)

            for target in (float(e) for e in a.errors.split(",")):
                record = compare(a, folder, direction, target, image, samples, k, error)
                low, high = record["interval"]
                print(
                    f"{direction}, error <= {target:g}: lunops {1e3 * record['median']:.1f} ms (error {record['error']:.1e}), "
                    f"FINUFFT {1e3 * record['peer_median']:.1f} ms (error {record['peer_error']:.1e}); "
                    f"FINUFFT / lunops {record['ratio']:.2f} (95 % interval {low:.2f} … {high:.2f})",
                    flush=True,
                )
                append(record, a.json)


def compare(a, folder, direction, target, image, samples, k, error):
    def ours(width, oversamp):
        return lambda: Ours(a, folder, ["--width", str(width), "--oversamp", str(oversamp)])

    def peer(eps, upsampfac):
        return lambda: Peer(a, direction, image, samples, k, eps, upsampfac)

    def best(candidates):
        found = fastest(candidates, target, error, lambda side: float(np.median(side.run(direction, 5))))
        if found is None:
            raise SystemExit(f"no setting keeps the error {target}")
        return found

    mine, my_error = best([ours(w, s) for s in (1.25, 1.5, 2.0) for w in range(3, 10)])
    steps = [target * f for f in (3, 1.5, 1, 0.7, 0.5, 0.3, 0.1, 0.03)]
    theirs, their_error = best([peer(e, u) for u in (1.25, 2.0) for e in steps])

    for side in (mine, theirs):
        side.run(direction, 3)
    times = in_turn(mine, theirs, lambda side: float(np.median(side.run(direction, 3))), a.pairs)
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
        **times,
        "error": my_error,
        "peer_error": their_error,
        "reference": "direct sum, 200 random outputs",
        "warm_up": 3,
        "threads": a.threads,
        "device": "cpu",
    }


if __name__ == "__main__":
    main()
