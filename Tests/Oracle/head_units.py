"""Cases of the single steps between raw outputs and results.

Raw outputs of these cases are seeded too (names `logits` and `deltas`), so that crowded ones cost
nothing to store. Each function yields (manifest entry, tensors).
"""

import base64

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.ops import roi_align

import results
import seeded
from heads import bilinear
from results import Detections, Picture

SURE = 2e-3  # labels are certain where the two best logits differ by more


def bits(flags: np.ndarray) -> str:
    """Row-major, the first in the highest bit of a byte, as base64."""
    return base64.b64encode(np.packbits(flags.astype(bool).ravel()).tobytes()).decode()


def bytes_text(values: np.ndarray) -> str:
    return base64.b64encode(values.astype(np.uint8).tobytes()).decode()


def label_entry(logits: Tensor, labels: np.ndarray) -> dict:
    """The labels of a map, a byte each, and which of them are sure: where nothing is a number, the
    first class is."""
    top = logits.topk(2, dim=0).values
    sure = (top[0] - top[1] > SURE) | logits.isnan().all(dim=0)
    return {"labels": bytes_text(labels), "sure": bits(sure.numpy())}


def result_tensors(found: Detections) -> dict[str, Tensor]:
    """Boxes and scores; nothing where nothing was found."""
    if len(found) == 0:
        return {}
    return {"boxes": found.boxes.float(), "scores": found.scores.float()}


def raw_values(seed: int, name: str, shape, center: float, scale: float) -> Tensor:
    values = seeded.values(seed, name, int(np.prod(shape)), center, scale)
    return torch.from_numpy(values).reshape(shape)


ROIS = [
    (3.3, 5.7, 40.1, 33.9), (0.0, 0.0, 64.0, 48.0), (10.0, 10.0, 10.0, 30.0),
    (10.0, 12.0, 31.0, 12.0), (7.5, 7.5, 7.5, 7.5), (30.0, 20.0, 12.0, 6.0),
    (-40.0, -25.0, 20.0, 12.5), (60.0, 40.0, 200.0, 170.0), (500.0, 500.0, 520.0, 520.0),
    (-700.0, -500.0, 1500.0, 900.0), (20.0, 20.0, 20.001, 20.001), (63.99, 47.99, 64.0, 48.0),
    (1.5, 0.0, 9.25, 800.0), (15.0, 3.0, 43.0, 31.0),
]


def rois():
    for index, (side, stride, height, width) in enumerate(
            ((7, 4, 12, 16), (14, 4, 12, 16), (7, 8, 7, 9), (14, 16, 3, 5), (7, 32, 1, 2))):
        name, seed = f"roi_align_{index}", 700 + index
        maps = seeded.inputs(seed, 1, 3, height, width).double()
        boxes = torch.tensor(ROIS, dtype=torch.float32)
        out = roi_align(maps, [boxes.double()], side, 1 / stride, -1, aligned=True)
        entry = {"id": name, "kind": "roi_align", "seed": seed, "side": side, "stride": stride,
                 "channels": 3, "height": height, "width": width}
        # A side of 14 is sampled: every 5th value.
        step = 1 if side == 7 and index == 0 else 5
        yield entry | {"sample_stride": step}, {
            f"{name}.boxes": boxes, f"{name}.output64": out.flatten()[::step].contiguous()}


def levels():
    sides = [0, 1, 55, 56, 57, 111, 112, 113, 200, 223, 224, 225, 400, 447, 448, 449, 1300, 5000]
    boxes = torch.tensor([(3, 4, 3 + side, 4 + side) for side in sides]
                         + [(0, 0, 14, 224), (0, 0, 28, 448), (5, 5, 900, 5)]).float()
    yield {"id": "roi_levels", "kind": "roi_levels",
           "levels": results.roi_levels(boxes).tolist()}, {"roi_levels.boxes": boxes}


def decoding():
    rng = np.random.default_rng(720)
    corners = rng.uniform(-60, 220, (60, 2, 2))
    boxes = torch.from_numpy(np.concatenate(
        (corners.min(axis=1), corners.max(axis=1)), axis=1)).float()
    deltas = torch.from_numpy(rng.normal(0, 2, (60, 4))).float()
    deltas[50:54, 2:] *= 100
    deltas[54:58, :2] *= 1e6
    boxes[58, 2] = boxes[58, 0]
    for name, stds in (("decode_plain", None), ("decode_stds", results.BOX_STDS)):
        out = results.decode(boxes.double(), deltas.double(), (117, 150), stds)
        yield {"id": name, "kind": "decode", "content": [117, 150],
               "stds": list(stds or (1, 1, 1, 1))}, {
            f"{name}.boxes": boxes, f"{name}.deltas": deltas, f"{name}.output64": out}


def nms_boxes(rng: np.random.Generator, count: int, extent: float, side: float) -> Tensor:
    starts = rng.uniform(0, extent, (count, 2))
    boxes = np.concatenate((starts, starts + rng.uniform(0, side, (count, 2))), axis=1)
    boxes[::11, 2] = boxes[::11, 0]  # empty
    boxes[5::17] = boxes[4::17][: len(boxes[5::17])]  # equal
    boxes[7::19] *= 3
    return torch.from_numpy(boxes).float()


