"""Writes Tests/EvaluationTests/Fixtures: random annotations and detections with what pycocotools
makes of them, polygons as it rasterises them, and label maps with mmsegmentation's figures by their
formulas.

Needs numpy and pycocotools. Run from the repository's root:

    python Tests/Oracle/make_coco_fixtures.py
"""

import contextlib
import io
import json
import math
import pathlib

import numpy as np
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

FOLDER = pathlib.Path(__file__).parent.parent / "EvaluationTests" / "Fixtures"
CATEGORIES = [(3, "car"), (1, "person"), (7, "train"), (90, "toothbrush"), (44, "bottle")]
Box = list[float]


def rectangle(box: Box) -> list[float]:
    x, y, w, h = box
    return [x, y, x + w, y, x + w, y + h, x, y + h]


def outline(rng: np.random.Generator, box: Box, digits: int = 2) -> list[float]:
    """A closed star-shaped line in a box; some corners are doubled."""
    x, y, w, h = box
    angles = np.sort(rng.uniform(0, 2 * math.pi, rng.integers(3, 14)))
    radii = rng.uniform(0.6, 1, len(angles)) / 2
    points = []
    for angle, radius in zip(angles, radii):
        point = [
            round(float(x + w / 2 + w * radius * math.cos(angle)), digits),
            round(float(y + h / 2 + h * radius * math.sin(angle)), digits),
        ]
        points += point * (2 if rng.random() < 0.15 else 1)
    return points


def encoded(polygons: list[list[float]], height: int, width: int) -> dict[str, object]:
    merged = coco_mask.merge(coco_mask.frPyObjects(polygons, height, width))
    return {"size": [height, width], "counts": merged["counts"].decode()}


def uncompressed(mask: np.ndarray) -> dict[str, object]:
    """Runs down the columns, zeros first."""
    flat = mask.flatten(order="F").astype(np.int8)
    starts = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff(np.concatenate([[0], starts, [flat.size]])).tolist()
    return {"size": list(mask.shape), "counts": counts if flat[0] == 0 else [0, *counts]}


def decoded(segmentation: dict[str, object]) -> np.ndarray:
    return coco_mask.decode(segmentation)


def random_box(rng: np.random.Generator, height: int, width: int) -> Box:
    side = math.exp(rng.uniform(math.log(5), math.log(190)))
    ratio = math.exp(rng.normal() * 0.4)
    w, h = min(side * ratio, width - 2), min(side / ratio, height - 2)
    return [
        round(float(value), 2) for value in
        (rng.uniform(0, width - w), rng.uniform(0, height - h), w, h)
    ]


def moved(rng: np.random.Generator, box: Box, strength: float) -> Box:
    x, y, w, h = box
    dx, dy, dw, dh = rng.normal(size=4) * strength
    return [
        round(float(value), 2) for value in
        (x + dx * w, y + dy * h, max(1, w * math.exp(dw)), max(1, h * math.exp(dh)))
    ]


def annotation(rng, number: int, image: dict, form: str) -> tuple[dict, list[list[float]]]:
    """The annotation and its outlines. form: box, polygons or runs; a crowd has runs."""
    box = random_box(rng, image["height"], image["width"])
    crowd = int(rng.random() < 0.12)
    made = {
        "id": number, "image_id": image["id"], "bbox": box, "iscrowd": crowd,
        "category_id": int(rng.choice([1, 1, 1, 3, 3, 44, 90])),
        "area": round(float(box[2] * box[3] * rng.uniform(0.4, 1)), 2),
    }
    polygons = [outline(rng, box) for _ in range(1 + int(rng.random() < 0.3))]
    if form == "box":
        return made, polygons
    if crowd:
        mask = decoded(encoded(polygons, image["height"], image["width"]))
        made["segmentation"] = uncompressed(mask)
    elif form == "runs":
        made["segmentation"] = encoded(polygons, image["height"], image["width"])
    else:
        made["segmentation"] = polygons
    return made, polygons


def placed(polygon: list[float], old: Box, new: Box) -> list[float]:
    """A line in a box, moved to another box with it."""
    points = np.array(polygon).reshape(-1, 2) - old[:2]
    return (points * np.array(new[2:]) / old[2:] + new[:2]).flatten().tolist()


def detection(rng, image: dict, box: Box, category: int, polygons) -> dict[str, object]:
    made = {
        "image_id": image["id"], "bbox": box, "category_id": category,
        "score": round(float(rng.uniform(0.05, 1)), 2),
    }
    if polygons:
        made["segmentation"] = encoded(polygons, image["height"], image["width"])
    return made


