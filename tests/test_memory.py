"""Memory that will not do is seen before the first step, and the batches are cut; the model learns the same."""

import logging

import pytest
import torch
from safetensors.torch import load_file

from tests.training_runs import rows, train
from textclf.errors import UserError
from textclf.training import foresight, memory
from textclf.training.memory import free_memory

GIGABYTE = 10**9


def test_what_is_free_is_the_least_of_machine_and_container(monkeypatch, tmp_path):
    assert 0 < free_memory() < 10**14
    monkeypatch.setattr(memory, "_CONTAINER", tmp_path)
    outside = free_memory()
    (tmp_path / "memory.max").write_text("3000000\n")
    (tmp_path / "memory.current").write_text("2500000\n")
    (tmp_path / "memory.stat").write_text("anon 7\ninactive_file 400000\n")
    assert free_memory() == 900_000, "pages of files are given back"
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory() == pytest.approx(outside, rel=0.5)
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("500000\n")
    (tmp_path / "memory" / "memory.usage_in_bytes").write_text("600000\n")
    assert free_memory() == 0


def watched(monkeypatch, free):
    """The foresight's findings while a training runs with so many bytes free."""
    found = {}

    def foresee(self, args, state, control, **kwargs):
        original(self, args, state, control, **kwargs)
        found.update(pieces=self.trainer.pieces, validation=self.trainer.evaluation_pieces)

    def pieces(need, texts, length, free):
        found.setdefault("needs", []).append((need, texts, length))
        return cut(need, texts, length, free)

    original, cut = foresight.Foresight.on_train_begin, foresight._pieces
    monkeypatch.setattr(foresight.Foresight, "on_train_begin", foresee)
    monkeypatch.setattr(foresight, "_pieces", pieces)
    monkeypatch.setattr(foresight, "free_memory", lambda: free)
    return found


def weights(folder):
    return load_file(folder / "model.safetensors")


def test_batches_that_will_not_fit_are_cut_before_the_first_step(tiny_model, tmp_path, monkeypatch, caplog):
    folder, data = tiny_model("bert"), (rows(24), rows(8))
    options = {"num_train_epochs": 1, "padding_free": "off"}
    ample = watched(monkeypatch, 50 * GIGABYTE)
    whole = train(folder, tmp_path / "whole", *data, **options)
    assert (ample["pieces"], ample["validation"]) == (1, 1)
    need, texts, length = ample["needs"][0]
    assert texts == 8
    assert "at a time are computed" not in caplog.text
    scarce = watched(monkeypatch, int(need.of(3)))  # of eight texts, three fit: two at a time
    with caplog.at_level(logging.WARNING):
        cut = train(folder, tmp_path / "cut", *data, **options)
    assert scarce["pieces"] == 4
    assert f"8 texts of {length} tokens need about" in caplog.text
    assert "2 at a time are computed; the steps stay the same" in caplog.text
    assert len(whole.path.joinpath("training_log.jsonl").read_text().splitlines()) == len(
        cut.path.joinpath("training_log.jsonl").read_text().splitlines()
    )


def test_foreseeing_changes_nothing_that_is_learned(tiny_model, tmp_path, monkeypatch):
    """Dropout's numbers and the gradients are as if nothing had been tried."""
    folder, data = tiny_model("bert"), (rows(24), rows(8))
    looked = train(folder, tmp_path / "looked", *data, num_train_epochs=1)
    monkeypatch.setattr(foresight, "free_memory", lambda: None)
    blind = train(folder, tmp_path / "blind", *data, num_train_epochs=1)
    for name, tensor in weights(looked.path).items():
        assert torch.equal(tensor, weights(blind.path)[name]), name


def test_not_even_one_text_is_refused_with_what_to_type(tiny_model, tmp_path, monkeypatch):
    watched(monkeypatch, 1000)
    with pytest.raises(UserError, match=r"A single text of \d+ tokens needs about .* Lower --max_length"):
        train(tiny_model("bert"), tmp_path / "run", rows(16), rows(8))
    assert not (tmp_path / "run" / "model.safetensors").exists()


def test_what_is_kept_for_the_backward_pass_is_counted_without_parameters():
    class Sixteen(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(16, 16))

        def forward(self, x):
            return ((x @ self.weight).exp() * 2).sum()

    class Stub:
        model = Sixteen()
        data_collator = staticmethod(lambda rows: {"x": torch.stack(rows), "labels": None})
        compute_loss_context_manager = staticmethod(lambda: torch.autocast("cpu", enabled=False))

    rows = [torch.ones(16)]
    # x for the product's gradient, and exp's result: 16 float32 each.
    assert [foresight.kept_for_backward(Stub(), rows * times) for times in (1, 3)] == [128, 384]
    assert Stub.model.training
