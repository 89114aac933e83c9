"""Bulk labelling by real commands and a real model, killed at random, on a Ray cluster too: the same bytes."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.hub_stand_in import StandInHub
from tests.made_runs import make_run
from tests.tiny_models import SENTENCES
from textclf.bulk.bulk_arguments import BulkArguments
from textclf.bulk.checking import check
from textclf.bulk.labelling import label, set_up
from textclf.inference.classifier import Classifier

ROOT = Path(__file__).parent.parent
PATIENCE = 1800


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("labelling") / "run", "multi").path


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    path, rng = tmp_path_factory.mktemp("rows") / "rows.csv", random.Random(0)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "sentence"])
        for number in range(6_400):
            writer.writerow([number, " ".join(rng.choices(SENTENCES, k=rng.randrange(1, 4)))])
    return path


@pytest.fixture(scope="module")
def whole(run, rows, tmp_path_factory):
    """The output of one process that nobody disturbs."""
    output = tmp_path_factory.mktemp("whole") / "whole.csv"
    work = set_up(str(run), [str(rows)], BulkArguments(output=str(output), block_rows=50, engine="torch"))
    return output, label(work)


def command(run, rows, output, *words):
    options = ["--output", output, "--block_rows", "50", "--shards", "64", "--engine", "torch", *words]
    return [sys.executable, ROOT / "predict.py", run, rows, *map(str, options)]


@pytest.mark.slow
def test_64_shards_killed_at_random_end_with_the_bytes_of_one_process(run, rows, whole, tmp_path):
    rng, kills, output = random.Random(0), 0, tmp_path / "killed.csv"
    while True:
        process = subprocess.Popen(command(run, rows, output))
        receipts = output.with_name("killed.csv.parts") / "_receipts"
        before = len(list(receipts.glob("*.json")))
        while process.poll() is None and kills < 6 and len(list(receipts.glob("*.json"))) < before + 3:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.3) if kills < 6 else 0)
        if kills < 6 and process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        if process.wait(PATIENCE) == 0:
            break
    assert kills == 6
    assert check(output).content == whole[1].content
    assert output.read_bytes() == whole[0].read_bytes()


@pytest.mark.slow
def test_a_ray_cluster_that_loses_a_worker_ends_with_the_bytes_of_one_process(run, rows, whole, tmp_path, monkeypatch):
    cluster_utils = pytest.importorskip("ray.cluster_utils")
    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    lost = cluster.add_node(num_cpus=1)
    cluster.add_node(num_cpus=1)
    output = tmp_path / "ray.csv"
    killed = threading.Event()

    def kill_one():
        receipts = output.with_name("ray.csv.parts") / "_receipts"
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and len(list(receipts.glob("*.json"))) < 8:
            time.sleep(0.02)
        if receipts.is_dir():
            cluster.remove_node(lost, allow_graceful=False)
            killed.set()

    thread = threading.Thread(target=kill_one, daemon=True)
    thread.start()
    try:
        on = f"ray:{cluster.address}"
        options = BulkArguments(output=str(output), block_rows=50, shards=64, engine="torch", on=on)
        proof = label(set_up(str(run), [str(rows)], options))
    finally:
        cluster.shutdown()
    assert killed.is_set()
    assert proof.content == whole[1].content
    assert output.read_bytes() == whole[0].read_bytes()


def table_of(path):
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.mark.hub
@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_data_set_on_the_hub_is_labelled_by_its_commit(run, tmp_path, processes):
    texts = [f"{sentence} {number}" for number in range(20) for sentence in SENTENCES]
    files = {}
    for split, some in (("train", texts[:5]), ("test", texts[5:])):
        table = pa.table({"sentence": some, "number": list(range(len(some)))})
        pq.write_table(table, tmp_path / "rows.parquet")
        files[f"data/{split}-00000-of-00001.parquet"] = (tmp_path / "rows.parquet").read_bytes()
    output = tmp_path / "labelled.jsonl"
    words = [run, "alice/rows", "--output", output, "--block_rows", "16", "--shards", "4"]
    launch = ["-m", "accelerate.commands.launch", "--config_file", "accelerate_config.yaml", "--num_processes", "2"]
    begin = [sys.executable, *(launch if processes > 1 else []), "predict.py", *map(str, words)]
    with StandInHub() as hub:
        hub.create("dataset", "alice/rows", private=True, files=files)
        environment = {**hub.environment(tmp_path / "home", token=hub.token("alice")), "OMP_NUM_THREADS": "1"}

        def told(*more):
            done = subprocess.run(
                [*begin, *more], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
            )
            return done.returncode, done.stdout + done.stderr

        if processes == 1:
            status, said = told()
            assert (status, "several splits; choose one with --split: train, test" in said) == (2, True), said
        status, said = told("--split", "test")
        hub.assert_sound()
        commit = hub.repo("dataset", "alice/rows").head
    assert status == 0, said[-3000:]
    assert f"{len(texts) - 5:,} rows labelled" in said
    found = table_of(output)
    assert [(row["sentence"], row["number"]) for row in found] == [(t, n) for n, t in enumerate(texts[5:])]
    expected = Classifier.load(run).predict(texts[5:])
    assert [row["predicted"] for row in found] == [each.labels for each in expected]
    receipt = json.loads(output.with_name("labelled.jsonl.receipt.json").read_text())
    assert receipt["plan"]["inputs"] == [
        {"name": "alice/rows/test", "identity": f"{commit}//test", "rows": len(texts) - 5}
    ]


@pytest.mark.slow
def test_launched_processes_share_the_shards(run, rows, whole, tmp_path):
    output = tmp_path / "launched.csv"
    launch = ["--config_file", "accelerate_config.yaml", "--num_processes", "2"]
    words = ["-m", "accelerate.commands.launch", *launch, *map(str, command(run, rows, output)[1:])]
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "6,400 rows labelled" in done.stdout
    assert output.read_bytes() == whole[0].read_bytes()
