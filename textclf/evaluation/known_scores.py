"""Scores of a split that are known already: what was decided on its logits is arithmetic, no second pass."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from ..inference.answers import Text
from ..inference.classifier import Classifier, texts_of
from ..labels import LabelSpace

logger = logging.getLogger(__name__)

# Rows that the saved folder scores itself, spread over the split.
CHECKED = 32
NOISE = 1e-4  # how far scores may be apart; float32 moves them by 1e-6


class KnownScores:
    """A scorer of one split alone."""

    def __init__(self, labels: LabelSpace, thresholds: NDArray[np.float64] | None, known: NDArray[np.float32]) -> None:
        """Take the scores float32 [N, L] of a split."""
        self.labels, self.thresholds, self._known = labels, thresholds, known

    @classmethod
    def of(cls, classifier: Classifier, split: Dataset, known: NDArray[np.float32]) -> KnownScores:
        """Take what a reloaded classifier should give a split; should a sample of rows differ, it scores all."""
        if not confirmed(classifier, split, known):
            known = classifier.scores(texts_of(split))
        return cls(classifier.labels, classifier.thresholds, known)

    def scores(self, texts: Sequence[Text]) -> NDArray[np.float32]:
        """Return the known scores; `texts` are those of the split."""
        assert len(texts) == len(self._known)
        return self._known


def confirmed(classifier: Classifier, split: Dataset, known: NDArray[np.float32]) -> bool:
    """Say whether a classifier gives a sample of a split's rows the scores [N, L] that are known of them."""
    if known.shape != (len(split), len(classifier.labels)):
        return False
    sample = np.unique(np.linspace(0, len(split) - 1, min(CHECKED, len(split))).astype(np.int64))
    found = classifier.scores(texts_of(split.select(sample)))
    apart = float(np.abs(found - known[sample]).max(initial=0.0))
    if apart <= NOISE:
        return True
    logger.warning(
        "The saved model scores %d rows by up to %.1e apart from what is known; it scores the whole split anew.",
        len(sample),
        apart,
    )
    return False
