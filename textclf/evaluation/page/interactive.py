"""What charts are made of, and what our pages share. Colours are `var(--series-1)`: a page has a light and a dark one.

A chart is `{"id", "title", "choices"}` and shows one of its choices: `{"name", "x", "y", "lines", "marks"}`, the axes
being `{"title", "range"}`; the page draws it as an SVG of its own width.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

TEMPLATE = Path(__file__).parent / "template"
SHARED_SCRIPTS = ("chart.js", "tables.js")  # of every page of ours
Chart = dict[str, Any]  # JSON for the page's script
SERIES = [f"var(--series-{i})" for i in range(1, 9)]
QUIET, INK = "var(--quiet)", "var(--ink)"
UNIT = [0.0, 1.0]


def axis(title: str, extent: Sequence[float] | None = None, **more: Any) -> Chart:
    """Return an axis; without an extent it is fitted to the data. `whole` allows ticks at whole numbers only."""
    return {"title": title, "range": extent, **more}


def choice(name: str, lines: Sequence[Chart], x: Chart, y: Chart, marks: Sequence[Chart] = ()) -> Chart:
    """Return one thing that a chart can show: a name for the switch, lines, axes, upright marks."""
    return {"name": name, "lines": list(lines), "x": x, "y": y, "marks": list(marks)}


def chart(name: str, title: str, choices: Iterable[Chart]) -> Chart | None:
    """Return `{"id", "title", "choices"}`, or None without data."""
    kept = [each for each in choices if each["lines"]]
    return {"id": name, "title": title, "choices": kept} if kept else None


def line(x: Iterable[float], y: Iterable[float], name: str, colour: str, **more: Any) -> Chart:
    """Return a line; `width`, `dash`, `step`, `legend` (False: none) and `dots` (sizes) are what the script reads."""
    return {"x": rounded(x), "y": rounded(y), "name": name, "colour": colour, **more}


def rounded(values: Iterable[float]) -> list[float]:
    """Return values with the four digits that a screen can show."""
    return [float(f"{value:.4g}") for value in values]


def page_style(own: Path | None = None) -> Markup:
    """Return what every page of ours looks like, and a page's own style sheet behind it."""
    paths = [TEMPLATE / "base.css", *([own] if own else [])]
    return Markup("".join(path.read_text(encoding="utf-8") for path in paths))


def page_script(own: Iterable[Path]) -> Markup:
    """Return what every page of ours can do, and a page's own scripts behind it."""
    paths = [*(TEMPLATE / name for name in SHARED_SCRIPTS), *own]
    return Markup("\n".join(path.read_text(encoding="utf-8") for path in paths))


def script_json(values: Any) -> Markup:  # Any: JSON
    """Return JSON that cannot end the script element it stands in, whatever a label name holds."""
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))
