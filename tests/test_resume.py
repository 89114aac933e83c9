"""Stopped, killed, moved: a run that goes on ends with the weights of the run that was never stopped."""

import copy
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import TrainerCallback, TrainerState

from tests.training_runs import accuracy, arguments, built, rows, train
from textclf.errors import UserError
from textclf.training import assembly, interruption
from textclf.training import fit as fit_module
from textclf.training.batching import Division, StepBatches, StepSize
from textclf.training.fit import fit
from textclf.training.fit_arguments import FitArguments
from textclf.training.guards import LossGuard, StepRecord
from textclf.training.interruption import Continued, GracefulStop, newest_checkpoint
from textclf.training.optimisation import EarlyStopping
from textclf.training.progress import Progress
from textclf.training.resume import find_place

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


def kill():
    raise KilledError


def run_with(callbacks, monkeypatch, tiny_model, folder, **options):
    """Train with more callbacks behind ours, and without the clearing up that a kill leaves no time for."""
    original = assembly._learning_callbacks
    monkeypatch.setattr(assembly, "_learning_callbacks", lambda *args: [*original(*args), *callbacks])
    monkeypatch.setattr(fit_module.interruption, "leave_whole", lambda run: None)
    try:
        return train(tiny_model("bert"), folder, rows(60), rows(16), **{**OPTIONS, **options})
    finally:
        monkeypatch.undo()


def resumed(tiny_model, folder, **options):
    split = rows(60)
    model, tokenizer = built(tiny_model("bert"), split)
    metrics = options.pop("metrics", accuracy)
    args = arguments(folder, **{"resume_from_checkpoint": str(folder), **OPTIONS, **options})
    return fit(model, tokenizer, split, rows(16), args, max_length=64, metrics=metrics)


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

    with pytest.raises(KilledError):
        run_with([At(10, kill)], monkeypatch, tiny_model, tmp_path / "run")
    shutil.move(tmp_path / "run", tmp_path / "moved")
    same(resumed(tiny_model, tmp_path / "moved"), uninterrupted)


def test_a_run_goes_on_with_another_way_of_doing_its_steps(uninterrupted, tiny_model, tmp_path, monkeypatch):
    with pytest.raises(KilledError):
        run_with([At(6, kill)], monkeypatch, tiny_model, tmp_path / "run")
    found = resumed(tiny_model, tmp_path / "run", per_device_train_batch_size=16, gradient_accumulation_steps=1)
    assert found.training["steps"] == STEPS
    assert found.selection["epoch"] is not None


