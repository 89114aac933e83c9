"""evaluation.html: everything about a run's figures on one page that fetches nothing. It holds texts of the data."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

from datasets import Dataset
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from ...inference.answers import Text
from ...inference.classifier import texts_of
from ...run_folder import RunFolder
from ..comparison import ALPHA
from ..curves import read_training
from ..label_errors import Suspect, find_suspects
from ..mistakes import Mistake, rows_of_pair, surest_mistakes
from ..report import Report
from ..table import figure_text, headline
from .charts import all_charts
from .interactive import page_style, script_json

FOLDER = Path(__file__).parent / "template"
MOST_MISTAKES = 100
MOST_SUSPECTS = 100
EXAMPLES = 3  # of a confused pair
LONGEST_TEXT = 700  # characters of a text that are shown


def write_page(run: RunFolder, evaluation: dict[str, Any], test: Report, validation: Report, rows: Dataset) -> Path:
    """Write `evaluation.html` into the run folder and return its path.

    Args:
        run: the run folder; its training log is drawn.
        evaluation: what evaluation.json holds, with `mistakes.findings` in it.
        test: the report on the test split, of which figures are shown and no text.
        validation: the report on the validation split.
        rows: the validation split, for the texts that are shown.
    """
    made = all_charts(evaluation, test, validation, read_training(run.path / "training_log.jsonl"))
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"figure": figure_text, "readable": readable}
    html = environment.get_template("page.html.j2").render(
        name=(evaluation.get("data") or {}).get("name") or run.path.resolve().name,
        evaluation=evaluation,
        headline=headline(evaluation),
        charts={each["id"]: each for each in made},
        mistakes=[_shown_mistake(m, validation, rows) for m in surest_mistakes(validation, MOST_MISTAKES)],
        pairs=[_shown_pair(pair, validation, rows) for pair in evaluation["confused_pairs"]],
        suspects=[_shown_suspect(s, validation, rows) for s in find_suspects(validation)[:MOST_SUSPECTS]],
        differing=[entry["slice"] for entry in evaluation["slices"] if entry["p_value"] <= ALPHA],
        chart_data=script_json(made),
        style=page_style(FOLDER / "page.css"),
        script=Markup((FOLDER / "page.js").read_text(encoding="utf-8")),
        plotly=Markup(get_plotlyjs()),
    )
    run.write_text("evaluation.html", html)
    return run.path / "evaluation.html"


def readable(text: str) -> str:
    """Return a text as it is shown: composed, on one line, without control characters, cut where it is long."""
    line = " ".join(_CONTROL.sub(" ", unicodedata.normalize("NFC", text)).split())
    return line if len(line) <= LONGEST_TEXT else line[:LONGEST_TEXT].rstrip() + " …"


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def _parts(text: Text) -> list[str]:
    """Return a text, or both texts of a pair; nothing where there is nothing to read."""
    return [part for part in ([text] if isinstance(text, str) else text) if part and part.strip()]


def _text(split: Dataset, row: int) -> list[str]:
    return _parts(texts_of(split)[row])


def _shown_mistake(mistake: Mistake, report: Report, split: Dataset) -> dict[str, Any]:
    names = report.labels.names
    return {
        "row": mistake.row,
        "gold": None if mistake.gold is None else names[mistake.gold],
        "predicted": None if mistake.predicted is None else names[mistake.predicted],
        "confidence": mistake.confidence,
        "text": _text(split, mistake.row),
    }


def _shown_pair(pair: dict[str, Any], report: Report, split: Dataset) -> dict[str, Any]:
    rows = rows_of_pair(report, pair["gold"], pair["predicted"])[:EXAMPLES]
    p = report.labels.label2id[pair["predicted"]]
    examples = [{"row": int(r), "score": float(report.scores[r, p]), "text": _text(split, int(r))} for r in rows]
    return pair | {"examples": examples}


def _shown_suspect(suspect: Suspect, report: Report, split: Dataset) -> dict[str, Any]:
    names, score = report.labels.names, report.scores[suspect.row]
    return {
        "row": suspect.row,
        "given": names[suspect.given],
        "given_score": float(score[suspect.given]),
        "suggested": names[suspect.suggested],
        "suggested_score": float(score[suspect.suggested]),
        "carried": suspect.carried,
        "text": _text(split, suspect.row),
    }
