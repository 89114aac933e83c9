"""The report: what one function finds out about any scorer on any split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from textclf.metrics.text_classification.text_classification import Rows, TextClassification

from ..errors import UserError
from ..inference.answers import Scorer
from ..inference.classifier import texts_of
from ..labels import LabelSpace
from .intervals import METHODS, MOST_STEPS, Bounds, all_bounds, resampled
from .score_intervals import share_interval

NAMED = 8  # labels that a note lists


Figure = dict[str, Any]  # {value, low, high}; without an interval low and high are None, and `no_interval` says why


@dataclass(frozen=True)
class Report:
    """Figures with intervals of one scorer on one split, and the arrays they were computed from."""

    labels: LabelSpace
    gold: NDArray[np.int64]  # [N], or 0/1 [N, L]
    scores: NDArray[np.float32]  # [N, L]
    predicted: NDArray[np.int64]  # like gold
    thresholds: NDArray[np.float64] | None
    metrics: dict[str, Figure]
    per_label: dict[str, dict[str, Any]]  # {label: {precision, recall, f1: Figure | None, support, threshold}}
    confusion: list[list[int]] | None  # gold by predicted; None with several labels
    draws: dict[str, NDArray[np.float64]]  # {name: [draws]}, paired between reports of one split

    @property
    def n(self) -> int:
        """Return the number of texts."""
        return len(self.gold)

    @property
    def unseen(self) -> list[str]:
        """Return the labels that no text carries, over which no average goes."""
        return [name for name, row in self.per_label.items() if not row["support"]]

    @property
    def notes(self) -> list[str]:
        """Return what one must know to read the figures right, a sentence each."""
        if not self.unseen:
            return []
        named = ", ".join(self.unseen[:NAMED]) + (
            f" and {len(self.unseen) - NAMED} more" if len(self.unseen) > NAMED else ""
        )
        kept = len(self.labels) - len(self.unseen)
        return [
            f"Macro and weighted averages are over the {kept} of {len(self.labels)} labels that these "
            f"{self.n:,} texts carry; nothing can be said of {named}."
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return what evaluation.json holds of a report."""
        return {
            "n": self.n,
            "metrics": self.metrics,
            "per_label": self.per_label,
            "confusion_matrix": self.confusion,
            "intervals": METHODS,
            "notes": self.notes,
        }


def measure(scorer: Scorer, split: Dataset, *, draws: int = 1000, seed: int = 0) -> Report:
    """Score a split's texts and return every figure with its 95 % interval.

    Raises:
        UserError: the split is empty, its label names are not the scorer's, or scores are no numbers.
    """
    labels = LabelSpace.from_features(split.features)
    if labels != scorer.labels:
        raise UserError(
            f"The model's labels are {', '.join(scorer.labels.names)}; the data's are {', '.join(labels.names)}. "
            "Both must have the same names in the same order: eval.py matches names, --class_names sets them."
        )
    if not len(split):
        raise UserError("The split has no rows, so there is nothing to measure.")
    scores = scorer.scores(texts_of(split))
    if broken := int((~np.isfinite(scores)).any(axis=1).sum()):
        raise UserError(
            f"The model's scores of {broken} of {len(split)} texts are no numbers: its weights are broken, as after a "
            "training that diverged. Use another checkpoint, or train with a lower --learning_rate."
        )
    return report_on(scores, labels.gold(split), labels, scorer.thresholds, draws, seed)


def report_on(
    scores: NDArray[np.float32],
    gold: NDArray[np.int64],
    labels: LabelSpace,
    thresholds: NDArray[np.float64] | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> Report:
    """Return every figure of scores float32 [N, L] against gold [N] or [N, L]; undefined ones are left out."""
    predicted = labels.decide(scores, thresholds)
    rows = Rows(gold, predicted, scores, len(labels), MOST_STEPS)
    resamples = resampled(rows, len(gold), draws, seed)
    config = "multilabel" if labels.multi_label else "default"
    values = TextClassification(config_name=config, keep_in_memory=True).compute(
        predictions=predicted, references=gold, scores=scores
    )
    confusion = None if labels.multi_label else rows.confusion(np.ones((1, len(gold))))[0].astype(int).tolist()
    known = {name: value for name, value in sorted(values.items()) if not np.isnan(value)}
    metrics = {name: bounds.of(known[name]) for name, bounds in all_bounds(rows, known, resamples).items()}
    errors, expected = rows.calibration_error()
    metrics["ece"]["if_calibrated"] = float(expected.mean())
    per_label = _per_label(rows, labels, thresholds)
    if labels.multi_label:
        for row, error, least in zip(per_label.values(), errors, expected, strict=True):
            row["ece"] = {"value": float(error), "if_calibrated": float(least)}
    return Report(labels, gold, scores, predicted, thresholds, metrics, per_label, confusion, resamples)


def quick_metrics(gold: NDArray[np.int64], scores: NDArray[np.float32]) -> dict[str, float]:
    """Return every figure of gold [N] or 0/1 [N, L] and scores [N, L], without intervals: validation in training."""
    labels = LabelSpace(tuple(str(i) for i in range(scores.shape[1])), multi_label=gold.ndim == 2)
    rows = Rows(gold, labels.decide(scores), scores, scores.shape[1])
    return {name: float(value[0]) for name, value in rows.figures(np.ones((1, len(gold)))).items()}


def _per_label(rows: Rows, labels: LabelSpace, thresholds: NDArray[np.float64] | None) -> dict[str, dict[str, Any]]:
    """Return each label's figures; None where a figure is undefined: of a label that no text carries, say."""
    found = rows.per_label()
    result: dict[str, dict[str, Any]] = {}
    for k, name in enumerate(labels.names):
        row: dict[str, Any] = {}
        for metric in ("precision", "recall", "f1"):
            share, trials = float(found[metric][k]), float(found[f"{metric}_trials"][k])
            undefined = not found["support"][k] and (metric == "f1" or not trials)
            row[metric] = None if undefined else _bounds(share, trials).of(share)
        row["support"] = int(found["support"][k])
        row["threshold"] = None if thresholds is None else float(thresholds[k])
        result[name] = row
    return result


def _bounds(share: float, trials: float) -> Bounds:
    if not trials:  # the precision of a label that texts carry and that none was given: 0 by convention
        return Bounds(None, None, "no text was given this label")
    low, high = share_interval(share, trials)
    return Bounds(float(low), float(high))
