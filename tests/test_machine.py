"""The machine's choices: precision, threads, device; and what cannot be is refused in one sentence."""

import os
from dataclasses import fields

import pytest
import torch

from textclf.errors import UserError
from textclf.flags import OWNED, RENAMED
from textclf.training import machine
from textclf.training.fit_arguments import FitArguments


def test_a_processor_trains_in_bf16_only_where_it_is_native(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: True)
    for found, chosen in [
        ({"avx512_f": True, "avx512_bf16": False}, "fp32"),
        ({"avx512_bf16": True}, "bf16"),
        ({"avx512_bf16": False, "amx_bf16": True}, "bf16"),
        ({"neon": True, "bf16": True}, "bf16"),
        ({"neon": True}, "fp32"),
    ]:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda found=found: found)
        assert machine.choose_precision("auto", use_cpu=True) == chosen
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    assert machine.choose_precision("auto", use_cpu=True) == "fp32"
    assert machine.choose_precision("bf16", use_cpu=True) == "bf16"


def test_fp16_is_refused_where_it_does_nothing_or_breaks():
    with pytest.raises(UserError, match="needs an accelerator"):
        machine.choose_precision("fp16", use_cpu=True)
    with pytest.raises(UserError, match="deberta-v2 models overflow in fp16"):
        machine.check_precision("fp16", "deberta-v2")
    machine.check_precision("fp16", "bert")
    machine.check_precision("bf16", "deberta-v2")


def test_bf16_is_refused_on_an_old_gpu(monkeypatch):
    monkeypatch.setattr(machine, "bf16_is_fast", lambda use_cpu: False)
    assert machine.choose_precision("auto", use_cpu=False) == "fp32"
    with pytest.raises(UserError, match="Ampere"):
        machine.choose_precision("bf16", use_cpu=False)


def test_the_launchers_single_thread_is_not_taken_for_a_wish(monkeypatch):
    monkeypatch.setattr(machine, "available_cores", lambda: 8)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert machine.share_threads(0) == 4
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert machine.share_threads(0) == 3
    assert machine.share_threads(5) == 5


def test_a_thread_count_of_the_environment_is_kept_without_a_launcher(monkeypatch):
    monkeypatch.setattr(machine, "available_cores", lambda: 8)
    for name in ("LOCAL_WORLD_SIZE", "ACCELERATE_DYNAMO_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert machine.share_threads(0) == 1
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert machine.share_threads(0) == 8


def test_cores_are_counted_within_affinity_and_quota(monkeypatch, tmp_path):
    quota = tmp_path / "cpu.max"
    monkeypatch.setattr(machine, "_QUOTA", quota)
    monkeypatch.setattr(machine, "_TOPOLOGY", str(tmp_path / "{}"))
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3}, raising=False)
    assert machine.available_cores() == 4
    for cpu, siblings in enumerate(["0,2", "1,3", "0,2", "1,3"]):  # two hardware threads a core
        (tmp_path / str(cpu)).write_text(siblings + "\n")
    assert machine.available_cores() == 2
    quota.write_text("150000 100000\n")
    assert machine.available_cores() == 2
    quota.write_text("100000 100000\n")
    assert machine.available_cores() == 1
    quota.write_text("max 100000\n")
    assert machine.available_cores() == 2


def test_the_arguments_hold_the_machines_choices_and_keep_what_was_said():
    args = FitArguments(precision="auto")
    assert args.use_cpu is not torch.accelerator.is_available()
    assert args.chosen_precision == machine.choose_precision("auto", args.use_cpu)
    assert (args.precision, args.threads) == ("auto", 0), "a recipe that is written again must not fix one machine"
    assert args.output_dir is None
    assert args.metric_for_best_model is None
    assert args.n_gpu <= 1


def test_fp32_wins_over_the_launchers_precision(monkeypatch):
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    assert FitArguments(precision="fp32").mixed_precision == "no"


def test_every_field_that_is_ours_to_decide_is_one_of_the_trainers():
    known = {field.name for field in fields(FitArguments)}
    assert set(OWNED) <= known
    assert not set(RENAMED) & known


def test_the_facts_name_device_and_libraries():
    assert machine.device_name(torch.device("cpu"))
    assert machine.library_versions()["torch"] == torch.__version__
