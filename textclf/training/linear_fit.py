"""A linear model fitted on an encoder's pooled states and written into its own head: `--family features` and its kin.

What is saved is an ordinary checkpoint. The model is fitted on just the float32 states that the last layer reads, and
its scaler is folded in, so that `pipeline()` gives the decision values that scikit-learn gave.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from safetensors.numpy import save_file
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from ..arguments import FitOptions
from ..inference.reading import read_classifier
from ..labels import LabelSpace
from ..models import checkpoint
from ..models.averaging import averages
from ..models.heads import last_linear
from ..models.last_layers import scale_last
from ..models.linear_head import read_linear
from ..models.open_head import open_head
from ..run_folder import VALIDATION_LEARNED, VALIDATION_LOGITS, RunFolder
from . import machine, resume
from .encoding import EncodedTexts
from .fit import Fitted, fit, start
from .fit_arguments import FitArguments
from .linear_choice import ChosenLinear, choose_linear, fitted_again
from .pooled_states import PooledStates
from .selection import Metrics, Selection, choose_metric

logger = logging.getLogger(__name__)

LOG = "training_log.jsonl"
LINEAR = "linear"  # in a training's facts: what the linear model is, once there is one
_READ = {"family", "linear_model", "output_dir", "metric_for_best_model", "threads", "seed", "resume_from_checkpoint"}
# Of no consequence: nothing is lost where they are set.
_READ |= {
    "per_device_eval_batch_size",
    "guards",
    "precision",
    "read_label_names",
    "own_pieces",
    "learn_validation",
    "residual_scale",
}


def fit_features(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    train: Dataset,
    validation: Dataset,
    args: FitArguments,
    *,
    max_length: int,
    metrics: Metrics,
) -> Fitted:
    """Fit a linear model on the states of an untrained encoder; takes, writes and returns what `fit.fit` does.

    `model` has an open linear head. On process 0; the others have nothing to do.

    Raises:
        UserError: the folder is in use, nothing to resume, another plan, an unknown metric.
    """
    begun = begin(model, tokenizer, (train, validation), args, max_length, metrics)
    if isinstance(begun, Fitted):
        return begun
    if scaled := scale_last(model, args.residual_scale):
        begun.facts["residual_scale"] = scaled._asdict()
    return fit_head(begun, model, tokenizer, (train, validation), args)


class Begun(NamedTuple):
    """A run that has begun and whose head is to be fitted."""

    run: RunFolder
    selection: Selection
    max_length: int
    facts: dict[str, Any]  # of its training, so far
    encoded: tuple[EncodedTexts, ...] = ()  # training and validation texts, where they are at hand
    before: Fitted | None = None  # what fine-tuned the encoder


def begin(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    splits: tuple[Dataset, Dataset],
    args: FitArguments,
    max_length: int,
    metrics: Metrics,
    used: set[str] | None = None,
) -> Begun | Fitted:
    """Find a run's place, keep it to its plan and begin it; a run that is finished, or another process's, is returned.

    `used` are the options of a training that decide something all the same; the others that are set are named.
    """
    started = start(model, tokenizer, splits, args, max_length=max_length, metrics=metrics)
    if isinstance(started, Fitted):
        return started
    place, planned, encoded, selection = started
    run = RunFolder(place.run)
    if args.process_index > 0:
        return Fitted(run.path, {}, {})
    if unused := _unused(args, used or set()):
        logger.warning("Not used by --family %s: %s.", args.family, ", ".join(unused))
    resume.note(place, planned)
    facts = {
        "steps": 0,
        "epochs": 0.0,
        "processes": 1,
        "precision": "fp32",
        "device": machine.device_name(args.device),
        "threads": torch.get_num_threads(),
        "embeddings_trained": None,
        "versions": machine.library_versions(),
    }
    return Begun(run, selection, max_length, facts, encoded)


def fit_fine_tuned_features(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    train: Dataset,
    validation: Dataset,
    args: FitArguments,
    *,
    max_length: int,
    metrics: Metrics,
) -> Fitted:
    """Fine-tune a model with an open linear head, then fit a linear model on what its encoder gives; as `fit.fit`."""
    fitted = fit(model, tokenizer, train, validation, args, max_length=max_length, metrics=metrics)
    if args.process_index > 0 or LINEAR in fitted.training:
        return fitted
    return refit_head(fitted, tokenizer, (train, validation), args, max_length=max_length, metrics=metrics)


def refit_head(
    fitted: Fitted,
    tokenizer: PreTrainedTokenizerBase,
    splits: tuple[Dataset, Dataset],
    args: FitArguments,
    *,
    max_length: int,
    metrics: Metrics,
) -> Fitted:
    """Fit a linear model on the states of a saved run and write it into that run; training and validation rows."""
    labels = LabelSpace.from_features(splits[0].features)
    selection = choose_metric(args.metric_for_best_model, labels, labels.gold(splits[1]), metrics)
    model, _ = read_classifier(fitted.path)
    open_head(model, read_linear(model))
    begun = Begun(RunFolder(fitted.path), selection, max_length, fitted.training, before=fitted)
    return fit_head(begun, model, tokenizer, splits, args, fitted.training)


def fit_head(
    begun: Begun,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    splits: tuple[Dataset, Dataset],
    args: FitArguments,
    training: dict[str, Any] | None = None,
    usual: float | None = None,
    again: Callable[[], dict[str, Any]] | None = None,
) -> Fitted:
    """Read the states, choose the linear model, write it into the model's head, and the run with it.

    `training` are the facts of what trained the encoder; without it reading the states is all that takes time. `usual`
    is the log10 of the C that few validation texts have to speak against. Where validation is learned in the end, the
    logits that are kept of it are those from before; `again` trains the encoder on these texts, too, and returns
    the facts of that.
    """
    started, run = time.perf_counter(), begun.run
    states = PooledStates(model, tokenizer, begun.max_length)
    train, validation = states.of(splits[0]), states.of(splits[1])
    read = max(time.perf_counter() - started, 1e-9)
    gold = tuple(begun.selection.labels.gold(split) for split in splits)
    chosen = choose_linear((train, gold[0]), (validation, gold[1]), begun.selection, args, usual)
    logits = chosen.logits(validation)
    if args.learns_validation:
        if again is not None:
            training = again()
            train, validation = states.of(splits[0]), states.of(splits[1])
        both = np.concatenate([train, validation]), np.concatenate(gold)
        chosen = fitted_again(chosen, *both, begun.selection.labels, args)
    _write_last(model, *chosen.head())
    if training is None:
        tokens = float(begun.encoded[0].lengths.sum())
        speed = {"examples_per_second": round(len(train) / read, 2), "tokens_per_second": round(tokens / read, 2)}
        training = begun.facts | speed | {"seconds": 0.0}
    facts = _facts(training, begun, chosen, time.perf_counter() - started)
    of_head = {"model": args.chosen_linear_model, "C": chosen.c, "trained_on": chosen.rows, "states": train.shape[1]}
    facts["training"][LINEAR] = of_head | {"pooling": "mean" if averages(model) else "cls"}
    if args.learns_validation:
        facts["training"][VALIDATION_LEARNED] = len(splits[1])
    _log(run, chosen, begun.selection.metric, anew=begun.before is None)
    checkpoint.save(model.cpu(), tokenizer, run.path, max_length=begun.max_length)
    run.write_json(resume.FINISHED, facts)
    made_by = hashlib.sha256((run.path / resume.FINISHED).read_bytes()).hexdigest()
    run.write(VALIDATION_LOGITS, lambda path: save_file({"logits": logits}, path, metadata={"training": made_by}))
    return Fitted(run.path, **facts)


@torch.no_grad()
def _write_last(model: PreTrainedModel, weights: NDArray[np.float64], biases: NDArray[np.float64]) -> None:
    last = last_linear(model)
    last.weight.copy_(torch.from_numpy(weights))
    last.bias.copy_(torch.from_numpy(biases))


def _facts(training: dict[str, Any], begun: Begun, chosen: ChosenLinear, seconds: float) -> dict[str, Any]:
    """Return `evaluation.json`'s `training` and `selection`: what came before, and the linear model."""
    epoch = begun.before.selection["epoch"] if begun.before else None
    selection = {"metric": begun.selection.metric, "split": "validation", "value": chosen.value, "epoch": epoch}
    return {
        "training": training | {"seconds": round(training["seconds"] + seconds, 2)},
        "selection": selection | {"C": chosen.c} | ({"usual_C": True} if chosen.usual else {}),
    }


def _log(run: RunFolder, chosen: ChosenLinear, metric: str, *, anew: bool) -> None:
    """Write a line for each C into the training log, behind what fine-tuning wrote."""
    path = run.path / LOG
    kept = [] if anew or not path.exists() else path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in kept if "C" not in json.loads(line)]
    lines = [*kept, *(json.dumps({"C": c, f"eval_{metric}": value}) for c, value in chosen.tried.items())]
    run.write_text(LOG, "".join(f"{line}\n" for line in lines))


def _unused(args: FitArguments, used: set[str]) -> list[str]:
    """Return the options of a training that were set and decide nothing here, `used` left out."""
    names = [each.name for each in fields(FitOptions) if each.name not in _READ | used]
    usual = FitOptions()
    return [name for name in names if getattr(args, name) not in (getattr(usual, name), [])]
