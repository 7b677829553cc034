"""Pictures that show nothing, for networks that were never trained: what rounding does to answers that hang on nothing.

    .venv/bin/python Benchmarks/random_pictures.py out/random --count 2000
    hilo accuracy BF16 --images out/random/pictures --names out/random/names.txt --against F32

A picture is two to five random colours on 2 to 11 by 2 to 11 points, enlarged by a bicubic filter, with noise. All lie
in the folder of the first class; names.txt names it, and classes that no picture has.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

NOISE = 12.0  # standard deviation, of values from 0 to 255


def picture(random: np.random.Generator, side: int) -> Image.Image:
    height, width = random.integers(2, 12, 2)
    colours = random.integers(0, 256, (random.integers(2, 6), 3))
    points = colours[random.integers(0, len(colours), (height, width))].astype(np.uint8)
    enlarged = np.asarray(Image.fromarray(points).resize((side, side), Image.Resampling.BICUBIC))
    noisy = enlarged + random.normal(0, NOISE, enlarged.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help="a folder, which is made")
    parser.add_argument("--count", type=int, default=2000, help="of pictures (default: %(default)s)")
    parser.add_argument("--side", type=int, default=224, help="in pixels (default: %(default)s)")
    parser.add_argument("--classes", type=int, default=1000, help="of the network (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="of all choices (default: %(default)s)")
    options = parser.parse_args()
    folder = options.output / "pictures" / "class0"
    folder.mkdir(parents=True)
    random = np.random.default_rng(options.seed)
    for index in range(options.count):
        picture(random, options.side).save(folder / f"{index:05}.png")
    names = "".join(f"class{index}\n" for index in range(options.classes))
    (options.output / "names.txt").write_text(names)


if __name__ == "__main__":
    main()
