"""Reading a split's label cells in the form that train has: distinct values, ids into them, and what does not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...errors import UserError
from ..reading.raw_split import RawSplit, is_string
from .label_forms import LabelForm, is_list, read_marks
from .label_ids import UNLABELLED, LabelIds
from .label_names import clean_name
from .written_lists import parse_list

NOT_GIVEN = "\0"  # a null within a list
# What a cell of several 0/1 columns says; nothing and -1 say that the label is not given.
FLAGS = {"0": 0, "0.0": 0, "false": 0, "no": 0, "f": 0, "n": 0, "1": 1, "1.0": 1, "true": 1, "yes": 1, "t": 1, "y": 1}
FLAGS |= dict.fromkeys(["", "-1", "-1.0", "none", "nan", "null", "na"], UNLABELLED)


@dataclass
class LabelCells:
    """A split's labels as it writes them."""

    labels: LabelIds
    """Ids into `values`."""
    values: list[str]
    """Distinct values (single labels), cleaned, in no particular order; an empty one says nothing."""
    missing: NDArray[np.bool_]
    """bool [N]: rows whose labels are not given (empty, null), as against given to be none."""
    faults: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    """Reason -> bool [N]: rows whose cells do not fit the form."""
    declared: list[str] | None = None
    """`ClassLabel` names in their order, where the source declares them (then these are the values)."""

    def counts(self) -> dict[str, int]:
        """Return how many rows carry each value, those that occur, without the empty one."""
        found = self.labels.counts(len(self.values))
        totals: dict[str, int] = {}
        for value, rows in zip(self.values, found.tolist(), strict=True):
            if value and value != NOT_GIVEN and rows:
                totals[value] = totals.get(value, 0) + rows
        return totals


def read_cells(raw: RawSplit, form: LabelForm) -> LabelCells:
    """Read the label column, or several 0/1 columns, of one split in the form that train has.

    Raises:
        UserError: the cells are of a type that no label of this form has.
    """
    if form.kind == "flags":
        return _read_flags(raw, form.columns)
    (column,) = form.columns
    cells, feature = raw.table[column], raw.features.get(column)
    lists = is_list(cells.type)
    if form.kind == "one" and lists and not form.boxed:
        raise UserError(f"The label column {column!r} holds lists in some splits only; others differ from train.")
    if form.kind == "one" and not (form.boxed and (lists or form.written)):
        return _read_single(cells, column, _declared_names(feature))
    if lists:
        whole = cells.combine_chunks() if cells.num_chunks else pa.array([], cells.type)
        inner = getattr(feature, "feature", None)  # a datasets feature, not an object of ours
        read = _read_lists(whole, column, _declared_names(inner))
    elif is_string(cells.type) or pa.types.is_null(cells.type):
        read = _read_written(cells.cast(pa.string()), form, column)
    else:
        raise UserError(
            f"The label column {column!r} holds lists in some splits only; one holds {cells.type}, unlike train."
        )
    if form.kind == "marks":
        labels, unfit, missing = read_marks(read.labels, read.values, form.places)
        places = [str(place) for place in range(form.places)]
        reason = f"label list that is not {form.places} marks of 0 and 1, as those of train are"
        return LabelCells(labels, places, missing | read.missing, {**read.faults, reason: unfit & ~read.missing})
    return _unboxed(read) if form.boxed else read


def _unboxed(read: LabelCells) -> LabelCells:
    """Take the only label out of each row's list; rows with several do not fit."""
    assert read.labels.offsets is not None  # they were lists
    sizes = read.labels.sizes()
    ids = np.full(len(sizes), UNLABELLED, dtype=np.int64)
    ids[sizes == 1] = read.labels.ids[read.labels.offsets[:-1][sizes == 1]]
    reason = "label list of several, where those of train hold one each"
    faults = {**read.faults, reason: sizes > 1}
    return replace(read, labels=LabelIds(ids), missing=(sizes == 0) & ~_any(read.faults, len(sizes)), faults=faults)


def _any(faults: Mapping[str, NDArray[np.bool_]], rows: int) -> NDArray[np.bool_]:
    return np.any([np.zeros(rows, dtype=bool), *faults.values()], axis=0)


def read_distinct(cells: pa.ChunkedArray, column: str) -> tuple[NDArray[np.int64], list[object]]:
    """Return each cell's index into the distinct values (-1: null), and those values.

    Raises:
        UserError: the cells hold objects, or lists within lists.
    """
    if pa.types.is_nested(cells.type):
        raise UserError(f"The column {column!r} holds {cells.type}; expected names, whole numbers or lists of them.")
    encoded = cells.dictionary_encode().unify_dictionaries()
    if encoded.num_chunks == 0:
        return np.zeros(0, dtype=np.int64), []
    codes = [pc.fill_null(chunk.indices, -1).to_numpy(zero_copy_only=False) for chunk in encoded.chunks]
    return np.concatenate(codes).astype(np.int64), encoded.chunk(0).dictionary.to_pylist()


def _names(values: Sequence[object], arrow_type: pa.DataType, column: str) -> list[str]:
    """Write distinct values as names.

    Raises:
        UserError: the values are of a type that no label has (dates, say).
    """
    if pa.types.is_boolean(arrow_type):
        return [str(value).lower() for value in values]
    if pa.types.is_floating(arrow_type):
        return [_written(value) for value in values if isinstance(value, float)]
    if pa.types.is_integer(arrow_type):
        return [str(value) for value in values]
    if is_string(arrow_type) or pa.types.is_null(arrow_type):
        return [clean_name(str(value)) for value in values]
    raise UserError(f"The label column {column!r} holds {arrow_type}; expected names, whole numbers or lists of them.")


