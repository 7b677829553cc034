"""The formats that the command line reads: seeds, changes, and the commands that read them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import arrays
import mutate
import pickles
import pictures
import texts

ROOT = Path(__file__).resolve().parents[3]
FIXTURES = ROOT / "Tests/Fixtures"
CHECKPOINTS = ROOT / "Tests/CheckpointsTests/Fixtures"
CORPUS = ROOT / "Tests/Fuzz/corpus/commands"

Change = Callable[[bytes, random.Random], bytes]


@dataclass(frozen=True)
class Command:
    """Arguments behind `hilo`; FILE is the input, LIBRARY a built library, CONFIG its network."""

    arguments: str
    weight: int = 1
    outputs: frozenset[str] = frozenset()
    #: Whether the input also lies where the records of the machine are.
    cache: bool = False


@dataclass
class Format:
    name: str
    extension: str
    change: Change
    commands: list[Command]
    #: Cases in a round.
    turns: int = 1
    seeds: list[bytes] = field(default_factory=list)

    def input(self, seed: int, index: int) -> tuple[bytes, Command]:
        """Case `index`, always the same; the first ones are the seeds as they are."""
        rng = random.Random(f"{seed}:{self.name}:{index}")
        command = rng.choices(self.commands, [command.weight for command in self.commands])[0]
        if index < len(self.seeds):
            return self.seeds[index], command
        data = rng.choice(self.seeds)
        try:
            for _ in range(rng.choice([1, 1, 1, 2])):
                data = self.change(data, rng)
        except Exception:  # a second change may not find what it needs in what the first one left
            data = mutate.change_bytes(data, rng)
        return data, command


READ = [
    Command("inspect FILE", 6),
    Command("inspect --json FILE", 3),
    Command("convert FILE out.safetensors", 3, frozenset({"out.safetensors"})),
]
BY_CONFIG = Command(
    "generate --config CONFIG --isa generic --no-tuning --checkpoint FILE --output out",
    1,
    frozenset({"out"}),
)
RUN = [
    Command("run LIBRARY --threads 1 --input FILE", 3),
    Command("run LIBRARY --threads 1 --json --input FILE"),
]
PLAN = [
    Command("plan --no-tuning --isa generic --config FILE", 4),
    Command("plan --no-tuning --isa generic --json --config FILE"),
    Command(
        "generate --seed 0 --no-tuning --isa generic --config FILE --output out",
        1,
        frozenset({"out"}),
    ),
]


def all_formats(library: Path) -> list[Format]:
    plan = (library / "plan.json").read_bytes()
    formats = [
        Format(
            "pth",
            ".pth",
            pickles.change_checkpoint,
            [*READ, Command("plan --no-tuning --isa generic --checkpoint FILE", 2), BY_CONFIG],
            8,
        ),
        Format("safetensors", ".safetensors", arrays.change_safetensors, [*READ, BY_CONFIG], 6),
        Format("index", ".index.json", arrays.change_index, READ, 2),
        Format("npy", ".npy", arrays.change_npy, RUN, 2),
        Format("yaml", ".yaml", texts.change_yaml, PLAN, 3),
        Format(
            "plan",
            ".json",
            texts.change_plan,
            [Command("plan --plan FILE", 4), Command("plan --json --plan FILE")],
            3,
        ),
        Format(
            "records",
            ".json",
            texts.change_json_text,
            [
                Command("tune --merge FILE --export out.json", 2, frozenset({"out.json"})),
                Command("tune --export out.json", 2, frozenset({"out.json"}), cache=True),
                Command("plan --isa generic --config CONFIG", 1, cache=True),
            ],
            3,
        ),
        Format("png", ".png", pictures.change_png, RUN, 2),
        Format(
            "jpeg",
            ".jpg",
            pictures.change_jpeg,
            [*RUN, Command("run LIBRARY --threads 1 --ignore-orientation --input FILE")],
            2,
        ),
        Format(
            "labels",
            ".txt",
            texts.change_labels,
            [Command(f"run LIBRARY --threads 1 --input {FIXTURES}/images/rgb.png --labels FILE")],
        ),
    ]
    for each in formats:
        each.seeds = _seeds(each, plan)
    return formats


def _files(pattern: str, folder: Path, most: int) -> list[bytes]:
    contents = [path.read_bytes() for path in sorted(folder.glob(pattern))]
    return [content for content in contents if content and len(content) <= most]


def _seeds(each: Format, plan: bytes) -> list[bytes]:
    made = {
        "pth": lambda: _files("*.pt*", CHECKPOINTS, 20000),
        "safetensors": lambda: _files("*.safetensors", CHECKPOINTS, 20000),
        "index": lambda: [
            json.dumps(
                {
                    "metadata": {"total_size": 8},
                    "weight_map": {"a": "other.safetensors", "b.c": "other.safetensors"},
                }
            ).encode()
        ],
        "npy": lambda: _files("*.npy", FIXTURES / "arrays", 4000),
        "yaml": lambda: _files("**/*.yaml", ROOT / "Examples", 4000)
        + _files("*.yaml", ROOT / "Tests/Fuzz/targets", 4000),
        "plan": lambda: [plan],
        "records": lambda: [_records(json.loads(plan))],
        "png": lambda: _files("*.png", FIXTURES / "images", 4000)
        + _files("*.png", ROOT / "Examples/digits/images", 4000),
        "jpeg": lambda: _files("*.jpg", FIXTURES / "images", 4000),
        "labels": lambda: ["\n".join("abcde").encode() + b"\n"],
    }
    return made[each.name]() + _files("*" + each.extension, CORPUS / each.name, 1 << 20)


def _records(plan: dict) -> bytes:
    """Records of a machine that is none, with the kernels of a plan, and one of a later version."""
    machine = {
        "processor": "None, family 1",
        "instructions": ["avx2"],
        "caches": [32768, 1048576, 0],
        "threads": 2,
        "compiler": "clang 14.0.6",
        "flags": "-O3",
        "isa": "generic",
        "precision": "f32",
        "generator": plan["format"],
    }
    kernels = plan["variants"][0]["kernels"][:12]
    records = [
        {
            "machine": machine,
            "batch": 1,
            "kernel": kernel,
            "peakShare": 0.5,
            "gain": 1.25,
            "date": 1750000000,
        }
        for kernel in kernels
    ]
    later = {**records[0], "machine": {**machine, "generator": 1000}, "news": [1, {"x": None}]}
    return json.dumps({"version": 1, "records": [*records, later]}).encode()
