# SPDX-License-Identifier: MIT
"""Our operators against sigpy's (numba on the CPU), in turn (ABBA) within one run.

Both sides get the same data in single precision and the same threads on the same cores, and are warm: operators built, plans made,
numba compiled.  We write into a given output; sigpy has no such form and allocates its result, as its documentation does.  sigpy's
own loops run on one thread where its source has no prange; the thread limits of numba, OpenMP and BLAS are set to ours.

A case (CASES below) is one operator with a maker for each side.  The errors are relative to a result in double precision of the
first coil, by `reference` where a case gives one, else by sigpy on c128 data.  Prints one line, and with --json appends one record,
per case and direction; `ratio` is sigpy's time over ours, the median over pairs.
"""
import argparse
import dataclasses
import os
import sys
import tempfile
import time
from typing import Callable, Optional

THREADS = int(next((a for p, a in zip(sys.argv, sys.argv[1:]) if p == "--threads"), "2"))
for variable in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = str(THREADS)  # read on import

import numpy as np
import sigpy
import sigpy.linop

from paired import Program, append, in_turn, noise, relative_error


@dataclasses.dataclass
class Case:
    name: str
    problem: str  # for the record, in words
    lua: Callable  # (write) -> Lua expression; write(name, array) keeps an operand as .npy and returns its path
    input: tuple  # extents of one coil on each side
    output: tuple
    input_dims: str  # names, without the coil
    output_dims: str
    peer: Callable  # (coils) -> sigpy.linop.Linop on {coils, *input}
    # (direction, data of one coil in c128) -> result that ours is measured against; None: the peer in c128
    reference: Optional[Callable] = None
    peer_reference: Optional[Callable] = None  # the same for the peer, where its conventions differ
    peer_output: Optional[tuple] = None  # extents of the peer's output side, where they differ


def random_numbers(shape, seed):
    return noise(np.random.default_rng(seed), shape)


def blocks_3d(n=128, block=8, stride=4):
    count = (n - block) // stride + 1
    b, s = (f"{{ z = {v}, y = {v}, x = {v} }}" for v in (block, stride))
    return Case(
        name="array_to_blocks",
        problem=f"{n}^3, block {block}, stride {stride}",
        lua=lambda write: f'lo.ArrayToBlocks{{ "z y x -> bz by bx kz ky kx", block = {b}, stride = {s}, extent = {{ z = {n}, y = {n}, x = {n} }} }}',
        input=(n, n, n),
        output=(count,) * 3 + (block,) * 3,
        input_dims="z y x",
        output_dims="bz by bx kz ky kx",
        peer=lambda coils: sigpy.linop.ArrayToBlocks((coils, n, n, n), (block,) * 3, (stride,) * 3),
    )


def fft_2d(n=512):
    return Case(
        name="fft",
        problem=f"{n}^2, centred, orthonormal",
        lua=lambda write: f'lo.FFT "y={n} x={n} -> ky kx"',
        input=(n, n),
        output=(n, n),
        input_dims="y x",
        output_dims="ky kx",
        peer=lambda coils: sigpy.linop.FFT((coils, n, n), axes=(-2, -1)),
    )


