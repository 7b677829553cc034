"""From raw outputs to boxes, masks and label maps, as mmdetection 2.11 (era 2) and 3.2 (era 3) and
mmsegmentation 0.13 do it.

Everything stays in the precision of the raw outputs. Where their order among equal scores is left
to chance, the lower index in the list of candidates comes first. Boxes are x0, y0, x1, y1.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.ops import nms, roi_align

from heads import bilinear

SCORE = 0.05
BOX_NMS, PROPOSAL_NMS = 0.5, 0.7
MOST_PRE, MOST_PROPOSALS, MOST_BOXES = 1000, 1000, 100
LARGEST_LOG_RATIO = abs(math.log(16 / 1000))
RETINA_STRIDES, PROPOSAL_STRIDES = (8, 16, 32, 64, 128), (4, 8, 16, 32, 64)
ROI_STRIDES = (4, 8, 16, 32)
BOX_STDS = (0.1, 0.1, 0.2, 0.2)
BOX_SIDE, MASK_SIDE = 7, 14
SPLIT_GROUPS = 10_000  # from so many candidates on, groups are suppressed one after another


@dataclass(frozen=True)
class Picture:
    """One image: the size of the picture inside the padded input and of the original, (h, w)."""

    content: tuple[int, int]
    original: tuple[int, int]

    @property
    def ratios(self) -> list[float]:
        """x and y, x and y: resized over original."""
        x, y = (self.content[axis] / self.original[axis] for axis in (1, 0))
        return [x, y, x, y]


@dataclass
class Detections:
    """By falling score; `resized` are the boxes on which masks are computed."""

    boxes: Tensor
    scores: Tensor
    labels: Tensor
    resized: Tensor | None = None

    def __len__(self) -> int:
        return self.boxes.shape[0]


def scale_tensor(values: list[float], like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=torch.float32).to(like.dtype)


# Anchors and boxes

def base_anchors(stride: int, scales: list[float], dtype=torch.float32) -> Tensor:
    """The anchors of cell (0, 0), ratio after ratio; without rounding."""
    heights = torch.tensor((0.5, 1.0, 2.0), dtype=torch.float32).sqrt()
    widths = 1 / heights
    sides = torch.tensor(scales, dtype=torch.float32)
    w = (stride * widths[:, None] * sides[None, :]).flatten()
    h = (stride * heights[:, None] * sides[None, :]).flatten()
    return torch.stack((-0.5 * w, -0.5 * h, 0.5 * w, 0.5 * h), dim=1).to(dtype)


def anchors(height: int, width: int, stride: int, scales: list[float], dtype=torch.float32):
    """(height·width·anchors)×4, by row, column, anchor."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    shifts = torch.stack((x, y, x, y), dim=-1).reshape(-1, 1, 4) * stride
    return (base_anchors(stride, scales, dtype) + shifts.to(dtype)).reshape(-1, 4)


def retina_anchors(sizes: list[tuple[int, int]], dtype=torch.float32) -> list[Tensor]:
    scales = [4 * 2 ** (octave / 3) for octave in range(3)]
    return [anchors(*size, stride, scales, dtype) for size, stride in zip(sizes, RETINA_STRIDES)]


def proposal_anchors(sizes: list[tuple[int, int]], dtype=torch.float32) -> list[Tensor]:
    return [anchors(*size, stride, [8.0], dtype) for size, stride in zip(sizes, PROPOSAL_STRIDES)]


def decode(boxes: Tensor, deltas: Tensor, content: tuple[int, int], stds=None) -> Tensor:
    """…×4 boxes moved and scaled by …×4 deltas and clipped to the content."""
    if stds is not None:
        deltas = deltas * scale_tensor(list(stds), deltas)
    d_xy, d_wh = deltas[..., :2], deltas[..., 2:].clamp(-LARGEST_LOG_RATIO, LARGEST_LOG_RATIO)
    centers, sizes = (boxes[..., :2] + boxes[..., 2:]) * 0.5, boxes[..., 2:] - boxes[..., :2]
    centers, halves = centers + sizes * d_xy, sizes * d_wh.exp() * 0.5
    corners = torch.cat((centers - halves, centers + halves), dim=-1)
    height, width = content
    limit = torch.tensor((width, height, width, height), dtype=corners.dtype)
    return corners.clamp(min=0).minimum(limit)


def positive_size(boxes: Tensor) -> Tensor:
    return (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])


# Selection

