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
from typing import Any

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
        return (np.asarray(answered) > 0) & (binom.cdf(wrong, answered, self.risk) <= 1 - self.confidence)

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


def find_cut(
    promise: Promise,
    validation: tuple[NDArray[np.floating[Any]], NDArray[np.bool_]],
    guarantee: tuple[NDArray[np.floating[Any]], NDArray[np.bool_]],
    *,
    share: float | None = None,
) -> Outcome:
    """Return the loosest cut that fixed-sequence testing shows to keep the promise.

    Args:
        promise: risk and confidence.
        validation: confidences [V] in [0, 1] and whether each answer is wrong [V]: orders the tests.
        guarantee: the same [G] of rows that nothing else has seen: makes the tests.
        share: guarantee rows a validation row stands for; their ratio where not given (several labels: of all rows).
    """
    scores, wrong = (np.asarray(each) for each in guarantee)
    answered_there, expected_risk, cuts = _sequence(*validation)
    if not len(cuts):
        return Outcome(None, len(scores), 0, 0, None)
    ratio = len(scores) / len(validation[0]) if share is None else share
    start = _start(promise, answered_there * ratio, expected_risk)
    found = None
    for cut in cuts[start:]:
        answers = scores >= cut
        seen = int(answers.sum()), int(wrong[answers].sum())
        if not promise.kept(seen[1], seen[0]):
            break
        found = Outcome(float(cut), len(scores), *seen, None)
    if found is not None:
        return found
    answers = scores >= cuts[start]
    needed = _rows_needed(promise, expected_risk, answered_there * ratio / len(scores)) if len(scores) else None
    return Outcome(None, len(scores), int(answers.sum()), int(wrong[answers].sum()), needed)


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


def _sequence(
    scores: NDArray[np.floating[Any]], wrong: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return answered rows, expected risk and cut of each place to cut validation, strictest first, all [K]."""
    if not len(scores):
        return np.zeros(0, np.int64), np.zeros(0), np.zeros(0)
    order = np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable")
    ranked = np.asarray(scores, dtype=np.float64)[order]
    ends, cuts = places(ranked)
    risk = (np.cumsum(_smooth_risk(ranked, np.asarray(wrong)[order])) / np.arange(1, len(ranked) + 1))[ends]
    if len(ends) > MOST_CUTS:
        kept = np.unique(np.linspace(0, len(ends) - 1, MOST_CUTS).round().astype(int))
        ends, cuts, risk = ends[kept], cuts[kept], risk[kept]
    return ends + 1, risk, cuts


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


def _start(promise: Promise, expected: NDArray[np.float64], risk: NDArray[np.float64]) -> int:
    """Return the place whose test succeeds with the highest chance, as far as validation can tell."""
    rows = np.rint(expected).astype(np.int64)
    chance = binom.cdf(promise.most_wrong(rows), rows, risk)
    if chance.max() <= 0:
        return len(rows) - 1  # too few rows at any cut: the loosest has most of them
    return int(np.argmax(chance))


def _rows_needed(promise: Promise, risk: NDArray[np.float64], coverage: NDArray[np.float64]) -> int | None:
    """Return the fewest rows with which, at some cut, the promise is shown with a chance of POWER; None: no number."""
    answered = np.unique(np.geomspace(promise.least_rows, MOST_ROWS, 400).round().astype(np.int64))
    enough = binom.cdf(promise.most_wrong(answered)[:, None], answered[:, None], risk) >= POWER  # [A, K]
    rows = np.where(enough, answered[:, None] / coverage, np.inf).min()
    return math.ceil(rows) if np.isfinite(rows) else None
