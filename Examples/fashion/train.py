"""Trains a small LITv2 on Fashion-MNIST and writes the checkpoint and the settings of this folder.

    pip install -r Tests/Oracle/requirements.txt
    scripts/setup fashion
    python Examples/fashion/train.py

A picture is resized from 28×28 to the network's 32×32 pixels as the library does it. In training it
is also shifted and mirrored at random. The checkpoint has the form of the authors' checkpoints but
for the optimiser's state, which would be twice as large as the weights. Training stops by the
clock, so that no two runs give the same weights.
"""

import argparse
import math
import time

import torch
import torch.nn.functional as F
import yaml
from torch import Tensor, nn
from yacs.config import CfgNode

import pictures
import quick
from pictures import HERE, SIDE, evaluate, normalised
from litv2 import Config, LITv2
from training import offset_report, optimiser, settings

CONFIG = Config(
    embed_dim=32, depths=(1, 1, 2), heads=(1, 2, 4), windows=(0, 0, 2), has_msa=(0, 0, 1),
    alpha=0.5, classes=10)
SHIFT = 1
MOVING = 0.25  # the last part of the time, in which token merging learns its offsets
WARM = 400  # steps


def initialise(network: LITv2) -> None:
    """Offsets begin at zero. All else begins as PyTorch has it, by the number of inputs: the
    authors' small normal weights are for wider layers, and these would take longer with them."""
    for name, module in network.named_modules():
        if name.endswith("conv_offset"):
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)


def varied(images: Tensor, generator: torch.Generator) -> Tensor:
    """Every picture at a place of its own, up to SHIFT pixels away, half of them mirrored."""
    count = len(images)
    padded = F.pad(images, (SHIFT, SHIFT, SHIFT, SHIFT))
    starts = torch.randint(2 * SHIFT + 1, (2, count, 1), generator=generator)
    rows, columns = starts + torch.arange(SIDE)
    mirrored = torch.rand((count, 1), generator=generator) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns)
    return padded[torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]


class Clock:
    """How much of the time for training has passed."""

    def __init__(self, minutes: float):
        self.begin, self.seconds = time.monotonic(), 60 * minutes

    @property
    def progress(self) -> float:
        return min(1.0, (time.monotonic() - self.begin) / self.seconds)


def set_rate(adamw: torch.optim.AdamW, highest: float, step: int, progress: float) -> None:
    """A linear warm-up by steps, and a cosine by time."""
    rate = highest * min(1.0, (step + 1) / WARM) * (1 + math.cos(math.pi * progress)) / 2
    for group in adamw.param_groups:
        group["lr"] = rate


def train(network: LITv2, options: argparse.Namespace) -> None:
    """Until the time is over; saves the weights after every epoch and at the end."""
    generator = torch.Generator().manual_seed(0)
    images, labels = pictures.part("train")
    adamw, loss_of = optimiser(network, options.rate, fused=True), nn.CrossEntropyLoss(label_smoothing=0.1)
    clock, step, epoch = Clock(options.minutes), 0, 0
    network.train()
    while clock.progress < 1:
        losses = []
        for part in torch.randperm(len(images), generator=generator).split(options.batch):
            if clock.progress >= 1 - MOVING:
                quick.move_samples(network)
            set_rate(adamw, options.rate, step, clock.progress)
            loss = loss_of(network(normalised(varied(images[part], generator))), labels[part])
            adamw.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            adamw.step()
            losses.append(loss.item())
            step += 1
            if clock.progress >= 1:
                break
        epoch += 1
        print(f"epoch {epoch}  loss {sum(losses) / len(losses):.4f}  {step} steps  "
              f"{100 * clock.progress:.0f} % of the time", flush=True)
        save(network, epoch - 1)


def save(network: LITv2, epoch: int) -> None:
    tree = settings(CONFIG, "litv2_fashion", SIDE, crop=False)
    torch.save(
        {"model": network.state_dict(), "epoch": epoch, "config": CfgNode(tree)},
        HERE / "fashion.pth")
    text = yaml.safe_dump(tree, sort_keys=False, default_flow_style=None)
    (HERE / "fashion.yaml").write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=24)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    trained = LITv2(CONFIG)
    initialise(trained)
    quick.quicken(trained)
    begin = time.monotonic()
    train(trained, options)
    network = LITv2(CONFIG)
    network.load_state_dict(trained.state_dict())
    images, labels = pictures.part("test")
    right = (evaluate(network, images).argmax(dim=1) == labels).sum().item()
    print(f"{right} of {len(labels)} test pictures right, {100 * right / len(labels):.2f} %; "
          f"trained in {time.monotonic() - begin:.0f} s")
    offset_report(network, lambda: evaluate(network, images[:100]))


if __name__ == "__main__":
    main()
