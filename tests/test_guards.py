"""Runs that cannot come to anything stop with the reason, and what was saved stays whole."""

import copy
import errno
import json

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from torch import nn
from transformers import Trainer, TrainerCallback, TrainerState

from tests.test_optimisation import after_training
from tests.training_runs import accuracy, arguments, built, rows, train
from textclf.errors import UserError
from textclf.training import assembly
from textclf.training import fit as fit_module
from textclf.training.fit import fit
from textclf.training.guards import DiskGuard, LossGuard, StepRecord


def fitted(model, tokenizer, split, folder, **options):
    return fit(model, tokenizer, split, split, arguments(folder, **options), max_length=64, metrics=accuracy)


def test_a_loss_that_is_no_number_stops_the_first_step(tiny_model, tmp_path):
    split = rows(32)
    model, tokenizer = built(tiny_model("bert"), split)
    nn.init.constant_(model.classifier.bias, float("nan"))
    with pytest.raises(UserError, match=r"The loss became nan at step 1\. Try a --learning_rate below"):
        fitted(model, tokenizer, split, tmp_path / "run")
    assert not (tmp_path / "run").exists(), "nothing half-written"


def test_a_loss_that_explodes_later_is_seen_too(tiny_model, tmp_path):
    split = rows(400)
    with pytest.raises(UserError, match=r"The loss became (nan|inf)"):
        train(
            tiny_model("bert"),
            tmp_path / "run",
            split,
            rows(8),
            learning_rate=1e30,
            warmup_steps=0,
            max_grad_norm=0.0,
            num_train_epochs=3,
        )


class PoisonAt(TrainerCallback):
    """Makes the head give NaN from the step after `step` on."""

    def __init__(self, step):
        self.step = step

    def on_step_end(self, args, state, control, model=None, **kwargs):
        if state.global_step == self.step:
            nn.init.constant_(model.classifier.bias, float("nan"))


def test_a_loss_that_is_lost_after_the_watched_steps_stops_at_the_next_line_of_the_log(
    tiny_model, tmp_path, monkeypatch
):
    original = assembly._learning_callbacks
    monkeypatch.setattr(assembly, "_learning_callbacks", lambda *args: [*original(*args), PoisonAt(55)])
    with pytest.raises(UserError, match=r"The loss became nan at step 60\."):
        train(tiny_model("bert"), tmp_path / "run", rows(560), rows(8), num_train_epochs=1, logging_steps=10)


def test_the_guard_trusts_the_norm_of_the_step_and_not_what_is_left_of_the_gradient():
    """DeepSpeed's wrapper has taken the gradients by then: every run under it would have been stopped at step 0."""
    record, state = StepRecord(), TrainerState(global_step=1)
    for norm, stops in ((torch.tensor(0.3), False), (None, False), (1e-30, False), (float("inf"), False), (0.0, True)):
        record.clear()
        record.add_loss(torch.tensor(1.0))
        record.norm = norm
        guard = LossGuard(record)
        if stops:
            with pytest.raises(UserError, match="No gradient reaches any parameter"):
                guard.on_step_end(None, state, None)
        else:
            guard.on_step_end(None, state, None)


def test_the_recorded_norm_is_that_of_the_log(tiny_model, tmp_path, monkeypatch):
    seen = []

    class Look(TrainerCallback):
        def __init__(self, record):
            self.record = record

        def on_step_end(self, args, state, control, **kwargs):
            seen.append(self.record.gradient_norm())

    original = assembly._learning_callbacks
    monkeypatch.setattr(
        assembly, "_learning_callbacks", lambda model, args, record: [*original(model, args, record), Look(record)]
    )
    for name, limit in (("clipped", 0.01), ("whole", 0.0)):
        seen.clear()
        run = train(tiny_model("bert"), tmp_path / name, rows(32), rows(8), logging_steps=1, max_grad_norm=limit)
        lines = [json.loads(line) for line in (run.path / "training_log.jsonl").read_text().splitlines()]
        assert seen == pytest.approx([line["grad_norm"] for line in lines if "grad_norm" in line])
        assert min(seen) > 0


def test_a_step_that_the_wrapper_skipped_says_nothing_about_the_gradient(tiny_model, tmp_path, monkeypatch):
    """Under DeepSpeed in fp16 the first steps are skipped while the scale is found; their norm is reported as 0."""
    taken = []
    norm = Trainer._get_grad_norm

    def as_skipped(self, model, grad_norm=None):
        taken.append(float(norm(self, model, grad_norm=grad_norm)))
        return 0.0 if len(taken) == 1 else taken[-1]

    monkeypatch.setattr(Trainer, "_get_grad_norm", as_skipped)
    monkeypatch.setattr(Accelerator, "optimizer_step_was_skipped", property(lambda self: len(taken) == 1))
    train(tiny_model("bert"), tmp_path / "run", rows(32), rows(8), num_train_epochs=1)
    assert len(taken) > 1


