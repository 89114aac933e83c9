"""Every figure of a text classifier, one label or several, weighted by row: the project's `evaluate` module.

    import evaluate
    metric = evaluate.load("metrics/text_classification")                # one label a text
    metric = evaluate.load("metrics/text_classification", "multilabel")  # several: 0/1 indicator rows
    metric.compute(predictions=ids, references=ids, scores=rows)         # {name: figure}

The label axis is as wide as `scores` (or `num_labels`): a label that never occurs still counts in macro averages, with
precision, recall and F1 of 0 where they are undefined, as scikit-learn's `zero_division=0` has it.
"""

from typing import Any

import datasets
import evaluate
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[Any]  # any number type; shapes are given where they matter

ECE_BINS = 15  # equal-width bins, as in Guo et al. 2017, "On Calibration of Modern Neural Networks"
SMALLEST = np.finfo(np.float32).eps  # scores are float32: a 0 or 1 stands for "within one ulp of it"

DESCRIPTION = "Accuracy, precision, recall, F1, ranking, calibration figures of a text classifier."
ARGUMENTS = """
predictions: label ids [N], or 0/1 rows [N, L] (config multilabel)
references: the same shape
scores: probabilities [N, L]; without them the ranking and calibration figures are left out
num_labels: the width of the label axis where there are no scores
"""


class TextClassification(evaluate.Metric):
    """The `evaluate` face of `weighted_figures`."""

    def _info(self) -> evaluate.MetricInfo:
        integer = datasets.Value("int64")
        decided = datasets.List(integer) if self.config_name == "multilabel" else integer
        return evaluate.MetricInfo(
            description=DESCRIPTION,
            citation="",
            inputs_description=ARGUMENTS,
            features=datasets.Features({"predictions": decided, "references": decided}),
        )

    def _compute(
        self, predictions: Array, references: Array, scores: Array | None = None, num_labels: int | None = None
    ) -> dict[str, float]:
        gold, predicted = np.asarray(references), np.asarray(predictions)
        scored = None if scores is None else np.asarray(scores, dtype=np.float64)
        if scored is not None:
            num_labels = scored.shape[1]
        elif num_labels is None:
            num_labels = gold.shape[1] if gold.ndim == 2 else int(max(gold.max(), predicted.max())) + 1
        rows = Rows(gold, predicted, scored, num_labels)
        return {name: float(value[0]) for name, value in rows.figures(np.ones((1, len(gold)))).items()}


