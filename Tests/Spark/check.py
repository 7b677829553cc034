"""Runs the Spark code of the article on clusters on a cluster of two workers in this machine: make test-spark

    python check.py MODULE PICTURES     # in the Python that has Spark and the wheel

The code is the block spark_classify.py of docs/HiLo.docc/Clusters.md, as it stands there. PICTURES are the trained
digits' own, copied until there are enough. The process that first has a second batch ends as by kill -9. Every
picture must be in the results once, with the answer that one process gives.
"""

import argparse
import importlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
ARTICLE = ROOT / "docs" / "HiLo.docc" / "Clusters.md"
sys.path.insert(0, str(ROOT / "Tests" / "Docs"))
import run_articles  # noqa: E402

COPIES = 20
# A worker dies as often as a module says so; this one once.
MORTAL = '''
import os
import signal

import spark_classify


def classify(frames):
    def counted():
        for number, frame in enumerate(frames):
            if number == 1:
                die_once()
            yield frame
    yield from spark_classify.classify(counted())


def die_once():
    try:
        os.close(os.open({died!r}, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
'''


def expect(holds: bool, words: str):
    if not holds:
        raise SystemExit(f"spark: {words}")


def article_code() -> str:
    name = "# spark_classify.py\n"
    found = [block.text for block in run_articles.blocks(ARTICLE) if block.text.startswith(name)]
    expect(len(found) == 1, f"{ARTICLE}: has {len(found)} blocks that begin with '{name.strip()}'")
    return found[0]


def expected_of(module: str, folder: Path) -> dict[str, tuple[str, float]]:
    """What one process finds in each file."""
    model = importlib.import_module(module).Model(threads=1)
    return {path.name: tuple(model.classify(np.asarray(Image.open(path).convert("RGB")), top=1)[0])
            for path in folder.glob("*.png")}


def session(scratch: Path):
    """Two workers of a processor each, that are processes of their own."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    from pyspark.sql import SparkSession

    spark = (SparkSession.builder.master("local-cluster[2,1,1024]").appName("hilo")
             .config("spark.executorEnv.PYTHONPATH", str(scratch))
             .config("spark.sql.execution.arrow.maxRecordsPerBatch", 4)
             .config("spark.ui.enabled", "false")
             .config("spark.ui.showConsoleProgress", "false").getOrCreate())
    # The process that is killed is no news.
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def check(module: str, source: Path, scratch: Path):
    folder, died, results = scratch / "pictures", scratch / "died", scratch / "results"
    folder.mkdir()
    for copy in range(COPIES):
        for picture in source.glob("*.png"):
            shutil.copy(picture, folder / f"{copy:03}_{picture.name}")
    expected = expected_of(module, folder)
    expect(len({label for label, _ in expected.values()}) > 3, "the pictures show too few classes")
    (scratch / "spark_classify.py").write_text(article_code())
    (scratch / "mortal.py").write_text(MORTAL.format(died=str(died)))
    sys.path.insert(0, str(scratch))
    import mortal
    import spark_classify

    spark = session(scratch)
    try:
        spark_classify.main(spark, str(folder), str(results))
        check_rows(spark, results, expected)
        print(f"Spark: {len(expected)} pictures, each once, with the bits of one process")
        spark_classify.classify = mortal.classify
        spark_classify.main(spark, str(folder), str(results))
        expect(died.exists(), "no process was killed")
        check_rows(spark, results, expected)
        print("Spark: the same although a process was killed")
    finally:
        spark.stop()


def check_rows(spark, results: Path, expected: dict):
    rows = spark.read.parquet(str(results)).collect()
    found = {Path(row["path"]).name: row for row in rows}
    expect(len(found) == len(rows), f"{len(rows) - len(found)} pictures are in the results twice")
    missing = expected.keys() - found.keys()
    expect(not missing, f"{len(missing)} pictures are missing, {sorted(missing)[:1]} among them")
    for name, (label, probability) in expected.items():
        row = found[name]
        expect(row["label"] == label, f"{name}: {row['label']} instead of {label}")
        expect(row["probability"] == probability, f"{name}: {row['probability']}, {probability}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("module")
    parser.add_argument("pictures", type=Path)
    arguments = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="hilo-spark-"))
    try:
        check(arguments.module, arguments.pictures, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
