"""What is measured: networks by name, peers, and the environment in which a peer runs."""

import os
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
    """A network at one resolution, in pixels for a LITv2 and in tokens for the single layer."""

    network: str
    resolution: int
    plain: bool = False

    @property
    def is_layer(self) -> bool:
        return self.network == "layer"

    @property
    def name(self) -> str:
        return f"{self.network}-{self.resolution}" + ("-plain" if self.plain else "")

    @property
    def title(self) -> str:
        if self.is_layer:
            return f"HiLo layer {self.resolution}×{self.resolution}"
        name = "LITv2-" + self.network[-1].upper() + f" at {self.resolution}"
        return name + (", plain merging" if self.plain else "")

    @staticmethod
    def parse(text: str) -> "Case":
        """Reads NETWORK[-RESOLUTION][-plain], for example litv2-s, litv2-b-384, layer."""
        plain = text.endswith("-plain")
        name = text.removesuffix("-plain")
        head, _, tail = name.rpartition("-")
        network, resolution = (head, int(tail)) if tail.isdigit() else (name, 0)
        if network not in ("litv2-s", "litv2-m", "litv2-b", "layer"):
            raise ArgumentTypeError(
                f"{text}: expected litv2-s, litv2-m, litv2-b or layer, such as litv2-b-384 or "
                "litv2-s-plain")
        if network == "layer" and plain:
            raise ArgumentTypeError(f"{text}: the layer has no token merging")
        return Case(network, resolution or (14 if network == "layer" else 224), plain)


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
