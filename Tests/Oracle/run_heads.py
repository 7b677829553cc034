"""Runs a checkpoint of Semantic FPN, RetinaNet or Mask R-CNN in PyTorch on a normalised input.

    python Tests/Oracle/run_heads.py --checkpoint X.pth --task detect|instances|segment \\
        --input X.npy --content HxW --original HxW --era 3 --output OUT

X.npy is N×3×H×W or 3×H×W, normalised and padded; content is the picture's size in it, original the
size that results refer to. Writes OUT/detections.json or OUT/labels.npy and the raw outputs as
.npy; with several images their files lie in OUT/0, OUT/1 …, and detections.json holds all.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from pycocotools import mask as coco_mask
from torch import Tensor

from head_checkpoints import load
from head_networks import TASKS, Found
from make_head_checkpoint import read_images, size
from results import Picture


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--task", choices=TASKS, help="checked against the checkpoint")
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--content", type=size, help="the whole input if not given")
    parser.add_argument("--original", type=size, help="the content if not given")
    parser.add_argument("--era", type=int, choices=(2, 3), default=3)
    parser.add_argument("--window", type=int, help="of stage 3, instead of the checkpoint's")
    parser.add_argument("--image-id", type=int, default=0, help="of the first image")
    parser.add_argument("--double", action="store_true", help="compute in double precision")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True)
    return parser.parse_args()


def detections_json(found: Found, image: int) -> list[dict]:
    detections = found.detections
    out = []
    for index, (box, score, label) in enumerate(zip(
            detections.boxes.tolist(), detections.scores.tolist(), detections.labels.tolist())):
        x0, y0, x1, y1 = box
        entry = {"image_id": image, "bbox": [x0, y0, x1 - x0, y1 - y0], "category_id": label,
                 "score": score}
        if found.masks is not None:
            code = coco_mask.encode(np.asfortranarray(found.masks[index].astype(np.uint8)))
            entry["segmentation"] = {"size": code["size"], "counts": code["counts"].decode()}
        out.append(entry)
    return out


def raw_arrays(named: dict[str, Tensor], found: Found, image: int) -> dict[str, Tensor]:
    """What is written beside the results; the names are those of the files."""
    out = {name: x[image] for name, x in named.items()}
    if found.label_map is not None:
        return out | {"label_logits": found.label_logits}
    detections = found.detections
    out |= {"boxes": detections.boxes, "scores": detections.scores, "classes": detections.labels}
    if found.proposals is not None:
        out |= {"proposals": found.proposals, "proposal_scores": found.proposal_scores,
                "roi_logits": found.roi_logits, "roi_deltas": found.roi_deltas,
                "mask_logits": found.mask_logits, "resized_boxes": detections.resized}
    return out


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    network = load(options.checkpoint, options.window)
    task = network.config.task
    if options.task not in (None, task):
        raise SystemExit(f"{options.checkpoint} is for {task}, not {options.task}")
    images = read_images(options.input)
    inputs = tuple(images.shape[-2:])
    content = options.content or inputs
    if task == "segment" and content != inputs:
        raise SystemExit("a segmentation input has no padding: content is the input's size")
    picture = Picture(content, options.original or content)
    if options.double:
        network, images = network.double(), images.double()
    detections = []
    with torch.no_grad():
        raw = network.raw(images)
        named = network.named(raw)
        for image in range(len(images)):
            folder = options.output / str(image) if len(images) > 1 else options.output
            folder.mkdir(parents=True, exist_ok=True)
            found = network.results(raw, image, inputs, picture, options.era)
            for name, tensor in raw_arrays(named, found, image).items():
                np.save(folder / f"{name}.npy", tensor.contiguous().numpy())
            if task == "segment":
                np.save(folder / "labels.npy", found.label_map)
            else:
                detections += detections_json(found, options.image_id + image)
    if task != "segment":
        (options.output / "detections.json").write_text(json.dumps(detections) + "\n")
        print(f"{options.output}: {len(detections)} detections")


if __name__ == "__main__":
    main()
