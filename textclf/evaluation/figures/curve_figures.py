"""The curves among the PNG figures: ROC, precision-recall, reliability, thresholds, training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from numpy.typing import NDArray

from ..curves import (
    RankingCurve,
    Reliability,
    TrainingCurves,
    precision_recall,
    reliability,
    roc,
    threshold_curve,
    truth_of,
)
from ..names import Words, metric_name
from ..report import Report
from .style import BLUE, FAINT, GREEN, GREY, INK, ORANGE, PALETTE, canvas, own_colours, shortened, unit_axes

MOST_LINES = 8  # labels with a colour of their own; more are grey, but for the worst of them
FEW = 10  # texts of a bin of the reliability diagram; below it is faint
MOST_PANELS = 12  # labels with a panel of threshold curves
Ranking = Callable[[NDArray[np.int64], NDArray[np.floating[Any]]], RankingCurve | None]


def roc_curves(report: Report, say: Words) -> Figure | None:
    """Draw one ROC curve a label (binary: of the second label); None where no label has both classes."""
    figure, axes = _ranking_figure(report, roc, "AUC", say)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":", zorder=1)
    unit_axes(axes, say["fpr"], say["tpr"], _titled("roc", report.n, say))
    return figure if len(axes.lines) > 1 else None


def precision_recall_curves(report: Report, say: Words) -> Figure | None:
    """Draw one precision-recall curve a label (binary: of the second label); None where no label occurs."""
    figure, axes = _ranking_figure(report, precision_recall, "AP", say)
    for line in axes.lines:
        line.set_drawstyle("steps-post")  # between two cuts there is no other precision (Davis & Goadrich 2006)
    unit_axes(axes, say["recall"], say["precision"], _titled("pr", report.n, say))
    return figure if axes.lines else None


def ranked_curves(report: Report, ranking: Ranking) -> list[tuple[str, RankingCurve]]:
    """Return (label, curve) of every label for which the curve is defined; of two classes, the second only."""
    truth = truth_of(report)
    binary = not report.labels.multi_label and len(report.labels) == 2
    places = [1] if binary else range(len(report.labels))
    found = [(report.labels.names[k], ranking(truth[:, k], report.scores[:, k])) for k in places]
    return [(name, curve) for name, curve in found if curve is not None]


def _titled(title: str, n: int, say: Words) -> str:
    return say["n_title"].format(title=say[title], n=f"{n:,}")


def _ranking_figure(report: Report, ranking: Ranking, area: str, say: Words) -> tuple[Figure, Axes]:
    """Draw the labels' curves with a legend beside them; with many labels only the five smallest areas in colour."""
    curves, colours = ranked_curves(report, ranking), own_colours(report)
    figure, (axes,) = canvas(1, 1, 4.6)
    in_colour = sorted((pair for pair in curves if pair[0] in colours), key=lambda pair: pair[1].area)
    title = None
    if len(curves) > len(in_colour):
        title = say["figure_lowest"].format(n=len(in_colour), of=len(curves))
        for _, curve in curves:
            axes.plot(curve.x, curve.y, color="#c3c8cf", linewidth=0.7, zorder=2)
    handles = [
        axes.plot(curve.x, curve.y, color=PALETTE[colours[name]], linewidth=1.8, zorder=3)[0]
        for name, curve in in_colour
    ]
    if len(curves) > MOST_LINES:
        pooled = ranking(truth_of(report).ravel(), report.scores.ravel())
        if pooled is not None:
            handles += axes.plot(pooled.x, pooled.y, color=INK, linewidth=2.2, linestyle="--", zorder=4)
            in_colour = [*in_colour, (say["pooled"], pooled)]
    words = [f"{area} {curve.area:.3f}  {shortened(name)}" for name, curve in in_colour]
    if len(handles) > 2:
        axes.legend(handles, words, loc="center left", bbox_to_anchor=(1.01, 0.5), title=title, alignment="left")
    elif handles:
        axes.legend(handles, words, loc="lower center")
    axes.set_box_aspect(1)
    return figure, axes


def reliability_diagram(report: Report, before: NDArray[np.floating[Any]] | None, say: Words) -> Figure:
    """Draw the share that was right over confidence, after calibration and before, with how many texts are where.

    A bin's mark is as large as its texts are many; under `FEW` it is faint.
    """
    figure, (axes, counts) = canvas(2, 1, 5.6, height_ratios=(3.4, 1))
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":", label=say["perfect"])
    after = reliability(report, report.scores)
    if before is not None:
        earlier = reliability(report, before)
        _bins(axes, earlier, ORANGE, "--", f"{say['before']}, ECE {earlier.error:.3f}")
    told = say["after"] if before is not None else say["scores"]
    _bins(axes, after, BLUE, "-", f"{told}, ECE {after.error:.3f}")
    several = report.labels.multi_label
    unit_axes(axes, "", say["share_gold" if several else "share_right"], _titled("reliability", report.n, say))
    axes.tick_params(labelbottom=False)
    _show_counts(counts, after)
    what = say["score_of_label" if several else "score_of_predicted"]
    counts.set(xlim=(-0.01, 1.01), xlabel=what, ylabel=say["how_many"])
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=1)  # no corner is always free
    return figure


