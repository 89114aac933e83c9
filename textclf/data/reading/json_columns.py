"""The columns of rows of JSON: their types are found by looking at all values, and values that fit none are told."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import pyarrow as pa

from ...errors import UserError
from .encodings import TextFile
from .tables import LINE_COLUMN, ROWS_PER_BATCH, SPLIT_COLUMN, Fault, Reading


class JsonRow(NamedTuple):
    """A row as JSON gives it, with the line (or the position in its list) where it stands, and its split."""

    number: int
    cells: Any
    split: str = ""


PLAIN = {"text": pa.string(), "whole number": pa.int64(), "number": pa.float64(), "true/false": pa.bool_()}
STRETCH = "stretch of text"
ARROW_TYPES: dict[frozenset[str], pa.DataType] = {
    **{frozenset({kind}): arrow_type for kind, arrow_type in PLAIN.items()},
    frozenset({"whole number", "number"}): pa.float64(),
    frozenset({"empty list"}): pa.list_(pa.string()),
    **{frozenset({f"list of {kind}"}): pa.list_(arrow_type) for kind, arrow_type in PLAIN.items()},
    **{frozenset({"empty list", f"list of {kind}"}): pa.list_(arrow_type) for kind, arrow_type in PLAIN.items()},
}


def typed(file: TextFile, source: Callable[[], Iterator[JsonRow]], unit: str) -> Reading:
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
    if _is_stretch(value):
        return STRETCH
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


def _is_stretch(value: Any) -> bool:
    """Say whether a value marks a part of a text: where it starts, where it ends and what it is."""
    if isinstance(value, dict):
        return {"start", "end"} <= value.keys() or {"start_offset", "end_offset"} <= value.keys()
    return isinstance(value, list) and [type(each) for each in value] == [int, int, str]


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
