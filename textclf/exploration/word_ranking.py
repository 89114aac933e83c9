"""The most frequent and the most distinctive word n-grams of each label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

LONGEST = 3  # words
SHOWN = 12
FEWEST = 2  # times an n-gram must occur
PRIOR = 500.0  # words that the prior is worth
SIGNIFICANT = 1.96  # standard deviations: 95 %, two-sided

Runs = list[list[list[str]]]


class Ranked(NamedTuple):
    """One n-gram in a list: how often the label's texts use it, and its z-score against all other texts."""

    ngram: str
    times: int
    z_score: float


class LabelWords(NamedTuple):
    """The n-grams of one length in the texts of one label, the first ones first."""

    frequent: list[Ranked]
    distinctive: list[Ranked]


def rank_words(
    runs: Runs, carried: NDArray[np.int64], shown: int = SHOWN, longest: int = LONGEST
) -> dict[int, list[LabelWords]]:
    """Rank uni-, bi- and trigrams of content words for each label.

    Args:
        runs: the content words of N texts, sentence by sentence.
        carried: 0/1 [N, L].
        shown: n-grams in each list.
        longest: words of the longest n-grams.

    Returns:
        Length 1, 2, 3 -> one entry a label, in label order. Counts are occurrences, not texts.
    """
    return {length: _rank(runs, carried, length, shown) for length in range(1, longest + 1)}


def _rank(runs: Runs, carried: NDArray[np.int64], length: int, shown: int) -> list[LabelWords]:
    counter = CountVectorizer(analyzer=lambda text: list(ngrams(text, length)))
    try:
        counts: sparse.csr_matrix = counter.fit_transform(runs)
    except ValueError:  # "empty vocabulary": not one n-gram of this length
        return [LabelWords([], [])] * carried.shape[1]
    names = counter.get_feature_names_out()
    total = np.asarray(counts.sum(axis=0)).ravel()
    often = np.flatnonzero(total >= FEWEST)  # a small part of all: most triples of words occur once
    per_label = np.asarray((sparse.csr_matrix(carried.T) @ counts[:, often]).todense())
    others = total[often] - per_label
    ranked = []
    for inside, outside in zip(per_label, others, strict=True):
        z_scores = log_odds(inside, outside)
        by_count = [i for i in np.argsort(-inside, kind="stable")[:shown] if inside[i] >= FEWEST]
        by_z = [i for i in np.argsort(-z_scores, kind="stable")[:shown] if z_scores[i] >= SIGNIFICANT]
        lists = (
            [Ranked(names[often[i]], int(inside[i]), float(z_scores[i])) for i in rows] for rows in (by_count, by_z)
        )
        ranked.append(LabelWords(*lists))
    return ranked


def ngrams(sentences: Sequence[Sequence[str]], length: int) -> Iterator[str]:
    """Yield the n-grams of a text's content words, none of them across the end of a sentence."""
    for words in sentences:
        for start in range(len(words) - length + 1):
            yield " ".join(words[start : start + length])


def log_odds(inside: NDArray[np.int64], outside: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the z-score of each word's log-odds-ratio between two groups of texts: float64 [V].

    Monroe, Colaresi and Quinn (2008), "Fightin' Words" (Political Analysis 16:372-403): weighted log-odds with an
    informative Dirichlet prior in proportion to the words' frequencies in all texts, here worth 500 words. It asks
    both for a large difference and for enough occurrences to be sure of it.
    """
    if len(inside) < 2:  # a single word is all that both groups say
        return np.zeros(len(inside))
    together = inside + outside
    prior = PRIOR * together / max(together.sum(), 1)
    here, there = inside + prior, outside + prior
    difference = np.log(here / (here.sum() - here)) - np.log(there / (there.sum() - there))
    return np.asarray(difference / np.sqrt(1 / here + 1 / there))
