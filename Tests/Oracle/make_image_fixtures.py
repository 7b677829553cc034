"""Writes Tests/Fixtures/images: small PNG and JPEG files of every kind, and their pixels.

Needs pillow and numpy. Run from the repository's root:

    python Tests/Oracle/make_image_fixtures.py

pixels.json holds, for every file, what Pillow's convert("RGB") makes of it. Kinds of PNG that
Pillow cannot write are written here; of 16-bit grey, which Pillow clips, the high byte is expected.
"""

import io
import json
import pathlib
import struct
import zlib

import numpy
from PIL import Image, PngImagePlugin

FOLDER = pathlib.Path(__file__).parent.parent / "Fixtures" / "images"
WIDTH, HEIGHT = 19, 13
GREY, RGB, GREY_ALPHA, RGBA = 0, 2, 4, 6
CHANNELS = {GREY: 1, RGB: 3, GREY_ALPHA: 2, RGBA: 4}
# Of every pass: the first column and row, and the steps between columns and rows.
ADAM7 = [
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def samples(channels, limit):
    """A smooth picture with some noise, HEIGHT x WIDTH x channels in 0...limit."""
    y, x, c = numpy.mgrid[0:HEIGHT, 0:WIDTH, 0:channels]
    noise = ((y * WIDTH + x) * channels + c) * 2654435761 % 2**32 / 2**32
    smooth = 0.5 + 0.35 * numpy.sin(x / 3 + c) * numpy.cos(y / 4 - c)
    return numpy.round((0.8 * smooth + 0.2 * noise) * limit).astype(numpy.uint16)


def packed_rows(values, depth):
    """Scan lines of filter type 0."""
    for row in values.reshape(values.shape[0], -1):
        if depth == 16:
            yield b"\0" + row.astype(">u2").tobytes()
        elif depth == 8:
            yield b"\0" + row.astype(numpy.uint8).tobytes()
        else:
            bits = (row[:, None] >> numpy.arange(depth - 1, -1, -1)) & 1
            yield b"\0" + numpy.packbits(bits.astype(numpy.uint8).reshape(-1)).tobytes()


def chunk(kind, data):
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def png(values, color, depth, interlaced=False):
    passes = ADAM7 if interlaced else [(0, 0, 1, 1)]
    lines = b"".join(
        line for x, y, dx, dy in passes for line in packed_rows(values[y::dy, x::dx], depth))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, color, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + b"".join([
        chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(lines, 9)), chunk(b"IEND", b"")])


def late(data, exif):
    """A PNG file with EXIF behind its pixels, where Pillow reads it and does not write it."""
    end = data.rindex(b"IEND") - 4
    return data[:end] + chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0")) + data[end:]


def saved(image, format, **options):
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def files():
    rgb = Image.fromarray(samples(3, 255).astype(numpy.uint8))
    palette = rgb.quantize(11)
    inks = Image.fromarray(samples(4, 255).astype(numpy.uint8), mode="CMYK")
    gamma = PngImagePlugin.PngInfo()
    gamma.add(b"gAMA", struct.pack(">I", 100000))
    exif = Image.Exif()
    exif[0x0112] = 6
    yield "rgb.png", saved(rgb, "PNG")
    yield "rotated.png", saved(rgb, "PNG", exif=exif)
    yield "rotated-late.png", late(saved(rgb, "PNG"), exif)
    yield "gamma.png", saved(rgb, "PNG", pnginfo=gamma)
    yield "palette.png", saved(palette, "PNG")
    yield "palette-transparent.png", saved(palette, "PNG", transparency=bytes(range(0, 220, 20)))
    for depth in (1, 2, 4, 8, 16):
        yield f"grey{depth}.png", png(samples(1, 2**depth - 1), GREY, depth)
    for depth in (8, 16):
        yield f"grey-alpha{depth}.png", png(samples(2, 2**depth - 1), GREY_ALPHA, depth)
        yield f"rgba{depth}.png", png(samples(4, 2**depth - 1), RGBA, depth)
    yield "rgb16.png", png(samples(3, 65535), RGB, 16)
    yield "interlaced.png", png(samples(3, 255), RGB, 8, interlaced=True)
    yield "rgb.jpg", saved(rgb, "JPEG", quality=90)
    yield "rgb-444.jpg", saved(rgb, "JPEG", quality=95, subsampling=0)
    yield "rgb-422.jpg", saved(rgb, "JPEG", quality=95, subsampling=1)
    yield "progressive.jpg", saved(rgb, "JPEG", quality=85, progressive=True)
    yield "rotated.jpg", saved(rgb, "JPEG", quality=90, exif=exif)
    yield "grey.jpg", saved(rgb.convert("L"), "JPEG", quality=90)
    yield "cmyk.jpg", saved(inks, "JPEG", quality=90)


def pixels(data):
    image = Image.open(io.BytesIO(data))
    if image.mode == "I;16":
        high = (numpy.asarray(image) >> 8).astype(numpy.uint8)
        return numpy.repeat(high[:, :, None], 3, axis=2)
    return numpy.asarray(image.convert("RGB"))


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    expected = {}
    for name, data in files():
        (FOLDER / name).write_bytes(data)
        result = pixels(data)
        assert result.shape == (HEIGHT, WIDTH, 3), name
        expected[name] = result.tobytes().hex()
    (FOLDER / "pixels.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
