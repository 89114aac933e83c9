"""Which checkpoint is kept: a validation metric, its name checked and its direction known before the first step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
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
    return Selection(name, name not in {"loss", *LOWER_IS_BETTER}, labels, metrics)


def scores(logits: torch.Tensor, labels: LabelSpace) -> NDArray[np.float32]:
    """Turn logits [N, L] into scores float32 [N, L]: softmax, or each label's sigmoid."""
    logits = logits.float()
    probabilities = torch.sigmoid(logits) if labels.multi_label else torch.softmax(logits, dim=-1)
    return probabilities.numpy()
