"""The training texts that a page lets one read: those of the map and more, within bounds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from ..data.auditing.sampling import read_texts
from ..evaluation.page.rows import CUTS, readable
from .stratified_sample import stratified_rows

MOST_ROWS = 20_000
MOST_CHARACTERS = 2_000_000  # of all texts together: 6 MB at most in Hangul, 2 in Latin letters


class Browsed(NamedTuple):
    """n training texts to read."""

    rows: NDArray[np.int64]
    """int64 [n], ascending"""
    texts: list[str]
    """One line each, cut where long: length n."""
    carried: NDArray[np.int64]
    """0/1 [n, L]"""
    points: NDArray[np.int64]
    """The place on the map of each, -1 where it is not there: int64 [n]."""
    of: int
    """Training texts in all."""
    longest: int
    """Characters after which a text is cut."""


def browse(train: Dataset, points: NDArray[np.int64], carried: NDArray[np.int64], seed: int) -> Browsed:
    """Choose the rows of the map and a stratified sample of the others; `carried` is 0/1 [N, L]."""
    rows = np.union1d(points, stratified_rows(carried, MOST_ROWS, seed))
    texts = [readable(" / ".join(text.split("\n"))) for text in read_texts(train, rows)]
    lengths = np.array([len(text) for text in texts])
    longest = next((cut for cut in CUTS if np.minimum(lengths, cut).sum() <= MOST_CHARACTERS), CUTS[-1])
    at = np.full(len(train), -1)
    at[points] = np.arange(len(points))
    return Browsed(rows, [readable(text, longest) for text in texts], carried[rows], at[rows], len(train), longest)
