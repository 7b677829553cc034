"""Throughput of actors beside one process and several by hand: python measure.py MODULE FOLDER [--actors 2]

All decode and classify the same files with the same class; what counts is the time from the first picture to the last
result, so neither the start of Ray nor that of Python is in it. Rounds take turns.
"""

import argparse
import importlib
import multiprocessing
import statistics
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import ray

import classify


def work(module: str, files: list[str], batch: int, barrier, times):
    """A process by hand: it waits for the others when its model is open."""
    worker = classify.Classifier(module, 1)
    barrier.wait()
    start = time.perf_counter()
    for first in range(0, len(files), batch):
        part = files[first:first + batch]
        worker(pa.table({"path": part, "bytes": [Path(file).read_bytes() for file in part]}))
    times.put((start, time.perf_counter()))


def by_hand(module: str, files: list[str], batch: int, count: int) -> float:
    context = multiprocessing.get_context("spawn")
    barrier, times = context.Barrier(count), context.Queue()
    processes = [context.Process(target=work, args=(module, files[index::count], batch, barrier, times))
                 for index in range(count)]
    for process in processes:
        process.start()
    spans = [times.get() for _ in processes]
    for process in processes:
        process.join()
    return max(end for _, end in spans) - min(start for start, _ in spans)


class Timed(classify.Classifier):
    """Adds when each batch began and ended, by the clock that processes of a machine share."""

    def __call__(self, batch: pa.Table) -> pa.Table:
        start = time.perf_counter()
        found = super().__call__(batch)
        count = found.num_rows
        return (found.append_column("start", pa.array([start] * count))
                .append_column("end", pa.array([time.perf_counter()] * count)))


def by_ray(module: str, folder: str, batch: int, actors: int) -> float:
    import pyarrow.parquet as parquet

    with tempfile.TemporaryDirectory() as results:
        classify.classify(folder, module, results, actors=actors, batch=batch, worker=Timed)
        table = parquet.read_table(results, columns=["start", "end"])
    return max(table["end"].to_pylist()) - min(table["start"].to_pylist())


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("module")
    parser.add_argument("folder", type=Path, help="of PNG and JPEG; some thousand of them, or more")
    parser.add_argument("--actors", type=int, default=2)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    files = [str(file) for file in sorted(folder.rglob("*")) if file.suffix.lower() in (".png", ".jpg", ".jpeg")]
    if not files:
        parser.error(f"{folder}: has no PNG or JPEG")
    importlib.import_module(arguments.module)
    path = str(Path(__file__).resolve().parent)
    ray.init(num_cpus=arguments.actors + 1, logging_level="WARNING", runtime_env={"env_vars": {"PYTHONPATH": path}})
    module, batch, actors = arguments.module, arguments.batch, arguments.actors
    ways = {
        "one process": lambda: by_hand(module, files, batch, 1),
        f"{actors} processes by hand": lambda: by_hand(module, files, batch, actors),
        f"Ray, {actors} actors": lambda: by_ray(module, str(folder), batch, actors),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(arguments.rounds):
        for name, way in ways.items():
            rates[name].append(len(files) / way())
    for name, values in rates.items():
        print(f"{name:22} {statistics.median(values):9.1f} pictures/s ({min(values):.1f} – {max(values):.1f})")
    _, hand, actors_rate = (statistics.median(values) for values in rates.values())
    print(f"Ray by hand: {actors_rate / hand:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