def _bins(axes: Axes, bins: Reliability, colour: str, style: str, words: str) -> None:
    axes.plot(bins.confidence, bins.right, style, color=colour, linewidth=1.4, label=words)
    opacity = np.where(bins.size < FEW, 0.25, 0.85)
    inks = [to_rgba(colour, alpha) for alpha in opacity]
    area = 18 + 160 * bins.size / bins.size.max()
    axes.scatter(bins.confidence, bins.right, s=area, color=inks, linewidths=0, zorder=3, clip_on=False)


def _show_counts(axes: Axes, bins: Reliability) -> None:
    """Draw how many predictions are in each bin, on a logarithmic axis where they differ much."""
    axes.bar(bins.confidence, bins.size, width=0.045, color=BLUE, alpha=0.45)
    if bins.size.max() > 50 * bins.size.min():
        axes.set_yscale("log")
        axes.set_ylim(bottom=0.7)
    else:
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def threshold_curves(validation: Report, say: Words) -> Figure | None:
    """Draw precision, recall and F1 over each label's cut on validation, and the chosen cut.

    None where a text has one label. Of many labels, those with most validation texts.
    """
    if not validation.labels.multi_label:
        return None
    truths = truth_of(validation)
    support = truths.sum(axis=0)
    shown = [k for k in np.argsort(-support, kind="stable")[:MOST_PANELS] if support[k]]
    if not shown:
        return None
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    figure, panels = canvas(rows, columns, 0.9 + 2.1 * rows)
    for axes, k in zip(panels, shown, strict=False):
        curve = threshold_curve(truths[:, k], validation.scores[:, k])
        assert curve is not None  # it has support
        for values, colour, name in (
            (curve.precision, ORANGE, say["precision"]),
            (curve.recall, GREEN, say["recall"]),
            (curve.f1, BLUE, "F1"),
        ):
            axes.plot(curve.cut, values, color=colour, linewidth=1.5, label=name)
        cut = 0.5 if validation.thresholds is None else float(validation.thresholds[k])
        axes.axvline(cut, color=INK, linewidth=1, linestyle=":", label=say["chosen_cut"])
        unit_axes(axes, "", "", "")
        name = shortened(validation.labels.names[k])
        axes.set_title(say["figure_cut"].format(name=name, cut=f"{cut:.2f}"), fontsize=9)
        axes.tick_params(labelsize=7.5)
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    most = "" if len(shown) == len(validation.labels) else say["bars_cut"].format(n=len(shown))
    title = say["cuts_title"].format(n=f"{validation.n:,}") + most
    figure.suptitle(title, fontsize=11, fontweight="bold", x=0.01, ha="left")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    return figure


def training_curves(curves: TrainingCurves | None, evaluation: dict[str, Any], say: Words) -> Figure | None:
    """Draw loss on training and validation, and the validation metrics, with the epoch that was kept."""
    if curves is None:
        return None
    figure, (losses, metrics) = canvas(1, 2, 4.0)
    if "loss" in curves.train:
        losses.plot(*curves.train["loss"], color=GREY, linewidth=1.2, label=say["train_loss"])
    if "loss" in curves.validation:
        losses.plot(*curves.validation["loss"], "o-", color=BLUE, markersize=4, label=say["split_validation"])
    chosen = evaluation.get("selection") or {}
    for name, colour in zip(shown_metrics(curves, chosen.get("metric")), PALETTE, strict=False):
        metrics.plot(
            *curves.validation[name], "o-", color=colour, markersize=4, linewidth=1.6, label=metric_name(name, say)
        )
    losses.set(title=say["loss"], xlabel=say["epoch"])
    metrics.set(title=say["metrics"], xlabel=say["epoch"])
    for axes in (losses, metrics):
        axes.set_xlim(left=0)
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        if chosen.get("epoch"):
            axes.axvline(chosen["epoch"], color=INK, linewidth=1, linestyle=":", label=say["kept"])
        if axes.lines:  # below: no corner is always free of lines
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
        axes.spines["left"].set_color(FAINT)
    return figure


def shown_metrics(curves: TrainingCurves, selected: str | None) -> list[str]:
    """Return up to four validation metrics to draw, the one that chose the checkpoint first."""
    usual = [selected, "accuracy", "f1_macro", "f1_micro", "subset_accuracy", "average_precision_micro", "mcc"]
    single = "accuracy" in curves.validation
    found = [m for m in dict.fromkeys(usual) if m and m in curves.validation and m != "loss"]
    return [m for m in found if not (single and m == "f1_micro")][:4]
