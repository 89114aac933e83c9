"""Figures of parts of a split: short and long texts, scripts, sources. A mean can hide a part that fails.

Who looks at many parts finds one that differs by chance: each part's test against the other texts is corrected for
how many were looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray
from scipy.stats import fisher_exact

from textclf.metrics.text_classification.text_classification import Rows

from ..inference.answers import Text
from ..inference.classifier import texts_of
from .intervals import all_bounds
from .report import Report
from .text_profile import script_of, whole_text

METRICS = {False: ("accuracy", "balanced_accuracy"), True: ("f1_micro", "subset_accuracy")}  # by multi_label
SHUFFLES = 9999  # of several labels: p-values from 0.0001
FEWEST = 10  # texts of a slice; figures of fewer say nothing
BUCKETS = 4  # of length: quarters of the split, so that each has texts enough
MOST_SOURCES = 12  # the others are one slice


def slice_figures(report: Report, split: Dataset, *, seed: int = 0) -> list[dict[str, Any]]:
    """Return metrics with intervals by length, by script and by the column `source` where the split has one.

    Each entry is `{"slice", "of", "n", "metrics": {name: {value, low, high}}, "p_value", "looked_at"}`. The p-value is
    of the first metric against the other texts, two-sided: Fisher's exact test, with several labels a permutation
    test; by Holm's method it holds for all slices looked at together. Slices of fewer than 10 texts are left out, and
    so is a way of slicing that leaves fewer than two.
    """
    found, p_values = [], []
    for of, names in ways_of_slicing(split).items():
        order = sorted((name for name, n in Counter(names).items() if n >= FEWEST), key=_natural)
        if len(order) > 1:
            array = np.array(names, dtype=object)
            for name in order:
                inside = array == name
                found.append({"slice": name, "of": of, "n": int(inside.sum()), "metrics": _figures(report, inside)})
                p_values.append(_differs(report, inside, seed))
    adjusted = holm(p_values)
    return [entry | {"p_value": p, "looked_at": len(found)} for entry, p in zip(found, adjusted, strict=True)]


def ways_of_slicing(split: Dataset) -> dict[str, list[str]]:
    """Return the slice of each text, by each way of slicing: length, script, and `source` where there is one."""
    texts = texts_of(split)
    ways = {"length": length_buckets(texts), "script": [script_of(text) for text in texts]}
    if "source" in split.column_names:
        ways["source"] = _common([value or "no source" for value in split["source"][:]])
    return ways


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values that hold together, in their order (Holm 1979, "A simple sequentially rejective procedure")."""
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(np.array(p_values)[order] * factors))
    return list(map(float, adjusted))


def _figures(report: Report, inside: NDArray[np.bool_]) -> dict[str, Any]:
    """Measure the rows of one slice (a mask [N])."""
    rows = Rows(report.gold[inside], report.predicted[inside], None, len(report.labels))
    values = rows.figures(np.ones((1, int(inside.sum()))))
    kept = {metric: float(values[metric][0]) for metric in METRICS[report.labels.multi_label]}
    return {metric: bounds.of(kept[metric]) for metric, bounds in all_bounds(rows, kept, {}).items()}


def _differs(report: Report, inside: NDArray[np.bool_], seed: int) -> float:
    """Return the p-value of a slice (a mask [N]) being no other than the other texts."""
    if not report.labels.multi_label:
        right = report.gold == report.predicted
        counts = [[int((right & part).sum()), int((~right & part).sum())] for part in (inside, ~inside)]
        return float(fisher_exact(counts).pvalue)
    of_rows = [report.gold * report.predicted, report.predicted, report.gold]
    kinds, kind_of = np.unique(np.stack([each.sum(axis=1) for each in of_rows]), axis=1, return_inverse=True)
    own = np.bincount(kind_of[inside], minlength=kinds.shape[1])  # texts of one kind are interchangeable in F1
    everything = np.bincount(kind_of, minlength=kinds.shape[1])
    drawn = np.random.default_rng(seed).multivariate_hypergeometric(
        everything, int(inside.sum()), SHUFFLES, "marginals"
    )

    def difference(part: Any) -> Any:  # Any: counts of kinds [..., K] -> [...]
        (hits, decided, gold), (h, d, g) = kinds @ part.T, kinds @ (everything - part).T
        return 2 * hits / np.maximum(decided + gold, 1) - 2 * h / np.maximum(d + g, 1)

    as_large = np.abs(difference(drawn)) >= abs(difference(own)) - 1e-12
    return float((as_large.sum() + 1) / (SHUFFLES + 1))


def length_buckets(texts: Sequence[Text]) -> list[str]:
    """Name each text's bucket of length in characters (of both texts of a pair, Hangul composed)."""
    lengths = np.array([len(whole_text(text)) for text in texts], dtype=np.int64)
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, BUCKETS + 1)[1:-1], method="lower"))
    places = np.searchsorted(edges, lengths, side="left")  # bucket k: above edge k - 1, up to edge k
    names = {k: _span(lengths[places == k]) for k in np.unique(places)}
    return [names[k] for k in places]


def _span(lengths: Any) -> str:
    low, high = int(lengths.min()), int(lengths.max())
    return f"{low} characters" if low == high else f"{low}–{high} characters"


def _common(names: list[str]) -> list[str]:
    """Keep the most common values and call the others one."""
    kept = {name for name, _ in Counter(names).most_common(MOST_SOURCES)}
    return [name if name in kept else "other sources" for name in names]


def _natural(name: str) -> tuple[int, str]:
    """Sort `5–9 characters` before `10–20 characters`, anything else by name."""
    digits = name.split("–")[0].split(" ")[0]
    return (int(digits), "") if name.endswith("characters") and digits.isdigit() else (0, name)
