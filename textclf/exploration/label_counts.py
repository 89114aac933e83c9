"""How many texts carry each label, and how many labels a text carries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from datasets import Dataset, DatasetDict
from numpy.typing import NDArray

from ..labels import LabelSpace


@dataclass(frozen=True)
class LabelCounts:
    """Counts over a label space of L labels."""

    per_split: dict[str, NDArray[np.int64]]
    """Split -> texts with each label: int64 [L]."""
    labels_per_text: NDArray[np.int64]
    """Training texts with 0, 1, 2 ... labels: int64 [most + 1]."""

    @property
    def total(self) -> NDArray[np.int64]:
        """Return the texts of all splits with each label: int64 [L]."""
        return np.sum(list(self.per_split.values()), axis=0, dtype=np.int64)

    def by_frequency(self) -> NDArray[np.int64]:
        """Return label ids, the most frequent first, equal ones in label order: int64 [L]."""
        return np.argsort(-self.total, kind="stable")


def indicator(split: Dataset, labels: LabelSpace) -> NDArray[np.int64]:
    """Return which row carries which label, one label a row or several: 0/1 int64 [N, L]."""
    gold = labels.gold(split.select_columns("labels"))
    if labels.multi_label:
        return gold
    return np.eye(len(labels), dtype=np.int64)[gold]


def count_labels(splits: DatasetDict, labels: LabelSpace) -> LabelCounts:
    """Count the labels of every split."""
    carried = {name: indicator(split, labels) for name, split in splits.items()}
    return LabelCounts(
        per_split={name: rows.sum(axis=0) for name, rows in carried.items()},
        labels_per_text=np.bincount(carried["train"].sum(axis=1)).astype(np.int64),
    )
