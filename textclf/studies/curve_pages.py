"""A learning curve told: tables, sentences, the figure; what the runs have found and how it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..evaluation.figures.style import BLUE, FAINT, ORANGE, canvas, drawing
from ..evaluation.names import metric_name
from ..run_folder import RunFolder
from .power_law import Forecast
from .subsets import SHARES
from .tables import WordTable, as_png, image, markdown_table, page, show_tables

FEWEST_ROWS = 20  # of a part: fewer teach nothing that a curve could show
MOST_LABELS = 10  # that the table lists
NAMED = 3  # labels that a sentence names
WHOLE = "all"  # the run on all rows, as the recipe is: what is published


@dataclass(frozen=True)
class Curve:
    """What the runs have found: scores of test over training rows, and how they go on."""

    metric: str
    rows: list[int]  # [P], of each run
    scores: list[float]  # [P]
    forecasts: list[Forecast]  # for TIMES; empty where there are too few sizes
    labels: dict[str, tuple[int, float, list[Forecast]]]  # label -> training rows, F1 with all rows, forecasts


def in_words(found: Curve) -> list[str]:
    """Say what more labels should give, for page and card."""
    name, n = metric_name(found.metric), max(found.rows)
    now = float(np.mean([score for score, rows in zip(found.scores, found.rows, strict=True) if rows == n]))
    if not found.forecasts:
        least = round(FEWEST_ROWS / SHARES[1])
        return [f"{n:,} training rows are too few for a learning curve that says how it goes on: it takes {least:,}."]
    told = [f"{each.value:.3f} [{each.low:.3f}, {each.high:.3f}] with {each.rows:,}" for each in found.forecasts]
    lines = [
        f"{name} on test is {now:.3f} with {n:,} training rows; by the learning curve it should be "
        f"{' and '.join(told)} (twice and four times the rows, 95 % intervals). Beyond that the curve says nothing."
    ]
    shown = {label: (f1, follows[0]) for label, (_, f1, follows) in found.labels.items() if follows}
    gains = sorted(((twice.value - f1, label) for label, (f1, twice) in shown.items() if twice.low > f1), reverse=True)
    most = ", ".join(f"{label} ({gain:+.3f})" for gain, label in gains[:NAMED])
    if most:
        lines.append(f"Twice the rows should raise the F1 of these labels most: {most}.")
    else:
        lines.append("For no label alone does the curve show that twice the rows raise its F1.")
    return lines


def record(found: Curve) -> dict[str, Any]:
    """Return what evaluation.json and study.json hold of a curve: names and numbers, no text."""
    return {
        "metric": found.metric,
        "points": [{"rows": n, "value": value} for n, value in zip(found.rows, found.scores, strict=True)],
        "forecasts": [each._asdict() for each in found.forecasts],
        "per_label": {
            name: {"training_rows": count, "f1": now, "forecasts": [each._asdict() for each in follows]}
            for name, (count, now, follows) in found.labels.items()
        },
    }


def tables(found: Curve) -> list[WordTable]:
    """Return the curve and the labels, the worst and those with most to win, in words."""
    rows = []
    for n in sorted(set(found.rows)):
        values = [score for score, size in zip(found.scores, found.rows, strict=True) if size == n]
        rows.append([f"{n:,}", f"{np.mean(values):.4f}", f"{min(values):.4f} to {max(values):.4f}"])
    rows += [
        [f"{each.rows:,} (forecast)", f"{each.value:.4f}", f"[{each.low:.4f}, {each.high:.4f}]"]
        for each in found.forecasts
    ]
    shown = [
        WordTable(f"{metric_name(found.metric)} on test", ["training rows", "mean", "draws, or 95 % interval"], rows)
    ]
    if found.forecasts:
        worst = sorted(found.labels.items(), key=lambda item: item[1][1])[:MOST_LABELS]
        rows = [
            [
                name,
                f"{count:,}",
                f"{now:.3f}",
                *(f"{each.value:.3f} [{each.low:.3f}, {each.high:.3f}]" for each in follows),
            ]
            for name, (count, now, follows) in worst
        ]
        shown.append(
            WordTable(
                "F1 of the labels that are worst", ["label", "training rows", "now", "twice", "four times"], rows
            )
        )
    return shown


def tell_curve(folder: Path, found: Curve) -> None:
    """Show the tables, and write study.json, study.md, study.html and the figure."""
    study, shown, said = RunFolder(folder), tables(found), in_words(found)
    with drawing([]):
        png = as_png(_drawn(found))
    study.write("figures/learning_curve.png", lambda path: path.write_bytes(png))
    study.write_json("study.json", {"kind": "learning_curve", "chosen": WHOLE, **record(found)})
    study.write_text(
        "study.md", "\n".join(map(markdown_table, shown)) + "\n" + "".join(f"{line}\n\n" for line in said)
    )
    images = [image(png, f"{metric_name(found.metric)} over training rows, and how it goes on")]
    title = f"Learning curve to {max(found.rows):,} training rows"
    study.write_text("study.html", page("study.html.j2", title=title, tables=shown, notes=said, images=images))
    show_tables(shown, said)


def _drawn(found: Curve) -> Figure:
    figure, (axes,) = canvas(1, 1, 4.2)
    axes.plot(found.rows, found.scores, "o", color=BLUE, markersize=5, alpha=0.75, label="measured")
    sizes = sorted(set(found.rows))
    means = [float(np.mean([s for s, n in zip(found.scores, found.rows, strict=True) if n == size])) for size in sizes]
    axes.plot(sizes, means, color=BLUE, linewidth=1.4)
    if found.forecasts:
        x = [sizes[-1], *(each.rows for each in found.forecasts)]
        axes.plot(x, [means[-1], *(each.value for each in found.forecasts)], "--", color=ORANGE, linewidth=1.4)
        for each in found.forecasts:
            reach = [[each.value - each.low], [each.high - each.value]]
            axes.errorbar([each.rows], [each.value], yerr=reach, fmt="s", color=ORANGE, capsize=4, markersize=5)
        axes.plot([], [], "s--", color=ORANGE, label="should be, 95 % interval")
    axes.set_xscale("log")
    axes.set_xticks([*sizes, *(each.rows for each in found.forecasts)], minor=False)
    axes.set_xticklabels([f"{tick:,}" for tick in [*sizes, *(each.rows for each in found.forecasts)]])
    axes.minorticks_off()
    axes.spines["left"].set_color(FAINT)
    axes.set(xlabel="training rows", ylabel=metric_name(found.metric), title="Learning curve")
    axes.legend(loc="best")
    return figure
