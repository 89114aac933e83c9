"""Which checkpoint is kept: a validation metric, its name checked and its direction known before the first step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import EvalPrediction

from ..errors import UserError, did_you_mean
from ..labels import LabelSpace

# Gold int64 [N] or 0/1 [N, L] and scores float32 [N, L] in [0, 1] to {metric name: value}.
Metrics = Callable[[NDArray[Any], NDArray[Any]], dict[str, float]]
LOWER_IS_BETTER = {"loss", "log_loss", "brier", "ece", "hamming_loss"}


@dataclass(frozen=True)
class Selection:
    """The metric that chooses, whether more of it is better, and how all validation metrics are computed."""

    metric: str
    greater_is_better: bool
    labels: LabelSpace
    metrics: Metrics

    def compute(self, prediction: EvalPrediction) -> dict[str, float]:
        """Return the validation metrics: Trainer's `compute_metrics`."""
        logits = prediction.predictions
        logits = logits[0] if isinstance(logits, tuple) else logits  # hidden states or attentions come behind
        gold = np.asarray(prediction.label_ids).astype(np.int64)
        values = self.metrics(gold, scores(torch.from_numpy(np.asarray(logits)), self.labels))
        return {name: float(value) for name, value in values.items()}


def choose_metric(wanted: str | None, labels: LabelSpace, gold: NDArray[np.int64], metrics: Metrics) -> Selection:
    """Return the selection by `wanted`, or by f1_macro (several labels: average_precision_micro).

    The metrics are computed once, on made-up scores for the validation rows, so that a wrong name shows before step 1.

    Raises:
        UserError: no such metric on these rows.
    """
    name = wanted or ("average_precision_micro" if labels.multi_label else "f1_macro")
    name = name.removeprefix("eval_")
    generator = np.random.default_rng(0)
    logits = torch.from_numpy(generator.normal(size=(len(gold), len(labels))).astype(np.float32))
    known = {"loss", *(key for key, value in metrics(gold, scores(logits, labels)).items() if np.isfinite(value))}
    if name not in known:
        raise UserError(
            f"--metric_for_best_model {name} is not among the validation metrics.{did_you_mean(name, known)} "
            f"Known: {', '.join(sorted(known))}."
        )
    return Selection(name, name not in LOWER_IS_BETTER, labels, metrics)


def scores(logits: torch.Tensor, labels: LabelSpace) -> NDArray[np.float32]:
    """Turn logits [N, L] into scores float32 [N, L]: softmax, or each label's sigmoid."""
    logits = logits.float()
    probabilities = torch.sigmoid(logits) if labels.multi_label else torch.softmax(logits, dim=-1)
    return probabilities.numpy()
