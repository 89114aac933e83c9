"""Figures of folds: their mean, and how sure it is although the folds share most of their training rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student

LEVEL = 0.95


class FoldMean(NamedTuple):
    """A mean over folds, with what a t-test that knows of shared training rows says of it."""

    mean: float
    deviation: float  # standard deviation over the folds, K - 1 in the denominator
    low: float
    high: float
    p_value: float  # two-sided, of the mean being 0: for differences


def fold_mean(values: Sequence[float], test_share: float) -> FoldMean:
    """Return the mean of K folds' figures, its 95 % interval and its p-value against 0.

    The corrected resampled t-test (Nadeau & Bengio 2003, "Inference for the Generalization Error", Machine Learning
    52, section 5.1): the variance of the mean is (1/K + n_test / n_train) times that of the folds, as their training
    rows overlap; K - 1 degrees of freedom.

    Args:
        values: one a fold, K of 2 or more.
        test_share: n_test / n_train, as 1 / (K - 1) for K folds.
    """
    x = np.asarray(values, dtype=np.float64)
    k, mean, deviation = len(x), float(np.mean(x)), float(np.std(x, ddof=1))
    error = float(np.sqrt(1 / k + test_share) * deviation)
    reach = float(student.ppf((1 + LEVEL) / 2, k - 1)) * error
    p_value = float(2 * student.sf(abs(mean) / error, k - 1)) if error > 0 else float(mean == 0)
    return FoldMean(mean, deviation, mean - reach, mean + reach, p_value)
