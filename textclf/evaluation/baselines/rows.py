"""The rows that baselines see: cleaned as the model's, and a stated sample where there are very many."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from ...data.model_text import clean_texts
from ...inference.answers import Text
from ...inference.classifier import texts_of
from ...labels import LabelSpace

logger = logging.getLogger(__name__)

# Beyond these a baseline is fitted on a random sample, and its record says so. The characters bound memory; times the
# labels they bound the time of tfidf_svm, to some ten minutes on one processor core.
MOST_TEXTS = 200_000
MOST_CHARACTERS = 100_000_000
MOST_CHARACTERS_TIMES_LABELS = 3_000_000_000


# Texts whose features are computed at once: a text of 100 words has some 600 n-grams, of 12 bytes each.
TEXTS_AT_ONCE = 5_000


class CleanedTexts:
    """Texts as baselines read them, cleaned a piece at a time: of a million texts neither form is ever held whole."""

    def __init__(self, texts: Sequence[Text], clean: Callable[[str], str]) -> None:
        """Take texts (`texts_of` a split, say) and what cleans one."""
        self._texts, self._clean = texts, clean

    def __len__(self) -> int:
        """Return the number of texts N."""
        return len(self._texts)

    def pieces(self) -> Iterator[list[Text]]:
        """Yield the cleaned texts in order; one empty piece where there are none."""
        for start in range(0, max(len(self), 1), TEXTS_AT_ONCE):
            yield clean_texts(self._texts[start : start + TEXTS_AT_ONCE], self._clean)


def training_sample(
    train: Dataset, clean: Callable[[str], str], labels: LabelSpace, seed: int
) -> tuple[list[Text], NDArray[np.int64], str | None]:
    """Return cleaned training texts and their gold, or of very many a random sample and the sentence that says so."""
    order = None
    if len(train) > MOST_TEXTS:  # the others are not even read
        order = np.random.default_rng(seed).permutation(len(train))[:MOST_TEXTS]
    rows = train if order is None else train.select(np.sort(order))
    texts = clean_texts(texts_of(rows), clean)
    lengths = np.array([len(t) if isinstance(t, str) else sum(len(part or "") for part in t) for t in texts])
    most = min(MOST_CHARACTERS, MOST_CHARACTERS_TIMES_LABELS // len(labels))
    if lengths.sum() > most:
        order = np.random.default_rng(seed).permutation(len(texts))
        fitting = int(np.searchsorted(np.cumsum(lengths[order]), most, side="right"))
        kept = np.sort(order[: max(1, fitting)])
        rows, texts = rows.select(kept), [texts[i] for i in kept]
    if len(texts) == len(train):
        return texts, labels.gold(train), None
    note = f"fitted on a random sample of {len(texts):,} of {len(train):,} training texts, seed {seed}"
    logger.info("Baselines are %s.", note)
    return texts, labels.gold(rows), note
