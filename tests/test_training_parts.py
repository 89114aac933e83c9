"""Parts of a training by themselves, with stand-ins for what only an accelerator or a second process has."""

import json
import logging
import os
import signal
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.metrics import fbeta_score, log_loss
from torch import nn
from transformers import TrainerControl, TrainerState
from transformers.modeling_outputs import SequenceClassifierOutput

from tests.training_runs import arguments, rows
from textclf.errors import UserError
from textclf.labels import LabelSpace
from textclf.run_folder import RunFolder
from textclf.training import encoding, fit, foresight, interruption, linear_fit, machine
from textclf.training.assembly import _headline, _saved_every, step_batches
from textclf.training.auxiliary import Auxiliary, TargetParts, cut_to, divergence, facts_of
from textclf.training.batching import Division, StepBatches, StepSize
from textclf.training.compact_vocabulary import Vocabulary
from textclf.training.encoding import EncodedTexts, TokenLists
from textclf.training.fit import Fitted, _train
from textclf.training.foresight import Need, needed, pieces_of, told
from textclf.training.guards import DiskGuard, LossGuard, StepRecord
from textclf.training.interruption import GracefulStop, MarkComplete
from textclf.training.linear_choice import _chosen, _searched
from textclf.training.optimisation import EarlyStopping
from textclf.training.outcome import selection_facts, training_facts
from textclf.training.resume import Place, _where_to_begin, _where_to_go_on, keep_to
from textclf.training.selection import choose_metric
from textclf.training.states import one_projection
from textclf.training.teaching import _few, _right
from textclf.training.trainer import IGNORED, BatchTrainer, CountedLoss

GIGABYTE = 10**9


def said_by(call, *args):
    with pytest.raises(UserError) as found:
        call(*args)
    return str(found.value)


# Memory


def test_a_batch_is_cut_in_halves_until_a_piece_fits(monkeypatch):
    """1 GB beside 1 GB a text: of 8 texts in 5 GB four fit exactly, in 4.9 GB two, in 2 GB one; all of it given."""
    monkeypatch.setattr(foresight, "GIVEN", 1.0)
    need = Need(GIGABYTE, GIGABYTE)
    for free, pieces in ((9.0, 1), (8.9, 2), (5.0, 2), (4.9, 4), (3.0, 4), (2.9, 8), (2.0, 8)):
        assert pieces_of(need, 8, 64, int(free * GIGABYTE)) == pieces, free
    assert pieces_of(need, 7, 64, 5 * GIGABYTE) == 2, "of seven texts the larger half is four"
    assert said_by(pieces_of, need, 8, 64, 2 * GIGABYTE - 1) == (
        "A single text of 64 tokens needs about 2.0 GB of memory; 2.0 GB are free. Lower --max_length, add "
        "--activation_checkpointing true, or choose a smaller model."
    )
    monkeypatch.setattr(foresight, "GIVEN", 0.5)
    assert (pieces_of(need, 8, 64, 10 * GIGABYTE), pieces_of(need, 8, 64, 9 * GIGABYTE)) == (2, 4)
    assert told(need, 7, 64, 5 * GIGABYTE, 2) == (
        "7 texts of 64 tokens need about 8.0 GB of memory and 5.0 GB are free: 4 at a time are computed"
    )


class Squares(nn.Module):
    """Keeps its input of 16 float32 a text for the backward pass, and beside it 64 bytes once."""

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(16))
        self.frozen = nn.Parameter(torch.ones(5), requires_grad=False)
        self.config = SimpleNamespace(num_hidden_layers=4)

    def forward(self, x):
        return (x * self.factor).sum()


def test_what_a_batch_needs_is_told_from_one_text_and_two():
    """Its input, 64 bytes a text, a third more for a moment; gradient and two moments of 16 float32 that learn."""
    training, validation = needed(Squares(), lambda times: {"x": torch.ones(times, 16)}, nullcontext)
    assert training == pytest.approx((3 * 64, 1.3 * 64))
    assert validation == pytest.approx((3 * 64, 2 * 1.3 * 64 / 4))
    assert training.of(3) == pytest.approx(3 * 64 + 3 * 1.3 * 64)


def foreseen(monkeypatch, free, training, validation, step=0, **settings):
    """Let a run of 10 texts look ahead with so many GB free; return its pieces and what it says."""
    lengths = np.array([5, 9, 30, 4, 6, 28, 7, 8, 3, 2])
    batches = StepBatches(lengths, StepSize(5), Division(), seed=0, epochs=1)
    args = {"device": torch.device("cpu"), "world_size": 1, "per_device_train_batch_size": 5, "sharded": False}
    args |= {"per_device_eval_batch_size": 8, "gradient_accumulation_steps": 3, **settings}
    trainer = SimpleNamespace(
        batches=batches, args=SimpleNamespace(**args), model=None, compute_loss_context_manager=None,
        pieces=1, evaluation_pieces=1,
    )  # fmt: skip
    monkeypatch.setattr(foresight, "GIVEN", 1.0)
    monkeypatch.setattr(foresight, "free_memory", lambda: free and int(free * GIGABYTE))
    monkeypatch.setattr(foresight, "needed", lambda *_: (Need(0, training * GIGABYTE), Need(0, validation * GIGABYTE)))
    foresight.Foresight(trainer).on_train_begin(trainer.args, TrainerState(global_step=step), None)
    return trainer.pieces, trainer.evaluation_pieces


