# SPDX-License-Identifier: MIT
"""What the comparisons with other packages share: our program at the other end of a pipe, runs in turn, their record."""
import json
import os
import subprocess
import time

import numpy as np


class Program:
    """One of our programs that answers each line with one of JSON."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"bench: {self.process.args[0]} ended; its message is above")
        return json.loads(line)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.read()

    def run(self, direction, count):
        return self.ask(f"{direction} {count}")["seconds"]

    def close(self):
        self.process.communicate("quit\n")


def noise(random, shape):
    return (random.standard_normal(shape) + 1j * random.standard_normal(shape)).astype(np.complex64)


def relative_error(got, exact):
    return float(np.linalg.norm(got.astype(np.complex128) - exact) / np.linalg.norm(exact))


def fastest(candidates, target, error, seconds):
    """The fastest of the sides that keep the target, and its error; None where none does.

    A candidate makes a side, or raises RuntimeError or ValueError for a setting that it refuses.
    """
    best = None
    for make in candidates:
        try:
            side = make()
        except (RuntimeError, ValueError):
            continue
        e = error(side)
        s = seconds(side) if e <= target else np.inf
        if e <= target and (best is None or s < best[0]):
            if best is not None:
                best[1].close()
            best = (s, side, e)
        else:
            side.close()
    return best and best[1:]


def bootstrap(ratios):
    """The 95 % interval of the median."""
    random = np.random.default_rng(1)
    medians = [np.median(random.choice(ratios, len(ratios))) for _ in range(2000)]
    return [float(v) for v in np.percentile(medians, [2.5, 97.5])]


def in_turn(mine, theirs, seconds, pairs, is_quick=False):
    """Figures of a record: times of both, ABBA, from ten pairs on until the ratio is known to a tenth of itself."""
    load = os.getloadavg()[0]
    ours, others, ratios = [], [], []
    for pair in range(max(10, pairs)):
        times = [seconds(side) for side in (mine, theirs, theirs, mine)]
        ours += [times[0], times[3]]
        others += [times[1], times[2]]
        ratios.append((times[1] + times[2]) / (times[0] + times[3]))
        if pair >= 9:
            low, high = bootstrap(np.array(ratios))
            if is_quick or high - low <= 0.1 * np.median(ratios):
                break
    return {
        "seconds": ours,
        "peer_seconds": others,
        "median": float(np.median(ours)),
        "peer_median": float(np.median(others)),
        "quartiles": [float(v) for v in np.percentile(ours, [25, 75])],
        "ratio": float(np.median(ratios)),
        "interval": bootstrap(np.array(ratios)),
        "load": [load, os.getloadavg()[0]],
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def append(record, path):
    if path:
        with open(path, "a") as file:
            file.write(json.dumps(record) + "\n")
