"""Runs that cannot come to anything stop with the reason, and what was saved stays whole."""

import errno

import numpy as np
import pytest
import torch
from torch import nn

from tests.test_optimisation import after_training
from tests.training_runs import accuracy, arguments, built, rows, train
from textclf.errors import UserError
from textclf.training import fit as fit_module
from textclf.training.fit import fit
from textclf.training.guards import DiskGuard


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

    def __init__(self, inner, texts):
        super().__init__()
        self.inner, self.texts, self.refused = inner, texts, 0

    @property
    def word_embeddings(self):
        return self.inner.word_embeddings

    def forward(self, input_ids=None, **kwargs):
        if self.training and len(input_ids) > self.texts:
            self.refused += 1
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return self.inner(input_ids=input_ids, **kwargs)


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


def test_memory_for_not_even_one_text_ends_in_one_sentence(tiny_model, tmp_path):
    split = rows(32)
    model, tokenizer = built(tiny_model("bert"), split)
    model.bert.embeddings = SmallMemory(model.bert.embeddings, texts=0)
    with pytest.raises(UserError, match="Memory runs out with a single text"):
        fitted(model, tokenizer, split, tmp_path / "run")
