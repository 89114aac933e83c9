"""The parts of a training put together: batches, loss, optimiser, guards and the Trainer over them."""

from __future__ import annotations

import copy
import logging
import math
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PrinterCallback

from ..arguments import FitOptions
from ..labels import LabelSpace
from ..models.class_weights import class_weights, label_counts
from ..models.losses import StepLoss, loss_function
from . import machine
from .auxiliary import TaughtLoss
from .batching import Division, StepBatches, StepSize
from .collation import Padding
from .encoding import EncodedTexts
from .fit_arguments import FitArguments
from .foresight import Foresight
from .guards import DiskGuard, LossGuard, StepRecord
from .interruption import CHECKPOINTS, GracefulStop, MarkComplete
from .optimisation import EarlyStopping, HeadFirst, layered_optimizer, set_plateau
from .progress import Progress, TrainingLog
from .selection import Selection
from .states import StatesFollowed
from .trainer import BatchTrainer, CountedLoss

logger = logging.getLogger(__name__)

# Families of whose stock classifiers every parameter that learns has a gradient in every step.
ALL_LEARN = {"bert", "roberta", "xlm-roberta", "electra", "distilbert", "deberta-v2", "modernbert", "mpnet"}


class Training(NamedTuple):
    """A trainer that is ready to start, and the callbacks that are asked afterwards."""

    trainer: BatchTrainer
    progress: Progress
    stop: GracefulStop
    followed: StatesFollowed | None


def assemble(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    splits: tuple[EncodedTexts, ...],
    args: FitArguments,
    run: Path,
    selection: Selection,
) -> Training:
    """Return the training of `model` on the first of `splits`, validated on the second, written below `run`."""
    train, validation = splits
    batches = step_batches(train.lengths, args)
    own = _trainer_arguments(args, run, selection, model.config.model_type)
    record = StepRecord()
    loss = _loss(args, selection.labels, train.known_labels)
    taught = TaughtLoss(loss, train.auxiliary.layout, args) if train.auxiliary else None
    model.accepts_loss_kwargs = False  # https://github.com/huggingface/transformers/issues/47688
    if args.sharded:
        _let_be_sharded(model)
    trainer = BatchTrainer(
        batches=batches,
        record=record,
        model=model,
        args=own,
        train_dataset=train,
        eval_dataset=validation.sorted_by_length(),
        data_collator=Padding.of(tokenizer, multiple=8 if args.device.type == "cuda" else 1),
        processing_class=tokenizer,
        compute_metrics=partial(selection.compute, loss=loss),
        compute_loss_func=CountedLoss(loss, record, len(selection.labels), taught),
        optimizers=(layered_optimizer(model, args) if args.layer_decay < 1 else None, None),
    )
    trainer.remove_callback(PrinterCallback)
    first = trainer.is_world_process_zero()
    progress = Progress(batches, show=first and not args.disable_tqdm, headline=_headline(args, train))
    stop = GracefulStop(batches.steps_per_epoch, save_steps=_saved_every(args, batches.steps_per_epoch))
    log = TrainingLog(run / "training_log.jsonl", write=first)
    followed = StatesFollowed(trainer, run, args.follow_states) if args.follow_states else None
    # The order matters: a stop asks for a checkpoint, the disk is looked at, then it is written and marked.
    for callback in [
        Foresight(trainer),
        *_learning_callbacks(model, args, record),
        stop,
        DiskGuard(run, model),
        progress,
        log,
        MarkComplete(args.save_total_limit),
        *([followed] if followed else []),
    ]:
        trainer.add_callback(callback)
    return Training(trainer, progress, stop, followed)


def _let_be_sharded(model: PreTrainedModel) -> None:
    """Name as the parts that FSDP lays out the layers alone, in place.

    accelerate 1.15 lays out the token embeddings by themselves, after the module around them that BERT's and other
    families name beside their layers: what is in shards already cannot be cut again, and no run began.
    """
    plain = model.get_base_model() if isinstance(model, PeftModel) else model
    layers = [name for name in plain._no_split_modules or [] if not name.endswith("Embeddings")]
    plain._no_split_modules = model._no_split_modules = layers


