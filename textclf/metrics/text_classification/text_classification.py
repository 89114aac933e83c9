"""Every figure of a text classifier, one label or several, weighted by row: the project's `evaluate` module.

    import evaluate
    metric = evaluate.load("metrics/text_classification")                # one label a text
    metric = evaluate.load("metrics/text_classification", "multilabel")  # several: 0/1 indicator rows
    metric.compute(predictions=ids, references=ids, scores=rows)         # {name: figure}

The label axis is as wide as `scores` (or `num_labels`). Macro and weighted averages are over the labels that some row
carries: of the others nothing can be known. (scikit-learn's `labels=None` also averages over labels that are only
predicted.) Precision and F1 of a label that is carried and never predicted are 0, as `zero_division=0` has it.
"""

from collections.abc import Sequence
from typing import Any

import datasets
import evaluate
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .checks import checked
from .rankings import Ranking, label_ranking_precision
from .shares import Shares, averages, label_trials, mean_share, parts

Array = NDArray[Any]  # any number type; shapes are given where they matter

CONFIGS = ("default", "multilabel")
ECE_BINS = 15  # equal-width bins, as in Guo et al. 2017, "On Calibration of Modern Neural Networks"
LOWER_IS_BETTER = frozenset({"log_loss", "brier", "ece", "hamming_loss"})  # of every other figure, more is better
FEW_CELLS = 100_000  # texts times labels up to which plain arrays are quicker than sparse ones, some ten times
SMALLEST = np.finfo(np.float32).eps  # scores are float32: a 0 or 1 stands for "within one ulp of it"

DESCRIPTION = "Accuracy, precision, recall, F1, ranking, calibration figures of a text classifier."
ARGUMENTS = """
predictions: label ids [N], or 0/1 rows [N, L] (config multilabel)
references: the same shape
scores: probabilities [N, L]; without them the ranking and calibration figures are left out
num_labels: the width of the label axis where there are no scores
"""


class TextClassification(evaluate.Metric):
    """The `evaluate` face of `Rows`."""

    def _info(self) -> evaluate.MetricInfo:
        if self.config_name not in CONFIGS:
            raise ValueError(f"Unknown configuration {self.config_name!r}; known: {', '.join(CONFIGS)}.")
        number = datasets.Value(
            "float64"
        )  # of an integer, evaluate would cut a score of .7 to the id 0 and say nothing
        decided = datasets.List(number) if self.config_name == "multilabel" else number
        return evaluate.MetricInfo(
            description=DESCRIPTION,
            citation="",
            inputs_description=ARGUMENTS,
            features=datasets.Features({"predictions": decided, "references": decided}),
        )

    def _compute(
        self, predictions: Array, references: Array, scores: Array | None = None, num_labels: int | None = None
    ) -> dict[str, float]:
        rows = Rows(*checked(predictions, references, scores, num_labels, self.config_name == "multilabel"))
        return {name: float(value[0]) for name, value in rows.figures(np.ones((1, len(rows.gold)))).items()}


