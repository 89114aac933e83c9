"""A split as its source gives it: any columns, memory-mapped, every row with a place to name in a message."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...errors import UserError
from .files import read_rows
from .split_names import split_name
from .tables import LINE_COLUMN, OWN_COLUMNS, SPLIT_COLUMN, ReadOptions

if TYPE_CHECKING:
    import datasets  # a second and a half to load, and most sources are plain files


class Segment(NamedTuple):
    """A stretch of a split's rows that comes from one file (or from one split of the source)."""

    name: str
    rows: int
    unit: str = "row"
    """What a row's number counts: lines, or rows."""


@dataclass(frozen=True)
class RawSplit:
    """A split before anything is known about its columns."""

    table: pa.Table
    features: Mapping[str, object] = field(default_factory=dict)
    """Declared `datasets` features, where there are any: `ClassLabel` names live here."""
    segments: tuple[Segment, ...] = ()
    mixed: Mapping[str, str] = field(default_factory=dict)
    """Column -> where its values change type, or are of none that a text or a label could have (JSON only)."""
    unreadable: int = 0
    """Rows of its files that cannot be read and were skipped."""
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Return the names of the columns that are the data's own."""
        return [name for name in self.table.column_names if name not in OWN_COLUMNS]

    def select(self, keep: NDArray[np.bool_]) -> RawSplit:
        """Return the rows where `keep` (bool [N]) is true, each still known by its place; they are copied."""
        table = self.table
        if LINE_COLUMN not in table.column_names:
            numbers = [np.arange(1, each.rows + 1) for each in self.segments] or [np.arange(1, len(table) + 1)]
            table = table.append_column(LINE_COLUMN, pa.array(np.concatenate(numbers)))
        ends = np.cumsum([each.rows for each in self.segments], dtype=np.int64)
        kept = [int(keep[end - each.rows : end].sum()) for each, end in zip(self.segments, ends, strict=True)]
        segments = tuple(each._replace(rows=rows) for each, rows in zip(self.segments, kept, strict=True))
        return replace(self, table=table.filter(pa.array(keep)), segments=segments, unreadable=0, notes=())

    def place(self, row: int) -> str:
        """Say where a row stands: file and line, or file and row number."""
        first = 0
        for segment in self.segments:
            if row < first + segment.rows:
                number = row - first + 1
                if LINE_COLUMN in self.table.column_names:
                    number = self.table[LINE_COLUMN][row].as_py() or number
                return f"{segment.name}, {segment.unit} {number}"
            first += segment.rows
        return f"row {row + 1}"


def composed(name: str) -> str:
    """Return a name in Unicode's composed form (NFC): Korean ones come decomposed from some systems."""
    return unicodedata.normalize("NFC", name)


def _with_composed_names(table: pa.Table) -> pa.Table:
    return table.rename_columns([composed(name) for name in table.column_names])


def is_class_label(feature: object) -> TypeGuard[datasets.ClassLabel]:
    """Say whether a declared feature names its ids; where `datasets` was never loaded, none does."""
    loaded = sys.modules.get("datasets")
    return loaded is not None and isinstance(feature, loaded.ClassLabel)


def is_string(arrow_type: pa.DataType) -> bool:
    """Say whether a column holds text."""
    return pa.types.is_string(arrow_type) or pa.types.is_large_string(arrow_type)


def from_dataset(dataset: datasets.Dataset, name: str) -> RawSplit:
    """Take over the rows of a `datasets` split; nothing is copied unless rows were selected."""
    if dataset._indices is not None:
        dataset = dataset.flatten_indices()
    features = {composed(column): feature for column, feature in dataset.features.items()}
    return RawSplit(_with_composed_names(dataset.data.table), features, (Segment(name, len(dataset)),))


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
    tables = [_with_composed_names(rows.table) for rows in stored]
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
