"""Detectors and segmenters of a benchmark: the oracle's networks with outputs that every runtime can give.

All compute the same, and what follows from comparisons is left out or fixed: what a runtime's own
sorting and suppression cost is not what its networks cost. RetinaNet ends with the logits and deltas of all
anchors. Mask R-CNN works on proposals and detections that are constants of the exported network, so
that every peer aligns, classifies and masks the same thousand boxes and hundred masks. Semantic FPN goes
on to the label map of the picture.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.ops import roi_align

import oracle  # noqa: F401
import head_networks
import heads
import results
import seeded
from cases import Case

PROPOSALS, MASKS = 1000, 100
CALIBRATION_SIDE = 256


def network(case: Case, seed: int = 1) -> head_networks.HeadNetwork:
    """The oracle's network with seeded weights, whose last layers are made useful on a small picture."""
    config = head_networks.preset(case.network, case.task, window=case.window)
    side = CALIBRATION_SIDE
    images = seeded.inputs(seed, 1, 3, side, side)
    picture = results.Picture((side, side), (side, side))
    return head_networks.random_network(config, seed, images, picture)[0]


def build(case: Case, seed: int = 1) -> nn.Module:
    return {"detect": Detector, "segment": Segmenter, "instances": Instances}[case.task](
        network(case, seed), case).eval()


class Detector(nn.Module):
    """N×3×H×W to logits, anchors×classes, and deltas, anchors×4, over all levels."""

    def __init__(self, full: head_networks.HeadNetwork, case: Case):
        super().__init__()
        self.full = full

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        logits, deltas = self.full.bbox_head(self.full.neck(self.full.backbone.features(images)[1:]))
        return torch.cat(logits, dim=1), torch.cat(deltas, dim=1)


class Segmenter(nn.Module):
    """N×3×H×W to logits at a quarter of the size and the class of each pixel."""

    def __init__(self, full: head_networks.HeadNetwork, case: Case):
        super().__init__()
        self.full, self.size = full, (case.height, case.width)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        logits = self.full.decode_head(self.full.neck(self.full.backbone.features(images)))
        return logits, heads.bilinear(logits, *self.size).argmax(dim=1).float()


class Instances(nn.Module):
    """N×3×H×W to logits and deltas of the proposals' anchors, then classes, deltas and masks of
    boxes that are the same for every picture, as many of each level as a picture of this size has."""

    def __init__(self, full: head_networks.HeadNetwork, case: Case):
        super().__init__()
        self.full = full
        self.boxes = self.by_level(random_boxes(case, PROPOSALS))
        self.masks = self.by_level(random_boxes(case, MASKS))

    @staticmethod
    def by_level(boxes: Tensor) -> list[Tensor]:
        levels = results.roi_levels(boxes)
        return [boxes[levels == level] for level in range(len(results.ROI_STRIDES))]

    @staticmethod
    def aligned(pyramid: list[Tensor], boxes: list[Tensor], side: int) -> Tensor:
        return torch.cat([
            roi_align(x, [of_level], side, 1 / stride, 0, aligned=True)
            for x, of_level, stride in zip(pyramid, boxes, results.ROI_STRIDES) if len(of_level)])

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        full = self.full
        pyramid = heads.mask_pyramid(full.neck, full.backbone.features(images))
        logits, deltas = full.rpn_head(pyramid)
        classes = full.roi_head.bbox_head(self.aligned(pyramid, self.boxes, results.BOX_SIDE))
        masks = full.roi_head.mask_head(self.aligned(pyramid, self.masks, results.MASK_SIDE))
        return torch.cat(logits, dim=1), torch.cat(deltas, dim=1), *classes, masks


def random_boxes(case: Case, count: int) -> Tensor:
    """Boxes inside the picture whose sides are spread evenly on a logarithmic scale."""
    random = np.random.default_rng(1)
    limits = np.array([case.width, case.height])
    sizes = np.exp(random.uniform(np.log(16), np.log(limits * 0.9), (count, 2)))
    corners = random.uniform(0, limits - sizes)
    return torch.from_numpy(np.hstack([corners, corners + sizes])).float()


def level_sizes(case: Case) -> list[tuple[int, int]]:
    """Of RetinaNet's levels: patches at the border are filled, token merging leaves an odd row or
    column out, and strided convolutions round up."""
    rows, columns = -(-case.height // 4), -(-case.width // 4)
    sizes = [(rows >> stage, columns >> stage) for stage in (1, 2, 3)]
    for _ in range(2):
        rows, columns = sizes[-1]
        sizes.append(((rows + 1) // 2, (columns + 1) // 2))
    return sizes


def boxes(case: Case, outputs: list) -> results.Detections:
    """RetinaNet's detections of what a peer computed for one picture, which fills its input."""
    size = case.height, case.width
    maps = level_sizes(case)
    counts = [9 * rows * columns for rows, columns in maps]
    logits, deltas = (torch.as_tensor(np.asarray(output))[0].split(counts) for output in outputs[:2])
    return results.retina_detections(logits, deltas, maps, results.Picture(size, size), era=3)