class Rows:
    """Gold, predicted and scored rows, sorted and counted once, whose figures can be asked for many row weights.

    Args:
        gold: int [N] ids, or 0/1 [N, L] with several labels.
        predicted: the same shape.
        scores: float [N, L] in [0, 1], or None.
        num_labels: L.
        most_steps: steps of a ranking beyond which neighbouring scores count as tied; None: areas are exact.
    """

    def __init__(
        self, gold: Array, predicted: Array, scores: Array | None, num_labels: int, most_steps: int | None = None
    ) -> None:
        self.multi_label = gold.ndim == 2
        self.size = num_labels
        self.gold, self.predicted = gold, predicted
        if self.multi_label:
            truth = gold
            self.counted = [_by_label(each) for each in (gold * predicted, predicted, gold)]
            self.row_values = _multi_label_rows(gold, predicted)
        else:
            truth = _one_hot(gold, num_labels)
            self.cells = _sum_by(gold * num_labels + predicted, num_labels**2)
            self.row_values = {}
        self.rankings: list[Ranking] = []
        if scores is not None:
            self._take_scores(truth, np.asarray(scores, dtype=np.float64), most_steps)

    @property
    def widest(self) -> int:
        """Return how many numbers one weighting needs at a time: the most steps of a ranking, at least N."""
        return max([len(self.gold), *(ranking.size for ranking in self.rankings)])

    def figures(self, weights: Array) -> dict[str, Array]:
        """Return every figure for each of B row weightings, float64 [B, N] -> {name: float64 [B]}."""
        columns = np.ascontiguousarray(weights.T)  # [N, B]: sparse sums then run over neighbours in memory
        total = columns.sum(axis=0)
        result = self._decision_figures(columns)
        result |= {name: weights @ values / total for name, values in self.row_values.items()}
        if self.rankings:
            result |= self._ranking_figures(columns)
            result["ece"] = np.abs(self.gaps @ columns).sum(axis=0) / (total * self.asked)
        return result

    def confusion(self, weights: Array) -> Array:
        """Return the confusion matrices of one-label rows, float64 [B, L, L], gold by predicted."""
        return self._confusion(np.ascontiguousarray(weights.T))

    def per_label(self) -> dict[str, Array]:
        """Return precision, recall and f1 of each label, float64 [L], each with its trials, and the label's support.

        Trials (`precision_trials` and so on) are what `shares.label_trials` says; of 0 trials a figure is undefined.
        """
        counts = [each[0] for each in self._counts(np.ones((len(self.gold), 1)))]
        found = {"support": counts[2]}
        for name in ("precision", "recall", "f1"):
            found[name], found[f"{name}_trials"] = label_trials(name, *counts)
        return found

    def shares(self) -> dict[str, Shares]:
        """Return every figure that is a share or a mean of shares as one, {name: Shares}."""
        found: dict[str, Shares] = {}
        marks = self._marks()
        for name in ("precision", "recall", "f1", *(["f05"] if self.multi_label else [])):
            found |= averages(name, *marks)
        most = {"brier": 1.0 if self.multi_label or self.size == 2 else 2.0}  # a squared error a label, or of both
        means = {name: values for name, values in self.row_values.items() if name != "log_loss"}  # it has no upper end
        found |= {name: mean_share(values, most.get(name, 1.0)) for name, values in means.items()}
        if not self.multi_label:
            found["accuracy"] = mean_share((self.gold == self.predicted).astype(np.float64))
            same = ("precision_micro", "recall_micro", "f1_micro", "recall_weighted")  # by definition
            found |= dict.fromkeys(same, found["accuracy"]) | {"balanced_accuracy": found["recall_macro"]}
        return found

    def wrong(self) -> Array:
        """Return whether each row was decided wrongly, with several labels in any of them, bool [N]."""
        differs = self.gold != self.predicted
        return np.asarray(differs.any(axis=1) if self.multi_label else differs)

    def calibration_error(self) -> tuple[Array, Array]:
        """Return each label's expected calibration error (one label a text: of the decision), float64 [1 or L].

        Beside it stands what a perfectly calibrated model would show on as many rows: every estimate lies above 0,
        the fewer rows the more (Bröcker & Smith 2007, "Increasing the Reliability of Reliability Diagrams"). Of each
        bin that is E|G| for a gap G of independent rows, taken as normal, and at most the sum of what each adds.
        """
        n = len(self.gold)
        gaps = np.abs(np.asarray(self.gaps.sum(axis=1))).reshape(self.asked, ECE_BINS)
        spread = self.spread.reshape(self.asked, ECE_BINS)
        return gaps.sum(axis=1) / n, np.minimum(np.sqrt(2 * spread / np.pi), 2 * spread).sum(axis=1) / n

    def _marks(self) -> list[Any]:  # Any: SciPy has no types
        """Return which texts are hit, decided and gold, 0/1 [L, N] each: plain arrays where they are small."""
        if self.multi_label and self.gold.size > FEW_CELLS:
            return self.counted
        gold, decided = self.gold, self.predicted
        if not self.multi_label:
            gold, decided = (_one_hot(each, self.size) for each in (gold, decided))
        marks = [gold * decided, decided, gold]
        if gold.size > FEW_CELLS:
            return [_by_label(each) for each in marks]
        return [each.T.astype(np.float64) for each in marks]

    def _take_scores(self, truth: Array, scores: Array, most_steps: int | None) -> None:
        """Sort and bin truth 0/1 [N, L] and scores [N, L]."""
        n, size = scores.shape
        self.row_values |= _score_rows(truth, scores, self.multi_label)
        rows = np.arange(n)
        ranked = range(size) if self.multi_label or size > 2 else [1]  # of two classes, the second
        self.rankings = [Ranking(truth[:, k], scores[:, k], rows, n, most_steps) for k in ranked]
        if self.multi_label:
            confidence, right, rows = scores.ravel(), truth.ravel(), np.repeat(rows, size)
            self.rankings.append(Ranking(right, confidence, rows, n, most_steps))
        else:
            confidence, right = scores.max(axis=1), scores.argmax(axis=1) == self.gold
        self.asked = size if self.multi_label else 1  # questions that each row answers: is it this label?
        bins = np.clip(np.ceil(confidence * ECE_BINS).astype(int) - 1, 0, ECE_BINS - 1)  # bins are (low, high]
        bins += np.arange(len(bins)) % self.asked * ECE_BINS
        self.gaps = sparse.csr_matrix((confidence - right, (bins, rows)), shape=(ECE_BINS * self.asked, n))
        self.spread = np.bincount(bins, np.clip(confidence * (1 - confidence), 0, None), ECE_BINS * self.asked)

    def _confusion(self, columns: Array) -> Array:
        return np.asarray(self.cells @ columns).T.reshape(-1, self.size, self.size)

    def _counts(self, columns: Array) -> tuple[Array, Array, Array]:
        """Return true positives, predicted and gold counts of each label, float64 [B, L] each."""
        if self.multi_label:
            hits, decided, positives = (np.asarray(counted @ columns).T for counted in self.counted)
            return hits, decided, positives
        confusion = self._confusion(columns)
        return np.diagonal(confusion, axis1=1, axis2=2), confusion.sum(axis=1), confusion.sum(axis=2)

    def _decision_figures(self, columns: Array) -> dict[str, Array]:
        counts = self._counts(columns)
        hits, decided, positives = counts
        carried = positives > 0  # what a draw misses leaves that draw's mean
        result = {}
        for name in ("precision", "recall", "f1", *(["f05"] if self.multi_label else [])):
            part, whole = parts(name, *counts)
            score = _ratio(part, whole)
            result[f"{name}_macro"] = _mean_where(score, carried)
            result[f"{name}_micro"] = _ratio(part.sum(axis=1), whole.sum(axis=1))
            result[f"{name}_weighted"] = _mean_where(score, positives)
        if self.multi_label:
            return result
        total = columns.sum(axis=0)
        result["accuracy"] = hits.sum(axis=1) / total
        result["balanced_accuracy"] = result["recall_macro"]
        result["mcc"] = _matthews(hits, decided, positives, total)
        return result

    def _ranking_figures(self, columns: Array) -> dict[str, Array]:
        areas, precisions = zip(*(ranking.areas(columns) for ranking in self.rankings), strict=True)
        if not self.multi_label:
            return {"roc_auc": _nan_mean(areas), "average_precision": _nan_mean(precisions)}
        return {
            "roc_auc_macro": _nan_mean(areas[:-1]),
            "average_precision_macro": _nan_mean(precisions[:-1]),
            "roc_auc_micro": areas[-1],
            "average_precision_micro": precisions[-1],
        }


