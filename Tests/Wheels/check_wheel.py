"""Checks an installed wheel of the digits beside what `hilo run` said: check_wheel.py FOLDER.

FOLDER has input.npy and output.npy, a batch and its logits; picture.rgb, its size in size.json, and
classes.json, what `hilo run --json` printed of it.
"""

import concurrent.futures
import json
import multiprocessing
import os
import pathlib
import pickle
import subprocess
import sys
import threading
import time

import numpy as np

import digits
from children import PATIENCE, in_child

FOLDER = pathlib.Path(sys.argv[1])
INPUT, OUTPUT = np.load(FOLDER / "input.npy"), np.load(FOLDER / "output.npy")
HEIGHT, WIDTH = json.loads((FOLDER / "size.json").read_text())
PICTURE = np.fromfile(FOLDER / "picture.rgb", np.uint8).reshape(HEIGHT, WIDTH, 3)


def expect_same(found, expected=OUTPUT):
    assert found.dtype == np.float32 and found.shape == expected.shape, found.shape
    assert found.tobytes() == expected.tobytes(), np.abs(found - expected).max()


def expect_error(kind, words, action):
    try:
        action()
    except kind as error:
        assert words in str(error), f"{words!r} is missing in {error!r}"
        return error
    raise AssertionError(f"no {kind.__name__} said {words!r}")


def check_logits(model):
    assert len(INPUT) > 8, "more than a call of the library takes"
    expect_same(model(INPUT))
    expect_same(model(INPUT[3:4]), OUTPUT[3:4])
    assert model(INPUT[:0]).shape == (0, 10)
    # Not contiguous: every second, columns first, and from the back.
    expect_same(model(INPUT[::2]), OUTPUT[::2])
    expect_same(model(np.asfortranarray(INPUT)))
    expect_same(model(np.ascontiguousarray(INPUT[:, :, :, ::-1])[:, :, :, ::-1]))
    image = INPUT[:2].copy()
    image.flags.writeable = False
    expect_same(model(image), OUTPUT[:2])


def check_pictures(model):
    expected = json.loads((FOLDER / "classes.json").read_text())["results"][0]["top"]
    found = model.classify(PICTURE, top=5)
    assert [one.label for one in found] == [one["label"] for one in expected], (found, expected)
    for one, other in zip(found, expected):
        assert abs(one.probability - other["probability"]) < 1e-12, (one, other)
    logits = model(PICTURE)
    expect_same(model(model.preprocess(PICTURE)[None]), logits)
    expect_same(model([PICTURE, PICTURE]), np.concatenate([logits, logits]))
    expect_same(model(np.stack([PICTURE] * 9)), np.concatenate([logits] * 9))
    # A part of a larger picture is read where it lies.
    frame = np.zeros((HEIGHT + 5, WIDTH + 7, 3), np.uint8)
    part = frame[2 : HEIGHT + 2, 3 : WIDTH + 3]
    part[:] = PICTURE
    expect_same(model(part), logits)
    expect_same(model(np.asfortranarray(PICTURE)), logits)
    for shape in [(1, 1), (1, 9), (9, 1)]:
        expect_same(model(np.full((*shape, 3), 200, np.uint8)), model(np.full((2, 2, 3), 200, np.uint8)))
    assert len(model.classify(PICTURE, top=100)) == 10


def check_facts(model):
    assert digits.__version__ and os.path.exists(os.path.join(os.path.dirname(digits.__file__), "py.typed"))
    assert model.labels[0] == "zero" and len(model.labels) == 10
    assert model.input_shape == (3, 64, 64) and model.output_shapes == ((10,),)
    assert model.resolutions == ((64, 64),) and model.isa in repr(model)