def suppression():
    cases = [("ordinary", 120, 60, 40, 1, 0.5, 100, False),
             ("ties", 150, 40, 40, 3, 0.5, 100, True),
             ("levels", 200, 200, 120, 5, 0.7, 1000, False), ("one", 1, 10, 10, 1, 0.5, 100, False),
             ("capped", 150, 300, 30, 4, 0.7, 20, False),
             ("classes", 300, 300, 150, 80, 0.5, 100, False),
             ("wide_classes", 300, 1334, 900, 80, 0.5, 100, False),
             ("equal_scores", 60, 30, 30, 2, 0.5, 100, None)]
    for index, (label, count, extent, side, groups, threshold, most, ties) in enumerate(cases):
        rng = np.random.default_rng(740 + index)
        name = f"nms_{label}"
        boxes = nms_boxes(rng, count, extent, side) if count > 1 else torch.tensor([[1., 2, 3, 4]])
        scores = torch.from_numpy(rng.uniform(0.05, 1, count)).float()
        if ties is not False:
            scores = (scores * 16).round() / 16 if ties else torch.full_like(scores, 0.25)
        members = torch.from_numpy(rng.integers(0, groups, count))
        kept = results.suppressed(boxes, scores, members, threshold, most)
        yield {"id": name, "kind": "nms", "threshold": threshold, "most": most,
               "groups": members.tolist(), "kept": kept.tolist()}, {
            f"{name}.boxes": boxes, f"{name}.scores": scores}


def pasting():
    boxes = [(3.2, 4.7, 40.9, 33.1), (0, 0, 61, 47), (-20.5, -3.25, 15.5, 70.0),
             (50.2, 40.1, 61.0, 47.0), (10.0, 10.0, 10.6, 40.0), (20.5, 8.0, 20.5, 20.0),
             (7.3, 30.0, 25.0, 30.0), (12.2, 12.2, 12.9, 12.9), (0.0, 0.0, 20.0, 0.0),
             (60.4, 3.0, 61.0, 5.0), (1.0, 1.0, 29.0, 29.0), (61.0, 47.0, 61.0, 47.0),
             (2.0, 3.0, 58.0, 17.0), (-300.0, -200.0, 400.0, 300.0)]
    seed, height, width = 760, 47, 61
    tensor = torch.tensor(boxes, dtype=torch.float32)
    probabilities = raw_values(seed, "input", (len(boxes), 28, 28), 0.5, 0.5)
    masks, close = np.zeros((len(boxes), height, width), dtype=bool), 0
    for mask, box, values in zip(masks, tensor, probabilities):
        results.paste(box, values, mask)
        _, exact = results.paste_values(box.double(), values.double(), height, width)
        close += int((abs(exact - 0.5) < 1e-5).sum())
    assert close == 0, "a pixel lies at the threshold: take another seed"
    yield {"id": "paste", "kind": "paste", "seed": seed, "height": height, "width": width,
           "masks": bits(masks)}, {"paste.boxes": tensor}


def resizes():
    cases = [("nearest", 5, 7, 10, 14), ("nearest", 5, 7, 11, 15), ("nearest", 1, 3, 3, 7),
             ("bilinear", 5, 7, 10, 14), ("bilinear", 51, 3, 203, 11), ("bilinear", 13, 17, 9, 8),
             ("bilinear", 1, 1, 4, 3), ("bilinear", 6, 4, 6, 4), ("bilinear", 3, 8, 1, 19)]
    for index, (kind, height, width, new_height, new_width) in enumerate(cases):
        name, seed = f"resize_{index}", 770 + index
        x = seeded.inputs(seed, 1, 2, height, width).double()
        size = (new_height, new_width)
        out = F.interpolate(x, size=size) if kind == "nearest" else bilinear(x, *size)
        yield {"id": name, "kind": kind, "seed": seed, "channels": 2, "height": height,
               "width": width, "new_height": new_height, "new_width": new_width}, {
            f"{name}.output64": out[0]}


