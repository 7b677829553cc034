"""What training minimises: the assignments, samples and losses of the authors' recipes."""

import torch
import torch.nn.functional as F
from detectors import proposals, rois
from head_networks import HeadNetwork, Raw
from heads import bilinear
from results import (
    BOX_SIDE, BOX_STDS, LARGEST_LOG_RATIO, MASK_SIDE, proposal_anchors, retina_anchors)
from scenes import GROUND, SIDE, Scene
from torch import Tensor
from torchvision.ops import box_iou, roi_align, sigmoid_focal_loss

BACKGROUND, IGNORED = -1, -2
GROUND_WEIGHT = 0.4  # four fifths of all pixels are ground
PROPOSALS = 256  # of an image, in training
ANCHOR_SAMPLES, ROI_SAMPLES, ROI_POSITIVES = 128, 40, 10


def truths(scene: Scene) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(scene.boxes), torch.from_numpy(scene.labels)


def assigned(boxes: Tensor, objects: Tensor, positive: float, negative: float, least: float):
    """For each box the object it stands for, or BACKGROUND or IGNORED. Each object also takes
    the boxes that overlap it most, if they do by `least`."""
    overlaps = box_iou(boxes, objects)
    largest, owner = overlaps.max(dim=1)
    out = torch.full((len(boxes),), IGNORED)
    out[largest < negative] = BACKGROUND
    out[largest >= positive] = owner[largest >= positive]
    for index, best in enumerate(overlaps.max(dim=0).values):
        if best >= least:
            out[overlaps[:, index] == best] = index
    return out


def encoded(boxes: Tensor, objects: Tensor) -> Tensor:
    """The deltas that turn boxes into objects."""
    sizes, goals = boxes[:, 2:] - boxes[:, :2], objects[:, 2:] - objects[:, :2]
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    moves = ((objects[:, :2] + objects[:, 2:]) / 2 - centres) / sizes
    ratios = (goals / sizes).log().clamp(-LARGEST_LOG_RATIO, LARGEST_LOG_RATIO)
    return torch.cat([moves, ratios], dim=1)


def sampled(candidates: Tensor, count: int) -> Tensor:
    return candidates[torch.randperm(len(candidates))[:count]]


Losses = dict[str, Tensor]


def semantic_loss(net: HeadNetwork, images: Tensor, scenes: list[Scene]) -> Losses:
    goals = torch.stack([torch.from_numpy(scene.label_map) for scene in scenes]).long()
    logits = bilinear(net.raw(images).labels, SIDE, SIDE)
    weights = torch.ones(GROUND + 1)
    weights[GROUND] = GROUND_WEIGHT
    return {"labels": F.cross_entropy(logits, goals, weights)}


def retina_loss(net: HeadNetwork, images: Tensor, scenes: list[Scene]) -> Losses:
    raw = net.raw(images)
    logits, deltas = torch.cat(raw.logits, dim=1), torch.cat(raw.deltas, dim=1)
    anchors = torch.cat(retina_anchors(raw.sizes))
    classes, boxes, positives = 0.0, 0.0, 0
    for index, scene in enumerate(scenes):
        objects, labels = truths(scene)
        owner = assigned(anchors, objects, 0.5, 0.4, 0.0)
        found, counted = owner >= 0, owner != IGNORED
        goals = F.one_hot(torch.where(found, labels[owner.clamp(0)], GROUND), GROUND + 1)
        classes = classes + sigmoid_focal_loss(
            logits[index, counted], goals[counted, :GROUND].float(), reduction="sum")
        wanted = encoded(anchors[found], objects[owner[found]])
        boxes = boxes + (deltas[index, found] - wanted).abs().sum()
        positives += int(found.sum())
    return {"classes": classes / max(positives, 1), "boxes": boxes / max(positives, 1)}


