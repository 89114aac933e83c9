"""The rows that baselines see: cleaned as the model's, and a stated sample where there are very many."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..inference.classifier import Text
from ..labels import LabelSpace

logger = logging.getLogger(__name__)

# Beyond these a baseline is fitted on a random sample, and its record says so. The characters bound memory; times the
# labels they bound the time of tfidf_svm, to some ten minutes on one processor core.
MOST_TEXTS = 200_000
MOST_CHARACTERS = 100_000_000
MOST_CHARACTERS_TIMES_LABELS = 3_000_000_000


def clean_texts(texts: Sequence[Text], clean: Callable[[str], str]) -> list[Text]:
    """Clean texts, or both fields of pairs."""
    return [
        clean(text) if isinstance(text, str) else (clean(text[0]), clean(text[1]) if text[1] else None)
        for text in texts
    ]


def sample_rows(
    texts: list[Text], gold: NDArray[np.int64], labels: LabelSpace, seed: int
) -> tuple[list[Text], NDArray[np.int64], str | None]:
    """Return texts and gold as they are, or of very many a random sample and the sentence that says so."""
    lengths = np.array([len(t) if isinstance(t, str) else sum(len(part or "") for part in t) for t in texts])
    most = min(MOST_CHARACTERS, MOST_CHARACTERS_TIMES_LABELS // len(labels))
    if len(texts) <= MOST_TEXTS and lengths.sum() <= most:
        return texts, gold, None
    order = np.random.default_rng(seed).permutation(len(texts))
    fitting = int(np.searchsorted(np.cumsum(lengths[order]), most, side="right"))
    kept = np.sort(order[: max(1, min(MOST_TEXTS, fitting))])
    note = f"fitted on a random sample of {len(kept):,} of {len(texts):,} training texts, seed {seed}"
    logger.info("baselines are %s", note)
    return [texts[i] for i in kept], gold[kept], note
