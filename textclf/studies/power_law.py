"""From a learning curve to what more data should give: a power law with an interval, never beyond four times the data.

Errors of classifiers fall as a + b * n^-c (Hestness et al. 2017, "Deep Learning Scaling is Predictable, Empirically",
arXiv 1712.00409; Viering & Loog 2022, "The Shape of Learning Curves", IEEE TPAMI 45). The curve of a few subsets says
little about c, so that the interval is taken over all of what fits: points are drawn anew within their noise, and of
the law with an error that stays (a), the one without, and the one in which the error falls with log(n), each is tried.
What one set of rows gives lies around such a law, now and later. benchmarks/learning_curves.py measures how often the
interval holds what was then found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FARTHEST = 4.0  # times the data
RESAMPLES = 300
EXPONENTS = np.linspace(0.05, 1.5, 30)  # c; published curves of text classifiers lie between 0.07 and 0.9
LEVEL = 0.95
DOUBT = 0.1  # of the best law's weight, that no law falls below
ROUGHNESS = 0.1  # of the spread's variance: a law misses even points without noise by so much
SMALLEST = 0.02  # of an error's spread times the root of n: draws that are alike by chance do not make a curve sure
Floats = NDArray[np.float64]


class Forecast(NamedTuple):
    """What a score should be with so many training rows, and the 95 % interval of what is then found."""

    rows: int
    value: float
    low: float
    high: float


def forecast(rows: NDArray[np.int64], scores: Floats, times: float, seed: int = 0) -> Forecast:
    """Return what `times` as many rows as the largest size should give.

    Args:
        rows: [P], training rows behind each point; three points or more at each of four sizes or more.
        scores: [P] in [0, 1], more is better.
        times: above 1, up to FARTHEST.
        seed: of the resampling.
    """
    if not 1 < times <= FARTHEST:
        raise ValueError(f"A learning curve is not followed beyond {FARTHEST:g} times the data; asked for {times:g}.")
    rng, sizes = np.random.default_rng(seed), np.unique(rows)
    target, errors = round(float(sizes[-1]) * times), 1 - np.asarray(scores, dtype=np.float64)
    points = [errors[rows == size] for size in sizes]
    spread, freedom = _spread(sizes, points)
    draws = np.array([*(len(each) for each in points[:-1]), 1])  # those of all rows differ by the seed alone
    noise = spread * np.sqrt(np.maximum(_own(sizes), ROUGHNESS) / draws)
    means = np.array([each.mean() for each in points])
    fitted = [law(sizes, means[None], noise, target) for law in LAWS]
    weights = _weights(np.array([float(misfit[0]) for _, misfit in fitted]))
    drawn = means + rng.normal(size=(RESAMPLES, len(sizes))) * noise
    parts = [
        law(sizes, drawn[: round(weight * RESAMPLES)], noise, target)[0]
        for law, weight in zip(LAWS, weights, strict=True)
    ]
    # The rows at hand are one draw, and so are those then; the former are among the latter.
    apart = spread * np.sqrt(2 * (1 - times**-0.5))
    found = np.concatenate(parts)
    found = found + rng.standard_t(freedom, size=len(found)) * apart
    low, high = np.quantile(np.clip(found, 0, 1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    value = float(np.clip(sum(w * float(at[0]) for w, (at, _) in zip(weights, fitted, strict=True)), 0, 1))
    return Forecast(target, 1 - value, 1 - float(max(high, value)), 1 - float(min(low, value)))


def _own(sizes: NDArray[np.int64]) -> Floats:
    """Return how much of a part's variance is its own, [S]: the more of the rows it takes, the more it shares."""
    return np.asarray(1 - sizes / sizes[-1])


def _spread(sizes: NDArray[np.int64], points: Sequence[Floats]) -> tuple[float, int]:
    """Return the standard deviation of the error of one training on rows of its own, and its degrees of freedom.

    One for all sizes: between sets of rows it does not fall with n^-1/2 (macro-F1 on hate_speech: .024 between six
    sets of 407 rows, and .024 between parts of 102 rows once what they share is allowed for).
    """
    parts = zip(_own(sizes)[:-1], points[:-1], strict=True)
    squares = sum(float(((each - each.mean()) ** 2).sum() / own) for own, each in parts)
    freedom = sum(len(each) - 1 for each in points[:-1])
    return max(float(np.sqrt(squares / freedom)), SMALLEST / np.sqrt(float(sizes[-1]))), freedom


def _weights(misfits: Floats) -> Floats:
    """Return how much each law counts, [K]: by how well it fits, but none for less than DOUBT."""
    found = np.maximum(np.exp(-(misfits - misfits.min()) / 2), DOUBT)
    return np.asarray(found / found.sum())


# Of sizes [S], errors [R, S], their noise [S] and a size a law gives the error there and its misfit, both [R].
Law = Callable[[NDArray[np.int64], Floats, Floats, int], tuple[Floats, Floats]]


def _kept(sizes: NDArray[np.int64], errors: Floats, noise: Floats, target: int) -> tuple[Floats, Floats]:
    """Fit a + b * n^-c, a and b 0 or more."""
    return _best_exponent(sizes, errors, noise, target, _line)


def _vanishing(sizes: NDArray[np.int64], errors: Floats, noise: Floats, target: int) -> tuple[Floats, Floats]:
    """Fit b * n^-c, b 0 or more."""
    return _best_exponent(sizes, errors, noise, target, _slope)


def _log(sizes: NDArray[np.int64], errors: Floats, noise: Floats, target: int) -> tuple[Floats, Floats]:
    """Fit a - b * log(n), b 0 or more."""
    x = -np.log(sizes / sizes[-1])
    a, b = _line(x, errors, 1 / noise**2, free=True)
    misfit = (((errors - a[:, None] - b[:, None] * x) / noise) ** 2).sum(axis=1)
    return a - b * np.log(target / sizes[-1]), misfit


LAWS: tuple[Law, ...] = (_kept, _vanishing, _log)


def _best_exponent(
    sizes: NDArray[np.int64], errors: Floats, noise: Floats, target: int, fit: Callable[..., tuple[Floats, Floats]]
) -> tuple[Floats, Floats]:
    best, found = np.full(len(errors), np.inf), np.zeros(len(errors))
    for c in EXPONENTS:
        x = (sizes / sizes[-1]) ** -c
        a, b = fit(x, errors, 1 / noise**2)
        misfit = (((errors - a[:, None] - b[:, None] * x) / noise) ** 2).sum(axis=1)
        better = misfit < best
        best[better] = misfit[better]
        found[better] = (a + b * (target / sizes[-1]) ** -c)[better]
    return found, best


def _line(x: Floats, errors: Floats, weights: Floats, *, free: bool = False) -> tuple[Floats, Floats]:
    """Return intercepts and slopes [R] of weighted least squares over x [S]; both 0 or more unless `free`."""
    mean_x = (weights * x).sum() / weights.sum()
    mean = (errors * weights).sum(axis=1) / weights.sum()
    b = ((errors - mean[:, None]) * weights * (x - mean_x)).sum(axis=1) / (weights * (x - mean_x) ** 2).sum()
    b = np.maximum(b, 0)
    a = mean - b * mean_x
    below = a < 0
    if not free and below.any():
        a[below], b[below] = _slope(x, errors[below], weights)
    return a, b


def _slope(x: Floats, errors: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return zeros and the slopes [R] of weighted least squares through the origin."""
    b = (errors * weights * x).sum(axis=1) / (weights * x**2).sum()
    return np.zeros(len(errors)), b
