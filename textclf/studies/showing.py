"""Runs beside each other as they are shown: one set of tables, on the screen, in Markdown and on a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError
from ..evaluation.comparison import METHOD
from ..evaluation.figures.drawing import MOST_CLASSES
from ..evaluation.names import metric_name
from ..evaluation.table import figure_text, headline
from ..run_folder import RunFolder
from .aligned_runs import Run
from .side_by_side import SideBySide, size_of, validation_value, verdict_on
from .tables import WordTable, markdown_table, page, show_tables

FORMATS = (".html", ".md", ".txt")
MOST_BESIDE = 4  # runs that a screen has room for beside each other


def tables(found: SideBySide) -> list[WordTable]:
    """Return the tables of a comparison: figures, tests, what the runs took."""
    return [_figures(found), *([_tests(found)] if found.same_rows else []), _costs(found)]


def show(found: SideBySide) -> None:
    """Print the tables, and what must be known to read them."""
    show_tables(tables(found), notes(found))


def notes(found: SideBySide) -> list[str]:
    """Return what must be known to read the tables right, a sentence each."""
    swaps = next((test["method"] for test in found.tests.values()), METHOD)
    lines = list(found.notes)
    if found.same_rows:
        lines.append(f"Tests: {swaps}; p-values by Holm's method for all of them together.")
    if found.same_rows and found.different is None:
        lines.append("The runs have other validation rows, so that no text is listed on which they differ.")
    return lines


def write(found: SideBySide, path: Path) -> None:
    """Write a comparison as the file's ending says.

    Raises:
        UserError: the ending says nothing.
    """
    check_output(str(path))
    writers = {".html": html, ".md": markdown, ".txt": plain_text}
    RunFolder(path.parent).write_text(path.name, writers[path.suffix.lower()](found))


def check_output(output: str | None) -> None:
    """Refuse, before anything is read, a file whose ending names no format.

    Raises:
        UserError: it does.
    """
    if output and (Path(output).suffix.lower() not in FORMATS or Path(output).is_dir()):
        raise UserError(
            f"--output takes a file ending in {', '.join(FORMATS)}; found {output}. Type comparison.html, say."
        )


def plain_text(found: SideBySide) -> str:
    """Return the tables as text."""
    lines: list[str] = []
    for title, header, rows in tables(found):
        widths = [max(len(row[k]) for row in [header, *rows]) for k in range(len(header))]
        lines += [
            title,
            *(
                "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
                for row in [header, *rows]
            ),
            "",
        ]
    return "\n".join([*lines, *notes(found)]) + "\n"


def markdown(found: SideBySide) -> str:
    """Return the tables in Markdown."""
    return "\n".join([*(markdown_table(each) for each in tables(found)), *(f"{line}\n" for line in notes(found))])


def html(found: SideBySide, extra: Sequence[WordTable] = (), said: Sequence[str] = ()) -> str:
    """Return the comparison as a page that fetches nothing; it holds texts of the validation rows.

    `extra` tables come first, lines that are `said` after the notes.
    """
    figures = [*extra, *tables(found)]
    return page(
        "side_by_side.html.j2",
        title=" · ".join(run.name for run in found.runs[:3]) + (" …" if len(found.runs) > 3 else ""),
        tables=figures,
        notes=[*notes(found), *said],
        runs=[run.name for run in found.runs],
        labels=_label_bars(found) if found.same_rows else [],
        matrices=_matrices(found) if found.same_rows else [],
        differences=found.differences,
        different=found.different,
        n=found.runs[0].test.n,
    )


def _figures(found: SideBySide) -> WordTable:
    """Return each run's figures: a line a metric where the runs have room beside each other, else a line a run."""
    metrics = list(dict.fromkeys([found.metric, *headline(_as_evaluation(found.runs[0]))]))
    title = f"test, n = {found.runs[0].test.n:,}, 95 % intervals"
    figures = [[figure_text(run.test.metrics.get(metric)) for metric in metrics] for run in found.runs]
    chosen_by = metric_name(found.runs[0].evaluation["selection"]["metric"])
    validation = [_validation(run) for run in found.runs]
    if len(found.runs) > MOST_BESIDE:
        rows = [[run.name, *line] for run, line in zip(found.runs, figures, strict=True)]
        rows = [[*row, value] for row, value in zip(rows, validation, strict=True)]
        return WordTable(title, ["run", *map(metric_name, metrics), f"{chosen_by} on validation"], rows)
    rows = [[metric_name(metric), *line] for metric, line in zip(metrics, zip(*figures, strict=True), strict=True)]
    rows.append([f"{chosen_by} on validation", *validation])
    return WordTable(title, ["metric", *(run.name for run in found.runs)], rows)


def _tests(found: SideBySide) -> WordTable:
    rows = [
        [
            name,
            f"{test['difference']:+.4f}"
            + ("" if test["low"] is None else f" [{test['low']:+.4f}, {test['high']:+.4f}]"),
            _p(test["p_value"]),
            _p(test["mcnemar_p_value"]),
            verdict_on(found, name),
        ]
        for name, test in found.tests.items()
    ]
    best = found.runs[found.reference].name
    header = ["run", "difference", "p", "McNemar's p", "in words"]
    return WordTable(f"{metric_name(found.metric)}: each run less {best}, on the same texts", header, rows)


def _costs(found: SideBySide) -> WordTable:
    rows = []
    for run in found.runs:
        training, epoch = run.evaluation["training"], run.evaluation["selection"]["epoch"]
        cells = ["–" if epoch is None else f"{epoch:g}", f"{training['seconds']:,.1f}"]
        cells += [f"{training['examples_per_second']:,.1f}", f"{size_of(run) / 1e6:,.1f}" if size_of(run) else "–"]
        rows.append([run.name, *cells, f"{training['precision']} on {training['device']}"])
    header = ["run", "epochs to best", "training, s", "texts/s in training", "weights, MB", "computed in"]
    return WordTable("what they took", header, rows)


def _as_evaluation(run: Run) -> dict[str, Any]:
    return {"metrics": run.test.metrics, "confusion_matrix": run.test.confusion}


def _validation(run: Run) -> str:
    value = validation_value(run)
    return "–" if value is None else f"{value:.4f}"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _label_bars(found: SideBySide) -> list[dict[str, Any]]:
    """Return each label's support and F1 in every run, the labels first on which the runs differ most."""
    rows = []
    for name in found.labels.names:
        figures = [run.test.per_label[name] for run in found.runs]
        values = [None if row["f1"] is None else row["f1"]["value"] for row in figures]
        known = [value for value in values if value is not None]
        spread = max(known) - min(known) if known else 0.0
        shown = [(figure_text(row["f1"]), value or 0.0) for row, value in zip(figures, values, strict=True)]
        rows.append({"label": name, "support": figures[0]["support"], "bars": shown, "spread": spread})
    return sorted(rows, key=lambda row: -row["spread"])


def _matrices(found: SideBySide) -> list[dict[str, Any]]:
    """Return confusion matrices: counts and shares of the gold label's texts; none with several labels."""
    matrices = []
    for run in found.runs:
        if run.test.confusion is None or len(found.labels) > MOST_CLASSES:
            return []
        counts = np.array(run.test.confusion)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        cells = [
            [{"count": int(c), "share": round(100 * float(s))} for c, s in zip(*pair, strict=True)]
            for pair in zip(counts, shares, strict=True)
        ]
        matrices.append({"run": run.name, "rows": list(zip(found.labels.names, cells, strict=True))})
    return matrices
