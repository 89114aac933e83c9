"""Shards as tasks of a Spark job: Spark places them and tries the failed ones again, predict.py does the rest.

    spark-submit recipes/bulk/spark.py runs/reviews /shared/texts /shared/labelled 64

Every executor needs the project's requirements and sees the three paths. The parts are Parquet, which
`spark.read.parquet("/shared/labelled")` reads: names that begin with `_` are passed over.
"""

import subprocess
import sys


def label(words: tuple[str, str, str, int, int]) -> None:
    """Label one shard, in a process of its own."""
    model, texts, output, shard, of = words
    command = ["predict.py", model, texts, "--output", output, "--shard", f"{shard}/{of}"]
    subprocess.run([sys.executable, *command], check=True)


if __name__ == "__main__":
    from pyspark.sql import SparkSession

    model, texts, output, shards = sys.argv[1:]
    session = SparkSession.builder.appName("label-texts").config("spark.task.maxFailures", 10).getOrCreate()
    tasks = [(model, texts, output, shard, int(shards)) for shard in range(int(shards))]
    session.sparkContext.parallelize(tasks, len(tasks)).foreach(label)
