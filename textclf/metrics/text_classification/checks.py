"""What the metric is asked about, checked: ids or 0/1 rows, probabilities, and one label axis for all of them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]  # any number type; shapes are given where they matter


ROUNDING = 1e-5  # by which a softmax in half precision may miss [0, 1]


class Input(NamedTuple):
    """Rows that figures can be computed of."""

    gold: Array  # int [N] ids, or 0/1 [N, L] with several labels
    predicted: Array  # the same shape
    scores: Array | None  # float64 [N, L] in [0, 1]
    num_labels: int  # L


def checked(
    predictions: Sequence[Any] | Array,
    references: Sequence[Any] | Array,
    scores: Any,  # none, or float [N, L] as lists or an array
    num_labels: int | None,
    several: bool,
) -> Input:
    """Return the input as arrays.

    Raises:
        ValueError: no rows, rows that do not fit each other, ids outside the label axis, scores outside [0, 1].
    """
    if len(references) == 0:
        raise ValueError("No rows: figures of nothing are not defined.")
    gold, predicted = (_decided(rows, name, several) for rows, name in ((references, "references"), (predictions, "")))
    if gold.shape != predicted.shape:
        raise ValueError(f"predictions and references must have one shape; found {predicted.shape}, {gold.shape}.")
    if scores is None:
        size = num_labels or (gold.shape[1] if several else int(max(gold.max(), predicted.max())) + 1)
        probabilities = None
    else:
        probabilities = _probabilities(scores, len(gold))
        size = probabilities.shape[1]
        if num_labels not in (None, size):
            raise ValueError(f"scores have {size} columns, num_labels is {num_labels}.")
    if several and gold.shape[1] != size:
        raise ValueError(f"Rows of references have {gold.shape[1]} labels, the label axis has {size}.")
    highest = max(gold.max(), predicted.max())
    if not several and highest >= size:
        raise ValueError(f"Label ids go from 0 to {size - 1}; found {highest}.")
    return Input(gold, predicted, probabilities, size)


def _decided(rows: Sequence[Any] | Array, name: str, several: bool) -> Array:
    """Return ids [N] or 0/1 rows [N, L] as integers."""
    name = name or "predictions"
    if several and len({len(row) for row in rows}) > 1:
        raise ValueError(f"{name} are 0/1 rows of one length, a column for each label; found rows of several lengths.")
    values = np.asarray(rows)
    whole = values.astype(np.int64)
    if (whole != values).any():
        raise ValueError(f"{name} are {'0 or 1' if several else 'label ids'}, whole numbers; scores go into `scores`.")
    if several and not np.isin(whole, (0, 1)).all():
        raise ValueError(f"{name} are 0/1 rows, a column for each label; found {whole.max()}. Lists of ids are not.")
    if whole.min() < 0:
        raise ValueError(f"Label ids go from 0 on; found {whole.min()} in {name}.")
    return whole


def _probabilities(scores: Any, n: int) -> Array:
    """Return scores as float64 [N, L]."""
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 2 or len(values) != n:
        raise ValueError(
            f"scores have a row for each of the {n} texts and a column for each label; their shape is {values.shape}."
        )
    if not ((values >= -ROUNDING) & (values <= 1 + ROUNDING)).all():  # NaN is neither
        raise ValueError("scores are probabilities from 0 to 1; found others. Give logits a softmax or sigmoid first.")
    return values
