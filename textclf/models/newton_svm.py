"""Linear SVMs on dense features by Newton's method: the minimum itself, whatever the features' scales."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve

BLOCK = 8192  # rows taken to float64 at a time
MOST_STEPS = 100  # some ten are usual
SHORTEST = 1e-6  # of a step: less far nothing can be told from rounding
STILL = 1e-12  # of the largest weight: rows that lie on the margin itself come and go


class NewtonSVM:
    """A linear SVM as scikit-learn's LinearSVC is, one class against the rest, for dense features.

    It minimises what LIBLINEAR does, (|w|² + b²) / 2 + C Σ max(0, 1 - margin)², by the finite Newton method of Keerthi
    and DeCoste (2005, "A Modified Finite Newton Method for Fast Solution of Large Scale Linear SVMs"): where a whole
    step leaves the same rows within the margin, the minimum is reached. LIBLINEAR's own steps are many and slow where
    features hang together, as an encoder's do: on 30,000 texts minutes, where these take seconds.
    """

    coef_: NDArray[np.float64]  # [P, F], P = 1 for two classes
    intercept_: NDArray[np.float64]  # [P]

    def __init__(self, c: float) -> None:
        self.c = c

    def fit(self, features: NDArray[np.floating], gold: NDArray[np.int64]) -> NewtonSVM:
        """Fit on features [N, F] and the classes of their rows [N]."""
        classes = np.unique(gold)
        fits = np.stack([self._weights(features, gold == each) for each in classes[classes.size == 2 :]])
        self.coef_, self.intercept_ = fits[:, :-1], fits[:, -1]
        return self

    def _weights(self, features: NDArray[np.floating], positive: NDArray[np.bool_]) -> NDArray[np.float64]:
        goal = _Objective(features, np.where(positive, 1.0, -1.0), self.c)
        weights, scores = np.zeros(features.shape[1] + 1), np.zeros(len(features))
        within = np.ones(len(features), dtype=bool)
        for _ in range(MOST_STEPS):
            slope, curvature = goal.derivatives(weights, scores, within)
            step = solve(curvature, -slope, assume_a="pos")
            moved = goal.scores(step)
            now, length = goal.value(weights, scores), 1.0
            while goal.value(weights + length * step, scores + length * moved) > now and length > SHORTEST:
                length /= 2
            weights, scores = weights + length * step, scores + length * moved
            before, within = within, goal.signs * scores < 1
            if length == 1 and (np.array_equal(before, within) or np.abs(step).max() <= STILL * np.abs(weights).max()):
                break
        return weights


@dataclass(frozen=True)
class _Objective:
    """What is minimised for one class; weights [F + 1] end with the intercept, scores [N] are those they give."""

    features: NDArray[np.floating]  # [N, F]
    signs: NDArray[np.float64]  # [N], 1 or -1
    c: float

    def scores(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        starts = range(0, len(self.features), BLOCK)
        return np.concatenate([_with_ones(self.features[start : start + BLOCK]) @ weights for start in starts])

    def value(self, weights: NDArray[np.float64], scores: NDArray[np.float64]) -> float:
        missing = np.maximum(0, 1 - self.signs * scores)
        return float(weights @ weights / 2 + self.c * (missing @ missing))

    def derivatives(
        self, weights: NDArray[np.float64], scores: NDArray[np.float64], within: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the gradient [F + 1] and the Hessian [F + 1, F + 1], to which rows within the margin add."""
        slope, curvature = weights.copy(), np.eye(len(weights))
        rows = np.flatnonzero(within)
        for start in range(0, len(rows), BLOCK):
            some = rows[start : start + BLOCK]
            block = _with_ones(self.features[some])
            slope += 2 * self.c * (block.T @ (scores[some] - self.signs[some]))
            curvature += 2 * self.c * (block.T @ block)
        return slope, curvature


def _with_ones(features: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return rows [B, F + 1] with a last feature of 1, whose weight is the intercept."""
    return np.hstack([features, np.ones((len(features), 1))], dtype=np.float64)
