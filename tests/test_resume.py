"""Stopped, killed, moved: a run that goes on ends with the weights of the run that was never stopped."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import TrainerCallback

from tests.training_runs import accuracy, arguments, built, rows, train
from textclf.errors import UserError
from textclf.training import assembly, interruption
from textclf.training import fit as fit_module
from textclf.training.fit import fit
from textclf.training.interruption import GracefulStop
from textclf.training.resume import newest_checkpoint

OPTIONS = {"num_train_epochs": 3, "learning_rate": 1e-3, "precision": "fp32", "gradient_accumulation_steps": 2}
STEPS = 12  # three epochs of four steps


class KilledError(Exception):
    """Stands for SIGKILL: nothing of the run's own code sees it coming. tests/kill_points.py sends the real one."""


class At(TrainerCallback):
    def __init__(self, step, act):
        self.step, self.act = step, act

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == self.step:
            self.act()


def run_with(callbacks, monkeypatch, tiny_model, folder, **options):
    """Train with more callbacks behind ours, and without the clearing up that a kill leaves no time for."""
    original = assembly._learning_callbacks
    monkeypatch.setattr(assembly, "_learning_callbacks", lambda *args: [*original(*args), *callbacks])
    monkeypatch.setattr(fit_module.resume, "leave_whole", lambda run: None)
    try:
        return train(tiny_model("bert"), folder, rows(60), rows(16), **{**OPTIONS, **options})
    finally:
        monkeypatch.undo()


def resumed(tiny_model, folder, **options):
    split = rows(60)
    model, tokenizer = built(tiny_model("bert"), split)
    args = arguments(folder, resume_from_checkpoint=str(folder), **{**OPTIONS, **options})
    return fit(model, tokenizer, split, rows(16), args, max_length=64, metrics=accuracy)


@pytest.fixture(scope="module")
def uninterrupted(tiny_model, tmp_path_factory):
    return train(tiny_model("bert"), tmp_path_factory.mktemp("whole") / "run", rows(60), rows(16), **OPTIONS)


def same(found, expected):
    weights = [load_file(run.path / "model.safetensors") for run in (found, expected)]
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert found.selection == expected.selection
    logs = [(run.path / "training_log.jsonl").read_text().splitlines() for run in (found, expected)]
    evaluated = [[entry for entry in map(json.loads, log) if "eval_f1_macro" in entry] for log in logs]
    keys = ("step", "epoch", "eval_loss", "eval_f1_macro")
    assert [[e[k] for k in keys] for e in evaluated[0]] == [[e[k] for k in keys] for e in evaluated[1]]


@pytest.mark.parametrize("step", [1, 4, 6, 11])
def test_a_killed_run_that_goes_on_ends_with_the_same_weights(step, uninterrupted, tiny_model, tmp_path, monkeypatch):
    def kill():
        raise KilledError

    with pytest.raises(KilledError):
        run_with([At(step, kill)], monkeypatch, tiny_model, tmp_path / "run")
    same(resumed(tiny_model, tmp_path / "run"), uninterrupted)


@pytest.mark.parametrize("step", [2, 4, 7])
def test_ctrl_c_saves_says_how_to_go_on_and_changes_nothing(step, uninterrupted, tiny_model, tmp_path, monkeypatch):
    """Step 4 ends an epoch: its validation is done before the run stops."""
    run = tmp_path / "run"
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt, match=rf"Stopped after step {step} of 12.*--resume_from_checkpoint {run}"):
        run_with([At(step, lambda: signal.raise_signal(signal.SIGINT))], monkeypatch, tiny_model, run)
    assert newest_checkpoint(run).name == f"checkpoint-{step}"
    assert signal.getsignal(signal.SIGINT) is before
    same(resumed(tiny_model, run), uninterrupted)


def twice():
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)


