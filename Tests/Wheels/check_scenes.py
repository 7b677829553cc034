"""Checks an installed wheel of a detector or segmenter beside what `hilo run` found: check_scenes.py NAME FOLDER.

FOLDER has picture.rgb, its height and width in size.json, and detections.json or labels.npy.
"""

import ctypes
import importlib
import json
import pathlib
import sys

import numpy as np

from children import in_child

NAME, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
MODULE = importlib.import_module(NAME)
NATIVE = importlib.import_module(NAME + "._native")
HEIGHT, WIDTH = json.loads((FOLDER / "size.json").read_text())
PICTURE = np.fromfile(FOLDER / "picture.rgb", np.uint8).reshape(HEIGHT, WIDTH, 3)


def run_lengths(mask):
    """As the library writes them."""
    write = getattr(NATIVE._library, NAME + "_mask_rle")
    write.restype = ctypes.c_size_t
    text = ctypes.create_string_buffer(4 * mask.size + 16)
    address = ctypes.c_void_p(mask.ctypes.data)
    write(address, *mask.shape, text, ctypes.c_size_t(len(text)))
    return text.value.decode()


def expect_detections(found, expected):
    count = len(found.boxes)
    assert count == len(expected) > 0, (count, len(expected))
    assert found.boxes.shape == (count, 4) and found.boxes.dtype == np.float32
    assert found.classes.tolist() == [one["category_id"] for one in expected]
    assert found.labels == [str(one) for one in found.classes]
    scores = np.array([one["score"] for one in expected])
    assert np.array_equal(found.scores, scores.astype(np.float32))
    x, y, width, height = np.array([one["bbox"] for one in expected]).T
    boxes = np.stack([x, y, x + width, y + height], axis=-1)
    assert np.allclose(found.boxes, boxes, rtol=0, atol=1e-4)
    if "segmentation" in expected[0]:
        assert found.masks.shape == (count, HEIGHT, WIDTH) and found.masks.dtype == bool
        for mask, one in zip(found.masks, expected):
            assert run_lengths(mask) == one["segmentation"]["counts"]


def check_detections(model):
    expected = json.loads((FOLDER / "detections.json").read_text())
    found = model.detect(PICTURE)
    threshold = found.scores[len(found.scores) // 2]
    least = min(one["score"] for one in expected)
    expect_detections(model.detect(PICTURE, threshold=least - 1e-6), expected)
    few = model.detect(PICTURE, threshold=threshold)
    assert len(few.scores) == np.count_nonzero(found.scores >= threshold)
    assert np.array_equal(few.boxes, found.boxes[: len(few.boxes)])
    assert len(model.detect(PICTURE, threshold=2).boxes) == 0
    if hasattr(found, "masks"):
        assert model.detect(PICTURE, masks=False).masks is None


def check_labels(model):
    expected = np.load(FOLDER / "labels.npy")
    found = model.segment(PICTURE)
    assert found.dtype == np.int32 and np.array_equal(found, expected)


def check_outputs(model):
    """What the network computes of whole inputs, image by image as in a batch."""
    images = np.random.default_rng(1).standard_normal((3, *model.input_shape), dtype=np.float32)
    together = model(images)
    assert [array.shape[1:] for array in together] == list(model.output_shapes)
    for row in range(3):
        for all_of_them, one in zip(together, model(images[row : row + 1])):
            assert all_of_them[row : row + 1].tobytes() == one.tobytes()


if __name__ == "__main__":
    check = check_labels if (FOLDER / "labels.npy").exists() else check_detections
    with MODULE.Model(threads=2) as used:
        check(used)
        check_outputs(used)
        in_child(lambda: check(used))
        try:
            used(PICTURE)
        except TypeError as error:
            assert "expected float32" in str(error)
        else:
            raise AssertionError("a picture is no input")
    print("all is well")
