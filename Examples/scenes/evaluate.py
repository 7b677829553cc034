"""Measures AP and mIoU on held-out scenes: of PyTorch, and of what the C library wrote.

    python Examples/scenes/evaluate.py                      the three checkpoints, by PyTorch
    python Examples/scenes/evaluate.py --save FOLDER        also writes PyTorch's results
    python Examples/scenes/evaluate.py --write FOLDER       the held-out set, for `hilo accuracy`
    python Examples/scenes/evaluate.py --detections PLACE   AP of detections.json, also of many
    python Examples/scenes/evaluate.py --labels FOLDER      mIoU of label maps, PNG or NumPy
"""

import argparse
import contextlib
import io
import json
from pathlib import Path

import numpy as np
import torch
from detectors import KINDS, found, network
from head_networks import HeadNetwork
from PIL import Image
from pycocotools import mask as rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scenes import GROUND, NAMES, Scene, compose

HERE = Path(__file__).resolve().parent
HELD_OUT_SEED = 2022
FIRST_CATEGORY = 1
STATISTICS = {"AP": 0, "AP50": 1, "AP75": 2, "small": 3, "medium": 4, "large": 5}


def held_out(count: int) -> list[Scene]:
    return compose(HELD_OUT_SEED, count, part="test")


def name_of(index: int) -> str:
    return f"scene_{index:03d}"


def encoded(mask: np.ndarray) -> dict:
    out = rle.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": out["size"], "counts": out["counts"].decode()}


def annotations(scenes: list[Scene]) -> dict:
    """What COCO calls an instances file. Image i has the id i + 1."""
    images, objects = [], []
    for index, scene in enumerate(scenes):
        height, width = scene.label_map.shape
        images.append({
            "id": index + 1, "file_name": name_of(index) + ".png", "width": width,
            "height": height})
        for box, label, mask in zip(scene.boxes.tolist(), scene.labels.tolist(), scene.masks):
            x0, y0, x1, y1 = box
            objects.append({
                "id": len(objects) + 1, "image_id": index + 1,
                "category_id": label + FIRST_CATEGORY, "bbox": [x0, y0, x1 - x0, y1 - y0],
                "area": int(mask.sum()), "iscrowd": 0, "segmentation": encoded(mask)})
    categories = [{"id": i + FIRST_CATEGORY, "name": name} for i, name in enumerate(NAMES)]
    return {
        "info": {"description": "Scenes composed from Fashion-MNIST"}, "images": images,
        "categories": categories, "annotations": objects}


def write(folder: Path, scenes: list[Scene]) -> None:
    (folder / "labels").mkdir(parents=True, exist_ok=True)
    for index, scene in enumerate(scenes):
        Image.fromarray(scene.image).save(folder / f"{name_of(index)}.png")
        Image.fromarray(scene.label_map).save(folder / "labels" / f"{name_of(index)}.png")
    (folder / "annotations.json").write_text(json.dumps(annotations(scenes)) + "\n")


def average_precision(truth: dict, results: list[dict], kind: str) -> dict[str, float]:
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(results), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return {name: float(evaluation.stats[place]) for name, place in STATISTICS.items()}


def intersections_over_unions(scenes: list[Scene], maps: list[np.ndarray]) -> np.ndarray:
    """Of each class over all pixels of all scenes; NaN where a class is neither there nor found."""
    count = GROUND + 1
    confusion = np.zeros((count, count), np.int64)
    for scene, labels in zip(scenes, maps, strict=True):
        pairs = scene.label_map.astype(np.int64) * count + labels
        confusion += np.bincount(pairs.ravel(), minlength=count**2).reshape(count, count)
    both = confusion.diagonal()
    either = confusion.sum(0) + confusion.sum(1) - both
    return np.divide(both, either, out=np.full(count, np.nan), where=either > 0)


