"""Figures of parts of a split: short and long texts, scripts, sources. A mean can hide a part that fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from datasets import Dataset

from metrics.text_classification.text_classification import Rows

from ..inference.answers import Text
from ..inference.classifier import texts_of
from .intervals import interval
from .report import Report
from .text_profile import composed, script_of

# By multi_label. No macro average: a label that happens to be missing in a slice would count as a failure.
METRICS = {False: ("accuracy", "balanced_accuracy"), True: ("f1_micro", "subset_accuracy")}
FEWEST = 10  # texts of a slice; figures of fewer say nothing
BUCKETS = 4  # of length: quarters of the split, so that each has texts enough
MOST_SOURCES = 12  # the others are one slice


def slice_figures(report: Report, split: Dataset, *, draws: int = 1000, seed: int = 0) -> list[dict[str, Any]]:
    """Return metrics with intervals by length, by script and by the column `source` where the split has one.

    Each entry is `{"slice", "of", "n", "metrics": {name: {value, low, high}}}`. Slices of fewer than 10 texts are left
    out, and so is a way of slicing that leaves fewer than two.
    """
    texts = texts_of(split)
    ways = {"length": length_buckets(texts), "script": [script_of(text) for text in texts]}
    if "source" in split.column_names:
        ways["source"] = _common([value or "no source" for value in split["source"][:]])
    found = []
    for of, names in ways.items():
        order = sorted((name for name, n in Counter(names).items() if n >= FEWEST), key=_natural)
        if len(order) > 1:
            array = np.array(names, dtype=object)
            found += [_figures(report, np.flatnonzero(array == name), of, name, draws, seed) for name in order]
    return found


def _figures(report: Report, rows: Any, of: str, name: str, draws: int, seed: int) -> dict[str, Any]:
    """Measure the rows of one slice (an int array of indices).

    Rows whose decision came out alike are interchangeable in these metrics. Resampling rows is therefore drawing how
    many of each kind there are from a multinomial distribution, whatever the number of rows.
    """
    gold, predicted = report.gold[rows], report.predicted[rows]
    _, first, counts = np.unique(_kinds(gold, predicted), axis=0, return_index=True, return_counts=True)
    kinds = Rows(gold[first], predicted[first], None, len(report.labels))
    drawn = np.random.default_rng(seed).multinomial(len(rows), counts / len(rows), size=draws)
    values, resamples = kinds.figures(counts[None].astype(np.float64)), kinds.figures(drawn.astype(np.float64))
    metrics = {}
    for metric in METRICS[report.labels.multi_label]:
        metrics[metric] = {"value": float(values[metric][0])}
        bounds = interval(resamples[metric]) if draws else None
        if bounds is not None:
            metrics[metric] |= {"low": bounds[0], "high": bounds[1]}
    return {"slice": name, "of": of, "n": len(rows), "metrics": metrics}


def _kinds(gold: Any, predicted: Any) -> Any:
    """Return what METRICS need to know of each row, int [N, K]: both ids; several labels: right, given, gold ones."""
    if gold.ndim == 1:
        return np.stack([gold, predicted], axis=1)
    return np.stack([(gold * predicted).sum(axis=1), predicted.sum(axis=1), gold.sum(axis=1)], axis=1)


def length_buckets(texts: Sequence[Text]) -> list[str]:
    """Name each text's bucket of length in characters (of both texts of a pair, Hangul composed)."""
    lengths = np.array([len(composed(text)) for text in texts], dtype=np.int64)
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
