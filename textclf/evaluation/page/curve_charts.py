"""The interactive curves of evaluation.html: ROC, precision-recall, reliability, thresholds, training."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..curves import TrainingCurves, precision_recall, reliability, threshold_curve, truth_of
from ..figures.curve_figures import MOST_LINES, Ranking, ranked_curves, shown_metrics
from ..figures.style import shortened
from ..report import Report
from .interactive import INK, QUIET, SERIES, UNIT, Chart, chart, choice, line, rounded


def ranking_chart(name: str, report: Report, ranking: Ranking, area: str, axes: tuple[str, str]) -> Chart | None:
    """One curve a label; of many labels, the five smallest areas in colour and all pooled."""
    curves = sorted(ranked_curves(report, ranking), key=lambda pair: pair[1].area)
    many = len(curves) > MOST_LINES
    shape = "hv" if ranking is precision_recall else "linear"
    data = []
    for place, (label, curve) in enumerate(curves):
        coloured = not many or place < 5
        words = f"{area} {curve.area:.3f} {shortened(label)}"
        more = {"width": 2} if coloured else {"width": 0.8, "opacity": 0.6}
        colour = SERIES[place % len(SERIES)] if coloured else QUIET
        data.append(line(curve.x, curve.y, words, colour, showlegend=coloured, **more))
        data[-1]["line"]["shape"] = shape
    data.reverse()  # the coloured ones above the others
    pooled = ranking(truth_of(report).ravel(), report.scores.ravel()) if many else None
    if pooled is not None:
        data.append(line(pooled.x, pooled.y, f"{area} {pooled.area:.3f} all pooled", INK, dash="dash"))
    if name == "roc" and data:
        data.append(line([0, 1], [0, 1], "chance", QUIET, width=1, dash="dot", showlegend=False, hoverinfo="skip"))
    layout = {
        "height": 460,
        "hovermode": "closest",
        "xaxis": {**UNIT, "title": {"text": axes[0]}},
        "yaxis": {**UNIT, "title": {"text": axes[1]}},
    }
    return chart(name, [choice("", data, layout)])


def reliability_chart(report: Report, before: NDArray[np.floating[Any]] | None) -> Chart | None:
    """What share was right over confidence, after calibration and before; below, how many predictions are where."""
    after = reliability(report, report.scores)
    words = "after calibration" if before is not None else "scores"
    dots = {"mode": "lines+markers", "hovertemplate": "confidence %{x:.3f}<br>right %{y:.3f}"}
    data = [line([0, 1], [0, 1], "perfectly calibrated", QUIET, width=1, dash="dot", hoverinfo="skip")]
    if before is not None:
        old = reliability(report, before)
        name = f"before calibration, ECE {old.error:.3f}"
        data.append(line(old.confidence, old.right, name, SERIES[1], dash="dash", **dots))
    data.append(line(after.confidence, after.right, f"{words}, ECE {after.error:.3f}", SERIES[0], **dots))
    bars = {"type": "bar", "x": rounded(after.confidence), "y": after.size.tolist(), "width": 0.045, "yaxis": "y2"}
    data.append({**bars, "marker": {"color": SERIES[0]}, "opacity": 0.5, "name": "how many", "showlegend": False})
    wide = after.size.max() > 50 * after.size.min()
    what = "score of a label" if report.labels.multi_label else "score of the predicted label"
    right = "share whose label is gold" if report.labels.multi_label else "share that was right"
    layout = {
        "height": 480,
        "xaxis": {**UNIT, "title": {"text": what}, "anchor": "y2"},
        "yaxis": {**UNIT, "title": {"text": right}, "domain": [0.3, 1]},
        "yaxis2": {
            "domain": [0, 0.2],
            "title": {"text": "count"},
            "type": "log" if wide else "linear",
            "nticks": 4,
        },
    }
    return chart("reliability", [choice("", data, layout)])


def threshold_chart(validation: Report) -> Chart | None:
    """Precision, recall and F1 over each label's cut on validation, a label at a time; None with one label a text."""
    if not validation.labels.multi_label:
        return None
    truth = truth_of(validation)
    choices = []
    for k in np.argsort(-truth.sum(axis=0), kind="stable"):
        curve = threshold_curve(truth[:, k], validation.scores[:, k])
        if curve is None:
            continue
        columns = (("precision", curve.precision), ("recall", curve.recall), ("F1", curve.f1))
        data = [
            line(curve.cut, y, name, c)
            for (name, y), c in zip(columns, (SERIES[1], SERIES[2], SERIES[0]), strict=True)
        ]
        cut = 0.5 if validation.thresholds is None else float(validation.thresholds[k])
        data.append(line([cut, cut], [0, 1], f"chosen cut {cut:.3f}", INK, dash="dot", width=1.5))
        layout = {"height": 400, "xaxis": {**UNIT, "title": {"text": "cut"}}, "yaxis": UNIT, "hovermode": "x unified"}
        choices.append(choice(validation.labels.names[k], data, layout))
    return chart("thresholds", choices)


def training_chart(training: TrainingCurves | None, evaluation: dict[str, Any]) -> Chart | None:
    """Losses; validation metrics; learning rate: over epochs, with the epoch that was kept."""
    if training is None:
        return None
    chosen = evaluation.get("selection") or {}
    dots: dict[str, Any] = {"mode": "lines+markers"}
    losses = [line(x, y, "training", QUIET, width=1.3) for x, y in _some(training.train, "loss")]
    losses += [line(x, y, "validation", SERIES[0], **dots) for x, y in _some(training.validation, "loss")]
    metrics = [
        line(*training.validation[name], name=name, colour=colour, **dots)
        for name, colour in zip(shown_metrics(training, chosen.get("metric")), SERIES, strict=False)
    ]
    rates = [line(x, y, "learning rate", SERIES[2]) for x, y in _some(training.train, "learning_rate")]
    kept = {"type": "line", "x0": chosen.get("epoch"), "x1": chosen.get("epoch"), "y0": 0, "y1": 1, "yref": "paper"}
    shapes = [{**kept, "line": {"color": INK, "width": 1, "dash": "dot"}}] if chosen.get("epoch") else []
    layout = {"height": 380, "xaxis": {"title": {"text": "epoch"}, "rangemode": "tozero"}, "shapes": shapes}
    named = (("loss", losses), ("validation metrics", metrics), ("learning rate", rates))
    return chart("training", [choice(name, data, layout) for name, data in named])


def _some(curves: dict[str, tuple[list[float], list[float]]], name: str) -> list[tuple[list[float], list[float]]]:
    return [curves[name]] if name in curves else []
