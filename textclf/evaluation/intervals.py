"""Bootstrap intervals: every figure of a split for many resamplings of its rows, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from metrics.text_classification.text_classification import Rows

from ..errors import UserError

CELLS_AT_ONCE = 2_000_000  # row weights held at a time (16 MB); more was not faster
LEVEL = 0.95
FEWEST_DRAWS = 20  # of fewer, less than one lies outside the interval
# Steps of a ranking in a draw; of more, neighbours count as tied (the figure itself stays exact). On made-up scores
# of 40,000 texts x 10 labels, areas of draws move by at most 1/20 of their standard deviation; 1,000 steps: 1/3.
MOST_STEPS = 10_000


def check_draws(draws: int) -> None:
    """Refuse what gives no interval.

    Raises:
        UserError: fewer draws than an interval of 95 % can be read from.
    """
    if draws < FEWEST_DRAWS:
        raise UserError(
            f"--bootstrap_draws is a whole number from {FEWEST_DRAWS}, which an interval of 95 % takes; found {draws}."
        )


def row_weights(n: int, draws: int, seed: int, widest: int = 1) -> Iterator[NDArray[np.float64]]:
    """Yield blocks [B, n] of how often each row is drawn in a resample of n rows with replacement.

    Equal `n`, `draws` and `seed` give equal weights, so that two scorers measured on one split are paired. `widest` is
    how many numbers a draw takes in what follows, where that is more than n; it only makes the blocks smaller.
    """
    rng = np.random.default_rng(seed)
    block = max(1, min(draws, CELLS_AT_ONCE // max(n, widest)))
    for start in range(0, draws, block):
        size = min(block, draws - start)
        yield np.stack([np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(size)]).astype(np.float64)


def resampled(rows: Rows, n: int, draws: int, seed: int) -> dict[str, NDArray[np.float64]]:
    """Return every figure in every draw, {name: float64 [draws]}, per-label ones as `f1:LABEL_ID` and the like."""
    blocks = [rows.figures(w) | _per_label(rows, w) for w in row_weights(n, draws, seed, rows.widest)]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]} if blocks else {}


def interval(values: NDArray[np.float64]) -> tuple[float, float] | None:
    """Return the percentile interval (Efron 1979) of a figure's draws; None where it is undefined in most of them."""
    defined = values[~np.isnan(values)]
    if 2 * len(defined) <= len(values):
        return None
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _per_label(rows: Rows, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    figures = rows.per_label(weights)
    return {
        f"{name}:{label}": figures[name][:, label]
        for name in ("precision", "recall", "f1")
        for label in range(rows.size)
    }
