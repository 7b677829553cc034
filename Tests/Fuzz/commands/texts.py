"""Configurations, plans, tuning records and names of classes."""

from __future__ import annotations

import json
import random

import mutate

VALUES = [
    "0",
    "-1",
    "1",
    "2",
    "3",
    "32",
    "64",
    "96",
    "100",
    "65536",
    "2147483648",
    "9223372036854775807",
    "1e400",
    ".nan",
    ".inf",
    "-0.0",
    "0.5",
    "1.5",
    "null",
    "None",
    "~",
    "True",
    "[]",
    "{}",
    "[1, 1, 1, 1]",
    "(2, 2, 2, 2)",
    "(1,)",
    "()",
    "'x'",
    '"\\e[2J"',
    '"\\x00"',
    "&a [*a]",
    "*a",
    "!!python/object:os.system x",
    "!!binary aGk=",
    "|\n  text",
    "? x",
    "2020-01-01",
    "0x10",
    "0o7",
    "1_000",
    "[[1]]",
    "[1, [2, [3, [4]]]]",
    "{a: {b: {c: d}}}",
    "<<: *x",
    "\u202e",
    "[" * 200,
    "- " * 200,
    "x" * 5000,
    "int",
    "kernel",
    "a-b",
    "\u00e9",
]


def change_plan(data: bytes, rng: random.Random) -> bytes:
    """Numbers of the network, the target or a kernel: types stay, so that they are looked at."""
    if rng.random() < 0.4:
        return change_json_text(data, rng)
    value = json.loads(data)
    for _ in range(rng.choice([1, 1, 2])):
        part = rng.choice(
            ["network", "network", "target", "resolutions", "kernels", "kernels", "kernels"]
        )
        if part != "kernels":
            value[part] = mutate.change_leaf(value[part], rng)
            continue
        kernels = rng.choice(value["variants"])["kernels"]
        at = rng.randrange(len(kernels))
        kernels[at] = mutate.change_leaf(kernels[at], rng)
    return json.dumps(value).encode("utf-8", "surrogatepass")


def change_yaml(data: bytes, rng: random.Random) -> bytes:
    """Values and keys of lines, lines themselves, or bytes."""
    if rng.random() < 0.15:
        return mutate.change_bytes(data, rng)
    lines = data.decode().splitlines()
    for _ in range(rng.choice([1, 1, 2, 3])):
        at = rng.randrange(len(lines))
        key, colon, value = lines[at].partition(":")
        kind = rng.random()
        if kind < 0.5 and colon:
            lines[at] = f"{key}: {_changed_value(value, rng)}"
        elif kind < 0.6 and colon:
            name = rng.choice(
                [*mutate.NASTY_TEXTS[:8], key.strip() + "X", "BASE", "DATA", "*a", "? ["]
            )
            lines[at] = f"{key[:len(key) - len(key.lstrip())]}{name}:{value}"
        elif kind < 0.75:
            lines.insert(at, rng.choice(lines))
        elif kind < 0.85:
            del lines[at]
            lines = lines or [""]
        else:
            lines[at] = rng.choice([" ", "\t", "- ", "  "]) + lines[at]
    return rng.choice(["\n", "\n", "\r\n", "\r"]).join(lines).encode("utf-8", "surrogatepass")


def _changed_value(value: str, rng: random.Random) -> str:
    """Another value, or one number of a list."""
    words = value.replace("[", "").replace("]", "").split(",")
    if rng.random() < 0.5 and any(word.strip().isdecimal() for word in words):
        at = rng.randrange(len(words))
        words[at] = (
            f" {rng.choice([rng.randrange(1, 65), rng.randrange(1, 5000), mutate.edge(rng)])}"
        )
        return ("[" + ",".join(words) + "]") if "[" in value else words[at]
    if value.strip().startswith("[") and rng.random() < 0.6:
        words[rng.randrange(len(words))] = rng.choice(VALUES[:20])
        return "[" + ", ".join(word.strip() for word in words) + "]"
    return rng.choice(VALUES)


def change_json_text(data: bytes, rng: random.Random) -> bytes:
    kind = rng.random()
    if kind < 0.15:
        return mutate.change_bytes(data, rng)
    value = json.loads(data)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        value = mutate.change_json(value, rng) if kind < 0.4 else mutate.change_leaf(value, rng)
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5)
    if kind < 0.2:
        text = rng.choice(["[" * 100000, '{"a":' * 100000, text + text, "\ufeff" + text, text[:-1]])
    return text.encode("utf-8", "surrogatepass")


def change_labels(data: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.3:
        return mutate.change_bytes(data, rng)
    names = data.decode().split("\n")
    for _ in range(rng.randint(1, 3)):
        names[rng.randrange(len(names))] = rng.choice(mutate.NASTY_TEXTS)
    text = rng.choice(["\n", "\n", "\r\n", "\r", "\n\n"]).join(names)
    return text.encode("utf-8", "surrogatepass") + rng.choice([b"", b"\n", b"\xff", b"\r\n\t\n"])
