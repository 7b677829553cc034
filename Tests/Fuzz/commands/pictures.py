"""PNG, whose chunks get right checksums again, and JPEG, segment by segment."""

from __future__ import annotations

import random
import struct
import zlib

import mutate

SIGNATURE = b"\x89PNG\r\n\x1a\n"
Chunks = list[tuple[bytes, bytes]]


def chunks_of(data: bytes) -> Chunks:
    chunks: Chunks = []
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        size = struct.unpack(">I", data[at : at + 4])[0]
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    return chunks


def png_of(chunks: Chunks) -> bytes:
    return SIGNATURE + b"".join(
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )


def change_png(data: bytes, rng: random.Random) -> bytes:
    chunks = chunks_of(data)
    if rng.random() < 0.1 or not chunks:
        return mutate.change_bytes(data, rng)
    for _ in range(rng.choice([1, 1, 2, 3])):
        rng.choice(CHUNK_CHANGES)(chunks, rng)
    return png_of(chunks)


def _change_header(chunks: Chunks, rng: random.Random) -> None:
    """Width, height, depth, colour, compression, filter, interlace: mostly small sizes."""
    name, content = chunks[0]
    if name != b"IHDR" or len(content) != 13:
        return
    fields = list(struct.unpack(">IIBBBBB", content))
    at = rng.randrange(7)
    fields[at] = (
        rng.choice([mutate.edge(rng) % 2**32, 0, 1, 9, 65535, 65536, 20000, fields[at] + 1]) % 2**32
        if at < 2
        else rng.choice([0, 1, 2, 3, 4, 6, 8, 16, 255])
    )
    chunks[0] = (name, struct.pack(">IIBBBBB", *fields))


def _change_content(chunks: Chunks, rng: random.Random) -> None:
    at = rng.randrange(len(chunks))
    chunks[at] = (chunks[at][0], mutate.change_bytes(chunks[at][1], rng))


def _change_pixels(chunks: Chunks, rng: random.Random) -> None:
    """Other filters and fewer or more rows, compressed anew."""
    packed = b"".join(content for name, content in chunks if name == b"IDAT")
    try:
        pixels = zlib.decompress(packed)
    except zlib.error:
        return
    pixels = mutate.change_bytes(pixels, rng) + bytes(rng.choice([0, 0, 1, 5000]))
    rest = [chunk for chunk in chunks if chunk[0] != b"IDAT"]
    chunks[:] = [*rest[:-1], (b"IDAT", zlib.compress(pixels)), *rest[-1:]]


def _add_chunk(chunks: Chunks, rng: random.Random) -> None:
    name = rng.choice(
        [
            b"PLTE",
            b"tRNS",
            b"gAMA",
            b"iCCP",
            b"tEXt",
            b"zTXt",
            b"IDAT",
            b"IEND",
            b"IHDR",
            b"eXIf",
            b"\x1b[2J",
            b"acTL",
            b"XXXX",
            b"sBIT",
            b"bKGD",
        ]
    )
    content = rng.choice(
        [b"", b"x\0\0" + zlib.compress(bytes(100000)), rng.randbytes(6), bytes(768), b"a\0\x1b[2J"]
    )
    if name == b"eXIf":
        content = rng.choice([content, camera_note(rng), camera_note(rng)])
    chunks.insert(rng.randrange(len(chunks) + 1), (name, content))


def _drop_or_swap(chunks: Chunks, rng: random.Random) -> None:
    at, other = rng.randrange(len(chunks)), rng.randrange(len(chunks))
    if rng.random() < 0.5 and len(chunks) > 1:
        del chunks[at]
    else:
        chunks[at], chunks[other] = chunks[other], chunks[at]


CHUNK_CHANGES = [
    _change_header,
    _change_header,
    _change_content,
    _change_pixels,
    _add_chunk,
    _drop_or_swap,
]


def segments_of(data: bytes) -> list[bytes]:
    """Markers with their segments; the coded pixels belong to the last one."""
    segments = [data[:2]]
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        size = 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
        segments.append(data[at : at + size])
        at += size
    return [*segments, data[at:]]


def exif(rng: random.Random) -> bytes:
    """The segment that holds a note of a camera."""
    content = b"Exif\0\0" + camera_note(rng)
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content


def camera_note(rng: random.Random) -> bytes:
    """A note of a camera, sound or not."""
    order = rng.choice([b"II", b"MM"])
    pack = "<" if order == b"II" else ">"
    entry = struct.pack(
        pack + "HHIHH",
        rng.choice([0x0112, 0x0112, 1]),
        rng.choice([3, 3, 4]),
        rng.choice([1, 1, 0, 2**32 - 1]),
        rng.choice([*range(10), 65535]),
        0,
    )
    start = rng.choice([8, 8, 8, 0, 7, 2**31, 2**32 - 1, 2**32 - 2])
    content = order + struct.pack(pack + "HI", 42, start)
    content += struct.pack(pack + "H", rng.choice([1, 1, 0, 65535])) + entry * rng.choice([1, 1, 3])
    return content[: rng.choice([len(content)] * 3 + [rng.randrange(len(content) + 1)])]


def change_jpeg(data: bytes, rng: random.Random) -> bytes:
    segments = segments_of(data)
    for _ in range(rng.choice([1, 1, 2])):
        at = rng.randrange(1, len(segments))
        kind = rng.random()
        if kind < 0.3:
            segments.insert(at, exif(rng))
        elif kind < 0.4:
            segments.insert(at, rng.choice(segments))
        elif kind < 0.5 and len(segments) > 2:
            del segments[at]
        elif kind < 0.65:
            segments[at] = segments[at][:4] + mutate.change_bytes(segments[at][4:], rng)
        elif kind < 0.8:
            segments = [_resized(segment, rng) for segment in segments]
        else:
            segments[at] = mutate.change_bytes(segments[at], rng)
    return b"".join(segments)


def _resized(segment: bytes, rng: random.Random) -> bytes:
    """Another size, number of components or sampling in the frame's header."""
    if len(segment) < 12 or segment[1] not in (0xC0, 0xC1, 0xC2):
        return segment
    changed = bytearray(segment)
    at = rng.choice([4, 5, 6, 7, 8, 9, 11])
    changed[at] = rng.choice([0, 1, 2, 3, 4, 8, 12, 0x11, 0x22, 0x41, 0x44, 255])
    return bytes(changed)
