"""What every reader of a file is told, and what it hands back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal, NamedTuple

import pyarrow as pa

# Beside a file's own columns: where each row starts (see `Reading.unit`), for messages; and the split that a file of
# several gives it.
LINE_COLUMN = "__line__"
SPLIT_COLUMN = "__split__"
OWN_COLUMNS = (LINE_COLUMN, SPLIT_COLUMN)
ROWS_PER_BATCH = 10_000


class ReadOptions(NamedTuple):
    """What the user says about files; what is not said is found out from each file."""

    encoding: str | None = None
    no_header: bool | None = None
    column_names: tuple[str, ...] = ()
    quotes: Literal["auto", "csv", "plain"] = "auto"
    lines: bool = False
    """Whether each line is one text, whatever stands in it: known from how a file's neighbours are called."""
    kept_whole: bool = False
    """Whether cells that are objects stay so where a text stands beside them: whoever writes the rows out again."""


class Fault(NamedTuple):
    """A row that cannot be read: the line on which it starts, and why."""

    line: int
    reason: str


@dataclass
class Reading:
    """A file's rows in the making; `faults`, `notes` and `mixed` are complete once `batches` is used up."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    mixed: dict[str, str] = field(default_factory=dict)
    unit: str = "line"
    """What the numbers of rows count, in faults and in `LINE_COLUMN`: lines of the file, or its rows."""
    nameless: bool = False
    """Whether the file names no columns, so that their names were made here."""


def text_columns(names: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]]) -> Reading:
    """Return a reading of rows of text, each with its line."""
    schema = pa.schema([*(pa.field(name, pa.string()) for name in names), pa.field(LINE_COLUMN, pa.int64())])
    return Reading(schema, _batches(schema, iter(rows)))


def _batches(schema: pa.Schema, rows: Iterator[tuple[int, Sequence[str]]]) -> Iterator[pa.RecordBatch]:
    while chunk := list(islice(rows, ROWS_PER_BATCH)):
        columns = [*zip(*(cells for _, cells in chunk), strict=True), [line for line, _ in chunk]]
        arrays = [pa.array(cells, each.type) for cells, each in zip(columns, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)
