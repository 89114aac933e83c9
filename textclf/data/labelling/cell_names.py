"""What label cells say: their distinct values, written as the names of labels."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...errors import UserError
from ..reading.raw_split import composed, is_string
from .label_ids import LabelIds

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


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


def as_names(written: list[object], arrow_type: pa.DataType, column: str) -> list[str]:
    """Turn distinct values into label names: whole numbers without a fraction, words stripped and composed (NFC).

    Raises:
        UserError: the values are of a type that no label has (dates, say).
    """
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
