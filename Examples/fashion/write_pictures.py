"""Writes Fashion-MNIST as FOLDER/CLASS/INDEX.png, 28×28 grey, for `hilo accuracy` and others.

    scripts/setup fashion
    python3 Examples/fashion/write_pictures.py out/fashion [--part train] [--count N]

Needs the standard library alone. What is in the folders of the classes already is replaced.
"""

import argparse
import shutil
import struct
import zlib
from pathlib import Path

import dataset


def png(pixels: bytes, width: int, height: int) -> bytes:
    """An 8-bit grey PNG file."""
    rows = b"".join(b"\0" + pixels[row * width : (row + 1) * width] for row in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(kind, data)
        for kind, data in [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")])


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write(folder: Path, part: str, count: int | None = None) -> None:
    """The first `count` pictures of a part, or all; sorted names keep the order of the data set."""
    images, labels = dataset.part(part)
    for name in dataset.NAMES:
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
    for index, (pixels, label) in enumerate(list(zip(images, labels))[:count]):
        file = folder / dataset.NAMES[label] / f"{index:05d}.png"
        file.write_bytes(png(pixels, dataset.SIDE, dataset.SIDE))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--part", choices=dataset.STEMS, default="test")
    parser.add_argument("--count", type=int)
    options = parser.parse_args()
    write(options.folder, options.part, options.count)


if __name__ == "__main__":
    main()
