"""Classifies a folder of pictures, or Parquet files that hold them, on a Ray cluster.

    python classify.py digits PICTURES --output RESULTS [--actors 2] [--threads 1]

MODULE is a wheel that `hilo package DIR --wheel` made, installed where the workers run. Each actor opens the model
once and keeps its context; the result is Parquet with a row a picture: path, label, probability. Blocks of a
worker that is lost are computed again by another. A picture that cannot be decoded gets no label and the reason,
and does not stop the others.
"""

import argparse
import importlib
import io
import sys
import time

import numpy as np
import pyarrow as pa
import ray


class Classifier:
    """An actor: one model, one call at a time."""

    def __init__(self, module: str, threads: int):
        self.model = importlib.import_module(module).Model(threads=threads)

    def __call__(self, batch: pa.Table) -> pa.Table:
        rows = [self.classify(data) for data in batch["bytes"].to_pylist()]
        labels, probabilities, errors = (list(column) for column in zip(*rows))
        return pa.table({
            "path": batch["path"],
            "label": pa.array(labels, pa.string()),
            "probability": pa.array(probabilities, pa.float32()),
            "error": pa.array(errors, pa.string()),
        })

    def classify(self, data: bytes):
        from PIL import Image, ImageOps

        try:
            picture = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
        except Exception as error:  # whatever a decoder finds wrong with a file
            return None, None, str(error) or type(error).__name__
        label, probability = self.model.classify(np.asarray(picture), top=1)[0]
        return label, probability, None


# Blocks are dealt out ahead, so the actors end together only when each gets many: with four, one actor often has
# five and another three. An actor takes several together where they are smaller than a batch.
BLOCKS_AN_ACTOR = 16
# One that it works on, and the next.
BLOCKS_AHEAD = 2

# Of a processor, for tasks that read and write; actors ask for so much less than their threads. Else actors
# on all processors would leave none for reading, and wait for it for ever.
READING = 0.1


def pictures(source: str, actors: int):
    """Rows of path and bytes, of a folder of files or of Parquet. One task reads for an actor: more of them would start
    more processes than there is work for, on the processors that the actors need."""
    options = {"override_num_blocks": BLOCKS_AN_ACTOR * actors, "concurrency": actors, "num_cpus": READING}
    if source.startswith("parquet:") or source.endswith(".parquet"):
        # The newer reader lists files by a task of a whole processor, which is not there when actors have all.
        ray.data.DataContext.get_current().use_datasource_v2 = False
        return ray.data.read_parquet(source.removeprefix("parquet:"), columns=["path", "bytes"], **options)
    return ray.data.read_binary_files(source, include_paths=True, file_extensions=["png", "jpg", "jpeg"],
                                      **options)


def classify(source: str, module: str, output: str, *, actors: int = 2, threads: int = 1,
             batch: int = 64, worker: type = Classifier) -> None:
    """Everything in `source` into Parquet in the folder `output`."""
    found = pictures(source, actors).map_batches(
        worker,
        fn_constructor_kwargs={"module": module, "threads": threads},
        batch_size=batch,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(
            size=actors, max_tasks_in_flight_per_actor=BLOCKS_AHEAD),
        num_cpus=threads - READING,
        max_restarts=-1,  # a lost actor comes again, on another node if need be
        max_task_retries=-1,  # and gets the blocks that it had
    )
    found.write_parquet(output, ray_remote_args={"num_cpus": READING})


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("module", help="the wheel's module")
    parser.add_argument("source", help="a folder of PNG and JPEG, FILE.parquet or parquet:FOLDER with path and bytes")
    parser.add_argument("--output", required=True, help="a folder for Parquet")
    parser.add_argument("--actors", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1, help="of each actor, and the processors it asks for")
    parser.add_argument("--batch", type=int, default=64, help="pictures of one call of an actor")
    parser.add_argument("--address", help="of the cluster; 'auto' finds one, nothing starts one here")
    arguments = parser.parse_args()
    ray.init(address=arguments.address, logging_level="WARNING")
    start = time.perf_counter()
    classify(arguments.source, arguments.module, arguments.output, actors=arguments.actors,
             threads=arguments.threads, batch=arguments.batch)
    count = ray.data.read_parquet(arguments.output).count()
    print(f"{count} pictures in {time.perf_counter() - start:.1f} s: {arguments.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
