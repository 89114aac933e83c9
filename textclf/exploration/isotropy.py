"""Isotropy of embeddings: whether they use all directions of their space, or crowd into a narrow cone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PAIRS = 20_000


class Isotropy(NamedTuple):
    """Measures of a cloud of N embeddings in D dimensions."""

    mean_cosine: float
    """Mean cosine of random pairs, in [-1, 1]: near 0 if directions are spread, near 1 in a narrow cone."""
    iso_score: float | None
    """In [0, 1]: the share of dimensions that the variance is spread over evenly; None below D + 1 texts."""
    dimensions: int
    """D"""
    dimensions_90: int
    """Principal components that hold 90 % of the variance."""


def measure_isotropy(embeddings: NDArray[np.float32], seed: int) -> Isotropy:
    """Measure embeddings of unit length, float32 [N, D], N >= 2.

    The mean cosine similarity of random pairs is the measure of Ethayarajh (2019, arXiv:1909.00512, section 3.3).
    """
    variances = np.clip(np.linalg.eigvalsh(np.cov(embeddings.astype(np.float64), rowvar=False)), 0, None)[::-1]
    total = max(float(variances.sum()), 1e-12)
    enough = len(embeddings) > embeddings.shape[1]
    return Isotropy(
        mean_cosine=_mean_cosine(embeddings, seed),
        iso_score=iso_score(variances) if enough else None,
        dimensions=embeddings.shape[1],
        dimensions_90=int(np.searchsorted(np.cumsum(variances) / total, 0.9 - 1e-9) + 1),
    )


def _mean_cosine(embeddings: NDArray[np.float32], seed: int) -> float:
    draws = np.random.default_rng(seed)
    one = draws.integers(len(embeddings), size=PAIRS)
    other = (one + draws.integers(1, len(embeddings), size=PAIRS)) % len(embeddings)  # never itself
    return float(np.einsum("nd,nd->n", embeddings[one], embeddings[other]).mean())


def iso_score(variances: NDArray[np.float64]) -> float:
    """Return IsoScore in [0, 1] from the variances along the principal components, float64 [D].

    Rudman, Gillman, Rayne and Eickhoff (2022, arXiv:2108.07344), algorithm 1: 0 where all variance lies along one
    direction, 1 where it is equal along all.
    """
    n = len(variances)
    length = float(np.linalg.norm(variances))
    if n < 2 or length == 0:
        return 0.0
    spread = variances * np.sqrt(n) / length
    defect = float(np.linalg.norm(spread - 1) / np.sqrt(2 * (n - np.sqrt(n))))
    used = (n - defect**2 * (n - np.sqrt(n))) ** 2 / n**2
    return float(np.clip((n * used - 1) / (n - 1), 0, 1))
