"""Word vectors trained on the training texts (word2vec), and the average of a text's words as its features."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from gensim.models import Word2Vec
from numpy.typing import NDArray

from .text_features import WORD

SIZE = 100  # of a vector; gensim's default
WINDOW = 5  # words on either side; gensim's default
MIN_COUNT = 2  # a word that stands once teaches nothing about its company
# Passes over the texts: enough word pairs for small data, and not an hour for large ones.
TARGET_WORDS = 20_000_000
EPOCHS = (5, 50)


@dataclass(frozen=True)
class WordVectors:
    """A vector for each word of the vocabulary."""

    index: dict[str, int]
    vectors: NDArray[np.float32]  # [V, SIZE]

    def averages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the mean vector of each text's known words, float32 [N, SIZE]; zeros where none is known."""
        result = np.zeros((len(texts), self.vectors.shape[1]), dtype=np.float32)
        for row, text in enumerate(texts):
            known = [self.index[word] for word in lower_words(text) if word in self.index]
            if known:
                result[row] = self.vectors[known].mean(axis=0)
        return result


def lower_words(text: str) -> list[str]:
    """Split a text into lower-case words."""
    return re.findall(WORD, text.lower())


def train_word_vectors(texts: Sequence[str], *, skip_gram: bool, seed: int) -> WordVectors:
    """Train word2vec (Mikolov et al. 2013) by CBOW or skip-gram; one thread, so equal seeds give equal vectors."""
    sentences = [lower_words(text) for text in texts]
    count = sum(map(len, sentences))
    counts: dict[str, int] = {}
    for sentence in sentences:
        for word in sentence:
            counts[word] = counts.get(word, 0) + 1
    if not any(seen >= MIN_COUNT for seen in counts.values()):
        return WordVectors({}, np.zeros((0, SIZE), dtype=np.float32))
    trained = Word2Vec(
        sentences,
        vector_size=SIZE,
        window=WINDOW,
        min_count=MIN_COUNT,
        sg=int(skip_gram),
        seed=seed,
        workers=1,
        epochs=int(np.clip(TARGET_WORDS // count, *EPOCHS)),
    ).wv
    return WordVectors(dict(trained.key_to_index), np.asarray(trained.vectors, dtype=np.float32))
