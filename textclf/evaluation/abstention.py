"""Abstention: the cut below which a model does not answer, so that what it answers is seldom wrong.

The promise: of all texts that are answered, at most a share `risk` is wrong, with `confidence` over the draw of the
rows that the cut was tested on. Cuts are ordered, and the place to begin is chosen, on validation; the rows of the
`guarantee` part only test them, from the strictest to the loosest, until the first that cannot be shown to keep the
promise (fixed-sequence testing: Angelopoulos et al. 2021, "Learn then Test", arXiv 2110.01052, section 3; the exact
binomial test of a selective risk: Geifman & El-Yaniv 2017, "Selective Classification for Deep Neural Networks").
Because neither order nor start has seen those rows, the error of the first kind is exactly 1 - confidence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit
from scipy.stats import binom
from sklearn.linear_model import LogisticRegression

from .thresholds import places

MOST_CUTS = 100  # of a sequence: each further test is one more chance to stop too early
MOST_ROWS = 1_000_000  # answered: more than this is not worth planning for
POWER = 0.8  # chance of success at which a number of rows counts as enough, as usual in planning a study
NO_SHRINKING = 1e4  # of the logistic regression: with one feature there is nothing to guard against


@dataclass(frozen=True)
class Promise:
    """What is promised of answered texts: at most `risk` of them wrong, with `confidence`; both shares in (0, 1)."""

    risk: float
    confidence: float

    @property
    def least_rows(self) -> int:
        """Return the answered rows that show the promise when none of them is wrong: 59 for 5 % at 95 %."""
        return math.ceil(round(math.log(1 - self.confidence) / math.log(1 - self.risk), 9))

    def kept(self, wrong: Any, answered: Any) -> Any:
        """Say whether `wrong` of `answered` rows (numbers or arrays) show that the risk is at most `risk`."""
        return binom.cdf(wrong, answered, self.risk) <= 1 - self.confidence  # of no row 1, which is above

    def most_wrong(self, answered: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the most errors [M] among `answered` rows [M] that still show the promise; -1 where none do."""
        level = 1 - self.confidence
        most = binom.ppf(level, answered, self.risk).astype(np.int64)  # the least k with cdf(k) >= level
        return np.where(self.kept(most, answered), most, most - 1)


@dataclass(frozen=True)
class Outcome:
    """A cut that keeps the promise, or (None) that none was shown to, with what was seen."""

    cut: float | None  # answered: score >= cut
    n: int  # rows of the guarantee part that it was tested on
    answered: int  # of them, at the cut (where there is none: at the first cut tested)
    wrong: int  # of the answered
    rows_needed: int | None  # guarantee rows that would probably be enough; None where there is a cut, or no number is


class Sequence(NamedTuple):
    """Cuts in the order in which they are tested, strictest first, and what validation expects of each; all [K]."""

    cuts: NDArray[np.float64]  # answered: confidence >= cut
    coverage: NDArray[np.float64]  # answered rows a validation row, in [0, 1]
    risk: NDArray[np.float64]  # expected share of wrong answers

    @classmethod
    def from_validation(
        cls, scores: NDArray[np.floating[Any]], wrong: NDArray[np.bool_], rows: int | None = None
    ) -> Sequence:
        """Order the places between validation's confidences [V] in [0, 1]; `wrong` [V] says which answers are.

        `rows` is how many texts these answers come from, where that is not V: several labels, one of which they are.
        """
        order = np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable")
        if not len(order):
            return cls(*np.zeros((3, 0)))
        ranked = np.asarray(scores, dtype=np.float64)[order]
        ends, cuts = places(ranked)
        kept = np.unique(np.linspace(0, len(ends) - 1, MOST_CUTS).round().astype(int))  # all, of no more
        ends, cuts = ends[kept], cuts[kept]
        risk = np.cumsum(_smooth_risk(ranked, np.asarray(wrong)[order])) / np.arange(1, len(ranked) + 1)
        return cls(cuts, (ends + 1) / (rows or len(ranked)), risk[ends])

    def start(self, promise: Promise, rows: int) -> int:
        """Return the place whose test on so many guarantee rows succeeds with the highest chance, as expected."""
        expected = np.rint(self.coverage * rows).astype(np.int64)
        chance = binom.cdf(promise.most_wrong(expected), expected, self.risk)
        return int(np.argmax(chance)) if chance.max() > 0 else len(expected) - 1  # the loosest has most rows

    def rows_needed(self, promise: Promise) -> int | None:
        """Return the fewest guarantee rows that at some cut show the promise with a chance of POWER, if any do."""
        answered = np.unique(np.geomspace(promise.least_rows, MOST_ROWS, 400).round().astype(np.int64))
        enough = binom.cdf(promise.most_wrong(answered)[:, None], answered[:, None], self.risk) >= POWER  # [A, K]
        rows = np.where(enough, answered[:, None] / self.coverage, np.inf).min()
        return math.ceil(rows) if np.isfinite(rows) else None


