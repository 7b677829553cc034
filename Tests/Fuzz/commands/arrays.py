"""Safetensors, indexes of shards, and NumPy files: headers changed and lengths repaired."""

from __future__ import annotations

import json
import random
import struct
from typing import Any

import mutate


def change_safetensors(data: bytes, rng: random.Random) -> bytes:
    length = struct.unpack("<Q", data[:8])[0]
    header, tensors = data[8 : 8 + length], data[8 + length :]
    kind = rng.random()
    if kind < 0.1:
        return mutate.change_bytes(data, rng)
    if kind < 0.2:
        return struct.pack("<Q", mutate.edge(rng) % 2**64) + data[8:]
    if kind < 0.3:
        tensors = mutate.change_bytes(tensors, rng, 1)
    elif kind < 0.5:
        header = mutate.change_bytes(header, rng)
    else:
        header = _changed_header(header, rng)
    return struct.pack("<Q", len(header)) + header + tensors


def _changed_header(header: bytes, rng: random.Random) -> bytes:
    value: Any = json.loads(header)
    kind = rng.random()
    if kind < 0.15:
        text = json.dumps(value)
        extra = rng.choice(
            ['"x":0,', '"__metadata__":{},', '"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},']
        )
        return ("{" + extra + text[1:]).encode()
    if kind < 0.3:
        names = [name for name in value if name != "__metadata__"] or ["x"]
        value = {
            (rng.choice(mutate.NASTY_TEXTS) if name == rng.choice(names) else name): item
            for name, item in value.items()
        }
    elif kind < 0.5:
        _change_entry(value, rng)
    else:
        for _ in range(rng.choice([1, 1, 2])):
            value = mutate.change_json(value, rng)
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5)
    return text.encode("utf-8", "surrogatepass") + b" " * rng.choice([0, 0, 7])


def _change_entry(value: dict[str, Any], rng: random.Random) -> None:
    """Numbers of a tensor, which must still fit each other."""
    name = rng.choice(list(value))
    entry = value[name]
    if not isinstance(entry, dict):
        return
    if "dtype" in entry and rng.random() < 0.3:
        entry["dtype"] = rng.choice(
            ["F16", "BF16", "F64", "I64", "I8", "BOOL", "F8_E4M3", "x", "", "\x1b[2J"]
        )
    for field in ("shape", "data_offsets"):
        numbers = entry.get(field)
        if isinstance(numbers, list) and numbers and rng.random() < 0.6:
            numbers[rng.randrange(len(numbers))] = rng.choice([mutate.edge(rng), 0, 2**32, 2**33])


def change_index(data: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.2:
        return mutate.change_bytes(data, rng)
    value: Any = json.loads(data)
    if rng.random() < 0.5:
        names = list(value["weight_map"])
        value["weight_map"][rng.choice(names)] = rng.choice(
            [*mutate.NASTY_TEXTS, ".", "a.safetensors", "missing.safetensors", "index.json"]
        )
    else:
        value = mutate.change_json(value, rng)
    return json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")


HEADERS = [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 32, 32), }",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (5, 7, 3), }",
    "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }",
    "{'descr': '>f4', 'fortran_order': False, 'shape': (), }",
]
WORDS = [
    "'<f4'",
    "'|u1'",
    "'>f8'",
    "'<i8'",
    "'O'",
    "True",
    "False",
    "(",
    ")",
    ",",
    "0",
    "1",
    "3",
    "4294967296",
    "9223372036854775807",
    "99999999999999999999",
    "-1",
    "'shape'",
    "'descr'",
    "'\x1b[2J'",
    "\x00",
    "None",
    "{",
    "}",
    ":",
    "[",
    "(" * 50,
    "1," * 40,
    "'" + "x" * 300 + "'",
]


def change_npy(data: bytes, rng: random.Random) -> bytes:
    """Another header, padded or not, before the same data or before as much as it asks for."""
    kind = rng.random()
    if kind < 0.25 or len(data) < 12:
        return mutate.change_bytes(data, rng)
    wide = data[6] >= 2
    start = 12 if wide else 10
    length = int.from_bytes(data[8:start], "little")
    header = data[start : start + length].decode("latin-1") if kind < 0.6 else rng.choice(HEADERS)
    content = (
        data[start + length :] if kind < 0.6 else rng.randbytes(rng.choice([0, 105, 12288, 48]))
    )
    tokens = header.strip().split(" ")
    for _ in range(rng.choice([0, 0, 1, 2])):
        tokens[rng.randrange(len(tokens))] = rng.choice(WORDS)
    text = " ".join(tokens).encode("utf-8") + b"\n"
    size = len(text) if rng.random() < 0.8 else mutate.edge(rng) % (1 << (32 if wide else 16))
    return data[:8] + size.to_bytes(start - 8, "little") + text + content
