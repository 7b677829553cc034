"""Small networks that together use every family of kernels."""

import array
import math
import random
import re
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path

import checkpoints
from tools import Failure, instruction_sets, succeed

KERNELS = Path(__file__).resolve().parents[2] / "Sources" / "Kernels"

_CONFIGURATION = """\
DATA: {{IMG_SIZE: {side}}}
MODEL:
  TYPE: litv2
  NAME: {name}
  NUM_CLASSES: 5
  LIT:
    EMBED_DIM: {channels}
    DEPTHS: {depths}
    NUM_HEADS: {heads}
    MLP_RATIO: {ratio}
    ALPHA: 0.5
    LOCAL_WS: {windows}
    HAS_MSA: {attention}
"""


def write_images(file: Path, count: int, height: int, width: int) -> None:
    """Noise as a .npy file, with the standard library alone."""
    shape = (count, 3, height, width)
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    source = random.Random(1)
    values = array.array("f", (source.gauss(0, 1) for _ in range(math.prod(shape))))
    if sys.byteorder == "big":
        values.byteswap()
    file.write_bytes(
        b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + values.tobytes())


@dataclass(frozen=True)
class SampleNetwork:
    name: str
    why: str
    options: list[str] = field(default_factory=list)
    configuration: str | None = None
    # Of a checkpoint, where that says what no flag can.
    shapes: checkpoints.Shapes | None = None
    precision: str = "f32"
    # Of the images that scales of integers are found with: height and width.
    calibration: tuple[int, int] | None = None

    @property
    def isas(self) -> list[str]:
        return instruction_sets(self.precision)

    def generate(self, hilo: Path, isas: list[str], folder: Path) -> Path:
        """Writes the library into a folder of its name."""
        output = folder / self.name
        command: list[object] = [hilo, "generate", "--no-tuning", "--batch", 3, "--output", output]
        if self.configuration is not None:
            file = folder / f"{self.name}.yaml"
            file.write_text(self.configuration)
            command += ["--config", file]
        if self.shapes is not None:
            file = folder / f"{self.name}.safetensors"
            checkpoints.write(file, self.shapes)
            command += ["--checkpoint", file]
        else:
            command += ["--seed", 1]
        if self.calibration is not None:
            file = folder / f"{self.name}.npy"
            write_images(file, 2, *self.calibration)
            command += ["--calibration", file]
        if self.precision != "f32":
            command += ["--precision", self.precision]
        command += ["--name", self.name, *self.options]
        for isa in isas:
            command += ["--isa", isa]
        succeed(command)
        return output


def _litv2(name: str, side: int, channels: int, ratio: float, stages: int, window: int) -> str:
    """Attention in all stages but the first, with windows everywhere but in the last."""
    last = stages - 1
    return _CONFIGURATION.format(
        name=name, side=side, channels=channels, ratio=ratio, depths=[1] * stages,
        heads=[2 << i for i in range(stages)],
        windows=[window if 0 < i < last else int(i > 0) for i in range(stages)],
        attention=[int(i > 0) for i in range(stages)])


_WINDOW_DIM, _WINDOW_HEADS = 24, 3

# A sample: from an image to its class, and from a picture to boxes.
QUICK = ("classifier", "detector")
NETWORKS = [
    SampleNetwork(
        "classifier", "a map large enough for the fused ConvFFN, sums longer than a chain, a head",
        ["--resolution", "80x80"],
        _litv2("classifier", 80, 32, 4, 3, 2)),
    SampleNetwork(
        "narrow", "products of bf16, windows over the edge of odd maps",
        ["--task", "features", "--resolution", "61x85"],
        _litv2("narrow", 64, 12, 2.5, 3, 3), precision="bf16"),
    SampleNetwork(
        "integers", "products of integers of 8 bits, windows over the edge of odd maps",
        ["--task", "features", "--resolution", "61x85"], _litv2("integers", 64, 16, 2.5, 3, 3),
        precision="int8", calibration=(61, 85)),
    SampleNetwork(
        "narrow_weights", "single precision by matrices of bf16",
        ["--task", "features", "--resolution", "33x45", "--weights", "bf16"],
        _litv2("narrow_weights", 64, 12, 2.5, 3, 2)),
    SampleNetwork(
        "planes", "feature maps of channels in planes, windows over the edge of odd maps",
        ["--task", "features", "--resolution", "61x45"], _litv2("planes", 64, 12, 2.5, 3, 3)),
    SampleNetwork(
        "tokens", "feature maps of tokens, of some stages, at two resolutions",
        ["--task", "features", "--channels-last", "--outputs", "1,2", "--resolution", "37x50",
         "--resolution", "20x9"], _litv2("tokens", 64, 8, 3, 2, 2)),
    SampleNetwork(
        "reduction", "spatial reduction whose squares leave a rest",
        ["--model", "sra", "--dim", "24", "--heads", "3", "--sr-ratio", "2", "--resolution", "7x9"]),
    SampleNetwork(
        "shifted", "shifted windows with relative positions over the edge of the map",
        ["--model", "window", "--dim", str(_WINDOW_DIM), "--heads", str(_WINDOW_HEADS), "--window",
         "4", "--shift", "2", "--resolution", "7x9"],
        shapes=checkpoints.window_layer(_WINDOW_DIM, _WINDOW_HEADS, 4)),
    SampleNetwork(
        "detector", "convolutions by Winograd over several maps at once, boxes of anchors",
        ["--resolution", "45x61", "--convolution", "winograd4"], shapes=checkpoints.retinanet()),
    SampleNetwork(
        "regions", "proposals, samples inside boxes, masks",
        ["--resolution", "45x61", "--era", "2"], shapes=checkpoints.mask_rcnn()),
    SampleNetwork(
        "narrow_regions", "samples inside boxes and products on them in bf16",
        ["--resolution", "45x61"], shapes=checkpoints.mask_rcnn(), precision="bf16"),
    SampleNetwork(
        "segmenter", "maps that are enlarged, the class of each pixel",
        ["--resolution", "45x61", "--convolution", "winograd2"],
        shapes=checkpoints.semantic_fpn()),
    SampleNetwork(
        "sizes", "a segmenter for all sizes of its recipe: kernels that take the sizes of maps",
        ["--resolution", "ade20k"], shapes=checkpoints.semantic_fpn()),
    SampleNetwork(
        "layer", "both branches of HiLo on a map that windows do not divide",
        ["--model", "hilo", "--dim", "20", "--heads", "4", "--window", "2", "--alpha", "0.5",
         "--resolution", "7x9"]),
    SampleNetwork(
        "global_layer", "attention of all tokens to all, over several blocks of keys",
        ["--model", "msa", "--dim", "20", "--heads", "2", "--resolution", "19x23"]),
]


def families() -> set[str]:
    """All that the generator has, by their names in plans."""
    found = {
        match[1]
        for file in KERNELS.glob("*/*.swift")
        for match in re.finditer(r'static let id = "(\w+)"', file.read_text())
    }
    if not found:
        raise Failure(f"{KERNELS}: no family of kernels is declared there")
    return found
