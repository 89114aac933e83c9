"""Reading JSON: one row a line (JSON Lines), or one document, however the rows are wrapped and named."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from ...errors import UserError
from .annotation_exports import Export, find_export
from .column_look import ColumnLook
from .encodings import TextFile
from .headers import name_columns
from .json_columns import JsonRow, typed
from .json_shapes import find_rows
from .nested_rows import SAMPLE, answers_within, flat
from .other_kinds import in_code, in_shell
from .other_tasks import refuse_several_answers
from .tables import Fault, Reading, ReadOptions


def read_json_lines(file: TextFile, options: ReadOptions) -> Reading:
    """Read one JSON object (or list of cells) a line, in two passes: the first finds the columns and their types."""
    with file.open() as opened:
        first = next((line.strip() for line in opened if line.strip()), "")
    if first in {"[", "{"}:  # of one document, or of objects on several lines each
        return read_json(file, options)
    _refuse_python(file, first)
    faults: list[Fault] = []
    list(_lines(file, faults))
    return read_objects(file, lambda: _lines(file, []), options, (faults, "line", []))


def read_json(file: TextFile, options: ReadOptions) -> Reading:
    """Read a JSON document: a list of rows, or any of the objects around rows that `json_shapes` knows."""
    with file.open() as opened:
        written = opened.read()
    try:
        content = json.loads(written)
    except json.JSONDecodeError as error:
        first = written.lstrip().partition("\n")[0].strip()
        if error.msg == "Extra data" and not first.endswith(("{", "[", ",")):  # an object a line, under another name
            return read_json_lines(file, options)
        content = _one_behind_the_other(written)
        if content is None:
            _refuse_python(file, written[:100])
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
    return read_objects(file, lambda: iter(rows), options, (faults, "row", notes))


def _one_behind_the_other(written: str) -> list[Any] | None:
    """Return objects that follow each other without anything between them, or None where something else does."""
    decoder, rows, place = json.JSONDecoder(), [], 0
    written = written.strip()
    while place < len(written):
        try:
            row, place = decoder.raw_decode(written, place)
        except (json.JSONDecodeError, RecursionError):
            return None
        rows.append(row)
        place += len(written[place : place + 100]) - len(written[place : place + 100].lstrip())
    return rows


def _refuse_python(file: TextFile, written: str) -> None:
    if re.match(r"\s*(\[\s*)?\{\s*'", written):
        opened = f"open({in_code(file.path)}, encoding='{file.encoding}')"
        rows = (
            f"ast.literal_eval({opened}.read())" if written.lstrip()[0] == "[" else f"map(ast.literal_eval, {opened})"
        )
        raise UserError(
            f"{file.name} is written as Python writes dictionaries, which is no JSON. Make JSON lines of it: "
            f'`python -c "import ast, json; [print(json.dumps(row)) for row in {rows}]" > '
            f"{in_shell(file.path.with_suffix('.jsonl'))}`."
        )


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
            if number == 1 and type(row) is int:  # how many lines follow, as contests write it
                continue
            if isinstance(row, dict) or (isinstance(row, list) and row and not isinstance(row[0], dict)):
                yield JsonRow(number, row)
            else:
                faults.append(Fault(number, "not a JSON object"))


def read_objects(
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
    refuse_several_answers(objects, file.path, a_line=unit == "line")
    if nameless:
        source = _with_names(file, source, options, (faults, notes))
    elif export := find_export(objects):
        source = _exported(source, export)
        objects = [cells for row in objects for cells in export.plain(row)]
        notes.append(f"{file.name} is read as {export.says}.")
    if answers_within(objects, options.kept_whole):
        source = _flattened(source)
        notes.append(f"{file.name} holds objects in objects; their cells are named like a.b.")
    reading = typed(file, source, unit)
    reading.faults, reading.notes, reading.nameless = [*faults, *reading.faults], notes, nameless
    return reading


def _flattened(source: Callable[[], Iterator[JsonRow]]) -> Callable[[], Iterator[JsonRow]]:
    def rows() -> Iterator[JsonRow]:
        return (row._replace(cells=flat(row.cells)) if isinstance(row.cells, dict) else row for row in source())

    return rows


def _exported(source: Callable[[], Iterator[JsonRow]], export: Export) -> Callable[[], Iterator[JsonRow]]:
    """Return plain rows; labels that are lists of one in every row are single labels."""

    def plain() -> Iterator[JsonRow]:
        return (JsonRow(row.number, cells, row.split) for row in source() for cells in export.plain(row.cells))

    sizes: dict[str, set[int]] = {}
    for row in plain():
        for key in export.lists:
            if isinstance(row.cells.get(key), list):
                sizes.setdefault(key, set()).add(len(row.cells[key]))
    ones = [key for key, found in sizes.items() if found == {1}]

    def single() -> Iterator[JsonRow]:
        for row in plain():
            alone = {key: row.cells[key][0] for key in ones if isinstance(row.cells.get(key), list)}
            yield row._replace(cells={**row.cells, **alone})

    return single if ones else plain


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
    header = name_columns(file.name, first, columns, options, doubtful=False)
    names, named = header.names, header.in_first_row and len(rows) > 1
    notes += header.notes

    def objects() -> Iterator[JsonRow]:
        for number, row in enumerate(source()):
            if not (named and number == 0) and isinstance(row.cells, list) and len(row.cells) == width:
                yield row._replace(cells=dict(zip(names, row.cells, strict=True)))

    return objects
