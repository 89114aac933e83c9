"""Reading CSV and TSV: every cell stays the text it is, every row knows the line it starts on."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Literal

import pyarrow as pa

from ...errors import UserError
from .tables import LINE_COLUMN, Fault, Reading, check_utf8

ROWS_PER_BATCH = 10_000
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars (|)"}
QUOTED = re.compile(r'"[^"]*"')  # a name may hold what separates others: "text (a, b)";label
Quoting = Literal[0, 3]  # csv.QUOTE_MINIMAL, csv.QUOTE_NONE
# The csv module refuses cells beyond 131,072 characters; whole documents are longer. The limit is a C long.
LONGEST_CELL = 2**31 - 1
UNCLOSED = "a quote opens here and is never closed"


def read_csv(path: Path) -> Reading:
    """Read a file of comma-separated values (RFC 4180); semicolons, tabs and bars are understood from the header.

    Cells are never taken for numbers or for missing values: `NA`, `null` and `007` stay what they are.
    """
    check_utf8(path)
    with _open(path) as file:
        header = QUOTED.sub("", file.readline())
    delimiter = max(DELIMITERS, key=header.count)  # a comma wins a tie
    reading = _read(path, delimiter)
    if delimiter != ",":
        reading.notes.append(f"{path.name}: columns are separated by {DELIMITERS[delimiter]}.")
    return reading


def read_tsv(path: Path) -> Reading:
    """Read a file of tab-separated values; where quotes do not pair up, they are read as plain characters."""
    check_utf8(path)
    if not any(_is_quote_fault(fault) for fault in _faults(path, "\t", csv.QUOTE_MINIMAL)):
        return _read(path, "\t")
    reading = _read(path, "\t", csv.QUOTE_NONE)
    reading.notes.append(f"{path.name}: quotes do not pair up and are read as plain characters.")
    return reading


def _open(path: Path) -> IO[str]:
    return path.open(encoding="utf-8-sig", newline="")  # -sig: a byte order mark is no part of the first name


def _read(path: Path, delimiter: str, quoting: Quoting = csv.QUOTE_MINIMAL) -> Reading:
    names = _header(path, delimiter, quoting)
    schema = pa.schema([*(pa.field(name, pa.string()) for name in names), pa.field(LINE_COLUMN, pa.int64())])
    reading = Reading(schema, iter(()))

    def batches() -> Iterator[pa.RecordBatch]:
        rows = _rows(path, delimiter, quoting, reading.faults)
        while chunk := list(islice(rows, ROWS_PER_BATCH)):
            columns = zip(*chunk, strict=True)
            arrays = [pa.array(cells, each.type) for cells, each in zip(columns, schema, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)
        if reading.faults and reading.faults[-1].reason == UNCLOSED:  # it swallowed the rest: never to be skipped
            raise UserError(f"{path.name}, line {reading.faults[-1].line}: {UNCLOSED}.")

    reading.batches = batches()
    return reading


def _header(path: Path, delimiter: str, quoting: Quoting) -> list[str]:
    csv.field_size_limit(LONGEST_CELL)
    with _open(path) as file:
        try:
            names = next(iter(csv.reader(file, delimiter=delimiter, quoting=quoting, strict=True)), [])
        except csv.Error as error:
            raise UserError(f"{path.name}, line 1: the column names cannot be read: {error}.") from None
    names = [name.strip() for name in names]
    if not any(names):
        raise UserError(f"{path.name}: expected column names on line 1; found an empty line.")
    # Files that pandas wrote have an index column without a name.
    names = [name or f"column_{number}" for number, name in enumerate(names, start=1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"{path.name}: column names must differ from each other; found twice: {', '.join(twice)}.")
    return names


def _rows(path: Path, delimiter: str, quoting: Quoting, faults: list[Fault]) -> Iterator[list[str | int]]:
    """Yield each row's cells and its line; rows that cannot be read go to `faults`."""
    csv.field_size_limit(LONGEST_CELL)
    with _open(path) as file:
        reader = csv.reader(file, delimiter=delimiter, quoting=quoting, strict=True)
        width = len(next(reader))
        while True:
            line = reader.line_num + 1
            try:
                cells: list[str | int] = [*next(reader)]
            except StopIteration:
                return
            except csv.Error as error:
                faults.append(Fault(line, _quote_reason(str(error))))
                continue
            if len(cells) == width:
                cells.append(line)
                yield cells
            elif cells:  # an empty line is no row
                faults.append(Fault(line, f"expected {width} columns, found {len(cells)}"))


def _faults(path: Path, delimiter: str, quoting: Quoting) -> list[Fault]:
    faults: list[Fault] = []
    for _ in _rows(path, delimiter, quoting, faults):
        pass
    return faults


def _quote_reason(message: str) -> str:
    if message == "unexpected end of data":
        return UNCLOSED
    return 'a quote inside a quoted cell must be doubled ("")'


def _is_quote_fault(fault: Fault) -> bool:
    return "quote" in fault.reason
