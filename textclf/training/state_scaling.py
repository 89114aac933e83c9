"""How an encoder's states are scaled for a linear model: each direction, or by how texts of one label differ.

Whatever it is, it is linear, and folded into the head.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FLAT = 1e-3  # of the median deviation: directions that vary less are noise, and are not blown up further
# How much of the covariance within labels counts, beside one variance for all directions: the more texts, the more of
# it they show. On other draws than the benchmark's, a fifth of it is .013 and half .045 worse than none on the news at
# 8 texts a label (3 draws); of 224 Korean titles .05 is .007 better than none, .2 and .5 are .012 (4, on 8,000 texts).
WITHIN, MANY, WITHIN_MANY = 0.05, 200, 0.3


class Scaling(NamedTuple):
    """Scaled states are `(states - mean) @ by`, or `* by` where directions stay as they are."""

    mean: NDArray[np.float64]  # [d]
    by: NDArray[np.float64]  # [d], or [d, d]

    def __call__(self, states: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return scaled states [N, d]."""
        centred = states - self.mean
        return centred * self.by if self.by.ndim == 1 else centred @ self.by

    def folded(
        self, weights: NDArray[np.float64], biases: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the weights [L, d] and biases [L] that do with plain states what these do with scaled ones."""
        plain = weights * self.by if self.by.ndim == 1 else weights @ self.by.T
        return plain, biases - plain @ self.mean


def each_direction(states: NDArray[np.float32]) -> Scaling:
    """Scale each direction by its deviation over states [N, d]."""
    deviation = np.sqrt(states.var(axis=0, dtype=np.float64))
    least = FLAT * float(np.median(deviation))
    deviation = np.maximum(deviation, least) if least > 0 else np.where(deviation > 0, deviation, 1.0)
    return Scaling(states.mean(axis=0, dtype=np.float64), 1 / deviation)


def within_labels(states: NDArray[np.float32], gold: NDArray[np.int64]) -> Scaling:
    """Scale states [N, d] down where texts of one label differ among themselves, gold [N].

    This is within-class covariance normalization (Hatch et al. 2006, https://doi.org/10.21437/Interspeech.2006-183),
    shrunk towards one variance for all directions, since few texts show little of a covariance. Scaled states have a
    mean square of 1. Where no two texts of a label differ, it is `each_direction`.
    """
    mean = states.mean(axis=0, dtype=np.float64)
    centred = states - mean
    apart = centred.copy()
    for label in np.unique(gold):
        apart[gold == label] -= centred[gold == label].mean(axis=0)
    covariance = apart.T @ apart / len(apart)
    variance = float(np.trace(covariance)) / len(covariance)
    if not variance:
        return each_direction(states)
    share = WITHIN if len(states) < MANY else WITHIN_MANY
    sizes, directions = np.linalg.eigh(share * covariance + (1 - share) * variance * np.eye(len(covariance)))
    by = directions / np.sqrt(sizes)
    return Scaling(mean, by / np.sqrt(np.square(centred @ by).mean()))
