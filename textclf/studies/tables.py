"""Tables in words, as the screen, Markdown and this room's pages show them."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from ..evaluation.page.interactive import page_style

FOLDER = Path(__file__).parent / "template"


class WordTable(NamedTuple):
    """A table in words."""

    title: str
    header: list[str]
    rows: list[list[str]]


def show_tables(shown: Sequence[WordTable], said: Sequence[str]) -> None:
    """Print tables in words, and lines below them."""
    console = Console()
    for title, header, rows in shown:
        table = Table(*header, title=title, title_justify="left", min_width=len(title))
        for row in rows:
            table.add_row(*row)
        console.print(table, highlight=False)
    for line in said:
        console.print(line, highlight=False)


def markdown_table(table: WordTable) -> str:
    """Return one table in Markdown, its title above it."""
    cells = [table.header, ["---"] * len(table.header), *table.rows]
    return (
        f"### {table.title}\n\n"
        + "\n".join(f"| {' | '.join(c.replace('|', chr(92) + '|') for c in row)} |" for row in cells)
        + "\n"
    )


def page(template: str, **values: Any) -> str:  # Any: whatever the template shows
    """Return one of this room's pages, with the style that all pages share inside."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(style=page_style(FOLDER / "page.css"), **values)


def image(png: bytes, says: str) -> dict[str, str]:
    """Return an image as a page holds it, with what it says to who cannot see it."""
    return {"alt": says, "data": base64.b64encode(png).decode()}


def as_png(figure: Figure) -> bytes:
    """Return a figure as the bytes of a PNG file."""
    FigureCanvasAgg(figure)  # no window system, no global state
    out = io.BytesIO()
    figure.savefig(out, format="png", bbox_inches="tight", pad_inches=0.15)
    return out.getvalue()
