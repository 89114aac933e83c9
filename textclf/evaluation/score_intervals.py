"""Intervals for shares: Wilson's, the exact one, and Wilson's idea for a weighted sum of labels' shares."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, chi2, norm, t

from textclf.metrics.text_classification.shares import Shares

Floats = NDArray[np.float64]
LEVEL = 0.95
STEPS = 200  # in which a label's part of the budget is counted; the ends of intervals move by less than 1e-4
Z_SQUARED = float(norm.ppf((1 + LEVEL) / 2) ** 2)


def wilson(share: Any, trials: Any, z_squared: Any = Z_SQUARED) -> tuple[Floats, Floats]:  # Any: numbers or arrays
    """Return the ends of Wilson's score interval (Wilson 1927) of shares of trials, arrays of one shape.

    They are all values that the score test does not refuse at `z_squared`. Of 0 trials it is [0, 1].
    """
    n = np.maximum(np.asarray(trials, dtype=np.float64), 1e-12)
    widened = 1 + z_squared / n
    centre = (share + z_squared / (2 * n)) / widened
    half = np.sqrt(np.maximum(z_squared * (share * (1 - share) / n + z_squared / (4 * n**2)), 0)) / widened
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def share_interval(share: Any, trials: Any) -> tuple[Floats, Floats]:  # Any: as above
    """Return the ends of Wilson's interval as Brown, Cai & DasGupta 2001 mend it near 0 and 1, arrays of one shape.

    With one or two misses Wilson's upper end lies below shares that have so few often enough: at .96 on 4 trials its
    coverage is .85. There the end is what a Poisson count of misses says, and likewise the lower one with one or two
    hits ("Interval estimation for a binomial proportion", section 4.1.1). Of 0 trials it is [0, 1].
    """
    low, high = wilson(share, trials)
    n, share = np.maximum(np.asarray(trials, dtype=np.float64), 1e-12), np.asarray(share, dtype=np.float64)
    return np.minimum(low, _least_of_few(n * share, n)), np.maximum(high, 1 - _least_of_few(n * (1 - share), n))


def _least_of_few(count: Floats, n: Floats) -> Floats:
    """Return the least share that a count of up to two, at most half of n, does not refuse; 1 for other counts."""
    few = (count < 2 + 1e-9) & (count <= n / 2)
    return np.where(few, chi2.ppf(1 - LEVEL, 2 * np.clip(count, 1e-9, 2)) / 2 / n, 1.0)


def exact(hits: Any, trials: Any, level: float = LEVEL) -> tuple[Floats, Floats]:  # Any: numbers or arrays
    """Return the ends of the exact binomial interval (Clopper & Pearson 1934) of hits of trials.

    Either end holds by itself at (1 + level) / 2: it is what promises are made with. Of 0 trials it is [0, 1].
    """
    hits, trials, tail = np.asarray(hits, dtype=np.float64), np.asarray(trials, dtype=np.float64), (1 - level) / 2
    with np.errstate(invalid="ignore"):
        low = np.where(hits > 0, beta.ppf(tail, hits, trials - hits + 1), 0.0)
        high = np.where(hits < trials, beta.isf(tail, hits + 1, trials - hits), 1.0)
    return low, high


def share_of(count: int, of: int) -> dict[str, Any]:
    """Return count / of with its exact interval: {value, low, high, count, of}; nulls of nothing."""
    if not of:
        return {"value": None, "low": None, "high": None, "count": count, "of": of}
    low, high = exact(count, of)
    return {"value": count / of, "low": float(low), "high": float(high), "count": count, "of": of}


def reach(found: Shares, n: int) -> tuple[float, float]:
    """Return how far the interval of a figure reaches below and above it.

    All sums of label shares whose score tests together are not refused: the least and the greatest sum of weight times
    share with sum of trials (p - share)^2 / (p (1 - p)) <= budget (profile score interval; Martín Andrés, Álvarez &
    Herranz 2011, "Inferences about a linear combination of proportions"). The budget is the squared quantile times the
    figure's design. Each label's best end rises ever more slowly with its part of the budget, so that the dearest
    parts are left out last: the greatest sum is found by sorting.

    Args:
        found: what the figure is a sum of.
        n: texts, for Student's quantile where the design is an estimate.
    """
    if found.exact and len(found.shares) == 1:
        share = found.shares[0]
        low, high = share_interval(share, found.trials[0])
        return float(share - low), float(high - share)
    budget = Z_SQUARED if found.exact else float(t.ppf((1 + LEVEL) / 2, max(n - 1, 1)) ** 2) * found.design
    spent = budget * np.linspace(0, 1, STEPS + 1) ** 3  # an end moves as the root of what is spent: finest at 0
    ends = wilson(found.shares[:, None], found.trials[:, None], spent)  # [K, STEPS + 1]
    below, above = (found.weights[:, None] * np.abs(end - found.shares[:, None]) for end in ends)
    return _most_for(below, spent), _most_for(above, spent)


def _most_for(gained: Floats, spent: Floats) -> float:
    """Return the most that can be gained for the last of `spent` [S], of curves [K, S] that rise ever more slowly."""
    gains = np.diff(gained, axis=1).ravel()
    costs = np.tile(np.diff(spent), len(gained))
    order = np.argsort(-gains / np.maximum(costs, 1e-300), kind="stable")
    return float(np.interp(spent[-1], np.cumsum(costs[order]), np.cumsum(gains[order])))
