"""Exact duplicates and leaks: texts that are equal to the model, but for case and spaces."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
from datasets import Dataset, DatasetDict
from numpy.typing import NDArray

from ..model_text import BLANK, text_key, whole_texts
from .sampling import BATCH

HELD_OUT = ("validation", "guarantee", "test")


class Keys(NamedTuple):
    """One row of a split is one entry: a 64-bit key of its folded text, and a code that is equal for equal labels."""

    texts: NDArray[np.uint64]
    labels: NDArray[np.int64]


def row_keys(splits: DatasetDict, clean: Callable[[str], str] = str) -> dict[str, Keys]:
    """Read every row of every split once and return their keys: 16 bytes a row is all that stays in memory.

    `clean` makes of a text what the model reads, so that texts which differ for people only are equal.
    """
    return {name: _split_keys(split, clean) for name, split in splits.items()}


def _split_keys(split: Dataset, clean: Callable[[str], str]) -> Keys:
    texts = np.zeros(len(split), dtype=np.uint64)
    labels = np.zeros(len(split), dtype=np.int64)
    for number, batch in enumerate(split.iter(BATCH)):
        part = slice(number * BATCH, number * BATCH + len(batch["text"]))
        texts[part] = [text_key(text) for text in whole_texts(batch, clean)]
        labels[part] = [_label_code(label) for label in batch["labels"]]
    return Keys(texts, labels)


def _label_code(label: Any) -> int:  # Any: an id, None, or a list of ids
    if label is None:
        return -1
    if isinstance(label, int):
        return label
    ids = ",".join(map(str, sorted(label)))
    return int.from_bytes(blake2b(ids.encode(), digest_size=7).digest())


def rows_found_in(keys: NDArray[np.uint64], others: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the rows whose text also stands among `others`: int64 [n], ascending."""
    return np.flatnonzero(np.isin(keys, others) & (keys != BLANK))


def held_out_keys(keys: dict[str, Keys]) -> NDArray[np.uint64]:
    """Return the keys of all validation and test texts."""
    parts = [keys[name].texts for name in HELD_OUT if name in keys]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint64)


def repeated_rows(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the rows that repeat an earlier row: int64 [n]; the first one of each text is not among them."""
    first = np.unique(keys, return_index=True)[1]
    repeats = np.ones(len(keys), dtype=bool)
    repeats[first] = False
    return np.flatnonzero(repeats & (keys != BLANK))


def conflicting_texts(keys: dict[str, Keys]) -> NDArray[np.uint64]:
    """Return the keys of texts that occur with different labels, in one split or across splits."""
    texts = np.concatenate([each.texts for each in keys.values()])
    labels = np.concatenate([each.labels for each in keys.values()])
    order = np.argsort(texts, kind="stable")
    texts, labels = texts[order], labels[order]
    starts = np.flatnonzero(np.concatenate([[True], texts[1:] != texts[:-1]]))
    if not len(texts):
        return texts
    differ = np.maximum.reduceat(labels, starts) != np.minimum.reduceat(labels, starts)
    found = texts[starts][differ]
    return found[found != BLANK]