def test_checkpoints_are_written_in_between_when_it_is_time(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr(assembly, "GracefulStop", lambda steps, **kwargs: GracefulStop(steps, save_seconds=0.0))
    seen = []

    class Look(TrainerCallback):
        def on_save(self, args, state, control, **kwargs):
            seen.append(state.global_step)

    original = assembly._learning_callbacks
    monkeypatch.setattr(assembly, "_learning_callbacks", lambda *args: [*original(*args), Look()])
    train(tiny_model("bert"), tmp_path / "run", rows(60), rows(16), **OPTIONS)
    assert seen == list(range(1, STEPS + 1)), "once a step: at the end of an epoch with its validation, not twice"


def test_early_stopping_counts_on_where_it_was_interrupted(tiny_model, tmp_path, monkeypatch):
    """A resumed run began to count anew: 8 epochs instead of 5."""
    options = {**OPTIONS, "num_train_epochs": 9, "early_stopping_patience": 3}
    falling = [0.0, 0.5, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2]  # the first is asked before training

    def metrics_from(values):
        series = iter(values)
        return lambda gold, scores: {"f1_macro": next(series)}

    whole = run_with([], monkeypatch, tiny_model, tmp_path / "whole", metrics=metrics_from(falling), **options)
    assert whole.training["steps"] == 20
    for name, killed_at, seen in (("middle", 14, 3), ("late", 17, 4)):
        run = tmp_path / name
        with pytest.raises(KilledError):
            run_with([At(killed_at, kill)], monkeypatch, tiny_model, run, metrics=metrics_from(falling), **options)
        found = resumed(tiny_model, run, metrics=metrics_from([0.0, *falling[1 + seen :]]), **options)
        assert found.training["steps"] == 20
        assert found.selection == whole.selection
        assert found.training["tokens_per_second"] > 0


def test_a_run_killed_when_its_patience_had_run_out_is_at_its_end(tiny_model, tmp_path, monkeypatch):
    options = {**OPTIONS, "num_train_epochs": 9, "early_stopping_patience": 1}
    values = iter([0.0, 0.5, 0.4])
    monkeypatch.setattr(fit_module.BatchTrainer, "_finalize_training", lambda *args: kill())
    with pytest.raises(KilledError):
        run_with(
            [], monkeypatch, tiny_model, tmp_path / "run", metrics=lambda g, s: {"f1_macro": next(values)}, **options
        )
    found = resumed(tiny_model, tmp_path / "run", metrics=lambda g, s: {"f1_macro": 0.9}, **options)
    assert found.training["steps"] == 8, "not one more step, nor another validation"
    assert (found.selection["value"], found.selection["epoch"]) == (0.5, 1.0)


def test_every_callback_with_state_goes_on_with_it():
    """One that is new tomorrow, and counts, is to be a `Continued` too, or to say here why not."""
    batches = StepBatches(np.array([3, 4]), StepSize(1), Division(), seed=0, epochs=1)
    callbacks = [LossGuard(StepRecord()), Progress(batches, show=False), EarlyStopping(2)]
    assert {type(callback) for callback in callbacks} == set(Continued.__subclasses__())
    for callback in callbacks:
        begun = TrainerState(stateful_callbacks=[callback])
        for name in callback.kept:
            setattr(callback, name, [0.5] if isinstance(getattr(callback, name), list) else 7)
        kept = json.loads(json.dumps(callback.state()))
        begun.stateful_callbacks[type(callback).__name__] = kept
        fresh = copy.copy(callback)
        for name in callback.kept:
            setattr(fresh, name, None)
        Continued.on_train_begin(fresh, None, begun, None)
        assert {name: getattr(fresh, name) for name in fresh.kept} == kept["attributes"]
        other = TrainerState()  # of a run that had no such callback
        Continued.on_train_begin(fresh, None, other, None)
        assert type(callback).__name__ in other.stateful_callbacks


def test_guards_switched_on_on_the_way_do_not_break_the_next_checkpoint(tiny_model, tmp_path, monkeypatch):
    with pytest.raises(KilledError):
        run_with([At(6, kill)], monkeypatch, tiny_model, tmp_path / "run", guards=False)
    assert resumed(tiny_model, tmp_path / "run", guards=True).training["steps"] == STEPS


def test_a_flat_loss_is_noticed_across_an_interruption(tiny_model, tmp_path):
    """The guard watches the first 50 steps; resumed, it had seen too few of them ever to speak."""
    split = rows(440)
    options = {"learning_rate": 1e-12, "num_train_epochs": 1, "save_steps": 20}

    def begin(**more):
        model, tokenizer = built(tiny_model("bert"), split)
        torch.nn.init.zeros_(model.classifier.weight)
        args = arguments(tmp_path / "run", **options, **more)
        return fit(model, tokenizer, split, rows(8), args, max_length=64, metrics=accuracy)

    original = fit_module.BatchTrainer.training_step
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            fit_module.BatchTrainer,
            "training_step",
            lambda self, *args: kill() if self.state.global_step == 30 else original(self, *args),
        )
        with pytest.raises(KilledError):
            begin()
    assert newest_checkpoint(tmp_path / "run").name == "checkpoint-20"
    with pytest.raises(UserError, match="Training goes nowhere"):
        begin(resume_from_checkpoint="true")


