"""Checks the oracle of the heads, against numbers and loops that do not share a line with it.

    python Tests/Oracle/check_heads.py
"""

import json
import math
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import generated_pictures
import pictures
import results
from head_checkpoints import config_of, config_text, checkpoint, model_settings
from head_networks import HeadConfig, HeadNetwork, TINY, preset
from heads import bilinear
from results import Picture

# What the authors' configurations have, S, M and B.
PARAMETERS = {
    "detect": (38_014_252, 59_000_620, 97_139_852),
    "instances": (47_350_056, 68_336_424, 105_894_024),
    "segment": (31_449_486, 52_435_854, 89_993_518),
}
PARTS = [
    ("detect", "neck", 4_474_880, 5_179_392), ("detect", "bbox_head", 6_463_220, 6_463_220),
    ("instances", "neck", 2_729_984, 2_852_864), ("instances", "rpn_head", 593_935, 593_935),
    ("instances", "roi_head.bbox_head", 14_306_705, 14_306_705),
    ("instances", "roi_head.mask_head", 2_643_280, 2_643_280),
    ("segment", "decode_head", 1_643_158, 1_643_158),
]
ROUNDS = 200


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def network(name: str, task: str) -> HeadNetwork:
    with torch.device("meta"):
        return HeadNetwork(preset(name, task))


def check_counts():
    for task, expected in PARAMETERS.items():
        sizes = tuple(count(network(f"litv2-{size}", task)) for size in "smb")
        assert sizes == expected, f"{task}: {sizes}, not {expected}"
    for task, part, small, large in PARTS:
        sizes = tuple(count(network(f"litv2-{size}", task).get_submodule(part)) for size in "sb")
        assert sizes == (small, large), f"{task} {part}: {sizes}"


def conv(name: str, outputs: int, inputs: int, kernel: int, prefix: str = "conv.") -> dict:
    return {f"{name}.{prefix}weight": (outputs, inputs, kernel, kernel),
            f"{name}.{prefix}bias": (outputs,)}


def linear(name: str, outputs: int, inputs: int) -> dict:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def expected_shapes(task: str) -> dict:
    """Names and shapes behind the backbone of LITv2-S, written out."""
    out = {}
    for index, channels in enumerate((192, 384, 768) if task == "detect" else (96, 192, 384, 768)):
        out |= conv(f"neck.lateral_convs.{index}", 256, channels, 1)
        out |= conv(f"neck.fpn_convs.{index}", 256, 256, 3)
    if task == "detect":
        out |= conv("neck.fpn_convs.3", 256, 768, 3) | conv("neck.fpn_convs.4", 256, 256, 3)
        for index in range(4):
            out |= conv(f"bbox_head.cls_convs.{index}", 256, 256, 3)
            out |= conv(f"bbox_head.reg_convs.{index}", 256, 256, 3)
        return out | conv("bbox_head.retina_cls", 720, 256, 3, "") | conv(
            "bbox_head.retina_reg", 36, 256, 3, "")
    if task == "instances":
        out |= conv("rpn_head.rpn_conv", 256, 256, 3, "") | conv("rpn_head.rpn_cls", 3, 256, 1, "")
        out |= conv("rpn_head.rpn_reg", 12, 256, 1, "")
        box, mask = "roi_head.bbox_head.", "roi_head.mask_head."
        out |= linear(box + "shared_fcs.0", 1024, 12544) | linear(box + "shared_fcs.1", 1024, 1024)
        out |= linear(box + "fc_cls", 81, 1024) | linear(box + "fc_reg", 320, 1024)
        for index in range(4):
            out |= conv(f"{mask}convs.{index}", 256, 256, 3)
        return out | conv(mask + "upsample", 256, 256, 2, "") | conv(
            mask + "conv_logits", 80, 256, 1, "")
    for branch, places in enumerate(((0,), (0,), (0, 2), (0, 2, 4))):
        for place in places:
            name = f"decode_head.scale_heads.{branch}.{place}."
            out[name + "conv.weight"] = (128, 256 if place == 0 else 128, 3, 3)
            out |= {f"{name}bn.{kind}": (128,)
                    for kind in ("weight", "bias", "running_mean", "running_var")}
            out[name + "bn.num_batches_tracked"] = ()
    return out | conv("decode_head.conv_seg", 150, 128, 1, "")


def check_names():
    for task in PARAMETERS:
        state = network("litv2-s", task).state_dict()
        found = {name: tuple(tensor.shape) for name, tensor in state.items()
                 if not name.startswith("backbone.")}
        assert found == expected_shapes(task), task
        norms = {name for name in state if name.startswith("backbone.norm")}
        first = 0 if task == "segment" else 1
        assert norms == {f"backbone.norm{stage}.{kind}" for stage in range(first, 4)
                         for kind in ("weight", "bias")}, task


