"""NumPy's files of float32, as far as the soak needs them."""

import array
import ast
import math
import random
import sys
from dataclasses import dataclass
from pathlib import Path

from tools import Failure

_MAGIC = b"\x93NUMPY\x01\x00"


@dataclass(frozen=True)
class Array:
    shape: tuple[int, ...]
    data: bytes  # little-endian float32

    @property
    def image_bytes(self) -> int:
        return len(self.data) // self.shape[0]

    def images(self, first: int, count: int) -> "Array":
        size = self.image_bytes
        return Array((count, *self.shape[1:]), self.data[first * size:(first + count) * size])

    def values(self) -> "array.array[float]":
        values = array.array("f", self.data)
        if sys.byteorder == "big":
            values.byteswap()
        return values

    def write(self, path: Path) -> None:
        header = repr({"descr": "<f4", "fortran_order": False, "shape": self.shape}).encode()
        header += b" " * (-(len(header) + 11) % 64) + b"\n"
        path.write_bytes(_MAGIC + len(header).to_bytes(2, "little") + header + self.data)

    @classmethod
    def read(cls, path: Path) -> "Array":
        try:
            text = path.read_bytes()
        except OSError as error:
            raise Failure(f"{path}: was not written: {error.strerror}") from error
        length = int.from_bytes(text[8:10], "little")
        header = ast.literal_eval(text[10:10 + length].decode("latin-1"))
        if text[:8] != _MAGIC or header["descr"] != "<f4" or header["fortran_order"]:
            raise Failure(f"{path}: expected an array of float32, found {header}")
        found = cls(tuple(header["shape"]), text[10 + length:])
        count = 4
        for side in found.shape:
            count *= side
        if len(found.data) != count:
            raise Failure(f"{path}: {len(found.data)} bytes, but its shape needs {count}")
        return found


def random_array(seed: int, shape: tuple[int, ...]) -> Array:
    """Values from -2 to 2, some of them 0, small or large, as pictures and maps have them."""
    random_source = random.Random(seed)
    count = math.prod(shape)
    values = array.array("f", (random_source.uniform(-2, 2) for _ in range(count)))
    for index in range(0, count, 37):
        values[index] = random_source.choice([0.0, -0.0, 1e-30, -1e-6, 30.0, -30.0])
    if sys.byteorder == "big":
        values.byteswap()
    return Array(shape, values.tobytes())


def first_difference(expected: Array, found: Array) -> str:
    """Where two arrays that are not equal begin to differ, in words."""
    if expected.shape != found.shape:
        return f"shape {found.shape}, else {expected.shape}"
    a, b = expected.values(), found.values()
    if len(a) != len(b):
        return f"{len(b)} values, else {len(a)}"
    differing = [i for i in range(len(a)) if expected.data[4 * i:4 * i + 4]
                 != found.data[4 * i:4 * i + 4]]
    i = differing[0]
    return (f"{len(differing)} of {len(a)} values, first at {i} of {found.shape}: {b[i]!r}, "
            f"else {a[i]!r}")
