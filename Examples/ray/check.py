"""Runs classify.py on a cluster of two nodes in this machine, and kills an actor, then a node: make test-ray

    python check.py MODULE PICTURES     # in the Python that has Ray and the wheel

PICTURES are the trained digits' own, copied until there are enough; their names say what they show. The actor that
first has a second batch ends as by kill -9, before its result is there; later a whole node does while an actor on it
has a batch. Every picture must be in the results once, with the answer that one process gives.
"""

import argparse
import importlib
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import ray
from PIL import Image
from ray.cluster_utils import Cluster

import classify

COPIES = 40
PATIENCE = 600
DIED = "HILO_RAY_DIED"
LOST_NODE, HANGING = "HILO_RAY_LOST_NODE", "HILO_RAY_HANGING"


class Mortal(classify.Classifier):
    """Dies once among all of them."""

    def __init__(self, module: str, threads: int):
        super().__init__(module, threads)
        self.batches = 0

    def __call__(self, batch: pa.Table) -> pa.Table:
        self.batches += 1
        result = super().__call__(batch)
        if self.batches == 2 and self.is_first():
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    def is_first(self) -> bool:
        try:
            os.close(os.open(os.environ[DIED], os.O_CREAT | os.O_EXCL))
            return True
        except FileExistsError:
            return False


class Hanging(classify.Classifier):
    """On the node that is to be lost it never returns from its second batch."""

    batches = 0

    def __call__(self, batch: pa.Table) -> pa.Table:
        self.batches += 1
        if self.batches == 2 and ray.get_runtime_context().get_node_id() == os.environ[LOST_NODE]:
            Path(os.environ[HANGING]).touch()
            time.sleep(PATIENCE)
        return super().__call__(batch)


def expect(holds: bool, words: str):
    if not holds:
        raise SystemExit(f"ray: {words}")


def expected_of(module: str, folder: Path) -> dict[str, tuple[str, float]]:
    """What one process finds in each file."""
    model = importlib.import_module(module).Model(threads=1)
    return {path.name: tuple(model.classify(np.asarray(Image.open(path).convert("RGB")), top=1)[0])
            for path in folder.glob("*.png")}


def check_rows(table: pa.Table, expected: dict, broken: set[str]):
    rows = {Path(row["path"]).name: row for row in table.to_pylist()}
    expect(len(rows) == table.num_rows, f"{table.num_rows - len(rows)} pictures are in the results twice")
    missing = (expected.keys() | broken) - rows.keys()
    expect(not missing, f"{len(missing)} pictures are missing, {sorted(missing)[:1]} among them")
    for name, (label, probability) in expected.items():
        row = rows[name]
        expect(row["label"] == label, f"{name}: {row['label']} instead of {label}")
        expect(row["probability"] == np.float32(probability), f"{name}: {row['probability']}, {probability}")
    for name in broken:
        expect(rows[name]["label"] is None and rows[name]["error"], f"{name}: has no reason")


def check(module: str, source: Path, scratch: Path):
    folder, died = scratch / "pictures", scratch / "died"
    folder.mkdir()
    for copy in range(COPIES):
        for picture in source.glob("*.png"):
            shutil.copy(picture, folder / f"{copy:03}_{picture.name}")
    expected = expected_of(module, folder)
    expect(len({label for label, _ in expected.values()}) > 3, "the pictures show too few classes")
    (folder / "cut.png").write_bytes(next(source.glob("*.png")).read_bytes()[:40])
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 10**8})
    second = cluster.add_node(num_cpus=1, object_store_memory=10**8)
    hanging = scratch / "hanging"
    environment = {"env_vars": {
        DIED: str(died), LOST_NODE: second.node_id, HANGING: str(hanging),
        "PYTHONPATH": str(Path(__file__).resolve().parent)}}
    try:
        ray.init(address=cluster.address, runtime_env=environment, logging_level="WARNING")
        nodes = [node for node in ray.nodes() if node["Alive"]]
        expect(len(nodes) == 2, f"the cluster has {len(nodes)} nodes")
        classify.classify(str(folder), module, str(scratch / "found"), batch=8, worker=Mortal)
        expect(died.exists(), "no actor was killed")
        check_rows(parquet.read_table(scratch / "found"), expected, {"cut.png"})
        print(f"folder: {len(expected) + 1} pictures, each once, although an actor was killed")

        packed = scratch / "packed"
        packed.mkdir()
        files = sorted(folder.iterdir())
        parquet.write_table(pa.table({"path": [str(file) for file in files],
                                      "bytes": [file.read_bytes() for file in files]}),
                            packed / "pictures.parquet", row_group_size=16)
        classify.classify(f"parquet:{packed}", module, str(scratch / "again"))
        check_rows(parquet.read_table(scratch / "again"), expected, {"cut.png"})
        print("Parquet: the same")

        losing = threading.Thread(target=lose_node, args=(cluster, second, hanging))
        losing.start()
        classify.classify(str(folder), module, str(scratch / "third"), batch=8, worker=Hanging)
        losing.join()
        expect(hanging.exists(), "no node was lost")
        check_rows(parquet.read_table(scratch / "third"), expected, {"cut.png"})
        print("folder: the same although a node was lost")
    finally:
        ray.shutdown()
        cluster.shutdown()


def lose_node(cluster: Cluster, node, hanging: Path):
    """Kills all processes of a node once an actor hangs there."""
    end = time.monotonic() + PATIENCE
    while not hanging.exists() and time.monotonic() < end:
        time.sleep(0.1)
    cluster.remove_node(node, allow_graceful=False)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("module")
    parser.add_argument("pictures", type=Path)
    arguments = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="hilo-ray-"))
    try:
        check(arguments.module, arguments.pictures, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
