"""Reads Fashion-MNIST as Debian's package dataset-fashion-mnist has it, with the standard library alone."""

import gzip
from pathlib import Path

DATA = Path("/usr/share/datasets/fashion-mnist")
STEMS = {"train": "train", "test": "t10k"}
SIDE = 28
NAMES = [
    "t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
    "ankle boot"]


def part(name: str) -> tuple[list[bytes], list[int]]:
    """Grey pictures of 28×28 bytes and their classes."""
    pixels = idx(DATA / f"{STEMS[name]}-images-idx3-ubyte.gz", dimensions=3)
    labels = idx(DATA / f"{STEMS[name]}-labels-idx1-ubyte.gz", dimensions=1)
    size = SIDE * SIDE
    images = [pixels[start : start + size] for start in range(0, len(pixels), size)]
    assert len(images) == len(labels), f"{len(images)} pictures, {len(labels)} labels"
    return images, list(labels)


def idx(path: Path, dimensions: int) -> bytes:
    """The bytes of an array, behind its magic number and its extents."""
    if not path.exists():
        raise SystemExit(f"{path}: is missing; run scripts/setup fashion")
    with gzip.open(path) as file:
        return file.read()[4 + 4 * dimensions :]
