"""Several processes: the one launcher file starts them, and they compute what one process computes."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from accelerate.commands.config.config_args import load_config_from_file

from tests import launched, sharded
from tests.training_runs import arguments, rows
from textclf.errors import UserError

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.process
LAUNCHER_FILES = [ROOT / "accelerate_config.yaml", *sorted((ROOT / "recipes/accelerate").glob("*.yaml"))]


@pytest.fixture(scope="module")
def both(tiny_model, tmp_path_factory):
    """What one process finds with batches of 16, and two with batches of 8, each with accumulation 2."""
    folder = tmp_path_factory.mktemp("processes")
    for name in ("one", "two"):
        (folder / name).mkdir()
    launched.main(tiny_model("bert"), folder / "one", 16)
    command = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", "accelerate_config.yaml"]
    command += ["--num_processes", "2", "tests/launched.py", str(tiny_model("bert")), str(folder / "two"), "8"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return [json.loads((folder / name / "found.json").read_text()) for name in ("one", "two")]


@pytest.mark.parametrize("case", [*launched.CASES, "interrupted"])
def test_two_processes_compute_what_one_does(case, both):
    one, two = (found[case] for found in both)
    assert (one["training"]["processes"], two["training"]["processes"]) == (1, 2)
    for key in ("steps", "validation", "logits"):
        found, expected = np.array(two[key]), np.array(one[key])
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() < 1e-5 * max(1.0, np.abs(expected).max()), key


def test_a_signal_to_one_process_stops_both_at_one_step_and_the_run_goes_on(both):
    for found in both:
        assert "Stopped after step 3 of" in found["interrupted"]["stopped"]
        whole = np.array(found["one label"]["logits"]).shape
        assert np.array(found["interrupted"]["logits"]).shape == whole


@pytest.mark.slow
def test_two_processes_say_every_line_once(tiny_model, tmp_path):
    """A warning on the way, an adapter (whose library warns), and everything that is said of the data."""
    texts = {text: "en" if text.isascii() else "ko" for text in rows(150, seed=3)["text"]}
    with (tmp_path / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *texts.items()])
    command = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", "accelerate_config.yaml"]
    command += ["--num_processes", "2", "train.py", "--dataset", str(tmp_path / "rows.csv"), "--lora", "lora"]
    command += ["--model", str(tiny_model("bert", labels=("a", "b", "c"))), "--output_dir", str(tmp_path / "run")]
    command += ["--num_train_epochs", "1", "--baselines", "majority", "--bootstrap_draws", "200"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert done.returncode == 0, done.stderr[-4000:]
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip() and "step/s" not in line]
    assert [line for line in set(lines) if lines.count(line) > 1] == []
    assert sum("its last layer is replaced" in line for line in lines) == 1
    assert sum("carved out" in line for line in lines) == 2
    assert "is_gradient_checkpointing" not in done.stderr
    assert done.stdout.count("The run folder:") == 1


@pytest.mark.slow
def test_two_processes_say_a_mistake_once_and_last():
    command = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", "accelerate_config.yaml"]
    command += ["--num_processes", "2", "train.py", "--learnig_rate", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("Unknown option --learnig_rate.") == 1
    assert done.stderr.rstrip("=\n ").splitlines()[-1].strip().startswith("error: Unknown option --learnig_rate.")
    assert done.stderr.count("Traceback") == 1  # the launcher's own


@pytest.mark.slow
def test_weights_in_shards_are_trained_as_whole_ones_are(tiny_model, tmp_path):
    """FSDP2 as the launcher file has it, over gloo: losses, gradient norms, validation, and a run that goes on."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    whole = {**sharded.OPTIONS, "per_device_train_batch_size": 32}
    alone = {
        "one label": launched.train(tiny_model("bert"), tmp_path / "one/one", False, whole),
        "several labels": launched.train(tiny_model("bert"), tmp_path / "one/several", True, whole),
    }
    alone["went on"] = alone["one label"]
    command = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", "recipes/accelerate/fsdp2.yaml"]
    command += ["--num_processes", "2", "tests/sharded.py", str(tiny_model("bert")), str(tmp_path / "two")]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found = json.loads((tmp_path / "two/found.json").read_text())
    assert found["one label"]["training"]["processes"] == 2
    for case, expected in alone.items():
        for key in ("steps", "validation", "logits"):
            there, here = np.array(found[case][key]), np.array(expected[key])
            assert there.shape == here.shape
            assert np.abs(there - here).max() < 1e-4 * max(1.0, np.abs(here).max()), (case, key)


def test_shards_on_processors_are_refused_in_one_sentence(tmp_path, monkeypatch):
    """`accelerate` left the shards out in silence, and half the model was not there: a page of a trace."""
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    with pytest.raises(UserError, match=r"need accelerators; found processors only.*accelerate_config\.yaml"):
        arguments(tmp_path)


@pytest.mark.parametrize("path", LAUNCHER_FILES, ids=lambda path: path.name)
def test_every_launcher_file_is_read_by_accelerate(path):
    config = load_config_from_file(str(path))
    assert config.num_processes >= 1
    assert config.num_machines == (2 if path.name == "two_nodes.yaml" else 1)
    assert not config.use_cpu, "train.py chooses the device"
    kinds = {"fsdp2.yaml": "FSDP", "deepspeed.yaml": "DEEPSPEED"}
    assert config.distributed_type == kinds.get(path.name, "MULTI_GPU")


def test_fully_sharded_training_is_version_two():
    config = load_config_from_file(str(ROOT / "recipes/accelerate/fsdp2.yaml"))
    assert config.fsdp_config["fsdp_version"] == 2
    assert config.fsdp_config["fsdp_state_dict_type"] == "FULL_STATE_DICT", "checkpoints stay plain"
