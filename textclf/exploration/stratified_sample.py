"""Samples of rows in which every label keeps its share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def stratified_rows(carried: NDArray[np.int64], most: int, seed: int) -> NDArray[np.int64]:
    """Return at most `most` row numbers, ascending, with every label's share kept: int64 [n].

    A row belongs to the stratum of the rarest label it carries (0/1 `carried`: [N, L]), so that the long tail of
    several labels is in the sample too; every stratum keeps at least one row while there is room.
    """
    if len(carried) <= most:
        return np.arange(len(carried))
    order = np.random.default_rng(seed).permutation(len(carried))
    strata = rarest_label(carried)[order]
    members = [order[strata == stratum] for stratum in np.unique(strata)]
    quotas = _quotas(np.array([len(rows) for rows in members]), most)
    return np.sort(np.concatenate([rows[:quota] for rows, quota in zip(members, quotas, strict=True)]))


def rarest_label(carried: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each row the least frequent label it carries, -1 where it carries none: int64 [N]."""
    frequencies = carried.sum(axis=0)
    cost = np.where(carried == 1, frequencies, len(carried) + 1)
    return np.where(carried.any(axis=1), cost.argmin(axis=1), -1)


def _quotas(sizes: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Share `most` places (fewer than there are rows) out by size: at least one each where possible."""
    exact = sizes * most / sizes.sum()
    quotas = np.maximum(np.floor(exact), 1).astype(np.int64)
    while quotas.sum() < most:
        quotas[np.where(quotas < sizes, exact - quotas, -np.inf).argmax()] += 1
    while quotas.sum() > most:  # what small strata have beyond their share is taken from those with several places
        several = quotas > 1
        quotas[np.where(several | ~several.any(), quotas - exact, -np.inf).argmax()] -= 1
    return quotas