def proposal_loss(raw: Raw, scenes: list[Scene]) -> Losses:
    logits, deltas = torch.cat(raw.logits, dim=1), torch.cat(raw.deltas, dim=1)
    anchors = torch.cat(proposal_anchors(raw.sizes))
    objects_loss, boxes_loss, total = 0.0, 0.0, 0
    for index, scene in enumerate(scenes):
        objects, _ = truths(scene)
        owner = assigned(anchors, objects, 0.7, 0.3, 0.3)
        found = sampled((owner >= 0).nonzero()[:, 0], ANCHOR_SAMPLES // 2)
        rest = sampled(
            (owner == BACKGROUND).nonzero()[:, 0], ANCHOR_SAMPLES - len(found))
        chosen = torch.cat([found, rest])
        objects_loss = objects_loss + F.binary_cross_entropy_with_logits(
            logits[index, chosen], (owner[chosen] >= 0).float(), reduction="sum")
        wanted = encoded(anchors[found], objects[owner[found]])
        boxes_loss = boxes_loss + (deltas[index, found] - wanted).abs().sum()
        total += len(chosen)
    return {"proposals": objects_loss / total, "proposal boxes": boxes_loss / total}


def roi_samples(boxes: Tensor, objects: Tensor) -> tuple[Tensor, Tensor, int]:
    """Sampled boxes, positives first, the objects they stand for, and how many positives."""
    boxes = torch.cat([objects, boxes[:PROPOSALS]])
    owner = assigned(boxes, objects, 0.5, 0.5, 0.5)
    found = sampled((owner >= 0).nonzero()[:, 0], ROI_POSITIVES)
    rest = sampled((owner == BACKGROUND).nonzero()[:, 0], ROI_SAMPLES - len(found))
    chosen = torch.cat([found, rest])
    return boxes[chosen], owner[chosen], len(found)


def mask_rcnn_loss(net: HeadNetwork, images: Tensor, scenes: list[Scene]) -> Losses:
    raw = net.raw(images)
    boxes, labels, deltas, positives, shapes = [], [], [], [], []
    for index, scene in enumerate(scenes):
        objects, classes = truths(scene)
        chosen, owner, count = roi_samples(proposals(raw, index), objects)
        boxes.append(chosen)
        labels.append(torch.where(owner >= 0, classes[owner.clamp(0)], GROUND))
        deltas.append(encoded(chosen[:count], objects[owner[:count]]))
        positives.append(torch.arange(len(chosen)) < count)
        shapes.append(mask_goals(scene, chosen[:count], owner[:count]))
    positive, labels = torch.cat(positives), torch.cat(labels)
    out = proposal_loss(raw, scenes)
    out |= box_loss(net, rois(raw.pyramid, boxes, BOX_SIDE), labels, positive, torch.cat(deltas))
    found = [chosen[which] for chosen, which in zip(boxes, positives)]
    masks = net.roi_head.mask_head(rois(raw.pyramid, found, MASK_SIDE))
    own = masks[torch.arange(len(masks)), labels[positive]]
    return out | {"masks": F.binary_cross_entropy_with_logits(own, torch.cat(shapes))}


def box_loss(net: HeadNetwork, inputs, labels, positive, deltas) -> Losses:
    """`deltas` are those of the positives; the head's have been divided by BOX_STDS."""
    logits, found = net.roi_head.bbox_head(inputs)
    own = found.view(len(found), -1, 4)[positive.nonzero()[:, 0], labels[positive]]
    distance = (own - deltas / torch.tensor(BOX_STDS)).abs().sum() / len(labels)
    return {"classes": F.cross_entropy(logits, labels), "boxes": distance}


def mask_goals(scene: Scene, boxes: Tensor, owner: Tensor) -> Tensor:
    """The objects' masks under the boxes, 28×28."""
    masks = torch.from_numpy(scene.masks[owner.numpy()]).float()[:, None]
    placed = torch.cat([torch.arange(len(boxes))[:, None].float(), boxes], dim=1)
    return (roi_align(masks, placed, 2 * MASK_SIDE, 1.0, -1, aligned=True) >= 0.5).float()[:, 0]


LOSSES = {
    "semantic_fpn": semantic_loss, "retinanet": retina_loss, "mask_rcnn": mask_rcnn_loss}
