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
from ..inference.answers import activate
from ..inference.reading import read_classifier
from ..labels import LabelSpace
from ..models import checkpoint
from ..models.averaging import averages
from ..models.heads import last_linear
from ..models.linear import LinearModel, logistic, support_vectors
from ..models.linear_head import read_linear
from ..models.open_head import open_head
from ..run_folder import VALIDATION_LOGITS, RunFolder
from . import machine, resume
from .encoding import tokenise
from .fit import Fitted, fit
from .fit_arguments import FitArguments
from .pooled_states import PooledStates
from .selection import Metrics, Selection, choose_metric

logger = logging.getLogger(__name__)

LOG = "training_log.jsonl"
LINEAR = "linear"  # in a training's facts: what the linear model is, once there is one
FIRST = (-3.0, -2.0, -1.0)  # log10 of the Cs on standardised states that are tried first
LIMITS = (-6.0, 2.0)  # as far as the search goes on outwards
MOST_VALUES = 40_000_000  # of training states: liblinear takes 24 bytes for each, so some 1 GB
TOLERANCE = 1e-7  # at scikit-learn's 1e-4 two fits on states that differ by rounding differ by some 4e-3 in a logit
FLAT = 1e-3  # of the median deviation: directions that vary less are noise, and are not blown up further
_READ = {"family", "linear_model", "output_dir", "metric_for_best_model", "threads", "seed", "resume_from_checkpoint"}
_READ |= {"per_device_eval_batch_size", "guards", "precision"}  # of no consequence: nothing is lost where they are set