def test_training_and_validation_are_cut_each_by_what_it_needs(monkeypatch, caplog):
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    assert foreseen(monkeypatch, 8, 1, 1) == (1, 1)
    assert caplog.text == ""
    assert foreseen(monkeypatch, 5, 0.5, 1) == (1, 2)
    assert (
        "In validation 8 texts of 30 tokens need about 8.0 GB of memory and 5.0 GB are free: 4 at a time"
        in caplog.text
    )
    assert "the steps stay the same" not in caplog.text
    caplog.clear()
    assert foreseen(monkeypatch, 3, 1, 0.1, step=7) == (2, 1)
    assert (
        "5 texts of 30 tokens need about 5.0 GB of memory and 3.0 GB are free: 3 at a time are computed; the steps"
        in (caplog.text)
    )
    assert "In validation" not in caplog.text
    for nothing in ({"device": torch.device("cuda")}, {"sharded": True}):
        assert foreseen(monkeypatch, 3, 1, 1, **nothing) == (1, 1)
    assert foreseen(monkeypatch, None, 1, 1) == (1, 1), "the system does not say what is free"


def test_processes_share_what_is_free_and_are_told_to_cut_their_batches_themselves(monkeypatch):
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert foreseen(monkeypatch, 16, 1, 0.5, world_size=2) == (1, 1)
    assert said_by(lambda: foreseen(monkeypatch, 6, 1, 0.1, world_size=2)) == (
        "5 texts of 30 tokens do not fit into the memory that each of the processes has. Start with "
        "--per_device_train_batch_size 2 --gradient_accumulation_steps 6: the steps stay the same."
    )


# The machine


@pytest.mark.parametrize(
    ("cuda", "hip", "capability", "kind", "fast"),
    [
        (True, None, 7, "cuda", False),
        (True, None, 8, "cuda", True),
        (True, "6.1", 7, "cuda", True),
        (False, None, 0, "xpu", True),
        (False, None, 0, "mps", False),
    ],
)
def test_accelerators_are_quick_in_bf16_or_not(cuda, hip, capability, kind, fast, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (capability, 9))
    monkeypatch.setattr(torch.version, "hip", hip)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device(kind))
    assert machine.bf16_is_fast(use_cpu=False) is fast
    assert machine.choose_precision("auto", use_cpu=False) == ("bf16" if fast else "fp32")
    assert machine.choose_precision("fp16", use_cpu=False) == "fp16"
    if not fast:
        assert said_by(machine.choose_precision, "bf16", False).endswith("Type --precision fp32, or fp16.")


def test_devices_are_named_by_their_model(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"GPU {device.index}")
    assert machine.device_name(torch.device("cuda", 1)) == "GPU 1"
    assert machine.device_name(torch.device("mps")) == "mps"
    lines = "processor : 0\nmodel name : A: 2.5 GHz \nprocessor : 1\nmodel name : B"
    monkeypatch.setattr(machine, "_read", lambda path: lines)
    assert machine.device_name(torch.device("cpu")) == "A: 2.5 GHz"
    monkeypatch.setattr(machine, "_read", lambda path: None)
    monkeypatch.setattr(machine.platform, "processor", lambda: "")
    monkeypatch.setattr(machine.platform, "machine", lambda: "arm64")
    assert machine.device_name(torch.device("cpu")) == "arm64"


def test_cores_where_the_system_says_nothing_of_them(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    monkeypatch.setattr(machine, "_read", lambda path: None)
    assert machine.available_cores() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert machine.available_cores() == 1
    monkeypatch.setattr(machine, "available_cores", lambda: 3)
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "8")
    assert machine.share_threads(0) == 1, "more processes than cores"


def test_the_headline_says_what_was_found(monkeypatch):
    monkeypatch.setattr(machine, "device_name", lambda device: "D")
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    args = SimpleNamespace(device=torch.device("cpu"), world_size=2, chosen_precision="bf16")
    whole, part = (SimpleNamespace(input_ids=SimpleNamespace(numbers=n)) for n in (None, np.array([0, 1, 1, 1999])))
    assert _headline(args, whole) == "Training on D: bf16, 2 processes, 2 threads each."
    args = SimpleNamespace(device=torch.device("cuda"), world_size=1, chosen_precision="fp16")
    assert _headline(args, part) == "Training on D: fp16, 1 process, 2,000 of 4 embeddings."
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    args = SimpleNamespace(device=torch.device("cpu"), world_size=1, chosen_precision="fp32")
    assert _headline(args, whole) == "Training on D: fp32, 1 process, 1 thread each."


# Guards


def guarded(losses, spreads, fp16=False):
    """Let a guard see steps with these losses and spreads; return what it says, None where it lets all go on."""
    record = StepRecord()
    guard, args = LossGuard(record), SimpleNamespace(learning_rate=2e-5, fp16=fp16)
    try:
        for step, (loss, spread) in enumerate(zip(losses, spreads, strict=True), 1):
            record.clear()
            record.norm = 1.0
            record.add_loss(torch.tensor(loss))
            record.add_logits(torch.tensor([[0.0]] if spread is None else [[0.0], [spread]]))
            guard.on_step_end(args, TrainerState(global_step=step), None)
    except UserError as error:
        return str(error)
    return None


STILL = "Training goes nowhere: the loss has not moved from 0.7000 in 50 steps. Try a --learning_rate below 2e-05 (or "
STILL += "above, if it is tiny), look at the labels, or add --guards false to go on all the same."


def test_a_loss_that_moves_by_a_thousandth_learns():
    assert guarded([0.7] * 50, [1.0] * 50) == STILL
    assert guarded([0.7] * 49, [1.0] * 49) is None, "after the first fifty steps it is judged, and not before"
    assert guarded([0.7] * 49 + [0.7006], [1.0] * 50) == STILL
    assert guarded([0.7] * 49 + [0.7008], [1.0] * 50) is None
    assert guarded([0.7] * 50 + [float("nan")], [1.0] * 51) == STILL
    moving = list(np.linspace(0.7, 0.6, 50))
    assert guarded(moving, [1.0] * 40 + [1e-4] * 10).startswith(
        "Training goes nowhere: the model gives every text the same scores. Try"
    )
    assert guarded(moving, [1e-4] * 40 + [1e-4] * 9 + [0.01]) is None
    alone = [None] * 40  # steps of a single text, which differs from nothing
    assert "the same scores" in guarded(moving, alone + [1e-4] * 10)
    assert guarded(moving, [None, *alone] + [1e-4] * 9) is None, "nine steps are too few to say so"
    assert guarded(moving, alone + [1e-4] * 9 + [1e-3]) is None, "a thousandth is a difference"