def test_a_model_without_a_gradient_stops(tiny_model, tmp_path):
    split = rows(32)
    model, tokenizer = built(tiny_model("bert"), split)
    nn.init.zeros_(model.classifier.weight)
    model.classifier.requires_grad_(False)
    with pytest.raises(UserError, match="No gradient reaches any parameter"):
        fitted(model, tokenizer, split, tmp_path / "run")


def test_a_loss_that_does_not_move_in_fifty_steps_stops(tiny_model, tmp_path):
    """All texts look alike to a head that is switched off: the loss is log 2 in every step."""
    split = rows(440)
    model, tokenizer = built(tiny_model("bert"), split)
    nn.init.zeros_(model.classifier.weight)
    with pytest.raises(UserError, match="the model gives every text the same scores"):
        fitted(model, tokenizer, split, tmp_path / "run", learning_rate=1e-12)


def test_the_guards_can_be_switched_off(tiny_model, tmp_path):
    split = rows(440)
    model, tokenizer = built(tiny_model("bert"), split)
    nn.init.zeros_(model.classifier.weight)
    run = fitted(model, tokenizer, split, tmp_path / "run", learning_rate=1e-12, guards=False, num_train_epochs=1)
    assert run.training["steps"] == 55


def test_slow_but_real_learning_is_left_alone(tiny_model, tmp_path):
    run = train(tiny_model("bert"), tmp_path / "run", rows(440), rows(8), learning_rate=1e-6, num_train_epochs=1)
    assert run.training["steps"] == 55


def test_a_disk_too_small_is_found_before_the_first_step(tmp_path):
    model = nn.Linear(1000, 1000, bias=False)  # 4 MB; with AdamW's two moments 12 MB a checkpoint
    guard = DiskGuard(tmp_path / "not yet", model, free=lambda folder: 35_000_000)
    with pytest.raises(UserError, match=r"needs room for three checkpoints: 0\.04 GB .* found 0\.04 GB"):
        guard.on_train_begin(None, None, None)
    DiskGuard(tmp_path, model, free=lambda folder: 36_000_000).on_train_begin(None, None, None)


def test_a_disk_that_fills_up_stops_before_the_checkpoint_and_keeps_the_last(tiny_model, tmp_path, monkeypatch):
    room = iter([10**12, 10**12, 1000])
    monkeypatch.setattr("textclf.training.guards._free_bytes", lambda folder: next(room))
    with pytest.raises(UserError, match="The checkpoint of step 8 needs room"):
        train(tiny_model("bert"), tmp_path / "run", rows(32), rows(8), num_train_epochs=3)
    assert [p.name for p in (tmp_path / "run/checkpoints").glob("checkpoint-*")] == ["checkpoint-4"]


def test_a_write_that_fails_on_a_full_disk_leaves_the_last_checkpoint(tiny_model, tmp_path, monkeypatch):
    save = torch.save

    def full(content, path, *args, **kwargs):
        if "checkpoint-8" in str(path):
            raise OSError(errno.ENOSPC, "No space left on device")
        save(content, path, *args, **kwargs)

    monkeypatch.setattr(torch, "save", full)
    monkeypatch.setattr(fit_module.interruption, "SMALLEST_FREE", 10**15)  # the disk counts as full
    with pytest.raises(UserError, match=r"is full\. checkpoint-4 is whole: .*--resume_from_checkpoint"):
        train(tiny_model("bert"), tmp_path / "run", rows(32), rows(8), num_train_epochs=3)
    assert [p.name for p in (tmp_path / "run/checkpoints").glob("checkpoint-*")] == ["checkpoint-4"]


class SmallMemory(nn.Module):
    """An embedding that runs out of memory above so many texts, as a GPU would, sometimes after some work."""

    def __init__(self, inner, texts, while_training=True):
        super().__init__()
        self.inner, self.texts, self.refused, self.while_training = inner, texts, 0, while_training

    @property
    def word_embeddings(self):
        return self.inner.word_embeddings

    def forward(self, input_ids=None, **kwargs):
        if self.training is self.while_training and len(input_ids) > self.texts:
            self.refused += 1
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return self.inner(input_ids=input_ids, **kwargs)


