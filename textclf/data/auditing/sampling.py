"""Random samples of rows, and the texts of sampled rows read from Arrow a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from datasets import Dataset, DatasetDict
from numpy.typing import NDArray

from ..model_text import reader, whole_texts

BATCH = 1_000


def sample_rows(rows: int, most: int, seed: int = 0) -> NDArray[np.int64]:
    """Return all row numbers if there are at most `most`, else a sorted random sample of that size: int64 [n]."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, size=most, replace=False))


class TextBatch(NamedTuple):
    """Texts of one split and their row numbers in it: both of length n."""

    split: str
    rows: NDArray[np.int64]
    texts: list[str]


class TextSample:
    """Rows of several splits, at most a given number; only row numbers are held, texts are read when asked for."""

    def __init__(self, splits: DatasetDict, most: int, seed: int = 0, clean: Sequence[str] = ()) -> None:
        """Sample rows: all of validation and test (up to a quarter of `most` each), and of train what is left.

        `clean` are the cleaning steps of the model that will read the texts.
        """
        self.splits = splits
        self.clean = reader(clean)
        self.rows: dict[str, NDArray[np.int64]] = {}
        held_out = [name for name in splits if name != "train"]
        for name in held_out:
            self.rows[name] = sample_rows(len(splits[name]), most // 4, seed)
        if "train" in splits:
            left = most - sum(len(rows) for rows in self.rows.values())
            self.rows = {"train": sample_rows(len(splits["train"]), left, seed)} | self.rows

    def __len__(self) -> int:
        """Return the number of sampled rows."""
        return sum(len(rows) for rows in self.rows.values())

    @property
    def complete(self) -> bool:
        """Whether every row of every split is in the sample."""
        return all(len(rows) == len(self.splits[name]) for name, rows in self.rows.items())

    @property
    def sizes(self) -> dict[str, int]:
        """Return how many rows of each split are in the sample."""
        return {name: len(rows) for name, rows in self.rows.items()}

    def owners(self) -> NDArray[np.int64]:
        """Return the split of every sampled row, as its position among the splits: int64 [n]."""
        return np.repeat(np.arange(len(self.rows)), [len(rows) for rows in self.rows.values()])

    def place(self, number: int) -> tuple[str, int]:
        """Return the split of a sampled row and its row number there."""
        for name, rows in self.rows.items():
            if number < len(rows):
                return name, int(rows[number])
            number -= len(rows)
        raise IndexError(f"row {number} beyond the end of the sample")

    def read_as_model(self, numbers: NDArray[np.int64]) -> list[str]:
        """Return the texts of some sampled rows, see `read`, as the model reads them."""
        return self.read(numbers, self.clean)

    def read(self, numbers: NDArray[np.int64], clean: Callable[[str], str] = str) -> list[str]:
        """Return the texts of some sampled rows, by their positions in the sample, in ascending order."""
        texts: list[str] = []
        start = 0
        for name, rows in self.rows.items():
            part = numbers[(numbers >= start) & (numbers < start + len(rows))] - start
            if len(part):
                texts += read_texts(self.splits[name], rows[part], clean)
            start += len(rows)
        return texts

    def batches(self) -> Iterator[TextBatch]:
        """Read the sampled texts in order, split after split."""
        for name, rows in self.rows.items():
            for start in range(0, len(rows), BATCH):
                part = rows[start : start + BATCH]
                yield TextBatch(name, part, read_texts(self.splits[name], part))


def read_texts(split: Dataset, rows: NDArray[np.int64], clean: Callable[[str], str] = str) -> list[str]:
    """Return whole texts, cleaned, a second field behind the first one on a line of its own."""
    whole = len(rows) and len(rows) == rows[-1] - rows[0] + 1
    batch = split[int(rows[0]) : int(rows[-1]) + 1] if whole else split[rows]
    return whole_texts(batch, clean)
