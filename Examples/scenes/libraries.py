"""The C library of a checkpoint, through HiLo's command line."""

import shutil
import subprocess
from pathlib import Path

from scenes import SIDE


class Library:
    """One in a folder of its own, with its results beside it."""

    def __init__(self, hilo: Path, task: str, output: Path, precision: str = "f32"):
        self.hilo, self.task, self.precision = hilo.resolve(), task, precision
        name = task if precision == "f32" else f"{task}-{precision}"
        self.folder, self.results = output / name, output / f"{name}-results"

    def command(self, *arguments: object) -> None:
        """What it prints goes with the errors, so that results alone are printed to stdout."""
        subprocess.run([self.hilo, *map(str, arguments)], check=True, stdout=2)

    def make(self, checkpoint: Path, calibration: Path | None = None) -> None:
        """`calibration` has pictures for the scales of integers."""
        pictures = ["--calibration", calibration] if self.precision == "int8" else []
        self.command(
            "generate", "--checkpoint", checkpoint, "--name", self.task, "--resolution",
            f"{SIDE}x{SIDE}", "--no-tuning", "--precision", self.precision, *pictures, "--output",
            self.folder)
        self.command("build", self.folder)

    def run(self, pictures: Path) -> Path:
        """Searches a folder of pictures, which has annotations.json; returns where results lie."""
        shutil.rmtree(self.results, ignore_errors=True)
        ids = [] if self.task == "semantic_fpn" else [
            "--annotations", pictures / "annotations.json"]
        self.command("run", self.folder, "--input", pictures, *ids, "--output", self.results)
        return self.results