def case(seed: int, form: str, images: int, first: int = 1) -> tuple[dict, list]:
    """Detections are objects moved a little or much, doubles, and boxes from nowhere; one picture
    has more of a class than are looked at, some have none of anything."""
    rng = np.random.default_rng(seed)
    pictures = [
        {"id": int(number), "file_name": f"{number:06}.jpg",
         "height": int(rng.integers(100, 240)), "width": int(rng.integers(100, 300))}
        for number in rng.permutation(np.arange(images) * 7 + 5)
    ]
    annotations, detections = [], []
    for image in pictures:
        for _ in range(int(rng.integers(0, 9))):
            found, outlines = annotation(rng, first + len(annotations), image, form)
            annotations.append(found)
            for _ in range(int(rng.choice([0, 1, 1, 1, 2, 3]))):
                box = moved(rng, found["bbox"], float(rng.choice([0.01, 0.05, 0.15])))
                category = found["category_id"] if rng.random() < 0.9 else 7
                shapes = [placed(outline, found["bbox"], box) for outline in outlines]
                shapes = [] if form == "box" else shapes
                detections.append(detection(rng, image, box, category, shapes))
        for _ in range(130 if image is pictures[2] else int(rng.integers(0, 3))):
            box = random_box(rng, image["height"], image["width"])
            shapes = [] if form == "box" else [rectangle(box)]
            detections.append(detection(rng, image, box, 1, shapes))
    shuffled = [detections[index] for index in rng.permutation(len(detections))]
    categories = [{"id": number, "name": name} for number, name in CATEGORIES]
    return {"images": pictures, "annotations": annotations, "categories": categories}, shuffled


def figures(annotations: dict, detections: list, kind: str) -> dict[str, object]:
    """COCOeval's twelve numbers, and the AP of each category."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = json.loads(json.dumps(annotations))
        truth.createIndex()
        found = truth.loadRes(json.loads(json.dumps(detections)))
        evaluation = COCOeval(truth, found, kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    precision = evaluation.eval["precision"][:, :, :, 0, 2]
    categories = {}
    for index, number in enumerate(evaluation.params.catIds):
        values = precision[:, :, index]
        values = values[values > -1]
        categories[str(number)] = float(values.mean()) if values.size else -1.0
    return {"summary": [float(value) for value in evaluation.stats], "categories": categories}


def write_case(name: str, annotations: dict, detections: list) -> None:
    expected = {"boxes": figures(annotations, detections, "bbox")}
    if "segmentation" in detections[0]:
        expected["masks"] = figures(annotations, detections, "segm")
        bare = [{k: v for k, v in found.items() if k != "bbox"} for found in detections]
        expected["masksWithoutBoxes"] = figures(annotations, bare, "segm")
    files = {"annotations": annotations, "detections": detections, "expected": expected}
    for part, content in files.items():
        (FOLDER / f"{name}-{part}.json").write_text(json.dumps(content) + "\n")


def zero_case() -> tuple[dict, list]:
    """An annotation whose number is 0 counts as unmatched: pycocotools marks matches by numbers."""
    for seed in range(100, 200):
        first, other = (case(seed, "box", 8, first=number) for number in (0, 1))
        if figures(*first, "bbox") != figures(*other, "bbox"):
            return first
    raise AssertionError("no seed shows it")


def polygon_cases(rng: np.random.Generator) -> list[dict[str, object]]:
    """In, across and beyond the edges of pictures, with halves and fifths of pixels."""
    cases = []
    for index in range(300):
        height, width = (int(side) for side in rng.integers(1, 60, 2))
        polygons = []
        for _ in range(int(rng.integers(1, 4))):
            box = [float(value) for value in rng.uniform([-15, -15, 0, 0], [width, height, 60, 60])]
            if index % 5 == 0:
                polygons.append(rectangle([round(value) / 2 for value in box]))
            else:
                polygons.append(outline(rng, box, digits=index % 4))
        runs = encoded(polygons, height, width)
        area = int(coco_mask.area({"size": runs["size"], "counts": runs["counts"].encode()}))
        cases.append({"polygons": polygons, "runs": runs, "area": area})
    return cases


def segmentation_case(rng: np.random.Generator) -> dict[str, object]:
    """mmsegmentation: sums over all pictures; a class that occurs nowhere counts for nothing."""
    classes, pictures = 9, []
    confusion = np.zeros((classes, classes), np.int64)
    for _ in range(4):
        height, width = (int(side) for side in rng.integers(3, 14, 2))
        labels = rng.integers(0, 7, (height, width))
        others = rng.integers(0, 8, (height, width))
        predictions = np.where(rng.random((height, width)) < 0.6, labels, others)
        labels[rng.random((height, width)) < 0.1] = 255
        kept = labels != 255
        np.add.at(confusion, (labels[kept], predictions[kept]), 1)
        pictures.append({"height": height, "width": width, "labels": labels.flatten().tolist(),
                         "predictions": predictions.flatten().tolist()})
    hits, truth, found = np.diag(confusion), confusion.sum(1), confusion.sum(0)
    with np.errstate(invalid="ignore"):
        overlap, recall = hits / (truth + found - hits), hits / truth
    assert np.isnan(overlap[8]) and overlap[7] == 0 and np.isnan(recall[7])
    return {
        "classes": classes, "pictures": pictures, "aAcc": hits.sum() / truth.sum(),
        "mIoU": np.nanmean(overlap), "mAcc": np.nanmean(recall),
        "overlaps": [None if np.isnan(value) else value for value in overlap],
    }


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_case("boxes", *case(1, "box", 60))
    write_case("polygons", *case(2, "polygons", 30))
    write_case("runs", *case(3, "runs", 30))
    write_case("zero", *zero_case())
    write_case("misses", {**case(5, "box", 6)[0], "annotations": []}, case(5, "box", 6)[1])
    rng = np.random.default_rng(6)
    (FOLDER / "rasters.json").write_text(json.dumps(polygon_cases(rng)) + "\n")
    (FOLDER / "segmentation.json").write_text(json.dumps(segmentation_case(rng)) + "\n")


if __name__ == "__main__":
    main()
