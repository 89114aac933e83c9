"""Tables of several files, or of several parts of one, put below each other into splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ...errors import UserError
from .files import read_rows
from .raw_split import RawSplit, Segment, composed, is_string, with_composed_names
from .split_names import split_name
from .tables import SPLIT_COLUMN, ReadOptions


def from_files(
    paths: Sequence[Path],
    names: Sequence[str],
    skip_bad_rows: bool,
    options: ReadOptions = ReadOptions(),  # noqa: B008 - immutable
) -> RawSplit:
    """Read files into one split, in the given order; `names` are for messages.

    Raises:
        UserError: a file cannot be read, or a row cannot (unless they are skipped).
    """
    stored = [read_rows(path, options) for path in paths]
    for name, rows in zip(names, stored, strict=True):
        if rows.faults and not skip_bad_rows:
            line, reason = rows.faults[0]
            more = f" ({len(rows.faults)} such rows)" if len(rows.faults) > 1 else ""
            raise UserError(f"{name}, {rows.unit} {line}: {reason}{more}. --on_bad_row skip leaves such rows out.")
    mixed = {
        composed(column): f"{name}: {said}"
        for name, rows in zip(names, stored, strict=True)
        for column, said in rows.mixed.items()
    }
    declared = [_declared_features(rows.table.schema) for rows in stored]
    tables = [with_composed_names(rows.table) for rows in stored]
    features: Mapping[str, object] = {}
    said: list[str] = []
    if any(declared):
        from .declared_names import agree_on_names  # with `datasets`

        tables, features, said = agree_on_names(tables, declared, names)
    table = _joined(tables, names, mixed)
    return RawSplit(
        table,
        features,
        tuple(Segment(name, len(rows.table), rows.unit) for name, rows in zip(names, stored, strict=True)),
        mixed,
        sum(len(rows.faults) for rows in stored),
        (
            *_said_once([(path.name, note) for path, rows in zip(paths, stored, strict=True) for note in rows.notes]),
            *said,
        ),
    )


def _said_once(notes: Sequence[tuple[str, str]]) -> list[str]:
    """Return what is said of files, once for all of which the same is said."""
    alike: dict[str, list[str]] = {}
    for name, note in notes:
        alike.setdefault(note.replace(name, "\0"), []).append(name)
    said = {
        note: name if len(names) == 1 else f"{name} (and {len(names) - 1} more files)"
        for note, names in alike.items()
        for name in names[:1]
    }
    return [note.replace("\0", name) for note, name in said.items()]


def _joined(tables: Sequence[pa.Table], names: Sequence[str], mixed: dict[str, str]) -> pa.Table:
    """Put tables one below the other; a column whose types differ is kept as text, and cannot be used."""
    types: dict[str, dict[pa.DataType, str]] = {}  # column -> type -> the first file that has it
    for table, name in zip(tables, names, strict=True):
        for each in table.schema:
            if table[each.name].null_count < len(table):
                types.setdefault(each.name, {}).setdefault(each.type, name)
    for column, found in types.items():
        numbers = all(pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in found)
        texts = all(is_string(kind) for kind in found)
        if len(found) > 1 and not (numbers or texts):
            mixed.setdefault(composed(column), ", ".join(f"{kind} in {name}" for kind, name in found.items()))
            tables = [_as_text(table, column) for table in tables]
        else:
            tables = [_retyped(table, column, next(iter(found))) for table in tables]
    return pa.concat_tables(tables, promote_options="permissive")


def _as_text(table: pa.Table, column: str) -> pa.Table:
    if column not in table.column_names or is_string(table[column].type):
        return table
    cells = [None if cell is None else str(cell) for cell in table[column].to_pylist()]
    return table.set_column(table.column_names.index(column), column, pa.array(cells, pa.string()))


def _retyped(table: pa.Table, column: str, kind: pa.DataType) -> pa.Table:
    """Give a column that holds nothing the type that it has in other files."""
    if column not in table.column_names or table[column].type == kind or table[column].null_count < len(table):
        return table
    return table.set_column(table.column_names.index(column), column, pa.nulls(len(table), kind))


def by_split_column(raw: RawSplit) -> dict[str, RawSplit]:
    """Take apart the rows of a file that files them by split; parts that name the same split are one."""
    if SPLIT_COLUMN not in raw.table.column_names:
        return {"train": raw}
    said = raw.table[SPLIT_COLUMN]
    names: dict[str, list[str]] = {}
    for name in said.unique().to_pylist():
        names.setdefault(split_name(name) or name, []).append(name)
    parts = {}
    for number, (split, ours) in enumerate(names.items()):
        table = raw.table.filter(pc.is_in(said, pa.array(ours)))
        segment = raw.segments[0]._replace(rows=len(table))
        first = number == 0
        parts[split] = replace(
            raw,
            table=table,
            segments=(segment,),
            notes=raw.notes if first else (),
            unreadable=raw.unreadable if first else 0,
        )
    return parts


def joined_splits(splits: Sequence[RawSplit]) -> RawSplit:
    """Put raw splits one below the other, as `from_files` does with files."""
    if len(splits) == 1:
        return splits[0]
    mixed = {column: said for each in splits for column, said in each.mixed.items()}
    table = _joined([each.table for each in splits], [each.segments[0].name for each in splits], mixed)
    segments = tuple(segment for each in splits for segment in each.segments)
    notes = tuple(dict.fromkeys(note for each in splits for note in each.notes))
    return RawSplit(table, splits[0].features, segments, mixed, sum(each.unreadable for each in splits), notes)


def _declared_features(schema: pa.Schema) -> dict[str, object]:
    """Return the features that `datasets` wrote into a Parquet file's schema; other files declare none."""
    if not schema.metadata or b"huggingface" not in schema.metadata:
        return {}
    import datasets

    return {composed(name): feature for name, feature in datasets.Features.from_arrow_schema(schema).items()}
