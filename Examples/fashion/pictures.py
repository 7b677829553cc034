"""Fashion-MNIST as the network sees it in PyTorch."""

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

import dataset

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "Tests" / "Oracle"))
sys.path.insert(0, str(HERE.parent))  # training.py

SIDE = 32
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


def resized(pixels: bytes) -> np.ndarray:
    """Grey 32×32; the colours of a grey picture are resized alike."""
    picture = Image.frombytes("L", (dataset.SIDE, dataset.SIDE), pixels)
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def part(name: str) -> tuple[Tensor, Tensor]:
    """Grey pictures N×32×32 in bytes and their classes; `name` is train or test."""
    images, labels = dataset.part(name)
    return torch.from_numpy(np.stack([resized(image) for image in images])), torch.tensor(labels)


def normalised(images: Tensor) -> Tensor:
    """N×32×32 bytes to N×3×32×32."""
    return (images[:, None].expand(-1, 3, -1, -1).float() / 255 - MEAN) / STD


@torch.no_grad()
def evaluate(network: nn.Module, images: Tensor) -> Tensor:
    """The logits of grey pictures."""
    network.eval()
    return torch.cat([network(normalised(part)) for part in images.split(250)])
