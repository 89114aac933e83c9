"""Is one scorer better than another on the same rows? Approximate randomisation, and McNemar's test for accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from textclf.metrics.text_classification.text_classification import LOWER_IS_BETTER, Rows

from .intervals import CELLS_AT_ONCE, MOST_STEPS, percentiles
from .names import baseline_name, metric_name
from .report import Report

ALPHA = 0.05
SWAPS = 1000  # where the reports have no draws
FEWEST_DIFFERENT = 10  # texts decided differently, below which resampled differences are too much alike to be bounds
METHOD = "approximate randomisation (Yeh 2000) over {n} texts, {swaps} swaps; McNemar exact"


def compare(report: Report, other: Report, name: str, metric: str, *, seed: int = 0) -> dict[str, Any]:
    """Return the difference `report - other` in a metric, its 95 % interval and p-values, in plain words too.

    Both reports must come from one split and one seed, so that their draws resample the same rows. The p-value is
    two-sided: in how many swaps, each text's two answers exchanged or not, the difference is as large (Yeh 2000, "More
    accurate tests for the statistical significance of result differences"). It cannot be below 1 / (swaps + 1);
    `p_at_most` says that it is there. McNemar's exact test (McNemar 1947) compares who is right on which text; with
    several labels, right means the whole set.
    """
    if not np.array_equal(report.gold, other.gold):
        raise ValueError("Two reports can be compared on the same rows only.")
    difference = report.metrics[metric]["value"] - other.metrics[metric]["value"]
    result: dict[str, Any] = {"name": name, "metric": metric, "difference": difference}
    bounds = _bounds(report, other, metric)
    result |= {"low": None, "high": None} if bounds is None else {"low": bounds[0], "high": bounds[1]}
    swapped = _swapped(report, other, metric, len(report.draws.get(metric, ())) or SWAPS, seed)
    as_large = int(np.sum(np.abs(swapped) >= abs(difference) - 1e-12))
    result |= {"p_value": (as_large + 1) / (len(swapped) + 1), "p_at_most": as_large == 0}
    result["method"] = METHOD.format(n=report.n, swaps=len(swapped))
    result["mcnemar_p_value"] = mcnemar(report, other)
    result["verdict"] = in_words(result)
    return result


def against_best(report: Report, others: Mapping[str, Report], best: str, metric: str) -> dict[str, Any]:
    """Compare with the baseline that was best on validation, and name the one that is better than it on test.

    The baseline is chosen where everything is chosen, so that the test stays fair; but nobody shall read "best" beside
    a better one.
    """
    found = {**compare(report, others[best], best, metric), "best_on": "validation", "better_on_test": None}
    figures = {name: other.metrics[metric]["value"] for name, other in others.items() if metric in other.metrics}
    top = (min if metric in LOWER_IS_BETTER else max)(figures, key=lambda name: figures[name])
    if figures[top] != figures[best]:
        found["better_on_test"] = {"name": top, "value": figures[top], "best_value": figures[best]}
        found["verdict"] += (
            f" {baseline_name(best)} was the best baseline on validation; on test {baseline_name(top)} is better "
            f"({figures[top]:.4f} against {figures[best]:.4f}; the model: {report.metrics[metric]['value']:.4f})."
        )
    return found


def outcome(found: Mapping[str, Any]) -> Literal["wins", "unclear", "loses"]:
    """Say what a comparison came to: neither a lead nor a loss is one that chance may have made.

    Of some metrics less is better (LOWER_IS_BETTER); `difference`, `low` and `high` are always of `report - other`.
    """
    if found["p_value"] > ALPHA or found["low"] is None or found["low"] <= 0 <= found["high"]:
        return "unclear"
    return "wins" if (found["difference"] > 0) != (found["metric"] in LOWER_IS_BETTER) else "loses"


def mcnemar(report: Report, other: Report) -> float:
    """Return the exact two-sided p-value of McNemar's test on who is right where."""
    right, other_right = (_right(r) for r in (report, other))
    only_first = int(np.sum(right & ~other_right))
    only_second = int(np.sum(other_right & ~right))
    if only_first == only_second:  # both 0, too
        return 1.0
    return float(binomtest(only_first, only_first + only_second, 0.5).pvalue)


