"""What a finished training leaves: the plain checkpoint of the best step, the last one where asked for, the facts."""

from __future__ import annotations

import copy
import hashlib
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from peft import PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.numpy import save_file
from safetensors.torch import load_file
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from ..models import checkpoint
from ..run_folder import VALIDATION_LOGITS, RunFolder
from . import machine
from .auxiliary import cut_to
from .compact_vocabulary import Vocabulary
from .interruption import CHECKPOINTS, newest_checkpoint
from .progress import Progress
from .resume import FINISHED
from .selection import Selection
from .trainer import LOGITS, BatchTrainer


class Aside(NamedTuple):
    """What a model could not hold while it was trained: all of its weights, or the embeddings of unseen tokens."""

    whole: PreTrainedModel | None = None  # a copy, where the training lays the model out in shards
    vocabulary: Vocabulary | None = None


def training_facts(trainer: BatchTrainer, progress: Progress, aside: Aside) -> dict[str, Any]:
    """Return `evaluation.json`'s `training`: speed is that of the optimiser steps, `seconds` the whole wall time.

    `embeddings_trained` is how many tokens occur, where the others' embeddings were left out of the training.
    """
    args = trainer.args
    return {
        "seconds": round(progress.wall_seconds, 2),
        "examples_per_second": round(progress.examples / max(progress.seconds, 1e-9), 2),
        "tokens_per_second": round(progress.tokens / max(progress.seconds, 1e-9), 2),
        "steps": trainer.state.global_step,
        "epochs": round(float(trainer.state.epoch or 0.0), 4),
        "device": machine.device_name(args.device),
        "precision": args.chosen_precision,
        "processes": args.world_size,
        "threads": torch.get_num_threads(),
        "embeddings_trained": len(aside.vocabulary.rows) if aside.vocabulary else None,
        "versions": machine.library_versions(),
    }


def selection_facts(trainer: BatchTrainer, selection: Selection) -> dict[str, Any]:
    """Return `evaluation.json`'s `selection`: the metric, its best value on validation and the epoch of that."""
    state = trainer.state
    epochs = [
        entry["epoch"]
        for entry in state.log_history
        if entry["step"] == state.best_global_step and f"eval_{selection.metric}" in entry
    ]
    return {
        "metric": selection.metric,
        "split": "validation",
        "value": state.best_metric,
        "epoch": epochs[0] if epochs else None,
    }


def copy_of_sharded(trainer: BatchTrainer) -> PreTrainedModel | None:
    """Return a copy of the model for `write_run`, on process 0, where the training is about to lay it out in shards.

    FSDP and DeepSpeed leave nothing behind that could be merged or closed: adapters and a linear head in its training
    form need a model of their own kind for the weights to go back into.
    """
    sharded = trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled
    return copy.deepcopy(trainer.model) if sharded and trainer.is_world_process_zero() else None


def write_run(
    trainer: BatchTrainer,
    tokenizer: PreTrainedTokenizerBase,
    run: Path,
    facts: dict[str, Any],
    max_length: int,
    aside: Aside,
) -> None:
    """Write the checkpoint to the run folder, keep the last one if `--keep_last`, then clear the way.

    On process 0 only. The facts are written last: with them the training counts as finished.
    """
    last, model = newest_checkpoint(run), trainer.accelerator.unwrap_model(trainer.model)
    if aside.whole is not None:
        model = _with_weights(aside.whole, Path(trainer.state.best_model_checkpoint))
    if trainer.args.keep_last and last is not None:
        last_model = _with_weights(copy.deepcopy(model), last, aside.vocabulary)
        checkpoint.save(last_model, tokenizer, run / CHECKPOINTS / "last", max_length=max_length)
    checkpoint.save(model, tokenizer, run, max_length=max_length)
    RunFolder(run).write_json(FINISHED, facts)
    _keep_validation_logits(RunFolder(run), trainer.state.best_model_checkpoint)
    for path in (run / CHECKPOINTS).glob("checkpoint-*"):
        shutil.rmtree(path)


def _keep_validation_logits(run: RunFolder, best: str | None) -> None:
    """Keep what the best checkpoint gave the validation texts; says of which training, by its facts."""
    logits = Path(best or "") / LOGITS
    if best and logits.exists():
        made_by = hashlib.sha256((run.path / FINISHED).read_bytes()).hexdigest()
        tensors = {"logits": np.load(logits)}
        run.write(VALIDATION_LOGITS, lambda path: save_file(tensors, path, metadata={"training": made_by}))


def _with_weights(model: PreTrainedModel, folder: Path, vocabulary: Vocabulary | None = None) -> PreTrainedModel:
    """Put a checkpoint's weights into `model`: all of them, or those of its adapter."""
    if isinstance(model, PeftModel):
        weights = load_file(folder / "adapter_model.safetensors")
        set_peft_model_state_dict(model, cut_to(get_peft_model_state_dict(model), weights))
    else:
        weights = load_file(folder / "model.safetensors")
        if vocabulary is not None:
            weights[vocabulary.name] = vocabulary.expand(weights[vocabulary.name])
        weights = cut_to(model.state_dict(), weights)
        unknown = model.load_state_dict(weights, strict=False).unexpected_keys
        assert not unknown, unknown  # what is missing is tied weights, which are there once
    return model
