"""The trained classifiers in every precision: how often they are right, how fast and how large.

    make accuracy
    python Examples/fashion/accuracy.py --hilo .build/release/hilo --output out/accuracy

For each network and precision it generates and builds a library, runs `hilo accuracy` on the test
pictures beside PyTorch's logits and beside the library in f32, and `hilo bench` with one image a
call. Writes accuracy.md, accuracy.json and a plot. The exit code is 1 where f32 has other answers than
PyTorch.
"""

import argparse
import json
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import load_file

import evaluate
from write_pictures import write

HERE = Path(__file__).resolve().parent
DIGITS = HERE.parent / "digits"
PRECISIONS = ("f32", "f32-by-bf16", "bf16", "int8")
CALIBRATION = 512  # pictures


@dataclass(frozen=True)
class Example:
    """A trained network, its test pictures in folders of classes, PyTorch's logits of them, and other
    pictures that scales of integers are found with."""

    name: str
    checkpoint: Path
    labels: Path
    pictures: Path
    logits: Path
    calibration: Path


@dataclass(frozen=True)
class Row:
    network: str
    precision: str
    pictures: int
    accuracy: float
    as_pytorch: float
    as_f32: float
    worst_probability: float
    milliseconds: float
    library_bytes: int
    weights_bytes: int


def fashion(folder: Path) -> Example:
    """All 10,000 test pictures; scales by some that it was trained on."""
    pictures, logits = folder / "fashion-pictures", folder / "fashion-logits.npy"
    calibration = folder / "fashion-calibration"
    write(pictures, "test")
    write(calibration, "train", CALIBRATION)
    values, labels = evaluate.test_logits()
    np.save(logits, evaluate.in_order(values, evaluate.folder_names(labels)))
    return Example(
        "fashion", HERE / "fashion.pth", HERE / "labels.txt", pictures, logits, calibration)


def digits(folder: Path) -> Example:
    """The 360 held-out digits; scales by the same pictures, without their classes."""
    pictures, logits = folder / "digits-pictures", folder / "digits-logits.npy"
    held_out = load_file(DIGITS / "held_out.safetensors")
    names = (DIGITS / "labels.txt").read_text().split()
    labels = [names[label] for label in held_out["labels"]]
    shutil.rmtree(pictures, ignore_errors=True)
    for index, (values, label) in enumerate(zip(held_out["images"], labels)):
        (pictures / label).mkdir(parents=True, exist_ok=True)
        digit(values).save(pictures / label / f"{index:03d}.png")
    np.save(logits, evaluate.in_order(torch.from_numpy(held_out["logits"]), labels))
    return Example(
        "digits", DIGITS / "digits.pth", DIGITS / "labels.txt", pictures, logits,
        pictures)


def digit(values: np.ndarray) -> Image.Image:
    """A picture of 8×8 values, as train.py of the digits makes and divides them."""
    grey = ((values.astype(np.int64) * 255 + 8) // 16).astype(np.uint8)
    return Image.fromarray(grey.repeat(4, axis=0).repeat(4, axis=1))


class Command:
    """HiLo's command line."""

    def __init__(self, hilo: Path):
        self.hilo = hilo.resolve()

    def run(self, *arguments: object) -> str:
        result = subprocess.run(
            [self.hilo, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, check=False)
        if result.returncode != 0:
            lines = [line for line in result.stderr.splitlines() if line.strip()]
            reason = lines[0].removeprefix("hilo: error: ") if lines else "no message"
            sys.exit(f"hilo {arguments[0]}: {reason} (exit code {result.returncode})")
        return result.stdout

    def figures(self, *arguments: object) -> dict:
        return json.loads(self.run(*arguments, "--json"))


def measure(
    hilo: Command, example: Example, precision: str, folder: Path, seconds: float
) -> Row:
    library, f32 = (folder / f"{example.name}-{kind}" for kind in (precision, "f32"))
    calibration = ["--calibration", example.calibration] if precision == "int8" else []
    hilo.run(
        "generate", "--checkpoint", example.checkpoint, "--name", example.name, "--precision",
        precision, *calibration, "--no-tuning", "--force", "--output", library)
    hilo.run("build", library)
    accuracy = ["accuracy", library, "--images", example.pictures, "--names", example.labels]
    found = hilo.figures(*accuracy, "--against", example.logits)
    beside = hilo.figures(*accuracy, "--against", f32)
    timed = hilo.figures("bench", library, "--batch", 1, "--seconds", seconds)
    return Row(
        example.name, precision, found["images"], found["figures"]["top1"],
        found["against"]["agreement"], beside["against"]["agreement"],
        found["against"]["probability_difference"]["worst"], timed["median_ms"],
        (library / "build" / f"lib{example.name}.so").stat().st_size,
        sum(file.stat().st_size for file in (library / "weights").glob("*.safetensors")))


def table(rows: list[Row]) -> str:
    head = [
        "network", "precision", "pictures", "top-1", "as PyTorch", "as f32",
        "probabilities differ from PyTorch's by at most", "ms an image", "library", "weights"]
    lines = ["| " + " | ".join(head) + " |", "|---|---|" + "---:|" * (len(head) - 2)]
    lines += [
        f"| {row.network} | {row.precision} | {row.pictures} | {100 * row.accuracy:.2f} % "
        f"| {100 * row.as_pytorch:.2f} % | {100 * row.as_f32:.2f} % | {row.worst_probability:.1e} "
        f"| {row.milliseconds:.3f} | {row.library_bytes / 1e3:.0f} kB "
        f"| {row.weights_bytes / 1e3:.0f} kB |" for row in rows]
    return "\n".join(lines) + "\n"


def plot(rows: list[Row], file: Path) -> None:
    """Accuracy over the time of an image, a panel for each network."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    networks = list(dict.fromkeys(row.network for row in rows))
    figure, panels = pyplot.subplots(1, len(networks), figsize=(5 * len(networks), 4), squeeze=False)
    for panel, network in zip(panels[0], networks):
        points = [row for row in rows if row.network == network]
        panel.scatter(
            [row.milliseconds for row in points], [100 * row.accuracy for row in points])
        for row in points:
            panel.annotate(
                row.precision, (row.milliseconds, 100 * row.accuracy), (6, 4),
                textcoords="offset points")
        panel.set(
            title=f"{network}, {points[0].pictures} pictures", xlabel="ms an image, one a call",
            ylabel="top-1, %", xlim=(0, 1.3 * max(row.milliseconds for row in points)))
        panel.set_ylim(top=min(100, panel.get_ylim()[1]))
        panel.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(file, dpi=150)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hilo", type=Path, default=Path(".build/release/hilo"))
    parser.add_argument("--output", type=Path, default=Path("out/accuracy"))
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=list(PRECISIONS))
    parser.add_argument("--seconds", type=float, default=2, help="of each measurement of time")
    parser.add_argument("--plot", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    hilo, rows = Command(options.hilo), []
    # The others are compared with f32.
    precisions = ["f32"] + [name for name in options.precisions if name != "f32"]
    for example in [fashion(options.output), digits(options.output)]:
        for precision in precisions:
            rows.append(measure(hilo, example, precision, options.output, options.seconds))
    text = table(rows)
    print(text, end="")
    (options.output / "accuracy.md").write_text(text)
    (options.output / "accuracy.json").write_text(
        json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    if options.plot:
        plot(rows, options.output / "accuracy.png")
    f32 = [row for row in rows if row.precision == "f32"]
    return 0 if len(f32) == 2 and all(row.as_pytorch == 1 for row in f32) else 1


if __name__ == "__main__":
    sys.exit(main())
