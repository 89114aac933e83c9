"""Spreadsheets (xlsx, xls, xlsb, ods): the sheets' cells as text, each as Excel shows it where that is plain."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa

from ...errors import UserError
from .column_look import ColumnLook
from .headers import name_columns
from .split_names import split_name
from .tables import LINE_COLUMN, SPLIT_COLUMN, Reading, ReadOptions

OLE = b"\xd0\xcf\x11\xe0"  # what the older xls begins with
Cells = list[str]


def is_sheet(path: Path, head: bytes) -> bool:
    """Say whether a file is a spreadsheet, by its content."""
    if head.startswith(OLE):
        return path.suffix.lower() != ".doc"
    if not head.startswith(b"PK"):
        return False  # a table of text under a spreadsheet's name, most likely
    if not zipfile.is_zipfile(path):
        return path.suffix.lower() in {".xlsx", ".xls", ".xlsb", ".ods"}
    names = zipfile.ZipFile(path).namelist()
    return any(name.startswith("xl/") or name == "content.xml" for name in names)


def read_sheet(path: Path, options: ReadOptions) -> Reading:
    """Read the sheet that holds rows; several sheets are splits where their names say so.

    Raises:
        UserError: it is no spreadsheet, or several sheets hold rows and none is called train.
    """
    notes: list[str] = []
    sheets = _sheets(path)
    chosen = {name: rows for name, rows in sheets.items() if split_name(name)}
    if len(sheets) > 1 and any(split_name(name) == "train" for name in chosen):
        notes.append(f"{path.name} has sheets by split: {', '.join(chosen)}.")
    else:
        widest = {name: rows for name, rows in sheets.items() if len(rows) > 1 and len(rows[0]) > 1}
        of_texts = {name: rows for name, rows in widest.items() if _holds_texts(rows)}
        widest = of_texts if len(of_texts) == 1 else widest  # beside it stand codes, or counts
        parts = len({tuple(rows[0]) for rows in widest.values()}) == 1 and options.no_header is None
        if parts and len(widest) > 1:
            notes.append(
                f"{path.name} has sheets of equal columns, which are read one below the other: {', '.join(widest)}."
            )
        elif len(widest) > 1:
            raise UserError(
                f"{path.name} has several sheets with rows ({', '.join(widest)}). Call them train, validation and "
                "test, or save the one that you mean as CSV UTF-8."
            )
        chosen = dict(list(widest.items() or sheets.items())[: None if parts else 1])
        notes += (
            []
            if len(chosen) > 1
            else [f"{path.name}: the sheet {next(iter(chosen))!r} is read."]
            if len(sheets) > 1
            else []
        )
    rows = next(iter(chosen.values()))
    names, named, said = name_columns(path.name, rows[0], _look(rows), options)
    notes += said
    columns: list[list[str | None]] = [[] for _ in names]
    splits, numbers = [], []
    for name, rows in chosen.items():
        for number, row in enumerate(rows, start=1):
            if (named and number == 1) or not any(row):
                continue
            for column, cell in zip(columns, [*row, *[""] * (len(names) - len(row))], strict=False):
                column.append(cell)
            splits.append(name)
            numbers.append(number)
    arrays = {name: pa.array(cells, pa.string()) for name, cells in zip(names, columns, strict=True)}
    if any(map(split_name, chosen)):
        arrays[SPLIT_COLUMN] = pa.array(splits, pa.string())
    table = pa.table({**arrays, LINE_COLUMN: pa.array(numbers, pa.int64())})
    return Reading(table.schema, iter(table.to_batches()), notes=notes, unit="row", nameless=not named)


def _sheets(path: Path) -> dict[str, list[Cells]]:
    """Return the sheets that hold anything, without the empty rows and columns at their edges."""
    import python_calamine  # only few people bring a spreadsheet

    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        found = {name: list(_rows(book.get_sheet_by_name(name))) for name in book.sheet_names}
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise UserError(f"{path.name} is not a spreadsheet that can be read: {error}.") from None
    found = {name: rows for name, rows in found.items() if any(map(any, rows))}
    if not found:
        raise UserError(f"{path.name} is empty; expected a table of texts and labels.")
    return {name: _trimmed(rows) for name, rows in found.items()}


def _rows(sheet: object) -> Iterator[Cells]:
    for row in sheet.to_python(skip_empty_area=True):  # type: ignore[attr-defined] # python_calamine has no types
        yield [_as_text(cell) for cell in row]


def _trimmed(rows: list[Cells]) -> list[Cells]:
    """Leave out titles above the table: lines of one cell in front of the first line of several."""
    first = next((i for i, row in enumerate(rows) if sum(map(bool, row)) > 1), 0)
    return rows[first:]


def _holds_texts(rows: list[Cells]) -> bool:
    columns = _look(rows)
    return any(look.reads_like_text for look in columns) and any(look.repeats for look in columns)


def _look(rows: list[Cells]) -> list[ColumnLook]:
    """Look at the cells of each column, the first row's left out."""
    columns = [ColumnLook() for _ in rows[0]]
    for row in rows[1:]:
        for cell, look in zip(row, columns, strict=False):
            look.add(cell, kept=len(look.cells) < 1000)
    return columns


def _as_text(cell: object) -> str:
    """Return a cell as text: whole numbers without a fraction, dates as ISO 8601 writes them."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime) and not (cell.hour or cell.minute or cell.second):
        return cell.date().isoformat()
    return (
        cell.isoformat(" ") if isinstance(cell, datetime) else str(cell) if not isinstance(cell, date) else f"{cell}"
    )
