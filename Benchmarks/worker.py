"""One peer of a benchmark in a process of its own, driven through stdin and stdout.

Writes its first output to a .npy file and prints {"ready_ms": open to first result, "base_mb":
before opening, "peak_mb": after the first result}. Then, for each line N it reads, it prints the
milliseconds of N runs as a list. Between commands it sleeps, so that peers can take turns on the
same cores. Several callers run at the same time, each with a context or session of its own (the wheel has
one model for all); beside PyTorch each run follows a matrix product of PyTorch's on as many threads, and
beside a model a run of a second one, which is not timed.
"""

import argparse
import ctypes
import importlib
import json
import os
import re
import resource
import sys
import threading
import time
from pathlib import Path

import numpy as np

import library
import outputs_order
from cases import LIBRARY_NAME, Case, Peer


def output_floats(header: Path) -> int:
    """Of one image, at the library's first resolution."""
    found = re.search(r"_OUTPUT_FLOATS (\d+)", header.read_text())
    return int(found.group(1))


def hilo(args, images):
    """The generated library, through its C API."""
    folder, name = args.library, LIBRARY_NAME
    output = np.empty(output_floats(folder / "include" / f"{name}.h") * args.batch, np.float32)

    def pointer(array):
        return array.ctypes.data_as(ctypes.c_void_p)

    def opened():
        library = ctypes.CDLL(str(folder / "build" / f"lib{name}.so"))
        function = {
            short: getattr(library, f"{name}_{short}")
            for short in ("status_text", "model_open", "context_create", "run")
        }
        function["status_text"].restype = ctypes.c_char_p

        def call(short, *arguments):
            status = function[short](*arguments)
            if status:
                raise SystemExit(f"{short}: {function['status_text'](status).decode()}")

        model, context = ctypes.c_void_p(), ctypes.c_void_p()
        options = (ctypes.c_int * 4)(args.threads, args.batch, 0, 0)
        weights = str(folder / "weights" / f"{name}.safetensors").encode()
        call("model_open", weights, ctypes.byref(model))
        call("context_create", model, options, ctypes.byref(context))

        def run():
            call("run", context, pointer(images), args.batch, pointer(output))
            return [output]

        return run

    return opened


def hilo_wheel(args, images):
    """The library's wheel, as a Python server has it: one model for all callers."""
    sys.path.insert(0, str(library.site(args.library)))
    module = importlib.import_module(LIBRARY_NAME)
    models = []

    def opened():
        if not models or args.beside == "model":
            models.append(module.Model(threads=args.threads))
        model = models[-1]

        def run():
            outputs = model(images)
            return outputs if isinstance(outputs, tuple) else (outputs,)

        return run

    return opened


def onnxruntime(args, images):
    """ONNX Runtime; its threads spin inside a run as they do by default, never between runs."""
    import onnxruntime as ort

    def opened():
        options = ort.SessionOptions()
        options.intra_op_num_threads = args.threads
        options.add_session_config_entry("session.force_spinning_stop", "1")
        if os.environ.get("OMP_WAIT_POLICY") == "PASSIVE":
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        model = str(args.folder / f"{args.peer.name}.onnx")
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return lambda: session.run(None, {"input": images})

    return opened


