"""evaluation.html: everything about a run's figures on one page that fetches nothing. It holds texts of the data."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from datasets import Dataset
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ...run_folder import VALIDATION_LEARNED, RunFolder
from ..curves import read_training
from ..figures.curve_figures import FEW
from ..names import Words, aim_name, baseline_name, metric_name, reader_language, split_word
from ..report import Report
from ..table import headline
from ..wording import words_of
from .charts import all_charts, confusion_map, slice_name, slice_tables, state_maps
from .cuts import cut_counts
from .engines import PAGE, engines_link, engines_section
from .interactive import TEMPLATE, page_script, page_style, script_json
from .promised import promise_sentences
from .rows import Shades, prediction_rows
from .summary import collapsed, named, summary, worthless

SCRIPTS = ("rows.js", "cuts.js", "states.js", "page.js")
MOST_PAIRS = 8  # of confused labels; what happened once is no habit
SHOWN_LABELS = 30  # rows of a table of labels before "show all"


def write_page(
    run: RunFolder,
    evaluation: dict[str, Any],
    test: Report,
    validation: Report,
    rows: Dataset,
    shades: Shades | None = None,
) -> Path:
    """Write `evaluation.html` into the run folder and return its path; Korean for Korean data.

    Args:
        run: the run folder; its training log, audit and recipe are read.
        evaluation: what evaluation.json holds, with `mistakes.findings` in it.
        test: the report on the test split, of which figures are shown and no text.
        validation: the report on the validation split.
        rows: the validation split, whose texts are shown.
        shades: the words behind some mistakes, of `shading.shaded_mistakes`.
    """
    say = words_of(reader_language(run, evaluation))
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"figure": figure, "number": number, "count": "{:,}".format}
    environment.filters |= {
        "metric": lambda name: metric_name(name, say),
        "baseline": lambda name: baseline_name(name, say),
        "split": lambda name: split_word(name, say),
        "aim": lambda name: aim_name(name, say),
        "named": lambda names: named(names, say),
    }
    audit = run.read_json("audit.json") if (run.path / "audit.json").exists() else {}
    broken, hidden = collapsed(evaluation), worthless(evaluation)
    curves = all_charts(evaluation, test, read_training(run.path / "training_log.jsonl"), say)
    curves = [each for each in curves if broken is None or each["id"] != "reliability"]
    without = {"ece", "log_loss"} if broken is not None else {"ece"} if hidden else set()
    shown = [metric for metric in headline(evaluation) if metric not in without]
    data = {
        "say": say,
        "labels": evaluation["labels"],
        "several": test.labels.multi_label,
        "collapsed": hidden,
        "run": str(run.path),
        "charts": curves,
        "confusion": confusion_map(test, validation),
        "cuts": cut_counts(validation),
        "states": state_maps(run, validation),
        "baked": bool((evaluation.get("thresholds") or {}).get("baked")),
        "pairs": [pair for pair in evaluation["confused_pairs"] if pair["count"] > 1][:MOST_PAIRS],
        "table": _in_words(prediction_rows(validation, rows), say),
        "shades": {} if hidden else shades or {},
    }
    html = environment.get_template("page.html.j2").render(
        say=say,
        name=(evaluation.get("data") or {}).get("name") or run.path.resolve().name,
        run_name=run.path.resolve().name,
        made=datetime.now(UTC).strftime("%Y-%m-%d"),
        evaluation=evaluation,
        several=test.labels.multi_label,
        collapsed=broken is not None,
        worthless=hidden,
        lines=summary(evaluation, audit, say),
        headline=shown,
        charts=[each["id"] for each in curves],
        confusion=data["confusion"],
        cuts=data["cuts"],
        states=data["states"],
        slices=slice_tables(evaluation["slices"], test.metrics, say),
        label_rows=sorted(evaluation["per_label"].items(), key=lambda item: -item[1]["support"]),
        shown_labels=SHOWN_LABELS,
        table={key: data["table"][key] for key in ("n", "longest")} | {"shown": len(data["table"]["rows"])},
        few=FEW,
        learned=(evaluation.get("training") or {}).get(VALIDATION_LEARNED),
        promised=promise_sentences(evaluation, say),
        shaded=len(data["shades"]),
        engines_link=engines_link(evaluation, say),
        engines=engines_section(evaluation, say),
        data=script_json(data),
        style=page_style(),
        script=page_script(TEMPLATE / name for name in SCRIPTS),
    )
    run.write_text(PAGE, html)
    return run.path / PAGE


def number(found: dict[str, Any] | None, beside: dict[str, Any] | None = None) -> str:
    """Return a figure with as many digits as the interval of the one `beside` it leaves; a dash where undefined.

    Figures that are read together have the same digits: a baseline's are those of the model in its row. Whoever wants
    to check a figure finds four on the screen, in the card and under "all metrics".
    """
    if not found:
        return "–"
    return f"{found['value']:.{_digits(beside or found)}f}"


def figure(found: dict[str, Any] | None) -> str:
    """Return the interval of a figure beside it, nothing where there is none."""
    if not found or found.get("low") is None:
        return ""
    return f"{found['low']:.{_digits(found)}f}–{found['high']:.{_digits(found)}f}"


def _digits(found: dict[str, Any]) -> int:
    """Return 2 digits for an interval wider than five points, else 3."""
    if found.get("low") is None:
        return 3
    return 2 if found["high"] - found["low"] > 0.05 else 3


def _in_words(table: dict[str, Any], say: Words) -> dict[str, Any]:
    """Return the table of predictions with its slices named as the page names them."""
    return table | {"slices": [f"{say[of]}: {slice_name(name, say)}" for of, name in table["slices"]]}
