"""PyTorch's checkpoints: zip archives of stored entries with right checksums, so that what was
changed in the pickle is read; and pickles changed opcode by opcode."""

from __future__ import annotations

import io
import pickletools
import random
import struct
import zipfile
import zlib

import mutate

Entries = list[tuple[bytes, bytes]]

#: Opcodes with their arguments, to be put anywhere.
PLAIN = b"(01N\x88\x89)]}\x8ft\x85\x86\x87aesu\x90\x91RbQ\x81\x92\x93\x942.d"
SNIPPETS = [bytes([code]) for code in PLAIN] + [
    b"K\x05",
    b"J\xff\xff\xff\xff",
    b"J\xff\xff\xff\x7f",
    b"M\xff\xff",
    b"\x8a\x08" + b"\xff" * 7 + b"\x7f",
    b"\x8a\x00",
    b"\x8a\xff" + b"\x01" * 255,
    b"\x8b\xff\xff\xff\xff",
    b"\x8b\x00\x00\x00\x80",
    b"G\x7f\xf8\x00\x00\x00\x00\x00\x00",
    b"X\xff\xff\xff\xff",
    b"X\x04\x00\x00\x00\x1b[2J",
    b"X\x00\x00\x00\x00",
    b"X\x02\x00\x00\x00\xff\xfe",
    b"\x8c\x05model",
    b"\x8d" + b"\xff" * 8,
    b"B\x00\x00\x00\x80",
    b"\x8e" + b"\xff" * 8,
    b"\x96\x00\x00\x00\x00\x00\x00\x00\x80",
    b"ccollections\nOrderedDict\n",
    b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"ctorch\nFloatStorage\n",
    b"ctorch._utils\n_rebuild_parameter\n",
    b"ctorch._tensor\n_rebuild_from_type_v2\n",
    b"ctorch\nSize\n",
    b"cbuiltins\nset\n",
    b"cos\nsystem\n",
    b"c\x1b[2J\nx\n",
    b"c\n\n",
    b"q\x00",
    b"q\xff",
    b"r\xff\xff\xff\xff",
    b"h\x00",
    b"h\x01",
    b"j\xff\xff\xff\xff",
    b"\x95" + b"\xff" * 8,
    b"\x80\x02",
    b"X\x03\x00\x00\x00neg\x88s",
    b"X\x07\x00\x00\x00storage",
]


def opcodes_of(data: bytes) -> list[bytes]:
    """The opcodes of the first pickle with their arguments; what cannot be read is the last."""
    starts: list[int] = []
    try:
        starts = [place for _, _, place in pickletools.genops(data) if place is not None]
    except Exception:  # damaged pickles are material too
        pass
    starts = starts or [0]
    return [data[start:end] for start, end in zip(starts, [*starts[1:], len(data)])]