def check_checkpoints():
    """A checkpoint says what network it holds, also where the text must tell."""
    backbone = replace(TINY, windows=(0, 0, 4, 1), alpha=0.3, mlp_ratio=2.0)
    for task in PARAMETERS:
        config = HeadConfig(task, replace(backbone, first_norm=task == "segment"), 7, 12, 20, 24)
        if task != "segment":
            config = replace(config, segment_channels=128)
        if task != "instances":
            config = replace(config, width=1024)
        stored = checkpoint(HeadNetwork(config), "tiny")
        assert config_of(stored) == config, task
        assert stored["meta"]["exp_name"].endswith("_ws_4.py")
        assert model_settings(config_text(config))["backbone"]["local_ws"] == [0, 0, 4, 1]
        assert config_of(stored, window=2).backbone.windows == (0, 0, 2, 1)


# Boxes

def loop_anchors(height, width, stride, scales):
    out = []
    for y in range(height):
        for x in range(width):
            for ratio in (0.5, 1.0, 2.0):
                for scale in scales:
                    w, h = stride * scale / math.sqrt(ratio), stride * scale * math.sqrt(ratio)
                    out.append((x * stride - w / 2, y * stride - h / 2,
                                x * stride + w / 2, y * stride + h / 2))
    return out


def loop_decode(box, delta, content, stds):
    dx, dy, dw, dh = (d * s for d, s in zip(delta, stds))
    limit = abs(math.log(0.016))
    w, h = box[2] - box[0], box[3] - box[1]
    x, y = box[0] + w / 2 + w * dx, box[1] + h / 2 + h * dy
    w *= math.exp(min(max(dw, -limit), limit))
    h *= math.exp(min(max(dh, -limit), limit))
    corners = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
    return [min(max(corner, 0), side) for corner, side in zip(corners, content[::-1] * 2)]


def check_boxes():
    rng = np.random.default_rng(3)
    sizes = [(5, 7), (3, 4), (2, 2), (1, 2), (1, 1)]
    scales = [4 * 2 ** (octave / 3) for octave in range(3)]
    for size, stride, found in zip(sizes, results.RETINA_STRIDES, results.retina_anchors(sizes)):
        np.testing.assert_allclose(found, loop_anchors(*size, stride, scales), rtol=1e-6, atol=1e-4)
    for size, stride, found in zip(sizes, results.PROPOSAL_STRIDES,
                                   results.proposal_anchors(sizes)):
        np.testing.assert_allclose(found, loop_anchors(*size, stride, [8]), rtol=1e-6, atol=1e-4)
    corners = rng.uniform(-50, 200, (500, 2, 2))
    boxes = np.concatenate((corners.min(axis=1), corners.max(axis=1)), axis=1)
    deltas = rng.normal(0, 3, (500, 4))
    for stds in (None, results.BOX_STDS):
        found = results.decode(torch.from_numpy(boxes), torch.from_numpy(deltas), (120, 150), stds)
        expected = [loop_decode(box, delta, (120, 150), stds or (1, 1, 1, 1))
                    for box, delta in zip(boxes, deltas)]
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def overlap(a, b) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    union = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)) - width * height
    return width * height / union if union > 0 else -1.0


def loop_nms(boxes, scores, groups, threshold, most):
    """Indices kept, and the smallest distance of a decision from the threshold."""
    kept, margin = [], 1.0
    for index in sorted(range(len(scores)), key=lambda i: (-scores[i], i)):
        overlaps = [overlap(boxes[index], boxes[other]) for other in kept
                    if groups[index] == groups[other]]
        margin = min([margin] + [abs(value - threshold) for value in overlaps])
        if all(value <= threshold for value in overlaps):
            kept.append(index)
    return kept[:most], margin


def random_boxes(rng: random.Random, number: int) -> list[tuple]:
    """Ordinary, empty, tiny, huge and equal ones; multiples of 1/4, so that float32 is exact."""
    side = rng.choice((4, 30, 200))
    out = []
    for _ in range(number):
        x, y = rng.randrange(0, 4 * 60) / 4, rng.randrange(0, 4 * 60) / 4
        w, h = (rng.randrange(0, 4 * side) / 4 for _ in range(2))
        kind = rng.random()
        if kind < 0.05:
            w = 0.0
        elif kind < 0.1:
            w, h = 0.25, 0.25
        elif kind < 0.13:
            x, y, w, h = 0.0, 0.0, 2000.0, 1500.0
        out.append(out[-1] if out and kind > 0.9 else (x, y, x + w, y + h))
    return out


