"""Memory that will not do is seen before the first step, and the batches are cut; the model learns the same."""

import logging
import os
import weakref
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file

from tests.training_runs import rows, train
from textclf.errors import UserError
from textclf.inference import memory
from textclf.inference.memory import free_memory
from textclf.training import foresight, resume
from textclf.training import memory as held_memory
from textclf.training.fit import start

GIGABYTE = 10**9


def place(folder, limit, usage, statistics="anon 7\n", old=False):
    """Write what the kernel shows of a control group: of version 2, or of the old one."""
    folder.mkdir(parents=True, exist_ok=True)
    names = ("memory.limit_in_bytes", "memory.usage_in_bytes") if old else ("memory.max", "memory.current")
    for name, value in zip(names, (limit, usage), strict=True):
        (folder / name).write_text(f"{value}\n")
    (folder / "memory.stat").write_text(statistics)


def test_what_is_free_is_the_least_of_machine_and_containers(monkeypatch, tmp_path):
    assert 0 < free_memory() < 10**14
    member = tmp_path / "cgroup"
    monkeypatch.setattr(memory, "_CONTAINERS", tmp_path)
    monkeypatch.setattr(memory, "_MEMBERSHIPS", member)
    outside = free_memory()
    place(tmp_path, 3_000_000, 2_500_000, "anon 7\ninactive_file 400000\n")
    assert free_memory() == 900_000, "pages of files are given back"
    place(tmp_path, "max", 2_500_000)
    assert free_memory() == pytest.approx(outside, rel=0.5)


def test_a_limit_anywhere_above_the_process_counts(monkeypatch, tmp_path):
    """A scheduler's job, a systemd slice: the limit is not at the root."""
    member = tmp_path / "cgroup"
    monkeypatch.setattr(memory, "_CONTAINERS", tmp_path)
    monkeypatch.setattr(memory, "_MEMBERSHIPS", member)
    member.write_text("0::/jobs.slice/job-7/step-1\n")
    place(tmp_path / "jobs.slice" / "job-7" / "step-1", "max", 10)
    place(tmp_path / "jobs.slice" / "job-7", 9_000_000, 8_000_000)
    assert free_memory() == 1_000_000
    member.write_text("9:name=systemd:/\n4:memory:/batch/7\n1:cpu,cpuacct:/\n")
    place(
        tmp_path / "memory" / "batch" / "7",
        500_000,
        600_000,
        "inactive_file 0\ntotal_inactive_file 150000\n",
        old=True,
    )
    assert free_memory() == 50_000
    member.write_text("4:memory:/docker/4f0c\n")  # what a container without a namespace of its own sees
    place(tmp_path / "memory", 500_000, 600_000, old=True)
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

    original, cut = foresight.Foresight.on_train_begin, foresight.pieces_of
    monkeypatch.setattr(foresight.Foresight, "on_train_begin", foresee)
    monkeypatch.setattr(foresight, "pieces_of", pieces)
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
    scarce = watched(monkeypatch, int(need.of(3) / foresight.GIVEN) + 1)  # of eight texts, three fit: two at a time
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


class Sixteen(torch.nn.Module):
    """Keeps 16 numbers for the product's gradient, and 16 of the exponential's result."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(16, 16))
        self.made = []

    def forward(self, x):
        raised = (x @ self.weight).exp()
        self.made.append(weakref.ref(raised))
        return (raised * 2).sum()


def sixteens(times):
    return {"x": torch.ones(times, 16)}


def test_what_is_kept_for_the_backward_pass_is_counted_without_parameters():
    model = Sixteen()
    assert [foresight.kept_for_backward(model, sixteens(times), nullcontext) for times in (1, 3)] == [128, 384]
    assert model.training


def test_what_was_tried_is_freed_at_once():
    """A result that a graph keeps as it is holds that graph: neither would ever be freed."""
    model = Sixteen()
    foresight.kept_for_backward(model, sixteens(1), nullcontext)
    (raised,) = model.made
    assert raised() is None


def test_a_part_of_the_free_memory_is_left_to_the_system():
    need = foresight.Need(fixed=100.0, each=100.0)
    assert [foresight.pieces_of(need, 8, 512, free) for free in (900, 1059, 589, 588)] == [2, 1, 2, 4]


def test_what_is_held_is_given_back_once_it_has_grown_or_the_rest_runs_short(monkeypatch):
    now, given = SimpleNamespace(held=1e9, free=20e9), []
    monkeypatch.setattr(held_memory, "_resident", lambda: now.held)
    monkeypatch.setattr(held_memory, "free_memory", lambda: now.free)

    def give_back():
        given.append(now.held)
        now.held = 1e9

    monkeypatch.setattr(held_memory, "give_back", give_back)
    held = held_memory.HeldMemory()

    def step(takes):
        held.make_room()
        now.held = max(now.held, takes)

    step(4e9)  # the longest comes first
    for takes in (4.5e9, 5.9e9):  # up to half more than that is left alone
        step(takes)
    assert given == []
    step(6.1e9)
    step(3e9)
    assert given == [6.1e9] and now.held == 3e9
    step(3.1e9)
    now.free = 2.9e9  # a long step takes 3 GB beyond what there was
    step(4e9)
    assert given == [6.1e9, 3.1e9]
    now.free, now.held = 1e8, 1.9e9  # less than 1 GB is held: nothing to gain
    step(1.9e9)
    assert len(given) == 2
    now.free, now.held = None, 3e9  # not told: by growth alone
    step(3e9)
    assert len(given) == 2


def test_a_processor_makes_room_before_each_step(tiny_model, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(held_memory.HeldMemory, "make_room", lambda self: asked.append(1))
    train(tiny_model("bert"), tmp_path / "run", rows(24), rows(8), num_train_epochs=2)
    assert len(asked) == 6  # 24 texts by 8, twice


@pytest.mark.parametrize("capacity", ["ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"])
def test_a_training_keeps_the_products_of_few_shapes_unless_told_otherwise(capacity, monkeypatch):
    monkeypatch.setenv(capacity, "7")
    held_memory.keep_few_shapes()
    assert os.environ[capacity] == "7"
    monkeypatch.delenv(capacity)

    def seen(_):
        assert os.environ[capacity] == "64"
        raise UserError("seen")

    monkeypatch.setattr(resume, "find_place", seen)
    with pytest.raises(UserError, match="seen"):  # before anything is computed
        start(None, None, (None, None), None, max_length=8, metrics=None)
