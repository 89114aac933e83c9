"""The arrays behind every curve that is drawn: ROC, precision-recall, reliability, thresholds, training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, softmax
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_curve

from textclf.metrics.text_classification.text_classification import ECE_BINS

from .report import Report

Floats = NDArray[np.float64]
POINTS = 250  # of a drawn curve: more than can be seen, and a page with 90 labels stays small
SMALLEST = 1e-12  # scores of 0 and 1 are moved in by this where a logarithm needs it


class RankingCurve(NamedTuple):
    """A ROC or precision-recall curve and the area that is reported with it."""

    x: Floats  # false positive rate, or recall; [K] in [0, 1]
    y: Floats  # true positive rate, or precision; [K] in [0, 1]
    area: float  # area under the ROC curve, or average precision


class Reliability(NamedTuple):
    """What share was right among predictions of similar confidence; bins without any are left out."""

    confidence: Floats  # [K], mean confidence of the bin
    right: Floats  # [K], share that was right
    size: NDArray[np.int64]  # [K], predictions in the bin
    error: float  # expected calibration error


class ThresholdCurve(NamedTuple):
    """What each cut of one label would give; the decision is score >= cut."""

    cut: Floats  # [K], rising
    precision: Floats  # [K], 1 where nothing is decided
    recall: Floats
    f1: Floats


class TrainingCurves(NamedTuple):
    """The training log as curves over epochs: {name: (epochs, values)}."""

    train: dict[str, tuple[list[float], list[float]]]  # loss, learning_rate, grad_norm
    validation: dict[str, tuple[list[float], list[float]]]  # loss and every metric


def truth_of(report: Report) -> NDArray[np.int64]:
    """Return gold as 0/1 [N, L], whatever the task."""
    if report.labels.multi_label:
        return report.gold
    return np.asarray(report.gold[:, None] == np.arange(len(report.labels)), dtype=np.int64)


def roc(truth: NDArray[np.int64], scores: NDArray[np.floating[Any]]) -> RankingCurve | None:
    """Return the ROC curve of 0/1 truth and scores, both [M]; None where only one class occurs."""
    if truth.min() == truth.max():
        return None
    x, y, _ = roc_curve(truth, scores)
    thin_x, thin_y = _thinned(x, y)
    return RankingCurve(thin_x, thin_y, float(auc(x, y)))


def precision_recall(truth: NDArray[np.int64], scores: NDArray[np.floating[Any]]) -> RankingCurve | None:
    """Return precision over recall of 0/1 truth and scores, both [M]; None without a positive."""
    if not truth.max():
        return None
    precision, recall, _ = precision_recall_curve(truth, scores)
    x, y = _thinned(recall, precision)
    return RankingCurve(x, y, float(average_precision_score(truth, scores)))


def threshold_curve(truth: NDArray[np.int64], scores: NDArray[np.floating[Any]]) -> ThresholdCurve | None:
    """Return precision, recall and F1 at every cut of 0/1 truth and scores, both [M]; None without a positive."""
    if not truth.max():
        return None
    precision, recall, cut = precision_recall_curve(truth, scores)
    precision, recall = precision[:-1], recall[:-1]  # the last point has no cut
    f1 = np.divide(2 * precision * recall, precision + recall, out=np.zeros_like(recall), where=recall > 0)
    return ThresholdCurve(*_thinned(cut.astype(np.float64), precision, recall, f1))


def reliability(report: Report, scores: NDArray[np.floating[Any]]) -> Reliability:
    """Bin confidence against correctness as the ECE of the metrics does.

    One label: the highest score, and whether it is the gold one. Several labels: every score, and whether its label is
    gold; the error is then the mean of the labels' own. The bins are the 15 of equal width of Guo et al. 2017.
    """
    if report.labels.multi_label:
        confidence, right = scores.ravel().astype(np.float64), report.gold.ravel().astype(np.float64)
        columns = [(scores[:, k].astype(np.float64), report.gold[:, k]) for k in range(len(report.labels))]
    else:
        confidence = scores.max(axis=1).astype(np.float64)
        right = (scores.argmax(axis=1) == report.gold).astype(np.float64)
        columns = [(confidence, right)]
    mean, share, count = _binned(confidence, right)
    errors = []
    for column in columns:
        own_mean, own_share, own_count = _binned(*column)
        errors.append((np.abs(own_mean - own_share) * own_count).sum() / len(column[0]))
    return Reliability(mean, share, count, float(np.mean(errors)))


def _binned(confidence: Floats, right: NDArray[Any]) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Return mean confidence, share that was right and count of each bin that is not empty, [K] each."""
    bins = np.clip(np.ceil(confidence * ECE_BINS).astype(int) - 1, 0, ECE_BINS - 1)
    count = np.bincount(bins, minlength=ECE_BINS)
    filled = np.flatnonzero(count)
    mean, share = (np.bincount(bins, v, minlength=ECE_BINS)[filled] / count[filled] for v in (confidence, right))
    return mean, share, count[filled]