class Rows:
    """Gold, predicted and scored rows, sorted and counted once, whose figures can be asked for many row weights.

    Args:
        gold: int [N] ids, or 0/1 [N, L] with several labels.
        predicted: the same shape.
        scores: float [N, L] in [0, 1], or None.
        num_labels: L.
    """

    def __init__(self, gold: Array, predicted: Array, scores: Array, num_labels: int) -> None:
        if gold.shape != predicted.shape:
            raise ValueError(f"predictions and references must have one shape; found {predicted.shape}, {gold.shape}.")
        if len(gold) == 0:
            raise ValueError("No rows: figures of nothing are not defined.")
        self.multi_label = gold.ndim == 2
        self.size = num_labels
        self.gold, self.predicted = gold, predicted
        self.scores = None if scores is None else np.asarray(scores, dtype=np.float64)
        n = len(gold)
        self.truth = gold if self.multi_label else _one_hot(gold, num_labels)
        if self.multi_label:
            decided = predicted
            self.hits = sparse.csr_matrix((self.truth * decided).astype(np.float64))
            self.decided = sparse.csr_matrix(decided.astype(np.float64))
            self.positives = sparse.csr_matrix(self.truth.astype(np.float64))
            self.row_values = _multi_label_rows(self.truth, decided)
        else:
            cells = gold * num_labels + predicted
            self.cells = sparse.csr_matrix((np.ones(n), (np.arange(n), cells)), shape=(n, num_labels**2))
            self.row_values = {}
        self.occurs = (self.truth.sum(axis=0) + self._decided_counts()) > 0
        if self.scores is not None:
            self.row_values |= _score_rows(self.truth, self.scores, self.multi_label)
            self.rankings = [_Ranking(self.truth[:, k], self.scores[:, k]) for k in self._ranked_labels()]
            self.pooled = _PooledRanking(self.truth, self.scores) if self.multi_label else None
            self.bins = _CalibrationBins(self.truth, self.scores, gold, self.multi_label)

    def figures(self, weights: Array) -> dict[str, Array]:
        """Return every figure for each of B row weightings, float64 [B, N] -> {name: float64 [B]}."""
        total = weights.sum(axis=1)
        result = self._decision_figures(weights)
        result |= {name: weights @ values / total for name, values in self.row_values.items()}
        if self.scores is not None:
            result |= self._ranking_figures(weights)
            result["ece"] = self.bins.error(weights)
        return result

    def counts(self, weights: Array) -> tuple[Array, Array, Array]:
        """Return true positives, predicted and gold counts of each label, float64 [B, L] each."""
        if self.multi_label:
            return tuple(np.asarray(weights @ m) for m in (self.hits, self.decided, self.positives))
        confusion = self.confusion(weights)
        return np.diagonal(confusion, axis1=1, axis2=2), confusion.sum(axis=1), confusion.sum(axis=2)

    def confusion(self, weights: Array) -> Array:
        """Return the confusion matrices of one-label rows, float64 [B, L, L], gold by predicted."""
        return np.asarray(weights @ self.cells).reshape(-1, self.size, self.size)

    def per_label(self, weights: Array) -> dict[str, Array]:
        """Return precision, recall, f1 and support of each label, float64 [B, L] each."""
        hits, decided, positives = self.counts(weights)
        return {
            "precision": _ratio(hits, decided),
            "recall": _ratio(hits, positives),
            "f1": _ratio(2 * hits, decided + positives),
            "support": positives,
        }

    def _decided_counts(self) -> Array:
        if self.multi_label:
            return self.predicted.sum(axis=0)
        return np.bincount(self.predicted, minlength=self.size)

    def _ranked_labels(self) -> list[int]:
        """Return the labels whose ranking is a figure: the second of two, else all."""
        if not self.multi_label and self.size == 2:
            return [1]
        return list(range(self.size))

    def _decision_figures(self, weights: Array) -> dict[str, Array]:
        hits, decided, positives = self.counts(weights)
        result = {}
        for name, beta in {"f1": 1.0, **({"f05": 0.5} if self.multi_label else {})}.items():
            score = _ratio((1 + beta**2) * hits, decided + beta**2 * positives)
            averages = {"macro": self._macro(score, decided + positives)}
            pooled = [c.sum(axis=1) for c in (hits, decided, positives)]
            averages["micro"] = _ratio((1 + beta**2) * pooled[0], pooled[1] + beta**2 * pooled[2])
            if name == "f1":
                averages["weighted"] = _ratio((score * positives).sum(axis=1), positives.sum(axis=1))
            result |= {f"{name}_{average}": value for average, value in averages.items()}
        for name, base in {"precision": decided, "recall": positives}.items():
            score = _ratio(hits, base)
            result[f"{name}_macro"] = self._macro(score, decided + positives)
            result[f"{name}_micro"] = _ratio(hits.sum(axis=1), base.sum(axis=1))
            result[f"{name}_weighted"] = _ratio((score * positives).sum(axis=1), positives.sum(axis=1))
        if not self.multi_label:
            total = weights.sum(axis=1)
            result["accuracy"] = hits.sum(axis=1) / total
            result["balanced_accuracy"] = _mean_where(_ratio(hits, positives), positives > 0)
            result["mcc"] = _matthews(hits, decided, positives, total)
        return result

    def _macro(self, score: Array, present: Array) -> Array:
        """Average over the label space; a label of the split that a draw misses is left out of that draw."""
        return _mean_where(score, (present > 0) | ~self.occurs)

    def _ranking_figures(self, weights: Array) -> dict[str, Array]:
        areas, precisions = (
            np.stack(columns, axis=1) for columns in zip(*(r.areas(weights) for r in self.rankings), strict=True)
        )
        result = {"roc_auc": _nan_mean(areas), "average_precision": _nan_mean(precisions)}
        if not self.multi_label:
            return result
        pooled_area, pooled_precision = self.pooled.areas(weights)
        return {
            "roc_auc_macro": result["roc_auc"],
            "average_precision_macro": result["average_precision"],
            "roc_auc_micro": pooled_area,
            "average_precision_micro": pooled_precision,
        }


class _Ranking:
    """One label's rows by falling score, tied scores together, for the areas under its two curves."""

    def __init__(self, truth: Array, score: Array) -> None:
        self.order = np.argsort(-score, kind="stable")
        ranked = score[self.order]
        self.ends = np.flatnonzero(np.append(np.diff(ranked) != 0, True))
        self.truth = truth[self.order].astype(np.float64)

    def areas(self, weights: Array) -> tuple[Array, Array]:
        """Return the area under the ROC curve and the average precision, float64 [B] each; NaN where undefined."""
        ranked = self._ranked(weights)
        seen = np.cumsum(ranked, axis=1)[:, self.ends]
        found = np.cumsum(ranked * self.truth, axis=1)[:, self.ends]
        return _areas(found, seen - found)

    def _ranked(self, weights: Array) -> Array:
        return weights[:, self.order]


class _PooledRanking(_Ranking):
    """All cells of several labels in one ranking, each with the weight of its row."""

    def __init__(self, truth: Array, scores: Array) -> None:
        super().__init__(truth.ravel(), scores.ravel())
        self.order = self.order // truth.shape[1]


