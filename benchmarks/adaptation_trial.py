"""One training of the adaptation benchmark, in a process of its own: what it was worth and what it took.

Importing it is light: the process that compares the trials must stay small, because a new process starts with the
peak memory of the one that made it.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from textclf.labels import LabelSpace

if TYPE_CHECKING:
    import numpy as np
    from datasets import DatasetDict
    from transformers import PreTrainedModel

    from textclf.recipe import Recipe

DRAWS = 1000  # behind each interval
CHECKPOINT = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


class Trial(NamedTuple):
    """The plain values that are written down, and the test scores, so that trials can be paired text by text."""

    row: dict[str, Any]
    labels: LabelSpace
    scores: np.ndarray  # float32 [N, L]
    gold: np.ndarray  # int64 [N], or 0/1 [N, L]
    thresholds: np.ndarray | None  # float64 [L]


def peak_memory() -> float:
    """Return the highest resident memory of this process so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def run_trial(words: list[str], folder: str, rows: tuple[int, ...] = ()) -> Trial:
    """Follow a train.py command line into `folder`, measure the saved checkpoint on test, and note what it took.

    With `rows` so many texts at most of train, validation and test are taken, the same ones whatever the seed.

    Times and memory are those of the training itself: reading data, and scoring test afterwards, are left out.
    """
    from transformers import set_seed

    from textclf.data.loading import load_splits
    from textclf.evaluation.verdict import Facts, conclude
    from textclf.labels import LabelSpace
    from textclf.models.encoder import build
    from textclf.recipe import read_recipe
    from textclf.run_folder import RunFolder
    from textclf.screen import Screen

    Screen()
    recipe = read_recipe(words)
    recipe.fit.output_dir, recipe.measure.baselines, recipe.measure.bootstrap_draws = folder, [], DRAWS
    splits, provenance = load_splits(recipe.data)
    for split, most in zip(("train", "validation", "test"), rows, strict=False):
        splits[split] = splits[split].shuffle(seed=0).select(range(min(most, len(splits[split]))))
    labels = LabelSpace.from_features(splits["train"].features)
    set_seed(recipe.fit.seed)
    model, tokenizer = build(recipe.model, labels)
    parameters = _parameters(model)
    prepared, fitted, took = _train(recipe, splits, model, tokenizer)
    run = RunFolder(fitted.path)
    test = conclude(run, prepared, Facts(provenance.to_dict(), fitted.training, fitted.selection), recipe).test
    row = {
        "arm": "full" if recipe.model.lora == "none" else recipe.model.lora,
        "seed": recipe.fit.seed,
        "learning_rate": recipe.fit.learning_rate,
        "n": test.n,
        "metrics": test.metrics,
        "selection": fitted.selection,
        **parameters,
        **took,
        "checkpoint_bytes": sum((run.path / name).stat().st_size for name in CHECKPOINT),
        "adapter_bytes": sum(path.stat().st_size for path in (run.path / "adapter").glob("*")),
        "training": fitted.training,
        "data": provenance.to_dict(),
        "options": _options(recipe),
    }
    return Trial(row, labels, test.scores, test.gold, test.thresholds)


def _train(recipe: Recipe, splits: DatasetDict, model: PreTrainedModel, tokenizer: Any) -> tuple[Any, Any, Any]:
    """Prepare and fit as train.py does; return the prepared splits, what `fit` returns, and what it took."""
    import torch

    from textclf.data.cleaning import normalizer
    from textclf.data.preparation import prepare
    from textclf.evaluation.report import quick_metrics
    from textclf.models.checkpoint import prepare_tokenizer
    from textclf.models.limits import longest_input
    from textclf.training.fit import fit

    prepare_tokenizer(tokenizer, normalizer(recipe.data.clean))
    limit = longest_input(model.config, tokenizer)
    prepared = prepare(splits, tokenizer, recipe.data, limit=limit, seed=recipe.fit.seed)
    train, validation = prepared.splits["train"], prepared.splits["validation"]
    before, busy = peak_memory(), time.process_time()
    fitted = fit(
        model, tokenizer, train, validation, recipe.fit, max_length=prepared.max_length, metrics=quick_metrics
    )
    took = {
        "seconds": fitted.training["seconds"],
        "processor_seconds": round(time.process_time() - busy, 2),
        "memory_before_mib": round(before, 1),
        "memory_mib": round(peak_memory(), 1),
        "gpu_memory_mib": torch.cuda.max_memory_allocated() / 2**20 if torch.cuda.is_available() else None,
        "max_length": prepared.max_length,
    }
    return prepared.splits, fitted, took


def _parameters(model: PreTrainedModel) -> dict[str, int]:
    """Count what is trained, and what the merged checkpoint holds: adapters aside, which go into the weights."""
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    whole = sum(p.numel() for name, p in model.named_parameters() if ".lora_" not in name and "original" not in name)
    return {"trained_parameters": trained, "model_parameters": whole}


def _options(recipe: Recipe) -> dict[str, Any]:
    """Return the settings that decide the comparison, for the record."""
    fit, model = recipe.fit, recipe.model
    return {
        "model": Path(model.model).name if Path(model.model).is_dir() else model.model,
        "epochs": fit.num_train_epochs,
        "batch": fit.per_device_train_batch_size * fit.gradient_accumulation_steps * fit.world_size,
        "warmup_steps": fit.warmup_steps,
        "weight_decay": fit.weight_decay,
        "lora_r": model.lora_r,
        "lora_alpha": model.lora_alpha,
        "lora_dropout": model.lora_dropout,
    }
