"""What a wheel of a classifier costs beside its C: python Benchmarks/wheel.py MODULE [--threads N].

Runs in the Python that has the wheel. Prints how long fresh processes take from their start to the first result,
and how much longer a call is than the C function behind it, called with the same arrays; both take turns.
"""

import argparse
import ctypes
import importlib
import statistics
import subprocess
import sys
import timeit

START = """
import time; begin = time.perf_counter()
import numpy; loaded = time.perf_counter()
import {module} as net; imported = time.perf_counter()
model = net.Model(threads={threads}); opened = time.perf_counter()
model(numpy.zeros((1, *model.input_shape), numpy.float32)); end = time.perf_counter()
print(*(1e3 * (b - a) for a, b in
        [(begin, loaded), (loaded, imported), (imported, opened), (opened, end), (begin, end)]))
"""


def measure_start(options):
    program = START.format(module=options.module, threads=options.threads)
    rows = []
    for _ in range(options.processes + 1):
        output = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        rows.append([float(word) for word in output.stdout.split()])
    names = ["import numpy", "import the module", "open", "first result", "in all"]
    print(f"a process, milliseconds, median of {options.processes} (least)")
    for name, values in zip(names, zip(*rows[1:])):  # the first one read files
        print(f"    {name:18} {statistics.median(values):7.1f} ({min(values):.1f})")


def measure_call(options):
    import numpy as np

    module = importlib.import_module(options.module)
    native = importlib.import_module(options.module + "._native")
    model = module.Model(threads=options.threads)
    images = np.random.default_rng(0).standard_normal((1, *model.input_shape), dtype=np.float32)
    output = model(images)
    height, width = model.resolutions[0]
    context = native.create_context(model._pool.model, options.threads, height, width)
    places = (ctypes.c_void_p * 1)(output.ctypes.data)
    address = images.ctypes.data
    calls = {
        "C": lambda: native.run_outputs(context, address, 1, places),
        "model(images)": lambda: model(images),
    }
    number = max(1, int(0.02 / timeit.timeit(calls["C"], number=5) * 5))
    times = {name: [] for name in calls}
    for _ in range(options.rounds):
        for name, call in calls.items():
            times[name].append(timeit.timeit(call, number=number) / number * 1e6)
    print(f"a call, microseconds, median of {options.rounds} rounds of {number} (least)")
    for name, values in times.items():
        print(f"    {name:18} {statistics.median(values):7.1f} ({min(values):.1f})")
    difference = statistics.median(b - a for a, b in zip(*times.values()))
    print(f"    {'difference':18} {difference:7.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("module")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--processes", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=60)
    arguments = parser.parse_args()
    measure_start(arguments)
    measure_call(arguments)
