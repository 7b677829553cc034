"""Measures AP and mIoU on held-out scenes: of PyTorch, and of what the C library wrote.

    python Examples/scenes/evaluate.py                      the three checkpoints, by PyTorch
    python Examples/scenes/evaluate.py --noise 0.01         the same with noise on the maps that heads read
    python Examples/scenes/evaluate.py --save FOLDER        also writes PyTorch's results
    python Examples/scenes/evaluate.py --write FOLDER       the held-out set, for `hilo accuracy`
    python Examples/scenes/evaluate.py --detections PLACE   AP of detections.json, also of many
    python Examples/scenes/evaluate.py --labels FOLDER      mIoU of label maps, PNG or NumPy
    python Examples/scenes/evaluate.py --compare HILO       makes the C libraries, in every precision, and
                                                            compares them
    python Examples/scenes/evaluate.py --summary FILE       PyTorch's figures of images/, for a test
"""

import argparse
import contextlib
import io
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from detectors import KINDS, found, network
from head_networks import HeadNetwork
from libraries import Library
from PIL import Image
from pycocotools import mask as rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scenes import GROUND, NAMES, Scene, compose

HERE = Path(__file__).resolve().parent
SHIPPED = HERE / "images"
HELD_OUT_SEED = 2022
FIRST_CATEGORY = 1
STATISTICS = {"AP": 0, "AP50": 1, "AP75": 2, "small": 3, "medium": 4, "large": 5}
COMPARED = ["AP", "AP50", "mIoU"]
# By precision, of AP and mIoU, between PyTorch in single precision and the C library.
TOLERANCES = {"f32": 1e-3, "bf16": 3e-3, "int8": 5e-3}
CALIBRATION_SEED, CALIBRATION_SCENES = 5, 256  # of training items, for the scales of integers

# Figures by name: of boxes, of masks or of labels.
Figures = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Data:
    """Pictures of which the truth is known. They have the ids 1, 2, ..."""

    images: list[np.ndarray]
    label_maps: list[np.ndarray]
    annotations: dict


def held_out(count: int) -> Data:
    scenes = compose(HELD_OUT_SEED, count, part="test")
    return Data(
        [scene.image for scene in scenes], [scene.label_map for scene in scenes],
        annotations(scenes))


def shipped() -> Data:
    """The pictures in images/, which need no data set."""
    truth = json.loads((SHIPPED / "annotations.json").read_text())
    names = [image["file_name"] for image in truth["images"]]
    return Data(
        [np.asarray(Image.open(SHIPPED / name)) for name in names],
        [np.asarray(Image.open(SHIPPED / "labels" / name)) for name in names], truth)


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


def write_pictures(folder: Path, pictures: list[np.ndarray]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for index, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / f"{name_of(index)}.png")


def write(folder: Path, data: Data) -> None:
    write_pictures(folder, data.images)
    write_pictures(folder / "labels", data.label_maps)
    (folder / "annotations.json").write_text(json.dumps(data.annotations) + "\n")


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


def intersections_over_unions(truth: list[np.ndarray], maps: list[np.ndarray]) -> np.ndarray:
    """Of each class over all pixels of all maps; NaN where a class is neither there nor found."""
    count = GROUND + 1
    confusion = np.zeros((count, count), np.int64)
    for known, labels in zip(truth, maps, strict=True):
        pairs = known.astype(np.int64) * count + labels
        confusion += np.bincount(pairs.ravel(), minlength=count**2).reshape(count, count)
    both = confusion.diagonal()
    either = confusion.sum(0) + confusion.sum(1) - both
    return np.divide(both, either, out=np.full(count, np.nan), where=either > 0)


def results_of(net: HeadNetwork, images: list[np.ndarray]) -> list[dict]:
    out = []
    for index, image in enumerate(images):
        result = found(net, image)
        each = result.detections
        for place, (x0, y0, x1, y1) in enumerate(each.boxes.tolist()):
            out.append({
                "image_id": index + 1, "bbox": [x0, y0, x1 - x0, y1 - y0],
                "category_id": int(each.labels[place]) + FIRST_CATEGORY,
                "score": float(each.scores[place])})
            if result.masks is not None:
                out[-1]["segmentation"] = encoded(result.masks[place])
    return out


def detection_figures(truth: dict, results: list[dict]) -> Figures:
    """Of boxes and, where results have masks, of masks. pycocotools takes a result's area from its
    box if it has one, so masks are handed over alone, as mmdetection does."""
    if not results:
        return {"boxes": dict.fromkeys(STATISTICS, 0.0)}
    out = {}
    for title, kind, other in [("boxes", "bbox", "segmentation"), ("masks", "segm", "bbox")]:
        if kind == "segm" and "segmentation" not in results[0]:
            continue
        given = [{k: v for k, v in result.items() if k != other} for result in results]
        out[title] = average_precision(truth, given, kind)
    return out


def label_figures(truth: list[np.ndarray], maps: list[np.ndarray]) -> Figures:
    each = intersections_over_unions(truth, maps)
    values = dict(zip(NAMES + ["ground"], each.tolist()))
    return {"labels": {"mIoU": float(np.nanmean(each))} | values}


def say(title: str, figures: Figures) -> None:
    for kind, values in figures.items():
        numbers = "  ".join(f"{name} {value:.4f}" for name, value in values.items())
        print(f"{title}: {kind}  {numbers}", flush=True)


