"""Settings that cannot work or would be ignored are found before any time is spent, in one sentence."""

import os

import numpy as np
import pytest
import torch

from tests.approved import check_approved
from tests.training_runs import arguments, rows, train
from textclf.errors import UserError
from textclf.recipe import read_recipe
from textclf.training.assembly import step_batches
from textclf.training.settings import check_settings

REFUSED = [
    {"num_train_epochs": -1},
    {"num_train_epochs": 0},
    {"per_device_train_batch_size": 0},
    {"per_device_eval_batch_size": 0},
    {"gradient_accumulation_steps": 0},
    *({name: -1} for name in ("tokens_per_batch", "freeze_encoder_epochs", "early_stopping_patience", "threads")),
    *({name: -1} for name in ("warmup_steps", "save_steps", "follow_states", "seed")),
    {"seed": 2**32},
    {"layer_decay": 0.0},
    {"layer_decay": 1.01},
    {"label_smoothing_factor": -0.1},
    {"label_smoothing_factor": 1.0},
    {"eval_strategy": "no"},
    {"lr_scheduler_type": "linaer"},
    {"report_to": "tensorbord"},
    {"report_to": "none,neptune"},
    {"eval_delay": 3},
    {"eval_steps": 5},
    {"optim": "adamw_bnb_8bit"},
    {"adam_beta1": 2.0},
    {"learning_rate": -1.0},
    {"weight_decay": -1.0},
    {"optim_args": "a"},
    {"optim_target_modules": "attn"},
    {"lr_scheduler_type": "cosine_with_min_lr"},
    {"lr_scheduler_kwargs": {"x": 1}},
    {"lr_scheduler_type": "constant", "warmup_steps": 30},
    {"lr_scheduler_type": "reduce_lr_on_plateau", "warmup_steps": 0.3},
    {"use_liger_kernel": True},
    {"dataloader_persistent_workers": True},
    {"teacher_temperature": 3.0},
    {"teacher_weight": 0.3},
    {"teacher_url": "http://localhost/v1"},
    {"teacher_labels": ["a"]},
    {"teacher_price": [1.0, 2.0]},
    {"cluster_k": 4},
    {"cluster_weight": 0.2},
    {"teacher": "x", "teacher_temperature": 0.0},
    {"teacher": "x", "teacher_weight": 0.0},
    {"teacher": "x", "teacher_weight": 1.5},
    {"teacher": "x", "teacher_url": "ftp://x"},
    {"teacher": "x", "teacher_url": "http://x/v1", "teacher_temperature": 3.0},
    {"teacher": "x", "teacher_url": "http://x/v1", "teacher_revision": "a"},
    {"teacher": "x", "teacher_url": "http://x/v1", "teacher_price": [1.0]},
    {"teacher": "x", "teacher_url": "http://x/v1", "teacher_price": [1.0, -2.0]},
    {"cluster_inject": "target", "cluster_weight": 0.0},
    {"cluster_inject": "target", "cluster_k": 1},
    {"learn_validation": True},
    {"learn_validation": True, "family": "fine_tuned_features"},
    {"learn_validation": True, "family": "features"},
    {"residual_scale": 0.5},
    {"residual_scale": 1.0},
    {"residual_scale": 0.5, "family": "fine_tuned_features"},
    {"residual_scale": 0.5, "family": "features"},
    {"residual_scale": 0.0, "family": "features"},
    {"residual_scale": 1.5, "family": "few_shot"},
]
IN_SHARDS = [
    {},
    {"follow_states": 5},
    {"freeze_encoder_epochs": 1.0},
    {"layer_decay": 0.9},
    {"teacher": "x"},
    {"cluster_inject": "target"},
]


def refusal(folder, options):
    try:
        check_settings(arguments(folder, **options))
    except UserError as error:
        return str(error)
    return "(passes)"


def test_what_cannot_work_is_said_at_once(tmp_path, monkeypatch):
    """Each refusal word by word, of weights in shards too."""
    monkeypatch.delenv("ACCELERATE_USE_FSDP", raising=False)
    told = [f"{options}\n    {refusal(tmp_path, options)}" for options in REFUSED]
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    told += [f"FSDP {options}\n    {refusal(tmp_path, options)}" for options in IN_SHARDS]
    check_approved("refused_settings.txt", "\n".join(told))


def test_on_a_gpu_nested_tensors_are_not_computed_again(tmp_path, monkeypatch):
    args = arguments(tmp_path, padding_free="on", activation_checkpointing=True)
    check_settings(args)
    monkeypatch.setattr(type(args), "device", torch.device("cuda"))
    with pytest.raises(UserError, match="--padding_free on does not go with --activation_checkpointing"):
        check_settings(args)


def test_a_batch_size_beside_a_token_budget_is_said_to_be_unused(tmp_path, caplog):
    step_batches(np.array([8, 9]), arguments(tmp_path, tokens_per_batch=600, per_device_train_batch_size=64))
    assert "--per_device_train_batch_size 64 is not used" in caplog.text


