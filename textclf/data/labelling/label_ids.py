"""Label ids of many rows as flat arrays: the same few operations for one label a row and for several."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

# The id of "this row has no label" (one label a row only; with several, a row may be without any).
UNLABELLED = -1


@dataclass(frozen=True)
class LabelIds:
    """Label ids of N rows.

    Attributes:
        ids: int64 [N], one a row, `UNLABELLED` where there is none; with several labels int64 [M], row after row.
        offsets: int64 [N + 1]: row i has `ids[offsets[i]:offsets[i + 1]]`; None with one label a row.
    """

    ids: NDArray[np.int64]
    offsets: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        """Return the number of rows N."""
        return len(self.ids) if self.offsets is None else len(self.offsets) - 1

    @property
    def multi_label(self) -> bool:
        """Say whether a row may have several labels."""
        return self.offsets is not None

    @property
    def rows(self) -> NDArray[np.int64]:
        """Return the row of each id: int64 [M]."""
        if self.offsets is None:
            return np.arange(len(self.ids))
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def sizes(self) -> NDArray[np.int64]:
        """Return how many labels each row has: int64 [N]."""
        if self.offsets is None:
            return (self.ids != UNLABELLED).astype(np.int64)
        return np.diff(self.offsets)

    def counts(self, n_labels: int) -> NDArray[np.int64]:
        """Return how many rows carry each label: int64 [L]."""
        return np.bincount(self.ids[self.ids != UNLABELLED], minlength=n_labels).astype(np.int64)

    def select(self, keep: NDArray[np.bool_]) -> LabelIds:
        """Return the rows where `keep` (bool [N]) is true, in their order."""
        if self.offsets is None:
            return LabelIds(self.ids[keep])
        sizes = np.diff(self.offsets)
        return LabelIds(self.ids[np.repeat(keep, sizes)], _offsets(sizes[keep]))

    def take(self, rows: NDArray[np.int64]) -> LabelIds:
        """Return the given rows, in the given order; with several labels -1 stands for a row without any."""
        if self.offsets is None:
            return LabelIds(self.ids[rows])
        sizes = np.append(np.diff(self.offsets), 0)[rows]
        offsets = _offsets(sizes)
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], sizes)
        return LabelIds(self.ids[np.repeat(self.offsets[rows], sizes) + within], offsets)

    def renumber(self, new_ids: NDArray[np.int64]) -> LabelIds:
        """Return the rows with `new_ids[id]` for each id; -1 takes the label away. Several labels come out sorted."""
        if self.offsets is None:
            return LabelIds(np.append(new_ids, UNLABELLED)[self.ids])
        ids, rows = new_ids[self.ids], self.rows
        kept = ids >= 0
        span = max(int(new_ids.max(initial=0)) + 1, 1)
        keys = np.unique(rows[kept] * span + ids[kept])  # by row, then by id; a label twice in a row is one label
        return LabelIds(keys % span, _offsets(np.bincount(keys // span, minlength=len(self))))

    def indicator(self, n_labels: int) -> NDArray[np.bool_]:
        """Return which row has which label: bool [N, L]."""
        table = np.zeros((len(self), n_labels), dtype=bool)
        labelled = self.ids != UNLABELLED
        table[self.rows[labelled], self.ids[labelled]] = True
        return table

    def to_arrow(self) -> pa.Array:
        """Return the column of a data set: int64, or list<int64>."""
        if self.offsets is None:
            return pa.array(self.ids)
        return pa.ListArray.from_arrays(pa.array(self.offsets, pa.int32()), pa.array(self.ids))


def _offsets(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