def _headline(args: FitArguments, train: EncodedTexts) -> str:
    """Say what the machine and the texts were found to allow; each of it can be set."""
    each = torch.get_num_threads()
    threads = f", {each} thread{'s' * (each > 1)} each" if args.device.type == "cpu" else ""
    numbers = train.input_ids.numbers  # of the tokens that occur, where they alone are trained
    rows = "" if numbers is None else f", {numbers[-1] + 1:,} of {len(numbers):,} embeddings"
    name, count = machine.device_name(args.device), args.world_size
    return f"Training on {name}: {args.chosen_precision}, {count} process{'es' if count > 1 else ''}{threads}{rows}."


def step_batches(lengths: NDArray[np.int64], args: FitArguments) -> StepBatches:
    """Return the batches of a whole training over texts of these lengths."""
    if args.tokens_per_batch and args.per_device_train_batch_size != FitOptions.per_device_train_batch_size:
        logger.warning(
            "--tokens_per_batch decides how many texts a step takes: --per_device_train_batch_size %d is not used.",
            args.per_device_train_batch_size,
        )
    share = Division(args.gradient_accumulation_steps, args.world_size)
    size = StepSize(args.per_device_train_batch_size * share.accumulation * share.processes, args.tokens_per_batch)
    epochs = math.ceil(args.num_train_epochs)
    if args.max_steps > 0:
        fewest = math.ceil(lengths.sum() / size.tokens) if size.tokens else math.ceil(len(lengths) / size.rows)
        epochs = math.ceil(args.max_steps / fewest)
    return StepBatches(lengths, size, share, seed=args.seed, epochs=max(1, epochs))


def _trainer_arguments(args: FitArguments, run: Path, selection: Selection, family: str) -> FitArguments:
    """Return a copy for the Trainer, whose own folder is the run's `checkpoints`."""
    own = copy.copy(args)
    own.output_dir = str((run / CHECKPOINTS).resolve())
    own.metric_for_best_model, own.greater_is_better = selection.metric, selection.greater_is_better
    set_plateau(own, selection)
    if own.ddp_find_unused_parameters is None and family in ALL_LEARN:
        own.ddp_find_unused_parameters = (
            False  # the Trainer's default searches each step, and warns that it found none
        )
    own.disable_tqdm = True  # our own bar is shown
    own.save_steps, own.save_total_limit = own.steps_between_validations, None  # MarkComplete lets checkpoints go
    return own


def _saved_every(args: FitArguments, steps_per_epoch: int) -> int:
    """Return after how many steps `--save_steps` asks for a checkpoint (0: never); below 1 it is a share of all."""
    steps = args.max_steps if args.max_steps > 0 else args.num_train_epochs * steps_per_epoch
    return math.ceil(args.save_steps * steps) if args.save_steps < 1 else int(args.save_steps)


def _loss(args: FitArguments, labels: LabelSpace, gold: NDArray[np.integer[Any]]) -> StepLoss:
    return loss_function(
        args.loss,
        labels,
        class_weights=class_weights(args.class_weights, labels, gold),
        gamma=args.focal_gamma,
        label_smoothing=args.label_smoothing_factor,
        label_counts=label_counts(labels, gold),
    )


def _learning_callbacks(model: PreTrainedModel, args: FitArguments, record: StepRecord) -> list[Any]:
    callbacks: list[Any] = []
    if args.freeze_encoder_epochs > 0:
        callbacks.append(HeadFirst(model, args.freeze_encoder_epochs))
    if args.early_stopping_patience > 0:
        callbacks.append(EarlyStopping(args.early_stopping_patience))
    if args.guards:
        callbacks.append(LossGuard(record))
    return callbacks