def best(scores: Tensor, count: int) -> Tensor:
    """The indices of the best scores, falling; the lower index first among equals."""
    return scores.sort(descending=True, stable=True).indices[:count]


def suppressed(boxes: Tensor, scores: Tensor, groups: Tensor, threshold: float, count: int):
    """Indices of what remains of every group, by falling score, at most `count`.

    Groups are moved apart in the boxes' own precision, so that coordinates round as theirs do.
    """
    if len(scores) == 0:
        return torch.zeros(0, dtype=torch.int64)
    moved = boxes + (groups.to(boxes) * (boxes.max() + 1))[:, None]
    if len(scores) < SPLIT_GROUPS:
        return nms(moved, scores, threshold)[:count]
    kept = torch.zeros(len(scores), dtype=torch.bool)
    for group in groups.unique():
        members = (groups == group).nonzero()[:, 0]
        kept[members[nms(moved[members], scores[members], threshold)]] = True
    indices = kept.nonzero()[:, 0]
    return indices[best(scores[indices], count)]


def taken(boxes: Tensor, scores: Tensor, labels: Tensor) -> Detections:
    kept = suppressed(boxes, scores, labels, BOX_NMS, MOST_BOXES)
    return Detections(boxes[kept], scores[kept], labels[kept])


def above(boxes: Tensor, scores: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """K×4 or K×classes×4 boxes and K×classes scores to the pairs above the threshold, by box and
    class."""
    places, labels = (scores > SCORE).nonzero(as_tuple=True)
    chosen = boxes[places] if boxes.dim() == 2 else boxes[places, labels]
    return chosen, scores[places, labels], labels


# RetinaNet

def retina_candidates(logits, deltas, sizes, picture: Picture, era: int):
    """Boxes in the original, scores and labels, before suppression. Levels as lists."""
    levels = zip(logits, deltas, retina_anchors(sizes, logits[0].dtype))
    choose = _retina_level_2 if era == 2 else _retina_level_3
    parts = [choose(*level, picture) for level in levels]
    boxes, scores, labels = (torch.cat(part) for part in zip(*parts))
    if era == 2:
        return boxes / scale_tensor(picture.ratios, boxes), scores, labels
    boxes = boxes * scale_tensor([1 / ratio for ratio in picture.ratios], boxes)
    whole = positive_size(boxes)
    return boxes[whole], scores[whole], labels[whole]


def _retina_level_2(logits, deltas, level_anchors, picture):
    """The best anchors, each with all its classes."""
    scores = logits.sigmoid()
    if len(scores) > MOST_PRE:
        chosen = best(scores.max(dim=1).values, MOST_PRE)
        scores, deltas, level_anchors = scores[chosen], deltas[chosen], level_anchors[chosen]
    return above(decode(level_anchors, deltas, picture.content), scores)


def _retina_level_3(logits, deltas, level_anchors, picture):
    """The best pairs of anchor and class."""
    scores = logits.sigmoid()
    places, labels = (scores > SCORE).nonzero(as_tuple=True)
    scores = scores[places, labels]
    chosen = best(scores, MOST_PRE)
    places, labels = places[chosen], labels[chosen]
    return decode(level_anchors[places], deltas[places], picture.content), scores[chosen], labels


def retina_detections(logits, deltas, sizes, picture: Picture, era: int) -> Detections:
    return taken(*retina_candidates(logits, deltas, sizes, picture, era))


# Mask R-CNN

def proposals(logits, deltas, sizes, picture: Picture, era: int) -> tuple[Tensor, Tensor]:
    """n×4 boxes of the resized picture by falling score, and the scores."""
    boxes, scores, levels = [], [], []
    each = zip(logits, deltas, proposal_anchors(sizes, logits[0].dtype))
    for level, (level_logits, level_deltas, level_anchors) in enumerate(each):
        level_scores = level_logits.sigmoid()
        if len(level_scores) > MOST_PRE:
            chosen = best(level_scores, MOST_PRE)
            level_scores, level_deltas = level_scores[chosen], level_deltas[chosen]
            level_anchors = level_anchors[chosen]
        boxes.append(decode(level_anchors, level_deltas, picture.content))
        scores.append(level_scores)
        levels.append(torch.full((len(level_scores),), level))
    boxes, scores, levels = torch.cat(boxes), torch.cat(scores), torch.cat(levels)
    if era == 3:
        whole = positive_size(boxes)
        boxes, scores, levels = boxes[whole], scores[whole], levels[whole]
    kept = suppressed(boxes, scores, levels, PROPOSAL_NMS, MOST_PROPOSALS)
    return boxes[kept], scores[kept]


def roi_levels(boxes: Tensor) -> Tensor:
    side = ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).sqrt()
    return (side / 56 + 1e-6).log2().floor().clamp(0, len(ROI_STRIDES) - 1).long()


