"""Reading label cells: one split's label column(s) become local label ids, whatever type the cells have."""

from __future__ import annotations

import re
from typing import NamedTuple

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...errors import UserError
from ..reading.raw_split import RawSplit, composed, is_string
from .label_ids import UNLABELLED, LabelIds

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

# What a cell of several 0/1 columns says; nothing and -1 say that the label is not given.
FLAGS = {"0": 0, "0.0": 0, "false": 0, "1": 1, "1.0": 1, "true": 1, "": UNLABELLED}
FLAGS |= {"-1": UNLABELLED, "-1.0": UNLABELLED, "none": UNLABELLED, "nan": UNLABELLED}


class LabelCells(NamedTuple):
    """A split's labels as it writes them."""

    labels: LabelIds
    """Ids into `values`."""
    values: list[str]
    """Distinct cell values (single labels, after splitting), in no particular order."""
    missing: NDArray[np.bool_]
    """bool [N]: rows whose labels are not given (empty, null, -1), as against given to be none."""
    declared: list[str] | None = None
    """`ClassLabel` names in their order, where the source declares them (then these are the values)."""


def read_cells(raw: RawSplit, columns: list[str], separator: str | None) -> LabelCells:
    """Read the label column, or several 0/1 columns, of one split.

    Raises:
        UserError: the cells hold fractions, several types, or anything but 0 and 1 in several columns.
    """
    for column in columns:
        if column in raw.mixed:
            raise UserError(f"Labels of mixed type in column {column!r}: {raw.mixed[column]}. Expected one type.")
    if separator is not None and (len(columns) > 1 or not is_string(raw.table[columns[0]].type)):
        found = "several columns" if len(columns) > 1 else str(raw.table[columns[0]].type)
        raise UserError(f"--label_separator is for names in the cells of one text column; found {found}.")
    if len(columns) > 1:
        return _read_flags(raw, columns)
    column = columns[0]
    feature = raw.features.get(column)
    inner = getattr(feature, "feature", None)  # a datasets feature, not an object of ours
    cells = raw.table[column]
    if pa.types.is_list(cells.type) or pa.types.is_large_list(cells.type) or pa.types.is_fixed_size_list(cells.type):
        return _read_lists(raw, column, inner.names if isinstance(inner, datasets.ClassLabel) else None)
    if isinstance(feature, datasets.ClassLabel):
        codes = pc.fill_null(cells, UNLABELLED).to_numpy().astype(np.int64)
        return LabelCells(LabelIds(codes), feature.names, codes < 0, feature.names)
    codes, written = read_distinct(cells)
    values = _as_names(written, raw, column)
    if separator is not None:
        return _split_cells(codes, values, separator)
    empty = np.array([value == "" for value in values] + [True])  # the last: null
    lookup = np.where(empty, UNLABELLED, np.arange(len(empty)))
    ids = lookup[codes]
    return LabelCells(LabelIds(ids), values, ids == UNLABELLED)


def read_distinct(cells: pa.ChunkedArray) -> tuple[NDArray[np.int64], list[object]]:
    """Return each cell's index into the distinct values (-1: null), and those values."""
    encoded = cells.dictionary_encode().unify_dictionaries()
    if encoded.num_chunks == 0:
        return np.zeros(0, dtype=np.int64), []
    codes = [pc.fill_null(chunk.indices, -1).to_numpy(zero_copy_only=False) for chunk in encoded.chunks]
    return np.concatenate(codes).astype(np.int64), encoded.chunk(0).dictionary.to_pylist()


def _as_names(written: list[object], raw: RawSplit, column: str) -> list[str]:
    """Turn distinct values into label names: whole numbers without a fraction, words stripped and composed (NFC)."""
    arrow_type = raw.table[column].type
    if pa.types.is_boolean(arrow_type):
        return [str(value).lower() for value in written]
    if pa.types.is_floating(arrow_type):
        return [_number_name(value) for value in written if isinstance(value, float)]
    if pa.types.is_integer(arrow_type):
        return [str(value) for value in written]
    if is_string(arrow_type) or pa.types.is_null(arrow_type):
        return _plain_numbers([composed(str(value).strip()) for value in written])
    raise UserError(f"The label column {column!r} holds {arrow_type}; expected names, whole numbers or lists of them.")


def _number_name(value: float) -> str:
    return "" if value != value else str(int(value)) if value.is_integer() else str(value)


def _plain_numbers(values: list[str]) -> list[str]:
    """Where all values are numbers, write 2.0 as 2 and take NaN for an empty cell; other words stay as they are."""
    numbers = ["" if value.lower() == "nan" else value for value in values]
    if not all(NUMBER.fullmatch(value) for value in numbers if value):
        return values
    return [re.sub(r"\.0*$", "", value) for value in numbers]


def _split_cells(codes: NDArray[np.int64], values: list[str], separator: str) -> LabelCells:
    """Split cells of several names; an empty cell is a row without labels."""
    names: dict[str, int] = {}
    parts = [dict.fromkeys(part.strip() for part in value.split(separator)) for value in values]
    ids = [[names.setdefault(part, len(names)) for part in cell if part] for cell in parts]
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in ids])]).astype(np.int64)
    distinct = LabelIds(np.array([i for each in ids for i in each], dtype=np.int64), offsets)
    return LabelCells(distinct.take(codes), list(names), np.zeros(len(codes), dtype=bool))


def _read_lists(raw: RawSplit, column: str, declared: list[str] | None) -> LabelCells:
    cells = raw.table[column].combine_chunks()
    if isinstance(cells, pa.ChunkedArray):  # of no rows
        cells = pa.array([], cells.type)
    missing = pc.is_null(cells).to_numpy(zero_copy_only=False)
    sizes = pc.fill_null(pc.list_value_length(cells), 0).to_numpy().astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    flat = pa.chunked_array([cells.flatten()])
    if declared is not None:
        ids = pc.fill_null(flat, UNLABELLED).to_numpy().astype(np.int64)
        values = declared
    else:
        ids, written = read_distinct(flat)
        inner = RawSplit(pa.table({column: flat}))
        values = _as_names(written, inner, column)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    missing[rows[ids < 0]] = True  # a null or -1 within a list
    return LabelCells(LabelIds(np.maximum(ids, 0), offsets), values, missing, declared)


def _read_flags(raw: RawSplit, columns: list[str]) -> LabelCells:
    """Read several 0/1 columns: a row has the labels whose columns say 1 (or true); null and -1 are not given."""
    flags = np.zeros((raw.table.num_rows, len(columns)), dtype=bool)
    missing = np.zeros(raw.table.num_rows, dtype=bool)
    for j, column in enumerate(columns):
        codes, written = read_distinct(raw.table[column])
        meaning = []
        for i, value in enumerate(written):
            word = str(value).strip().lower()
            if word not in FLAGS:
                place = raw.place(int(np.flatnonzero(codes == i)[0]))
                raise UserError(f"Several label columns hold 0 or 1; found {value!r} in {column!r} ({place}).")
            meaning.append(FLAGS[word])
        said = np.array([*meaning, UNLABELLED])[codes]
        flags[:, j] = said == 1
        missing |= said == UNLABELLED
    rows, ids = np.nonzero(flags)
    sizes = np.bincount(rows, minlength=len(flags))
    labels = LabelIds(ids.astype(np.int64), np.concatenate([[0], np.cumsum(sizes)]))
    return LabelCells(labels, columns, missing, columns)
