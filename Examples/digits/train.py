"""Trains a small LITv2 on scikit-learn's handwritten digits and writes the files of this folder.

    pip install -r Tests/Oracle/requirements.txt
    python Examples/digits/train.py

An image is the 8×8 digit with every pixel repeated 4×4, as a 32×32 PNG would hold it, and then goes
through the evaluation preprocessing of LITv2 (bicubic resize, centre crop, normalisation). The
checkpoint has the form of the authors' training checkpoints, the YAML file that of their configs.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
import yaml
from PIL import Image
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from torch import nn
from yacs.config import CfgNode

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "Tests" / "Oracle"))
sys.path.insert(0, str(HERE.parent))
from litv2 import Config, LITv2, initialise  # noqa: E402
from training import offset_report, optimiser, settings  # noqa: E402

SIDE = 64
RESIZED = int(256 / 224 * SIDE)
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
HELD_OUT = 360
NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
CONFIG = Config(
    embed_dim=12, depths=(1, 1, 2, 1), heads=(1, 2, 4, 8), windows=(0, 0, 2, 1), alpha=0.5,
    classes=10)


def picture(pixels: np.ndarray) -> Image.Image:
    """The 32×32 RGB image of 8×8 values 0…16."""
    grey = ((pixels.astype(np.int64) * 255 + 8) // 16).astype(np.uint8)
    grey = grey.repeat(4, axis=0).repeat(4, axis=1)
    return Image.fromarray(np.stack([grey] * 3, axis=-1), "RGB")


def resized(pixels: np.ndarray) -> torch.Tensor:
    """3×73×73 bytes: what the centre crop (and in training any crop) is cut from."""
    image = picture(pixels).resize((RESIZED, RESIZED), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()


def normalised(images: torch.Tensor) -> torch.Tensor:
    return (images.float() / 255 - MEAN) / STD


def centre_crop(images: torch.Tensor) -> torch.Tensor:
    start = round((RESIZED - SIDE) / 2.0)
    return images[..., start : start + SIDE, start : start + SIDE]


def random_crops(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Each image cropped at its own place: shifts of up to 5 pixels."""
    starts = torch.randint(RESIZED - SIDE + 1, (len(images), 2), generator=generator).tolist()
    return torch.stack([
        image[:, y : y + SIDE, x : x + SIDE] for image, (y, x) in zip(images, starts)])


@torch.no_grad()
def evaluate(network: LITv2, images: torch.Tensor) -> torch.Tensor:
    network.eval()
    return torch.cat([network(part) for part in images.split(60)])


def train(network, images, labels, options, generator):
    """Cosine schedule after a linear warm-up of a tenth; returns what a checkpoint keeps."""
    adamw = optimiser(network, options.rate)
    warm = max(1, options.epochs // 10)
    schedule = torch.optim.lr_scheduler.SequentialLR(
        adamw, [
            torch.optim.lr_scheduler.LinearLR(adamw, 0.1, total_iters=warm),
            torch.optim.lr_scheduler.CosineAnnealingLR(adamw, options.epochs - warm, 1e-5),
        ], milestones=[warm])
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)
    for epoch in range(options.epochs):
        network.train()
        begin, total = time.monotonic(), 0.0
        for part in torch.randperm(len(images), generator=generator).split(64):
            inputs = normalised(random_crops(images[part], generator))
            loss = loss_of(network(inputs), labels[part])
            adamw.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            adamw.step()
            total += loss.item() * len(part)
        schedule.step()
        print(f"epoch {epoch + 1}/{options.epochs}  loss {total / len(images):.4f}  "
              f"{time.monotonic() - begin:.1f} s", flush=True)
    return adamw, schedule


def save_checkpoint(network, adamw, schedule, accuracy, epochs):
    tree = settings(CONFIG, "litv2_digits", SIDE, crop=True)
    torch.save(
        {
            "model": network.state_dict(),
            "optimizer": adamw.state_dict(),
            "lr_scheduler": schedule.state_dict(),
            "max_accuracy": accuracy,
            "epoch": epochs - 1,
            "config": CfgNode(tree),
        }, HERE / "digits.pth")
    text = yaml.safe_dump(tree, sort_keys=False, default_flow_style=None)
    (HERE / "digits.yaml").write_text(text)


def save_samples(pixels, labels, logits):
    """The held-out set with PyTorch's answers, and one PNG for each of six digits."""
    save_file(
        {
            "images": torch.from_numpy(pixels.astype(np.float16)),
            "labels": labels,
            "logits": logits,
            "predictions": logits.argmax(dim=1),
        }, HERE / "held_out.safetensors")
    (HERE / "labels.txt").write_text("".join(name + "\n" for name in NAMES))
    folder = HERE / "images"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("held_out_*.png"):
        old.unlink()
    for digit in [0, 2, 3, 5, 7, 8]:
        index = labels.tolist().index(digit)
        picture(pixels[index]).save(folder / f"held_out_{index:03d}_is_{digit}.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)

    data = load_digits()
    order = np.random.RandomState(0).permutation(len(data.images))
    pixels, labels = data.images[order], torch.from_numpy(data.target[order].astype(np.int64))
    images = torch.stack([resized(image) for image in pixels])
    held_out = normalised(centre_crop(images[:HELD_OUT]))

    network = LITv2(CONFIG)
    initialise(network)
    begin = time.monotonic()
    adamw, schedule = train(network, images[HELD_OUT:], labels[HELD_OUT:], options, generator)
    logits = evaluate(network, held_out)
    right = (logits.argmax(dim=1) == labels[:HELD_OUT]).sum().item()
    accuracy = 100.0 * right / HELD_OUT
    first, second = logits.topk(2).values.T
    print(f"held out: {right} of {HELD_OUT} right, {accuracy:.2f} %; "
          f"smallest lead of a first place {(first - second).min():.4f}; "
          f"trained in {time.monotonic() - begin:.0f} s")
    offset_report(network, lambda: evaluate(network, held_out[:60]))
    save_checkpoint(network, adamw, schedule, accuracy, options.epochs)
    save_samples(pixels[:HELD_OUT], labels[:HELD_OUT], logits)


if __name__ == "__main__":
    main()
