"""The charts of evaluation.html: the curves, the confusion matrix and the slices, as JSON that the page draws."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..comparison import ALPHA
from ..curves import TrainingCurves, precision_recall, roc, scores_before_calibration
from ..figures.drawing import shown_labels
from ..names import Words, metric_name, script_name
from ..report import Report
from .curve_charts import ranking_chart, reliability_chart, risk_chart, training_chart
from .interactive import Chart


def all_charts(evaluation: dict[str, Any], test: Report, training: TrainingCurves | None, say: Words) -> list[Chart]:
    """Return every curve that there is data for."""
    pr = (say["pr"], say["recall"], say["precision"])
    made = [
        ranking_chart("roc", test, roc, "AUC", (say["roc"], say["fpr"], say["tpr"]), say),
        ranking_chart("precision-recall", test, precision_recall, "AP", pr, say),
        reliability_chart(test, scores_before_calibration(test, evaluation), say),
        training_chart(training, evaluation, say),
        risk_chart(evaluation, say),
    ]
    return [each for each in made if each is not None]


def confusion_map(test: Report, validation: Report) -> dict[str, Any] | None:
    """Return counts gold by predicted of both splits, for the labels (by id) that test confuses most.

    `rows` are the gold labels' texts, so that shares are of the whole row; None with several labels.
    """
    if test.confusion is None or validation.confusion is None:
        return None
    shown = shown_labels(np.asarray(test.confusion))
    part = np.ix_(shown, shown)
    splits = {}
    for name, report in (("test", test), ("validation", validation)):
        counts = np.asarray(report.confusion)
        splits[name] = {"counts": counts[part].tolist(), "rows": counts.sum(axis=1)[shown].tolist()}
    return {"labels": shown.tolist(), "of": len(test.labels), "splits": splits}


def slice_tables(
    slices: Sequence[dict[str, Any]], overall: dict[str, dict[str, Any]], say: Words
) -> list[dict[str, Any]]:
    """Return a table a metric: each slice's figure, and where it and its interval lie between the table's ends."""
    tables = []
    for metric in dict.fromkeys(name for entry in slices for name in entry["metrics"]):
        kept = [entry for entry in slices if metric in entry["metrics"]]
        figures = [entry["metrics"][metric] for entry in kept]
        bounds = [f[end] for f in [*figures, overall[metric]] for end in ("low", "value", "high")]
        ends = [value for value in bounds if value is not None]
        low, high = np.floor(min(ends) * 10) / 10, np.ceil(max(ends) * 10) / 10

        def place(value: float, low: float = low, high: float = high) -> float:
            return round(float(100 * (value - low) / max(high - low, 1e-9)), 2)

        rows = [
            {
                "name": slice_name(entry["slice"], say),
                "of": say[entry["of"]],
                "n": entry["n"],
                "figure": figure,
                "at": place(figure["value"]),
                "from": place(figure["value"] if figure["low"] is None else figure["low"]),
                "to": place(figure["value"] if figure["high"] is None else figure["high"]),
                "differs": entry["p_value"] <= ALPHA,
            }
            for entry, figure in zip(kept, figures, strict=True)
        ]
        every = overall[metric]
        tables.append(
            {
                "metric": metric_name(metric, say),
                "all": every,
                "all_at": place(every["value"]),
                "rows": rows,
                "low": f"{low:.1f}",
                "high": f"{high:.1f}",
            }
        )
    return tables


def slice_name(name: str, say: Words) -> str:
    """Return what a slice is called on the page."""
    if name.endswith(" characters"):
        between = re.sub(r"\d{4,}", lambda found: f"{int(found[0]):,}", name.removesuffix("characters"))
        return between + say["characters"]
    named = {"no source": "no_source", "other sources": "other_sources", "no letters": "no_letters"}
    return say[named[name]] if name in named else script_name(name, say)
