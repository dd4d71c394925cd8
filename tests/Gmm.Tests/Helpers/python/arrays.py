"""Writes arrays as .npy files into a folder, their numbers sin(0), sin(1), sin(2) … in C order."""

import os
import sys

import numpy as np


def numbers(*shape):
    return np.sin(np.arange(int(np.prod(shape)), dtype="f8")).reshape(shape)


arrays = {
    "f8": numbers(500, 3),
    "f4": numbers(500, 3).astype("f4"),
    "vector": numbers(70),
    "wide": numbers(130, 200),
    "column-fortran": np.asfortranarray(numbers(70, 1)),
    "fortran": np.asfortranarray(numbers(500, 3)),
    "fortran-f4": np.asfortranarray(numbers(500, 3).astype("f4")),
    "f2": numbers(500, 3).astype("f2"),
    "big-endian": numbers(500, 3).astype(">f8"),
    "complex": numbers(5, 2).astype("c16"),
    "objects": np.array([["a", 1], ["b", 2]], dtype=object),
    "structure": np.zeros(5, dtype=[("x", "f8"), ("y", "f8")]),
    "cube": numbers(5, 2, 2),
    "scalar": np.array(1.0),
    "none": numbers(0, 3),
}

index = np.arange(1500)

for kind in ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"]:
    if kind == "b1":
        whole = index % 3 % 2
    elif kind[1] == "1":
        whole = index % 251 - (125 if kind[0] == "i" else 0)
    else:
        whole = index * 43 if kind[0] == "u" else index * 21 - 15000

    for order in "CF":
        for name, mark in [("little", "<"), ("big", ">")]:
            array = whole.reshape(500, 3).astype(mark + kind, order=order)
            arrays[f"{kind}-{order}-{name}"] = np.array(array, order=order)

for name, array in arrays.items():
    with open(os.path.join(sys.argv[1], name + ".npy"), "wb") as file:
        version = (2, 0) if name == "wide" else None
        np.lib.format.write_array(file, array, version=version)

# What numpy.load makes of the file that is named, for the way there.
if len(sys.argv) > 2:
    loaded = np.load(sys.argv[2])
    assert loaded.dtype == np.dtype("<f8") and loaded.flags.c_contiguous
    print(*loaded.shape, sep="\n")
    print(*[repr(float(x)) for x in loaded.ravel()], sep="\n")
