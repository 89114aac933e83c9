"""Nested parts of training rows: of each draw, the smaller part is in the larger, and labels keep their shares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SHARES = (0.05, 0.1, 0.25, 0.5, 1.0)
DRAWS = 3


def nested_order(gold: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Return an order of rows, int64 [N], of which every beginning has each label's share of rows, as far as it goes.

    Args:
        gold: ids [N], or 0/1 [N, L]; of several labels a row counts as its rarest one, or as none.
        seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    kinds = gold if gold.ndim == 1 else _rarest(gold)
    place = np.empty(len(kinds))
    for kind in np.unique(kinds):
        rows = np.flatnonzero(kinds == kind)
        # One row in each of as many equal stretches as there are rows, at random within it.
        place[rng.permutation(rows)] = (np.arange(len(rows)) + rng.random(len(rows))) / len(rows)
    return np.argsort(place, kind="stable")


def _rarest(indicator: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each row's rarest label, int64 [N]; -1 for rows without any."""
    counts = indicator.sum(axis=0)
    cost = np.where(indicator == 1, counts, np.iinfo(np.int64).max)
    return np.where(indicator.any(axis=1), cost.argmin(axis=1), -1)