def find_cut(
    promise: Promise, sequence: Sequence, scores: NDArray[np.floating[Any]], wrong: NDArray[np.bool_], rows: int
) -> Outcome:
    """Return the loosest cut that fixed-sequence testing on guarantee rows shows to keep the promise.

    Args:
        promise: risk and confidence.
        sequence: the cuts in order, from validation.
        scores: confidences [G] in [0, 1] of answers to texts that nothing else has seen.
        wrong: bool [G], which of these answers are wrong.
        rows: how many texts the answers come from (G, with one label a text).
    """
    if not len(sequence.cuts):
        return Outcome(None, rows, 0, 0, None)
    start = sequence.start(promise, rows)
    order = np.argsort(-scores, kind="stable")
    answered = np.searchsorted(-scores[order], -sequence.cuts[start:], side="right")  # score >= cut
    errors = np.concatenate([[0], np.cumsum(wrong[order])])[answered]
    kept = promise.kept(errors, answered)
    last = int(np.argmin(kept)) - 1 if not kept.all() else len(kept) - 1
    if last < 0:
        return Outcome(None, rows, int(answered[0]), int(errors[0]), sequence.rows_needed(promise))
    return Outcome(float(sequence.cuts[start + last]), rows, int(answered[last]), int(errors[last]), None)


def risk_coverage(scores: NDArray[np.floating[Any]], wrong: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the share of errors among the k most confident answers, for k = 1 ... N: float64 [N].

    Equal confidences share their errors evenly, so that the curve does not hang on the order of rows.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, errors = np.asarray(scores)[order], np.asarray(wrong, dtype=np.float64)[order]
    starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))
    sizes = np.diff(np.append(starts, len(ranked)))
    even = np.repeat(np.add.reduceat(errors, starts) / sizes, sizes) if len(ranked) else errors
    return np.cumsum(even) / np.arange(1, len(ranked) + 1)


def area_under_risk_coverage(scores: NDArray[np.floating[Any]], wrong: NDArray[np.bool_]) -> float:
    """Return AURC, the mean of the risk-coverage curve (Geifman & El-Yaniv 2017): in [0, 1], lower is better."""
    return float(risk_coverage(scores, wrong).mean()) if len(scores) else math.nan


def _smooth_risk(ranked: NDArray[np.float64], wrong: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the chance of an error at each confidence [V], by a logistic regression on the confidence's logit.

    Counts of errors among the surest few rows are too rough to begin at; where there is no error at all, or nothing
    else, Jeffreys' estimate serves for all rows.
    """
    if not 0 < wrong.sum() < len(wrong):
        return np.full(len(wrong), (wrong.sum() + 0.5) / (len(wrong) + 1))
    feature = logit(np.clip(ranked, 1e-7, 1 - 1e-7))[:, None]
    fitted = LogisticRegression(C=NO_SHRINKING).fit(feature, wrong)
    return np.asarray(fitted.predict_proba(feature)[:, 1])
