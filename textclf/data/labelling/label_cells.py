"""Reading label cells: one split's label column(s) become local label ids, whatever type the cells have."""

from __future__ import annotations

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...errors import UserError
from ..reading.raw_split import RawSplit, composed, is_string
from .cell_names import LabelCells, as_names, read_distinct
from .label_ids import UNLABELLED, LabelIds
from .list_cells import parse_lists, read_lists

# What a cell of several 0/1 columns says; nothing and -1 say that the label is not given.
FLAGS = {"0": 0, "0.0": 0, "false": 0, "1": 1, "1.0": 1, "true": 1, "": UNLABELLED}
FLAGS |= {"-1": UNLABELLED, "-1.0": UNLABELLED, "none": UNLABELLED, "nan": UNLABELLED}


def read_cells(raw: RawSplit, columns: list[str], separator: str | None) -> LabelCells:
    """Read the label column, or several 0/1 columns, of one split.

    Raises:
        UserError: the cells hold fractions, several types, or anything but 0 and 1 in several columns.
    """
    for column in columns:
        if column in raw.mixed:
            raise UserError(
                f"Labels of mixed or unknown type in column {column!r}: {raw.mixed[column]}. "
                "Expected names, whole numbers, true and false, or lists of one of them."
            )
    if separator == "":
        raise UserError("--label_separator takes what stands between two names, a comma say; found nothing.")
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
        whole = cells.combine_chunks() if cells.num_chunks else pa.array([], cells.type)
        return read_lists(whole, column, _declared_names(inner))
    declared = _declared_names(feature)
    if declared is not None:
        codes = pc.fill_null(cells, UNLABELLED).to_numpy().astype(np.int64)
        return LabelCells(LabelIds(codes), declared, codes < 0, declared)
    codes, written = read_distinct(cells, column)
    values = as_names(written, cells.type, column)
    if separator is not None:
        return _split_cells(codes, values, separator)
    lists = parse_lists(values)
    if lists is not None:
        return read_lists(lists.take(pa.array(codes, mask=codes < 0)), column)
    empty = np.array([value == "" for value in values] + [True])  # the last: null
    lookup = np.where(empty, UNLABELLED, np.arange(len(empty)))
    ids = lookup[codes]
    return LabelCells(LabelIds(ids), values, ids == UNLABELLED)


def _declared_names(feature: object) -> list[str] | None:
    """Return a `ClassLabel`'s names, composed (NFC) as what people type, or None of any other feature."""
    return [composed(name) for name in feature.names] if isinstance(feature, datasets.ClassLabel) else None


def _split_cells(codes: NDArray[np.int64], values: list[str], separator: str) -> LabelCells:
    """Split cells of several names; an empty cell is a row without labels."""
    names: dict[str, int] = {}
    parts = [dict.fromkeys(part.strip() for part in value.split(separator)) for value in values]
    ids = [[names.setdefault(part, len(names)) for part in cell if part] for cell in parts]
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in ids])]).astype(np.int64)
    distinct = LabelIds(np.array([i for each in ids for i in each], dtype=np.int64), offsets)
    return LabelCells(distinct.take(codes), list(names), np.zeros(len(codes), dtype=bool))


def _read_flags(raw: RawSplit, columns: list[str]) -> LabelCells:
    """Read several 0/1 columns: a row has the labels whose columns say 1 (or true); null and -1 are not given."""
    flags = np.zeros((raw.table.num_rows, len(columns)), dtype=bool)
    missing = np.zeros(raw.table.num_rows, dtype=bool)
    for j, column in enumerate(columns):
        codes, written = read_distinct(raw.table[column], column)
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