def _sum_by(groups: Array, count: int) -> Any:  # Any: SciPy has no types
    """Return the sparse matrix [count, N] that sums rows by their group, int [N]."""
    n = len(groups)
    return sparse.csr_matrix((np.ones(n), (groups, np.arange(n))), shape=(count, n))


def _by_label(indicator: Array) -> Any:  # Any: SciPy has no types
    """Return 0/1 [N, L] as a sparse matrix [L, N]."""
    return sparse.csr_matrix(indicator.T.astype(np.float64))


def _one_hot(gold: Array, size: int) -> Array:
    return (gold[:, None] == np.arange(size)).astype(np.int64)


def _ratio(numerator: Array, denominator: Array) -> Array:
    return np.divide(numerator, denominator, out=np.zeros_like(numerator, dtype=np.float64), where=denominator > 0)


def _mean_where(values: Array, weights: Array) -> Array:
    """Return the weighted mean over labels, [B, L] -> [B]; NaN where no label has a weight."""
    whole = weights.sum(axis=1).astype(np.float64)
    return np.divide((values * weights).sum(axis=1), whole, out=np.full(len(whole), np.nan), where=whole > 0)


def _nan_mean(values: Sequence[Array]) -> Array:
    """Mean over labels of those that are defined, L times [B] -> [B]; NaN where none is."""
    stacked = np.stack(values)
    defined = ~np.isnan(stacked)
    with np.errstate(invalid="ignore"):
        return np.where(defined, stacked, 0.0).sum(axis=0) / defined.sum(axis=0)


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
    return {
        "log_loss": entropy.mean(axis=1),
        "brier": squared.mean(axis=1),
        "lrap": label_ranking_precision(truth, scores),
    }
