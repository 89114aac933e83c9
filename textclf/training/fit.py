"""Fine-tuning: from a model, training and validation rows to a run folder that holds the best checkpoint."""

from __future__ import annotations

import json
import logging
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from datasets import Dataset
from peft import PeftModel
from safetensors import SafetensorError
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from ..errors import UserError
from ..labels import LabelSpace
from ..models.dropout import fast_dropout
from ..models.padding_free import padding_free
from ..models.prior import begin_at_prior
from . import auxiliary, compact_vocabulary, interruption, machine, resume
from .assembly import Training, assemble
from .encoding import EncodedTexts, tokenise
from .fit_arguments import FitArguments
from .memory import keep_few_shapes, kept_memory
from .outcome import Aside, copy_of_sharded, selection_facts, training_facts, write_run
from .selection import Metrics, Selection, choose_metric
from .states import write_state_maps
from .trainer import BatchTrainer

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

    Both splits have `text`, maybe `text_pair`, and `labels`, the first maybe further targets (auxiliary.py); there is
    no way to hand in a test split. `metrics` takes gold labels (int64 [N], or 0/1 [N, L]) and scores (float32 [N, L])
    and names its figures. Writes, on process 0 only, the plain checkpoint, `training_log.jsonl` and
    `checkpoints/training.json` (what is returned).

    Raises:
        UserError: the folder is in use, nothing to resume, another plan, an unknown metric, or a guard's stop.
        KeyboardInterrupt: after Ctrl-C, once the state is saved; its message says how to go on.
    """
    machine.check_precision(args.chosen_precision, model.config.model_type)
    started = start(model, tokenizer, (train, validation), args, max_length=max_length, metrics=metrics)
    if isinstance(started, Fitted):
        return started
    place, planned, splits, selection = started
    if selection.labels.multi_label and not args.class_weights:  # balanced, a label weighs as if one half carried it
        begin_at_prior(model, splits[0].known_labels)
    occurring = compact_vocabulary.occurring(model, splits, tokenizer.pad_token_id, args)
    rows = auxiliary.grown(model, splits[0].auxiliary, args.seed)
    with rows, compact_vocabulary.only(occurring, model, splits) as compact:
        training = assemble(model, tokenizer, compact, args, place.run, selection)
        aside = Aside(copy_of_sharded(training.trainer), occurring)
        _train(training, place, planned)
    facts = {
        "training": training_facts(training.trainer, training.progress, aside)
        | auxiliary.facts_of(splits[0].auxiliary, args),
        "selection": selection_facts(training.trainer, selection),
    }
    if training.trainer.is_world_process_zero():
        with _told_disk(place.run):
            if training.followed:
                write_state_maps(training.followed)
            write_run(training.trainer, tokenizer, place.run, facts, max_length, aside)
    training.trainer.accelerator.wait_for_everyone()
    return Fitted(place.run, **facts)


class Started(NamedTuple):
    """A run that may begin, or go on."""

    place: resume.Place
    planned: dict[str, Any]
    encoded: tuple[EncodedTexts, EncodedTexts]  # training and validation texts
    selection: Selection


def start(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    splits: tuple[Dataset, Dataset],
    args: FitArguments,
    *,
    max_length: int,
    metrics: Metrics,
) -> Started | Fitted:
    """Find a run's place, tokenise, and keep the run to its plan; one that is finished is returned as it is.

    Raises:
        UserError: the folder is in use, nothing to resume, another plan, an unknown metric.
    """
    keep_few_shapes()
    place, args.place = resume.find_place(args), None
    labels = LabelSpace.from_features(splits[0].features)
    torch.set_num_threads(args.chosen_threads)
    with args.main_process_first(desc="tokenising"):
        encoded = tokenise(splits[0], tokenizer, max_length), tokenise(splits[1], tokenizer, max_length)
    planned = resume.plan_of(args, labels, model, encoded)
    planned |= {"--max_length": max_length, "tokenizer": resume.tokenizer_digest(tokenizer)}
    resume.keep_to(place, planned)
    if (place.run / resume.FINISHED).exists():
        logger.warning("%s is already trained; its checkpoint is used as it is.", place.run)
        return Fitted(place.run, **json.loads((place.run / resume.FINISHED).read_text(encoding="utf-8")))
    selection = choose_metric(args.metric_for_best_model, labels, labels.gold(splits[1]), metrics)
    return Started(place, planned, encoded, selection)


def _train(training: Training, place: resume.Place, planned: dict[str, Any]) -> None:
    """Run the Trainer from where the run stands, and leave nothing half-written however it ends."""
    trainer, progress, stop, _ = training
    if place.resuming and trainer.is_world_process_zero():
        interruption.tidy(place.run, place.checkpoint)
    trainer.accelerator.wait_for_everyone()
    try:
        with _told_disk(place.run), _one_bar(), stop, _at_full_speed(trainer):
            if trainer.is_world_process_zero():
                resume.note(place, planned)
            trainer.train(resume_from_checkpoint=str(place.checkpoint) if place.checkpoint else None)
    except BaseException:  # Ctrl-C and a launcher's exit too: it is raised again below
        if trainer.is_world_process_zero():
            interruption.leave_whole(place.run)
        raise
    finally:
        progress.close()
    if stop.stopped_at is not None and trainer.state.global_step < trainer.state.max_steps:
        raise KeyboardInterrupt(
            f"Stopped after step {stop.stopped_at} of {trainer.state.max_steps}; everything is saved. "
            f"Go on with the same command and --resume_from_checkpoint {shlex.quote(str(place.run))}"
        )


@contextmanager
def _at_full_speed(trainer: BatchTrainer) -> Iterator[None]:
    """Train without padding and with quick dropout where they pay; the model is itself again afterwards."""
    args, model = trainer.args, trainer.model
    on_processor = args.device.type == "cpu"
    plain = model.get_base_model() if isinstance(model, PeftModel) else model
    hooks = padding_free(plain, args.padding_free, args.device)
    with hooks, fast_dropout(model, on_processor), kept_memory(on_processor):
        yield


@contextmanager
def _told_disk(run: Path) -> Iterator[None]:
    """Say in one sentence that the disk is full, whichever library found out."""
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        if shutil.disk_usage(run.parent if not run.exists() else run).free > interruption.SMALLEST_FREE:
            raise
        kept = interruption.newest_checkpoint(run)
        going_on = f"--resume_from_checkpoint {shlex.quote(str(run))}"
        raise UserError(
            f"The disk of {run} is full. "
            + (f"{kept.name} is whole: free some space and go on with {going_on}." if kept else "")
        ) from error


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
