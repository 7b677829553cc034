"""A generated library in its folder, and what it computes."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from arrays import Array
from tools import Failure, succeed

# Seconds after which a step hangs; none takes a tenth of it.
LIMIT = 600


@dataclass(frozen=True)
class Library:
    folder: Path
    harness: Path
    # What the harness is run with, for one that needs an emulator.
    emulator: tuple[str, ...] = ()

    @property
    def weights(self) -> Path:
        return self.folder / "weights" / "soak.safetensors"

    def outputs(self, x: Path, resolution: str, threads: int, isa: str,
                folder: Path) -> list[Array]:
        """Runs the network on a file; its outputs, one of classes or one a stage."""
        place = folder / "y"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        target = place if self._has_stages else place / "y.npy"
        succeed([*self.emulator, self.harness, "run", "--weights", self.weights, "--input", x,
                 "--resolution", resolution, "--threads", threads, "--isa", isa, "--output", target],
                limit=LIMIT)
        return read_outputs(place)

    @property
    def _has_stages(self) -> bool:
        return '"features"' in network_line(self.folder)


def read_outputs(folder: Path) -> list[Array]:
    files = sorted(folder.glob("*.npy"))
    if not files:
        raise Failure(f"{folder}: nothing was written")
    return [Array.read(file) for file in files]


def plan_lines(folder: Path) -> list[str]:
    return (folder / "plan.json").read_text().splitlines()


def network_line(folder: Path) -> str:
    return next(line for line in plan_lines(folder) if line.startswith('  "network"'))


def resolutions(folder: Path) -> list[str]:
    return json.loads((folder / "plan.json").read_text())["resolutions"]