def check_errors(model):
    expect_error(ValueError, "expected N x 3 x 64 x 64, found 3 x 64 x 64", lambda: model(INPUT[0]))
    expect_error(ValueError, "found 1 x 3 x 8 x 8", lambda: model(np.zeros((1, 3, 8, 8), "f4")))
    expect_error(TypeError, "float32 of N x 3 x 64 x 64", lambda: model(INPUT.astype(float)))
    expect_error(TypeError, "found >f4", lambda: model(INPUT.astype(">f4")))
    expect_error(TypeError, "uint8 of H x W x 3", lambda: model.classify(INPUT[0]))
    expect_error(ValueError, "expected H x W x 3", lambda: model(PICTURE[..., 0]))
    expect_error(ValueError, "0 x 5 x 3", lambda: model(np.zeros((0, 5, 3), np.uint8)))
    expect_error(ValueError, "1 to 65535", lambda: model(np.zeros((65536, 1, 3), np.uint8)))
    expect_error(ValueError, "at least 1", lambda: model.classify(PICTURE, top=0))
    expect_error(ValueError, "expected 0 to 1024", lambda: digits.Model(threads=-1))
    expect_error(TypeError, "integer", lambda: digits.Model(threads="two"))
    expect_error(ValueError, "holds 64 x 64", lambda: digits.Model(resolution=(8, 8)))
    expect_error(TypeError, "(height, width)", lambda: digits.Model(resolution=8))
    missing = expect_error(digits.Error, "/no/file", lambda: digits.Model(weights="/no/file"))
    assert missing.status == digits.Status.CANNOT_READ and "No such file" in missing.text
    copy = pickle.loads(pickle.dumps(missing))
    assert str(copy) == str(missing) and copy.status == missing.status
    other = expect_error(digits.Error, "safetensors", lambda: digits.Model(weights=__file__))
    assert other.status == digits.Status.BAD_WEIGHTS


def check_closing():
    with digits.Model(threads=2) as model:
        expect_same(model(INPUT[:1]), OUTPUT[:1])
        twin = pickle.loads(pickle.dumps(model))
    model.close()
    for action in (lambda: model(INPUT), lambda: model.isa, model.__enter__):
        expect_error(ValueError, "the model is closed", action)
    assert "closed" in repr(model)
    expect_same(twin(INPUT[:1]), OUTPUT[:1])
    # While others run: each call has its result or learns that it came too late.
    problems = []

    def run():
        try:
            while True:
                expect_same(twin(INPUT))
        except ValueError as error:
            assert str(error) == "the model is closed"
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    twin.close()
    for thread in threads:
        thread.join(PATIENCE)
    assert not problems and not any(thread.is_alive() for thread in threads), problems


def check_threads(model):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        rows = [index % len(INPUT) for index in range(400)]
        for row, found in zip(rows, pool.map(lambda row: model(INPUT[row : row + 1]), rows)):
            expect_same(found, OUTPUT[row : row + 1])


def check_forks(model):
    in_child(lambda: expect_same(model(INPUT)))
    in_child(lambda: check_threads(model))
    in_child(lambda: in_child(lambda: expect_same(model(INPUT))))
    in_child(model.close)
    # While other threads are in the middle of calls.
    is_done = threading.Event()

    def run():
        while not is_done.is_set():
            model(INPUT[:2])

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        in_child(lambda: expect_same(model(INPUT[:3]), OUTPUT[:3]))
    is_done.set()
    for thread in threads:
        thread.join(PATIENCE)
    expect_same(model(INPUT))


def logits_of(model, row):
    return model(INPUT[row : row + 1])


def check_processes(model):
    for method in ("fork", "spawn"):
        context = multiprocessing.get_context(method)
        with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
            futures = [pool.submit(logits_of, model, row) for row in range(4)]
            for row, future in enumerate(futures):
                expect_same(future.result(PATIENCE), OUTPUT[row : row + 1])


def check_beside_torch(model):
    try:
        import torch
    except ImportError:
        return print("SKIPPED: no torch beside the wheel")
    expect_same(model(torch.from_numpy(INPUT)))
    square = torch.rand(300, 300)
    for _ in range(20):
        square = torch.softmax(square @ square, 1)
        expect_same(model(INPUT[:2]), OUTPUT[:2])
    in_child(lambda: expect_same(model(INPUT)))


def check_what_is_loaded():
    """A process that imports the module needs NumPy and no compiler's runtime."""
    program = "import digits; print(*{line.split()[-1] for line in open('/proc/self/maps')})"
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "libdigits.so" in output.stdout and "omp" not in output.stdout, output.stdout


if __name__ == "__main__":
    with digits.Model(threads=2) as used:
        check_facts(used)
        check_logits(used)
        check_pictures(used)
        check_errors(used)
        check_closing()
        check_threads(used)
        check_forks(used)
        check_processes(used)
        check_beside_torch(used)
    check_what_is_loaded()
    print("all is well")
