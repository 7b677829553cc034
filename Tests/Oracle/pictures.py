"""From a picture to the input of detectors (COCO) and segmenters (ADE20K).

    python Tests/Oracle/pictures.py PICTURE coco|ade20k X.npy

writes the normalised, padded input and prints `--content` and `--original` for run_heads.py. The
resize is OpenCV's 8-bit bilinear in integers, which check_heads.py compares with OpenCV's results.
"""

import sys

import numpy as np
from PIL import Image, ImageOps

MEAN = np.array([123.675, 116.28, 103.53], np.float32)
STD = np.array([58.395, 57.12, 57.375], np.float32)
LIMITS = {"coco": (1333, 800), "ade20k": (2048, 512)}  # long and short side
DIVISORS = {"coco": 32, "ade20k": 1}


def fitted(height: int, width: int, recipe: str) -> tuple[int, int]:
    long, short = LIMITS[recipe]
    factor = min(long / max(height, width), short / min(height, width))
    return max(1, int(height * factor + 0.5)), max(1, int(width * factor + 0.5))


def taps(count: int, new: int, horizontal: bool):
    """The two sources of each new row or column and their weights, in 1/2048."""
    places = ((np.arange(new) + 0.5) * (count / new) - 0.5).astype(np.float32)
    first = np.floor(places)
    t = places - first
    first = first.astype(np.int64)
    if horizontal:
        t = np.where((first < 0) | (first >= count - 1), np.float32(0), t)
    weights = np.rint(np.stack((1 - t, t)) * np.float32(2048)).astype(np.int64)
    return np.clip(np.stack((first, first + 1)), 0, count - 1), weights


def resized(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """H×W×C bytes to height×width×C bytes."""
    if pixels.shape[:2] == (height, width):
        return pixels
    columns, a = taps(pixels.shape[1], width, horizontal=True)
    rows, b = taps(pixels.shape[0], height, horizontal=False)
    wide = pixels.astype(np.int64)
    wide = wide[:, columns[0]] * a[0][:, None] + wide[:, columns[1]] * a[1][:, None]
    parts = [(b[k][:, None, None] * (wide[rows[k]] >> 4)) >> 16 for k in (0, 1)]
    return ((parts[0] + parts[1] + 2) >> 2).astype(np.uint8)


def normalised(pixels: np.ndarray, divisor: int = 1) -> np.ndarray:
    """H×W×3 bytes, RGB, to 1×3×H'×W' float32, padded right and bottom with zeros."""
    values = (pixels.astype(np.float32) - MEAN) * (1 / STD.astype(np.float64))
    height, width = pixels.shape[:2]
    padding = ((0, -height % divisor), (0, -width % divisor), (0, 0))
    return np.pad(values.astype(np.float32), padding).transpose(2, 0, 1)[None].copy()


def prepared(pixels: np.ndarray, recipe: str) -> tuple[np.ndarray, tuple[int, int]]:
    """The input of a picture, and the size of its content."""
    content = fitted(*pixels.shape[:2], recipe)
    return normalised(resized(pixels, *content), DIVISORS[recipe]), content


def main():
    source, recipe, target = sys.argv[1:]
    pixels = np.asarray(ImageOps.exif_transpose(Image.open(source)).convert("RGB"))
    images, (height, width) = prepared(pixels, recipe)
    np.save(target, images)
    print(f"--content {height}x{width} --original {pixels.shape[0]}x{pixels.shape[1]}")


if __name__ == "__main__":
    main()
