"""What PyTorch finds of the test pictures.

    python Examples/fashion/evaluate.py                   how many are right
    python Examples/fashion/evaluate.py --logits FILE     also writes the logits for `hilo accuracy
                                                          --against FILE`, in its order
    python Examples/fashion/evaluate.py --images          writes a few test pictures into images/
    python Examples/fashion/evaluate.py --fixtures DIR    the first thousand pictures with PyTorch's
                                                          answers, for a test
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import dataset
import pictures
from litv2 import Config, LITv2
from write_pictures import png

HELD = 1000
COLUMNS = 40


def load() -> LITv2:
    """The trained network, by the configuration in its checkpoint."""
    checkpoint = torch.load(pictures.HERE / "fashion.pth", weights_only=False)
    model = checkpoint["config"].MODEL
    lit = model.LIT
    network = LITv2(Config(
        embed_dim=lit.EMBED_DIM, depths=lit.DEPTHS, heads=lit.NUM_HEADS, windows=lit.LOCAL_WS,
        has_msa=lit.HAS_MSA, alpha=lit.ALPHA, mlp_ratio=lit.MLP_RATIO, classes=model.NUM_CLASSES))
    network.load_state_dict(checkpoint["model"])
    return network


def in_order(logits: Tensor, names: list[str]) -> np.ndarray:
    """Sorted by the names of the pictures' folders, as `hilo accuracy` goes through them."""
    order = sorted(range(len(names)), key=lambda index: names[index])
    return logits[order].numpy()


def test_logits() -> tuple[Tensor, list[int]]:
    images, labels = pictures.part("test")
    return pictures.evaluate(load(), images), labels.tolist()


def folder_names(labels: list[int]) -> list[str]:
    return [dataset.NAMES[label] for label in labels]


def write_fixtures(folder: Path, logits: Tensor, labels: list[int]) -> None:
    """The pictures as one sheet, COLUMNS in a row; folders of classes are to have their numbers."""
    logits, labels = logits[:HELD], labels[:HELD]
    folder.mkdir(parents=True, exist_ok=True)
    side = dataset.SIDE
    pixels = np.frombuffer(b"".join(dataset.part("test")[0][:HELD]), np.uint8)
    sheet = pixels.reshape(-1, COLUMNS, side, side).transpose(0, 2, 1, 3)
    image = Image.fromarray(sheet.reshape(-1, COLUMNS * side))
    image.save(folder / "pictures.png", optimize=True)
    np.save(folder / "logits.npy", in_order(logits, [str(label) for label in labels]))
    first, second = logits.topk(2).values.T
    summary = {
        "labels": "".join(map(str, labels)), "right": right(logits, labels),
        "smallest_lead": (first - second).min().item()}
    (folder / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")


def write_images() -> None:
    """The first test picture of each class."""
    images, labels = dataset.part("test")
    folder = pictures.HERE / "images"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("test_*.png"):
        old.unlink()
    for label, name in enumerate(dataset.NAMES):
        index = labels.index(label)
        file = folder / f"test_{index:05d}_is_{name.replace(' ', '_')}.png"
        file.write_bytes(png(images[index], dataset.SIDE, dataset.SIDE))


def right(logits: Tensor, labels: list[int]) -> int:
    return (logits.argmax(dim=1) == torch.tensor(labels)).sum().item()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logits", type=Path)
    parser.add_argument("--images", action="store_true")
    parser.add_argument("--fixtures", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    logits, labels = test_logits()
    print(f"PyTorch: {right(logits, labels)} of {len(labels)} test pictures right")
    if options.logits:
        np.save(options.logits, in_order(logits, folder_names(labels)))
    if options.images:
        write_images()
    if options.fixtures:
        write_fixtures(options.fixtures, logits, labels)


if __name__ == "__main__":
    main()
