"""Writing rows with their labels as CSV, TSV, JSON Lines or Parquet, and reading the texts of such a file again."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

FORMATS = ("csv", "tsv", "jsonl", "parquet")
_SUFFIXES = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
_DELIMITERS = {"csv": ",", "tsv": "\t"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what spreadsheets run (OWASP, CSV injection)


def format_of(path: Path) -> str | None:
    """Return the format that a file's name ends in, None for a folder's name."""
    return _SUFFIXES.get(path.suffix.lower())


class Writer(Protocol):
    """Takes tables of rows, in order."""

    def write(self, table: pa.Table) -> None:
        """Write rows."""

    def close(self) -> None:
        """Complete the file."""


def open_writer(path: Path, kind: str, schema: pa.Schema, cell: Callable[[str], str]) -> Writer:
    """Open a file for rows of a schema; `cell` may change a CSV cell (formulas)."""
    if kind == "parquet":
        return _ParquetRows(path, schema)
    if kind == "jsonl":
        return _JsonLines(path, schema)
    return _Delimited(path, schema, _DELIMITERS[kind], cell)


class _Delimited:
    def __init__(self, path: Path, schema: pa.Schema, delimiter: str, cell: Callable[[str], str]) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file, delimiter=delimiter, lineterminator="\n")
        self._rows.writerow(schema.names)
        self._cell = cell

    def write(self, table: pa.Table) -> None:
        columns = [[self._cell(as_cell(value)) for value in column.to_pylist()] for column in table.columns]
        self._rows.writerows(zip(*columns, strict=True))

    def close(self) -> None:
        self._file.close()


class _JsonLines:
    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._nested = [field.name for field in schema if (field.metadata or {}).get(b"json") == b"1"]

    def write(self, table: pa.Table) -> None:
        for row in table.to_pylist():
            for name in self._nested:
                row[name] = _opened(row[name])
            self._file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")

    def close(self) -> None:
        self._file.close()


class _ParquetRows:
    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._file = pq.ParquetWriter(path, schema, compression="zstd")
        self._schema, self._rows = schema, 0
        self._held: list[pa.Table] = []

    def write(self, table: pa.Table) -> None:
        self._held.append(table.cast(self._schema))
        self._rows += len(table)
        if self._rows >= 20_000:  # a row group large enough to be read quickly, small enough to be held
            self._flush()

    def close(self) -> None:
        if self._held:
            self._flush()
        self._file.close()

    def _flush(self) -> None:
        self._file.write_table(pa.concat_tables(self._held))
        self._held, self._rows = [], 0


def as_cell(value: Any) -> str:  # Any: whatever a row holds
    """Return a value as the cell of a CSV file: lists and objects as JSON, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def is_formula(cell: str) -> bool:
    """Say whether a spreadsheet would run a cell: it begins like a formula, and is no number."""
    if not cell.startswith(_FORMULA):
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False


def join_parts(parts: Sequence[Path], path: Path, kind: str, names: Sequence[str]) -> None:
    """Write one file that holds the rows of several, in order; `names` are those of their columns."""
    if kind == "parquet":
        with pq.ParquetWriter(path, pq.read_schema(parts[0]), compression="zstd") as joined:
            for part in parts:
                file = pq.ParquetFile(part)
                for group in range(file.num_row_groups):
                    joined.write_table(file.read_row_group(group))
        return
    header = 0  # bytes; the joined file has the first part's alone
    with path.open("wb") as whole:
        for part in parts:
            with part.open("rb") as rows:
                rows.seek(header)
                shutil.copyfileobj(rows, whole, 1 << 20)
            header = _header_bytes(kind, names)


def _header_bytes(kind: str, names: Sequence[str]) -> int:
    if kind not in _DELIMITERS:
        return 0
    text = io.StringIO()
    csv.writer(text, delimiter=_DELIMITERS[kind], lineterminator="\n").writerow(names)
    return len(text.getvalue().encode())


def read_cells(path: Path, kind: str, names: Sequence[str]) -> Iterator[list[str]]:
    """Yield the cells of some columns of a written file, row after row, as CSV has them."""
    if kind == "parquet":
        for batch in pq.ParquetFile(path).iter_batches(columns=list(names)):
            for row in batch.to_pylist():
                yield [as_cell(row[name]) for name in names]
    elif kind == "jsonl":
        with path.open(encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                yield [as_cell(row[name]) for name in names]
    else:
        csv.field_size_limit(2**31 - 1)
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file, delimiter=_DELIMITERS[kind])
            places = [next(rows).index(name) for name in names]
            for cells in rows:
                yield [cells[place] for place in places]


def _opened(value: Any) -> Any:  # Any: a cell that may hold JSON text
    """Return an object or a list that was kept as JSON text as what it was."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
