"""The three networks on one small LITv2, put together from the modules of Tests/Oracle."""

import sys
from pathlib import Path

import numpy as np
import torch
from scenes import NAMES, SIDE
from torch import Tensor
from torchvision.ops import roi_align

EXAMPLES = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(EXAMPLES.parent / "Tests" / "Oracle"), str(EXAMPLES)]  # and training.py
import results  # noqa: E402
from head_networks import Found, HeadConfig, HeadNetwork, Raw  # noqa: E402
from litv2 import Config  # noqa: E402

BACKBONE = Config(
    embed_dim=16, depths=(1, 1, 2, 1), heads=(1, 2, 4, 8), windows=(0, 0, 2, 1), alpha=0.9)
PYRAMID = 32  # channels of the pyramid and of what lies on it
DECODER = 48  # channels of the segmentation head
HIDDEN = 128  # width of the box head's layers
KINDS = {"semantic_fpn": "segment", "retinanet": "detect", "mask_rcnn": "instances"}
MEAN = torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1)
STD = torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)
ERA = 3  # of mmdetection
PICTURE = results.Picture((SIDE, SIDE), (SIDE, SIDE))


def classes(task: str) -> list[str]:
    """Label maps have a last class for what is no item."""
    return NAMES + ["ground"] * (task == "semantic_fpn")


def network(task: str) -> HeadNetwork:
    backbone = Config(**(vars(BACKBONE) | {"first_norm": task == "semantic_fpn"}))
    return HeadNetwork(
        HeadConfig(KINDS[task], backbone, len(classes(task)), PYRAMID, DECODER, HIDDEN))


def normalised(images: list[np.ndarray]) -> Tensor:
    batch = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    return (batch.float() - MEAN) / STD


@torch.no_grad()
def found(net: HeadNetwork, image: np.ndarray) -> Found:
    return net.results(net.raw(normalised([image])), 0, (SIDE, SIDE), PICTURE, ERA)


@torch.no_grad()
def proposals(raw: Raw, index: int) -> Tensor:
    """Boxes for the RoI heads, best first."""
    return results.proposals(*raw.image(index), raw.sizes, PICTURE, ERA)[0]


def rois(pyramid: list[Tensor], boxes: list[Tensor], side: int) -> Tensor:
    """What lies under a batch's boxes, image after image, each from the level of its size."""
    images = torch.cat([torch.full((len(b), 1), float(i)) for i, b in enumerate(boxes)])
    placed = torch.cat([images, torch.cat(boxes)], dim=1)
    levels = results.roi_levels(placed[:, 1:])
    parts, places = [], []
    for level, stride in enumerate(results.ROI_STRIDES):
        members = (levels == level).nonzero()[:, 0]
        places.append(members)
        parts.append(
            roi_align(pyramid[level], placed[members], side, 1 / stride, -1, aligned=True))
    return torch.cat(parts)[torch.cat(places).argsort()]