def results_of(net: HeadNetwork, scenes: list[Scene]) -> list[dict]:
    out = []
    for index, scene in enumerate(scenes):
        result = found(net, scene.image)
        each = result.detections
        for place, (x0, y0, x1, y1) in enumerate(each.boxes.tolist()):
            out.append({
                "image_id": index + 1, "bbox": [x0, y0, x1 - x0, y1 - y0],
                "category_id": int(each.labels[place]) + FIRST_CATEGORY,
                "score": float(each.scores[place])})
            if result.masks is not None:
                out[-1]["segmentation"] = encoded(result.masks[place])
    return out


def say_precision(truth: dict, results: list[dict], title: str) -> None:
    """Box AP and, where results have masks, mask AP. pycocotools takes a result's area from its
    box if it has one, so masks are handed over alone, as mmdetection does."""
    if not results:
        print(f"{title}: nothing was detected", flush=True)
        return
    for kind, other in [("bbox", "segmentation"), ("segm", "bbox")]:
        if kind == "segm" and "segmentation" not in results[0]:
            continue
        given = [{k: v for k, v in result.items() if k != other} for result in results]
        values = average_precision(truth, given, kind)
        numbers = "  ".join(f"{name} {value:.4f}" for name, value in values.items())
        print(f"{title}: {'box' if kind == 'bbox' else 'mask'}  {numbers}", flush=True)


def say_labels(scenes: list[Scene], maps: list[np.ndarray], title: str) -> None:
    each = intersections_over_unions(scenes, maps)
    numbers = "  ".join(f"{name} {value:.3f}" for name, value in zip(NAMES + ["ground"], each))
    print(f"{title}: mIoU {np.nanmean(each):.4f}  ({numbers})", flush=True)


def by_pytorch(options, scenes: list[Scene]) -> None:
    for task in options.task or KINDS:
        net = network(task).eval()
        checkpoint = torch.load(options.checkpoints / f"{task}.pth", weights_only=True)
        net.load_state_dict(checkpoint["state_dict"])
        place = options.save / task if options.save else None
        if place:
            place.mkdir(parents=True, exist_ok=True)
        if task == "semantic_fpn":
            maps = [found(net, scene.image).label_map for scene in scenes]
            say_labels(scenes, maps, task)
            for index, labels in enumerate(maps if place else []):
                Image.fromarray(labels.astype(np.uint8)).save(place / f"{name_of(index)}.png")
            continue
        detections = results_of(net, scenes)
        say_precision(annotations(scenes), detections, task)
        if place:
            (place / "detections.json").write_text(json.dumps(detections) + "\n")


def read_detections(place: Path) -> list[dict]:
    """A file, or all files detections.json in a folder and below."""
    files = sorted(place.rglob("detections.json")) if place.is_dir() else [place]
    return [result for file in files for result in json.loads(file.read_text())]


def read_labels(folder: Path, index: int) -> np.ndarray:
    name = name_of(index)
    for path in [folder / f"{name}.npy", folder / name / "labels.npy"]:
        if path.exists():
            return np.load(path).astype(np.int64)
    return np.asarray(Image.open(folder / f"{name}.png")).astype(np.int64)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=500, help="how many held-out scenes")
    parser.add_argument("--task", choices=KINDS, action="append")
    parser.add_argument("--checkpoints", type=Path, default=HERE)
    parser.add_argument("--save", type=Path, metavar="FOLDER")
    parser.add_argument("--write", type=Path, metavar="FOLDER")
    parser.add_argument("--detections", type=Path, metavar="PLACE")
    parser.add_argument("--labels", type=Path, metavar="FOLDER")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    scenes = held_out(options.count)
    if options.write:
        write(options.write, scenes)
    elif options.detections:
        say_precision(annotations(scenes), read_detections(options.detections), "given")
    elif options.labels:
        maps = [read_labels(options.labels, index) for index in range(options.count)]
        say_labels(scenes, maps, "given")
    else:
        by_pytorch(options, scenes)


if __name__ == "__main__":
    main()