def change_pickle(data: bytes, rng: random.Random) -> bytes:
    opcodes = opcodes_of(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        rng.choice(OPCODE_CHANGES)(opcodes, rng)
    return b"".join(opcodes)


def _change_argument(opcodes: list[bytes], rng: random.Random) -> None:
    at = rng.randrange(len(opcodes))
    code = opcodes[at]
    if len(code) > 1:
        opcodes[at] = code[:1] + mutate.change_bytes(code[1:], rng, 1)


def _change_number(opcodes: list[bytes], rng: random.Random) -> None:
    places = [at for at, code in enumerate(opcodes) if code[:1] in b"KJM\x8a"]
    if places:
        number = mutate.edge(rng)
        size = max(1, (number.bit_length() + 8) // 8)
        opcodes[rng.choice(places)] = (
            b"\x8a" + bytes([size]) + number.to_bytes(size, "little", signed=True)
        )


def _change_text(opcodes: list[bytes], rng: random.Random) -> None:
    places = [at for at, code in enumerate(opcodes) if code[:1] == b"X"]
    if places:
        at = rng.choice(places)
        text = rng.choice(
            [
                rng.choice(mutate.NASTY_TEXTS).encode(),
                mutate.change_bytes(opcodes[at][5:], rng, 1),
                b"x" * rng.choice([1023, 1024, 1025, 65536, 65537]),
            ]
        )
        opcodes[at] = b"X" + struct.pack("<I", len(text)) + text


def _insert(opcodes: list[bytes], rng: random.Random) -> None:
    at = rng.randrange(len(opcodes) + 1)
    opcodes[at:at] = [rng.choice(SNIPPETS)] * rng.choice([1, 1, 1, 2, 3])


def _insert_many(opcodes: list[bytes], rng: random.Random) -> None:
    """Deep nesting and long series: limits must hold, and nothing may recurse without end."""
    at = rng.randrange(1, len(opcodes) + 1)
    piece = rng.choice(
        [
            b"(",
            b"]",
            b"\x85",
            b"\x94",
            b"N",
            b"}q\x01",
            b"h\x00",
            b"\x85\x94",
            b"((",
            b"N\x85",
            b"h\x00h\x00\x86q\x00",
            b"]q\x02h\x02a",
            b"cx\ny\n",
            b"\x8f",
        ]
    )
    opcodes[at:at] = [piece * rng.choice([100, 5000, 100000])]


def _delete(opcodes: list[bytes], rng: random.Random) -> None:
    at = rng.randrange(len(opcodes))
    del opcodes[at : at + rng.choice([1, 1, 2, 8])]
    if not opcodes:
        opcodes.append(b".")


def _repeat(opcodes: list[bytes], rng: random.Random) -> None:
    at = rng.randrange(len(opcodes))
    part = opcodes[at : at + rng.choice([1, 2, 8, 40])]
    opcodes[at:at] = part * rng.choice([1, 2, 30])


def _swap(opcodes: list[bytes], rng: random.Random) -> None:
    one, other = rng.randrange(len(opcodes)), rng.randrange(len(opcodes))
    opcodes[one], opcodes[other] = opcodes[other], opcodes[one]


OPCODE_CHANGES = [
    _change_argument,
    _change_argument,
    _change_number,
    _change_number,
    _change_text,
    _insert,
    _insert,
    _insert_many,
    _delete,
    _repeat,
    _swap,
]


# Archives.


def entries_of(archive: bytes) -> Entries | None:
    """Names and contents; None when it is no archive that Python reads."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            return [(info.filename.encode(), opened.read(info)) for info in opened.infolist()]
    except Exception:  # seeds hold damaged archives on purpose
        return None


def archive_of(entries: Entries, rng: random.Random | None = None) -> bytes:
    """A stored archive with right checksums. With `rng` one field of one record is wrong."""
    body = bytearray()
    directory = bytearray()
    spoilt = rng.randrange(len(entries)) if rng and entries else -1
    for index, (name, content) in enumerate(entries):
        local = [20, 0, 0, 0, 0, zlib.crc32(content), len(content), len(content), len(name), 0]
        central = [20, *local, 0, 0, 0, 0, len(body)]
        if rng and index == spoilt:
            _spoil(rng.choice([local, central]), rng)
        body += b"PK\3\4" + struct.pack("<HHHHHIIIHH", *local) + name + content
        directory += b"PK\1\2" + struct.pack("<HHHHHHIIIHHHHHII", *central) + name
    end = [0, 0, len(entries), len(entries), len(directory), len(body), 0]
    if rng and rng.random() < 0.3:
        _spoil(end, rng)
    return bytes(body + directory) + b"PK\5\6" + struct.pack("<HHHHIIH", *(end[:4] + end[4:]))


def _spoil(fields: list[int], rng: random.Random) -> None:
    at = rng.randrange(len(fields))
    fields[at] = (
        mutate.edge(rng) if rng.random() < 0.6 else fields[at] + rng.choice([-1, 1, 2])
    ) % 65536


def change_entries(entries: Entries, rng: random.Random) -> Entries:
    changed = list(entries)
    at = rng.randrange(len(changed))
    name, content = changed[at]
    kind = rng.random()
    if kind < 0.2:
        del changed[at]
    elif kind < 0.35:
        changed.insert(at, changed[rng.randrange(len(changed))])
    elif kind < 0.6:
        name = rng.choice(
            [rng.choice(mutate.NASTY_TEXTS).encode(), mutate.change_bytes(name, rng, 1)]
        )
        changed[at] = (name[:65535], content)
    else:
        changed[at] = (name, mutate.change_bytes(content, rng, 2))
    return changed


def change_checkpoint(data: bytes, rng: random.Random) -> bytes:
    """An archive with another pickle, mostly; else with other entries, or wrong fields."""
    entries = entries_of(data)
    kind = rng.random()
    if not entries:
        return change_pickle(data, rng) if kind < 0.7 else mutate.change_bytes(data, rng)
    if kind < 0.05:
        return mutate.change_bytes(data, rng)
    if kind < 0.15:
        return archive_of(entries, rng)
    if kind < 0.25:
        return archive_of(change_entries(entries, rng))
    return archive_of(
        [
            (name, change_pickle(content, rng) if name.endswith(b"data.pkl") else content)
            for name, content in entries
        ]
    )
