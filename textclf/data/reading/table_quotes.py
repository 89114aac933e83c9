"""What quotes mean where a table does not keep RFC 4180: escapes, plain characters, texts that nobody quoted."""

from __future__ import annotations

from typing import Literal

from .encodings import TextFile
from .headers import USUAL
from .records import NONE, Dialect
from .table_look import TableLook, joined_by_quotes, look_over

UNCLOSED = "a quote opens here and is never closed"
ESCAPES = r"\" is read as a quote inside a cell."


def with_other_quotes(file: TextFile, dialect: Dialect, look: TableLook) -> tuple[Dialect, TableLook, list[str]]:
    """Read quotes in another way where RFC 4180's does not fit a file: escaped with backslashes, or no quotes."""
    prose = dialect.delimiter in ",;"  # there quotes keep their meaning, for texts hold commas
    if look.errors and prose:
        escaped = look_over(file, dialect._replace(escaped=True))
        if len(escaped.errors) < len(look.errors) / 10:
            return dialect._replace(escaped=True), escaped, [f"{file.name}: {ESCAPES}"]
        plain = look_over(file, dialect._replace(quoting=NONE))
        whole = plain.sizes.keys() == {len(plain.first)} and not any(column.quoted for column in plain.columns)
        closed = all(quote_reason(error) != UNCLOSED for error in look.errors)
        if closed and whole:
            said = f"{file.name}: quotes inside cells are read as plain characters."
            return dialect._replace(quoting=NONE), plain, [said]
    joined = joined_by_quotes(look, dialect)
    unpaired = bool(look.errors) and not prose
    if not joined and not unpaired:
        return dialect, look, []
    plain = look_over(file, dialect._replace(quoting=NONE))
    fits = len(plain.sizes) == 1 and plain.width == len(plain.first)
    if unpaired:
        said = f"{file.name}: quotes do not pair up and are read as plain characters."
        return dialect._replace(quoting=NONE), plain, [said]
    if not fits:
        return dialect, look, []
    said = f"{file.name}: quotes would join rows (line {min(joined)}), and are read as plain characters."
    return dialect._replace(quoting=NONE), plain, [said]


def with_loose_texts(file: TextFile, dialect: Dialect, look: TableLook) -> tuple[Dialect, TableLook, list[str]]:
    """Let the text, where it is the first or the last column, hold delimiters that nobody quoted.

    That is certain where no row has fewer cells than the first line has names, and labels come out beside it.
    """
    width = len(look.first)
    if width < 2 or not look.sizes or min(look.sizes) < width or max(look.sizes) == width:
        return dialect, look, []
    if look.sizes.keys() == {width + 1} and look.columns[0].numbers == 1 and not look.columns[0].repeats:
        return dialect, look, []  # R's row numbers, which its header leaves out
    sides: tuple[tuple[Literal["first", "last"], int], ...] = (("last", width - 1), ("first", 0))
    for side, place in sides:
        if not USUAL.fullmatch(look.first[place].strip()):
            continue
        loose = dialect._replace(loose=side, width=width)
        found = look_over(file, loose)
        others = [column for j, column in enumerate(found.columns) if j != place]
        if found.sizes.keys() == {width} and any(column.repeats for column in others):
            name = look.first[place].strip()
            return loose, found, [f"{file.name}: {dialect.words} beyond the {width - 1} others belong to {name!r}."]
    return dialect, look, []


def quote_reason(message: str) -> str:
    """Return in words what the csv module finds wrong with quotes."""
    if message == "unexpected end of data":
        return UNCLOSED
    return 'a quote inside a quoted cell must be doubled ("")'
