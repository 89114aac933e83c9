"""Gold labels that are probably wrong, from scores of rows that the model was not trained on.

Confident learning (Northcutt, Jiang & Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels",
JAIR 70, section 3): label j's threshold is the mean score of j over the rows that carry j. A row that carries i and
whose score of another label j reaches j's threshold is counted in the confident joint at (i, j); the rows off its
diagonal are the suspects, ranked by the margin between the two scores. With several labels each label is a question of
its own, carried or not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .report import Report

METHOD = (
    "confident learning (Northcutt et al. 2021): rows off the diagonal of the confident joint, on scores of "
    "validation texts, which the model was not trained on"
)


class Suspect(NamedTuple):
    """A row whose gold label is probably wrong."""

    row: int  # in its split
    given: int  # the gold label; several labels: the label in question
    suggested: int  # the label that the scores speak for; several labels: the same label
    carried: bool  # several labels: whether the row carries it (then it should not)
    margin: float  # score for what is given minus score for what is suggested, in [-1, 0]


def find_suspects(report: Report) -> list[Suspect]:
    """Return the rows of a report whose gold labels are probably wrong, the surest first."""
    scores = report.scores.astype(np.float64)
    if not report.labels.multi_label:
        return sorted(_off_diagonal(scores, report.gold), key=lambda suspect: suspect.margin)
    found = []
    for k in range(len(report.labels)):
        both = np.stack([1 - scores[:, k], scores[:, k]], axis=1)
        for suspect in _off_diagonal(both, report.gold[:, k]):
            found.append(suspect._replace(given=k, suggested=k, carried=bool(suspect.given)))
    return sorted(found, key=lambda suspect: suspect.margin)


def _off_diagonal(scores: NDArray[np.float64], gold: NDArray[np.int64]) -> list[Suspect]:
    """Return the rows off the diagonal of the confident joint of scores [N, L] and gold [N]."""
    rows = np.arange(len(gold))
    counts = np.bincount(gold, minlength=scores.shape[1])
    sums = np.bincount(gold, scores[rows, gold], minlength=scores.shape[1])
    thresholds = np.divide(sums, counts, out=np.full(len(counts), np.inf), where=counts > 0)
    confident = np.where(scores >= thresholds, scores, -1.0)
    suggested = confident.argmax(axis=1)  # of several confident labels, the likeliest: no row counts twice
    # A row that the model itself would label as given is no suspect, whatever the thresholds (as cleanlab has it).
    wrong = (confident.max(axis=1) >= 0) & (suggested != gold) & (scores.argmax(axis=1) != gold)
    margins = scores[rows, gold] - scores[rows, suggested]
    return [Suspect(int(r), int(gold[r]), int(suggested[r]), True, float(margins[r])) for r in np.flatnonzero(wrong)]