def test_a_loss_that_is_no_number_names_what_may_help():
    for fp16, advice in ((False, "a --learning_rate below 2e-05"), (True, "--precision bf16 or fp32")):
        assert guarded([0.7, float("inf")], [1.0] * 2, fp16) == (
            f"The loss became inf at step 2. Try {advice}, or look for empty or broken texts in the data."
        )
    args = SimpleNamespace(learning_rate=1.0, fp16=False)
    guard = LossGuard(StepRecord())
    guard.on_log(args, TrainerState(global_step=60), None, logs={"eval_loss": float("nan")})
    guard.on_log(args, TrainerState(global_step=60), None)
    with pytest.raises(UserError, match=r"The loss became nan at step 60\. Try a --learning_rate below 1,"):
        guard.on_log(args, TrainerState(global_step=60), None, logs={"loss": float("nan")})


def test_a_checkpoint_needs_room_for_weights_and_two_moments_of_what_learns(tmp_path):
    model = nn.Sequential(nn.Linear(1000, 1000, bias=False), nn.Linear(1000, 500, bias=False))
    model[0].requires_grad_(False)  # 4 MB of weights; 2 MB that learn, with moments 4 MB
    state, control = TrainerState(global_step=7), TrainerControl(should_save=True)
    for free, fits in ((10_000_000, True), (9_999_999, False)):
        guard = DiskGuard(tmp_path, model, free=lambda folder, free=free: free)
        guard.on_step_end(None, state, TrainerControl())
        if fits:
            guard.on_epoch_end(None, state, control)
        else:
            with pytest.raises(UserError, match=r"The checkpoint of step 7 needs room: 0\.01 GB in .* 0\.01 GB free"):
                guard.on_step_end(None, state, control)
    assert DiskGuard(tmp_path / "not" / "yet", model).free(tmp_path / "not" / "yet") > 0


# Interruption


def stopped(stop, step, *, world_size=1, device="cpu", max_steps=100):
    args = SimpleNamespace(world_size=world_size, device=torch.device(device))
    control = TrainerControl()
    stop.on_step_end(args, TrainerState(global_step=step, max_steps=max_steps), control)
    return control.should_training_stop, control.should_save


@pytest.fixture
def clock(monkeypatch):
    now = SimpleNamespace(time=1000.0)
    monkeypatch.setattr(interruption.time, "monotonic", lambda: now.time)
    return now


def test_a_checkpoint_is_due_every_ten_minutes_but_at_the_end_of_an_epoch(clock):
    stop = GracefulStop(steps_per_epoch=10)
    clock.time += 600.0
    assert stopped(stop, 3) == (False, False)
    clock.time += 0.5
    assert stopped(stop, 3) == (False, True)
    assert stopped(stop, 10) == (False, False), "the validation's checkpoint comes there anyway"
    assert stopped(stop, 13, max_steps=13) == (False, False), "so it does at the end of the training"
    stop.on_save(None, None, None)
    assert stopped(stop, 3) == (False, False)
    clock.time += 700.0
    stop.on_train_begin(None, None, None)
    assert stopped(stop, 3) == (False, False), "the clock starts with the training"


def test_save_steps_saves_at_its_multiples(clock):
    stop = GracefulStop(steps_per_epoch=10, save_steps=4)
    assert [step for step in range(1, 21) if stopped(stop, step)[1]] == [4, 8, 12, 16]


def test_a_signal_stops_the_step_and_a_second_one_at_once(clock, caplog):
    stop = GracefulStop(steps_per_epoch=10)
    before = signal.getsignal(signal.SIGTERM)
    with stop, caplog.at_level(logging.WARNING):
        os.kill(os.getpid(), signal.SIGTERM)
        assert "Stopping after this step; the state will be saved. Once more stops at once." in caplog.text
        clock.time += 0.9
        os.kill(os.getpid(), signal.SIGINT)  # a launcher passed it on
        clock.time += 0.1
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) is before
    assert stopped(stop, 3) == (True, True)
    assert stop.stopped_at == 3
    control, state = TrainerControl(should_evaluate=True, should_save=True), TrainerState(global_step=3, max_steps=9)
    stop.on_epoch_end(None, state, control)
    assert (control.should_evaluate, control.should_save) == (False, False)
    control, state = TrainerControl(should_evaluate=True, should_save=True), TrainerState(global_step=10, max_steps=20)
    stop.on_epoch_end(None, state, control)
    assert (control.should_evaluate, control.should_save) == (True, True)
    assert stopped(GracefulStop(10), 10) == (False, False)


def test_processes_agree_on_a_stop_and_ask_an_accelerator_seldom(clock, monkeypatch):
    asked = []

    def all_reduce(wishes, op):
        asked.append(wishes.tolist())
        wishes.copy_(torch.tensor([1, 0], dtype=torch.int32))  # another process was told to stop
        assert op == torch.distributed.ReduceOp.MAX

    monkeypatch.setattr(torch.distributed, "all_reduce", all_reduce)
    stop = GracefulStop(steps_per_epoch=100)
    assert stopped(stop, 3, world_size=2) == (True, True)
    assert asked == [[0, 0]]
    monkeypatch.setattr(torch, "tensor", lambda values, dtype, device: torch.as_tensor(values, dtype=dtype))
    assert stopped(GracefulStop(100), 13, world_size=2, device="cuda") == (False, False)
    assert len(asked) == 1, "each question costs a wait for the accelerator"
    monkeypatch.setattr(torch.distributed, "all_reduce", lambda wishes, op: wishes.fill_(1))
    assert stopped(GracefulStop(100), 20, world_size=2, device="cuda") == (True, True)
    assert stopped(GracefulStop(100), 13, world_size=1, device="cuda") == (False, False)