def test_a_second_ctrl_c_stops_at_once(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr(interruption, "FORWARD_SECONDS", 0.0)
    with pytest.raises(KeyboardInterrupt) as stop:
        run_with([At(2, twice)], monkeypatch, tiny_model, tmp_path / "run")
    assert not str(stop.value)


def test_ctrl_c_passed_on_by_a_launcher_counts_once(tiny_model, tmp_path, monkeypatch):
    """The terminal signals every process, `accelerate launch` then each of its own again: nothing was saved."""
    with pytest.raises(KeyboardInterrupt, match="Stopped after step 2 of 12"):
        run_with([At(2, twice)], monkeypatch, tiny_model, tmp_path / "run")
    assert newest_checkpoint(tmp_path / "run").name == "checkpoint-2"


def test_a_half_written_checkpoint_is_never_taken(uninterrupted, tiny_model, tmp_path, monkeypatch):
    """The kill comes while the checkpoint of step 8 is written: after the weights, before the state."""
    save = torch.save

    def killed(content, path, *args, **kwargs):
        if "checkpoint-8/scheduler" in str(path):
            raise KilledError
        save(content, path, *args, **kwargs)

    monkeypatch.setattr(torch, "save", killed)
    run = tmp_path / "run"
    with pytest.raises(KilledError):
        run_with([], monkeypatch, tiny_model, run)
    assert (run / "checkpoints/checkpoint-8/model.safetensors").exists()
    assert newest_checkpoint(run).name == "checkpoint-4"
    with pytest.raises(UserError, match="checkpoint-8 is not a complete checkpoint"):
        train(tiny_model("bert"), run, rows(8), rows(8), resume_from_checkpoint=str(run / "checkpoints/checkpoint-8"))
    same(resumed(tiny_model, run), uninterrupted)


def test_a_run_goes_on_after_it_was_moved(uninterrupted, tiny_model, tmp_path, monkeypatch):
    """The best checkpoint is known by its old path in the state: it must be found where it lies now."""

    def kill():
        raise KilledError

    with pytest.raises(KilledError):
        run_with([At(10, kill)], monkeypatch, tiny_model, tmp_path / "run")
    shutil.move(tmp_path / "run", tmp_path / "moved")
    same(resumed(tiny_model, tmp_path / "moved"), uninterrupted)


def test_a_run_goes_on_with_another_way_of_doing_its_steps(uninterrupted, tiny_model, tmp_path, monkeypatch):
    def kill():
        raise KilledError

    with pytest.raises(KilledError):
        run_with([At(6, kill)], monkeypatch, tiny_model, tmp_path / "run")
    found = resumed(tiny_model, tmp_path / "run", per_device_train_batch_size=16, gradient_accumulation_steps=1)
    assert found.training["steps"] == STEPS
    assert found.selection["epoch"] is not None


def test_checkpoints_are_written_in_between_when_it_is_time(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr(assembly, "GracefulStop", lambda steps: GracefulStop(steps, save_seconds=0.0))
    seen = []

    class Look(TrainerCallback):
        def on_save(self, args, state, control, **kwargs):
            seen.append(state.global_step)

    original = assembly._learning_callbacks
    monkeypatch.setattr(assembly, "_learning_callbacks", lambda *args: [*original(*args), Look()])
    train(tiny_model("bert"), tmp_path / "run", rows(60), rows(16), **OPTIONS)
    assert seen == list(range(1, STEPS + 1)), "once a step: at the end of an epoch with its validation, not twice"


def test_real_kills_at_random_moments_change_nothing():
    """Two of the points that `python -m tests.kill_points` tries twenty of."""
    command = [sys.executable, "-m", "tests.kill_points", "2"]
    root = Path(__file__).parent.parent
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("same weights") == 2


def test_nothing_to_go_on_with_ends_in_one_sentence(tiny_model, tmp_path):
    with pytest.raises(UserError, match="the folder does not exist"):
        train(tiny_model("bert"), tmp_path / "a", rows(8), rows(8), resume_from_checkpoint=str(tmp_path / "b"))
    (tmp_path / "b").mkdir()
    with pytest.raises(UserError, match="goes on in its own folder"):
        train(tiny_model("bert"), tmp_path / "a", rows(8), rows(8), resume_from_checkpoint=str(tmp_path / "b"))
