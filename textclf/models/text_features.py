"""Sparse features of whole texts for linear models: n-grams of words and of characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import partial
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import Normalizer

Text = str | tuple[str, str | None]  # a text, or a text and its pair (null or empty: none)
WORD = r"(?u)\b\w+\b"  # words of one letter too: 못, 안, I
MOST_WORD_FEATURES = 500_000  # the most frequent ones; bounds the weights of many labels over long texts
# By macro F1 over three random 75/25 splits of the training rows of Korean headlines and comments, English tweets and
# forum sentences: within .006 of the best of lengths 1-3, 1-4 and 1-5, within and across words, in at least 1 or 2
# texts; no other choice was that near on all four.
CHARACTERS = (1, 4)  # lengths of character n-grams
# A Korean syllable is two or three jamo: these reach over one to two syllables and tell endings apart (했/한/할). By
# macro F1 on random quarters of the training rows, beside the above: headlines +.0034 (2 quarters, C = .1), comments
# +.006 (4); lengths 3-9 and 4-6 are within .002 of it, across words .002 to .005 less.
JAMO = (3, 7)
MIN_TEXTS = 2  # texts that a character n-gram must stand in


def as_string(text: Text) -> str:
    """Return a text, or both fields of a pair on two lines, with Unicode composed (NFC) as in the tokenizer."""
    joined = text if isinstance(text, str) else "\n".join(part for part in text if part)
    return unicodedata.normalize("NFC", joined)


class CharacterNgrams(TransformerMixin, BaseEstimator):
    """Counts of character n-grams within words, edges included: scikit-learn's `char_wb`, cut once a distinct word.

    A text's counts are the sum of its words' counts. The columns are the n-grams that stand in MIN_TEXTS training
    texts or more. With `jamo` Hangul syllables are taken apart first (Unicode's NFD).
    """

    def __init__(self, lengths: tuple[int, int] = CHARACTERS, jamo: bool = False) -> None:
        self.lengths = lengths
        self.jamo = jamo

    def fit(self, texts: Sequence[str], y: None = None) -> Self:
        """Learn the columns from texts."""
        self.fit_transform(texts)
        return self

    def fit_transform(self, X: Sequence[str], y: None = None, **_: Any) -> sparse.csr_matrix:  # noqa: N803
        """Learn the columns from texts and return their counts, float64 [N, G] (the names are scikit-learn's)."""
        taken_apart = partial(unicodedata.normalize, "NFD") if self.jamo else None
        self.counter = CountVectorizer(
            analyzer="char_wb", ngram_range=self.lengths, preprocessor=taken_apart, dtype=np.float64
        )
        counts = self._counts(X, fit=True)
        self.kept = np.flatnonzero(counts.getnnz(axis=0) >= min(MIN_TEXTS, len(X)))
        return counts[:, self.kept]

    def transform(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Return the counts of texts, float64 [N, G]."""
        return self._counts(texts, fit=False)[:, self.kept]

    def _counts(self, texts: Sequence[str], fit: bool) -> sparse.csr_matrix:
        words = CountVectorizer(analyzer=_lower_words, dtype=np.float64)
        by_text = words.fit_transform([*texts, "a"])[:-1]  # no vocabulary may be empty, as that of blank texts is
        vocabulary = words.get_feature_names_out()
        by_word = self.counter.fit_transform(vocabulary) if fit else self.counter.transform(vocabulary)
        return (by_text @ by_word).tocsr()


class WordNgrams(TransformerMixin, BaseEstimator):
    """Counts of word n-grams, lower-cased; texts without a single word give empty rows instead of an error."""

    def __init__(self, longest: int, binary: bool = False) -> None:
        self.longest = longest
        self.binary = binary

    def fit(self, texts: Sequence[str], y: None = None) -> Self:
        """Learn the columns from texts."""
        self.fit_transform(texts)
        return self

    def fit_transform(self, X: Sequence[str], y: None = None, **_: Any) -> sparse.csr_matrix:  # noqa: N803
        """Learn the columns from texts and return their counts, float64 [N, G], in one pass."""
        self.counter = CountVectorizer(
            token_pattern=WORD,
            ngram_range=(1, self.longest),
            max_features=MOST_WORD_FEATURES,
            binary=self.binary,
            dtype=np.float64,
        )
        return self.counter.fit_transform([*X, "a"])[:-1]

    def transform(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Return the counts of texts, float64 [N, G]."""
        return self.counter.transform(texts)


def words_and_characters() -> FeatureUnion:
    """Return TF-IDF features: word 1-2-grams beside character n-grams, which fit Korean's endings and particles.

    Counts are dampened to 1 + log(count); either half has unit length.
    """
    words = make_pipeline(WordNgrams(2), TfidfTransformer(sublinear_tf=True))
    return make_union(words, make_pipeline(CharacterNgrams(), TfidfTransformer(sublinear_tf=True)))


def words_syllables_and_jamo() -> FeatureUnion:
    """Return the above beside n-grams of jamo, the letters of Hangul (of other scripts: longer n-grams of letters)."""
    jamo = make_pipeline(CharacterNgrams(JAMO, jamo=True), TfidfTransformer(sublinear_tf=True))
    return make_union(words_and_characters(), jamo)


def bag_of_words() -> Pipeline:
    """Return features that say which words a text has (1 or 0), at unit length."""
    return make_pipeline(WordNgrams(1, binary=True), Normalizer())


def ngram_counts() -> Pipeline:
    """Return counts of word 1-3-grams, at unit length."""
    return make_pipeline(WordNgrams(3), Normalizer())


def _lower_words(text: str) -> list[str]:
    return text.lower().split()