def in_words(found: Mapping[str, Any]) -> str:
    """Say in one sentence whether the model beats the baseline, without dressing it up."""
    metric, name, came_to = metric_name(found["metric"]), baseline_name(found["name"]), outcome(found)
    if came_to == "wins":
        return f"The model beats the baseline {name} in {metric}."
    if came_to == "loses":
        return f"The baseline {name} beats the model in {metric} on these texts."
    return (
        f"No difference in {metric} is shown between the model and the baseline {name}: "
        f"{found['difference']:+.4f}, which could be chance."
    )


def _bounds(report: Report, other: Report, metric: str) -> tuple[float, float] | None:
    """Return the interval of the difference, from the two figures' own intervals and how they move together.

    That is Newcombe's method 10 for paired shares (Newcombe 1998, "Improved confidence intervals for the difference
    between binomial proportions based on paired data") as Zou & Donner 2008 extend it; where a figure has no interval
    of its own, the middle of the paired draws, if enough texts are decided differently.
    """
    figures = (report.metrics[metric], other.metrics[metric])
    draws = [r.draws.get(metric, np.zeros(0)) for r in (report, other)]
    if any(figure["low"] is None for figure in figures):
        different = (report.predicted != other.predicted).reshape(report.n, -1).any(axis=1).sum()
        return percentiles(draws[0] - draws[1]) if len(draws[0]) and different >= FEWEST_DIFFERENT else None
    together = _correlation(*draws)
    (below, above), (other_below, other_above) = (
        (figure["value"] - figure["low"], figure["high"] - figure["value"]) for figure in figures
    )
    difference = figures[0]["value"] - figures[1]["value"]
    low, high = (
        np.sqrt(max(0.0, one**2 + two**2 - 2 * together * one * two))
        for one, two in ((below, other_above), (above, other_below))
    )
    return float(difference - low), float(difference + high)


def _correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the correlation of paired draws; 0 where either does not move, which makes an interval no narrower."""
    defined = ~(np.isnan(first) | np.isnan(second))
    if defined.sum() < 2 or np.ptp(first[defined]) == 0 or np.ptp(second[defined]) == 0:
        return 0.0
    return float(np.corrcoef(first[defined], second[defined])[0, 1])


def _swapped(report: Report, other: Report, metric: str, swaps: int, seed: int) -> NDArray[np.float64]:
    """Return the difference in a metric after each text's answers were exchanged at random, float64 [swaps].

    Both scorers' rows stand below each other: what a scorer has after a swap is a choice of n of the 2 n rows.
    """
    decided = Rows(report.gold[:1], report.predicted[:1], None, len(report.labels)).figures(np.ones((1, 1)))
    scores = None if metric in decided else np.concatenate([report.scores, other.scores])
    gold, predicted = np.concatenate([report.gold] * 2), np.concatenate([report.predicted, other.predicted])
    rows = Rows(gold, predicted, scores, len(report.labels), MOST_STEPS)
    rng, found = np.random.default_rng(seed), []
    block = max(1, min(swaps, CELLS_AT_ONCE // max(rows.widest, 1)))
    for start in range(0, swaps, block):
        kept = rng.random((min(block, swaps - start), report.n)) < 0.5
        first = np.concatenate([kept, ~kept], axis=1).astype(np.float64)
        found.append(rows.figures(first)[metric] - rows.figures(1 - first)[metric])
    return np.nan_to_num(np.concatenate(found))


def _right(report: Report) -> NDArray[np.bool_]:
    same = report.gold == report.predicted
    return same.all(axis=1) if report.labels.multi_label else same