FOLLOWING = (
    *("bf16", "fp16", "eval_strategy", "save_strategy", "eval_steps", "save_steps", "steps_between_validations"),
    *("ddp_find_unused_parameters", "metric_for_best_model", "greater_is_better", "logging_nan_inf_filter"),
    *("chosen_precision", "chosen_threads", "sharded", "n_gpu", "use_cpu", "report_to", "load_best_model_at_end"),
)


def test_what_follows_from_settings_is_what_was_looked_at(tmp_path, monkeypatch):
    lines = []
    for options in (
        {},
        {"freeze_encoder_epochs": 1},
        {"freeze_encoder_epochs": 0.5, "ddp_find_unused_parameters": False},
        {"eval_strategy": "steps", "eval_steps": 7, "save_steps": 3},
        {"eval_strategy": "steps", "logging_steps": 9},
        {"precision": "bf16"},
        {"threads": 3, "metric_for_best_model": "accuracy", "report_to": "none"},
    ):
        monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "fp8")
        args = arguments(tmp_path, **{"precision": "fp32"} | options)
        told = [f"{name} {getattr(args, name)}" for name in FOLLOWING]
        lines.append(f"{options}\n    {', '.join(told)}, launcher {os.environ['ACCELERATE_MIXED_PRECISION']}")
    check_approved("settings_that_follow.txt", "\n".join(lines))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"optim": "adafactor"},
        {"optim": "sgd", "optim_args": "momentum=0.9"},
        {"optim": "galore_adamw", "optim_target_modules": "attn"},  # built over the model, later
        {"lr_scheduler_type": "cosine_with_min_lr", "lr_scheduler_kwargs": {"min_lr": 1e-6}},
        {"lr_scheduler_type": "reduce_lr_on_plateau", "lr_scheduler_kwargs": {"factor": 0.5, "patience": 1}},
        {"lr_scheduler_type": "constant"},
        {"eval_strategy": "steps", "eval_steps": 5, "eval_delay": 10},
        {"num_train_epochs": 0, "max_steps": 5},
        {"num_train_epochs": 0, "max_steps": 1},
        {"seed": 0, "layer_decay": 1.0, "label_smoothing_factor": 0.99, "per_device_train_batch_size": 1},
        {"seed": 2**32 - 1, "warmup_steps": 0, "per_device_eval_batch_size": 1, "report_to": "none"},
        {"teacher": "x", "teacher_weight": 1.0, "teacher_temperature": 0.1},
        {"teacher": "x", "teacher_url": "http://x/v1", "teacher_price": [0.0, 0.0]},
        {"cluster_inject": "target", "cluster_k": 2, "cluster_weight": 0.01},
        {"lr_scheduler_type": "constant", "warmup_steps": 0},
        {"eval_delay": 2},  # the epochs of `arguments`: the last one is validated
        {"eval_delay": 9, "max_steps": 5},
        {"dataloader_persistent_workers": True, "dataloader_num_workers": 1},
    ],
)
def test_what_works_passes(options, tmp_path):
    check_settings(arguments(tmp_path, **options))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--seed", "-1", "--tf32", "true"], "--tf32 requires Ampere"),
        (["--logging_steps", "0"], "requires non-zero --logging_steps"),
        (["--dataloader_prefetch_factor", "2"], "when --dataloader_num_workers > 0"),
        (["--lr_scheduler_kwargs", "{factor: 1}"], "--lr_scheduler_kwargs takes JSON such as"),
        (["--lr_scheduler_kwargs", "0.5"], "--lr_scheduler_kwargs takes JSON such as"),
        (["--lora", "lora", "--lora_r", "0"], "--lora_r must be 1 or more; found 0"),
        (["--lora", "lora", "--lora_dropout", "1.5"], "--lora_dropout is a share"),
        (["--split_seed", "-1"], "--split_seed must be 0 or more"),
        (["--min_label_count", "-3"], "--min_label_count must be 0 or more"),
        (["--validation_share", "0.95"], "above 0 and up to 0.9; found 0.95"),
        (["--max_length", "64", "--length_coverage", "0.9"], "--length_coverage is for --max_length auto"),
        (["--public"], "--public is for the repo that --push NS/NAME makes"),
        (["--parallelism_config", "{}"], "is not set here: use `accelerate launch`"),
        (["--eval_do_concat_batches", "false"], "is not set here: metrics always read"),
    ],
)
def test_what_the_trainers_own_fields_find_is_a_sentence_too(words, said):
    with pytest.raises(UserError, match=said):
        read_recipe(words)


def test_settings_of_the_loader_reach_it(tiny_model, tmp_path, monkeypatch):
    """Prefetching, order and context of the workers were dropped on the way."""
    from textclf.training import trainer

    seen = {}

    class Loader(trainer.DataLoader):
        def __init__(self, *args, **settings):
            seen.update(settings)
            super().__init__(*args, **settings)

    monkeypatch.setattr(trainer, "DataLoader", Loader)
    options = {"dataloader_num_workers": 1, "dataloader_prefetch_factor": 3, "dataloader_in_order": False}
    train(tiny_model("bert"), tmp_path / "run", rows(16), rows(8), num_train_epochs=1, **options)
    assert (seen["num_workers"], seen["prefetch_factor"], seen["in_order"]) == (1, 3, False)
