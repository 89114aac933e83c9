"""Checks of labels: those that training never sees, and classes of very different size."""

from __future__ import annotations

import numpy as np
from datasets import Dataset, DatasetDict
from numpy.typing import NDArray

from ...labels import LabelSpace
from .findings import Finding, counted
from .sampling import BATCH

IMBALANCE = 10  # from this ratio of the most to the least frequent label it is worth a line
NAMES_SHOWN = 5


def label_frequencies(split: Dataset, space: LabelSpace) -> NDArray[np.int64]:
    """Count the rows of each label: int64 [L]; a row with several labels counts for each of them."""
    frequencies = np.zeros(len(space), dtype=np.int64)
    for batch in split.select_columns("labels").iter(10 * BATCH):
        labels = batch["labels"]
        ids = [i for row in labels for i in row] if space.multi_label else [i for i in labels if i is not None]
        frequencies += np.bincount(np.asarray(ids, dtype=np.int64), minlength=len(space))
    return frequencies


def check(splits: DatasetDict) -> list[Finding]:
    """Find labels that occur in validation or test but not in train, labels without training rows, and imbalance."""
    space = LabelSpace.from_features(splits["train"].features)
    frequencies = {name: label_frequencies(split, space) for name, split in splits.items()}
    in_train = frequencies["train"] > 0
    elsewhere = np.sum([counts for name, counts in frequencies.items() if name != "train"], axis=0) > 0
    absent = [space.names[i] for i in np.flatnonzero(~in_train & elsewhere)]
    unused = [space.names[i] for i in np.flatnonzero(~in_train & ~elsewhere)]
    per_split = {name: dict(zip(space.names, map(int, counts), strict=True)) for name, counts in frequencies.items()}
    return [
        Finding(
            "labels_absent_from_train",
            f"{counted(len(absent), 'label', 'labels')} of validation or test never "
            f"{counted(len(absent), 'occurs', 'occur')} in train: {_shown(absent)}",
            len(absent),
            len(space),
            details={"labels": absent, "frequencies": per_split},
        ),
        Finding(
            "labels_without_rows",
            f"{counted(len(unused), 'label occurs', 'labels occur')} in no split: {_shown(unused)}",
            len(unused),
            len(space),
            details={"labels": unused},
        ),
        _imbalance(space, frequencies["train"]),
    ]


def _imbalance(space: LabelSpace, frequencies: NDArray[np.int64]) -> Finding:
    """Compare the most and the least frequent label of train; the count is the rows of the least frequent one."""
    occurring = np.flatnonzero(frequencies)
    if not len(occurring):
        return Finding("imbalance", "training rows carry a label", 0, 0)
    least, most = (int(choose(frequencies[occurring])) for choose in (np.min, np.max))
    rare = space.names[int(occurring[np.argmin(frequencies[occurring])])]
    frequent = space.names[int(np.argmax(frequencies))]
    ratio = most / least
    return Finding(
        "imbalance",
        f"{counted(least, 'training row carries', 'training rows carry')} {rare!r}, "
        f"{ratio:,.0f} times fewer than {frequent!r}",
        least,
        int(frequencies.sum()),
        details={"ratio": round(ratio, 4), "least_frequent": rare, "most_frequent": frequent},
        worth_a_line=ratio >= IMBALANCE,
    )


def _shown(names: list[str]) -> str:
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(names[:NAMES_SHOWN]) + more
