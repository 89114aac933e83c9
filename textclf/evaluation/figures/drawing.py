"""The PNG figures of a run, for the model card: label names and numbers, never a text of the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ...labels import LabelSpace
from ...run_folder import RunFolder
from ..curves import read_training, scores_before_calibration
from ..names import Words, reader_language
from ..report import Report
from ..wording import words_of
from .curve_figures import precision_recall_curves, reliability_diagram, roc_curves, threshold_curves, training_curves
from .style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    ORANGE,
    WIDTH,
    canvas,
    drawable,
    drawing,
    drawn_width,
    fonts_for,
    shortened,
)

MOST_CLASSES = 60  # in a confusion matrix or bar chart; more could not be read
COUNT_AND_SHARE = 10  # labels up to which a cell has room for both
BY_TEXTS = 20  # labels up to which they stay in their own order, which may mean something
MARGIN = 0.15  # inches around a figure
DARK = 0.81  # share from which white ink has more contrast than dark ink on its blue
_BLUES = LinearSegmentedColormap.from_list("page", ("#f2f5f8", "#bdd5eb", "#0b4f94"))  # of the page's matrix


def draw_figures(run: RunFolder, evaluation: dict[str, Any], test: Report, validation: Report) -> list[str]:
    """Draw every figure that the run has data for into `figures/`; return their names inside the run folder.

    `evaluation` is what evaluation.json holds; thresholds are drawn on validation, everything else on test. Words are
    Korean for Korean data, where a font can write them.
    """
    say = words_of(reader_language(run, evaluation))
    if fonts_for("".join(say.values()))[1]:
        say = words_of("en")
    before = scores_before_calibration(test, evaluation)
    test, validation = drawable((test, validation), say)
    drawn: dict[str, Callable[[], Figure | None]] = {
        "confusion_matrix": lambda: confusion_heat_map(test, say),
        "per_label": lambda: per_label_bars(test, say),
        "roc_curves": lambda: roc_curves(test, say),
        "precision_recall_curves": lambda: precision_recall_curves(test, say),
        "reliability": lambda: reliability_diagram(test, before, say),
        "threshold_curves": lambda: threshold_curves(validation, say),
        "training_curves": lambda: training_curves(read_training(run.path / "training_log.jsonl"), evaluation, say),
    }
    written = []
    with drawing([*test.labels.names, *say.values()]):
        for name, draw in drawn.items():
            figure = draw()
            if figure is not None:
                _write(run, f"figures/{name}.png", figure)
                written.append(f"figures/{name}.png")
    return written


def _write(run: RunFolder, name: str, figure: Figure) -> None:
    drawn_on = FigureCanvasAgg(figure)  # no window system, no global state
    # Settled and measured here: "tight" would draw once more to find the same box, with a layout of its own.
    if engine := figure.get_layout_engine():
        engine.execute(figure)
        figure.set_layout_engine("none")
    box = figure.get_tightbbox(drawn_on.get_renderer()).padded(MARGIN)
    run.write(name, lambda path: figure.savefig(path, format="png", bbox_inches=box))


def confusion_heat_map(report: Report, say: Words) -> Figure | None:
    """Draw gold by predicted: the colour is the share of the row, the number the count; None with several labels."""
    if report.confusion is None:
        return None
    counts, shares, names = shown_confusions(np.asarray(report.confusion), report.labels)
    size = len(names)
    width = WIDTH if size <= 20 else min(13.0, WIDTH + 0.16 * (size - 20))
    figure, (axes,) = canvas(1, 1, width - 1.0 if size > 6 else 2.2 + 0.75 * size, width=width)
    image = axes.imshow(shares, cmap=_BLUES, vmin=0, vmax=1, aspect="auto" if size <= 6 else "equal")
    _name_cells(axes, [shortened(name) for name in names])
    _number_cells(axes, counts, shares)
    words = say["n_title" if size == len(report.labels) else "shown_of"]
    title = words.format(title=say["confusion_matrix"], n=f"{report.n:,}", shown=size, of=len(report.labels))
    axes.set(xlabel=say["predicted"], ylabel=say["gold"], title=title)
    bar = figure.colorbar(image, ax=axes, shrink=0.6, pad=0.02, ticks=[0, 0.5, 1], aspect=25)
    bar.set_label(say["share_of_gold"])
    bar.outline.set_visible(False)
    return figure


def _name_cells(axes: Axes, names: list[str]) -> None:
    """Write the labels along both sides, slanted below where they would not fit side by side."""
    size = len(names)
    level = size * max(map(drawn_width, names)) <= 75
    slant: dict[str, Any] = {} if level else {"rotation": 55, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(range(size), names, **slant)
    axes.set_yticks(range(size), names)
    axes.tick_params(labelsize=9.5 if size <= 20 else 8, length=0)
    axes.grid(False)
    axes.spines[:].set_visible(False)


def _number_cells(axes: Axes, counts: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    """Write counts (and shares, where there is room) into the cells; empty cells stay empty."""
    size = len(counts)
    both = size <= COUNT_AND_SHARE
    font_size = 10.5 if size <= 4 else 9.0 if both else max(5.4, 9.5 - 0.12 * size)
    for row, column in np.ndindex(counts.shape):
        if not counts[row, column]:
            continue
        text = f"{counts[row, column]:,}" + (f"\n{shares[row, column]:.1%}" if both else "")
        colour = "white" if shares[row, column] > DARK else INK
        axes.text(column, row, text, ha="center", va="center", fontsize=font_size, color=colour)


class Confusions(NamedTuple):
    """The part of a confusion matrix that is shown: counts int64 [K, K], shares of the whole row [K, K], names [K]."""

    counts: NDArray[np.int64]
    shares: NDArray[np.float64]
    names: list[str]


def shown_labels(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the labels to show of a confusion matrix [L, L]: all, or the 60 with most mistakes.

    Up to 20 labels are in their own order, more by their gold texts, most first.
    """
    wrong = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diagonal(counts)
    shown = np.sort(np.argsort(-wrong, kind="stable")[:MOST_CLASSES])
    return shown if len(counts) <= BY_TEXTS else shown[np.argsort(-counts.sum(axis=1)[shown], kind="stable")]


