"""Intervals of 95 %: for each kind of figure the one that keeps its level, none where nothing can be said.

Which is which was measured (benchmarks/interval_coverage.py). Resampled rows serve what is no share, and comparisons.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from textclf.metrics.text_classification.rankings import Ranking
from textclf.metrics.text_classification.shares import Shares
from textclf.metrics.text_classification.text_classification import Rows

from ..errors import UserError
from .score_intervals import LEVEL, reach

CELLS_AT_ONCE = 2_000_000  # row weights held at a time (16 MB); more was not faster
FEWEST_DRAWS = 200  # of fewer, the ends of an interval hang on four draws, and no p-value is below .01
# Steps of a ranking in a draw; of more, neighbours count as tied (the figure itself stays exact). On made-up scores
# of 40,000 texts x 10 labels, areas of draws move by at most 1/20 of their standard deviation; 1,000 steps: 1/3.
MOST_STEPS = 10_000
FEWEST_A_LABEL = 5  # texts that a label of a macro average has on average; of fewer, measured coverage falls to .87
FEWEST_RANKED = 20  # texts of a label whose average precision enters one of several labels; of 10: .82 to .91
FEWEST_WRONG = 10  # texts decided wrongly, from which resampling rows says something of a figure that hangs on them
METHODS = {
    "shares": "Wilson's score interval, with one or two hits or misses as Brown, Cai & DasGupta (2001) mend it",
    "averages": "profile score interval over labels, widened for mistakes that come together",
    "rankings": "Wilson's score interval on as many trials as the variance of the area is worth",
    "others": "bootstrap over texts (BCa)",
}

Floats = NDArray[np.float64]


class Bounds(NamedTuple):
    """The ends of an interval, or why there is none."""

    low: float | None
    high: float | None
    why: str | None = None

    def of(self, value: float) -> dict[str, Any]:
        """Return a figure as evaluation.json holds it: {value, low, high}, and `no_interval` where there is none."""
        figure: dict[str, Any] = {"value": float(value), "low": self.low, "high": self.high}
        return figure | ({"no_interval": self.why} if self.why else {})


def check_draws(draws: int) -> None:
    """Refuse what no interval or p-value can be read from.

    Raises:
        UserError: fewer draws than that takes.
    """
    if draws < FEWEST_DRAWS:
        raise UserError(
            f"--bootstrap_draws is a whole number from {FEWEST_DRAWS}, which an interval of 95 % takes; found {draws}."
        )


def row_weights(n: int, draws: int, seed: int, widest: int = 1) -> Iterator[Floats]:
    """Yield blocks [B, n] of how often each row is drawn in a resample of n rows with replacement.

    Equal `n`, `draws` and `seed` give equal weights, so that two scorers measured on one split are paired. `widest` is
    how many numbers a draw takes in what follows, where that is more than n; it only makes the blocks smaller.
    """
    rng = np.random.default_rng(seed)
    block = max(1, min(draws, CELLS_AT_ONCE // max(n, widest)))
    for start in range(0, draws, block):
        size = min(block, draws - start)
        yield np.stack([np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(size)]).astype(np.float64)


def resampled(rows: Rows, n: int, draws: int, seed: int) -> dict[str, Floats]:
    """Return every figure in every draw, {name: float64 [draws]}."""
    blocks = [rows.figures(w) for w in row_weights(n, draws, seed, rows.widest)]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]} if blocks else {}


def percentiles(values: Floats) -> tuple[float, float] | None:
    """Return the middle 95 % of a figure's draws (Efron 1979); None where it is undefined in most of them."""
    defined = values[~np.isnan(values)]
    if 2 * len(defined) <= len(values):
        return None
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def all_bounds(rows: Rows, values: Mapping[str, float], draws: Mapping[str, Floats]) -> dict[str, Bounds]:
    """Return the interval of every figure of rows, by the method that fits its kind.

    Args:
        rows: what was measured.
        values: {name: figure}.
        draws: {name: the figure in every resample [draws]}.
    """
    n, shares, support = len(rows.gold), rows.shares(), rows.per_label()["support"]
    wrong, texts_a_label = int(rows.wrong().sum()), support.sum() / max((support > 0).sum(), 1)
    found = {}
    for name, value in values.items():
        area = name.startswith(("roc_auc", "average_precision"))
        of_labels = name.endswith("macro") if area else name in shares and len(shares[name].shares) > 1
        if name == "ece":
            found[name] = Bounds(None, None, "every estimate of it lies above 0, the fewer texts the more")
        elif of_labels and texts_a_label < FEWEST_A_LABEL:
            why = f"on average a label has {texts_a_label:.1f} texts; a mean over labels takes {FEWEST_A_LABEL}"
            found[name] = Bounds(None, None, why)
        elif rows.multi_label and name.startswith("average_precision") and (few := _too_few_ranked(name, support)):
            found[name] = Bounds(None, None, few)
        elif name in shares:
            found[name] = _around(value, *reach(shares[name], n), shares[name].most)
        elif area:
            found[name] = _of_ranking(rows, name, value, draws.get(name))
        elif wrong < FEWEST_WRONG:
            why = f"it hangs on the texts that are decided wrongly: {wrong} of {n}; it takes {FEWEST_WRONG}"
            found[name] = Bounds(None, None, why)
        else:
            found[name] = _accelerated(value, draws.get(name), rows.row_values.get(name))
    return found


