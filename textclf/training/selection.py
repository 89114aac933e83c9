"""Which checkpoint is kept: a validation metric, its name checked and its direction known before the first step."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import fbeta_score
from transformers import EvalPrediction
from transformers.modeling_outputs import SequenceClassifierOutput

from textclf.metrics.text_classification.text_classification import LOWER_IS_BETTER

from ..errors import UserError, did_you_mean
from ..labels import LabelSpace
from ..models.losses import StepLoss

# Gold int64 [N] or 0/1 [N, L] and scores float32 [N, L] in [0, 1] to {metric name: value}.
Metrics = Callable[[NDArray[Any], NDArray[Any]], dict[str, float]]


@dataclass(frozen=True)
class Selection:
    """The metric that chooses, whether more of it is better, and how all validation metrics are computed."""

    metric: str
    greater_is_better: bool
    labels: LabelSpace
    metrics: Metrics

    def compute(self, prediction: EvalPrediction, loss: StepLoss) -> dict[str, float]:
        """Return the validation metrics and the mean loss: Trainer's `compute_metrics`.

        The loss is computed here because the Trainer's own counts rows twice that fill up the last batch.
        """
        found = prediction.predictions
        logits = torch.from_numpy(np.asarray(found[0] if isinstance(found, tuple) else found)).float()
        labels = torch.from_numpy(np.asarray(prediction.label_ids))
        values = self.metrics(labels.numpy().astype(np.int64), scores(logits, self.labels))
        mean = float(loss(SequenceClassifierOutput(logits=logits), labels))
        return {**{name: float(value) for name, value in values.items()}, "loss": mean}

    def figure(self, gold: NDArray[np.int64], values: NDArray[np.float32]) -> float:
        """Return the metric of scores [N, L] against gold [N] or 0/1 [N, L]."""
        if self.metric != "loss":
            return float(self.metrics(gold, values)[self.metric])
        sure = values.astype(np.float64).clip(1e-12, 1 - 1e-12)
        if self.labels.multi_label:
            return float(-np.where(gold == 1, np.log(sure), np.log1p(-sure)).mean())
        return float(-np.log(sure[np.arange(len(gold)), gold]).mean())


def choose_metric(wanted: str | None, labels: LabelSpace, gold: NDArray[np.int64], metrics: Metrics) -> Selection:
    """Return the selection by `wanted`, or by f1_macro (several labels: average_precision_micro).

    The metrics are computed once, on made-up scores for the validation rows, so that a wrong name shows before step 1.

    Raises:
        UserError: no such metric on these rows.
    """
    name = wanted or ("average_precision_micro" if labels.multi_label else "f1_macro")
    name = name.removeprefix("eval_")
    metrics = _with_f_beta(name, metrics, labels)
    generator = np.random.default_rng(0)
    logits = torch.from_numpy(generator.normal(size=(len(gold), len(labels))).astype(np.float32))
    known = {"loss", *(key for key, value in metrics(gold, scores(logits, labels)).items() if np.isfinite(value))}
    if name not in known:
        raise UserError(
            f"--metric_for_best_model {name} is not among the validation metrics.{did_you_mean(name, known)} "
            f"Known: {', '.join(sorted(known))}."
        )
    return Selection(name, name not in {"loss", *LOWER_IS_BETTER}, labels, metrics)


def _with_f_beta(name: str, metrics: Metrics, labels: LabelSpace) -> Metrics:
    """Return metrics that know `name` too where it is an F-beta of any beta above 0, as f0.5_micro or f2_macro."""
    found = re.fullmatch(r"f(0?\.\d+|[1-9]\d*(?:\.\d+)?)_(macro|micro|weighted)", name)
    if found is None:
        return metrics
    beta, average = float(found[1]), found[2]

    def more(gold: NDArray[Any], values: NDArray[Any]) -> dict[str, float]:
        said = metrics(gold, values)
        if name in said:
            return said
        predicted, several = labels.decide(values), gold.ndim == 2
        counts = gold.sum(axis=0) if several else np.bincount(gold, minlength=len(labels))
        carried = None if average == "micro" else np.flatnonzero(counts)  # averages are over labels that occur
        figure = fbeta_score(gold, predicted, beta=beta, labels=carried, average=average, zero_division=0)
        return said | {name: float(figure)}

    return more


def scores(logits: torch.Tensor, labels: LabelSpace) -> NDArray[np.float32]:
    """Turn logits [N, L] into scores float32 [N, L]: softmax, or each label's sigmoid."""
    logits = logits.float()
    probabilities = torch.sigmoid(logits) if labels.multi_label else torch.softmax(logits, dim=-1)
    return probabilities.numpy()