def checkpoints(run, *steps, complete=True):
    for step in steps:
        folder = run / "checkpoints" / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        state = {"best_global_step": 8, "best_model_checkpoint": "/elsewhere/checkpoint-8"}
        (folder / "trainer_state.json").write_text(json.dumps(state))
        if complete:
            (folder / "complete").touch()


def names_in(run):
    return sorted(path.name for path in (run / "checkpoints").glob("*"))


def test_going_on_takes_half_written_and_later_checkpoints_away_and_finds_the_best_again(tmp_path):
    checkpoints(tmp_path, 8, 9, 10, 12)
    checkpoints(tmp_path, 11, complete=False)
    assert interruption.newest_checkpoint(tmp_path).name == "checkpoint-12"
    interruption.tidy(tmp_path, tmp_path / "checkpoints" / "checkpoint-10")
    assert names_in(tmp_path) == ["checkpoint-10", "checkpoint-8", "checkpoint-9"]
    state = json.loads((tmp_path / "checkpoints" / "checkpoint-10" / "trainer_state.json").read_text())
    assert state["best_model_checkpoint"] == str(tmp_path / "checkpoints" / "checkpoint-8")
    interruption.tidy(tmp_path, None)
    assert len(names_in(tmp_path)) == 3


def test_a_failed_run_without_a_whole_checkpoint_leaves_nothing(tmp_path):
    whole, empty, full = (tmp_path / name for name in ("whole", "empty", "full"))
    checkpoints(whole, 4)
    for run in (whole, empty, full):
        checkpoints(run, 5, complete=False)
        (run / "training_log.jsonl").touch()
    (full / "notes.txt").touch()
    for run in (whole, empty, full):
        interruption.leave_whole(run)
    assert names_in(whole) == ["checkpoint-4"]
    assert (whole / "training_log.jsonl").exists()
    assert not empty.exists()
    assert [path.name for path in full.iterdir()] == ["notes.txt"]


def test_the_first_process_marks_once_all_have_written(tmp_path, monkeypatch):
    waited = []
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "barrier", lambda: waited.append(1))
    checkpoints(tmp_path, 1, 2, 3, complete=False)
    args = SimpleNamespace(output_dir=str(tmp_path / "checkpoints"))
    for first in (False, True):
        state = TrainerState(global_step=3, is_world_process_zero=first)
        MarkComplete(2).on_save(args, state, None)
        assert interruption.is_complete(tmp_path / "checkpoints" / "checkpoint-3") is first
    assert len(waited) == 2
    assert names_in(tmp_path) == ["checkpoint-2", "checkpoint-3"]


@pytest.mark.parametrize(("stopped_at", "step", "ends"), [(3, 3, True), (8, 8, False), (None, 3, False)])
def test_a_run_that_was_stopped_says_how_it_goes_on(stopped_at, step, ends, tmp_path):
    model = nn.Linear(1, 1)
    model.config = SimpleNamespace(model_type="none")
    trainer = SimpleNamespace(
        is_world_process_zero=lambda: False,
        accelerator=SimpleNamespace(wait_for_everyone=lambda: None),
        args=SimpleNamespace(device=torch.device("cpu"), padding_free="off"),
        model=model,
        state=TrainerState(global_step=step, max_steps=8),
        train=lambda resume_from_checkpoint: None,
    )
    stop = GracefulStop(4)
    stop.stopped_at = stopped_at
    training = (trainer, SimpleNamespace(close=lambda: None), stop, None)
    place = Place(tmp_path, None, False)
    told = ""
    try:
        _train(training, place, {})
    except KeyboardInterrupt as error:
        told = str(error)
    expected = "Stopped after step 3 of 8; everything is saved. Go on with the same command and "
    assert told == (f"{expected}--resume_from_checkpoint {tmp_path}" if ends else "")


@pytest.mark.parametrize(("counted", "over"), [(1, False), (2, True)])
def test_patience_that_had_run_out_ends_a_resumed_training(counted, over):
    kept = {"EarlyStopping": {"attributes": {"early_stopping_patience_counter": counted}}}
    control, stopping = TrainerControl(), EarlyStopping(2)
    args = SimpleNamespace(load_best_model_at_end=True, metric_for_best_model="f1", eval_strategy="epoch")
    stopping.on_train_begin(args, TrainerState(stateful_callbacks=kept), control)
    assert control.should_training_stop is over


# Where a run goes on


def going_on(wanted, output_dir=None):
    return SimpleNamespace(resume_from_checkpoint=wanted, output_dir=output_dir)


