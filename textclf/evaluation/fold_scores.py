"""What folds tell: training rows as models scored them that had not seen them, which help to decide where validation
is small.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SMALL = 1000  # validation rows, of one label each, below which out-of-fold rows help to decide
# Validation rows of a label (of several) below which they do. Cuts of a linear model on TF-IDF for 44 topics of
# Reuters-21578, on a quarter of the training rows that nothing had seen (benchmarks/results/fold_cuts.md).
FEW_OF_LABEL = 100


class FoldScores(NamedTuple):
    """Out-of-fold logits before any calibration, each from a model that was trained without the row."""

    logits: NDArray[np.float32]  # [N, L]; with one label a text up to a constant a row
    gold: NDArray[np.int64]  # [N], or 0/1 [N, L]
    baselines: Mapping[str, NDArray[np.float32]] = MappingProxyType({})  # name -> its logits [N, L]

    def of(self, baseline: str) -> FoldScores | None:
        """Return what the folds told of a baseline; None where they left it out."""
        return FoldScores(self.baselines[baseline], self.gold) if baseline in self.baselines else None

    def beside(
        self, logits: NDArray[np.float32], gold: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return a validation split's logits [n, L] and gold, followed by these rows where the split is small."""
        small = len(gold) < SMALL if gold.ndim == 1 else bool((gold.sum(axis=0) < FEW_OF_LABEL).any())
        if not small:
            return logits, gold
        return np.concatenate([logits, self.logits]), np.concatenate([gold, self.gold])


def decided_on(n: int, among: int) -> str:
    """Say what was decided on: `n` validation rows, `among` rows altogether."""
    return "validation" if among == n else f"validation ({n:,}) and out-of-fold training rows ({among - n:,})"
