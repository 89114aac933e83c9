"""Folds of the training rows: each row is in one, labels keep their shares, groups and equal texts stay together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from ..errors import UserError
from ..labels import LabelSpace
from .labelling.label_ids import LabelIds
from .model_text import BLANK, reader, text_key, whole_texts
from .splits import carve

ROWS_AT_ONCE = 10_000


def assign_folds(
    train: Dataset, folds: int, seed: int, groups: NDArray[np.int64] | None = None, clean: Sequence[str] = ()
) -> NDArray[np.int64]:
    """Return each training row's fold, int64 [N] from 0 to `folds` - 1.

    One fold after the other is carved out of the rows that are left, by the code that carves validation and test:
    stratified by label, iteratively with several labels, by whole groups (int64 [N]) where there are any, equal texts
    (as the model reads them, cleaned by the steps `clean`) together.

    Raises:
        UserError: too few rows, groups or different texts for so many folds.
    """
    labels, n_labels = label_ids(train), len(LabelSpace.from_features(train.features))
    texts = text_numbers(train, clean)
    found = np.zeros(len(train), dtype=np.int64)
    left = np.arange(len(train))
    for fold in range(folds - 1):
        try:
            leaves = carve(
                labels.take(left),
                n_labels,
                1 / (folds - fold),
                seed + fold,
                None if groups is None else groups[left],
                texts[left],
            )
        except UserError as error:
            raise UserError(
                f"{folds} folds cannot be made of {len(train):,} training rows: {error} Or ask for fewer --folds."
            ) from error
        found[left[leaves]] = fold
        left = left[~leaves]
    found[left] = folds - 1
    return found


def label_ids(rows: Dataset) -> LabelIds:
    """Return the labels of a data set's rows as flat ids."""
    space = LabelSpace.from_features(rows.features)
    if not space.multi_label:
        return LabelIds(space.gold(rows))
    lists = rows.select_columns("labels").with_format("arrow")[:].column("labels").combine_chunks()
    sizes = np.diff(lists.offsets.to_numpy())
    ids = lists.flatten().to_numpy(zero_copy_only=False).astype(np.int64)
    return LabelIds(ids, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))


def text_numbers(rows: Dataset, clean: Sequence[str] = ()) -> NDArray[np.uint64]:
    """Return the same number for texts that are equal to the model, uint64 [N]; blank texts are equal to none."""
    columns = [name for name in ("text", "text_pair") if name in rows.column_names]
    cleaned, keys = reader(clean), np.zeros(len(rows), dtype=np.uint64)
    for number, batch in enumerate(rows.select_columns(columns).iter(ROWS_AT_ONCE)):
        texts: dict[str, Any] = dict(batch)  # Any: columns of a data set
        first = number * ROWS_AT_ONCE
        keys[first : first + ROWS_AT_ONCE] = [text_key(text) for text in whole_texts(texts, cleaned)]
    blank = np.flatnonzero(keys == BLANK)
    keys[blank] = blank.astype(np.uint64) + np.uint64(1)
    return keys
