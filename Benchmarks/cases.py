"""What is measured: networks by name, peers, and the environment in which a peer runs."""

import os
import re
from argparse import ArgumentTypeError
from dataclasses import dataclass

TITLES = {
    "hilo": "HiLo", "openvino": "OpenVINO", "onnxruntime": "ONNX Runtime",
    "inductor": "PyTorch Inductor", "inductor-autotune": "Inductor max-autotune",
    "eager": "PyTorch eager",
}

# `hilo generate --name`: what the files and symbols of every measured library begin with.
LIBRARY_NAME = "model"


@dataclass(frozen=True)
class Peer:
    """A runtime and, for all but HiLo, the form of its deformable convolution; see networks.py."""

    runtime: str
    sampling: str = "native"

    @property
    def name(self) -> str:
        return self.runtime if self.sampling == "native" else f"{self.runtime}:{self.sampling}"

    @property
    def title(self) -> str:
        return TITLES[self.runtime] + ("" if self.sampling == "native" else ", grid_sample")

    @staticmethod
    def parse(text: str) -> "Peer":
        """Reads RUNTIME[:grid], for example openvino, eager:grid."""
        runtime, _, sampling = text.partition(":")
        if runtime not in TITLES or sampling not in ("", "grid") or text == "hilo:grid":
            raise ArgumentTypeError(f"{text}: expected one of {', '.join(TITLES)}, all but hilo "
                                    "also with :grid")
        return Peer(runtime, sampling or "native")


@dataclass(frozen=True)
class Case:
    """A network at one resolution, in pixels for a LITv2 and in tokens for the single layer.

    A dense case is a backbone that returns the feature maps of all stages; its stage 3 has windows
    of `window` tokens.
    """

    network: str
    height: int
    width: int
    plain: bool = False
    dense: bool = False
    window: int = 2

    @property
    def is_layer(self) -> bool:
        return self.network == "layer"

    @property
    def resolution(self) -> str:
        return f"{self.height}x{self.width}"

    @property
    def name(self) -> str:
        size = f"{self.height}" if self.height == self.width else self.resolution
        return (self.network + ("-dense" if self.dense else "") + f"-{size}"
                + (f"-w{self.window}" if self.window != 2 else "")
                + ("-plain" if self.plain else ""))

    @property
    def title(self) -> str:
        size = f"{self.height}×{self.width}"
        if self.is_layer:
            return f"HiLo layer {size}"
        name = "LITv2-" + self.network[-1].upper()
        if self.dense:
            return f"{name} backbone at {size}, window {self.window}"
        return (f"{name} at {self.height}" if self.height == self.width else f"{name} at {size}") + (
            ", plain merging" if self.plain else "")

    @staticmethod
    def parse(text: str) -> "Case":
        """Reads NETWORK[-dense][-RESOLUTION][-wN][-plain]: litv2-s, litv2-b-384, layer,
        litv2-s-dense-800x1344-w4."""
        form = re.fullmatch(
            r"(litv2-[smb]|layer)(-dense)?(?:-(\d+)(?:x(\d+))?)?(?:-w(\d+))?(-plain)?", text)
        if not form:
            raise ArgumentTypeError(
                f"{text}: expected litv2-s, litv2-m, litv2-b or layer, such as litv2-b-384, "
                "litv2-s-plain or litv2-s-dense-800x1344-w4")
        network, dense, height, width, window, plain = form.groups()
        if network == "layer" and (plain or dense or window):
            raise ArgumentTypeError(f"{text}: the layer is one attention of window 2 alone")
        side = int(height or (14 if network == "layer" else 512 if dense else 224))
        return Case(network, side, int(width or side), bool(plain), bool(dense), int(window or 2))


def environment(threads: int, wait: str) -> dict:
    """Variables of a peer's process: its threads, and that they sleep when they wait.

    `passive` makes OpenMP's threads sleep at once; `default` is what each runtime does by itself
    (libgomp spins for about a millisecond), which is what users of each get.
    """
    variables = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS="1")
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "GOMP_CPU_AFFINITY"):
        variables.pop(name, None)
    if wait == "passive":
        variables |= {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}
    return variables
