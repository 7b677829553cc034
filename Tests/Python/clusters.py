"""What the checks of clusters have in common: pictures, the answers of one process, and a process that dies once."""

import argparse
import importlib
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image


def expect(holds: bool, words: str):
    if not holds:
        raise SystemExit(f"cluster: {words}")


def copy_pictures(source: Path, folder: Path, copies: int):
    folder.mkdir()
    for copy in range(copies):
        for picture in source.glob("*.png"):
            shutil.copy(picture, folder / f"{copy:03}_{picture.name}")


def expected_of(module: str, folder: Path) -> dict[str, tuple[str, float]]:
    """What one process finds in each file."""
    model = importlib.import_module(module).Model(threads=1)
    found = {path.name: tuple(model.classify(np.asarray(Image.open(path).convert("RGB")), top=1)[0])
             for path in folder.glob("*.png")}
    expect(len({label for label, _ in found.values()}) > 3, "the pictures show too few classes")
    return found


def rows_by_name(rows: list, names: set[str]) -> dict:
    """Of a path, label and probability each; every picture has to be in them once."""
    found = {Path(row["path"]).name: row for row in rows}
    expect(len(found) == len(rows), f"{len(rows) - len(found)} pictures are in the results twice")
    missing = names - found.keys()
    expect(not missing, f"{len(missing)} pictures are missing, {sorted(missing)[:1]} among them")
    return found


def expect_answers(rows: dict, expected: dict[str, tuple[str, float]]):
    for name, (label, probability) in expected.items():
        row = rows[name]
        expect(row["label"] == label, f"{name}: {row['label']} instead of {label}")
        expect(row["probability"] == probability, f"{name}: {row['probability']}, {probability}")


def die_once(mark: str):
    """Ends as by kill -9 whoever calls this first: `mark` is a file that is there from then on."""
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def run(check: Callable[[str, Path, Path], None], description: str) -> int:
    """`check` gets the module, the folder of pictures and a folder to work in."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("module")
    parser.add_argument("pictures", type=Path)
    arguments = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="hilo-cluster-"))
    try:
        check(arguments.module, arguments.pictures, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return 0