class Noise:
    """An error of the maps that heads read: of each picture's map so large a share of its power, its
    channels' means taken off. A map of a single token has none."""

    def __init__(self, share: float, seed: int = 1):
        self.share, self.random = share, torch.Generator().manual_seed(seed)

    def __call__(self, module: torch.nn.Module, inputs: tuple, maps: list) -> list[torch.Tensor]:
        return [x + self.like(x) for x in maps]

    def like(self, x: torch.Tensor) -> torch.Tensor:
        power = x.var(dim=(2, 3), keepdim=True, correction=0).mean()
        return (self.share * power).sqrt() * torch.randn(x.shape, generator=self.random)


def same_pixels(net: HeadNetwork, data: Data, maps: list[np.ndarray]) -> float:
    known = [found(net, image).label_map for image in data.images]
    return float(np.mean([np.mean(one == other) for one, other in zip(maps, known)]))


def by_pytorch(options, task: str, data: Data) -> Figures:
    net = network(task).eval()
    checkpoint = torch.load(options.checkpoints / f"{task}.pth", weights_only=True)
    net.load_state_dict(checkpoint["state_dict"])
    noise = net.neck.register_forward_hook(Noise(options.noise)) if options.noise else None
    place = options.save / task if options.save else None
    if place:
        place.mkdir(parents=True, exist_ok=True)
    if task == "semantic_fpn":
        maps = [found(net, image).label_map for image in data.images]
        if place:
            write_pictures(place, [labels.astype(np.uint8) for labels in maps])
        figures = label_figures(data.label_maps, maps)
        if noise:
            noise.remove()
            figures["labels"]["as without noise"] = same_pixels(net, data, maps)
        return figures
    results = results_of(net, data.images)
    if place:
        (place / "detections.json").write_text(json.dumps(results) + "\n")
    return detection_figures(data.annotations, results)


def by_library(options, task: str, data: Data, precision: str) -> Figures:
    """Through the command line: from the checkpoint to what the C library finds."""
    library = Library(options.compare, task, options.output, precision)
    library.make(options.checkpoints / f"{task}.pth", options.output / "calibration")
    place = library.run(options.output / "held_out")
    if task == "semantic_fpn":
        maps = [read_labels(place, index) for index in range(len(data.images))]
        return label_figures(data.label_maps, maps)
    return detection_figures(data.annotations, read_detections(place))


def compare(options, data: Data) -> None:
    """Prints PyTorch's figures beside the C libraries'; a difference too large ends in an error."""
    for name in ["held_out", "calibration"]:
        shutil.rmtree(options.output / name, ignore_errors=True)  # there may be more in it
    write(options.output / "held_out", data)
    scenes = compose(CALIBRATION_SEED, CALIBRATION_SCENES, part="train")
    write_pictures(options.output / "calibration", [scene.image for scene in scenes])
    lines, wrong = [], []
    for task in options.task or KINDS:
        theirs = by_pytorch(options, task, data)
        ours = {p: by_library(options, task, data, p) for p in options.precision or TOLERANCES}
        for kind, name in [(k, n) for k in theirs for n in COMPARED]:
            if name not in theirs[kind]:
                continue
            known = theirs[kind][name]
            found = {p: each.get(kind, {}).get(name, float("nan")) for p, each in ours.items()}
            wrong += [
                f"{task}, {kind}: {name} in {p} is {value:.4f}" for p, value in found.items()
                if not abs(value - known) <= TOLERANCES[p]]  # a NaN is none
            numbers = "".join(f"{value:>9.4f}" for value in found.values())
            lines.append(f"{task:<14}{kind:<8}{name:<6}{known:>9.4f}{numbers}")
    title = f"{len(data.images)} held-out scenes"
    names = "".join(f"{p:>9}" for p in options.precision or TOLERANCES)
    print(f"{title:<28}{'PyTorch':>9}{names}")
    print("\n".join(lines))
    if wrong:
        sys.exit(f"evaluate: too far from PyTorch (allowed: {TOLERANCES}): " + "; ".join(wrong))


def summarise(options) -> None:
    """PyTorch's figures of the shipped pictures, for Tests/CommandLineTests/ScenesTests.swift."""
    data, out = shipped(), {}
    for task in options.task or KINDS:
        figures = by_pytorch(options, task, data)
        out[task] = {
            kind: {name: round(values[name], 6) for name in COMPARED if name in values}
            for kind, values in figures.items()}
    options.summary.write_text(json.dumps(out, indent=1) + "\n")


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
    parser.add_argument("--compare", type=Path, metavar="HILO", help="the command line to use")
    parser.add_argument(
        "--noise", type=float, metavar="SHARE", help="of the power of the pyramid's maps, in PyTorch")
    parser.add_argument("--precision", choices=list(TOLERANCES), action="append", help="of --compare")
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", default=Path("out/scenes-accuracy"),
        help="where --compare writes scenes, libraries and results")
    parser.add_argument("--summary", type=Path, metavar="FILE")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def main():
    options = arguments()
    if options.noise and options.compare:
        sys.exit("evaluate: --noise is PyTorch's alone; leave out --compare")
    torch.set_num_threads(options.threads)
    if options.summary:
        return summarise(options)
    data = held_out(options.count)
    if options.write:
        write(options.write, data)
    elif options.detections:
        say("given", detection_figures(data.annotations, read_detections(options.detections)))
    elif options.labels:
        maps = [read_labels(options.labels, index) for index in range(options.count)]
        say("given", label_figures(data.label_maps, maps))
    elif options.compare:
        compare(options, data)
    else:
        for task in options.task or KINDS:
            say(task, by_pytorch(options, task, data))


if __name__ == "__main__":
    main()