def test_where_a_run_begins_and_goes_on(tmp_path):
    assert _where_to_begin(str(tmp_path / "new")) == Place(tmp_path / "new", None, False)
    assert said_by(_where_to_begin, None) == "--output_dir is missing: the folder that the run is written to."
    checkpoints(tmp_path / "run", 4, 8)
    checkpoints(tmp_path / "run", 9, complete=False)
    run = tmp_path / "run"
    assert said_by(_where_to_begin, str(run)).startswith(
        f"The output folder {run} is in use (it holds checkpoints). Choose another --output_dir, delete the folder, or"
    )
    (tmp_path / "my runs").mkdir()
    (tmp_path / "my runs" / "config.json").touch()
    told = said_by(_where_to_begin, str(tmp_path / "my runs"))
    assert f"type --resume_from_checkpoint '{tmp_path}/my runs' to go on" in told, (
        "a path with a space, as a shell reads it"
    )
    (tmp_path / "file").touch()
    assert "(it holds a file)" in said_by(_where_to_begin, str(tmp_path / "file"))
    assert "file: it is a file. Choose another" in said_by(_where_to_begin, str(tmp_path / "file" / "run"))
    newest, older, half = (run / "checkpoints" / f"checkpoint-{step}" for step in (8, 4, 9))
    for wanted, output_dir, checkpoint in (
        (str(run), None, newest),
        (str(run), str(run), newest),
        ("True", str(run), newest),
        (str(older), None, older),
    ):
        assert _where_to_go_on(going_on(wanted, output_dir)) == Place(run, checkpoint, True)
    assert said_by(_where_to_go_on, going_on("true")).startswith("--resume_from_checkpoint true goes on in the folder")
    assert said_by(_where_to_go_on, going_on(str(half))) == (
        f"{half} is not a complete checkpoint. Type --resume_from_checkpoint {run} for the newest one."
    )
    assert said_by(_where_to_go_on, going_on(str(tmp_path / "no"))).endswith("the folder does not exist.")
    assert said_by(_where_to_go_on, going_on(str(run), "other")) == (
        f"A run goes on in its own folder. Leave --output_dir other out, or type {run}."
    )


