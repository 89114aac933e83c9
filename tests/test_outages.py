"""What is nobody's mistake: disks that are full or become so on the way, and a Hub that is away; real processes."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests import full_disk
from tests.tiny_models import SENTENCES
from tests.trained_runs import texts, write_csv

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.process


@pytest.fixture
def place(tmp_path):
    """A working folder with good rows in it."""
    write_csv(tmp_path / "good.csv", ["text", "label"], [(t, "en" if t[0].isascii() else "ko") for t in SENTENCES])
    return tmp_path


@pytest.fixture(scope="module")
def on_full_disks(tiny_model, tmp_path_factory):
    """How trainings on disks of a few megabytes ended: `{case: {code, said, left}}`."""
    folder = tmp_path_factory.mktemp("disks")
    namespace = ["unshare", "--map-root-user", "--mount"]
    probe = [*namespace, "mount", "-t", "tmpfs", "none", str(folder)]
    if shutil.which("unshare") is None or subprocess.run(probe, capture_output=True).returncode:
        pytest.skip("small disks cannot be mounted here")
    shutil.copytree(tiny_model("bert"), folder / "tiny")
    write_csv(folder / "rows.csv", ["text", "label"], [(t, "en" if t[0].isascii() else "ko") for t in texts(60, 20)])
    command = [*namespace, sys.executable, "tests/full_disk.py", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads((folder / "found.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("case", full_disk.CASES)
def test_a_full_disk_ends_in_one_sentence_and_leaves_nothing_half_written(case, on_full_disks):
    found = on_full_disks[case]
    assert found["code"] == 2, found["said"]
    last = found["said"].strip().splitlines()[-1]
    assert last.startswith("error: ")
    assert "Free some space" in last
    left = [name.removeprefix("run/") for name in found["left"]]
    assert not [name for name in left if "unfinished" in name]
    if case == "from the start":
        assert left == []
    elif case == "after the first checkpoint":
        folders = {name.split("/")[1] for name in left if name.startswith("checkpoints/checkpoint-")}
        assert len(folders) == 1
        assert f"checkpoints/{folders.pop()}/complete" in left
    else:
        assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(left)
        assert "README.md" not in left
    assert found.get("then", 0) == 0, "once there is space, it goes on"


def in_a_process(place, argv, **environment):
    """Run train.py as users do; return its exit code and what it said."""
    command = [sys.executable, str(ROOT / "train.py"), *argv]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    done = subprocess.run(command, cwd=place, env=clean | environment, capture_output=True, text=True)
    return done.returncode, done.stderr


def connections(server):
    """Count, and close, the connections that were made to a server which never accepted any."""
    server.setblocking(False)
    count = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            server.accept()[0].close()
            count += 1
    return count


@pytest.mark.slow
def test_a_hub_that_is_away_is_said_at_once(place):
    """One that answers nothing, which is worse than one that refuses: the client alone would take a minute."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hub = {"HF_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}", "HF_HOME": str(place / "home")}
        argv = ["--dataset", "good.csv", "--model", "klue/bert-base", "--output_dir", "run"]
        code, said = in_a_process(place, argv, **hub)
        assert connections(silent) <= 2, "one look; the client itself may ask who is at the keyboard, once a day"
    last = said.strip().splitlines()[-1]
    assert code == 2
    assert last.startswith(
        "error: The model klue/bert-base is neither a folder here nor in the local cache, and the Hub"
    )
    assert "Traceback" not in said
    assert not (place / "run").exists()


def test_a_real_process_ends_with_code_two_and_one_line(place):
    code, said = in_a_process(place, ["--dataset", "god.csv"])
    assert (code, said.strip()) == (2, "error: The file god.csv does not exist. Did you mean 'good.csv'?")
