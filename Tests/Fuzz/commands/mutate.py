"""Changes that fit any format: to bytes, to texts of words, and to JSON values."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

#: Numbers at the edges of types and limits.
EDGES = [
    0,
    1,
    2,
    7,
    8,
    127,
    128,
    255,
    256,
    32767,
    65535,
    65536,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**32,
    2**53,
    2**62,
    2**63 - 1,
    2**63,
    2**64 - 1,
    -1,
    -2,
    -(2**31),
    -(2**63),
]

#: What a terminal obeys, and texts that are no plain ASCII.
NASTY_TEXTS = [
    "\x1b[2J",
    "\x1b]0;title\x07",
    "a\nerror: forged",
    "\u202etxt",
    "\x00",
    "\x7f",
    "\x9b2J",
    "\u2028",
    "",
    " ",
    "/",
    "..",
    "../x",
    "e\u0301",
    "\U0001f600",
    "%s%n",
    "'",
    '"',
    "x" * 300,
    "\ufeff",
    "\r",
    "nan",
    "None",
    "\u0661",
]


def edge(rng: random.Random) -> int:
    return rng.choice(EDGES) + rng.choice([0, 0, 0, 1, -1])


def bytes_of(rng: random.Random, size: int) -> bytes:
    return rng.randbytes(size)


def change_bytes(data: bytes, rng: random.Random, most: int = 4) -> bytes:
    """One to a few changes at random places."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, most)):
        change = rng.choice(BYTE_CHANGES)
        at = rng.randrange(len(changed) + 1) if changed else 0
        change(changed, at, rng)
    return bytes(changed)


def _flip(data: bytearray, at: int, rng: random.Random) -> None:
    if at < len(data):
        data[at] ^= 1 << rng.randrange(8)


def _set(data: bytearray, at: int, rng: random.Random) -> None:
    if at < len(data):
        data[at] = rng.choice([0, 1, 0x20, 0x7F, 0x80, 0xFF, rng.randrange(256)])


def _put_number(data: bytearray, at: int, rng: random.Random) -> None:
    size = rng.choice([2, 4, 8])
    number = edge(rng) % (1 << (8 * size))
    if at + size <= len(data):
        data[at : at + size] = number.to_bytes(size, rng.choice(["little", "big"]))


def _insert(data: bytearray, at: int, rng: random.Random) -> None:
    data[at:at] = bytes_of(rng, rng.choice([1, 2, 8]))


def _delete(data: bytearray, at: int, rng: random.Random) -> None:
    del data[at : at + rng.choice([1, 2, 4, 16])]


def _repeat(data: bytearray, at: int, rng: random.Random) -> None:
    part = data[at : at + rng.choice([1, 4, 16, 64])]
    data[at:at] = part * rng.choice([1, 2, 50])


def _cut(data: bytearray, at: int, rng: random.Random) -> None:
    del data[at:]


BYTE_CHANGES = [_flip, _flip, _set, _set, _put_number, _insert, _delete, _repeat, _cut]


def change_json(value: Any, rng: random.Random) -> Any:
    """One change somewhere in a JSON value; the value itself stays."""
    if isinstance(value, (dict, list)) and value and rng.random() < 0.9:
        return _change_inside(value, rng)
    return any_json(rng, value)


def _change_inside(value: dict[str, Any] | list[Any], rng: random.Random) -> Any:
    kind = rng.random()
    if isinstance(value, dict):
        key = rng.choice(list(value))
        if kind < 0.1:
            return {name: item for name, item in value.items() if name != key}
        if kind < 0.2:
            return {**value, rng.choice([*NASTY_TEXTS, key + "x"]): value[key]}
        return {**value, key: change_json(value[key], rng)}
    at = rng.randrange(len(value))
    if kind < 0.1:
        return value[:at] + value[at + 1 :]
    if kind < 0.2:
        return value[:at] + [value[at]] * rng.choice([2, 2, 100]) + value[at + 1 :]
    return value[:at] + [change_json(value[at], rng)] + value[at + 1 :]


def change_leaf(value: Any, rng: random.Random) -> Any:
    """Another number, text or flag of the same type at one of all leaves, equally likely."""
    leaves = list(_leaves(value, []))
    path, leaf = rng.choice(leaves)
    return _with(value, path, _like(leaf, rng)) if path else _like(leaf, rng)


def _leaves(value: Any, path: list[Any]) -> Iterator[tuple[list[Any], Any]]:
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value) if isinstance(value, list) else None
    )
    if items is None:
        yield path, value
        return
    for key, item in items:
        yield from _leaves(item, [*path, key])


def _with(value: Any, path: list[Any], leaf: Any) -> Any:
    changed = value.copy()
    changed[path[0]] = _with(value[path[0]], path[1:], leaf) if len(path) > 1 else leaf
    return changed


def _like(leaf: Any, rng: random.Random) -> Any:
    if isinstance(leaf, bool):
        return not leaf
    if isinstance(leaf, int):
        return rng.choice(
            [edge(rng), leaf + 1, leaf - 1, leaf * 2, leaf // 2, -leaf, 0, 1, rng.randrange(300)]
        )
    if isinstance(leaf, float):
        return rng.choice([0.0, 1.0, 0.5, -1.0, 1e-300, 1e300, leaf * 2, 0.3])
    text = str(leaf)
    digits = re.search(r"\d+", text)
    if digits and rng.random() < 0.6:
        return text[: digits.start()] + str(edge(rng)) + text[digits.end() :]
    return rng.choice([rng.choice(NASTY_TEXTS), text + "x", text[:-1], text.upper()])


def any_json(rng: random.Random, before: Any = None) -> Any:
    """A value of any type; often a number near the one before."""
    if isinstance(before, (int, float)) and not isinstance(before, bool) and rng.random() < 0.5:
        return rng.choice(
            [before + 1, before - 1, before * 2, -before, before * 1000, before + 0.5]
        )
    return rng.choice(
        [
            edge(rng),
            edge(rng),
            rng.choice(NASTY_TEXTS),
            1.5,
            1e308,
            -0.0,
            True,
            False,
            None,
            [],
            {},
            [[[]]],
            nested(rng),
            [before, before],
            {"a": before},
            10**30,
        ]
    )


def nested(rng: random.Random) -> Any:
    value: Any = 0
    for _ in range(rng.choice([5, 100, 600])):
        value = [value]
    return value