def test_a_plan_is_kept_to_and_each_difference_told(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    place = Place(tmp_path, None, True)
    keep_to(place, {"--seed": 1})  # nothing there yet, nothing to keep to
    missing = said_by(keep_to, Place(tmp_path, tmp_path / "checkpoints" / "checkpoint-1", True), {})
    assert missing.endswith(f"is missing, which says what the run was begun with: begin anew with another "
                            f"--output_dir than {tmp_path}.")  # fmt: skip
    begun = {"the model's size": 3, "--seed": 1, "tokenizer": "x"}
    (tmp_path / "checkpoints" / "plan.json").write_text(json.dumps(begun))
    keep_to(place, begun)
    keep_to(Place(tmp_path, None, False), {})
    assert said_by(keep_to, place, {"the model's size": 4, "--seed": 2, "tokenizer": "y"}).startswith(
        f"{tmp_path} was begun with --seed 1 (now 2), another tokenizer or cleaning, the model's size 3 (now 4). A run"
    )
    eight = {f"--{name}": 2 for name in "abcdefgh"}
    (tmp_path / "checkpoints" / "plan.json").write_text("{}")
    assert "--f None (now 2), and 2 more differences. A run" in said_by(keep_to, place, eight)
    eight.pop("--h")
    assert "--f None (now 2), --g None (now 2). A run" in said_by(keep_to, place, eight)


# What chooses


@pytest.mark.parametrize("several", [False, True])
def test_an_f_of_any_beta_is_scikit_learns_over_labels_that_occur(several):
    rng = np.random.default_rng(0)
    labels = LabelSpace(tuple("abcd"), several)
    gold = (rng.random((60, 4)) < 0.4).astype(int) * [1, 1, 1, 0] if several else rng.integers(3, size=60)
    values = rng.random((60, 4)).astype(np.float32)
    predicted = (values >= 0.5).astype(int) if several else values.argmax(axis=1)
    for name, beta, average in (
        ("f0.5_macro", 0.5, "macro"),
        ("f2_micro", 2, "micro"),
        ("f10_weighted", 10, "weighted"),
    ):
        selection = choose_metric(f"eval_{name}", labels, gold, lambda g, s: {"accuracy": 1.0})
        kept = None if average == "micro" else [0, 1, 2]
        expected = fbeta_score(gold, predicted, beta=beta, average=average, labels=kept, zero_division=0)
        assert selection.figure(gold, values) == pytest.approx(expected)
        assert (selection.metric, selection.greater_is_better) == (name, True)
    shares = values / values.sum(axis=1, keepdims=True)
    loss = choose_metric("loss", labels, gold, lambda g, s: {})
    expected = np.mean([log_loss(gold[:, k], values[:, k], labels=[0, 1]) for k in range(4)]) if several else (
        log_loss(gold, shares, labels=range(4)))  # fmt: skip
    assert loss.figure(gold, values if several else shares) == pytest.approx(expected, rel=1e-5)
    assert not loss.greater_is_better
    assert said_by(choose_metric, "f0_macro", labels, gold, lambda g, s: {"mcc": np.nan, "accuracy": 1.0}) == (
        "--metric_for_best_model f0_macro is not among the validation metrics. Known: accuracy, loss."
    )


def tried(values):
    asked = []

    def value(exponent):
        asked.append(exponent)
        return values(exponent)

    found = _searched(value)
    return asked, found


def test_the_search_for_c_goes_outwards_while_that_helps_and_by_halves_around_the_best():
    assert tried(lambda x: -abs(x + 2))[0] == [-3, -2, -1, -2.5, -1.5]
    assert tried(lambda x: x)[0] == [-3, -2, -1, 0, 1, 2, 1.5, 2.5]
    assert tried(lambda x: -x)[0] == [-3, -2, -1, -4, -5, -6, -6.5, -5.5]
    assert tried(lambda x: 0.0)[0] == [-3, -2, -1, -3.5, -2.5], "nothing helps"
    assert tried(lambda x: -abs(x + 4))[0] == [-3, -2, -1, -4, -5, -4.5, -3.5]


def test_of_cs_within_a_standard_error_of_the_best_the_nearest_to_the_usual_one_is_taken():
    # Of 16 texts 13 are right: (13 + 1) / (16 + 2) = .7778, whose standard error is .1039, so that .7086 is enough.
    found = {-4.0: 0.8125, -3.0: 0.75, -2.5: 0.7, -2.0: 0.71, -1.0: 0.8125}
    assert _chosen(found, -2.5, 16) == -3, "-2.5 itself is not enough; of two that are as near the one that shrinks"
    assert _chosen(found, -1.9, 16) == -2
    assert _chosen(found, -2.5, 4) == -2.5, "a standard error of .196"
    assert _chosen(found, -2.5, 10_000) == -4, "the best, and of equals the smallest"
    assert _chosen(found, None, 4) == -4
    assert _chosen({-3.0: 1.0, -2.5: 0.85, -2.0: 0.7}, -2.5, 4) == -2.5, "four of four are not certain either"
    assert _chosen({-3.0: -0.31, -2.5: -0.32}, None, 4) == -3, "a loss, for which none is usual"


def test_the_facts_of_a_training_are_speeds_of_its_steps_and_the_best_epoch(monkeypatch):
    monkeypatch.setattr(machine, "device_name", lambda device: "D")
    history = [
        {"step": 4, "epoch": 1.0, "loss": 0.5},
        {"step": 4, "epoch": 1.0, "eval_f1": 0.6},
        {"step": 8, "epoch": 2.0, "eval_f1": 0.7},
    ]
    state = TrainerState(global_step=8, epoch=1.99999, log_history=history, best_metric=0.7)
    state.best_global_step = 8
    args = SimpleNamespace(device=torch.device("cpu"), chosen_precision="fp32", world_size=1)
    trainer = SimpleNamespace(args=args, state=state)
    progress = SimpleNamespace(wall_seconds=9.876, seconds=4.0, examples=10, tokens=90)
    vocabulary = SimpleNamespace(rows=[1, 2, 3])
    facts = training_facts(trainer, progress, SimpleNamespace(vocabulary=vocabulary))
    speeds = ("seconds", "examples_per_second", "tokens_per_second", "steps", "epochs")
    assert {name: facts[name] for name in speeds} == {
        "seconds": 9.88, "examples_per_second": 2.5, "tokens_per_second": 22.5, "steps": 8, "epochs": 2.0,
    }  # fmt: skip
    assert (facts["processes"], facts["embeddings_trained"]) == (1, 3)
    assert training_facts(trainer, progress, SimpleNamespace(vocabulary=None))["embeddings_trained"] is None
    chosen = selection_facts(trainer, SimpleNamespace(metric="f1"))
    assert chosen == {"metric": "f1", "split": "validation", "value": 0.7, "epoch": 2.0}
    state.epoch, progress.seconds = None, 0.0
    nothing = training_facts(trainer, progress, SimpleNamespace(vocabulary=None))
    assert (nothing["epochs"], nothing["tokens_per_second"]) == (0.0, 90e9), "a run that was at its end already"
    state.best_global_step = 7
    assert selection_facts(trainer, SimpleNamespace(metric="f1"))["epoch"] is None


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_what_makes_a_processor_quick_is_kept_from_accelerators(kind, monkeypatch):
    asked = []
    for name in ("padding_free", "fast_dropout", "kept_memory"):
        monkeypatch.setattr(fit, name, lambda *words, name=name: asked.append((name, *words)) or nullcontext())
    args = SimpleNamespace(device=torch.device(kind), padding_free="auto")
    with fit._at_full_speed(SimpleNamespace(args=args, model="M")):
        on = kind == "cpu"
        assert asked == [("padding_free", "M", "auto", args.device), ("fast_dropout", "M", on), ("kept_memory", on)]


# Encoded texts


def encoded(labels, pieces=((0, 3, 4), (4, 9)), auxiliary=None):
    """Three texts of 3, 1 and 5 tokens, 10 to 18, in pieces of which each has offsets of its own."""
    ids = np.arange(10, 19, dtype=np.int32)
    lists = TokenLists([(ids, np.array(piece)) for piece in pieces])
    return EncodedTexts(lists, None, np.array(labels), auxiliary=auxiliary)


def test_texts_are_found_in_pieces_however_they_were_cut():
    whole, cut = encoded([0, 300, 1], [(0, 3, 4, 9)]), encoded([0, 300, 1], [(0, 3), (2,), (3, 4), (4, 9)])
    for texts in (whole, cut):
        assert texts.lengths.tolist() == [3, 1, 5]
        assert [texts[row].input_ids.tolist() for row in range(3)] == [[10, 11, 12], [13], [14, 15, 16, 17, 18]]
    assert whole.digest() == cut.digest()
    others = (encoded([0, 300, 2]), encoded([0, 300, 1], [(0, 2, 4, 9)]), encoded([0, 300, 1], [(0, 3, 4, 8)]))
    assert len({each.digest() for each in (whole, *others)}) == 4
    seen = np.zeros(30, dtype=bool)
    TokenLists([(np.arange(30), np.array([4, 6, 7]))]).mark(seen)
    assert np.flatnonzero(seen).tolist() == [4, 5, 6]
    twice = whole.renumbered(np.arange(0, 60, 2, dtype=np.int32))
    assert twice[1].input_ids.tolist() == [26]
    assert len(encoded([], [(0,)])) == 0


def test_labels_keep_their_numbers_and_rows_of_marks_take_a_byte_a_label():
    assert encoded([0, 300, 1]).labels.tolist() == [0, 300, 1], "more labels than a byte has numbers"
    marks = encoded([[0, 1], [1, 1], [0, 0]])
    assert (marks.labels.dtype, marks.labels.tolist()) == (np.uint8, [[0, 1], [1, 1], [0, 0]])


def test_the_longest_text_is_given_out_first_and_values_go_back_to_their_rows():
    targets = Auxiliary(TargetParts(2, 0, 0, 0), np.array([[1.0], [0.0], [1.0]], dtype=np.float32))
    plain = encoded([5, 6, 7], auxiliary=targets)
    texts = plain.sorted_by_length()
    assert (texts.lengths.tolist(), texts.labels.tolist()) == ([5, 3, 1], [7, 5, 6])
    assert [(texts[row].label, float(texts[row].auxiliary[0])) for row in range(3)] == [(7, 1.0), (5, 1.0), (6, 0.0)]
    assert texts.in_split_order(np.array([[0.7], [0.5], [0.6]])).tolist() == [[0.5], [0.6], [0.7]]
    assert plain.in_split_order(np.array([1, 2, 3])).tolist() == [1, 2, 3]
    assert texts.known_labels.tolist() == plain.known_labels.tolist() == [5, 7]
    stand_in, first = texts[-1], texts[0]
    assert (stand_in.counts, first.counts) == (False, True)
    assert stand_in.input_ids.tolist() == first.input_ids.tolist()
    assert encoded([5, 6, 7]).digest() != plain.digest()
    ties = encoded([0, 1, 2], [(0, 3, 6, 9)]).sorted_by_length()
    assert ties.labels.tolist() == [0, 1, 2]


@pytest.mark.parametrize("several", [False, True])
def test_labels_of_a_split_are_read_a_block_at_a_time(several, monkeypatch):
    monkeypatch.setattr(encoding, "ROWS_AT_ONCE", 3)
    split = rows(8, multi_label=several)
    gold = encoding._gold(split)
    assert gold.tolist() == LabelSpace.from_features(split.features).gold(split).tolist()
    assert gold.dtype == (np.uint8 if several else np.int64)


# Steps


def test_steps_are_counted_over_processes_accumulation_and_shares(tmp_path):
    lengths = np.full(50, 10)
    args = arguments(tmp_path, gradient_accumulation_steps=3, per_device_train_batch_size=4)
    assert step_batches(lengths, args).steps_per_epoch == 5  # of 12 rows
    args = arguments(tmp_path, tokens_per_batch=100, max_steps=7)
    assert step_batches(lengths, args).steps_per_epoch == 5
    for save_steps, max_steps, epochs, every in (
        (0.25, 0, 2, 5),
        (0.3, 0, 2, 6),
        (3.0, 0, 2, 3),
        (0.5, 9, 2, 5),
        (0, 0, 2, 0),
        (1, 0, 2, 1),
    ):
        asked = SimpleNamespace(save_steps=save_steps, max_steps=max_steps, num_train_epochs=epochs)
        assert _saved_every(asked, 10) == every, save_steps


def hopeless(size, batch, accumulation=1, world_size=1, sharded=False):
    args = SimpleNamespace(per_device_train_batch_size=batch, gradient_accumulation_steps=accumulation,
                           world_size=world_size, sharded=sharded, per_device_eval_batch_size=batch)  # fmt: skip
    return SimpleNamespace(args=args, pieces=1), {"labels": torch.zeros(size)}


def test_where_memory_runs_out_for_good_it_is_said_what_to_type():
    error = torch.OutOfMemoryError()
    give_up, in_validation = BatchTrainer._give_up_if_hopeless, BatchTrainer._give_up_evaluating_if_hopeless
    trainer, inputs = hopeless(2, 8)
    give_up(trainer, inputs, error)
    in_validation(trainer, 2, error)
    assert said_by(give_up, hopeless(1, 8)[0], hopeless(1, 8)[1], error).startswith(
        "Memory runs out with a single text."
    )
    assert said_by(in_validation, trainer, 1, error).startswith("Memory runs out in validation with a single text.")
    trainer, inputs = hopeless(8, 8, 3, world_size=2)
    assert said_by(give_up, trainer, inputs, error).startswith(
        "Memory ran out. Start again with --per_device_train_batch_size 4 --gradient_accumulation_steps 6: the steps"
    )
    trainer, _ = hopeless(8, 8, sharded=True)
    assert said_by(in_validation, trainer, 8, error).startswith(
        "Memory ran out in validation. Start again with --per_device_eval_batch_size 4: "
    )


@pytest.mark.parametrize("at", [0, 1, 2])
def test_where_memory_runs_out_within_a_step_its_done_batches_are_done_again(at, caplog):
    """Of three batches: what came before lost its gradient; what comes after is left to the Trainer."""
    done, record = [], StepRecord()
    trainer = BatchTrainer.__new__(BatchTrainer)
    trainer.args = SimpleNamespace(per_device_train_batch_size=4, gradient_accumulation_steps=3, world_size=1)
    trainer.record, trainer.pieces, trainer._done = record, 1, 0
    batches = trainer._step_batches = [{"labels": torch.full((4,), float(n))} for n in range(3)]

    def in_pieces(model, inputs, items):
        number = int(inputs["labels"][0])
        if number == at and trainer.pieces == 1:
            raise torch.OutOfMemoryError
        done.append((number, trainer.pieces))
        return torch.tensor(10.0**number)

    trainer._in_pieces = in_pieces
    model = nn.Linear(1, 1)
    for batch in batches:
        trainer.training_step(model, batch, 12)
    before = [(number, 1) for number in range(at)]
    assert done == [*before, *[(number, 2) for number in range(3)]]
    assert record.read()[0] == 111
    assert "batches of 2 from here on, 6 of them to a step, which stays the same" in caplog.text


def test_a_batch_that_stands_in_for_one_teaches_nothing():
    record, seen = StepRecord(), []
    loss = CountedLoss(
        lambda outputs, labels, items: seen.append(outputs.logits.shape) or torch.tensor(1.0), record, 2
    )
    logits = torch.tensor([[1.0, 2.0, 9.0]], requires_grad=True)
    nothing = loss(SequenceClassifierOutput(logits=logits), torch.tensor([IGNORED]))
    nothing.backward()
    assert (float(nothing.detach()), logits.grad.abs().sum(), seen, record.spreads) == (0.0, 0.0, [], [])
    two = torch.tensor([[1.0, 2.0, 9.0], [3.0, 2.5, 0.0]], requires_grad=True)
    assert float(loss(SequenceClassifierOutput(logits=two), torch.tensor([0, IGNORED]))) == 1.0
    assert (seen, [float(spread.detach()) for spread in record.spreads]) == ([(2, 2)], [2.0])
    loss(SequenceClassifierOutput(logits=two.detach()), torch.tensor([0, 1]))
    assert len(record.spreads) == 1, "validation is no step"


def test_unused_embeddings_shrink_by_the_factor_that_a_row_of_ones_kept():
    whole = torch.arange(8.0).reshape(4, 2)
    vocabulary = Vocabulary(torch.tensor([0, 2]), np.array([0, 0, 1, 1]), whole, "e")
    embedding = nn.Embedding(4, 2)
    vocabulary.shrink(embedding)
    assert embedding.weight.tolist() == [[0, 1], [4, 5], [1, 1]]
    assert embedding.num_embeddings == 3
    trained = torch.tensor([[7.0, 7], [8, 8], [0.5, 0.25]])
    assert vocabulary.expand(trained).tolist() == [[7, 7], [1, 0.75], [8, 8], [3, 1.75]]


def test_two_clouds_lie_on_common_axes_within_one():
    first = np.array([[2.0, 0, 0], [-2, 0, 0], [0, 1, 0], [0, -1, 0]])
    places, shares = one_projection([first, 3 * first + 5])
    assert shares == [1.0, 1.0]
    assert places[0].tolist() == [[0.333, 0], [-0.333, 0], [0, 0.167], [0, -0.167]]
    assert places[1].tolist() == [[1, 0], [-1, 0], [0, 0.5], [0, -0.5]]


# Linear models on states


def test_the_lines_of_a_linear_model_stand_behind_those_of_fine_tuning_once(tmp_path):
    run, chosen = RunFolder(tmp_path), SimpleNamespace(tried={0.1: 0.5, 1.0: 0.625})
    own = ['{"C": 0.1, "eval_f1": 0.5}', '{"C": 1.0, "eval_f1": 0.625}']
    for before in ([], ['{"C": 3.0, "eval_f1": 0.9}']):
        run.write_text(linear_fit.LOG, "".join(f"{line}\n" for line in ['{"loss": 1}', *before]))
        linear_fit._log(run, chosen, "f1", anew=False)
        assert (tmp_path / linear_fit.LOG).read_text().splitlines() == ['{"loss": 1}', *own]
    linear_fit._log(run, chosen, "f1", anew=True)
    assert (tmp_path / linear_fit.LOG).read_text().splitlines() == own


@pytest.mark.parametrize(("process", "has_one", "fitted"), [(0, False, True), (0, True, False), (1, False, False)])
def test_a_head_is_fitted_once_and_by_one_process(process, has_one, fitted, tmp_path, monkeypatch):
    trained = Fitted(tmp_path, {"linear": {}} if has_one else {}, {})
    monkeypatch.setattr(linear_fit, "fit", lambda *args, **kwargs: trained)
    monkeypatch.setattr(linear_fit, "refit_head", lambda *args, **kwargs: "refitted")
    args = SimpleNamespace(process_index=process)
    found = linear_fit.fit_fine_tuned_features(None, None, None, None, args, max_length=8, metrics=None)
    assert found == ("refitted" if fitted else trained)


def test_options_without_effect_on_a_linear_model_are_named(tmp_path):
    usual = arguments(tmp_path, num_train_epochs=3)
    assert "num_train_epochs" not in linear_fit._unused(usual, {"num_train_epochs"})
    named = linear_fit._unused(arguments(tmp_path, layer_decay=0.9, family="features"), set())
    assert "layer_decay" in named
    assert "family" not in named


# What a teacher says


def test_opinions_and_labels_share_the_loss_by_hand():
    """Of two labels with logits 0, 0: log 2 by either; an opinion (1, 0) costs log 2, one of (.5, .5) nothing."""
    two = torch.zeros(3, 2)
    assert divergence(two, torch.tensor([[1.0, 0], [0.5, 0.5], [0, 1]]), 1.0, False).tolist() == pytest.approx(
        [np.log(2), 0, np.log(2)], abs=1e-6
    )
    assert divergence(2 * two + 1, torch.tensor([[1.0, 0]] * 3), 2.0, False).tolist() == pytest.approx(
        [4 * np.log(2)] * 3
    )
    assert divergence(two, torch.tensor([[1.0, 0.5]] * 3), 2.0, True).tolist() == pytest.approx([4 * np.log(2)] * 3)
    layout = TargetParts(labels=2, opinions=2, clusters=3, dimensions=4)
    assert (layout.rows, layout.widths) == (7, (1, 2, 1, 4))
    assert TargetParts(2, 0, 0, 0).widths == (1, 0, 0, 0)
    values = np.array([[1.0] * 8, [0.0] * 8, [0.0] * 8], dtype=np.float32)
    facts = facts_of(Auxiliary(layout, values), SimpleNamespace(teacher="t"))
    assert list(facts["taught"].values()) == ["t", 1, 2, True, 3, 4]
    assert facts_of(None, SimpleNamespace(teacher="t")) == {}
    own = {"w": torch.zeros(2, 3), "b": torch.zeros(2), "s": torch.tensor(1.0)}
    cut = cut_to(own, {"w": torch.ones(5, 3), "b": torch.ones(2), "s": torch.tensor(2.0), "x": torch.ones(4)})
    assert {name: tuple(value.shape) for name, value in cut.items()} == {"w": (2, 3), "b": (2,), "s": (), "x": (4,)}


def test_a_chat_teacher_is_right_where_it_names_all_labels():
    labels = LabelSpace(("a", "b"), True)
    found = _right([[0], None, [0, 1], [1]], labels, {"labels": [[0], [0], [1, 0], []]})
    assert (found["n"], found["accuracy"]["value"]) == (4, 0.5)
    assert _few(tuple("abcd")) == "a, b, c, d"
    assert _few(tuple("abcde")) == "a, b, c, d, ..."
