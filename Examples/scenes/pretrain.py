"""Trains the backbone as a classifier of single items, as the authors' begin with ImageNet's.

An input is 64×64: an item, wherever it has room, on textured ground.
"""

import numpy as np
import torch
import torch.nn.functional as F
from detectors import BACKBONE, normalised
from litv2 import LITv2
from schedule import rate_at
from scenes import NAMES, SIDE, ground, item
from torch import nn

HALF = SIDE // 2


def classifier() -> LITv2:
    net = LITv2(BACKBONE)
    net.head = nn.Linear(BACKBONE.channels(3), len(NAMES))
    return net


def singles(seed: int, index: int, part: str = "train") -> tuple[list[np.ndarray], list[int]]:
    """The quarters of a ground, an item in each."""
    random = np.random.default_rng([seed, index])
    texture = ground(random)
    images, labels = [], []
    for y, x in [(0, 0), (0, HALF), (HALF, 0), (HALF, HALF)]:
        image = texture[y : y + HALF, x : x + HALF]
        colours, coverage, label = item(random, part)
        colours, coverage = colours[:HALF, :HALF], coverage[:HALF, :HALF, None]
        height, width = coverage.shape[:2]
        top, left = random.integers(HALF - height + 1), random.integers(HALF - width + 1)
        place = np.s_[top : top + height, left : left + width]
        image[place] = (image[place] * (256 - coverage) + colours * coverage) >> 8
        image += random.integers(-4, 5, image.shape)
        images.append(np.clip(image, 0, 255).astype(np.uint8))
        labels.append(label)
    return images, labels


def pretrained(net: LITv2, options, adamw: torch.optim.Optimizer, clock) -> None:
    """Trains a classifier; `options` are those of train.py."""
    net.train()
    step, right, total = 0, [], []
    while (progress := clock.progress()) < 1:
        for group in adamw.param_groups:
            group["lr"] = options.rate * rate_at(progress, step)
        parts = [singles(options.seed, step * options.batch + i) for i in range(options.batch)]
        labels = torch.tensor([label for _, part in parts for label in part])
        logits = net(normalised([image for part, _ in parts for image in part]))
        loss = F.cross_entropy(logits, labels)
        adamw.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), options.clip)
        adamw.step()
        step += 1
        total.append(loss.item())
        right.append((logits.argmax(1) == labels).float().mean().item())
        if step % 100 == 0:
            print(f"items: step {step}  {progress:.1%}  loss {np.mean(total):.3f}  "
                  f"right {np.mean(right):.3f}", flush=True)
            right, total = [], []