def roi_maps(pyramid: list[Tensor], boxes: Tensor, side: int) -> Tensor:
    """One image's levels, C×H×W, to K×C×side×side, each box from its own level."""
    out = boxes.new_zeros(len(boxes), pyramid[0].shape[0], side, side)
    levels = roi_levels(boxes)
    for level, stride in enumerate(ROI_STRIDES):
        members = (levels == level).nonzero()[:, 0]
        if len(members) > 0:
            out[members] = roi_align(
                pyramid[level][None], [boxes[members]], side, 1 / stride, -1, aligned=True)
    return out


def box_detections(rois, logits, deltas, picture: Picture, era: int) -> Detections:
    """Detections of the box head's raw outputs, `resized` included."""
    classes = deltas.shape[1] // 4
    deltas = deltas.view(-1, classes, 4)
    if era == 2:
        padding = rois[:, 3] == 0
        logits, deltas = logits.clone(), deltas.clone()
        logits[padding], deltas[padding] = 0, 0
    scores = logits.softmax(dim=1)[:, :classes]
    boxes = decode(rois[:, None].expand(-1, classes, 4), deltas, picture.content, BOX_STDS)
    scale = scale_tensor(picture.ratios, boxes)
    if era == 2:
        found = taken(*above(boxes / scale, scores))
        found.resized = found.boxes * scale
    else:
        found = taken(*above(boxes, scores))
        found.resized = found.boxes
        found.boxes = found.resized / scale
    return found


def own_class(mask_logits: Tensor, labels: Tensor) -> Tensor:
    """K×classes×28×28 to K×28×28."""
    return mask_logits[torch.arange(len(labels)), labels]


def masks(found: Detections, mask_logits: Tensor, picture: Picture, era: int) -> np.ndarray:
    """K×h×w of the original, bool. In era 2 a box that ends at y = 0 has no mask."""
    height, width = picture.original
    out = np.zeros((len(found), height, width), dtype=bool)
    boxes = found.resized / scale_tensor(picture.ratios, found.boxes)
    for index, (box, logits) in enumerate(zip(boxes, mask_logits)):
        if era == 3 or found.resized[index, 3] != 0:
            paste(box, logits.sigmoid(), out[index])
    return out


def paste(box: Tensor, probabilities: Tensor, mask: np.ndarray) -> None:
    """Sets the mask's pixels, h×w, where the box's probabilities, 28×28, reach one half."""
    window, values = paste_values(box, probabilities, *mask.shape)
    mask[window] = values >= 0.5


def paste_values(box: Tensor, probabilities: Tensor, height: int, width: int):
    """The window of an h×w image that a box reaches, as slices, and the probabilities in it."""
    x0, y0, x1, y1 = box.tolist()
    left, top = max(math.floor(x0) - 1, 0), max(math.floor(y0) - 1, 0)
    right = max(min(math.ceil(x1) + 1, width), left)
    bottom = max(min(math.ceil(y1) + 1, height), top)
    window = slice(top, bottom), slice(left, right)
    if left == right or top == bottom:
        return window, np.zeros((bottom - top, right - left))
    u = _normalised(torch.arange(left, right).to(box) + 0.5, box[0], box[2])
    v = _normalised(torch.arange(top, bottom).to(box) + 0.5, box[1], box[3])
    grid = torch.stack(torch.meshgrid(u, v, indexing="xy"), dim=-1)[None]
    values = F.grid_sample(probabilities[None, None], grid, align_corners=False)[0, 0]
    return window, values.numpy()


def _normalised(pixels: Tensor, start: Tensor, end: Tensor) -> Tensor:
    out = (pixels - start) / (end - start) * 2 - 1
    return torch.where(out.isinf(), torch.zeros_like(out), out)


# Semantic FPN

def label_logits(logits: Tensor, inputs: tuple[int, int], original: tuple[int, int]) -> Tensor:
    """1×classes×H/4×W/4 to 1×classes×h×w: first to the input's size, then to the original's."""
    return bilinear(bilinear(logits, *inputs), *original)


def label_map(logits: Tensor) -> np.ndarray:
    """1×classes×h×w to h×w, int32; the lower class among equals."""
    return logits.softmax(dim=1)[0].numpy().argmax(axis=0).astype(np.int32)
