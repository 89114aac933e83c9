"""What the gate found of each exported engine, as a section of evaluation.html; put in again after a later export."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ...run_folder import RunFolder
from ..names import Words, metric_name, reader_language
from ..wording import words_of
from .interactive import TEMPLATE

ENGINE_NAMES = {"onnx": "ONNX, fp32", "onnx-int8": "ONNX, int8"}
PAGE = "evaluation.html"
# Comments around what an export changes: nothing else on the page can hold one, all texts being escaped.
_PLACES = {
    "link": re.compile("<!--engines-link-->.*?<!--/-->", re.S),
    "rows": re.compile("<!--engines-->.*?<!--/-->", re.S),
}


def engines_link(evaluation: Mapping[str, Any], say: Words) -> Markup:
    """Return the way to the section, empty where nothing was exported."""
    link = Markup('<a href="#engines">{}</a>').format(say["engines"]) if evaluation.get("engines") else Markup("")
    return Markup("<!--engines-link-->{}<!--/-->").format(link)


def engines_section(evaluation: Mapping[str, Any], say: Words) -> Markup:
    """Return the section, empty where nothing was exported."""
    rows = evaluation.get("engines") or {}
    environment = Environment(loader=FileSystemLoader(TEMPLATE), autoescape=True, undefined=StrictUndefined)
    html = environment.get_template("engines.html.j2").render(
        say=say,
        engines=[(ENGINE_NAMES[name], row) for name, row in rows.items()],
        n=next(iter(rows.values()))["n"] if rows else 0,
        metric=metric_name(next(iter(rows.values()))["difference"]["metric"], say) if rows else "",
    )
    return Markup("<!--engines-->{}<!--/-->").format(Markup(html if rows else ""))


def renew_engines(run: RunFolder) -> None:
    """Put what evaluation.json says of the engines into the run's page, where there is one."""
    path = run.path / PAGE
    if not path.exists():
        return
    evaluation, html = run.read_json("evaluation.json"), path.read_text(encoding="utf-8")
    say = words_of(reader_language(run, evaluation))
    for place, made in (("link", engines_link), ("rows", engines_section)):
        found = _PLACES[place].search(html)
        if found:  # a page of an earlier version has no such places
            html = html[: found.start()] + str(made(evaluation, say)) + html[found.end() :]
    run.write_text(PAGE, html)