def _written(value: float) -> str:
    return "" if value != value else str(int(value)) if value.is_integer() else str(value)


def _declared_names(feature: object) -> list[str] | None:
    """Return a `ClassLabel`'s names, cleaned as what people type, or None of any other feature."""
    return [clean_name(name) for name in feature.names] if isinstance(feature, datasets.ClassLabel) else None


def _read_single(cells: pa.ChunkedArray, column: str, declared: list[str] | None) -> LabelCells:
    if declared is not None:
        ids = pc.fill_null(cells, UNLABELLED).to_numpy().astype(np.int64)
        outside = (ids >= len(declared)) | (ids < UNLABELLED)
        ids = np.where(outside, UNLABELLED, ids)
        return LabelCells(LabelIds(ids), declared, (ids < 0) & ~outside, _outside(outside, declared), declared)
    codes, written = read_distinct(cells, column)
    values = _names(written, cells.type, column)
    empty = np.array([value == "" for value in values] + [True])  # the last: null
    ids = np.where(empty, UNLABELLED, np.arange(len(empty)))[codes]
    return LabelCells(LabelIds(ids), values, ids == UNLABELLED)


def _outside(rows: NDArray[np.bool_], declared: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
    return {f"label id outside the {len(declared)} names that the data declares": rows}


def _read_lists(cells: pa.Array, column: str, declared: list[str] | None) -> LabelCells:
    """Read lists of labels; of `ClassLabel` ids where their names are declared. A null or -1 within one: not given."""
    missing = pc.is_null(cells).to_numpy(zero_copy_only=False).copy()
    sizes = pc.fill_null(pc.list_value_length(cells), 0).to_numpy().astype(np.int64)
    flat = cells.flatten()
    rows = np.repeat(np.arange(len(sizes)), sizes)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    if declared is None:
        codes, written = read_distinct(pa.chunked_array([flat]), column)
        values = [*_names(written, flat.type, column), NOT_GIVEN]
        return LabelCells(LabelIds(np.where(codes < 0, len(values) - 1, codes), offsets), values, missing)
    ids = pc.fill_null(flat, UNLABELLED).to_numpy().astype(np.int64)
    outside = np.zeros(len(sizes), dtype=bool)
    outside[rows[(ids >= len(declared)) | (ids < UNLABELLED)]] = True
    missing[rows[ids == UNLABELLED]] = True
    said = (ids >= 0) & ~outside[rows]
    kept = np.concatenate([[0], np.cumsum(np.bincount(rows[said], minlength=len(sizes)))]).astype(np.int64)
    return LabelCells(LabelIds(ids[said], kept), declared, missing & ~outside, _outside(outside, declared), declared)


def _read_written(cells: pa.ChunkedArray, form: LabelForm, column: str) -> LabelCells:
    """Read lists that stand in words: written as a program does, as tags, or joined by a separator."""
    codes, distinct = read_distinct(cells, column)
    numbers: dict[str, int] = {}
    ids: list[list[int]] = []
    unfit = []
    for cell in map(str, distinct):
        parts: list[str] | None
        word = cell.strip()
        if form.separator is not None:
            parts = [part for part in word.split(form.separator) if part.strip()]
        else:
            parts = parse_list(word, form.written or "list") if word else []
        unfit.append(parts is None)
        ids.append([numbers.setdefault(clean_name(part), len(numbers)) for part in parts or []])
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in ids])]).astype(np.int64)
    flat = LabelIds(np.array([i for each in ids for i in each], dtype=np.int64), offsets)
    # A cell that is empty or null: written lists say "none" as [], but a separator leaves nothing to write.
    nothing = [form.separator is None and not str(cell).strip() for cell in distinct]
    nothing.append(form.separator is None)
    reason = "label that is no list, as those of train are"
    faults = {reason: np.array([*unfit, False], dtype=bool)[codes]}
    return LabelCells(flat.take(codes), list(numbers), np.array(nothing, dtype=bool)[codes], faults)


def _read_flags(raw: RawSplit, columns: Sequence[str]) -> LabelCells:
    """Read several 0/1 columns: a row has the labels whose columns say 1 (or true); null and -1 are not given."""
    shape = (raw.table.num_rows, len(columns))
    flags, missing, unfit = np.zeros(shape, dtype=bool), np.zeros(shape[0], dtype=bool), np.zeros(shape[0], dtype=bool)
    for j, column in enumerate(columns):
        codes, written = read_distinct(raw.table[column], column)
        meaning = [FLAGS.get(clean_name(str(value)).lower(), UNLABELLED - 1) for value in written]
        said = np.array([*meaning, UNLABELLED])[codes]
        wrong = said < UNLABELLED
        if wrong.mean() > 0.5:
            place = raw.place(int(np.flatnonzero(wrong)[0]))
            value = written[int(codes[np.flatnonzero(wrong)[0]])]
            raise UserError(f"Several label columns hold 0 or 1; found {value!r} in {column!r} ({place}).")
        flags[:, j] = said == 1
        missing |= said == UNLABELLED
        unfit |= wrong
    rows, ids = np.nonzero(flags)
    sizes = np.bincount(rows, minlength=len(flags))
    labels = LabelIds(ids.astype(np.int64), np.concatenate([[0], np.cumsum(sizes)]))
    return LabelCells(labels, list(columns), missing & ~unfit, {"label that is neither 0 nor 1": unfit}, list(columns))
