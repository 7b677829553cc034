"""One peer of a benchmark in a process of its own, driven through stdin and stdout.

Prints {"ready": milliseconds to load, "output": [...]} when the model has answered once, and then, for
each line N it reads, the milliseconds of N runs as a list. Between commands it sleeps, so peers can
take turns on the same cores.
"""

import argparse
import ctypes
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Tests" / "Oracle"))
import litv2  # noqa: E402
import seeded  # noqa: E402


def hilo(args, images):
    """The generated library, through its C API."""
    name = args.model.replace("-", "_")
    folder = Path(args.library)
    library = ctypes.CDLL(str(folder / "build" / f"lib{name}.so"))
    call = lambda function: getattr(library, f"{name}_{function}")  # noqa: E731
    call("status_text").restype = ctypes.c_char_p

    def check(status):
        if status:
            raise SystemExit(call("status_text")(status).decode())

    model, context = ctypes.c_void_p(), ctypes.c_void_p()
    options = (ctypes.c_int * 2)(args.threads, args.batch)
    weights = str(folder / "weights" / f"{name}.safetensors").encode()
    check(call("model_open")(weights, ctypes.byref(model)))
    check(call("context_create")(model, options, ctypes.byref(context)))
    output = np.empty((args.batch, 1000), np.float32)
    pointer = lambda array: array.ctypes.data_as(ctypes.c_void_p)  # noqa: E731

    def run():
        check(call("run")(context, pointer(images), args.batch, pointer(output)))
        return output

    return run


def eager(args, images):
    """PyTorch without compilation."""
    import torch

    torch.set_num_threads(args.threads)
    network = litv2.LITv2(litv2.PRESETS[args.model]).eval()
    seeded.fill(network, args.seed)
    batch = torch.from_numpy(images)

    def run():
        with torch.inference_mode():
            return network(batch).numpy()

    return run


PEERS = {"hilo": hilo, "eager": eager}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("--model", default="litv2-s")
    parser.add_argument("--library", help="folder of the generated library")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    images = np.ascontiguousarray(seeded.inputs(args.seed, args.batch, 3, 224, 224), np.float32)
    start = time.perf_counter()
    run = PEERS[args.peer](args, images)
    first = np.asarray(run())
    ready = (time.perf_counter() - start) * 1e3
    print(json.dumps({"ready": ready, "output": first.reshape(-1).tolist()}), flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            run()
            times.append((time.perf_counter() - start) * 1e3)
        print(json.dumps(times), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    main()
