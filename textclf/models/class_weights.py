"""How much each class counts in the loss: balanced by the training rows, or as the user says."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import UserError
from ..labels import LabelSpace

logger = logging.getLogger(__name__)

# A label weighs this much at most, of several labels its positives. Macro average precision on the validation texts of
# reuters_topics (115 labels, 6,597 training texts, a linear layer over TF-IDF, one seed): .304 without weights, .422
# at 10, .418 at 20, .398 at 100, .370 without a bound, where one text weighs as much as 6,596.
MOST = 10.0


def label_counts(labels: LabelSpace, gold: NDArray[np.integer[Any]]) -> Tensor:
    """Return how many rows carry each label: int64 [L] from gold ids [N] or an indicator [N, L]."""
    counts = gold.sum(axis=0, dtype=np.int64) if labels.multi_label else np.bincount(gold, minlength=len(labels))
    return torch.as_tensor(counts, dtype=torch.int64)


def class_weights(words: Sequence[str], labels: LabelSpace, gold: NDArray[np.integer[Any]]) -> Tensor | None:
    """Read `--class_weights`: nothing, 'balanced', or one positive number a label in label order.

    'balanced' is N / (L * count) for one label a text, as in scikit-learn; for several labels it is the weight of a
    label's positives, negatives / positives, as PyTorch's `pos_weight` proposes. Either is held to MOST. `gold` are
    the training rows.

    Returns:
        float32 [L], or None where no weights are asked for.

    Raises:
        UserError: words that are not numbers, a wrong number of them, or a label without training rows to balance by.
    """
    if not words:
        return None
    if list(words) == ["balanced"]:
        return _balanced(labels, gold)
    try:
        weights = torch.tensor([float(word) for word in words], dtype=torch.float32)
    except ValueError:
        raise UserError(
            f"--class_weights takes 'balanced' or {len(labels)} numbers; found {' '.join(words)}."
        ) from None
    if len(weights) != len(labels):
        raise UserError(
            f"--class_weights takes one number a label, in this order: {', '.join(labels.names)}. "
            f"Expected {len(labels)}, found {len(weights)}."
        )
    if not bool((torch.isfinite(weights) & (weights > 0)).all()):
        raise UserError(f"--class_weights takes positive numbers; found {' '.join(words)}.")
    return weights


def _balanced(labels: LabelSpace, gold: NDArray[np.integer[Any]]) -> Tensor:
    counts = label_counts(labels, gold).to(torch.float32)
    absent = [name for name, count in zip(labels.names, counts.tolist(), strict=True) if count == 0]
    if absent:
        raise UserError(
            f"--class_weights balanced needs training rows of every label; {', '.join(absent)} has none. "
            "Give one number a label instead."
        )
    rows = len(gold)
    weights = rows / (len(labels) * counts)
    if labels.multi_label:
        weights = ((rows - counts) / counts).clamp(min=1 / rows)  # a label that every row carries keeps a little
    held = int((weights > MOST).sum())
    if held:
        logger.info("--class_weights balanced: %d rare label%s held to a weight of %g.", held, "s" * (held > 1), MOST)
    return weights.clamp(max=MOST)
