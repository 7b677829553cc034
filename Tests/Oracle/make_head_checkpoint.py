"""Writes a checkpoint of Semantic FPN, RetinaNet or Mask R-CNN in the authors' form, with random
weights under which the network finds something.

    python Tests/Oracle/make_head_checkpoint.py --task detect --preset litv2-s --classes 80 \\
        --seed 1 --output X.pth [--window 4] [--input X.npy --content HxW]

The last layers are adapted to one input: seeded noise of 224×320, or the given one, N×3×H×W.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

import seeded
from head_checkpoints import checkpoint
from head_networks import TASKS, preset, random_network
from litv2 import PRESETS
from results import Picture


def size(text: str) -> tuple[int, int]:
    height, width = text.lower().split("x")
    return int(height), int(width)


def read_images(path: Path) -> torch.Tensor:
    """N×3×H×W or 3×H×W in a file to N×3×H×W."""
    images = torch.from_numpy(np.load(path)).float()
    return images if images.dim() == 4 else images[None]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", choices=TASKS, required=True)
    parser.add_argument("--preset", choices=[*PRESETS, "tiny"], required=True)
    parser.add_argument("--classes", type=int)
    parser.add_argument("--window", type=int, help="of stage 3; 2 if not given")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--input", type=Path, help="what the last layers are adapted to")
    parser.add_argument("--content", type=size)
    parser.add_argument("--output", type=Path, required=True)
    return parser.parse_args()


def main():
    options = arguments()
    config = preset(options.preset, options.task, options.classes, options.window)
    if options.input is not None:
        images = read_images(options.input)
    else:
        images = seeded.inputs(options.seed, 1, 3, 224, 320)
    content = options.content or tuple(images.shape[-2:])
    network, _ = random_network(config, options.seed, images, Picture(content, content))
    torch.save(checkpoint(network, options.preset), options.output)
    count = sum(parameter.numel() for parameter in network.parameters())
    print(f"{options.output}: {config.task}, {options.preset}, {config.classes} classes, "
          f"{count:,} parameters")


if __name__ == "__main__":
    main()
