"""How a label column writes its labels: one a cell, lists, places marked with 1, words joined by a separator, columns.

The form is found on train and then read in every split; a cell that does not fit it is a fault of its row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ...errors import UserError
from ..reading.json_columns import STRETCH
from ..reading.raw_split import RawSplit, is_string
from .joined_labels import joined_labels
from .label_ids import LabelIds
from .written_lists import Written, written_lists

Kind = Literal["one", "several", "marks", "flags"]
NOT_GIVEN = {"", "\0", "-1", "-1.0", "-1."}
MARKS = {"0", "1", "0.0", "1.0", "0.", "1.", "true", "false"} | NOT_GIVEN
MOST_FLAWED = 0.5  # train may break its own form in fewer rows than this share


@dataclass(frozen=True)
class LabelForm:
    """How labels are written, in every split alike."""

    kind: Kind
    columns: tuple[str, ...]
    separator: str | None = None
    """What stands between two labels in one cell of words."""
    written: Written | None = None
    """How lists are written into cells of words: as a programming language does, or as tags."""
    places: int = 0
    """The number of marks in a list, with the kind `marks`."""
    boxed: bool = False
    """Whether the one label of each row stands in a list of its own, with the kind `one`."""


def find_form(train: RawSplit, columns: Sequence[str], separator: str | None) -> LabelForm:
    """Find the form of train's labels.

    Raises:
        UserError: a separator that does not go with the columns, cells of a type that no label has, or several labels
            a cell in a way that is not certain.
    """
    _check_columns(train, columns, separator)
    if len(columns) > 1:
        return LabelForm("flags", tuple(columns))
    column = columns[0]
    arrow_type = train.table.schema.field(column).type
    if is_list(arrow_type):
        return LabelForm("several", (column,))
    if separator not in (None, "none"):
        return LabelForm("several", (column,), separator=separator)
    if separator is None and is_string(arrow_type):
        cells = _distinct_words(train, column)
        written = written_lists(cells, column)
        if written is not None:
            return LabelForm("several", (column,), written=written)
        separator = joined_labels(cells, column)
        if separator is not None:
            return LabelForm("several", (column,), separator=separator)
    return LabelForm("one", (column,))


def _check_columns(train: RawSplit, columns: Sequence[str], separator: str | None) -> None:
    """Refuse columns of types that no label has, and a separator for columns that it does not go with."""
    for column in columns:
        if STRETCH in train.mixed.get(column, ""):
            raise UserError(parts_labelled(column))
        if column in train.mixed:
            raise UserError(
                f"Labels of mixed or unknown type in column {column!r}: {train.mixed[column]}. "
                "Expected names, whole numbers, true and false, or lists of one of them."
            )
    arrow_type = train.table.schema.field(columns[0]).type
    if separator == "":
        raise UserError("--label_separator takes what stands between two names, a comma say; found nothing.")
    if separator is not None and (len(columns) > 1 or not is_string(arrow_type)):
        found = "several columns" if len(columns) > 1 else str(arrow_type)
        raise UserError(f"--label_separator is for names in the cells of one text column; found {found}.")
    if pa.types.is_nested(arrow_type) and not is_list(arrow_type):
        raise UserError(
            f"The column {columns[0]!r} holds {arrow_type}; expected names, whole numbers or lists of them."
        )


def parts_labelled(column: str) -> str:
    """Return the sentence that refuses labels of parts of a text."""
    return (
        f"The column {column!r} labels parts of texts (start, end, name), where whole texts are labelled here. "
        "Expected a row a text, with its label beside it."
    )


def is_list(arrow_type: pa.DataType) -> bool:
    """Say whether a column holds lists."""
    return bool(
        pa.types.is_list(arrow_type) or pa.types.is_large_list(arrow_type) or pa.types.is_fixed_size_list(arrow_type)
    )


def _distinct_words(train: RawSplit, column: str) -> dict[str, int]:
    """Count train's cells that are not empty: cell, without white space around it -> rows."""
    counts: dict[str, int] = {}
    for pair in train.table[column].value_counts().to_pylist():
        word = (pair["values"] or "").strip()
        if word:
            counts[word] = counts.get(word, 0) + pair["counts"]
    return counts


def marked_places(labels: LabelIds, values: Sequence[str], known: int | None, column: str) -> int:
    """Return how many places lists of 0 and 1 mark, 0 if they are lists of ids; `known` is what a run recorded.

    A list of ids never says one id twice: `[0, 0, 1]` marks places. So do lists of truth values, and lists of two
    that are written as both `[0, 1]` and `[1, 0]`, as ids of which would all say the same.

    Raises:
        UserError: they mark places, and how many is not certain.
    """
    used = {values[i].lower() for i in np.unique(labels.ids)}
    if not used <= MARKS or used <= NOT_GIVEN:
        return 0
    if known:
        return known
    sizes = labels.sizes()
    common = int(np.bincount(sizes[sizes > 0]).argmax())
    if {"true", "false"} & used:
        marks = True
    else:
        span = len(values) + 1
        repeats = len(np.unique(labels.rows * span + labels.ids)) < len(labels.ids)
        marks = repeats or bool(_both_orders(labels, values) and (sizes[sizes > 0] == 2).all())
    if not marks:
        return 0
    share = float((sizes == common).sum() / (sizes > 0).sum())
    if common < 2 or share <= MOST_FLAWED:
        raise UserError(
            f"The lists of 0 and 1 in {column!r} are of many lengths, so that they are neither marks of places for "
            f"certain nor ids (of {common} the most, {share:.0%} of the rows). Give one mark for each label in every "
            "row, or names in place of the numbers."
        )
    return common


def _both_orders(labels: LabelIds, values: Sequence[str]) -> bool:
    """Say whether pairs stand both ascending and descending."""
    sizes = labels.sizes()
    pairs = labels.select(sizes == 2).ids.reshape(-1, 2)
    as_number = np.array([1.0 if value.lower() in {"1", "1.0", "1.", "true"} else 0.0 for value in values])
    steps = np.unique(np.diff(as_number[pairs], axis=1)) if len(pairs) else np.zeros(0)
    return bool((steps > 0).any() and (steps < 0).any())


def read_marks(
    labels: LabelIds, values: Sequence[str], places: int
) -> tuple[LabelIds, NDArray[np.bool_], NDArray[np.bool_]]:
    """Turn lists of marks into the ids of marked places.

    Returns:
        the labels, ids in [0, places); bool [N]: rows whose list is of another length or holds something else; bool
        [N]: rows with a mark that is not given (-1, null).
    """
    said = np.array([_mark(value) for value in values] + [2], dtype=np.int64)
    marks, rows, sizes = said[labels.ids], labels.rows, labels.sizes()
    unfit = (sizes != places) & (sizes > 0)
    unfit[rows[marks == 2]] = True
    missing = sizes == 0
    missing[rows[marks == -1]] = True
    assert labels.offsets is not None  # lists have several labels
    place = np.arange(len(marks)) - labels.offsets[rows]
    marked = (marks == 1) & ~unfit[rows]
    offsets = np.concatenate([[0], np.cumsum(np.bincount(rows[marked], minlength=len(labels)))])
    return LabelIds(place[marked], offsets.astype(np.int64)), unfit, missing & ~unfit


def _mark(value: str) -> int:
    """Return what one mark says: 1, 0, -1 for not given, 2 for something else."""
    word = value.lower()
    if word not in MARKS:
        return 2
    if word in NOT_GIVEN:
        return -1
    return int(word in {"1", "1.0", "1.", "true"})
