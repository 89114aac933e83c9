"""The label vocabulary: which names the labels of all splits have, in which order, and the ids that follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import UserError, did_you_mean
from ...labels import LabelSpace
from ..reading.raw_split import RawSplit
from .cell_names import NUMBER, LabelCells
from .label_ids import UNLABELLED, LabelIds

# More labels than this, and more than half as many as rows, is an id or a sentence taken for a label.
MANY_LABELS = 50
SEPARATORS = ("|", ";", ",")


class Encoded(NamedTuple):
    """All splits' labels as ids of one label space."""

    space: LabelSpace
    labels: dict[str, LabelIds]
    missing: dict[str, NDArray[np.bool_]]
    """Split -> bool [N]: rows whose labels are not given."""
    unknown: dict[str, NDArray[np.bool_]]
    """Split -> bool [N]: rows with a label that is not among the names declared or given."""
    notes: list[str]


def encode(
    cells: Mapping[str, LabelCells], raw: Mapping[str, RawSplit], column: str, class_names: Sequence[str]
) -> Encoded:
    """Give the labels of all splits ids of one label space.

    The order is the source's (`ClassLabel`), that of `class_names`, or sorted: as numbers where all are numbers.

    Raises:
        UserError: fractions (regression), numbers beside words, or `class_names` that do not fit.
    """
    train = cells["train"]
    multi_label = train.labels.multi_label
    others = [split for split, each in cells.items() if each.labels.multi_label != multi_label]
    if others:
        raise UserError(
            f"The label column {column!r} holds lists in some splits only; {others[0]} differs from train."
        )
    found = sorted({each.values[i] for each in cells.values() for i in np.unique(each.labels.ids) if i >= 0})
    notes: list[str] = []
    if train.declared is not None:
        names, meaning = _declared_names(train.declared, found, class_names)
    elif class_names:
        names, meaning, notes = _given_names(found, class_names)
    else:
        names = _sorted_names(found, cells, raw, column)
        notes = _hint_of_several(names)
        meaning = {name: name for name in found}
    _check_number(names, train, column)
    space = LabelSpace(tuple(names), multi_label)
    ids = {value: space.label2id[name] for value, name in meaning.items() if name in space.label2id}
    encoded = Encoded(space, {}, {}, {}, notes)
    for split, each in cells.items():
        encoded.labels[split], encoded.missing[split], encoded.unknown[split] = _apply(each, ids)
    return encoded


def _apply(cells: LabelCells, ids: Mapping[str, int]) -> tuple[LabelIds, NDArray[np.bool_], NDArray[np.bool_]]:
    """Return one split's label ids, and bool [N] each: the rows without a label, the rows with an unknown one."""
    new_ids = np.array([ids.get(value, UNLABELLED) for value in cells.values], dtype=np.int64)
    not_given = np.array([value == "-1" and value not in ids for value in cells.values], dtype=bool)
    given = cells.labels.ids >= 0
    rows, old_ids = cells.labels.rows[given], cells.labels.ids[given]
    missing, unknown = cells.missing.copy(), np.zeros(len(cells.missing), dtype=bool)
    missing[rows[not_given[old_ids]]] = True
    unknown[rows[(new_ids[old_ids] < 0) & ~not_given[old_ids]]] = True
    return cells.labels.renumber(new_ids), missing, unknown


def _declared_names(
    declared: Sequence[str], found: Sequence[str], class_names: Sequence[str]
) -> tuple[list[str], dict[str, str]]:
    """Return names that the source declares (reordered or renamed by `class_names`), and what its own ones mean."""
    if not class_names or set(class_names) == set(declared):
        return list(class_names or declared), {name: name for name in {*declared, *found}}
    if len(class_names) != len(declared):
        raise UserError(
            f"--class_names gives {len(class_names)} names for the {len(declared)} labels that the data declares: "
            f"{', '.join(list(declared)[:10])}."
        )
    return list(class_names), dict(zip(declared, class_names, strict=True))


