"""Fine-tuning: from a model, training and validation rows to a run folder that holds the best checkpoint."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from datasets import Dataset
from transformers import EarlyStoppingCallback, PreTrainedModel, PreTrainedTokenizerBase, PrinterCallback
from transformers.utils import logging as transformers_logging

from ..labels import LabelSpace
from ..models import checkpoint
from ..models.class_weights import class_weights, label_counts
from ..models.losses import loss_function
from ..run_folder import RunFolder
from . import machine, resume
from .arguments import FitArguments
from .batching import Share, StepBatches, StepSize
from .encoding import EncodedTexts, Padding, encode
from .optimisation import HeadFirst, layered_optimizer, set_plateau
from .progress import Progress, TrainingLog
from .selection import Metrics, Selection, choose_metric, trainer_metrics
from .trainer import BatchTrainer, CountedLoss

logger = logging.getLogger(__name__)


class Fitted(NamedTuple):
    """A finished training: its run folder, facts for `evaluation.json`'s `training`, and for its `selection`."""

    path: Path
    training: dict[str, Any]
    selection: dict[str, Any]


def fit(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    train: Dataset,
    validation: Dataset,
    args: FitArguments,
    *,
    max_length: int,
    metrics: Metrics,
) -> Fitted:
    """Train on `train`, choose the checkpoint on `validation`, write it to the run folder and return what was done.

    Both splits have `text`, maybe `text_pair`, and `labels`; there is no way to hand in a test split. `metrics` takes
    gold labels (int64 [N], or 0/1 [N, L]) and scores (float32 [N, L]) and names its figures. Writes, on process 0
    only, the plain checkpoint, `training_log.jsonl` and `checkpoints/training.json` (what is returned).

    Raises:
        UserError: the folder is in use, nothing to resume, an unknown metric, or one of the guards stopped the run.
        KeyboardInterrupt: after Ctrl-C, once the state is saved; its message says how to go on.
    """
    place = resume.find_place(args)
    if (place.run / resume.FINISHED).exists():
        logger.warning("%s is already trained; its checkpoint is used as it is.", place.run)
        return Fitted(place.run, **json.loads((place.run / resume.FINISHED).read_text(encoding="utf-8")))
    labels = LabelSpace.from_features(train.features)
    machine.check_precision(args.chosen_precision, model.config.model_type)
    torch.set_num_threads(args.chosen_threads)
    with args.main_process_first(desc="tokenising"):
        encoded = [encode(split, tokenizer, max_length) for split in (train, validation)]
    selection = choose_metric(args.metric_for_best_model, labels, encoded[1].labels.astype("int64"), metrics)
    trainer = _trainer(model, tokenizer, encoded, _trainer_arguments(args, place.run, selection), labels)
    trainer.compute_metrics = trainer_metrics(labels, metrics)
    progress = Progress(trainer.batches, show=trainer.is_world_process_zero())
    trainer.add_callback(progress)
    trainer.add_callback(TrainingLog(place.run / "training_log.jsonl", write=trainer.is_world_process_zero()))
    with _one_bar():
        trainer.train(resume_from_checkpoint=str(place.checkpoint) if place.checkpoint else None)
    fitted = Fitted(place.run, _facts(trainer, progress), _selected(trainer, selection))
    if trainer.is_world_process_zero():
        checkpoint.save(model, tokenizer, place.run, max_length=max_length)
        content = {"training": fitted.training, "selection": fitted.selection}
        RunFolder(place.run).write_json(resume.FINISHED, content)
    trainer.accelerator.wait_for_everyone()
    return fitted


@contextmanager
def _one_bar() -> Iterator[None]:
    """Keep the libraries' own bars (a checkpoint written) from running through ours."""
    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()


def _trainer_arguments(args: FitArguments, run: Path, selection: Selection) -> FitArguments:
    """Return a copy for the Trainer, whose own folder is the run's `checkpoints`."""
    own = copy.copy(args)
    own.output_dir = str((run / resume.CHECKPOINTS).resolve())
    own.metric_for_best_model, own.greater_is_better = selection.metric, selection.greater_is_better
    set_plateau(own, selection)
    own.disable_tqdm = True  # our own bar is shown
    return own


def _trainer(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    encoded: list[EncodedTexts],
    args: FitArguments,
    labels: LabelSpace,
) -> BatchTrainer:
    train, validation = encoded
    share = Share(args.gradient_accumulation_steps, args.world_size)
    size = StepSize(args.per_device_train_batch_size * share.accumulation * share.processes, args.tokens_per_batch)
    epochs = max(1, int(-(-args.num_train_epochs // 1)))
    batches = StepBatches(train.lengths, size, share, seed=args.seed, epochs=epochs)
    gold = train.labels.astype("int64")
    loss = loss_function(
        args.loss,
        labels,
        class_weights=class_weights(args.class_weights, labels, gold),
        gamma=args.focal_gamma,
        label_smoothing=args.label_smoothing_factor,
        label_counts=label_counts(labels, gold),
    )
    model.accepts_loss_kwargs = False  # https://github.com/huggingface/transformers/issues/47688
    trainer = BatchTrainer(
        batches=batches,
        model=model,
        args=args,
        train_dataset=train,
        eval_dataset=validation.sorted_by_length(),
        data_collator=Padding(tokenizer, multiple=8 if args.device.type == "cuda" else 1),
        processing_class=tokenizer,
        compute_loss_func=CountedLoss(loss),
        optimizers=(layered_optimizer(model, args) if args.layer_decay < 1 else None, None),
        callbacks=_callbacks(model, args),
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _callbacks(model: PreTrainedModel, args: FitArguments) -> list[Any]:
    callbacks: list[Any] = [resume.MarkComplete()]
    if args.freeze_encoder_epochs > 0:
        callbacks.append(HeadFirst(model, args.freeze_encoder_epochs))
    if args.early_stopping_patience > 0:
        callbacks.append(EarlyStoppingCallback(args.early_stopping_patience))
    return callbacks


def _facts(trainer: BatchTrainer, progress: Progress) -> dict[str, Any]:
    """Return what `evaluation.json` says about the training."""
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
        "versions": machine.library_versions(),
    }


def _selected(trainer: BatchTrainer, selection: Selection) -> dict[str, Any]:
    """Return what `evaluation.json` says about how the checkpoint was chosen."""
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
