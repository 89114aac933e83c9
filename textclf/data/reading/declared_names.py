"""Names that files declare for their label ids: several files of one split may list the same names in other orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Features = Mapping[str, object]


class Agreed(NamedTuple):
    """The files' tables with ids of one order, the features that hold for all of them, and lines for the screen."""

    tables: list[pa.Table]
    features: dict[str, object]
    notes: list[str]


def agree_on_names(tables: Sequence[pa.Table], features: Sequence[Features], files: Sequence[str]) -> Agreed:
    """Give the ids of all files the order of the first file that declares names, later ones' others behind.

    A file's ids outside its own names stay outside. A file without declared names is taken to count the first one's.
    """
    agreed, result, notes = dict(features[0]), list(tables), []
    for column in dict.fromkeys(name for each in features for name in each):
        own = [label_names(each.get(column)) for each in features]
        declared = [names for names in own if names is not None]
        if not declared:
            continue
        names = list(dict.fromkeys(name for each in declared for name in each))
        first = next(each[column] for each, found in zip(features, own, strict=True) if found is not None)
        agreed[column] = _with_names(first, names)
        for i, found in enumerate(own):
            if found is None and column in result[i].column_names:
                notes.append(
                    f"{files[i]} declares no names for {column!r}; its numbers count those of the other files."
                )
            elif found is not None and found != names[: len(found)]:
                result[i] = _renumbered(result[i], column, np.array([names.index(name) for name in found]), len(names))
                notes.append(f"{files[i]} declares the names of {column!r} in an order of its own; its ids follow it.")
            elif found is not None and len(found) < len(names):
                result[i] = _renumbered(result[i], column, np.arange(len(found)), len(names))
    return Agreed(result, agreed, notes)


def label_names(feature: object) -> list[str] | None:
    """Return the names of a `ClassLabel`, alone or within a list; None of any other feature."""
    inner = getattr(feature, "feature", feature)  # a datasets feature, not an object of ours
    return list(inner.names) if isinstance(inner, datasets.ClassLabel) else None


def _with_names(feature: object, names: list[str]) -> object:
    label = datasets.ClassLabel(names=names)
    return label if isinstance(feature, datasets.ClassLabel) else datasets.List(label)


def _renumbered(table: pa.Table, column: str, numbers: np.ndarray, outside: int) -> pa.Table:
    """Replace ids by `numbers[id]`, those outside of `numbers` by `outside`; -1 and nulls stay."""
    at = table.column_names.index(column)
    chunks = [_lookup(chunk, numbers, outside) for chunk in table.column(at).chunks]
    return table.set_column(at, table.field(at), pa.chunked_array(chunks, table.field(at).type))


def _lookup(ids: pa.Array, numbers: np.ndarray, outside: int) -> pa.Array:
    if pa.types.is_nested(ids.type):
        flat = _lookup(ids.flatten(), numbers, outside)
        sizes = pc.fill_null(pc.list_value_length(ids), 0)
        offsets = np.concatenate([[0], np.cumsum(sizes.to_numpy(zero_copy_only=False))])
        lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), flat, mask=pc.is_null(ids))
        return lists.cast(ids.type)
    values = pc.fill_null(ids, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    inside = (values >= 0) & (values < len(numbers))
    mapped = np.where(inside, numbers[np.where(inside, values, 0)], np.where(values == -1, -1, outside))
    return pa.array(mapped, mask=pc.is_null(ids).to_numpy(zero_copy_only=False)).cast(ids.type)