def _sorted_names(
    found: Sequence[str], cells: Mapping[str, LabelCells], raw: Mapping[str, RawSplit], column: str
) -> list[str]:
    """Sort names that nobody ordered; -1 beside whole numbers means "no label" and is none of them."""
    numbers = [name for name in found if NUMBER.fullmatch(name)]
    if not numbers or (cells["train"].labels.multi_label and len(numbers) < len(found)):
        return list(found)
    words = [name for name in found if name not in numbers]
    if words:
        number_at, word_at = (_place(name, cells, raw) for name in (numbers[0], words[0]))
        raise UserError(
            f"Labels of mixed type in column {column!r}: {number_at} holds the number {numbers[0]}, {word_at} the "
            f"word {words[0]!r}. If the numbers are names too, list all names with --class_names."
        )
    fractions = [name for name in numbers if float(name) != int(float(name))]
    if fractions:
        raise UserError(
            f"Regression is not supported: {_place(fractions[0], cells, raw)} holds the label {fractions[0]} "
            f"in column {column!r}; expected classes. If these numbers are classes, list them with --class_names."
        )
    return sorted((name for name in numbers if float(name) != -1), key=float)


def _hint_of_several(names: Sequence[str]) -> list[str]:
    """Return a note if names look like several labels of one row: `sport|breaking` beside `sport`."""
    for mark in SEPARATORS:
        joined = [name for name in names if mark in name]
        parts = [part.strip() for name in joined for part in name.split(mark)]
        if joined and any(part in names or parts.count(part) > 1 for part in parts):
            return [f"Some labels look like several ({joined[0]}): if they are, give --label_separator {mark!r}."]
    return []


def _place(name: str, cells: Mapping[str, LabelCells], raw: Mapping[str, RawSplit]) -> str:
    """Say where a label first occurs."""
    for split, each in cells.items():
        if name in each.values:
            hits = np.flatnonzero(each.labels.ids == each.values.index(name))
            if len(hits):
                return raw[split].place(int(each.labels.rows[hits[0]]))
    return "a row"


def _given_names(found: Sequence[str], class_names: Sequence[str]) -> tuple[list[str], dict[str, str], list[str]]:
    """Return `class_names`, what each value found means among them (itself, or the name at its place), and notes."""
    names = list(class_names)
    if all(NUMBER.fullmatch(name) for name in found):
        # 2.0 is 2, as in the cells; numbers that are listed themselves count neither from 0 nor by their order.
        listed = {float(name): name for name in names if NUMBER.fullmatch(name)}
        meaning = {number: listed[float(number)] for number in found if float(number) in listed}
        if meaning:
            return names, meaning, []
        numbers = sorted(found, key=float)
        counted = [name for name in numbers if float(name) != -1]
        for candidate in (counted, numbers):
            if len(candidate) == len(names) and candidate != [str(i) for i in range(len(names))]:
                note = ", ".join(f"{number} is {name}" for number, name in zip(candidate, names, strict=True))
                return names, dict(zip(candidate, names, strict=True)), [f"Integer labels, in order: {note}."]
        if counted and not all(0 <= float(n) < len(names) and float(n).is_integer() for n in counted):
            raise UserError(
                f"--class_names gives {len(names)} names, but the labels are {', '.join(counted[:10])}; "
                f"expected a name for each, or whole numbers from 0 to {len(names) - 1}."
            )
        return names, {n: names[int(float(n))] for n in counted}, []
    if not set(found) & set(names):
        raise UserError(
            f"None of the labels found is among --class_names: {', '.join(list(found)[:10])}."
            f"{did_you_mean(found[0], names) if found else ''}"
        )
    return names, {name: name for name in found if name in names}, []


def _check_number(names: Sequence[str], train: LabelCells, column: str) -> None:
    rows = len(train.labels)
    if not train.labels.multi_label and len(names) > max(MANY_LABELS, rows / 2):
        raise UserError(
            f"The label column {column!r} holds {len(names)} different values in {rows} rows; these are no classes. "
            "Choose another with --label_columns."
        )
