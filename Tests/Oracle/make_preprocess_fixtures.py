"""Writes Tests/Fixtures/preprocess: what Pillow and torchvision make of generated pictures.

Needs pillow, numpy, torch and torchvision. Run from the repository's root:

    python Tests/Oracle/make_preprocess_fixtures.py

The pictures are formulas (generated_pictures.py), which PreprocessTests.swift repeats, so that only
the results are stored: for every case the resized (and cropped) size, the FNV-1a hash of its H x W
x 3 bytes and three of its rows, and once the 256 values of a byte in each channel after
normalisation.
"""

import json
import pathlib

import numpy
import torch
from PIL import Image
from torchvision import transforms
from torchvision.transforms import InterpolationMode, functional

from generated_pictures import fnv1a, picture

FOLDER = pathlib.Path(__file__).parent.parent / "Fixtures" / "preprocess"
TARGETS = [(32, 32), (24, 40), (41, 25)]
FIT_TARGETS = [(32, 32), (24, 40), (96, 64)]
SIZES = [(37, 53), (300, 17), (8, 8), (211, 160), (1, 1), (1, 400), (700, 3), (32, 32), (45, 36)]
# One side fits the first or the second of FIT_TARGETS with 4.5, 22.5 and 7.5 pixels.
HALVES = [(64, 9), (64, 45), (80, 15)]


def crop(image, height, width):
    if height == width:
        resize = transforms.Resize(int(256 / 224 * height), InterpolationMode.BICUBIC)
        return transforms.CenterCrop(height)(resize(image))
    high, wide = int(256 / 224 * height), int(256 / 224 * width)
    if wide * image.height >= high * image.width:
        size = (wide, int(wide * image.height / image.width))
    else:
        size = (int(high * image.width / image.height), high)
    return functional.center_crop(image.resize(size, Image.Resampling.BICUBIC), [height, width])


def fit(image, height, width):
    scale = min(height / image.height, width / image.width)
    size = [max(1, int(round(side * scale))) for side in image.size]
    return image.resize(size, Image.Resampling.BILINEAR)


def case(kind, size, target, recipe):
    height, width = target
    image = Image.fromarray(picture(kind, *size))
    if recipe == "crop":
        result = crop(image, height, width)
    elif recipe == "fit":
        result = fit(image, height, width)
    else:
        result = image.resize((width, height), Image.Resampling.BICUBIC)
    pixels = numpy.asarray(result)
    assert recipe == "fit" or pixels.shape == (height, width, 3)
    high, wide, _ = pixels.shape
    return {
        "picture": kind, "width": size[0], "height": size[1], "recipe": recipe,
        "targetHeight": height, "targetWidth": width,
        "resizedHeight": high, "resizedWidth": wide, "fnv1a": fnv1a(pixels.tobytes()),
        "rows": {str(y): pixels[y].tobytes().hex() for y in (0, high // 2, high - 1)},
    }


def normalised():
    """float32 of channel x byte, little-endian."""
    ramp = numpy.repeat(numpy.arange(256, dtype=numpy.uint8)[None, :, None], 3, axis=2)
    normalise = transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    return normalise(transforms.ToTensor()(ramp)).to(torch.float32).numpy().astype("<f4")


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    cases = [
        case(kind, size, target, recipe)
        for target in TARGETS
        for size in SIZES
        for kind in ("noise", "ramps")
        for recipe in ("crop", "resize")
    ]
    cases += [
        case("noise", size, target, "fit")
        for target in FIT_TARGETS
        for size in SIZES + HALVES + [(300, 200), (65535, 1), (1, 65535)]
    ]
    cases.append(case("noise", (640, 480), (224, 224), "crop"))
    cases.append(case("ramps", (113, 190), (224, 224), "resize"))
    lines = ",\n".join(json.dumps(case) for case in cases)
    (FOLDER / "cases.json").write_text(f"[\n{lines}\n]\n")
    (FOLDER / "normalised.f32").write_bytes(normalised().tobytes())


if __name__ == "__main__":
    main()
