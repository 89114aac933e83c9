"""Reading JSON: one object a line (JSON Lines), or one list of objects; column types are found by looking at all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from ...errors import UserError
from .tables import LINE_COLUMN, Fault, Reading, check_utf8

ROWS_PER_BATCH = 10_000
# A row as JSON gives it, with the line (or the position in the list) where it stands.
NumberedRow = tuple[int, dict[str, Any]]

PLAIN = {"text": pa.string(), "whole number": pa.int64(), "number": pa.float64(), "true/false": pa.bool_()}
ARROW_TYPES: dict[frozenset[str], pa.DataType] = {
    **{frozenset({kind}): arrow_type for kind, arrow_type in PLAIN.items()},
    frozenset({"whole number", "number"}): pa.float64(),
    frozenset({"empty list"}): pa.list_(pa.string()),
    **{frozenset({f"list of {kind}"}): pa.list_(arrow_type) for kind, arrow_type in PLAIN.items()},
    **{frozenset({"empty list", f"list of {kind}"}): pa.list_(arrow_type) for kind, arrow_type in PLAIN.items()},
}


def read_json_lines(path: Path) -> Reading:
    """Read one JSON object a line, in two passes: the first finds the columns and their types."""
    check_utf8(path)
    faults: list[Fault] = []
    reading = _typed(path, _lines(path, faults))
    reading.faults += faults
    reading.batches = _batches(_lines(path, []), reading)
    return reading


def read_json(path: Path) -> Reading:
    """Read a JSON list of objects, alone or as the only list in an object (`{"data": [...]}`)."""
    check_utf8(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":  # one object a line, under the wrong name
            return read_json_lines(path)
        raise UserError(f"{path.name}, line {error.lineno}: not valid JSON: {error.msg}.") from None
    if isinstance(content, dict):
        lists = [value for value in content.values() if isinstance(value, list)]
        content = lists[0] if len(lists) == 1 else [content] if not lists else None
    if not isinstance(content, list):
        raise UserError(f"{path.name} must hold a list of objects, one a row: [{{...}}, {{...}}].")
    faults = [Fault(i, "not a JSON object") for i, row in enumerate(content, start=1) if not isinstance(row, dict)]
    rows = [(i, row) for i, row in enumerate(content, start=1) if isinstance(row, dict)]
    reading = _typed(path, rows, "row")
    reading.faults += faults
    reading.batches = _batches(rows, reading)
    return reading


def _lines(path: Path, faults: list[Fault]) -> Iterator[NumberedRow]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                faults.append(Fault(number, f"not valid JSON: {error.msg}"))
                continue
            if isinstance(row, dict):
                yield number, row
            else:
                faults.append(Fault(number, "not a JSON object"))


def _typed(path: Path, rows: Iterable[NumberedRow], unit: str = "line") -> Reading:
    """Look at every value once: the columns in order of appearance, and for each the kinds of values it holds."""
    seen: dict[str, dict[str, int]] = {}  # column -> kind -> the first row that has it
    for number, row in rows:
        for name, value in row.items():
            kinds = seen.setdefault(name, {})
            kind = _kind(value)
            if kind is not None and kind not in kinds:
                kinds[kind] = number
    if not seen:
        hint = "" if unit == "row" else " One list of all objects goes into a file that ends in .json."
        raise UserError(f"{path.name} holds no JSON objects; expected one a {unit}.{hint}")
    fields, mixed = [], {}
    for name, kinds in seen.items():
        arrow_type = ARROW_TYPES.get(frozenset(kinds)) if kinds else pa.string()
        if arrow_type is None and kinds:
            mixed[name] = ", ".join(f"{kind} on {unit} {number}" for kind, number in kinds.items())
        fields.append(pa.field(name, arrow_type or pa.string()))
    schema = pa.schema([*fields, pa.field(LINE_COLUMN, pa.int64())])
    return Reading(schema, iter(()), mixed=mixed, unit=unit)


def _kind(value: Any) -> str | None:  # Any: whatever JSON holds
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "true/false"
    if isinstance(value, int):
        return "whole number" if -(2**63) <= value < 2**63 else "huge number"
    if isinstance(value, float):
        return "number"
    if isinstance(value, list):
        inner = {_kind(each) for each in value}
        return f"list of {inner.pop()}" if len(inner) == 1 else "list of several kinds" if inner else "empty list"
    return None if value is None else "object"


def _batches(rows: Iterable[NumberedRow], reading: Reading) -> Iterator[pa.RecordBatch]:
    rest = iter(rows)
    columns = [(each.name, each.type) for each in reading.schema if each.name != LINE_COLUMN]
    while chunk := list(islice(rest, ROWS_PER_BATCH)):
        arrays = [_column([row.get(name) for _, row in chunk], arrow_type) for name, arrow_type in columns]
        arrays.append(pa.array([number for number, _ in chunk], pa.int64()))
        yield pa.RecordBatch.from_arrays(arrays, schema=reading.schema)


def _column(values: list[Any], arrow_type: pa.DataType) -> pa.Array:
    if arrow_type == pa.string():
        # Values of no type that a text or a label could have are kept as JSON; such a column stands in `mixed`.
        values = [v if v is None or isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in values]
    try:
        return pa.array(values, arrow_type)
    except UnicodeEncodeError:  # JSON may escape half a surrogate pair, which no UTF-8 can hold
        return pa.array([_mend(value) for value in values], arrow_type)


def _mend(value: Any) -> Any:  # Any: a text, a list of texts, or nothing
    """Put U+FFFD in the place of lone surrogates."""
    if isinstance(value, list):
        return [_mend(each) for each in value]
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(value, str) else value
