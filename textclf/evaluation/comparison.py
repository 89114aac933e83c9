"""Is one scorer better than another on the same rows? Paired bootstrap, and McNemar's test for accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import binomtest

from .intervals import interval
from .report import Report


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
    if bounds is not None:
        low_side = (np.sum(draws <= 0) + 1) / (len(draws) + 1)
        high_side = (np.sum(draws >= 0) + 1) / (len(draws) + 1)
        result |= {"low": bounds[0], "high": bounds[1], "p_value": float(min(1.0, 2 * min(low_side, high_side)))}
    result["method"] = f"paired bootstrap over {report.n} texts, {len(draws)} draws; McNemar exact"
    result["mcnemar_p_value"] = mcnemar(report, other)
    result["verdict"] = in_words(result)
    return result


def mcnemar(report: Report, other: Report) -> float:
    """Return the exact two-sided p-value of McNemar's test on who is right where."""
    right, other_right = (_right(r) for r in (report, other))
    only_first = int(np.sum(right & ~other_right))
    only_second = int(np.sum(other_right & ~right))
    if only_first + only_second == 0:
        return 1.0
    return float(binomtest(only_first, only_first + only_second, 0.5).pvalue)


def in_words(found: dict[str, Any]) -> str:
    """Say in one sentence whether the model beats the baseline, without dressing it up."""
    metric, name = found["metric"], found["name"]
    if found["difference"] <= 0:
        return f"The model does not beat the baseline {name} in {metric} on these texts."
    if found.get("low", 1.0) <= 0:
        return (
            f"The model's {metric} is higher than the baseline {name}'s, but the difference could be chance: "
            "its 95 % interval includes 0."
        )
    return f"The model beats the baseline {name} in {metric}."


def _right(report: Report) -> np.ndarray[Any, np.dtype[np.bool_]]:
    same = report.gold == report.predicted
    return same.all(axis=1) if report.labels.multi_label else same