class FailsOnce(SmallMemory):
    """Runs out of memory in one call; those of one or two texts, by which memory is foreseen, do not count."""

    def __init__(self, inner, call):
        super().__init__(inner, texts=10**9)
        self.call, self.calls = call, 0

    def forward(self, input_ids=None, **kwargs):
        counts = len(input_ids) > 2
        self.calls += counts
        if counts and self.calls == self.call:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return super().forward(input_ids=input_ids, **kwargs)


@pytest.mark.parametrize("accumulation", [1, 2])
def test_out_of_memory_halves_the_batch_and_changes_nothing_else(accumulation, tiny_model, tmp_path, caplog):
    split = rows(88)
    model, tokenizer = built(tiny_model("bert"), split)
    options = {"per_device_train_batch_size": 32 // accumulation, "gradient_accumulation_steps": accumulation}
    expected = after_training(model, tokenizer, split, tmp_path / "enough", **options)
    small = SmallMemory(model.bert.embeddings, texts=8)
    model.bert.embeddings = small
    found = after_training(model, tokenizer, split, tmp_path / "small", **options)
    assert "Memory ran out: batches of 8 from here on, 4 of them to a step" in caplog.text
    assert np.abs(found[0] - expected[0]).max() < 1e-5 * np.abs(expected[0]).max()
    assert np.abs(found[1] - expected[1]).max() < 1e-5


def test_what_was_summed_before_memory_ran_out_is_not_summed_twice(tiny_model, tmp_path):
    """The second half of a batch fails when the first has given its gradient: it must go with it."""
    split = rows(88)
    model, tokenizer = built(tiny_model("bert"), split)
    options = {"per_device_train_batch_size": 8, "gradient_accumulation_steps": 4}
    expected = after_training(model, tokenizer, split, tmp_path / "enough", **options)
    model.bert.embeddings = FailsOnce(model.bert.embeddings, call=3)
    found = after_training(model, tokenizer, split, tmp_path / "once", **options)
    assert np.abs(found[0] - expected[0]).max() < 1e-5 * np.abs(expected[0]).max()
    assert np.abs(found[1] - expected[1]).max() < 1e-5


@pytest.mark.parametrize("multi_label", [False, True])
def test_out_of_memory_in_validation_halves_its_batch_and_changes_no_figure(multi_label, tiny_model, tmp_path, caplog):
    split = rows(40, multi_label)
    model, tokenizer = built(tiny_model("bert"), split)
    options = {"per_device_eval_batch_size": 16, "num_train_epochs": 1, "precision": "fp32"}
    expected = fitted(copy.deepcopy(model), tokenizer, split, tmp_path / "enough", **options)
    model.bert.embeddings = SmallMemory(model.bert.embeddings, texts=5, while_training=False)
    found = fitted(model, tokenizer, split, tmp_path / "small", **options)
    assert "Memory ran out in validation: batches of 4 from here on." in caplog.text
    assert model.bert.embeddings.refused == 2, "what was learned about the memory is kept"
    assert found.selection["value"] == pytest.approx(expected.selection["value"], abs=1e-6)


def test_memory_for_not_even_one_text_in_validation_ends_in_one_sentence(tiny_model, tmp_path):
    split = rows(32)
    model, tokenizer = built(tiny_model("bert"), split)
    model.bert.embeddings = SmallMemory(model.bert.embeddings, texts=0, while_training=False)
    with pytest.raises(UserError, match="Memory runs out in validation with a single text"):
        fitted(model, tokenizer, split, tmp_path / "run")


def test_memory_for_not_even_one_text_ends_in_one_sentence(tiny_model, tmp_path):
    split = rows(32)
    model, tokenizer = built(tiny_model("bert"), split)
    model.bert.embeddings = SmallMemory(model.bert.embeddings, texts=0)
    with pytest.raises(UserError, match="Memory runs out with a single text"):
        fitted(model, tokenizer, split, tmp_path / "run")


def test_a_step_is_recorded_by_its_loss_and_by_how_far_its_texts_scores_lie_apart():
    record = StepRecord()
    for loss, logits in ((0.25, [[5.0, 2.0], [5.0, 2.0]]), (0.5, [[1.0, -3.0], [0.5, -3.0], [0.0, -1.5]])):
        record.add_loss(torch.tensor(loss))
        record.add_logits(torch.tensor(logits))
    assert record.read() == (0.75, 1.5)
    record.clear()
    record.add_loss(torch.tensor(0.5))
    record.add_logits(torch.tensor([[5.0, 2.0], [5.0, 2.0]]))
    assert record.read() == (0.5, 0.0), "the same scores for every text"
    record.clear()
    record.add_loss(torch.tensor(0.5))
    record.add_logits(torch.tensor([[5.0, 2.0]]))
    assert record.read() == (0.5, None), "one text lies apart from nothing"