def _too_few_ranked(name: str, support: Floats) -> str | None:
    """Say why an average precision of several labels has no interval: of few texts the figure itself lies too high."""
    carried = support[support > 0]
    if name.endswith("macro") and carried.min() < FEWEST_RANKED:
        return f"its rarest label has {carried.min():.0f} texts; a mean of average precisions takes {FEWEST_RANKED}"
    if name.endswith("micro") and carried.mean() < FEWEST_RANKED:
        return f"on average a label has {carried.mean():.1f} texts; an average precision takes {FEWEST_RANKED}"
    return None


def _around(value: float, below: float, above: float, most: float = 1.0) -> Bounds:
    return Bounds(max(0.0, value - below * most), min(most, value + above * most))


def _of_ranking(rows: Rows, name: str, value: float, draws: Floats | None) -> Bounds:
    """Return the interval of an area, or of a mean of labels' areas."""
    area = name.startswith("roc_auc")
    taken = rows.rankings
    if rows.multi_label:
        taken = rows.rankings[-1:] if name.endswith("micro") else rows.rankings[:-1]
    ones = np.ones((len(rows.gold), 1))
    shares = np.array([ranking.areas(ones)[0 if area else 1][0] for ranking in taken])
    trials = np.array([_area_trials(r, s) if area else r.positives for r, s in zip(taken, shares, strict=True)])
    defined = ~np.isnan(shares)
    shares, trials = shares[defined], trials[defined].astype(np.float64)
    weights = np.full(len(shares), 1 / len(shares))
    alone = (weights**2 * shares * (1 - shares) / trials).sum()
    spread = 0.0 if draws is None else float(np.nan_to_num(np.nanvar(draws)))
    design = max(1.0, spread / alone) if alone > 0 else 1.0
    below, above = reach(Shares(shares, trials, weights, design), len(rows.gold))
    # Precision at a text counts the text itself: of few texts the average lies too high, of their resamples once more.
    if not area and draws is not None:
        below += max(0.0, float(np.nan_to_num(np.nanmean(draws) - value)))
    return _around(value, below, above)


def _area_trials(ranking: Ranking, area: float) -> float:
    """Return how many trials the variance of an area under the ROC curve is worth (Hanley & McNeil 1982).

    As Newcombe 2006 ("Confidence intervals for an effect size measure based on the Mann-Whitney statistic", method 5)
    has it, which keeps its level at areas of 1 too.
    """
    half = (ranking.positives + ranking.negatives) / 2 - 1
    return ranking.positives * ranking.negatives / (1 + half * ((1 - area) / (2 - area) + area / (1 + area)))


def _accelerated(value: float, draws: Floats | None, values: Floats | None) -> Bounds:
    """Return the BCa interval (Efron 1987) of draws around a figure; `values` [N]: those that it is the mean of."""
    defined = np.zeros(0) if draws is None else draws[~np.isnan(draws)]
    if len(defined) < FEWEST_DRAWS // 2:
        return Bounds(None, None, "too few resamples have it")
    if np.ptp(defined) < 1e-12:
        return Bounds(None, None, "it is the same in every resample")  # as the correlation of a constant decision
    below = np.clip(np.mean(defined < value), 1 / len(defined), 1 - 1 / len(defined))
    bias, acceleration = norm.ppf(below), 0.0
    if values is not None and (away := values - values.mean()).any():
        acceleration = float((away**3).sum() / (6 * (away**2).sum() ** 1.5))
    ends = bias + norm.ppf([(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    low, high = np.quantile(defined, norm.cdf(bias + ends / (1 - acceleration * ends)))
    return Bounds(float(low), float(high))