def pyramid_sizes(height: int, width: int, first: int, count: int) -> list[tuple[int, int]]:
    """Of an input that 2^first divides: strided sizes round up, as RetinaNet's last ones do."""
    out = [(height // first, width // first)]
    while len(out) < count:
        out.append(tuple(-(-side // 2) for side in out[-1]))
    return out


def split(values: Tensor, sizes, anchors: int) -> list[Tensor]:
    return list(values.split([height * width * anchors for height, width in sizes]))


# label, input, content, original, classes, center and scale of logits, scale of deltas
RETINA = [
    ("even", (96, 128), (96, 128), (240, 320), 3, -5.0, 2.4, 0.5),
    ("padded", (96, 128), (61, 90), (123, 181), 3, -5.0, 2.3, 1.0),
    ("crowded", (128, 96), (128, 96), (200, 150), 3, -1.0, 4.0, 0.5),
    ("classes", (64, 96), (64, 96), (333, 500), 80, -5.0, 2.1, 0.5),
    ("crowded_classes", (128, 160), (120, 160), (480, 640), 80, -1.0, 3.0, 0.2),
    ("beyond", (64, 192), (50, 190), (50, 190), 3, -5.0, 2.5, 6.0),
    ("nothing", (64, 64), (64, 64), (64, 64), 5, -6.0, 3.0, 0.5),
    ("one_class", (160, 64), (160, 50), (40, 13), 1, -4.0, 3.0, 0.5),
]


def retina():
    for index, case in enumerate(RETINA):
        label, inputs, content, original, classes, center, scale, move = case
        name, seed = f"retina_{label}", 800 + index
        sizes, picture = pyramid_sizes(*inputs, 8, 5), Picture(content, original)
        count = 9 * sum(height * width for height, width in sizes)
        logits = split(raw_values(seed, "logits", (count, classes), center, scale), sizes, 9)
        deltas = split(raw_values(seed, "deltas", (count, 4), 0.0, move), sizes, 9)
        entry = {"id": name, "kind": "retina", "seed": seed, "sizes": sizes, "content": content,
                 "original": original, "classes": classes, "logits": [center, scale],
                 "deltas": [0.0, move], "results": []}
        tensors = {}
        for era in (2, 3):
            found = results.retina_detections(logits, deltas, sizes, picture, era)
            entry["results"].append({"era": era, "labels": found.labels.tolist()})
            tensors |= {f"{name}.era{era}.{key}": value
                        for key, value in result_tensors(found).items()}
        yield entry, tensors


def region_proposals():
    for index, (label, inputs, content, move) in enumerate(
            (("few", (64, 64), (64, 64), 0.5), ("cut", (96, 160), (90, 133), 0.3),
             ("beyond", (128, 64), (101, 43), 3.0))):
        name, seed = f"proposals_{label}", 820 + index
        sizes, picture = pyramid_sizes(*inputs, 4, 5), Picture(content, content)
        count = 3 * sum(height * width for height, width in sizes)
        logits = split(raw_values(seed, "logits", (count,), 0.0, 6.0), sizes, 3)
        deltas = split(raw_values(seed, "deltas", (count, 4), 0.0, move), sizes, 3)
        entry = {"id": name, "kind": "proposals", "seed": seed, "sizes": sizes,
                 "content": content, "logits": [0.0, 6.0], "deltas": [0.0, move], "counts": {}}
        tensors = {}
        for era in (2, 3):
            boxes, scores = results.proposals(logits, deltas, sizes, picture, era)
            entry["counts"][f"era{era}"] = len(scores)
            tensors |= {f"{name}.era{era}.boxes": boxes, f"{name}.era{era}.scores": scores}
        yield entry, tensors


def regions():
    """What the box head's outputs become."""
    for index, (label, count, classes, center, scale, move) in enumerate(
            (("few", 40, 3, 0.0, 2.0, 1.0), ("classes", 120, 80, 0.0, 6.0, 2.0),
             ("crowded", 400, 20, 0.0, 4.0, 1.0), ("nothing", 30, 80, 0.0, 0.5, 1.0))):
        name, seed = f"regions_{label}", 840 + index
        picture = Picture((90, 121), (200, 260))
        rng = np.random.default_rng(seed)
        corners = rng.uniform(0, (121, 90), (count, 2, 2))
        boxes = torch.from_numpy(np.concatenate(
            (corners.min(axis=1), corners.max(axis=1)), axis=1)).float()
        boxes[3, 1::2] = 0  # what counts as padding in era 2
        logits = raw_values(seed, "logits", (count, classes + 1), center, scale)
        deltas = raw_values(seed, "deltas", (count, 4 * classes), 0.0, move)
        entry = {"id": name, "kind": "regions", "seed": seed, "classes": classes,
                 "content": picture.content, "original": picture.original,
                 "logits": [center, scale], "deltas": [0.0, move], "results": []}
        tensors = {f"{name}.boxes": boxes}
        for era in (2, 3):
            found = results.box_detections(boxes, logits, deltas, picture, era)
            entry["results"].append({"era": era, "labels": found.labels.tolist()})
            tensors |= {f"{name}.era{era}.{key}": value
                        for key, value in result_tensors(found).items()}
            if len(found) > 0:
                tensors[f"{name}.era{era}.resized"] = found.resized
        yield entry, tensors


def label_maps():
    for index, (classes, height, width, inputs, original) in enumerate(
            ((5, 13, 9, (51, 34), (77, 50)), (150, 8, 12, (32, 48), (20, 31)),
             (2, 4, 25, (13, 100), (13, 100)))):
        name, seed = f"label_map_{index}", 860 + index
        logits = raw_values(seed, "logits", (1, classes, height, width), 0.0, 3.0)
        resized = results.label_logits(logits, inputs, original)
        yield {"id": name, "kind": "label_map", "seed": seed, "classes": classes, "height": height,
               "width": width, "input": inputs, "original": original, "logits": [0.0, 3.0],
               **label_entry(resized[0], results.label_map(resized))}, {}


def all_units():
    for cases in (rois, levels, decoding, suppression, pasting, resizes, retina, region_proposals,
                  regions, label_maps):
        yield from cases()