def scores_before_calibration(report: Report, evaluation: dict[str, Any]) -> Floats | None:
    """Undo the calibration that evaluation.json records, [N, L]; None where there is none.

    Softmax forgets a constant of the logits, so that log(scores) * temperature are the logits before, up to a constant
    that softmax ignores again. Thresholds baked into the biases are taken out first.
    """
    record, thresholds = evaluation.get("calibration"), evaluation.get("thresholds")
    if not record:
        return None
    scores = report.scores.astype(np.float64)
    if record["method"] == "temperature":
        return np.asarray(softmax(np.log(np.maximum(scores, SMALLEST)) * record["temperature"], axis=1))
    scale, shift = (np.array([record[key][name] for name in report.labels.names]) for key in ("scale", "shift"))
    logits = logit(np.clip(scores, SMALLEST, 1 - SMALLEST))
    if thresholds and thresholds.get("baked"):
        logits += logit(np.clip([thresholds["cuts"][name] for name in report.labels.names], SMALLEST, 1 - SMALLEST))
    return np.asarray(expit((logits - shift) / scale))


def read_training(path: Path) -> TrainingCurves | None:
    """Read training_log.jsonl; None where there is no such file or nothing in it can be drawn."""
    if not path.exists():
        return None
    train: dict[str, tuple[list[float], list[float]]] = {}
    validation: dict[str, tuple[list[float], list[float]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if "epoch" not in entry or "train_runtime" in entry:  # the last line sums up, it is no point of a curve
            continue
        for key, value in entry.items():
            measured = key.startswith("eval_")
            name = key.removeprefix("eval_")
            if name in _NO_CURVES or name.endswith(("_runtime", "_per_second")) or isinstance(value, str):
                continue  # NaN and infinity are written as words
            epochs, values = (validation if measured else train).setdefault(name, ([], []))
            epochs.append(float(entry["epoch"]))
            values.append(float(value))
    return TrainingCurves(train, validation) if train or validation else None


_NO_CURVES = {"epoch", "step", "runtime", "samples_per_second", "steps_per_second", "model_preparation_time"}


def _thinned(*columns: Floats) -> list[Floats]:
    """Keep at most POINTS places of the columns [K], evenly spread over the way that the curve takes."""
    if len(columns[0]) <= POINTS:
        return [np.asarray(c, dtype=np.float64) for c in columns]
    steps = sum(np.abs(np.diff(c)) for c in columns)
    way = np.concatenate([[0.0], np.cumsum(steps)])
    places = np.unique(np.searchsorted(way, np.linspace(0, way[-1], POINTS)))
    kept = np.unique(np.concatenate([[0], places, [len(way) - 1]]).clip(0, len(way) - 1))
    return [np.asarray(c[kept], dtype=np.float64) for c in columns]
