"""The table that a command ends with: test figures with intervals beside the baselines."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ..house import INSTALLED, as_typed
from .names import baseline_name, metric_name

# The few that fit on a screen, in reading order; evaluation.json has all of them.
HEADLINE = (
    "accuracy",
    "f1_macro",
    "f1_micro",
    "subset_accuracy",
    "average_precision_micro",
    "roc_auc",
    "log_loss",
    "ece",
)
HIDDEN_FOR_ONE_LABEL = {"f1_micro"}  # it is the accuracy


_REMARK = re.compile(r" \((?!macro|micro)[^)]*\)")


def results_table(evaluation: dict[str, Any]) -> Table:
    """Return the test figures of the model and its baselines as a table, intervals in brackets."""
    baselines = evaluation["baselines"]
    title = f"{evaluation['split']}, n = {evaluation['n']:,}, 95 % intervals"
    table = Table(title=title, title_justify="left", min_width=len(title))  # a title wider than its table is broken
    table.add_column("metric", no_wrap=True)
    table.add_column("model", justify="right", style="bold", no_wrap=True)
    for name in baselines:
        table.add_column(baseline_name(name), justify="right", no_wrap=True)
    for metric in headline(evaluation):
        others = [figure_text(b["metrics"].get(metric), brief=True) for b in baselines.values()]
        table.add_row(metric_name(metric), figure_text(evaluation["metrics"][metric]), *others)
    return table


def baselines_table(evaluation: dict[str, Any]) -> Table:
    """Return a line for each baseline, for where they have no room beside the model."""
    metrics = headline(evaluation)
    table = Table()
    table.add_column("baseline")
    for metric in metrics:
        called = "ECE" if metric == "ece" else _REMARK.sub("", metric_name(metric))  # in words, so that it takes lines
        table.add_column(called, justify="right")
    for name, baseline in evaluation["baselines"].items():
        figures = (figure_text(baseline["metrics"].get(metric), brief=True) for metric in metrics)
        table.add_row(baseline_name(name), *figures)
    return table


def headline(evaluation: dict[str, Any]) -> list[str]:
    """Return the metrics that stand at the top of the table and of the page."""
    single = evaluation["confusion_matrix"] is not None
    return [m for m in HEADLINE if m in evaluation["metrics"] and not (single and m in HIDDEN_FOR_ONE_LABEL)]


def figure_text(figure: dict[str, Any] | None, *, brief: bool = False) -> str:
    """Return a figure with 4 decimals and its interval, the value alone when brief, a dash where undefined."""
    if figure is None:
        return "–"
    if brief or figure["low"] is None:
        return f"{figure['value']:.4f}"
    return f"{figure['value']:.4f} [{figure['low']:.4f}, {figure['high']:.4f}]"


def show_report(found: dict[str, Any]) -> None:
    """Print the figures of a report alone, labels included."""
    console = Console()
    console.print(results_table({"baselines": {}, **found}))
    _show_notes(console, found)
    table = Table("label", "precision", "recall", "F1", "support")
    for name, row in found["per_label"].items():
        table.add_row(
            name, *(figure_text(row[key], brief=True) for key in ("precision", "recall", "f1")), str(row["support"])
        )
    console.print(table)


def _show_notes(console: Console, found: dict[str, Any]) -> None:
    """Print why figures have no interval, and over which labels averages go."""
    missing: dict[str, list[str]] = {}
    for metric in headline(found):
        if why := found["metrics"][metric].get("no_interval"):
            missing.setdefault(why, []).append(metric_name(metric))
    for why, metrics in missing.items():
        console.print(f"No interval for {', '.join(metrics)}: {why}.", highlight=False)
    for note in found.get("notes", []):
        console.print(note, highlight=False)


def show_results(evaluation: dict[str, Any], run: Path) -> None:
    """Print the table, whether the model beats the best baseline, where the run lies, and what to type next."""
    console = Console()
    together = results_table(evaluation)
    unbounded = console.options.update(width=1000)  # measured in its own width, a table is never too wide
    if console.measure(together, options=unbounded).maximum <= console.width:
        console.print(together)
    else:
        console.print(results_table(evaluation | {"baselines": {}}))
        console.print(baselines_table(evaluation))
    _show_notes(console, evaluation)
    if evaluation.get("against_baseline"):
        console.print(evaluation["against_baseline"]["verdict"], highlight=False)
    console.print(f"\nThe run folder: {run}\nNext:", highlight=False)
    typed = shlex.quote(str(run))
    for command, what in (
        (f"textclf serve {typed}" if INSTALLED else f"python space/app.py --model {typed}", "try it in the browser"),
        (f"python eval.py {typed} --dataset DATA", "measure it on other data"),
        (f"python push_to_hub.py {typed} --repo-id NS/NAME", "publish it"),
    ):
        console.print(f"  {as_typed(command):<58}  # {what}", highlight=False, soft_wrap=True)


def show_gate(gate: dict[str, Any], run: Path) -> None:
    """Print what the gate found of each exported engine, and the line that runs the best of them."""
    console = Console(soft_wrap=True)
    for name, row in gate["engines"].items():
        size = f", {row['bytes'] / 1e6:.1f} MB" if "bytes" in row else ", not kept"
        console.print(f"[bold]{name}[/bold] {row['outcome']}{size}. {row['reason']}", highlight=False)
    command = as_typed(f"python eval.py {shlex.quote(str(run))} --dataset D --engine auto")
    console.print(f"--engine auto now takes the quickest that passed: {command}")
