"""Random cases: case N of a seed is the same on every machine, whatever ran before it."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tools import sets

# A case takes seconds: multiply-adds of an image, roughly, and tokens of a single layer.
_MOST_WORK = 12_000_000
_MOST_TOKENS = 500
# Below, at and above whole vectors and panels, and wide enough for sums of more than one chain.
_CHANNELS = [1, 3, 4, 5, 8, 12, 16, 20, 24, 31, 32, 33, 48, 64]
# Half of the cases are of single precision.
_PRECISIONS = ["f32", "f32", "f32", "f32-by-bf16", "bf16", "int8"]


@dataclass(frozen=True)
class Second:
    """The library once more, made otherwise, which must give the same bits."""
    plan: str  # same: its own plan.json; tiles: other tiles of the matrix products
    compiler: str


@dataclass(frozen=True)
class Case:
    number: int
    kind: str  # litv2, or the model of a single layer
    options: list[str]
    configuration: str | None
    resolutions: list[str]
    precision: str
    # Those that the CPU lacks are left out; where none is left it is the best that it has.
    isas: list[str]
    batch: int
    images: int
    threads: list[int]
    weights_seed: int
    input_seed: int
    compiler: str
    team: str
    second: Second | None
    # Whether it is built for AArch64 too, and run under an emulator.
    emulated: bool

    @property
    def title(self) -> str:
        return f"case {self.number}: {self.kind} {' '.join(self.options)} at " + (
            f"{', '.join(self.resolutions)}, {self.precision}, batch {self.batch}, {self.compiler}")


@dataclass
class _Network:
    kind: str
    options: list[str] = field(default_factory=list)
    configuration: str | None = None
    resolutions: list[str] = field(default_factory=list)


def draw(seed: int, number: int) -> Case:
    """Case `number`, from 0."""
    random_source = random.Random(f"{seed} {number}")
    network = _litv2(random_source) if random_source.random() < 0.6 else _layer(random_source)
    compiler = random_source.choice(["clang", "gcc"])
    batch = random_source.choice([1, 2, 3, 4, 5, 8])
    case = Case(
        number=number, kind=network.kind, options=network.options,
        configuration=network.configuration, resolutions=network.resolutions, precision="f32",
        isas=_isas(random_source), batch=batch, images=random_source.randint(2, 2 * batch + 1),
        threads=sorted(random_source.sample([2, 3, 4, 5, 7, 8, 13], 2)),
        weights_seed=random_source.randrange(1 << 31), input_seed=random_source.randrange(1 << 31),
        compiler=compiler, team=random_source.choice(["openmp", "threads"]),
        second=_second(random_source), emulated=random_source.random() < 0.1)
    # Last, so that what is drawn before does not depend on it.
    precision = random_source.choice(_PRECISIONS)
    if precision == "f32":
        return case
    # A single class may have a logit near 0, of which nothing narrow is a share.
    configuration = case.configuration and re.sub(
        r"NUM_CLASSES: [12]$", "NUM_CLASSES: 5", case.configuration, flags=re.MULTILINE)
    return replace(case, configuration=configuration, precision=precision,
                   isas=_isas(random_source, sets(precision)))


def _isas(random_source: random.Random, names: Sequence[str] = sets("f32")) -> list[str]:
    some = [name for name in names if random_source.random() < 0.5]
    return some or list(names)


def _second(random_source: random.Random) -> Second | None:
    if random_source.random() < 0.6:
        return None
    return Second(random_source.choice(["same", "tiles", "tiles"]),
                  random_source.choice(["clang", "gcc"]))


# MARK: Whole networks

_CONFIGURATION = """\
DATA: {{IMG_SIZE: {side}}}
MODEL:
  TYPE: litv2
  NAME: soak
  NUM_CLASSES: {classes}
  LIT:
    EMBED_DIM: {channels}
    DEPTHS: {depths}
    NUM_HEADS: {heads}
    MLP_RATIO: {ratio}
    QKV_BIAS: {bias}
    QK_SCALE: {scale}
    ALPHA: {alpha}
    LOCAL_WS: {windows}
    HAS_MSA: {attention}