def check_nms():
    rng = random.Random(4)
    compared = 0
    for _ in range(ROUNDS):
        number = rng.choice((0, 1, 2, 10, 60))
        boxes = random_boxes(rng, number)
        scores = [rng.randrange(1, 20) / 20 for _ in range(number)]  # many are equal
        groups = [rng.randrange(rng.choice((1, 3, 80))) for _ in range(number)]
        threshold, most = rng.choice((0.5, 0.7)), rng.choice((5, 1000))
        expected, margin = loop_nms(boxes, scores, groups, threshold, most)
        # Moved boxes are exact here. Rounding in the quotient may turn what lies at the threshold.
        if 0 < margin < 1e-6:
            continue
        compared += 1
        for split in (0, 10_000):
            results.SPLIT_GROUPS = split
            found = results.suppressed(
                torch.tensor(boxes).reshape(-1, 4), torch.tensor(scores),
                torch.tensor(groups, dtype=torch.int64), threshold, most)
            assert found.tolist() == expected, (found.tolist(), expected)
    results.SPLIT_GROUPS = 10_000
    assert compared > ROUNDS * 0.9, compared


def loop_sample(image, y, x):
    """Bilinear value of a C×H×W map as RoIAlign takes it."""
    height, width = image.shape[1:]
    if y < -1 or y > height or x < -1 or x > width:
        return np.zeros(image.shape[0])
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    top, left = math.floor(y), math.floor(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    t, s = y - top, x - left
    return ((1 - t) * ((1 - s) * image[:, top, left] + s * image[:, top, right])
            + t * ((1 - s) * image[:, bottom, left] + s * image[:, bottom, right]))


def loop_roi(image, box, stride, side):
    x0, y0, x1, y1 = (value / stride - 0.5 for value in box)
    bins = (y1 - y0) / side, (x1 - x0) / side
    grid = [math.ceil(value) for value in bins]
    out = np.zeros((image.shape[0], side, side))
    for py in range(side):
        for px in range(side):
            for iy in range(grid[0]):
                for ix in range(grid[1]):
                    y = y0 + (py + (iy + 0.5) / grid[0]) * bins[0]
                    x = x0 + (px + (ix + 0.5) / grid[1]) * bins[1]
                    out[:, py, px] += loop_sample(image, y, x)
    return out / max(grid[0] * grid[1], 1)


def check_rois():
    rng = random.Random(5)
    torch.manual_seed(5)
    pyramid = [torch.randn(2, *size, dtype=torch.float64)
               for size in ((30, 41), (15, 21), (8, 11), (4, 6))]
    for _ in range(ROUNDS // 4):
        boxes = random_boxes(rng, 4) + [(-30.0, 3.5, 9.0, 500.0), (500.0, 500.0, 600.0, 600.0)]
        side = rng.choice((7, 14))
        boxes = [tuple(value + rng.random() for value in box[:2]) + box[2:]
                 if box[2] - box[0] > 1 and box[3] - box[1] > 1 else box for box in boxes]
        tensor = torch.tensor(boxes, dtype=torch.float64)
        found = results.roi_maps(pyramid, tensor, side)
        for box, maps, level in zip(boxes, found.numpy(), results.roi_levels(tensor).tolist()):
            size = math.sqrt((box[2] - box[0]) * (box[3] - box[1]))
            expected = 0 if size == 0 else math.floor(math.log2(size / 56 + 1e-6))
            assert level == min(max(expected, 0), 3)
            np.testing.assert_allclose(
                maps, loop_roi(pyramid[level].numpy(), box, 4 << level, side),
                rtol=1e-9, atol=1e-12)


def loop_paste(box, probabilities, height, width):
    """The values before the threshold, where the window has pixels, else −1."""
    x0, y0, x1, y1 = box
    out = np.full((height, width), -1.0)
    for row in range(max(math.floor(y0) - 1, 0), min(math.ceil(y1) + 1, height)):
        for column in range(max(math.floor(x0) - 1, 0), min(math.ceil(x1) + 1, width)):
            place = []
            for pixel, start, end in ((row, y0, y1), (column, x0, x1)):
                distance = pixel + 0.5 - start
                # An infinite quotient counts as the middle, 0/0 lies nowhere.
                u = (2 * distance / (end - start) - 1 if end != start
                     else 0.0 if distance != 0 else math.nan)
                place.append(((u + 1) * 28 - 1) / 2)
            if any(math.isnan(value) for value in place):
                continue
            top, left = (math.floor(value) for value in place)
            total = 0.0
            for y in (top, top + 1):
                for x in (left, left + 1):
                    if 0 <= y < 28 and 0 <= x < 28:
                        total += ((1 - abs(place[0] - y)) * (1 - abs(place[1] - x))
                                  * probabilities[y, x])
            out[row, column] = total
    return out


def check_paste():
    rng = random.Random(6)
    torch.manual_seed(6)
    ordinary = 0
    for _ in range(ROUNDS):
        height, width = rng.randrange(1, 60), rng.randrange(1, 60)
        box = [value / rng.choice((1, 3.3)) for value in random_boxes(rng, 1)[0]]
        probabilities = torch.rand(28, 28, dtype=torch.float64)
        mask = np.zeros((height, width), dtype=bool)
        results.paste(torch.tensor(box, dtype=torch.float64), probabilities, mask)
        values = loop_paste(box, probabilities.numpy(), height, width)
        sure = abs(values - 0.5) > 1e-9
        assert ((values >= 0.5) == mask)[sure].all(), box
        ordinary += mask.any()
    assert ordinary > ROUNDS / 4


# Maps and pictures

def check_resizes():
    """PyTorch's rules for maps are those that the C follows."""
    for size in range(1, 90):
        for new in (2 * size, 2 * size + 1):
            source = F.interpolate(torch.arange(size).float()[None, None], size=new)[0, 0]
            assert source.tolist() == [index * size // new for index in range(new)]
    torch.manual_seed(7)
    for height, width, new_height, new_width in ((5, 7, 10, 14), (3, 9, 17, 4), (1, 1, 3, 2)):
        x = torch.randn(height, width, dtype=torch.float64)
        found = bilinear(x[None, None], new_height, new_width)[0, 0].numpy()
        for row in range(new_height):
            for column in range(new_width):
                y = max(0, (row + 0.5) * height / new_height - 0.5)
                z = max(0, (column + 0.5) * width / new_width - 0.5)
                expected = loop_sample(x[None].numpy(), y, z)[0]
                assert abs(found[row, column] - expected) < 1e-12


def check_pictures():
    """Resize and normalising, against what OpenCV gave; and the sizes."""
    folder = Path(__file__).resolve().parents[1] / "Fixtures" / "detector_preprocess"
    bytes_once = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, axis=2)
    expected = np.fromfile(folder / "normalised.f32", "<f4").reshape(3, 256)
    assert (pictures.normalised(bytes_once)[0, :, 0] == expected).all()
    stored = json.loads((folder / "cases.json").read_text())
    for case in stored["cases"]:
        if case["picture"] != "noise":
            continue
        pixels = generated_pictures.picture("noise", case["width"], case["height"])
        found = pictures.resized(pixels, case["newHeight"], case["newWidth"])
        assert generated_pictures.fnv1a(found.tobytes()) == case["fnv1a"], case
    for width, height, new_width, new_height in stored["sizes"]:
        assert pictures.fitted(height, width, "coco") == (new_height, new_width)
    pixels = np.zeros((480, 640, 3), np.uint8)
    images, content = pictures.prepared(pixels, "coco")
    assert images.shape == (1, 3, 800, 1088) and content == (800, 1067)
    assert (images[..., 1067:] == 0).all() and (images[..., :1067] < -1).all()
    assert pictures.prepared(pixels, "ade20k")[0].shape == (1, 3, 512, 683)


def check_eras():
    """Where nothing is cut, both eras find the same but for empty boxes."""
    torch.manual_seed(8)
    sizes = [(9, 12), (5, 6), (3, 3), (2, 2), (1, 1)]
    logits = [torch.randn(h * w * 9, 4) * 1.3 - 5.7 for h, w in sizes]
    deltas = [torch.randn(h * w * 9, 4) * 0.3 for h, w in sizes]
    picture = Picture((72, 96), (150, 130))
    old, new = (results.retina_detections(logits, deltas, sizes, picture, era) for era in (2, 3))
    whole = results.positive_size(old.boxes)
    assert 20 < len(new) < len(old) < 100 and torch.equal(old.labels[whole], new.labels)
    np.testing.assert_allclose(old.boxes[whole], new.boxes, rtol=1e-5, atol=1e-4)


def main():
    torch.set_num_threads(1)
    for check in (check_counts, check_names, check_checkpoints, check_boxes, check_nms, check_rois,
                  check_paste, check_resizes, check_pictures, check_eras):
        check()
        print(check.__name__.replace("_", " "), "ok", flush=True)


if __name__ == "__main__":
    main()