class Chosen(NamedTuple):
    """The linear model that validation chose."""

    linear: LinearModel  # of standardised states
    mean: NDArray[np.float64]  # [d]
    scale: NDArray[np.float64]  # [d]
    c: float
    value: float  # of the metric, on validation
    tried: dict[float, float]  # {C: value}
    rows: int  # training rows it was fitted on

    def head(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return weights [L, d] and biases [L] on plain states, the scaler folded in."""
        weights, biases = self.linear.as_head(len(self.mean))
        weights = weights / self.scale
        return weights, biases - weights @ self.mean


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
    """Fit a linear model on the states of an encoder as it comes; takes, writes and returns what `fit.fit` does.

    `model` has an open linear head. On process 0; the others have nothing to do.

    Raises:
        UserError: the folder is in use, nothing to resume, another plan, an unknown metric.
    """
    place, args.place = resume.find_place(args), None
    labels = LabelSpace.from_features(train.features)
    torch.set_num_threads(args.chosen_threads)
    with args.main_process_first(desc="tokenising"):
        splits = tokenise(train, tokenizer, max_length), tokenise(validation, tokenizer, max_length)
    planned = resume.plan_of(args, labels, model, splits) | {"--max_length": max_length}
    resume.keep_to(place, planned)
    run = RunFolder(place.run)
    if (run.path / resume.FINISHED).exists():
        logger.warning("%s is already trained; its checkpoint is used as it is.", run.path)
        return Fitted(run.path, **run.read_json(resume.FINISHED))
    selection = choose_metric(args.metric_for_best_model, labels, labels.gold(validation), metrics)
    if args.process_index > 0:
        return Fitted(run.path, {}, {})
    if unused := _unused(args):
        logger.warning("Not used by --family features, which trains no encoder: %s.", ", ".join(unused))
    resume.note(place, planned)
    tokens = int(splits[0].lengths.sum())
    return _fit_head(run, model, tokenizer, (train, validation), args, selection, max_length, tokens=tokens)


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
    return _fit_head(RunFolder(fitted.path), model, tokenizer, splits, args, selection, max_length, before=fitted)


def _fit_head(
    run: RunFolder,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    splits: tuple[Dataset, Dataset],
    args: FitArguments,
    selection: Selection,
    max_length: int,
    tokens: int = 0,
    before: Fitted | None = None,
) -> Fitted:
    """Read the states, choose the linear model, write it into the model's head, and the run with it."""
    started = time.perf_counter()
    states = PooledStates(model, tokenizer, max_length)
    train, validation = states.of(splits[0]), states.of(splits[1])
    read = time.perf_counter() - started
    gold = selection.labels.gold(splits[0])
    chosen = choose_linear((train, gold), (validation, selection.labels.gold(splits[1])), selection, args)
    weights, biases = chosen.head()
    _write_last(model, weights, biases)
    facts = _facts(run, args, chosen, selection, time.perf_counter() - started, before)
    facts["training"][LINEAR] |= {"pooling": "mean" if averages(model) else "cls", "states": train.shape[1]}
    if before is None:
        facts["training"]["examples_per_second"] = round(len(train) / max(read, 1e-9), 2)
        facts["training"]["tokens_per_second"] = round(tokens / max(read, 1e-9), 2)
    _log(run, chosen, selection.metric, anew=before is None)
    checkpoint.save(model.cpu(), tokenizer, run.path, max_length=max_length)
    run.write_json(resume.FINISHED, facts)
    made_by = hashlib.sha256((run.path / resume.FINISHED).read_bytes()).hexdigest()
    tensors = {"logits": (validation @ weights.T + biases).astype(np.float32)}
    run.write(VALIDATION_LOGITS, lambda path: save_file(tensors, path, metadata={"training": made_by}))
    return Fitted(run.path, **facts)


def choose_linear(
    train: tuple[NDArray[np.float32], NDArray[np.int64]],
    validation: tuple[NDArray[np.float32], NDArray[np.int64]],
    selection: Selection,
    args: FitArguments,
) -> Chosen:
    """Fit linear models on training states and choose one's C on validation, by `selection`'s metric.

    `train` and `validation` are states float32 [N, d] and gold [N], or 0/1 [N, L]. Cs go outwards by powers of ten as
    long as that helps, then by half powers around the best; of several that are equally good it is the middle one.
    """
    states, gold = train
    most = max(1, MOST_VALUES // states.shape[1])
    if len(states) > most:
        rows = np.sort(np.random.default_rng(args.seed).permutation(len(states))[:most])
        logger.warning("The linear model is fitted on a random sample of %d of %d training texts.", most, len(states))
        states, gold = states[rows], gold[rows]
    mean, scale = _scaler(states)
    scaled, known = (states - mean) / scale, (validation[0] - mean) / scale
    fitter = support_vectors if args.linear_model == "svm" else logistic
    sign = 1 if selection.greater_is_better else -1
    models: dict[float, LinearModel] = {}

    def value(exponent: float) -> float:
        models[exponent] = fitter(scaled, gold, selection.labels, 10.0**exponent, args.seed, tolerance=TOLERANCE)
        scores = activate(models[exponent].logits(known), selection.labels)
        return sign * selection.figure(validation[1], scores)

    found = _searched(value)
    best = max(found.values())
    equal = sorted(exponent for exponent, each in found.items() if each == best)
    exponent = equal[len(equal) // 2]
    tried = {round(10.0**e, 12): sign * found[e] for e in sorted(found)}
    return Chosen(models[exponent], mean, scale, round(10.0**exponent, 12), sign * best, tried, len(states))


def _searched(value: Callable[[float], float]) -> dict[float, float]:
    """Return the values at all exponents that were tried."""
    found = {exponent: value(exponent) for exponent in FIRST}
    for end, step in ((FIRST[0], -1.0), (FIRST[-1], 1.0)):
        while found[end] > found[end - step] and found[end] == max(found.values()) and end + step in _between(*LIMITS):
            end += step
            found[end] = value(end)
    best = max(found, key=lambda exponent: found[exponent])
    for near in (best - 0.5, best + 0.5):
        found[near] = value(near)
    return found


def _between(low: float, high: float) -> set[float]:
    return set(np.arange(low, high + 1).tolist())


def _scaler(states: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean and the deviation of each direction, float64 [d]."""
    mean = states.mean(axis=0, dtype=np.float64)
    deviation = np.sqrt(states.var(axis=0, dtype=np.float64))
    least = FLAT * float(np.median(deviation))
    return mean, np.maximum(deviation, least) if least > 0 else np.where(deviation > 0, deviation, 1.0)


@torch.no_grad()
def _write_last(model: PreTrainedModel, weights: NDArray[np.float64], biases: NDArray[np.float64]) -> None:
    last = last_linear(model)
    last.weight.copy_(torch.from_numpy(weights))
    last.bias.copy_(torch.from_numpy(biases))


def _facts(
    run: RunFolder, args: FitArguments, chosen: Chosen, selection: Selection, seconds: float, before: Fitted | None
) -> dict[str, Any]:
    """Return `evaluation.json`'s `training` and `selection`: what came before, and the linear model."""
    training = dict(before.training) if before else {"steps": 0, "epochs": 0.0, "processes": 1, "precision": "fp32"}
    if before is None:
        training |= {"device": machine.device_name(args.device), "threads": torch.get_num_threads()}
        training |= {"embeddings_trained": None, "versions": machine.library_versions()}
    training["seconds"] = round(seconds + (before.training["seconds"] if before else 0.0), 2)
    training[LINEAR] = {"model": args.linear_model, "C": chosen.c, "trained_on": chosen.rows}
    epoch = before.selection["epoch"] if before else None
    chosen_by = {"metric": selection.metric, "split": "validation", "value": chosen.value, "epoch": epoch}
    return {"training": training, "selection": chosen_by | {"C": chosen.c}}


def _log(run: RunFolder, chosen: Chosen, metric: str, *, anew: bool) -> None:
    """Write a line for each C into the training log, behind what fine-tuning wrote."""
    path = run.path / LOG
    kept = [] if anew or not path.exists() else path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in kept if "C" not in json.loads(line)]
    lines = [*kept, *(json.dumps({"C": c, f"eval_{metric}": value}) for c, value in chosen.tried.items())]
    run.write_text(LOG, "".join(f"{line}\n" for line in lines))


def _unused(args: FitArguments) -> list[str]:
    """Return the options of a training that were set and decide nothing where there is none."""
    set_ = [each.name for each in fields(FitOptions) if each.name not in _READ]
    usual = FitOptions()
    return [name for name in set_ if getattr(args, name) not in (getattr(usual, name), [])]
