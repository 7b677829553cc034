"""Runs the Spark code of the article on clusters on a cluster of two workers in this machine: make test-spark

    python check.py MODULE PICTURES     # in the Python that has Spark and the wheel

The code is the block spark_classify.py of docs/HiLo.docc/Clusters.md, as it stands there. PICTURES are the trained
digits' own, copied until there are enough. The process that first has a second batch ends as by kill -9. Every
picture must be in the results once, with the answer that one process gives.
"""

import os
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ARTICLE = TESTS.parent / "docs" / "HiLo.docc" / "Clusters.md"
HELPERS = TESTS / "Python"
sys.path[:0] = [str(TESTS / "Docs"), str(HELPERS)]
import clusters  # noqa: E402
import run_articles  # noqa: E402
from clusters import expect  # noqa: E402

COPIES = 20
# A module, since workers import what they run.
MORTAL = '''
import clusters
import spark_classify


def classify(frames):
    def counted():
        for number, frame in enumerate(frames):
            if number == 1:
                clusters.die_once({died!r})
            yield frame
    yield from spark_classify.classify(counted())
'''


def article_code() -> str:
    name = "# spark_classify.py\n"
    found = [block.text for block in run_articles.blocks(ARTICLE) if block.text.startswith(name)]
    expect(len(found) == 1, f"{ARTICLE}: has {len(found)} blocks that begin with '{name.strip()}'")
    return found[0]


def session(scratch: Path):
    """Two workers of a processor each, that are processes of their own."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    from pyspark.sql import SparkSession

    spark = (SparkSession.builder.master("local-cluster[2,1,1024]").appName("hilo")
             .config("spark.executorEnv.PYTHONPATH", f"{scratch}{os.pathsep}{HELPERS}")
             .config("spark.sql.execution.arrow.maxRecordsPerBatch", 4)
             .config("spark.ui.enabled", "false")
             .config("spark.ui.showConsoleProgress", "false").getOrCreate())
    # The process that is killed is no news.
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def check(module: str, source: Path, scratch: Path):
    folder, died, results = scratch / "pictures", scratch / "died", scratch / "results"
    clusters.copy_pictures(source, folder, COPIES)
    expected = clusters.expected_of(module, folder)
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
    rows = clusters.rows_by_name(spark.read.parquet(str(results)).collect(), set(expected))
    clusters.expect_answers(rows, expected)


if __name__ == "__main__":
    sys.exit(clusters.run(check, __doc__))
