"""Figures of how scores rank: areas under ROC and precision-recall curves for many row weights, label ranking."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[Any]  # any number type; shapes are given where they matter

COMPARED_AT_ONCE = 4_000_000  # cells of label_ranking_precision, 32 MB


class Ranking:
    """Cells (a text, or one label of a text) by falling score, counted in the steps that both areas need.

    Cells of one score are one step. Neighbouring steps without a positive are merged, which changes neither area, so
    that there are at most two steps a positive and one more.

    Args:
        truth: 0/1 [M].
        scores: float [M].
        rows: int [M], the row of each cell.
        n: number of rows N.
        most: of more steps than this, neighbours count as tied; None: never, the areas are exact.
    """

    def __init__(self, truth: Array, scores: Array, rows: Array, n: int, most: int | None = None) -> None:
        order = np.argsort(-scores, kind="stable")
        ranked, positive = scores[order], truth[order] == 1
        steps = _merged(np.append(True, ranked[1:] != ranked[:-1]).cumsum() - 1, positive)
        count = int(steps[-1]) + 1
        if most is not None and count > most:
            steps, count = steps * most // count, most
        self.size = count
        self.positives = int(positive.sum())
        self.negatives = len(positive) - self.positives
        self.found, self.missed = (
            sparse.csr_matrix((np.ones(len(kept)), (steps[kept], rows[order[kept]])), shape=(count, n))
            for kept in (np.flatnonzero(positive), np.flatnonzero(~positive))
        )

    def areas(self, columns: Array) -> tuple[Array, Array]:
        """Return the area under the ROC curve and the average precision for row weights float64 [N, B].

        Float64 [B] each, NaN where undefined: without a negative, without a positive.
        """
        found, missed = self.found @ columns, self.missed @ columns  # [steps, B]
        found_so_far, seen = np.cumsum(found, axis=0), np.cumsum(missed, axis=0)
        positives, negatives = found_so_far[-1].copy(), seen[-1].copy()
        seen += found_so_far
        precision = np.divide(found_so_far, seen, out=np.zeros_like(seen), where=seen > 0)
        found_so_far -= found / 2  # of a positive and a negative with one score, half a pair is in order
        with np.errstate(invalid="ignore"):
            area = np.einsum("sb,sb->b", missed, found_so_far) / (positives * negatives)
            average = np.einsum("sb,sb->b", found, precision) / positives
        return area, average


def label_ranking_precision(truth: Array, scores: Array) -> Array:
    """Return the label ranking average precision of each row of truth 0/1 [N, L] and scores [N, L], float64 [N].

    It is 1 where no label or every label is gold, as in scikit-learn.
    """
    gold, size = truth == 1, truth.shape[1]
    rows, labels = np.nonzero(gold)
    shares = np.zeros(len(rows))
    for start in range(0, len(rows), at_once := max(1, COMPARED_AT_ONCE // size)):
        part = slice(start, start + at_once)
        above = scores[rows[part]] >= scores[rows[part], labels[part], None]
        shares[part] = (above & gold[rows[part]]).sum(axis=1) / above.sum(axis=1)
    count = gold.sum(axis=1)
    mean = np.bincount(rows, shares, minlength=len(truth)) / np.maximum(count, 1)
    return np.where((count == 0) | (count == size), 1.0, mean)


def _merged(steps: Array, positive: Array) -> Array:
    """Number the steps [M] anew, neighbours without a positive as one."""
    holds_positive = np.bincount(steps, positive) > 0
    begins = holds_positive | np.append(True, holds_positive[:-1])
    return np.asarray((begins.cumsum() - 1)[steps])
