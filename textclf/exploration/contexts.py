"""Where the listed words stand: a few places of each, with what is around them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from ..data.auditing.sampling import read_texts
from .content_words import ContentWords, Runs, as_read
from .word_ranking import LabelWords, ngrams

PLACES = 3  # of each word and label
AROUND = 45  # characters on each side
_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


class Context(NamedTuple):
    """A place of an n-gram: the row of its training text, what stands before it, itself as written, what follows."""

    row: int
    before: str
    hit: str
    after: str


Contexts = list[dict[str, list[Context]]]  # of each label, by n-gram


def contexts(
    words: Mapping[int, Sequence[LabelWords]],
    read: Sequence[Sequence[Sequence[str]]],
    carried: NDArray[np.int64],
    rows: NDArray[np.int64],
    train: Dataset,
    reader: ContentWords,
) -> Contexts:
    """Return up to three places of each listed n-gram in the texts of each label.

    `read` are the content words of the texts `train[rows]`, `carried` their labels, 0/1 [N, L]. Only the texts that
    are shown are read a second time, for the places.
    """
    wanted = _rows_to_show(words, read, carried)
    chosen = sorted({place for by_ngram in wanted for places in by_ngram.values() for place in places})
    texts = [as_read(text) for text in read_texts(train, rows[chosen])]
    runs = dict(zip(chosen, zip(texts, reader.places(texts), strict=True), strict=True))
    return [
        {
            ngram: [_context(ngram, int(rows[place]), *runs[place]) for place in places]
            for ngram, places in by_ngram.items()
        }
        for by_ngram in wanted
    ]


def _rows_to_show(
    words: Mapping[int, Sequence[LabelWords]], read: Sequence[Sequence[Sequence[str]]], carried: NDArray[np.int64]
) -> list[dict[str, list[int]]]:
    """Return for each label its listed n-grams and the first texts of that label, by their place, that hold them."""
    listed: list[dict[str, list[int]]] = [{} for _ in range(carried.shape[1])]
    for ranked in words.values():
        for label, each in enumerate(ranked):
            listed[label] |= {found.ngram: [] for found in (*each.frequent, *each.distinctive)}
    holders = defaultdict(list)
    for label, by_ngram in enumerate(listed):
        for ngram in by_ngram:
            holders[ngram].append(label)
    for place, text in enumerate(read):
        for ngram in {ngram for length in words for ngram in ngrams(text, length) if ngram in holders}:
            for label in holders[ngram]:
                if carried[place, label] and len(listed[label][ngram]) < PLACES:
                    listed[label][ngram].append(place)
    return listed


def _context(ngram: str, row: int, text: str, runs: Runs) -> Context:
    start, end = next(_spans(ngram.split(" "), runs), (0, 0))
    before, after = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    if start > AROUND:
        before = "…" + (before.partition(" ")[2] or before)
    if end + AROUND < len(text):
        after = (after.rpartition(" ")[0] or after) + "…"
    return Context(row, *(_SPACES.sub(" ", part) for part in (before, text[start:end], after)))


def _spans(wanted: list[str], runs: Runs) -> Iterator[tuple[int, int]]:
    """Yield where the words stand one after the other."""
    for run in runs:
        found = [word.text for word in run]
        for at in range(len(run) - len(wanted) + 1):
            if found[at : at + len(wanted)] == wanted:
                yield run[at].start, run[at + len(wanted) - 1].end
