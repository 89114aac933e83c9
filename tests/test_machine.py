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


@pytest.mark.parametrize(("capability", "fast"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_a_gpu_is_quick_in_bf16_from_ampere_on(capability, fast, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    monkeypatch.setattr(torch.version, "hip", None)
    assert machine.bf16_is_fast(use_cpu=False) is fast


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


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("num_train_epochs", -1, "--num_train_epochs must be 0 or more; found -1"),
        ("per_device_train_batch_size", 0, "must be 1 or more; found 0"),
        ("layer_decay", 0.0, "above 0 and up to 1; found 0.0"),
        ("label_smoothing_factor", 1.0, "from 0 to below 1"),
        ("eval_strategy", "no", "the checkpoint is chosen on validation"),
        ("lr_scheduler_type", "linaer", "Did you mean 'linear'"),
        ("report_to", "tensorbord", "Did you mean 'tensorboard'"),
        ("report_to", "neptune", "pip install neptune"),
    ],
)
def test_options_that_cannot_be_end_in_one_sentence(option, value, says):
    with pytest.raises(UserError, match=says):
        FitArguments(**{option: value})


def test_sharded_weights_and_layer_rates_exclude_each_other(monkeypatch):
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    with pytest.raises(UserError, match="do not work with weights in shards"):
        FitArguments(layer_decay=0.9)


def test_every_field_that_is_ours_to_decide_is_one_of_the_trainers():
    known = {field.name for field in fields(FitArguments)}
    assert set(OWNED) <= known
    assert not set(RENAMED) & known


def test_the_facts_name_device_and_libraries():
    assert machine.device_name(torch.device("cpu"))
    assert machine.library_versions()["torch"] == torch.__version__
