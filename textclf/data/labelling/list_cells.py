"""Label cells that hold lists: names or numbers, places marked with 1, and lists that were written into a CSV cell."""

from __future__ import annotations

import ast
import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from .cell_names import NUMBER, LabelCells, as_names, read_distinct
from .label_ids import UNLABELLED, LabelIds

# An item of a written list: a quoted name, or a number; bare words are none ("[속보]" is a name in brackets).
QUOTED = r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\""
ITEM = re.compile(rf"{QUOTED}|{NUMBER.pattern}")
LIST = re.compile(rf"\[\s*(?:(?:{ITEM.pattern})(?:[\s,]+|(?=\])))*\]")


def read_lists(cells: pa.Array, column: str, declared: list[str] | None = None) -> LabelCells:
    """Read lists of labels; of `ClassLabel` ids where their names are declared.

    Lists of 0 and 1 that are all equally long mark the labels by their places: `[0, 1, 1]` is labels 1 and 2.

    Raises:
        UserError: the lists hold objects or lists.
    """
    missing = pc.is_null(cells).to_numpy(zero_copy_only=False)
    sizes = pc.fill_null(pc.list_value_length(cells), 0).to_numpy().astype(np.int64)
    flat = cells.flatten()
    if declared is not None:
        ids, values = pc.fill_null(flat, UNLABELLED).to_numpy().astype(np.int64), declared
    elif _marks_places(sizes[~missing], flat):
        sizes[~missing], ids = _marked(flat, int(sizes.max()))
        values = [str(place) for place in range(len(flat) // (~missing).sum())]
    else:
        ids, written = read_distinct(pa.chunked_array([flat]), column)
        values = as_names(written, flat.type, column)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    missing[rows[ids < 0]] = True  # a null or -1 within a list
    said = np.isin(
        ids, [i for i, value in enumerate(values) if value]
    )  # "".split("|") is one empty name, and no label
    offsets = np.concatenate([[0], np.cumsum(np.bincount(rows[said], minlength=len(sizes)))])
    return LabelCells(LabelIds(ids[said], offsets), values, missing, declared)


def _marks_places(sizes: NDArray[np.int64], flat: pa.Array) -> bool:
    """Say whether lists of these sizes hold a 0 or 1 for each label: as ids, every one would say the same labels."""
    if not len(sizes) or sizes[0] < 2 or (sizes != sizes[0]).any() or flat.null_count:
        return False
    if pa.types.is_boolean(flat.type):
        return True
    numbers = pa.types.is_integer(flat.type) or pa.types.is_floating(flat.type)
    if not numbers or not set(pc.unique(flat).to_pylist()) <= {0, 1}:
        return False
    first = flat.to_numpy(zero_copy_only=False).reshape(-1, sizes[0])
    return sizes[0] > 2 or bool((first[:, 0] >= first[:, 1]).any())  # [0, 1] alone may well be two ids


def _marked(flat: pa.Array, length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many places each list of 0 and 1 marks, and the marked places, list after list."""
    marks = flat.to_numpy(zero_copy_only=False).reshape(-1, length) == 1
    return marks.sum(axis=1), np.nonzero(marks)[1].astype(np.int64)


def parse_lists(values: list[str]) -> pa.Array | None:
    """Return the lists that cells say in words, null for an empty cell; None unless all cells are lists.

    pandas writes lists into CSV as Python does (`['a', 'b']`) or as numpy does (`['a' 'b']`, `[8 20]`); others write
    JSON.
    """
    lists = {value: _parse(value) for value in values if value}
    if not lists or None in lists.values():
        return None
    cells = [lists.get(value) for value in values]
    if all(isinstance(item, float) for cell in cells for item in cell or []):
        return pa.array(cells, pa.list_(pa.float64()))
    return pa.array([cell and list(map(str, cell)) for cell in cells], pa.list_(pa.string()))


def _parse(value: str) -> list[str | float] | None:
    """Return the items of one written list, or None if it is none."""
    if not LIST.fullmatch(value):
        return None
    try:
        return [_item(found[0]) for found in ITEM.finditer(value)]
    except (ValueError, SyntaxError):  # a backslash in front of what neither language escapes
        return None


def _item(word: str) -> str | float:
    """Read one item: JSON joins escaped surrogate pairs, which Python leaves in two."""
    if word.startswith('"'):
        return str(json.loads(word))
    return str(ast.literal_eval(word)) if word.startswith("'") else float(word)
