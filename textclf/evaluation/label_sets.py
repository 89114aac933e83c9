"""Label sets: every label whose score reaches one stored cut, so that the truth is among them as often as promised.

One label a text: split conformal sets (Sadinle, Lei & Wasserman 2019, "Least Ambiguous Set-Valued Classifiers"), which
hold the true label of a new text with probability `coverage`. Several: conformal risk control (Angelopoulos et al.
2022, arXiv 2208.02814), which keeps the expected share of a text's true labels that are in its set. Both need rows
that nothing else has seen and that are like the new ones; the promise is an average over texts (marginal), so that a
label of its own may do worse: `by_label` gives each label its own cut instead.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..labels import LabelSpace
from .thresholds import LOGIT_NOISE, SCORE_NOISE

Scores = NDArray[np.floating[Any]]


def marginal_cut(scores: Scores, gold: NDArray[np.int64], labels: LabelSpace, coverage: float) -> float:
    """Return the one cut that keeps the coverage on average; 0 (every label) where the rows are too few for it.

    Args:
        scores: [N, L] in [0, 1].
        gold: ids [N], or 0/1 [N, L].
        labels: says which of the two.
        coverage: in (0, 1): of the true label, or the expected recall with several labels.
    """
    if labels.multi_label:
        return _recall_cut(scores, gold, coverage)
    return _quantile_cut(scores[np.arange(len(gold)), gold], coverage)


def cuts_by_label(scores: Scores, gold: NDArray[np.int64], labels: LabelSpace, coverage: float) -> NDArray[np.float64]:
    """Return a cut for each label [L], from the rows that carry it: its coverage holds label by label."""
    carries = gold if labels.multi_label else np.eye(len(labels), dtype=np.int64)[gold]
    return np.array([_quantile_cut(scores[carries[:, k] == 1, k], coverage) for k in range(len(labels))])


def covered(sets: NDArray[np.bool_], gold: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return for each text whether its label is in its set, or the share of its labels that are: float64 [N].

    A text without any label has nothing to miss: 1.
    """
    if gold.ndim == 1:
        return sets[np.arange(len(gold)), gold].astype(np.float64)
    carried = gold.sum(axis=1)
    return np.where(carried > 0, (sets & (gold == 1)).sum(axis=1) / np.maximum(carried, 1), 1.0)


def _quantile_cut(true_scores: Scores, coverage: float) -> float:
    """Return the floor((1 - coverage)(n + 1))-th smallest of the true labels' scores [n]."""
    rank = math.floor(round((1 - coverage) * (len(true_scores) + 1), 9))
    return _just_below(float(np.sort(true_scores)[rank - 1])) if rank >= 1 else 0.0


def _recall_cut(scores: Scores, gold: NDArray[np.int64], coverage: float) -> float:
    """Return the highest cut with (n * mean miss + 1) / (n + 1) <= 1 - coverage, where a miss is 1 - recall."""
    rows, columns = np.nonzero(gold)
    allowed = round((1 - coverage) * (len(gold) + 1) - 1, 9)  # 9 rows at .9 allow exactly 0
    if allowed < 0 or not len(rows):
        return 0.0
    values = np.asarray(scores, dtype=np.float64)[rows, columns]
    order = np.argsort(values, kind="stable")
    values, weights = values[order], (1 / gold.sum(axis=1)[rows])[order]
    lost = np.concatenate([[0.0], np.cumsum(weights)[:-1]])  # at a cut of this value: every lower one
    first = np.searchsorted(values, values, side="left")  # equal scores are lost together
    return _just_below(float(values[np.flatnonzero(lost[first] <= allowed + 1e-9)[-1]]))


def _just_below(score: float) -> float:
    """Return a cut that takes this score in on any machine, whatever its rounding."""
    return max(0.0, score - LOGIT_NOISE * score * (1 - score) - SCORE_NOISE * score)