class _CalibrationBins:
    """Rows (or cells, with several labels) by confidence, for the expected calibration error."""

    def __init__(self, truth: Array, scores: Array, gold: Array, multi_label: bool) -> None:
        if multi_label:
            n, size = truth.shape
            confidence, right, rows = scores.ravel(), truth.ravel(), np.repeat(np.arange(n), size)
        else:
            n = len(gold)
            confidence, right, rows = scores.max(axis=1), scores.argmax(axis=1) == gold, np.arange(n)
        bins = np.clip(np.ceil(confidence * ECE_BINS).astype(int) - 1, 0, ECE_BINS - 1)  # bins are (low, high]
        gap = confidence - right
        self.gap = sparse.csr_matrix((gap, (rows, bins)), shape=(n, ECE_BINS))
        self.cells = truth.shape[1] if multi_label else 1

    def error(self, weights: Array) -> Array:
        """Return the mean over rows of |confidence - share right| of their bin, float64 [B]."""
        return np.abs(np.asarray(weights @ self.gap)).sum(axis=1) / (weights.sum(axis=1) * self.cells)


def _areas(found: Array, missed: Array) -> tuple[Array, Array]:
    """Areas from cumulated true and false positives at each distinct score, [B, K] -> [B], [B]."""
    positives, negatives = found[:, -1], missed[:, -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        before = np.concatenate([np.zeros_like(missed[:, :1]), missed[:, :-1]], axis=1)
        found_before = np.concatenate([np.zeros_like(found[:, :1]), found[:, :-1]], axis=1)
        area = ((missed - before) * (found + found_before)).sum(axis=1) / (2 * positives * negatives)
        seen = found + missed
        precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
        average = ((found - found_before) * precision).sum(axis=1) / positives
    return np.where(positives * negatives > 0, area, np.nan), np.where(positives > 0, average, np.nan)


def _one_hot(gold: Array, size: int) -> Array:
    return (gold[:, None] == np.arange(size)).astype(np.int64)


def _ratio(numerator: Array, denominator: Array) -> Array:
    return np.divide(numerator, denominator, out=np.zeros_like(numerator, dtype=np.float64), where=denominator > 0)


def _mean_where(values: Array, mask: Array) -> Array:
    return _ratio((values * mask).sum(axis=1), mask.sum(axis=1).astype(np.float64))


def _nan_mean(values: Array) -> Array:
    """Mean over labels of those that are defined, [B, L] -> [B]; NaN where none is."""
    defined = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(defined, values, 0.0).sum(axis=1) / defined.sum(axis=1)


def _matthews(hits: Array, decided: Array, positives: Array, total: Array) -> Array:
    """Matthews correlation for L classes (Gorodkin 2004); 0 where a margin is constant, as in scikit-learn."""
    covariance = hits.sum(axis=1) * total - (decided * positives).sum(axis=1)
    spread = (total**2 - (decided**2).sum(axis=1)) * (total**2 - (positives**2).sum(axis=1))
    return _ratio(covariance, np.sqrt(np.maximum(spread, 0)))


def _multi_label_rows(truth: Array, decided: Array) -> dict[str, Array]:
    """Figures of several labels that are means over rows, float64 [N] each."""
    hits, said, gold = (x.sum(axis=1).astype(np.float64) for x in (truth * decided, decided, truth))
    return {
        "precision_samples": _ratio(hits, said),
        "recall_samples": _ratio(hits, gold),
        "f1_samples": _ratio(2 * hits, said + gold),
        "subset_accuracy": (truth == decided).all(axis=1).astype(np.float64),
        "hamming_loss": (truth != decided).mean(axis=1),
    }


def _score_rows(truth: Array, scores: Array, multi_label: bool) -> dict[str, Array]:
    """Figures that are means over rows of something about the scores, float64 [N] each."""
    squared = (scores - truth) ** 2
    if not multi_label:
        gold_score = np.clip((scores * truth).sum(axis=1), SMALLEST, 1)
        halved = 2 if scores.shape[1] == 2 else 1  # two classes: one squared error, not the same one twice
        return {"log_loss": -np.log(gold_score), "brier": squared.sum(axis=1) / halved}
    clipped = np.clip(scores, SMALLEST, 1 - SMALLEST)
    entropy = -np.where(truth == 1, np.log(clipped), np.log1p(-clipped))
    return {"log_loss": entropy.mean(axis=1), "brier": squared.mean(axis=1), "lrap": _ranking_precision(truth, scores)}


def _ranking_precision(truth: Array, scores: Array) -> Array:
    """Label ranking average precision of each row, float64 [N] (1 where no label or every label is gold)."""
    result = np.ones(len(truth))
    for start in range(0, len(truth), 1024):  # [rows, L, L] comparisons: a slice at a time bounds the memory
        gold, score = truth[start : start + 1024], scores[start : start + 1024]
        above = score[:, None, :] >= score[:, :, None]
        rank = above.sum(axis=2)
        correct = (above * gold[:, None, :]).sum(axis=2)
        count = gold.sum(axis=1)
        mean = _ratio((gold * correct / rank).sum(axis=1), count.astype(np.float64))
        result[start : start + 1024] = np.where((count == 0) | (count == gold.shape[1]), 1.0, mean)
    return result
