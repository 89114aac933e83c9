"""A split as its source gives it: any columns, memory-mapped, every row with a place to name in a message."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .tables import LINE_COLUMN, OWN_COLUMNS

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


def with_composed_names(table: pa.Table) -> pa.Table:
    """Return a table whose columns' names are composed."""
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
    return RawSplit(with_composed_names(dataset.data.table), features, (Segment(name, len(dataset)),))
