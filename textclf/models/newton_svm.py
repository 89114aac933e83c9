"""Linear SVMs on dense features by Newton's method: the minimum itself, whatever the features' scales."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve

BLOCK = 8192  # rows taken to float64 at a time
MOST_STEPS = 100  # some ten are usual
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
        signs = np.where(positive, 1.0, -1.0)
        weights, scores = np.zeros(features.shape[1] + 1), np.zeros(len(features))
        within = np.ones(len(features), dtype=bool)
        for _ in range(MOST_STEPS):
            slope, curvature = _derivatives(features, signs, scores, within, weights, self.c)
            step = solve(curvature, -slope, assume_a="pos")
            moved = _scores(features, step)
            length = _step_length(weights, step, signs, scores, moved, self.c)
            weights, scores = weights + length * step, scores + length * moved
            before, within = within, signs * scores < 1
            if length == 1 and (np.array_equal(before, within) or np.abs(step).max() <= STILL * np.abs(weights).max()):
                break
        return weights


def _derivatives(
    features: NDArray[np.floating],
    signs: NDArray[np.float64],
    scores: NDArray[np.float64],
    within: NDArray[np.bool_],
    weights: NDArray[np.float64],
    c: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the objective's gradient [F + 1] and Hessian [F + 1, F + 1], to which rows within the margin add."""
    slope, curvature = weights.copy(), np.eye(len(weights))
    rows = np.flatnonzero(within)
    for start in range(0, len(rows), BLOCK):
        some = rows[start : start + BLOCK]
        block = _with_ones(features[some])
        slope += 2 * c * (block.T @ (scores[some] - signs[some]))
        curvature += 2 * c * (block.T @ block)
    return slope, curvature


def _scores(features: NDArray[np.floating], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    starts = range(0, len(features), BLOCK)
    return np.concatenate([_with_ones(features[start : start + BLOCK]) @ weights for start in starts])


def _with_ones(features: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return rows [B, F + 1] with a last feature of 1, whose weight is the intercept."""
    return np.hstack([features, np.ones((len(features), 1))], dtype=np.float64)


def _step_length(
    weights: NDArray[np.float64],
    step: NDArray[np.float64],
    signs: NDArray[np.float64],
    scores: NDArray[np.float64],
    moved: NDArray[np.float64],
    c: float,
) -> float:
    """Return 1, or the first half, quarter, ... of the step that lowers the objective."""

    def objective(length: float) -> float:
        beside = np.maximum(0, 1 - signs * (scores + length * moved))
        ahead = weights + length * step
        return float(ahead @ ahead / 2 + c * (beside @ beside))

    now, length = objective(0), 1.0
    while objective(length) > now and length > 1e-6:
        length /= 2
    return length