def convolution_2d(taps, n=512):
    kernel = random_numbers((taps, taps), 3)

    # sigpy convolves in full; its result without the border is ours.
    def peer(coils):
        full = sigpy.linop.ConvolveData((coils, n, n), kernel)
        crop = sigpy.linop.Resize((coils, n, n), full.oshape, ishift=(0, taps // 2, taps // 2), oshift=(0, 0, 0))
        return crop * full

    return Case(
        name=f"convolution_{taps}",
        problem=f"{n}^2, {taps}^2 taps, zeros beyond the ends",
        lua=lambda write: f'lo.Convolution{{ read("{write("kernel", kernel)}", "y x"), "y x" }}',
        input=(n, n),
        output=(n, n),
        input_dims="y x",
        output_dims="y x",
        peer=peer,
    )


def wavelet_2d(n=512, levels=4):
    """The transforms differ beyond the ends (sigpy: zeros and longer bands; ours: periodic), so each is measured against itself."""

    def periodic(direction, data):
        import pywt

        if direction == "forward":
            # pywt's periodic bands start half a filter later than those of the definition, along each dim.
            def level(v, axis):
                low, high = pywt.dwt(np.roll(v, 1 - 4, axis=axis), "db4", mode="periodization", axis=axis)
                return np.concatenate([low, high], axis=axis)

            result = np.array(data)
            for i in range(levels):
                m = n >> i
                result[:m, :m] = level(level(result[:m, :m], 0), 1)
            return result
        result = np.array(data)
        for i in reversed(range(levels)):
            m = n >> i
            part = result[:m, :m]
            for axis in (1, 0):
                low, high = np.split(part, 2, axis=axis)
                part = np.roll(pywt.idwt(low, high, "db4", mode="periodization", axis=axis), 4 - 1, axis=axis)
            result[:m, :m] = part
        return result

    def peer(coils):
        return sigpy.linop.Wavelet((coils, n, n), wave_name="db4", axes=(-2, -1), level=levels)

    return Case(
        name="wavelet",
        problem=f"{n}^2, db4, {levels} levels",
        lua=lambda write: f'lo.Wavelet{{ "y={n} x={n} -> wy wx", family = "db4", levels = {levels} }}',
        input=(n, n),
        output=(n, n),
        input_dims="y x",
        output_dims="wy wx",
        peer=peer,
        reference=periodic,
        peer_output=tuple(peer(2).oshape[1:]),
    )


def interpolation_2d(n=256, spokes=96, samples=512, width=4, beta=6.99665905):
    """Radial points on the grid itself; both sides include both ends of the kernel."""
    angle = np.pi * np.arange(spokes) / spokes
    radius = (np.arange(samples) - samples // 2) * (n / samples)
    t = radius[None, :, None] * np.stack([np.sin(angle), np.cos(angle)], -1)[:, None, :] + n // 2
    t = t.reshape(-1, 2).astype(np.float32)
    return Case(
        name="interpolate",
        problem=f"{n}^2, {len(t)} radial points, Kaiser-Bessel, width {width}",
        lua=lambda write: f'lo.Interpolate{{ read("{write("locs", t)}", "point d"), "y x -> point", extent = {{ y = {n}, x = {n} }}, width = {width}, beta = {beta} }}',
        input=(n, n),
        output=(len(t),),
        input_dims="y x",
        output_dims="point",
        peer=lambda coils: sigpy.linop.Interpolate((coils, n, n), t, kernel="kaiser_bessel", width=width, param=beta),
    )


# A new comparison is one more function above and one more line here.
CASES = {
    "blocks": blocks_3d,
    "fft": fft_2d,
    "convolution_9": lambda: convolution_2d(9),
    "convolution_65": lambda: convolution_2d(65),
    "wavelet": wavelet_2d,
    "interpolate": interpolation_2d,
}


class Ours(Program):
    def __init__(self, build, threads, case, folder, image, samples):
        def write(name, array):
            path = os.path.join(folder, f"{name}.npy")
            np.save(path, array)
            return path

        self.folder = folder
        command = [os.path.join(build, "bin", "lunops"), "--threads", str(threads)]
        command += [os.path.join(os.path.dirname(os.path.abspath(__file__)), "sigpy_case.lua")]
        command += ["--operator", case.lua(write)]
        command += ["--input", write("side_input", image), "--idims", f"coil {case.input_dims}"]
        command += ["--output", write("side_output", samples), "--odims", f"coil {case.output_dims}"]
        super().__init__(command)
        self.plan = self.read()

    def result(self, direction):
        path = os.path.join(self.folder, "result.npy")
        self.ask(f"save {direction} {path}")
        return np.load(path)[0]


class Peer:
    def __init__(self, operator, image, samples):
        adjoint = operator.H
        self.sides = {"forward": (operator, image), "adjoint": (adjoint, samples)}
        self.last = {}

    def run(self, direction, count):
        operator, data = self.sides[direction]
        seconds = []
        for _ in range(count):
            self.last.pop(direction, None)  # a user's loop does not keep the result before
            start = time.perf_counter()
            self.last[direction] = operator(data)
            seconds.append(time.perf_counter() - start)
        return seconds

    def result(self, direction):
        return self.last[direction][0]


def compare(case, direction, mine, theirs, data, peer_data, a):
    """One record: errors first, then times in turn."""
    for side in (mine, theirs):
        side.run(direction, a.warm_up)
    # Two coils: sigpy's wavelets make every extent even, that of the coils included.
    wide = data[direction][:2].astype(np.complex128)
    peer_wide = peer_data[direction][:2].astype(np.complex128)
    peer_in_double = case.peer(2) if direction == "forward" else case.peer(2).H
    exact = case.reference(direction, wide[0]) if case.reference else peer_in_double(wide)[0]
    if case.peer_reference:
        peer_exact = case.peer_reference(direction, peer_wide[0])
    else:
        peer_exact = peer_in_double(peer_wide)[0] if case.reference else exact
    errors = relative_error(mine.result(direction), exact), relative_error(theirs.result(direction), peer_exact)
    times = in_turn(mine, theirs, lambda side: float(np.median(side.run(direction, a.runs))), a.pairs)
    moved = data["forward"].nbytes + data["adjoint"].nbytes
    return {
        "name": f"{case.name}_{direction}_against_sigpy",
        "problem": {"operator": case.problem, "coils": a.coils, "dtype": "c64"},
        "variant": f"sigpy {sigpy.__version__}",
        **times,
        "error": errors[0],
        "peer_error": errors[1],
        "reference": "the case's own, c128" if case.reference else "sigpy in c128",
        "bytes": moved,
        "warm_up": a.warm_up,
        "threads": THREADS,
        "device": "cpu",
    }


def arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--build", required=True, help="folder with bin/lunops")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--coils", type=int, default=8)
    p.add_argument("--case", default=",".join(CASES), help="names, with commas")
    p.add_argument("--pairs", type=int, default=40, help="at most; 10 at least")
    p.add_argument("--runs", type=int, default=3, help="applications per turn")
    p.add_argument("--warm-up", type=int, default=2)
    p.add_argument("--quick", action="store_true", help="10 pairs of single runs")
    p.add_argument("--json", help="append the records to this file")
    a = p.parse_args()
    unknown = [name for name in a.case.split(",") if name not in CASES]
    if unknown:
        p.error(f"no case {', '.join(unknown)}; there are {', '.join(CASES)}")
    if a.quick:
        a.pairs, a.runs = 10, 1
    return a


def main():
    a = arguments()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: a.threads])  # the child inherits it
    for name in a.case.split(","):
        case = CASES[name]()
        image = random_numbers((a.coils, *case.input), 1)
        samples = random_numbers((a.coils, *case.output), 2)
        with tempfile.TemporaryDirectory() as folder:
            mine = Ours(a.build, a.threads, case, folder, image, samples)
            peer_samples = random_numbers((a.coils, *case.peer_output), 2) if case.peer_output else samples
            theirs = Peer(case.peer(a.coils), image, peer_samples)
            ours_data, peer_data = ({"forward": image, "adjoint": v} for v in (samples, peer_samples))
            for direction in ("forward", "adjoint"):
                record = compare(case, direction, mine, theirs, ours_data, peer_data, a)
                low, high = record["interval"]
                print(
                    f"{case.name} ({case.problem}), {a.coils} coils, {direction}: "
                    f"lunops {1e3 * record['median']:.2f} ms (error {record['error']:.1e}), "
                    f"sigpy {1e3 * record['peer_median']:.2f} ms (error {record['peer_error']:.1e}); "
                    f"sigpy / lunops {record['ratio']:.2f} (95 % interval {low:.2f} … {high:.2f})",
                    flush=True,
                )
                append(record, a.json)
            mine.close()


if __name__ == "__main__":
    main()