def openvino(args, images):
    """OpenVINO; without the hint it computes in bf16 where the CPU can."""
    import openvino as ov

    hint = "f32" if args.precision == "f32" else "bf16"

    def opened():
        model = ov.compile_model(str(args.folder / f"{args.peer.name}.xml"), "CPU", {
            "INFERENCE_NUM_THREADS": args.threads, "INFERENCE_PRECISION_HINT": hint,
            "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1})
        request = model.create_infer_request()

        def run():
            results = request.infer([images], share_inputs=True, share_outputs=True)
            return [results[port] for port in model.outputs]

        return run

    return opened


def pytorch(args, images, **compile_options):
    import torch

    import networks  # finds the oracle
    import autocast

    torch.set_num_threads(args.threads)
    batch = torch.from_numpy(images)

    def opened():
        network = networks.build(args.case, args.peer.form)
        narrow = args.precision == "bf16"
        if narrow:
            autocast.keep_merging_single(network)
        if compile_options:
            network = torch.compile(network, options=compile_options)

        def run():
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=narrow):
                outputs = network(batch)
            return outputs if isinstance(outputs, tuple) else (outputs,)

        return run

    return opened


def inductor(args, images):
    return pytorch(args, images, freezing=True)


def inductor_autotune(args, images):
    return pytorch(args, images, freezing=True, max_autotune=True)


def array_of(output) -> np.ndarray:
    """NumPy has no bfloat16, which PyTorch's autocast returns."""
    return np.asarray(output.float() if hasattr(output, "float") else output)


def flat(outputs) -> np.ndarray:
    """What a peer returned, one output after the other."""
    return np.concatenate([array_of(output).ravel() for output in outputs])


def with_boxes(args, run):
    """The same and the boxes that follow, as in a program around a network that has none."""
    import torch

    import detectors

    torch.set_num_threads(args.threads)

    def both():
        with torch.inference_mode():
            outputs = run()
            detectors.boxes(args.case, outputs)
        return outputs

    return both


def compared(args, outputs) -> np.ndarray:
    """What is compared with the expected output."""
    if not args.case.head:
        return flat(outputs)
    if args.peer.runtime.startswith("hilo"):
        return outputs_order.of_library(args.case, outputs[0])
    return outputs_order.comparable(args.case, outputs)


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def times_of(run, count: int, beside) -> list[float]:
    times = []
    for _ in range(count):
        beside()
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def times_of_callers(runs: list, count: int, beside) -> list[float]:
    """Of all callers, who begin together."""
    times = [[] for _ in runs]

    def call(index: int):
        times[index] = times_of(runs[index], count, beside)

    threads = [threading.Thread(target=call, args=(index,)) for index in range(1, len(runs))]
    for thread in threads:
        thread.start()
    call(0)
    for thread in threads:
        thread.join()
    return sum(times, [])


def work_beside(program: str | None, threads: int):
    """What is done before each run."""
    if not program:
        return lambda: None
    import torch

    torch.set_num_threads(threads)
    a, b = torch.rand(128, 128), torch.rand(128, 128)
    return lambda: a @ b


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", type=Peer.parse)
    parser.add_argument("case", type=Case.parse)
    parser.add_argument("--folder", type=Path, required=True, help="what prepare.py wrote")
    parser.add_argument("--output", type=Path, required=True, help="gets the first output")
    parser.add_argument("--library", type=Path, help="folder of the generated library, for hilo")
    parser.add_argument("--precision", default="f32", help="or bf16 or int8, where the peer has it")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2, help="0 is each runtime's own choice")
    parser.add_argument("--callers", type=int, default=1)
    parser.add_argument("--beside", choices=["pytorch", "model"],
                        help="what runs before each run: a product of PyTorch's, or a second model of the peer's")
    args = parser.parse_args()

    open_peer = {
        "hilo": hilo, "hilo-openmp": hilo, "hilo-wheel": hilo_wheel, "onnxruntime": onnxruntime, "openvino": openvino, "eager": pytorch,
        "inductor": inductor, "inductor-autotune": inductor_autotune,
    }[args.peer.runtime]
    # Inductor and its compilers may print; stdout is for the protocol alone.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    images = np.load(args.folder / "input.npy")
    opened = open_peer(args, images)
    base = peak_mb()
    start = time.perf_counter()
    run = opened()
    if args.peer.form == "boxes":
        run = with_boxes(args, run)
    first = run()
    ready = (time.perf_counter() - start) * 1e3
    memory = peak_mb()
    np.save(args.output, compared(args, first))
    del first  # dozens of workers may share the memory
    runs = [run] + [open_peer(args, images)() for _ in range(args.callers - 1)]
    for other in runs[1:]:
        other()
    beside = opened() if args.beside == "model" else work_beside(args.beside, args.threads)
    print(json.dumps({"ready_ms": ready, "base_mb": base, "peak_mb": memory}), file=answers,
          flush=True)
    for line in sys.stdin:
        print(json.dumps(times_of_callers(runs, int(line), beside)), file=answers, flush=True)


if __name__ == "__main__":
    main()
