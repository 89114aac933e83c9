"""One pass over a table: how wide its rows are, what its columns look like, which rows its quotes may have joined."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from .column_look import ROWS_KEPT, ColumnLook
from .encodings import TextFile
from .records import Dialect, Record, records

STRIDE = 97  # beyond the first rows, each so manieth is looked at: labels may be sorted


@dataclass
class TableLook:
    """What one pass over a file finds, without keeping its rows."""

    first: list[str] = field(default_factory=list)
    sizes: Counter[int] = field(default_factory=Counter)
    columns: list[ColumnLook] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    joined: list[Record] = field(default_factory=list)
    """Rows of several lines, each of which could be a row of its own."""

    @property
    def width(self) -> int:
        """Return the most frequent number of cells in a row."""
        return self.sizes.most_common(1)[0][0] if self.sizes else len(self.first)


def look_over(file: TextFile, dialect: Dialect) -> TableLook:
    """Go over all rows once."""
    look = TableLook()
    for number, record in enumerate(records(file, dialect)):
        if record.error:
            look.errors.append(record.error)
            continue
        if number == 0:
            look.first = record.cells
            continue
        look.sizes[len(record.cells)] += 1
        if not look.columns:
            look.columns = [ColumnLook() for _ in record.cells]
        if len(record.cells) != len(look.columns):
            continue
        if len(record.lines) > 1 and _could_be_rows(record, dialect):
            look.joined.append(record)
            continue
        kept = number <= ROWS_KEPT or number % STRIDE == 0
        for cell, column in zip(record.cells, look.columns, strict=True):
            column.add(cell, kept)
    return look


def _could_be_rows(record: Record, dialect: Dialect) -> bool:
    return all(len(cells) == len(record.cells) for cells in _cut(record, dialect))


def _cut(record: Record, dialect: Dialect) -> list[list[str]]:
    return [line.rstrip("\r\n").split(dialect.long or dialect.delimiter) for line in record.lines]


def joined_by_quotes(look: TableLook, dialect: Dialect) -> set[int]:
    """Return the lines of rows whose quotes join rows: each of their lines has a label that other rows have too."""
    labels = [j for j, column in enumerate(look.columns) if column.repeats]
    found = set()
    for record in look.joined:
        cut = _cut(record, dialect)
        if labels and all(cells[j].strip(' "') in (look.columns[j].values or ()) for cells in cut for j in labels):
            found.add(record.line)
    return found
