"""Scenes composed from Fashion-MNIST: tinted, scaled, overlapping items on textured ground.

A scene depends on its seed, its index and the part of the data set alone. Pixels are computed in
integers, so that they are the same on every machine.
"""

import gzip
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

DATA = Path("/usr/share/datasets/fashion-mnist")  # Debian's package dataset-fashion-mnist
PARTS = {"train": "train", "test": "t10k"}
SIDE = 128
ITEM = 28
NAMES = [
    "t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
    "ankle boot"]
GROUND = len(NAMES)  # the last class of a label map: what lies around the items
LEAST_ITEMS, MOST_ITEMS = 2, 6
SCALES = (1.2, 2.4)
FAINT = 16  # what is not brighter belongs to no item, unless item surrounds it
LEAST_VISIBLE = 0.5


@dataclass(frozen=True)
class Scene:
    image: np.ndarray  # height × width × 3 bytes
    boxes: np.ndarray  # items × (x0, y0, x1, y1) around what is visible of each
    labels: np.ndarray  # items
    masks: np.ndarray  # items × height × width, what is visible
    label_map: np.ndarray  # height × width classes, GROUND where no item is


@lru_cache(maxsize=None)
def fashion(part: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Grey images N×28×28, their silhouettes and their classes."""
    stem = DATA / PARTS[part]
    images = idx(stem.with_name(stem.name + "-images-idx3-ubyte.gz"), 16)
    labels = idx(stem.with_name(stem.name + "-labels-idx1-ubyte.gz"), 8)
    images = images.reshape(-1, ITEM, ITEM)
    return images, silhouettes(images), labels.astype(np.int64)


def idx(path: Path, header: int) -> np.ndarray:
    with gzip.open(path) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def silhouettes(images: np.ndarray) -> np.ndarray:
    """Bright pixels, and those that have bright ones left, right, above and below."""
    bright = images > FAINT
    surrounded = np.ones_like(bright)
    for axis in (1, 2):
        surrounded &= np.logical_or.accumulate(bright, axis)
        surrounded &= np.flip(np.logical_or.accumulate(np.flip(bright, axis), axis), axis)
    return surrounded


@lru_cache(maxsize=None)
def neighbours(small: int, large: int) -> tuple[np.ndarray, np.ndarray]:
    """For bilinear interpolation between pixel centres: the lower of two pixels, and the other's
    weight in 64ths."""
    source = np.clip((np.arange(large) + 0.5) * small / large - 0.5, 0, small - 1)
    low = np.minimum(source.astype(np.int64), small - 2)
    return low, np.rint((source - low) * 64).astype(np.int32)


def enlarged(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """Integers h×w interpolated to height×width."""
    values = values.astype(np.int32)
    low, high = neighbours(values.shape[1], width)
    values = values[:, low] * (64 - high) + values[:, low + 1] * high
    low, high = neighbours(values.shape[0], height)
    high = high[:, None]
    return (values[low] * (64 - high) + values[low + 1] * high + 2048) >> 12


def ground(random: np.random.Generator) -> np.ndarray:
    """A colour, clouds of three sizes in each channel, and stripes across half of all scenes."""
    texture = np.empty((SIDE, SIDE, 3), np.int64)
    strengths = random.integers(0, 14, 3)
    tone = random.integers(10, 100, 3)
    common = [random.integers(-64, 65, (n, n)) for n in (4, 16, 64)]
    for channel in range(3):
        clouds = np.zeros((SIDE, SIDE), np.int64)
        for own, strength in zip(common, strengths):
            grid = own + random.integers(-24, 25, own.shape)
            clouds += enlarged(grid, SIDE, SIDE) * strength
        texture[..., channel] = tone[channel] + (clouds >> 6)
    if random.random() < 0.5:
        texture += stripes(random)[..., None] * random.integers(-14, 15, 3) >> 5
    return texture


def stripes(random: np.random.Generator) -> np.ndarray:
    """A triangle wave from -32 to 32 in any direction, a period of 10 to 64 pixels."""
    along, across = random.integers(-6, 7, 2)
    y, x = np.mgrid[:SIDE, :SIDE]
    phase = (along * y + across * x + random.integers(0, 64)) % 64
    return np.abs(phase * 2 - 64) - 32


def item(random: np.random.Generator, part: str):
    """A Fashion-MNIST item in its new size: colours, coverage 0 to 256, and class."""
    images, shapes, classes = fashion(part)
    index = random.integers(len(images))
    grey, shape = images[index], shapes[index].astype(np.int64) * 256
    if random.random() < 0.5:
        grey, shape = grey[:, ::-1], shape[:, ::-1]
    low, high = np.log(SCALES)
    scale = np.exp(random.uniform(low, high))
    stretch = random.uniform(0.9, 1.1)
    height, width = (int(ITEM * scale * s) for s in (stretch, 1 / stretch))
    tint = random.integers(140, 256, 3)
    light = 110 + enlarged(grey, height, width) * 145 // 255
    colours = light[..., None] * tint // 255
    return colours, enlarged(shape, height, width), int(classes[index])


def scene(random: np.random.Generator, part: str) -> Scene:
    image = ground(random)
    owner = np.full((SIDE, SIDE), -1)
    labels, areas = [], []
    for _ in range(random.integers(LEAST_ITEMS, MOST_ITEMS + 1)):
        colours, coverage, label = item(random, part)
        for _ in range(6):
            place = room(random, owner, coverage >= 128, areas)
            if place is not None:
                owner[place][coverage >= 128] = len(labels)
                blended = image[place] * (256 - coverage[..., None])
                image[place] = (blended + colours * coverage[..., None]) >> 8
                labels.append(label)
                areas.append(int((coverage >= 128).sum()))
                break
    # Grain over everything, so that no item is smoother than its ground.
    image += random.integers(-4, 5, image.shape)
    masks = owner == np.arange(len(labels))[:, None, None]
    classes = np.array(labels + [GROUND])
    return Scene(
        np.clip(image, 0, 255).astype(np.uint8), np.stack([box(mask) for mask in masks]),
        np.array(labels), masks, classes[owner].astype(np.uint8))


def room(random: np.random.Generator, owner: np.ndarray, shape: np.ndarray, areas: list[int]):
    """A place for a shape, if one drawn by chance leaves enough visible of the items below."""
    height, width = shape.shape
    y, x = (int(random.integers(SIDE - extent + 1)) for extent in shape.shape)
    place = np.s_[y : y + height, x : x + width]
    covered = owner.copy()
    covered[place][shape] = len(areas)
    left = np.bincount(covered.ravel() + 1, minlength=len(areas) + 2)[1 : len(areas) + 1]
    return place if (left >= LEAST_VISIBLE * np.array(areas)).all() else None


def box(mask: np.ndarray) -> np.ndarray:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)


def compose(seed: int, count: int, part: str = "train", first: int = 0) -> list[Scene]:
    """Scenes `first` to `first + count - 1` of a seed. Items of "test" never occur in "train"."""
    return [
        scene(np.random.default_rng([seed, index]), part) for index in range(first, first + count)]
