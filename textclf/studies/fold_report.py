"""What folds come to together: means that know of shared training rows, pooled figures, suspected label errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray
from scipy.stats import t as student

from textclf.metrics.text_classification.text_classification import Rows

from ..evaluation.baselines.fitted import deciding_metric
from ..evaluation.fold_scores import FoldScores
from ..evaluation.intervals import MOST_STEPS
from ..evaluation.label_errors import Suspect, find_suspects
from ..evaluation.names import baseline_name, metric_name
from ..evaluation.report import Report
from ..evaluation.slices import holm
from ..evaluation.table import headline
from ..labels import LabelSpace
from .tables import WordTable

LEVEL = 0.95
ALIKE = 1e-12  # figures that differ by rounding alone
METHOD = (
    "corrected resampled t-test over {k} folds (Nadeau & Bengio 2003), with {df} degrees of freedom: the folds' "
    "models share training rows, so that the plain standard error would be too small"
)


class FoldMean(NamedTuple):
    """A mean over folds, with what a t-test that knows of shared training rows says of it."""

    mean: float
    deviation: float  # standard deviation over the folds, K - 1 in the denominator
    low: float | None  # None: all folds are alike, from which no test tells how far another would be
    high: float | None
    p_value: float  # two-sided, of the mean being 0: for differences; 1 where all folds are alike

    def in_words(self, sign: str = "") -> str:
        """Return the mean and, where there is one, its interval; `sign` "+" shows that of a difference."""
        if self.low is None:
            return f"{self.mean:{sign}.4f}"
        return f"{self.mean:{sign}.4f} [{self.low:{sign}.4f}, {self.high:{sign}.4f}]"


def fold_mean(values: Sequence[float], test_share: float) -> FoldMean:
    """Return the mean of K folds' figures, its 95 % interval and its p-value against 0.

    The corrected resampled t-test (Nadeau & Bengio 2003, "Inference for the Generalization Error", Machine Learning
    52, section 5.1): the variance of the mean is (1/K + n_test / n_train) times that of the folds, as their training
    rows overlap; K - 1 degrees of freedom.

    Args:
        values: one a fold, K of 2 or more.
        test_share: n_test / n_train, as 1 / (K - 1) for K folds.
    """
    x = np.asarray(values, dtype=np.float64)
    k, mean, deviation = len(x), float(np.mean(x)), float(np.std(x, ddof=1))
    if np.ptp(x) <= ALIKE:
        return FoldMean(mean, 0.0, None, None, 1.0)
    error = float(np.sqrt(1 / k + test_share) * deviation)
    reach = float(student.ppf((1 + LEVEL) / 2, k - 1)) * error
    return FoldMean(mean, deviation, mean - reach, mean + reach, float(2 * student.sf(abs(mean) / error, k - 1)))


class Fold(NamedTuple):
    """A finished fold: its folder, what its model scored of the rows held out, and which rows these are."""

    path: Path
    evaluation: dict[str, Any]
    rows: NDArray[np.int64]  # [n], places among the training rows
    scores: NDArray[np.float32]  # [n, L] in [0, 1], calibrated and cut by the fold's own validation
    predicted: NDArray[np.int64]  # [n], or 0/1 [n, L]
    logits: NDArray[np.float32]  # [n, L], before calibration
    baselines: dict[str, NDArray[np.float32]]  # name -> its logits likewise


@dataclass(frozen=True)
class FoldReport:
    """All folds together; arrays are in the order of the training rows."""

    folds: list[Fold]
    rows: Dataset
    pooled: Report  # without intervals: its rows were scored by several models
    told: FoldScores
    means: dict[str, FoldMean]  # metric -> over folds
    baselines: dict[str, FoldMean]  # baseline -> model less baseline in `metric`; p-values by Holm's method
    metric: str
    suspects: list[Suspect]

    @property
    def shown_metrics(self) -> list[str]:
        """Return the metrics that a table shows, the deciding one first."""
        found = {"metrics": self.means, "confusion_matrix": self.pooled.confusion}
        return list(dict.fromkeys([self.metric, *headline(found)]))

    def in_words(self) -> str:
        """Say in a sentence what cross-validation found, for the card."""
        mean = self.means[self.metric]
        return (
            f"Cross-validation on the training rows, {len(self.folds)} folds: {metric_name(self.metric)} "
            f"{mean.in_words()}, standard deviation {mean.deviation:.4f} over them."
        )


def fold_report(folds: Sequence[Fold], rows: Dataset) -> FoldReport:
    """Put the folds' rows together and compute what they come to."""
    labels = LabelSpace.from_features(rows.features)
    order = np.argsort(np.concatenate([fold.rows for fold in folds]), kind="stable")
    assert len(order) == len(rows)  # every row is in one fold

    def together(parts: Iterable[NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate(list(parts))[order]

    scores, predicted = (together(getattr(fold, name) for fold in folds) for name in ("scores", "predicted"))
    pooled = _pooled(labels, labels.gold(rows), scores, predicted)
    names = [name for name in folds[0].baselines if all(name in fold.baselines for fold in folds)]
    beside = {name: together(fold.baselines[name] for fold in folds) for name in names}
    told = FoldScores(together(fold.logits for fold in folds), pooled.gold, beside)
    metric = deciding_metric(folds[0].evaluation["selection"]["metric"], labels)
    if not all(metric in fold.evaluation["metrics"] for fold in folds):
        metric = "f1_macro"
    share = float(np.mean([len(fold.rows) / (len(rows) - len(fold.rows)) for fold in folds]))
    means = {
        name: _within(name, fold_mean([fold.evaluation["metrics"][name]["value"] for fold in folds], share))
        for name in folds[0].evaluation["metrics"]
        if all(name in fold.evaluation["metrics"] for fold in folds)
    }
    baselines = _beside_baselines(folds, metric, share)
    return FoldReport(list(folds), rows, pooled, told, means, baselines, metric, find_suspects(pooled))


def _within(name: str, mean: FoldMean) -> FoldMean:
    """Return the mean with an interval that ends where the metric does."""
    if mean.low is None or mean.high is None:
        return mean
    least, most = (-1.0 if name == "mcc" else 0.0), (np.inf if name == "log_loss" else 1.0)
    return mean._replace(low=max(mean.low, least), high=float(min(mean.high, most)))


def _pooled(
    labels: LabelSpace, gold: NDArray[np.int64], scores: NDArray[np.float32], predicted: NDArray[np.int64]
) -> Report:
    """Return the figures of all rows together, each decided by its own fold's model."""
    found = Rows(gold, predicted, scores, len(labels), MOST_STEPS)
    one = np.ones((1, len(gold)))
    why = "the rows were scored by several models; the mean over folds has an interval"
    metrics = {
        name: {"value": float(value[0]), "low": None, "high": None, "no_interval": why}
        for name, value in sorted(found.figures(one).items())
        if np.isfinite(value[0])
    }
    confusion = None if labels.multi_label else found.confusion(one)[0].astype(int).tolist()
    return Report(labels, gold, scores, predicted, None, metrics, {}, confusion, {})


def _beside_baselines(folds: Sequence[Fold], metric: str, share: float) -> dict[str, FoldMean]:
    """Return the model less each baseline on the same folds."""
    names = [
        name
        for name in folds[0].evaluation["baselines"]
        if all(metric in fold.evaluation["baselines"][name]["metrics"] for fold in folds)
    ]
    found = {
        name: fold_mean(
            [
                fold.evaluation["metrics"][metric]["value"]
                - fold.evaluation["baselines"][name]["metrics"][metric]["value"]
                for fold in folds
            ],
            share,
        )
        for name in names
    }
    adjusted = holm([mean.p_value for mean in found.values()])
    return {name: mean._replace(p_value=p) for (name, mean), p in zip(found.items(), adjusted, strict=True)}


def record(found: FoldReport) -> dict[str, Any]:
    """Return what evaluation.json and study.json hold of folds: names and numbers, no text."""
    k = len(found.folds)
    return {
        "folds": k,
        "n": found.pooled.n,
        "metrics": {name: mean._asdict() for name, mean in found.means.items()},
        "pooled": {name: figure["value"] for name, figure in found.pooled.metrics.items()},
        "per_fold": [
            {"n": len(fold.rows), "epoch": fold.evaluation["selection"]["epoch"]}
            | {name: fold.evaluation["metrics"][name]["value"] for name in found.means}
            for fold in found.folds
        ],
        "metric": found.metric,
        "against_baselines": {name: mean._asdict() for name, mean in found.baselines.items()},
        "method": METHOD.format(k=k, df=k - 1),
        "suspected_label_errors": {"count": len({each.row for each in found.suspects}), "of": found.pooled.n},
    }


def fold_tables(found: FoldReport) -> list[WordTable]:
    """Return the figures of folds, and the model beside the baselines, in words."""
    k = len(found.folds)
    rows = []
    for name in found.shown_metrics:
        mean = found.means[name]
        each = [f"{fold.evaluation['metrics'][name]['value']:.4f}" for fold in found.folds]
        words = [mean.in_words(), f"{mean.deviation:.4f}"]
        rows.append([metric_name(name), *words, f"{found.pooled.metrics[name]['value']:.4f}", *each])
    header = ["metric", "mean", "standard deviation", "pooled", *(f"fold {place + 1}" for place in range(k))]
    shown = [WordTable(f"out of fold, n = {found.pooled.n:,} training rows, 95 % intervals", header, rows)]
    if found.baselines:
        rows = [
            [baseline_name(name), d.in_words("+"), "< 0.001" if d.p_value < 0.001 else f"{d.p_value:.3f}", _verdict(d)]
            for name, d in found.baselines.items()
        ]
        title = f"{metric_name(found.metric)}: the model less each baseline, over the same folds"
        shown.append(WordTable(title, ["baseline", "difference", "p", "in words"], rows))
    return shown


def _verdict(difference: FoldMean) -> str:
    if difference.low is None and difference.mean:
        return "alike in all folds: no test"
    if difference.p_value > 0.05:
        return "no difference shown"
    return "the model is better" if difference.mean > 0 else "the baseline is better"
