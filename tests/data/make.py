# SPDX-License-Identifier: MIT
"""Makes the files of npy/ and bart/, once; they are kept so that the tests need neither numpy nor BART.

Usage: python3 make.py          (needs numpy 2 and the program bart 0.8)
"""
import os
import subprocess

import numpy as np

here = os.path.dirname(os.path.abspath(__file__))


def npy(name, array, version=None):
    with open(os.path.join(here, "npy", name), "wb") as file:
        np.lib.format.write_array(file, array, version=version)


# Every readable type, in both byte orders and both orders: element i of the row-major array is i,
# complex elements are i + (i + 1/2) j.
for order, mark in (("<", "little"), (">", "big")):
    for kind in ("i4", "i8", "u2", "f4", "f8", "c8", "c16"):
        count = np.arange(6)
        values = count + 1j * (count + 0.5) if kind[0] == "c" else count
        array = values.astype(order + kind).reshape(2, 3)
        npy(f"{kind}_{mark}.npy", array)
        npy(f"{kind}_{mark}_fortran.npy", np.asfortranarray(array))
npy("b1.npy", np.array([True, False, True]))
npy("u2_large.npy", np.array([65535, 32768], dtype="<u2"))
npy("version2.npy", np.arange(3, dtype="<f4"), version=(2, 0))
npy("version3.npy", np.arange(3, dtype="<f4"), version=(3, 0))
npy("scalar.npy", np.array(2.5))
npy("empty.npy", np.zeros((0, 3), dtype="<c8"))
npy("structured.npy", np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")]))
npy("text.npy", np.array(["ab", "c"]))
npy("f2.npy", np.zeros(2, dtype="<f2"))


def bart(*words, name):
    path = os.path.join(here, "bart", name)
    subprocess.run(["bart", *words, path], check=True)
    # bart notes the command line below the extents, with the folder it ran in.
    with open(path + ".hdr") as file:
        lines = file.read().split("\n")
    with open(path + ".hdr", "w") as file:
        file.write("\n".join(lines[:2]) + "\n")
    # The same array as npy: reversed extents make column-major data row-major.
    extents = [int(n) for n in lines[1].split()]
    while len(extents) > 1 and extents[-1] == 1:
        extents.pop()
    array = np.fromfile(path + ".cfl", dtype="<c8").reshape(extents[::-1])
    np.save(path + ".npy", array)


bart("traj", "-r", "-x", "8", "-y", "3", name="traj_radial")
bart("traj", "-r", "-3", "-x", "4", "-y", "3", name="traj_3d")
bart("phantom", "-x", "8", "-s", "2", name="phantom")