@pytest.mark.parametrize("options", [{"max_steps": 6}, {"num_train_epochs": 1.5}])
def test_a_signal_in_the_last_step_leaves_a_validated_run(options, tiny_model, tmp_path, monkeypatch):
    """The training ends within an epoch: its only validation was left out, and the run counted as finished."""
    stop = At(6, lambda: signal.raise_signal(signal.SIGTERM))
    run = run_with([stop], monkeypatch, tiny_model, tmp_path / "run", **{**OPTIONS, "eval_delay": 1.2, **options})
    assert run.training["steps"] == 6
    assert run.selection["value"] is not None
    assert run.selection["epoch"] == 1.5


def test_a_training_that_ends_before_its_first_validation_is_validated(tiny_model, tmp_path, monkeypatch):
    for name, options in (("epoch", {}), ("steps", {"eval_strategy": "steps", "eval_steps": 3})):
        run = run_with([], monkeypatch, tiny_model, tmp_path / name, max_steps=6, eval_delay=100, **options)
        assert run.selection["value"] is not None


@pytest.mark.parametrize("moment", ["before the mark", "after the mark"])
def test_with_one_checkpoint_kept_a_kill_in_saving_loses_nothing(
    moment, uninterrupted, tiny_model, tmp_path, monkeypatch
):
    """The older checkpoint went before the new one was marked: nothing was left to go on with."""
    if moment == "before the mark":
        marked = interruption.MarkComplete.on_save

        def on_save(self, args, state, control, **kwargs):
            if state.global_step == 8:
                kill()
            marked(self, args, state, control, **kwargs)

        monkeypatch.setattr(interruption.MarkComplete, "on_save", on_save)
    else:
        rotate = interruption.rotate_checkpoints
        monkeypatch.setattr(
            interruption,
            "rotate_checkpoints",
            lambda output_dir, **options: (
                kill() if (Path(output_dir) / "checkpoint-8").exists() else rotate(output_dir, **options)
            ),
        )
    run = tmp_path / "run"
    with pytest.raises(KilledError):
        run_with([], monkeypatch, tiny_model, run, save_total_limit=1)
    expected = "checkpoint-4" if moment == "before the mark" else "checkpoint-8"
    assert newest_checkpoint(run).name == expected
    same(resumed(tiny_model, run, save_total_limit=1), uninterrupted)


def test_no_more_checkpoints_are_kept_than_asked_for(tiny_model, tmp_path, monkeypatch):
    seen = []

    class Look(TrainerCallback):
        def on_step_begin(self, args, state, control, **kwargs):
            seen.append(len(list((tmp_path / "run/checkpoints").glob("checkpoint-*"))))

    run_with([Look()], monkeypatch, tiny_model, tmp_path / "run", save_steps=1, save_total_limit=2)
    assert max(seen) == 2


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"save_steps": 3}, [3, 4, 6, 8, 9, 12]),
        ({"save_steps": 0.25}, [3, 4, 6, 8, 9, 12]),
        ({"save_steps": 5, "eval_strategy": "steps", "eval_steps": 4}, [4, 5, 8, 10, 12]),
        ({"save_steps": 4, "eval_strategy": "steps", "eval_steps": 4}, [4, 8, 12]),
    ],
)
def test_save_steps_adds_checkpoints_to_those_of_the_validations(options, expected, tiny_model, tmp_path, monkeypatch):
    seen = []

    class Look(TrainerCallback):
        def on_save(self, args, state, control, **kwargs):
            seen.append(state.global_step)

    run_with([Look()], monkeypatch, tiny_model, tmp_path / "run", **options)
    assert seen == expected


def test_true_goes_on_in_the_folder_of_output_dir(uninterrupted, tiny_model, tmp_path, monkeypatch):
    with pytest.raises(KilledError):
        run_with([At(6, kill)], monkeypatch, tiny_model, tmp_path / "run")
    same(resumed(tiny_model, tmp_path / "run", resume_from_checkpoint="True"), uninterrupted)
    with pytest.raises(UserError, match="goes on in the folder of --output_dir, which is missing"):
        find_place(FitArguments(resume_from_checkpoint="true", use_cpu=True))
    with pytest.raises(UserError, match=r"There is no run to go on with in .*gone: the folder does not exist"):
        find_place(arguments(tmp_path / "gone", resume_from_checkpoint="true"))


@pytest.mark.slow
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
