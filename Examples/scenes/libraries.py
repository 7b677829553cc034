"""The C library of a checkpoint, through HiLo's command line."""

import shutil
import subprocess
from pathlib import Path

from scenes import SIDE


class Library:
    """One in a folder of its own, with its results beside it."""

    def __init__(self, hilo: Path, task: str, output: Path):
        self.hilo, self.task = hilo.resolve(), task
        self.folder, self.results = output / task, output / f"{task}-results"

    def command(self, *arguments: object) -> None:
        """What it prints goes with the errors, so that results alone are printed to stdout."""
        subprocess.run([self.hilo, *map(str, arguments)], check=True, stdout=2)

    def make(self, checkpoint: Path) -> None:
        self.command(
            "generate", "--checkpoint", checkpoint, "--name", self.task, "--resolution",
            f"{SIDE}x{SIDE}", "--no-tuning", "--output", self.folder)
        self.command("build", self.folder)

    def run(self, pictures: Path) -> Path:
        """Searches a folder of pictures, which has annotations.json; returns where results lie."""
        shutil.rmtree(self.results, ignore_errors=True)
        ids = [] if self.task == "semantic_fpn" else [
            "--annotations", pictures / "annotations.json"]
        self.command("run", self.folder, "--input", pictures, *ids, "--output", self.results)
        return self.results
