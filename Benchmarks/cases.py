"""What is measured: networks by name, peers, and the environment in which a peer runs."""

import os
import re
from argparse import ArgumentTypeError
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

TITLES = {
    "hilo": "HiLo", "hilo-openmp": "HiLo, OpenMP's threads", "hilo-wheel": "HiLo's wheel", "openvino": "OpenVINO", "onnxruntime": "ONNX Runtime",
    "inductor": "PyTorch Inductor", "inductor-autotune": "Inductor max-autotune",
    "eager": "PyTorch eager",
}
FORMS = {"native": "", "grid": ", grid_sample", "sdpa": ", SDPA", "boxes": " and boxes by PyTorch"}

# Attention layers of LITv2's paper by name, all of its dimensions.
LAYERS = {
    "hilo": "HiLo", "sra": "SRA", "window": "window", "shifted": "shifted window", "msa": "MSA",
}
DIM, HEADS, ALPHA = 768, 12, 0.9

# Networks with a LITv2 as backbone: titles, and the task of `hilo generate`.
HEADED = {
    "retinanet": ("RetinaNet", "detect"), "maskrcnn": ("Mask R-CNN", "instances"),
    "semanticfpn": ("Semantic FPN", "segment"),
}

# `hilo generate --name`: what the files and symbols of every measured library begin with.
LIBRARY_NAME = "model"


@dataclass(frozen=True)
class Peer:
    """A runtime and, for all but HiLo, the form of some operators; see networks.py."""

    FORM: ClassVar = "RUNTIME[:grid|:sdpa|:boxes]"

    runtime: str
    form: str = "native"

    @property
    def name(self) -> str:
        return self.runtime if self.form == "native" else f"{self.runtime}:{self.form}"

    @property
    def title(self) -> str:
        return TITLES[self.runtime] + FORMS[self.form]

    @staticmethod
    def parse(text: str) -> "Peer":
        """Reads what FORM says, for example openvino, eager:grid."""
        runtime, _, form = text.partition(":")
        if runtime not in TITLES or (form or "native") not in FORMS or (form and runtime == "hilo"):
            raise ArgumentTypeError(f"{text}: expected one of {', '.join(TITLES)}, all but hilo "
                                    "also with :grid, :sdpa or, for RetinaNet, :boxes")
        return Peer(runtime, form or "native")


@dataclass(frozen=True)
class Case:
    """A network at one resolution, in pixels for a LITv2 and in tokens for a single layer.

    A dense case is a backbone that returns the feature maps of all stages; its stage 3 has windows
    of `window` tokens. `head` makes a detector or a segmenter of a LITv2. `ratio` is how much smaller SRA makes each side of the map.
    """

    FORM: ClassVar = "NETWORK[-dense|-retinanet|-maskrcnn|-semanticfpn][-HxW][-wN][-rN][-plain]"

    network: str
    height: int
    width: int
    plain: bool = False
    dense: bool = False
    window: int = 2
    ratio: int = 2
    head: str = ""

    @property
    def task(self) -> str:
        """Of `hilo generate`, when it is not to classify."""
        return HEADED[self.head][1] if self.head else "features" if self.dense else ""

    @property
    def is_layer(self) -> bool:
        return self.network in LAYERS

    @property
    def parameters(self) -> dict:
        """What tells a layer from others of its kind, as its module and `hilo generate` name it."""
        return {
            "hilo": {"window": self.window, "alpha": ALPHA}, "sra": {"sr_ratio": self.ratio},
            "window": {"window": self.window}, "msa": {},
            "shifted": {"window": self.window, "shift": self.window // 2},
        }[self.network]

    @property
    def resolution(self) -> str:
        return f"{self.height}x{self.width}"

    @property
    def name(self) -> str:
        size = f"{self.height}" if self.height == self.width else self.resolution
        head = "-dense" if self.dense else f"-{self.head}" if self.head else ""
        return (self.network + head + f"-{size}"
                + (f"-w{self.window}" if self.window != default_window(self.network) else "")
                + (f"-r{self.ratio}" if self.ratio != 2 else "")
                + ("-plain" if self.plain else ""))

    @property
    def variant(self) -> str:
        if self.network == "sra":
            return f", ratio {self.ratio}"
        return "" if self.window == default_window(self.network) else f", window {self.window}"

    @property
    def title(self) -> str:
        size = f"{self.height}×{self.width}"
        if self.is_layer:
            return f"{LAYERS[self.network]} layer {size}{self.variant}"
        name = "digits" if self.network == "digits" else "LITv2-" + self.network[-1].upper()
        if self.head:
            return f"{HEADED[self.head][0]} {name} at {size}, window {self.window}"
        if self.dense:
            return f"{name} backbone at {size}, window {self.window}"
        return (f"{name} at {self.height}" if self.height == self.width else f"{name} at {size}") + (
            ", plain merging" if self.plain else "")

    @staticmethod
    def parse(text: str) -> "Case":
        """Reads what FORM says: litv2-b-384, hilo, litv2-s-dense-800x1344-w4, sra-28-r4."""
        form = re.fullmatch(
            rf"(litv2-[smb]|digits|{'|'.join(LAYERS)})(-dense|-{'|-'.join(HEADED)})?"
            r"(?:-(\d+)(?:x(\d+))?)?(?:-w(\d+))?(?:-r(\d+))?(-plain)?", text)
        if not form:
            raise ArgumentTypeError(
                f"{text}: expected litv2-s, litv2-m, litv2-b, digits, {', '.join(LAYERS)}, such as "
                "litv2-b-384, litv2-s-plain, litv2-s-dense-800x1344-w4 or sra-28-r4")
        network, form, height, width, window, ratio, plain = form.groups()
        dense, head = form == "-dense", (form or "")[1:] if form != "-dense" else ""
        if ((network in LAYERS and (plain or form)) or (ratio and network != "sra")
                or (head and (plain or network == "digits"))
                or (window and network in ("sra", "msa"))):
            raise ArgumentTypeError(f"{text}: {network} has no such variant")
        side = int(height or (14 if network in LAYERS else 64 if network == "digits"
                              else 512 if form else 224))
        return Case(network, side, int(width or side), bool(plain), dense,
                    int(window or default_window(network)), int(ratio or 2), head)


def calibration_images(case: "Case", count: int = 32) -> np.ndarray:
    """What every peer finds scales of integers with; other images than those that are timed."""
    random = np.random.default_rng(7)
    return random.standard_normal((count, 3, case.height, case.width), np.float32)


def default_window(network: str) -> int:
    """7 is Swin's."""
    return 7 if network in ("window", "shifted") else 2


def environment(threads: int, wait: str) -> dict:
    """Variables of a peer's process: its threads, and that they sleep when they wait.

    `passive` makes OpenMP's threads sleep at once; `default` is what each runtime does by itself
    (libgomp spins for about a millisecond), which is what users of each get.
    """
    variables = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS="1")
    if not threads:  # each runtime's own choice
        del variables["OMP_NUM_THREADS"]
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "GOMP_CPU_AFFINITY"):
        variables.pop(name, None)
    if wait == "passive":
        variables |= {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}
    return variables
