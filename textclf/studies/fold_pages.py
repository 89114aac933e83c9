"""Folds told: tables on the screen and in files, curves and ROC of each fold, the rows whose labels look wrong."""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..evaluation.curves import read_training, roc
from ..evaluation.figures.style import GREY, INK, PALETTE, canvas, drawing, unit_axes
from ..evaluation.names import metric_name
from ..inference.classifier import texts_of
from ..run_folder import RunFolder
from .fold_report import FoldReport, fold_tables, record
from .tables import as_png, image, markdown_table, page, show_tables

ONE = ("loss", "accuracy", "precision_macro", "recall_macro", "f1_macro")
SEVERAL = ("loss", "subset_accuracy", "precision_micro", "recall_micro", "f1_micro")


def tell_folds(folder: Path, found: FoldReport, numbers: NDArray[np.int64]) -> None:
    """Show the tables, and write study.json, study.md, study.html, figures/ and suspected_label_errors.csv.

    `numbers` [N] are the rows' places in the train split as loaded.
    """
    study, shown = RunFolder(folder), fold_tables(found)
    said = [f"Intervals and p-values: {record(found)['method']}; baselines by Holm's method together."]
    count = len({each.row for each in found.suspects})
    said.append(f"{count:,} of {found.pooled.n:,} training rows have a label that is probably wrong.")
    with drawing(found.pooled.labels.names):
        drawn = {"fold_curves": _curves(found), "fold_roc": _roc(found)}
        figures = {name: as_png(figure) for name, figure in drawn.items() if figure is not None}
    for name, png in figures.items():
        study.write(f"figures/{name}.png", partial(Path.write_bytes, data=png))
    study.write_json("study.json", {"kind": "folds", "chosen": "refit", **record(found)})
    study.write("suspected_label_errors.csv", lambda path: _write_suspects(path, found, numbers))
    text = "\n".join(markdown_table(each) for each in shown) + "\n" + "".join(f"{line}\n\n" for line in said)
    study.write_text("study.md", text)
    study.write_text("study.html", _page(found, said, figures))
    show_tables(
        shown, [*said, f"They are in {folder / 'suspected_label_errors.csv'}; curves in {folder / 'study.html'}."]
    )


def _page(found: FoldReport, said: list[str], figures: dict[str, bytes]) -> str:
    alternatives = {
        "fold_curves": "Validation loss, accuracy, precision, recall and F1 of each fold over epochs",
        "fold_roc": "ROC curve of each fold",
    }
    images = [image(png, alternatives[name]) for name, png in figures.items()]
    title = f"{len(found.folds)} folds of {found.pooled.n:,} training rows"
    return page("study.html.j2", title=title, tables=fold_tables(found), notes=said, images=images)


def _curves(found: FoldReport) -> Figure | None:
    """Draw loss and validation figures over epochs, a line a fold."""
    read = [read_training(fold.path / "training_log.jsonl") for fold in found.folds]
    wanted = SEVERAL if found.pooled.labels.multi_label else ONE
    metrics = [name for name in wanted if any(each and name in each.validation for each in read)]
    if not metrics:
        return None
    figure, panels = canvas(2, 3, 5.6, width=9.5)
    for axes, name in zip(panels, metrics, strict=False):
        for place, each in enumerate(read):
            colour = PALETTE[place % len(PALETTE)]
            if each and name in each.validation:
                x, y = each.validation[name]
                axes.plot(x, y, "o-", color=colour, markersize=3, linewidth=1.3, label=f"fold {place + 1}")
            if each and name == "loss" and name in each.train:
                axes.plot(*each.train[name], ":", color=colour, linewidth=1)
        axes.set_xlim(left=0)
        axes.set(title=metric_name(name).partition(" (lower")[0], xlabel="epoch")
    for axes in panels[len(metrics) :]:
        axes.set_axis_off()
    handles, words = panels[0].get_legend_handles_labels()
    panels[-1].legend(
        handles, words, loc="center", title="on validation (dotted: training)", ncols=1 + (len(words) > 8)
    )
    return figure


def _roc(found: FoldReport) -> Figure | None:
    """Draw the ROC curve of each fold's held-out rows; of more than two labels, all decisions of a fold pooled."""
    labels, gold = found.pooled.labels, found.pooled.gold
    figure, (axes,) = canvas(1, 1, 4.6)
    binary = not labels.multi_label and len(labels) == 2
    for place, fold in enumerate(found.folds):
        truth = gold[fold.rows] if labels.multi_label else np.eye(len(labels), dtype=np.int64)[gold[fold.rows]]
        curve = roc(truth[:, 1], fold.scores[:, 1]) if binary else roc(truth.ravel(), fold.scores.ravel())
        if curve is not None:
            colour, words = PALETTE[place % len(PALETTE)], f"AUC {curve.area:.3f}  fold {place + 1}"
            axes.plot(curve.x, curve.y, color=colour, linewidth=1.4, label=words)
    if not axes.lines:
        return None
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":", zorder=1)
    what = f"of {labels.names[1]!r}" if binary else "of all labels pooled (micro)"
    unit_axes(axes, "false positive rate", "true positive rate", f"ROC out of fold, {what}")
    axes.title.set_color(INK)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    axes.set_box_aspect(1)
    return figure


def _write_suspects(path: Path, found: FoldReport, numbers: NDArray[np.int64]) -> None:
    """Write the rows whose gold labels are probably wrong, the surest first."""
    names, texts = found.pooled.labels.names, texts_of(found.rows)
    several = found.pooled.labels.multi_label
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["row", "text", "given", "suggested", "margin"])
        for each in found.suspects:
            text = texts[each.row]
            words = text if isinstance(text, str) else "\n".join(part for part in text if part)
            given = f"{'' if each.carried else 'not '}{names[each.given]}" if several else names[each.given]
            other = f"{'not ' if each.carried else ''}{names[each.given]}" if several else names[each.suggested]
            out.writerow([int(numbers[each.row]), words, given, other, f"{each.margin:.4f}"])
