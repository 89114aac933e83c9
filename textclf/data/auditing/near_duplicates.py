"""Near duplicates: texts that share nearly all their character 5-grams, found by MinHash in near-linear time.

MinHash (Broder 1997) makes the share of equal digest entries an estimate of the Jaccard similarity of two sets;
banding (Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, chapter 3.4) makes similar digests meet without
comparing all pairs. What meets is compared by its digests, and close to the threshold by its 5-grams themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash
from scipy import sparse

from ..model_text import fold

GRAM = 5  # characters: works alike for Korean, where a word is a whole phrase, and for English
JACCARD = 0.8  # the usual threshold for near duplicates (Lee et al. 2022, arXiv:2107.06499)
FEWEST_GRAMS = 12  # in shorter texts one changed word is another message, not a copy
LONGEST = 5_000  # characters that are compared; beyond that texts are told apart by their beginnings
BANDS, BAND_ROWS = 21, 6  # two texts of similarity .8 meet with probability .998, of .5 with .28
DIGEST = BANDS * BAND_ROWS
NEIGHBOURS = 8  # texts compared with each text of a crowded band, so that templates do not cost quadratic time
SURELY, HARDLY = 0.9, 0.68  # estimates (standard error .036 at .8) beyond which the 5-grams need no comparison
BATCH = 2_000

NOT_LETTERS = re.compile(r"[\W_]+")
# Odd multipliers of a polynomial and of a final mix (SplitMix64), in arithmetic modulo 2**64.
BASE, MIX_1, MIX_2 = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


class Grams(NamedTuple):
    """Hashed 5-grams of several texts: text i has `hashes[offsets[i]:offsets[i + 1]]`, repeats included."""

    hashes: NDArray[np.uint64]
    offsets: NDArray[np.int64]


def hash_grams(texts: Sequence[str]) -> Grams:
    """Hash the character 5-grams of texts, after folding and with letters, digits and single spaces only."""
    plain = [NOT_LETTERS.sub(" ", fold(text[:LONGEST])).strip() for text in texts]
    lengths = np.array([len(text) for text in plain], dtype=np.int64)
    encoded = "".join(plain).encode("utf-32-le", "surrogatepass")
    letters = np.frombuffer(encoded, dtype=np.uint32).astype(np.uint64)
    if len(letters) < GRAM:
        return Grams(np.zeros(0, np.uint64), np.zeros(len(plain) + 1, np.int64))
    hashes = np.zeros(len(letters) - GRAM + 1, dtype=np.uint64)
    for at in range(GRAM):
        hashes = hashes * BASE + letters[at : len(letters) - GRAM + 1 + at]
    hashes = (hashes ^ (hashes >> np.uint64(30))) * MIX_1
    hashes = (hashes ^ (hashes >> np.uint64(27))) * MIX_2
    ends = np.cumsum(lengths)
    inside = np.arange(len(hashes)) + GRAM <= np.repeat(ends, lengths)[: len(hashes)]
    counts = np.maximum(lengths - GRAM + 1, 0)
    return Grams(hashes[inside], np.concatenate([[0], np.cumsum(counts)]))


def near_pairs(
    batches: Iterator[list[str]], read: Callable[[NDArray[np.int64]], list[str]], seed: int = 0
) -> NDArray[np.int64]:
    """Return pairs of texts whose 5-grams have a Jaccard similarity of at least 0.8: int64 [P, 2], first < second.

    `batches` gives all texts once, in order; `read(numbers)` gives some of them again. Texts should differ from each
    other (take exact duplicates out before). In memory stay 504 bytes a text.
    """
    digests, long_enough = _digests(batches, seed)
    candidates = _candidates(digests[long_enough])
    pairs = np.sort(long_enough[candidates], axis=1)
    similarity = _estimates(digests, pairs)
    sure = similarity >= SURELY
    unsure = pairs[~sure]
    confirmed = unsure[_similar(unsure, read)]
    found = np.concatenate([pairs[sure], confirmed])
    return found[np.lexsort((found[:, 1], found[:, 0]))]


def _digests(batches: Iterator[list[str]], seed: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return MinHash digests uint32 [N, DIGEST] and the numbers of the texts that are long enough to be compared."""
    parts, long_enough, start = [np.zeros((0, DIGEST), np.uint32)], [np.zeros(0, np.int64)], 0
    for texts in batches:
        grams = hash_grams(texts)
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(
            grams.hashes, grams.offsets.astype(np.uint64), DIGEST, seed
        )
        parts.append(np.array(matrix.to_rows(), dtype=np.uint32).reshape(len(texts), DIGEST))
        long_enough.append(np.flatnonzero(np.diff(grams.offsets) >= FEWEST_GRAMS) + start)
        start += len(texts)
    return np.concatenate(parts), np.concatenate(long_enough)


def _candidates(digests: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return pairs that are equal in at least one band and estimated to be similar: int64 [P, 2], each once."""
    found = [np.zeros((0, 2), dtype=np.int64)]
    for band in range(BANDS):
        columns = np.ascontiguousarray(digests[:, band * BAND_ROWS : (band + 1) * BAND_ROWS])
        keys = columns.view(np.dtype((np.void, columns.dtype.itemsize * BAND_ROWS))).ravel()
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        for distance in range(1, NEIGHBOURS + 1):
            equal = np.flatnonzero(keys[distance:] == keys[:-distance])
            if not len(equal):
                break
            pairs = np.stack([order[equal], order[equal + distance]], axis=1)
            found.append(pairs[_estimates(digests, pairs) >= HARDLY])
    return np.unique(np.concatenate(found), axis=0)


def _estimates(digests: NDArray[np.uint32], pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Estimate the similarity of pairs by the share of equal digest entries: float64 [P]."""
    result = np.zeros(len(pairs))
    for start in range(0, len(pairs), BATCH):
        part = pairs[start : start + BATCH]
        result[start : start + BATCH] = (digests[part[:, 0]] == digests[part[:, 1]]).mean(axis=1)
    return result


def _similar(pairs: NDArray[np.int64], read: Callable[[NDArray[np.int64]], list[str]]) -> NDArray[np.bool_]:
    """Compare pairs by their 5-grams themselves, reading the texts again: bool [P]."""
    result = np.zeros(len(pairs), dtype=bool)
    for start in range(0, len(pairs), BATCH):
        part = pairs[start : start + BATCH]
        numbers, places = np.unique(part, return_inverse=True)
        first, second = places.reshape(part.shape).T
        sets = _gram_sets(read(numbers))
        sizes = np.diff(sets.indptr)
        shared = np.asarray(sets[first].multiply(sets[second]).sum(axis=1)).ravel()
        result[start : start + BATCH] = shared >= JACCARD * (sizes[first] + sizes[second] - shared)
    return result


def _gram_sets(texts: list[str]) -> sparse.csr_matrix:
    """Return which text holds which 5-gram: 1 or 0, int64 [N, distinct 5-grams]."""
    grams = hash_grams(texts)
    distinct, columns = np.unique(grams.hashes, return_inverse=True)
    ones = np.ones(len(columns), dtype=np.int64)
    sets = sparse.csr_matrix((ones, columns, grams.offsets), shape=(len(texts), len(distinct)))
    sets.sum_duplicates()
    sets.data[:] = 1
    return sets
