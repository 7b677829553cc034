"""Writes Tests/Fixtures/arrays: .npy files by NumPy. Needs numpy. Run from the repository's root:

    python Tests/Oracle/make_array_fixtures.py

Element i of every array but the bytes is (i * 37 % 101 - 50) / 7; ArrayFilesTests repeats that.
"""

import pathlib

import numpy
from numpy.lib import format as npy

FOLDER = pathlib.Path(__file__).parent.parent / "Fixtures" / "arrays"


def ramp(shape, dtype):
    count = int(numpy.prod(shape, dtype=int))
    return ((numpy.arange(count) * 37 % 101 - 50) / 7).astype(dtype).reshape(shape)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    arrays = {
        "f4": ramp((2, 3, 5), "<f4"),
        "f8": ramp((4, 7), "<f8"),
        "vector": ramp((9,), "<f4"),
        "scalar": ramp((), "<f4"),
        "empty": ramp((3, 0, 2), "<f4"),
        "u1": (numpy.arange(256) * 7 % 256).astype("u1").reshape(16, 16),
        "big-endian": ramp((2, 2), ">f4"),
        "fortran": numpy.asfortranarray(ramp((2, 3), "<f4")),
        "int64": numpy.arange(4),
        "structured": numpy.zeros(2, dtype=[("a", "<f4"), ("b", "<f4")]),
    }
    for name, array in arrays.items():
        numpy.save(FOLDER / f"{name}.npy", array)
    with open(FOLDER / "version2.npy", "wb") as file:
        npy.write_array(file, ramp((3, 2), "<f4"), version=(2, 0))
    with open(FOLDER / "version3.npy", "wb") as file:
        npy.write_array(file, ramp((3, 2), "<f4"), version=(3, 0))


if __name__ == "__main__":
    main()
