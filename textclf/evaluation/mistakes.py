"""Where a scorer is wrong: the labels it takes for each other, and the mistakes it is surest of."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from datasets import DatasetDict
from numpy.typing import NDArray

from .label_errors import METHOD, find_suspects
from .report import Report
from .slices import slice_figures

MOST_PAIRS = 20


class Mistake(NamedTuple):
    """A text that was decided wrongly; with several labels, one label of it."""

    row: int
    gold: int | None  # the gold label; None: no gold label was missed, `predicted` is one too many
    predicted: int | None  # the decision; None: nothing was decided instead, `gold` is missing
    confidence: float  # in [0, 1]: the predicted label's score; several labels: how far beyond the cut


def findings(
    validation: Report, test: Report, splits: DatasetDict, out_of_fold: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return what evaluation.json records of where the model is wrong: label names and counts, never a text.

    What invites to mend the model, mistakes and labels, is looked for on validation; test is for figures only.
    `out_of_fold` is what was found beside, where validation is small.
    """
    return {
        "slices": slice_figures(test, splits["test"]),
        "confused_pairs": confused_pairs(validation),
        "suspected_label_errors": {
            "count": len({suspect.row for suspect in find_suspects(validation)}),
            "of": validation.n,
            "split": "validation",
            "method": METHOD,
            "out_of_fold": out_of_fold,
        },
    }


def confused_pairs(report: Report, most: int = MOST_PAIRS) -> list[dict[str, Any]]:
    """Return the pairs of labels that are taken for each other most often, by falling count.

    Each is `{"gold", "predicted", "count", "share"}`, the share being of the texts that carry the gold label. With
    several labels a pair counts once a text in which the one is missing and the other is there for nothing.
    """
    counts = pair_counts(report)
    support = counts.sum(axis=1) if not report.labels.multi_label else report.gold.sum(axis=0)
    np.fill_diagonal(counts, 0)
    order = np.argsort(-counts, axis=None, kind="stable")[:most]
    names = report.labels.names
    pairs = [(int(cell // len(names)), int(cell % len(names))) for cell in order]
    return [
        {
            "gold": names[g],
            "predicted": names[p],
            "count": int(counts[g, p]),
            "share": float(counts[g, p] / support[g]),
        }
        for g, p in pairs
        if counts[g, p]
    ]


def pair_counts(report: Report) -> NDArray[np.int64]:
    """Return counts int64 [L, L], gold by predicted; with several labels, missed by falsely given."""
    if report.confusion is not None:
        return np.array(report.confusion, dtype=np.int64)
    missed, added = _missed(report).astype(np.float64), _added(report).astype(np.float64)  # BLAS knows no integers
    return np.asarray((missed.T @ added).astype(np.int64))


def surest_mistakes(report: Report, most: int) -> list[Mistake]:
    """Return the wrong decisions by falling confidence."""
    if not report.labels.multi_label:
        rows = np.flatnonzero(report.gold != report.predicted)
        confidence = report.scores[rows, report.predicted[rows]]
        order = np.argsort(-confidence, kind="stable")[:most]
        return [
            Mistake(int(r), int(report.gold[r]), int(report.predicted[r]), float(c))
            for r, c in zip(rows[order], confidence[order], strict=True)
        ]
    missed, added = _missed(report), _added(report)
    cuts = np.full(len(report.labels), 0.5) if report.thresholds is None else report.thresholds
    above = (report.scores - cuts) / np.maximum(1 - cuts, 1e-9)  # 0 at the cut, 1 at a score of 1
    below = (cuts - report.scores) / np.maximum(cuts, 1e-9)  # 0 at the cut, 1 at a score of 0
    confidence = np.where(added, above, np.where(missed, below, -1.0))
    cells = np.argsort(-confidence, axis=None, kind="stable")[:most]
    found = []
    for row, label in ((int(c // len(cuts)), int(c % len(cuts))) for c in cells):
        if confidence[row, label] < 0:
            break
        gold, predicted = (None, label) if added[row, label] else (label, None)
        found.append(Mistake(row, gold, predicted, float(np.clip(confidence[row, label], 0, 1))))
    return found


def _missed(report: Report) -> NDArray[np.bool_]:
    return np.asarray((report.gold == 1) & (report.predicted == 0))


def _added(report: Report) -> NDArray[np.bool_]:
    return np.asarray((report.gold == 0) & (report.predicted == 1))