def shown_confusions(counts: NDArray[np.int64], labels: LabelSpace) -> Confusions:
    """Return the part of a confusion matrix [L, L] that a person can read."""
    shown = shown_labels(counts)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    part = np.ix_(shown, shown)
    return Confusions(counts[part], shares[part], [labels.names[k] for k in shown])


def per_label_bars(report: Report, say: Words) -> Figure:
    """Draw each label's F1 with its interval, precision and recall as marks, most support first."""
    order = sorted(report.per_label, key=lambda name: -report.per_label[name]["support"])[:MOST_CLASSES]
    height = max(2.6, min(14.0, 0.34 * len(order) + 1.3))
    figure, (axes,) = canvas(1, 1, height)
    small = len(order) > 25
    rows = [report.per_label[name] for name in order]
    places = range(len(order))
    axes.barh(places, [_value(row["f1"]) for row in rows], height=0.72, color=BLUE, alpha=0.32, label="F1")
    known = [(place, row["f1"]) for place, row in enumerate(rows) if row["f1"] and row["f1"]["low"] is not None]
    lows, highs = [figure["low"] for _, figure in known], [figure["high"] for _, figure in known]
    axes.hlines([place for place, _ in known], lows, highs, color=BLUE, linewidth=1.6, zorder=3)
    for metric, marker, colour in (("precision", "o", ORANGE), ("recall", "d", GREEN)):
        values, size = [_value(row[metric]) for row in rows], 14 if small else 30
        axes.scatter(values, places, marker=marker, s=size, color=colour, zorder=4, label=say[metric])
    labels = [f"{shortened(name)}  ({report.per_label[name]['support']:,})" for name in order]
    axes.set_yticks(range(len(order)), labels, fontsize=7.5 if small else 9.5)
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.set_xlim(0, 1.01)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_color(FAINT)
    axes.tick_params(axis="y", length=0)
    cut = "" if len(order) == len(report.labels) else say["bars_cut"].format(n=len(order))
    axes.set_title(say["bars_title"].format(n=f"{report.n:,}") + cut)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def _value(figure: dict[str, float] | None) -> float:
    return figure["value"] if figure else 0.0
