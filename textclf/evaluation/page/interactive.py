"""What interactive charts are made of: plain plotly figures whose colours the page fills in; and what pages share.

Colours are written `var(--series-1)`: the page has a light and a dark one for each. A chart shows one of its choices
at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

_BASE_STYLE = Path(__file__).parent / "template" / "base.css"
Chart = dict[str, Any]  # JSON for plotly.js, which has no Python types
SERIES = [f"var(--series-{i})" for i in range(1, 9)]
QUIET, INK = "var(--quiet)", "var(--ink)"
UNIT = {"range": [-0.01, 1.01]}


def choice(name: str, data: Sequence[Chart], layout: Chart) -> Chart:
    """Return one thing that a chart can show: a name for the switch, plotly traces, a plotly layout."""
    return {"name": name, "data": list(data), "layout": layout}


def chart(name: str, choices: Iterable[Chart], least_width: int = 0) -> Chart | None:
    """Return `{"id", "choices", "least_width"}`, or None without data; below `least_width` pixels it scrolls."""
    kept = [each for each in choices if each["data"]]
    return {"id": name, "choices": kept, "least_width": least_width} if kept else None


def line(x: Iterable[float], y: Iterable[float], name: str, colour: str, **more: Any) -> Chart:
    """Return a plotly line; `width` and `dash` are the line's, everything else the trace's."""
    style = {"color": colour, "width": more.pop("width", 2), "dash": more.pop("dash", "solid")}
    points = {"x": rounded(x), "y": rounded(y)}
    return {"type": "scatter", "mode": "lines", **points, "name": name, "line": style, **more}


def rounded(values: Iterable[float]) -> list[float]:
    """Return values with the four digits that a screen can show."""
    return [float(f"{value:.4g}") for value in values]


def page_style(own: Path) -> Markup:
    """Return what every page of ours looks like, and a page's own style sheet behind it."""
    return Markup("".join(path.read_text(encoding="utf-8") for path in (_BASE_STYLE, own)))


def script_json(values: Any) -> Markup:  # Any: JSON
    """Return JSON that cannot end the script element it stands in, whatever a label name holds."""
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))
