"""Writes Tests/Fixtures/detector_preprocess: what OpenCV makes of generated pictures.

Needs numpy and opencv-python-headless (versions 4.11 and 5.0 give the same files). Run from the
repository's root:

    python Tests/Oracle/make_detector_preprocess_fixtures.py

The pictures are formulas (generated_pictures.py), which the Swift test repeats, so that only the
results are stored: for every case the FNV-1a hash of the resized bytes and three rows of them, once
the 256 values of a byte in each channel after mmcv's normalisation, and the sizes that mmcv's rule
gives pictures.
"""

import json
import pathlib

import cv2
import numpy

from generated_pictures import fnv1a, picture

FOLDER = pathlib.Path(__file__).parent.parent / "Fixtures" / "detector_preprocess"
LONG, SHORT = 1333, 800
MEAN = numpy.array([[123.675, 116.28, 103.53]], numpy.float32)
DEVIATION = numpy.array([[58.395, 57.12, 57.375]], numpy.float32)
SIZES = [
    ((1, 1), (9, 7)), ((1, 50), (1, 13)), ((50, 1), (13, 3)), ((8, 8), (8, 8)),
    ((37, 53), (61, 87)), ((53, 37), (26, 18)), ((64, 48), (32, 24)), ((30, 20), (90, 60)),
    ((45, 36), (511, 17)), ((211, 160), (256, 194)), ((300, 17), (257, 15)), ((700, 3), (600, 2)),
    ((320, 240), (533, 400)), ((19, 301), (1, 1)), ((2, 2), (300, 5)), ((97, 89), (89, 97)),
]
PICTURES = [
    (640, 480), (480, 640), (640, 359), (500, 375), (375, 500), (1333, 800), (800, 1333), (1, 1),
    (427, 640), (612, 612), (1, 5000), (20000, 20000), (65535, 65535), (65535, 900), (333, 200),
    (1023, 614), (3, 4), (2999, 1799),
]


def case(kind: str, size: tuple[int, int], new: tuple[int, int]) -> dict[str, object]:
    resized = cv2.resize(picture(kind, *size), new, interpolation=cv2.INTER_LINEAR)
    pixels = resized.reshape(new[1], new[0], 3)
    return {
        "picture": kind, "width": size[0], "height": size[1],
        "newWidth": new[0], "newHeight": new[1], "fnv1a": fnv1a(pixels.tobytes()),
        "rows": {str(y): pixels[y].tobytes().hex() for y in {0, new[1] // 2, new[1] - 1}},
    }


def fitted(width: int, height: int) -> list[int]:
    """mmcv's rule, and no side below 1."""
    factor = min(LONG / max(width, height), SHORT / min(width, height))
    sides = [max(1, int(side * factor + 0.5)) for side in (width, height)]
    return [width, height, *sides]


def normalised() -> numpy.ndarray:
    """float32 of channel x byte, little-endian: mmcv subtracts and multiplies by OpenCV."""
    ramp = numpy.repeat(numpy.arange(256, dtype=numpy.float32)[None, :, None], 3, axis=2).copy()
    cv2.subtract(ramp, MEAN.astype(numpy.float64), ramp)
    cv2.multiply(ramp, 1 / DEVIATION.astype(numpy.float64), ramp)
    return ramp[0].T.astype("<f4").copy()


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    cases = [case(kind, *sizes) for sizes in SIZES for kind in ("noise", "ramps")]
    lines = ",\n".join(json.dumps(case) for case in cases)
    sizes = json.dumps([fitted(*size) for size in PICTURES])
    (FOLDER / "cases.json").write_text(f'{{"sizes": {sizes},\n"cases": [\n{lines}\n]}}\n')
    (FOLDER / "normalised.f32").write_bytes(normalised().tobytes())


if __name__ == "__main__":
    main()
