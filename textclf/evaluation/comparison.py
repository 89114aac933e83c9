"""Is one scorer better than another on the same rows? Paired bootstrap, and McNemar's test for accuracy."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from scipy.stats import binomtest

from metrics.text_classification.text_classification import LOWER_IS_BETTER

from .intervals import interval
from .report import Report

FEWEST = 10  # texts; resamples of fewer are so alike that their interval promises what it cannot know


def compare(report: Report, other: Report, name: str, metric: str) -> dict[str, Any]:
    """Return the difference `report - other` in a metric, its 95 % interval and p-values, in plain words too.

    Both reports must come from one split and one seed, so that their draws resample the same rows. The p-value is
    two-sided from the paired bootstrap (Efron & Tibshirani 1993, ch. 15), with one added draw on either side so that
    it is never 0. McNemar's exact test (McNemar 1947) compares who is right on which text; with several labels, right
    means the whole set.
    """
    if not np.array_equal(report.gold, other.gold):
        raise ValueError("Two reports can be compared on the same rows only.")
    difference = report.metrics[metric]["value"] - other.metrics[metric]["value"]
    result: dict[str, Any] = {"name": name, "metric": metric, "difference": difference}
    draws = report.draws.get(metric, np.zeros(0)) - other.draws.get(metric, np.zeros(0))
    bounds = interval(draws) if len(draws) else None
    draws = draws[~np.isnan(draws)]  # a draw without one class, say, has no area under the curve
    if bounds is not None:
        low_side = (np.sum(draws <= 0) + 1) / (len(draws) + 1)
        high_side = (np.sum(draws >= 0) + 1) / (len(draws) + 1)
        result |= {"low": bounds[0], "high": bounds[1], "p_value": float(min(1.0, 2 * min(low_side, high_side)))}
    result["method"] = f"paired bootstrap over {report.n} texts, {len(draws)} draws; McNemar exact"
    result["mcnemar_p_value"] = mcnemar(report, other)
    result["verdict"] = in_words(result, report.n)
    return result


def outcome(found: dict[str, Any], n: int) -> Literal["wins", "unclear", "loses"]:
    """Say what a comparison on n texts came to: a lead whose interval may hold 0 is no win.

    Of some metrics less is better (LOWER_IS_BETTER); `difference`, `low` and `high` are always of `report - other`.
    """
    sign, nearest = (-1, "high") if found["metric"] in LOWER_IS_BETTER else (1, "low")  # the interval's end next to 0
    if sign * found["difference"] <= 0:
        return "loses"
    return "wins" if n >= FEWEST and nearest in found and sign * found[nearest] > 0 else "unclear"


def mcnemar(report: Report, other: Report) -> float:
    """Return the exact two-sided p-value of McNemar's test on who is right where."""
    right, other_right = (_right(r) for r in (report, other))
    only_first = int(np.sum(right & ~other_right))
    only_second = int(np.sum(other_right & ~right))
    if only_first + only_second == 0:
        return 1.0
    return float(binomtest(only_first, only_first + only_second, 0.5).pvalue)


def in_words(found: dict[str, Any], n: int) -> str:
    """Say in one sentence whether the model beats the baseline, without dressing it up."""
    metric, name, came_to = found["metric"], found["name"], outcome(found, n)
    if came_to == "loses":
        return f"The model does not beat the baseline {name} in {metric} on these texts."
    if came_to == "wins":
        return f"The model beats the baseline {name} in {metric}."
    if n < FEWEST:
        reason = f"{n} {'text is' if n == 1 else 'texts are'} too few to tell"
    else:
        reason = "its 95 % interval includes 0" if "low" in found else "it has no 95 % interval"
    return f"The model's {metric} is better than the baseline {name}'s, but the difference could be chance: {reason}."


def _right(report: Report) -> np.ndarray[Any, np.dtype[np.bool_]]:
    same = report.gold == report.predicted
    return same.all(axis=1) if report.labels.multi_label else same
