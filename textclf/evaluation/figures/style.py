"""The look of the PNG figures: one canvas, one palette, and fonts in which every label name can be drawn."""

from __future__ import annotations

import logging
import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontEntry, fontManager, get_font

from ...labels import LabelSpace
from ..names import Words
from ..report import Report

logger = logging.getLogger(__name__)

# Those of the pages (`--series-1` ... of base.css, light): a label has one colour everywhere. In the manner of Wong
# 2011, "Points of view: Color blindness" (Nature Methods 8:441).
PALETTE = ("#0b6bb8", "#cf5a00", "#00875f", "#a83f80", "#b88600", "#2f9bcf", "#8c564b", "#555f6b")
BLUE, ORANGE, GREEN, GREY = PALETTE[0], PALETTE[1], PALETTE[2], "#8a8f98"
INK, FAINT = "#1f2328", "#d9dce1"
WIDTH = 8.0  # inches; at 150 dots an inch 1200 pixels, twice the width of a card on the Hub
DOTS = 150
LONGEST_NAME = 30  # of a label name, in the width of Latin letters: 15 syllables of Hangul

# Opaque white: a card is read on white and on near-black pages, and no ink is legible on both.
STYLE: Any = {  # Any: matplotlib's stubs want the literal names
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#eceef1",
    "text.color": INK,
    "text.parse_math": False,  # a label may hold a dollar sign
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "axes.unicode_minus": False,
}
_NOT_DRAWN = {"Cc", "Cf", "Zs", "Zl", "Zp"}  # control, format, spaces
PLAIN_FONT = "DejaVu Sans"  # comes with matplotlib
# Tried in this order for characters that it lacks; any other font that has them comes after.
FONTS = (
    "Noto Sans KR",
    "Noto Sans CJK KR",
    "NanumGothic",
    "Malgun Gothic",
    "Apple SD Gothic Neo",
    "AppleGothic",
    "UnDotum",
    "Noto Sans CJK JP",
)


@contextmanager
def drawing(texts: Iterable[str]) -> Iterator[None]:
    """Draw in this style, with fonts in which these texts can be written as far as any font has their characters."""
    chosen, _ = fonts_for("".join(texts))
    with matplotlib.rc_context(STYLE | {"font.family": [PLAIN_FONT, *chosen]}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
        yield


def fonts_for(text: str) -> tuple[list[str], set[str]]:
    """Return installed fonts that together have what the plain font lacks of a text, and what none of them has."""
    missing = {c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c) not in _NOT_DRAWN}
    missing -= {c for c in missing if ord(c) in _characters_of(PLAIN_FONT)}
    chosen: list[str] = []
    for name in _font_names() if missing else ():
        found = {c for c in missing if ord(c) in _characters_of(name)}
        if found:
            chosen.append(name)
            missing -= found
        if not missing:
            break
    return chosen, missing


def drawable(reports: Sequence[Report], say: Words) -> list[Report]:
    """Return reports with numbers for labels whose names no font can write, and log which characters these are.

    A box instead of a letter would say nothing; the number is the label's place in the list of the card.
    """
    labels = reports[0].labels
    _, missing = fonts_for("".join(labels.names))
    if not missing:
        return list(reports)
    names = {
        name: say["number_of"].format(n=place) if missing & set(unicodedata.normalize("NFC", name)) else name
        for place, name in enumerate(labels.names, start=1)
    }
    logger.warning(
        "No installed font has the characters %s of the label names; the figures number these labels. "
        "Install one (apt install fonts-noto-cjk, say) and delete matplotlib's font cache.",
        "".join(sorted(missing))[:20],
    )
    space = LabelSpace(tuple(names.values()), labels.multi_label)
    return [
        replace(each, labels=space, per_label={names[name]: row for name, row in each.per_label.items()})
        for each in reports
    ]


def _font_names() -> list[str]:
    _add_packaged_font()
    names = {entry.name for entry in fontManager.ttflist} - {PLAIN_FONT}
    installed = sorted(name for name in names if not name.startswith("Last Resort"))  # it has a box for everything
    return [name for name in FONTS if name in installed] + [name for name in installed if name not in FONTS]


@cache
def _add_packaged_font() -> None:
    """Let a font with Hangul be found that comes as a Python package: few servers have one of their own."""
    package = find_spec("koreanize_matplotlib")  # whose code would change matplotlib's settings: only its file is used
    for folder in package.submodule_search_locations or () if package else ():
        fontManager.addfont(Path(folder) / "fonts" / "NanumGothic.ttf")


@cache
def _characters_of(name: str) -> frozenset[int]:
    """Return the code points that a font's regular face has."""
    faces: list[FontEntry] = [entry for entry in fontManager.ttflist if entry.name == name]
    face = min(faces, key=lambda entry: (entry.style != "normal", abs(_weight(entry) - 400)))
    return frozenset(get_font(face.fname).get_charmap())


def _weight(entry: FontEntry) -> int:
    return entry.weight if isinstance(entry.weight, int) else 400


def canvas(
    rows: int, columns: int, height: float, *, width: float = WIDTH, height_ratios: Sequence[float] | None = None
) -> tuple[Figure, list[Axes]]:
    """Return a figure with its axes, row by row; sizes in inches."""
    figure = Figure(figsize=(width, height), dpi=DOTS, layout="constrained")
    grid = figure.add_gridspec(rows, columns, height_ratios=height_ratios)
    return figure, [figure.add_subplot(grid[r, c]) for r in range(rows) for c in range(columns)]


def shortened(name: str, longest: int = LONGEST_NAME) -> str:
    """Return a label name as it is drawn: composed Hangul, its middle left out where it is wider than `longest`."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if drawn_width(name) <= longest:
        return name
    return f"{_beginning(name, longest - longest // 3 - 1)}…{_beginning(name[::-1], longest // 3)[::-1]}"


def _beginning(name: str, longest: int) -> str:
    return next(name[:end] for end in range(len(name), -1, -1) if drawn_width(name[:end]) <= longest)


def drawn_width(name: str) -> int:
    """Return about how wide a name is drawn, in Latin letters: a Hangul syllable takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in name)


def own_colours(report: Report) -> dict[str, int]:
    """Return the place in the palette of each label that is drawn in colour, the same in every figure of a report.

    Up to eight labels have one each; of more, the five with the lowest F1 among those that texts carry.
    """
    names = report.labels.names
    if len(names) > len(PALETTE):
        known = [name for name in names if report.per_label[name]["f1"]]
        names = tuple(sorted(known, key=lambda name: report.per_label[name]["f1"]["value"])[:5])
    return {name: place for place, name in enumerate(names)}


def unit_axes(axes: Axes, x: str, y: str, title: str) -> None:
    """Dress axes on which both directions run from 0 to 1."""
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02), xlabel=x, ylabel=y, title=title)
