"""Pictures that are formulas, which Swift tests repeat, and a hash of bytes. Needs numpy alone."""

import numpy


def picture(kind: str, width: int, height: int) -> numpy.ndarray:
    """Noise in every byte, or a ramp across, a ramp down and diagonal stripes of 0 and 255."""
    if kind == "noise":
        index = numpy.arange(width * height * 3, dtype=numpy.uint64)
        values = (index * 2654435761 % 2**32) >> 24
        return values.astype(numpy.uint8).reshape(height, width, 3)
    y, x = numpy.mgrid[0:height, 0:width]
    across = x * 255 // max(width - 1, 1)
    down = y * 255 // max(height - 1, 1)
    stripes = (x + y) % 16 // 8 * 255
    return numpy.stack([across, down, stripes], axis=2).astype(numpy.uint8)


def fnv1a(data: bytes) -> str:
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"
