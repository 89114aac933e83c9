"""What a classifier answers: scores from logits, and from scores the names it decides on. Loads no torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..labels import LabelSpace
from .promises import NO_PROMISES, Promises

Text = str | tuple[str, str | None]  # a text, or a text and its pair (null or empty: encoded as a single text)


class Prediction(NamedTuple):
    """What a classifier says of one text: the names it decides on, and every label's score in [0, 1]."""

    labels: list[str]
    scores: dict[str, float]
    unsure: list[str] = []  # noqa: RUF012, never changed: those of `labels` that the checkpoint makes no promise for
    label_set: list[str] | None = None  # holds the truth as often as promised; None: no such promise


class Scorer(Protocol):
    """Anything that scores texts: the classifier with each engine, a linear SVM, the majority class."""

    @property
    def labels(self) -> LabelSpace:
        """The label space of the scores."""
        ...

    @property
    def thresholds(self) -> NDArray[np.float64] | None:
        """Each label's cut [L], or None (argmax, or 0.5 with several labels)."""
        ...

    def scores(self, texts: Sequence[Text]) -> NDArray[np.float32]:
        """Return scores in [0, 1], float32 [N, L]."""
        ...


def activate(logits: NDArray[np.floating[Any]], labels: LabelSpace) -> NDArray[np.float32]:
    """Turn logits [N, L] into scores in [0, 1], float32 [N, L]: softmax, or a sigmoid each with several labels."""
    values = np.asarray(logits, dtype=np.float32)
    return sigmoid(values) if labels.multi_label else softmax(values)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return scores that add up to 1 over the labels, float32 [N, L], from logits [N, L]."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True, initial=-np.inf))
    scores: NDArray[np.float32] = raised / raised.sum(axis=-1, keepdims=True)
    return scores


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each label's score on its own, float32 [N, L], from logits [N, L]."""
    small = np.exp(-np.abs(logits))  # never above 1: no overflow
    scores: NDArray[np.float32] = np.where(logits >= 0, 1 / (1 + small), small / (1 + small)).astype(np.float32)
    return scores


def predictions(
    scores: NDArray[np.float32],
    labels: LabelSpace,
    thresholds: NDArray[np.floating[Any]] | None,
    promises: Promises = NO_PROMISES,
) -> list[Prediction]:
    """Decide on scores [N, L]: the best label, or every label whose score reaches its threshold.

    `unsure` names the decisions below the cut of a promise (with one label a text, the model then abstains).
    """
    decided = labels.decide(scores, thresholds)
    below, sets = promises.unsure(scores, decided), promises.sets(scores)
    given = labels.named(decided) if labels.multi_label else [[name] for name in labels.named(decided)]
    unsure = (
        labels.named(below.astype(np.int64))
        if labels.multi_label
        else [names if off else [] for names, off in zip(given, below, strict=True)]
    )
    plausible = [None] * len(scores) if sets is None else [[labels.names[k] for k in np.flatnonzero(r)] for r in sets]
    found = [dict(zip(labels.names, map(float, row), strict=True)) for row in scores]
    return [Prediction(*each) for each in zip(given, found, unsure, plausible, strict=True)]
