"""The recipes for many machines call predict.py as it is, and every machine another shard."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from textclf.bulk.bulk_arguments import BulkArguments
from textclf.flags import build_parser, parse

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "recipes" / "bulk"


def options_of(words):
    """The options of a predict.py command line."""
    begin = next(i for i, word in enumerate(words) if word.endswith("predict.py"))
    first = next(i for i, word in enumerate(words) if word.startswith("--") and i > begin)
    return parse(build_parser([BulkArguments]), words[first:])[0]


def test_a_slurm_task_does_the_shard_of_its_number():
    script = FOLDER / "slurm.sh"
    environment = {**os.environ, "SLURM_ARRAY_TASK_ID": "7", "SLURM_CPUS_PER_TASK": "2", "PYTHON": "echo"}
    done = subprocess.run(
        ["bash", script, "run", "texts", "out"], env=environment, capture_output=True, text=True, check=True
    )
    options = options_of(shlex.split(done.stdout))
    assert (options.share, options.output) == ((7, 64), "out")
    assert "--array=0-63%" in script.read_text()


def test_a_pod_does_the_shard_of_its_index():
    job = yaml.safe_load((FOLDER / "kubernetes.yaml").read_text())
    container = job["spec"]["template"]["spec"]["containers"][0]
    command = container["args"][0].replace("exec python", "echo")
    environment = {**os.environ, "JOB_COMPLETION_INDEX": "63"}
    done = subprocess.run(
        [*container["command"], command], env=environment, capture_output=True, text=True, check=True
    )
    assert options_of(shlex.split(done.stdout)).share == (63, job["spec"]["completions"])
    assert job["spec"]["completionMode"] == "Indexed"


def test_every_hub_job_has_another_shard(tmp_path):
    fake = tmp_path / "hf"
    fake.write_text('#!/bin/bash\necho "$@"\n')
    fake.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", FOLDER / "hf_jobs.sh", "me/reviews", "me/texts", "me/out"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found = [options_of(shlex.split(line)) for line in done.stdout.splitlines()]
    assert [options.share for options in found] == [(shard, 16) for shard in range(16)]
    assert {(options.split, options.output) for options in found} == {("train", "/labelled")}


@pytest.mark.parametrize(
    "line", re.findall(r"^python predict\.py .*$", (FOLDER / "README.md").read_text(), re.MULTILINE)
)
def test_the_commands_of_the_page_are_understood(line):
    words = shlex.split(line, comments=True)
    if "--check" not in words:
        options_of(words)