"""


def _litv2(random_source: random.Random) -> _Network:
    stages = random_source.choice([1, 2, 2, 3, 3, 4])
    features = random_source.random() < 0.4
    channels = random_source.choice(_CHANNELS)
    ratio = random_source.choice([1, 1.3, 2.5, 3, 4, 6])
    depths = [random_source.choice([0, 1, 1, 2]) for _ in range(stages)]
    sizes = _sizes(random_source, stages, features, channels, ratio, depths)
    network = _Network("litv2", ["--name", "soak"], resolutions=[f"{h}x{w}" for h, w in sizes])
    if features:
        network.options += _feature_options(random_source, stages)
    attention = [random_source.choice([0, 1, 1]) for _ in range(stages)]
    network.configuration = _CONFIGURATION.format(
        side=4 << (stages - 1), classes=random_source.choice([0, 1, 2, 5, 10, 37, 100]),
        channels=channels, depths=depths, ratio=ratio,
        heads=[_heads(random_source, channels << stage) for stage in range(stages)],
        bias=random_source.choice(["true", "true", "false"]),
        scale=random_source.choice(["null", "null", "0.3"]), alpha=_alpha(random_source),
        windows=[has and random_source.choice([1, 2, 2, 3, 4, 5, 7]) for has in attention],
        attention=attention)
    return network


def _feature_options(random_source: random.Random, stages: int) -> list[str]:
    options = ["--task", "features"]
    if random_source.random() < 0.3:
        options.append("--channels-last")
    if random_source.random() < 0.4:
        some = sorted(random_source.sample(range(1, stages + 1), random_source.randint(1, stages)))
        options += ["--outputs", ",".join(str(stage) for stage in some)]
    return options


def _sizes(random_source: random.Random, stages: int, features: bool, channels: int, ratio: float,
           depths: list[int]) -> list[tuple[int, int]]:
    """Sides of images whose work is within bounds; multiples only where there are classes."""
    multiple = 4 << (stages - 1)
    least, step = (multiple - 3, 1) if features else (multiple, multiple)
    most = 4 * _most_side(channels, ratio, depths)
    sides = range(least, max(most, least) + 1, step)
    count = random_source.choice([1, 1, 1, 2, 3])
    sizes = [(random_source.choice(sides), random_source.choice(sides)) for _ in range(count)]
    return list(dict.fromkeys(sizes))


def _most_side(channels: int, ratio: float, depths: list[int]) -> int:
    """The side of a map of the first stage that is work enough."""
    of_token = 48.0 * channels
    for stage, depth in enumerate(depths):
        width = channels << stage
        of_token += (depth * (4 + 2 * ratio) + 2) * width * width / 4 ** stage
    return max(4, min(30, int((_MOST_WORK / of_token) ** 0.5)))


def _heads(random_source: random.Random, channels: int) -> int:
    return random_source.choice([n for n in range(1, min(channels, 12) + 1) if channels % n == 0])


def _alpha(random_source: random.Random) -> float:
    return random_source.choice([0, 0.25, 0.5, 0.5, 0.9, 1, round(random_source.random(), 3)])


# MARK: Single layers

def _layer(random_source: random.Random) -> _Network:
    kind = random_source.choice(["hilo", "hilo", "msa", "sra", "sra", "window", "window"])
    channels = random_source.choice([width for width in _CHANNELS if width > 1] + [96])
    heads = _heads(random_source, channels)
    maps = [_map(random_source) for _ in range(random_source.choice([1, 1, 2]))]
    options = ["--model", kind, "--name", "soak", "--dim", str(channels), "--heads", str(heads)]
    if kind == "hilo":
        options += ["--window", str(random_source.randint(1, 7)), "--alpha",
                    str(_alpha(random_source))]
    elif kind == "sra":
        least = min(min(sides) for sides in maps)
        options += ["--sr-ratio", str(random_source.randint(1, min(least, 5)))]
    elif kind == "window":
        window = random_source.randint(1, 8)
        shift = random_source.choice([0, random_source.randrange(window)])
        options += ["--window", str(window), "--shift", str(shift)]
    resolutions = dict.fromkeys(f"{height}x{width}" for height, width in maps)
    return _Network(kind, options, resolutions=list(resolutions))


def _map(random_source: random.Random) -> tuple[int, int]:
    height = random_source.randint(1, 24)
    return height, random_source.randint(1, min(24, _MOST_TOKENS // height))
