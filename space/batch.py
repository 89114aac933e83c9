"""A CSV file in, a labelled one out: read strictly and within bounds, written so that no spreadsheet runs a cell."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

MOST_BYTES, MOST_ROWS = 5_000_000, 10_000
SEPARATORS = ",;\t|"
csv.field_size_limit(MOST_BYTES)  # a long cell is no fault of the file; MOST_BYTES bounds it
_NUMBER = re.compile(r"[+-]?[\d.,\s]*\d%?")  # harmless, although it begins with a sign
NEW = ("label", "score", "note")  # columns that are added


class Table(NamedTuple):
    """A file's header and rows, all cells texts."""

    header: list[str]
    rows: list[list[str]]
    separator: str


class TableError(ValueError):
    """A file that is no table; its text is a sentence for the page."""


def read_table(content: bytes, words: Mapping[str, Any]) -> Table:
    """Read a CSV file's content.

    Raises:
        TableError: too large, no text, or rows of unequal length.
    """
    if len(content) > MOST_BYTES:
        raise TableError(words["bad_size"].format(found=f"{len(content) / 1e6:.1f}", most=f"{MOST_BYTES / 1e6:g}"))
    rows, separator = _parsed(_decoded(content, words), words)
    if len(rows) < 2:
        raise TableError(words["bad_empty"])
    header = rows[0]
    for name in header:
        if header.count(name) > 1:
            raise TableError(words["bad_header"].format(name=name))
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise TableError(words["bad_table"].format(row=number, found=len(row), expected=len(header)))
    return Table(header, rows[1:], separator)


def _parsed(text: str, words: Mapping[str, Any]) -> tuple[list[list[str]], str]:
    """Return all rows with cells, and the separator: the most frequent mark of the first line."""
    first = text.lstrip("\n").split("\n", 1)[0]
    separator = max(SEPARATORS, key=lambda mark: (first.count(mark), mark == ","))
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    began = 1
    try:
        for row in reader:
            began = reader.line_num + 1
            rows += [row] if row else []
            if len(rows) > MOST_ROWS + 1:
                raise TableError(words["bad_rows"].format(most=MOST_ROWS))
    except csv.Error:
        raise TableError(words["bad_quotes"].format(row=began)) from None
    return rows, separator


def suggested(header: Sequence[str], columns: Sequence[str]) -> list[str | None]:
    """Return the columns that a page begins with: those of the training data, else the first ones."""
    lowered = {name.strip().lower(): name for name in header}
    names = [lowered.get(column.lower()) for column in columns]
    if names[0] is None:
        names[0] = lowered.get("text") or lowered.get("글") or header[0]
    return names


def write_table(table: Table, added: Sequence[Sequence[str]]) -> tuple[str, int]:
    """Return the labelled file's text, and how many cells of it were made harmless; `added` has a row's new cells."""
    made = 0
    out = io.StringIO()
    writer = csv.writer(out, delimiter=table.separator, lineterminator="\r\n")
    names = [_free(name, table.header) for name in NEW]
    for row in ([*table.header, *names], *([*row, *new] for row, new in zip(table.rows, added, strict=True))):
        cells = [harmless(cell) for cell in row]
        made += sum(after != before for after, before in zip(cells, row, strict=True))
        writer.writerow(cells)
    return "\ufeff" + out.getvalue(), made  # with a byte order mark, or spreadsheets take Korean for Latin


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: an apostrophe goes before =, +, -, @, tab and return."""
    found = cell.lstrip(" \u00a0\u3000\ufeff")
    if found[:1] in tuple("=+-@\t\r\n＝＋－＠") and found and not _NUMBER.fullmatch(found):
        return f"'{cell}"
    return cell


def _free(name: str, header: Sequence[str]) -> str:
    return name if name not in header else _free(f"{name}_", header)


def _decoded(content: bytes, words: Mapping[str, Any]) -> str:
    for encoding in ("utf-8-sig", "cp949"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise TableError(words["bad_text"])
