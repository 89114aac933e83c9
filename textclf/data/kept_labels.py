"""Every label stays in the training rows that a split is carved out of, and comes into that split where it can."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .labelling.label_ids import LabelIds


def return_lost_labels(leaves: NDArray[np.bool_], labels: LabelIds, n_labels: int, groups: NDArray[np.int64]) -> None:
    """Take back, in place, the smallest group of each label that would be lost to the training rows."""
    rows, ids = labels.rows, labels.ids
    lost = labels.counts(n_labels) == np.bincount(ids[leaves[rows]], minlength=n_labels)
    for label in np.flatnonzero(lost):
        having = rows[ids == label]
        if len(having) and leaves[having].all():  # not taken back yet beside another label
            candidates, sizes = np.unique(groups[having], return_counts=True)
            leaves[groups == candidates[sizes.argmin()]] = False


def bring_absent_labels(
    leaves: NDArray[np.bool_], labels: LabelIds, n_labels: int, rng: np.random.Generator, copies: NDArray[np.int64]
) -> None:
    """Let, in place, a text leave for each label that the new split lacks and that the training rows can spare."""
    rows, ids = labels.rows, labels.ids
    here = np.bincount(ids[~leaves[rows]], minlength=n_labels)
    there = np.bincount(ids[leaves[rows]], minlength=n_labels)
    by_text = np.argsort(copies, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(copies))])
    for label in np.flatnonzero((there == 0) & (here > 1)):
        having = rows[ids == label]
        if leaves[having].any():  # came along with a row of another label
            continue
        for row in rng.permutation(having):
            mates = by_text[starts[copies[row]] : starts[copies[row] + 1]]
            parts = (
                [labels.ids[mates]]
                if labels.offsets is None
                else [ids[labels.offsets[mate] : labels.offsets[mate + 1]] for mate in mates]
            )
            own = np.bincount(np.concatenate(parts), minlength=n_labels)
            if (here > own)[own > 0].all():
                leaves[mates] = True
                here -= own
                break
