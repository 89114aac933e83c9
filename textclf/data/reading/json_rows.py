"""Reading JSON: one row a line (JSON Lines), or one document; column types are found by looking at all values."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import pyarrow as pa

from ...errors import UserError
from .annotation_exports import LABEL, Export, find_export
from .encodings import TextFile
from .headers import NAMES_LABELS, ColumnLook, has_names, made_names
from .json_shapes import find_rows
from .other_tasks import refuse_several_answers
from .tables import LINE_COLUMN, ROWS_PER_BATCH, SPLIT_COLUMN, Fault, Reading, ReadOptions


class JsonRow(NamedTuple):
    """A row as JSON gives it, with the line (or the position in its list) where it stands, and its split."""

    number: int
    cells: Any
    split: str = ""


PLAIN = {"text": pa.string(), "whole number": pa.int64(), "number": pa.float64(), "true/false": pa.bool_()}
ARROW_TYPES: dict[frozenset[str], pa.DataType] = {
    **{frozenset({kind}): arrow_type for kind, arrow_type in PLAIN.items()},
    frozenset({"whole number", "number"}): pa.float64(),
    frozenset({"empty list"}): pa.list_(pa.string()),
    **{frozenset({f"list of {kind}"}): pa.list_(arrow_type) for kind, arrow_type in PLAIN.items()},
    **{frozenset({"empty list", f"list of {kind}"}): pa.list_(arrow_type) for kind, arrow_type in PLAIN.items()},
}
MOST_COLUMNS = 100  # of an object in objects; more are keys that hold facts themselves
LONG_WORD = 20  # characters; of one that is no word but a text without spaces
SAMPLE = 200  # rows that show which tool wrote a file, or what is in lists without names


def read_json_lines(file: TextFile, options: ReadOptions) -> Reading:
    """Read one JSON object (or list of cells) a line, in two passes: the first finds the columns and their types."""
    faults: list[Fault] = []
    list(_lines(file, faults))
    return _reading(file, lambda: _lines(file, []), options, (faults, "line", []))


def read_json(file: TextFile, options: ReadOptions) -> Reading:
    """Read a JSON document: a list of rows, or any of the objects around rows that `json_shapes` knows."""
    with file.open() as opened:
        written = opened.read()
    try:
        content = json.loads(written)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":  # one object a line, under the wrong name
            return read_json_lines(file, options)
        raise UserError(f"{file.name}, line {error.lineno}: not valid JSON: {error.msg}.") from None
    except RecursionError:
        raise UserError(f"{file.name} nests lists too deeply; expected rows: [{{...}}, {{...}}].") from None
    notes: list[str] = []
    rows, faults, number = [], [], 0
    for part in find_rows(content, file.name, notes):
        for cells in part.rows:
            number += 1
            if isinstance(cells, dict) or (isinstance(cells, list) and cells):
                rows.append(JsonRow(number, cells, part.split))
            else:
                faults.append(Fault(number, "not a JSON object"))
    return _reading(file, lambda: iter(rows), options, (faults, "row", notes))


def _lines(file: TextFile, faults: list[Fault]) -> Iterator[JsonRow]:
    with file.open() as opened:
        for number, line in enumerate(opened, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (json.JSONDecodeError, RecursionError) as error:
                said = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
                faults.append(Fault(number, f"not valid JSON: {said}"))
                continue
            if isinstance(row, dict) or (isinstance(row, list) and row and not isinstance(row[0], dict)):
                yield JsonRow(number, row)
            else:
                faults.append(Fault(number, "not a JSON object"))


def _reading(
    file: TextFile,
    source: Callable[[], Iterator[JsonRow]],
    options: ReadOptions,
    said: tuple[list[Fault], str, list[str]],
) -> Reading:
    """Return a reading of rows that can be gone through more than once."""
    faults, unit, notes = said
    head = [row.cells for row in islice(source(), SAMPLE)]
    nameless = bool(head) and isinstance(head[0], list)
    objects = [row for row in head if isinstance(row, dict)]
    refuse_several_answers(objects, file.name, a_line=unit == "line")
    if nameless:
        source = _with_names(file, source, options, (faults, notes))
    elif export := find_export(objects):
        source = _exported(source, export)
        notes.append(f"{file.name} is read as {export.says}.")
    elif _answers_within(objects):
        source = _flattened(source)
        notes.append(f"{file.name} holds objects in objects; their cells are named like a.b.")
    reading = _typed(file, source, unit)
    reading.faults, reading.notes, reading.nameless = [*faults, *reading.faults], notes, nameless
    return reading


def _answers_within(rows: list[dict[str, Any]]) -> bool:
    """Say whether a row's text or its label lies in an inner object: the outer cells name not both of them.

    Objects under ever new keys (what each user voted) are left as they are, for their keys name no columns; so are
    cells of which some are objects and some are none, which are faults of their rows.
    """
    nested = {key for row in rows for key, value in row.items() if isinstance(value, dict)}
    plain = {key for row in rows for key, value in row.items() if value is not None and not isinstance(value, dict)}
    if not nested or nested & plain or len({name for row in rows for name in _flat(row)}) > MOST_COLUMNS:
        return False
    wordy = [key for key in plain if 2 * sum(_is_wordy(row.get(key)) for row in rows) > len(rows)]
    return not (wordy and any(map(NAMES_LABELS.fullmatch, plain)))


def _is_wordy(cell: Any) -> bool:
    return isinstance(cell, str) and (len(cell.split()) > 2 or len(cell) > LONG_WORD)


def _flat(cells: dict[str, Any], above: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in cells.items():
        found |= _flat(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}": value}
    return found


def _flattened(source: Callable[[], Iterator[JsonRow]]) -> Callable[[], Iterator[JsonRow]]:
    def rows() -> Iterator[JsonRow]:
        return (row._replace(cells=_flat(row.cells)) if isinstance(row.cells, dict) else row for row in source())

    return rows


def _exported(source: Callable[[], Iterator[JsonRow]], export: Export) -> Callable[[], Iterator[JsonRow]]:
    """Return plain rows; labels that are lists of one in every row are single labels."""

    def plain() -> Iterator[JsonRow]:
        return (JsonRow(row.number, cells, row.split) for row in source() for cells in export.plain(row.cells))

    lists = [row.cells.get(LABEL) for row in plain() if isinstance(row.cells.get(LABEL), list)]
    if not lists or any(len(each) != 1 for each in lists):
        return plain

    def single() -> Iterator[JsonRow]:
        for row in plain():
            labels = row.cells.get(LABEL)
            yield row._replace(cells={**row.cells, LABEL: labels[0] if isinstance(labels, list) else labels})

    return single


def _with_names(
    file: TextFile,
    source: Callable[[], Iterator[JsonRow]],
    options: ReadOptions,
    said: tuple[list[Fault], list[str]],
) -> Callable[[], Iterator[JsonRow]]:
    """Return rows that are lists of cells as objects, named by the first row or by what they hold."""
    faults, notes = said
    rows = [row for row in source() if isinstance(row.cells, list)]
    width = len(rows[0].cells)
    for row in source():
        if not isinstance(row.cells, list) or len(row.cells) != width:
            faults.append(Fault(row.number, f"expected a list of {width} cells as in the first row"))
    columns = [ColumnLook() for _ in range(width)]
    for number, row in enumerate(rows[1:]):
        for cell, look in zip(row.cells, columns, strict=False):
            look.add("" if cell is None else str(cell), kept=number < SAMPLE or number % 97 == 0)
    first = [str(cell) for cell in rows[0].cells]
    named = (
        not options.no_header if options.no_header is not None else bool(has_names(first, columns)) and len(rows) > 1
    )
    names = list(options.column_names) or (first if named else made_names(columns))
    if len(names) != width:
        raise UserError(f"--column_names gives {len(names)} names; the rows of {file.name} have {width} cells.")
    if not (named or options.column_names):
        notes.append(f"{file.name} does not name its cells; read as: {', '.join(names)}. --column_names names them.")

    def objects() -> Iterator[JsonRow]:
        for number, row in enumerate(source()):
            if not (named and number == 0) and isinstance(row.cells, list) and len(row.cells) == width:
                yield row._replace(cells=dict(zip(names, row.cells, strict=True)))

    return objects


def _typed(file: TextFile, source: Callable[[], Iterator[JsonRow]], unit: str) -> Reading:
    """Look at every value once: the columns in order of appearance, and for each the kinds of values it holds."""
    seen: dict[str, dict[str, int]] = {}  # column -> kind -> the first row that has it
    faults: list[Fault] = []
    splits = False
    for number, row, split in source():
        splits = splits or bool(split)
        if not isinstance(row, dict):
            faults.append(Fault(number, "not a JSON object"))
            continue
        for name, value in row.items():
            kinds = seen.setdefault(name, {})
            kind = _kind(value)
            if kind is not None and kind not in kinds:
                kinds[kind] = number
    if not seen:
        hint = "" if unit == "row" else " One list of all objects goes into a file that ends in .json."
        raise UserError(f"{file.name} holds no JSON objects; expected one a {unit}.{hint}")
    fields, mixed = [], {}
    for name, kinds in seen.items():
        arrow_type = ARROW_TYPES.get(frozenset(kinds)) if kinds else pa.string()
        if arrow_type is None and kinds:
            mixed[name] = ", ".join(f"{kind} on {unit} {number}" for kind, number in kinds.items())
        fields.append(pa.field(name, arrow_type or pa.string()))
    own = [pa.field(SPLIT_COLUMN, pa.string())] if splits else []
    schema = pa.schema([*fields, *own, pa.field(LINE_COLUMN, pa.int64())])
    rows = (row for row in source() if isinstance(row.cells, dict))
    return Reading(schema, _batches(rows, schema), faults, mixed=mixed, unit=unit)


def _kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "true/false"
    if isinstance(value, int):
        return "whole number" if -(2**63) <= value < 2**63 else "huge number"
    if isinstance(value, float):
        return None if math.isnan(value) else "number"  # NaN is how pandas writes that there is none
    if isinstance(value, list):
        inner = {kind for each in value if (kind := _kind(each)) is not None}  # a null among marks: not given
        return f"list of {inner.pop()}" if len(inner) == 1 else "list of several kinds" if inner else "empty list"
    return None if value is None else "object"


def _batches(rows: Iterator[JsonRow], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    columns = [(each.name, each.type) for each in schema if each.name not in (LINE_COLUMN, SPLIT_COLUMN)]
    while chunk := list(islice(rows, ROWS_PER_BATCH)):
        arrays = [_column([row.cells.get(name) for row in chunk], arrow_type) for name, arrow_type in columns]
        if SPLIT_COLUMN in schema.names:
            arrays.append(pa.array([row.split for row in chunk], pa.string()))
        arrays.append(pa.array([row.number for row in chunk], pa.int64()))
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _column(values: list[Any], arrow_type: pa.DataType) -> pa.Array:
    values = [_without_nan(value) for value in values]
    if arrow_type == pa.string():
        # Values of no type that a text or a label could have are kept as JSON; such a column stands in `mixed`.
        values = [v if v is None or isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in values]
    try:
        return pa.array(values, arrow_type)
    except UnicodeEncodeError:  # JSON may escape half a surrogate pair, which no UTF-8 can hold
        return pa.array([_mend(value) for value in values], arrow_type)


def _without_nan(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _mend(value: Any) -> Any:
    """Put U+FFFD in the place of lone surrogates."""
    if isinstance(value, list):
        return [_mend(each) for each in value]
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(value, str) else value
