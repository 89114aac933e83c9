"""The interactive charts of evaluation.html."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..curves import TrainingCurves, precision_recall, roc, scores_before_calibration
from ..figures.drawing import shown_confusions
from ..figures.style import drawn_width, shortened
from ..report import Report
from .curve_charts import ranking_chart, reliability_chart, threshold_chart, training_chart
from .interactive import INK, SERIES, Chart, chart, choice, rounded

FIGURES_IN_CELLS = 25  # labels up to which a share fits into a cell of the confusion matrix


def all_charts(
    evaluation: dict[str, Any], test: Report, validation: Report, training: TrainingCurves | None
) -> list[Chart]:
    """Return every chart that there is data for."""
    made = [
        confusion_chart(test),
        ranking_chart("roc", test, roc, "AUC", ("false positive rate", "true positive rate")),
        ranking_chart("precision-recall", test, precision_recall, "AP", ("recall", "precision")),
        reliability_chart(test, scores_before_calibration(test, evaluation)),
        threshold_chart(validation),
        training_chart(training, evaluation),
        slice_chart(evaluation["slices"], test.metrics),
    ]
    return [each for each in made if each is not None]


def confusion_chart(report: Report) -> Chart | None:
    """Gold by predicted, as shares of the row or as counts; None with several labels."""
    if report.confusion is None:
        return None
    counts, shares, names = shown_confusions(np.asarray(report.confusion), report.labels)
    size = len(names)
    map_of = _heat_map(names, counts, shares)
    as_share = map_of | {"texttemplate": "%{z:.0%}" if size <= FIGURES_IN_CELLS else ""}
    as_count = map_of | {"text": [[int(v) or "" for v in row] for row in counts], "texttemplate": "%{text}"}
    places = list(range(size))  # labels stand on the axes as text, so that equal or numeric names stay apart
    drawn = [shortened(name, 28 if size <= 10 else 18) for name in names]  # hovering shows the whole name
    ticks = {
        "tickmode": "array",
        "tickvals": places,
        "ticktext": drawn,
        "showgrid": False,
        "zeroline": False,
    }
    widest = max(map(drawn_width, drawn))
    layout = {
        "height": 130 + 4 * widest + size * (60 if size <= 10 else 24),  # below, names stand aslant
        "xaxis": {**ticks, "title": {"text": "predicted"}, "autotickangles": [0, 60, 90]},  # 30 asks for room aside
        "yaxis": {**ticks, "title": {"text": "gold"}, "autorange": "reversed"},
    }
    choices = [choice("share of the gold label", [as_share], layout), choice("count", [as_count], layout)]
    # In pixels: what the names leave must do for the cells, on a phone too.
    return chart("confusion", choices, 70 + 7 * widest + size * (38 if size <= 10 else 18))


def _heat_map(names: list[str], counts: NDArray[np.int64], shares: NDArray[np.float64]) -> Chart:
    """Return the cells [K, K] coloured by share; hovering names both labels and the count."""
    words = "gold <b>%{customdata[0]}</b><br>predicted <b>%{customdata[1]}</b><br>"
    return {
        "type": "heatmap",
        "z": [rounded(row) for row in shares],
        "zmin": 0,
        "zmax": 1,
        "customdata": [[[g, p, int(counts[i, j])] for j, p in enumerate(names)] for i, g in enumerate(names)],
        "colorscale": [[0, "var(--low)"], [0.15, "var(--mid)"], [1, "var(--high)"]],  # few mistakes show, too
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hovertemplate": words + "%{customdata[2]} texts, %{z:.1%} of the gold label's<extra></extra>",
    }


def slice_chart(slices: Sequence[dict[str, Any]], overall: dict[str, dict[str, Any]]) -> Chart | None:
    """Each slice's metric with its interval beside that of all texts, one metric at a time."""
    metrics = dict.fromkeys(name for entry in slices for name in entry["metrics"])
    ways = dict.fromkeys(entry["of"] for entry in slices)
    layout = {
        "height": 110 + 36 * len(slices),
        "yaxis": {"autorange": "reversed", "showgrid": False},
        "legend": {"orientation": "h"},
        "hovermode": "closest",
    }
    choices = []
    for metric in metrics:
        data = []
        for of, colour in zip(ways, SERIES, strict=False):
            rows = [entry for entry in slices if entry["of"] == of and metric in entry["metrics"]]
            data.append(_dots(of, rows, metric, colour))
        every = overall[metric]["value"]
        line = {"type": "line", "x0": every, "x1": every, "y0": 0, "y1": 1, "yref": "paper"}
        shapes = [{**line, "line": {"color": INK, "width": 1.5, "dash": "dot"}}]
        choices.append(choice(metric, data, layout | {"shapes": shapes}))
    return chart("slices", choices)


def _dots(of: str, rows: Sequence[dict[str, Any]], metric: str, colour: str) -> Chart:
    """Return one way of slicing: a dot a slice, whiskers for the interval; where there is none, an empty dot."""
    figures = [entry["metrics"][metric] for entry in rows]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": of,
        "x": rounded(f["value"] for f in figures),
        "y": [f"{entry['slice']} ({entry['n']:,})" for entry in rows],
        "text": [_interval(f) for f in figures],
        "marker": {
            "color": colour,
            "size": 10,
            "symbol": ["circle-open" if f["low"] is None else "circle" for f in figures],
            "line": {"color": colour, "width": 2},
        },
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [_reach(f, "high") for f in figures],
            "arrayminus": [_reach(f, "low") for f in figures],
            "color": colour,
            "thickness": 1.5,
            "width": 0,  # Plotly takes None for a length of 0, whose cap would stand in the dot
        },
        "hovertemplate": "%{y}<br>" + metric + " %{x:.4f}%{text}<extra></extra>",
    }


def _interval(figure: dict[str, Any]) -> str:
    """Return what hovering adds to a figure: its interval, or why it has none."""
    if figure["low"] is None:
        return f"<br>no interval: {figure['no_interval']}" if figure.get("no_interval") else ""
    return f" [{figure['low']:.4f}, {figure['high']:.4f}]"


def _reach(figure: dict[str, Any], end: str) -> float | None:
    """Return how far a figure's interval reaches to one side; None, which draws no whisker, where there is none."""
    return None if figure[end] is None else rounded([abs(figure[end] - figure["value"])])[0]
