"""Runs classify.py on a cluster of two nodes in this machine, and kills an actor, then a node: make test-ray

    python check.py MODULE PICTURES     # in the Python that has Ray and the wheel

PICTURES are the trained digits' own, copied until there are enough; their names say what they show. The actor that
first has a second batch ends as by kill -9, before its result is there; later a whole node does while an actor on it
has a batch. Every picture must be in the results once, with the answer that one process gives.
"""

import os
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import ray
from ray.cluster_utils import Cluster

HERE = Path(__file__).resolve().parent
HELPERS = HERE.parents[1] / "Tests" / "Python"
sys.path.insert(0, str(HELPERS))
import classify  # noqa: E402
import clusters  # noqa: E402
from clusters import expect  # noqa: E402

COPIES = 40
PATIENCE = 600
DIED = "HILO_RAY_DIED"
LOST_NODE, HANGING = "HILO_RAY_LOST_NODE", "HILO_RAY_HANGING"


class Mortal(classify.Classifier):
    """Dies once among all of them."""

    batches = 0

    def __call__(self, batch: pa.Table) -> pa.Table:
        self.batches += 1
        result = super().__call__(batch)
        if self.batches == 2:
            clusters.die_once(os.environ[DIED])
        return result


class Hanging(classify.Classifier):
    """On the node that is to be lost it never returns from its second batch."""

    batches = 0

    def __call__(self, batch: pa.Table) -> pa.Table:
        self.batches += 1
        if self.batches == 2 and ray.get_runtime_context().get_node_id() == os.environ[LOST_NODE]:
            Path(os.environ[HANGING]).touch()
            time.sleep(PATIENCE)
        return super().__call__(batch)


def check_rows(table: pa.Table, expected: dict, broken: set[str]):
    rows = clusters.rows_by_name(table.to_pylist(), expected.keys() | broken)
    clusters.expect_answers(rows, expected)
    for name in broken:
        expect(rows[name]["label"] is None and rows[name]["error"], f"{name}: has no reason")


def check(module: str, source: Path, scratch: Path):
    folder, died = scratch / "pictures", scratch / "died"
    clusters.copy_pictures(source, folder, COPIES)
    # Results hold single precision.
    expected = {name: (label, float(np.float32(probability)))
                for name, (label, probability) in clusters.expected_of(module, folder).items()}
    (folder / "cut.png").write_bytes(next(source.glob("*.png")).read_bytes()[:40])
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 10**8})
    second = cluster.add_node(num_cpus=1, object_store_memory=10**8)
    hanging = scratch / "hanging"
    environment = {"env_vars": {
        DIED: str(died), LOST_NODE: second.node_id, HANGING: str(hanging),
        "PYTHONPATH": f"{HERE}{os.pathsep}{HELPERS}"}}
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


if __name__ == "__main__":
    sys.exit(clusters.run(check, __doc__))
