"""The label space: the fixed, ordered label names of a task and whether a text may carry several of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .errors import UserError

ROWS_AT_ONCE = 10_000  # read row by row, a million labels take a minute

if TYPE_CHECKING:
    from datasets import Dataset, Features
    from transformers import PretrainedConfig


@dataclass(frozen=True)
class LabelSpace:
    """The label axis of every array in this package: index i is `names[i]`, whatever labels happen to occur."""

    names: tuple[str, ...]
    multi_label: bool

    def __post_init__(self) -> None:
        """Refuse a space in which a name stands twice."""
        if len(set(self.names)) != len(self.names):
            twice = sorted({name for name in self.names if self.names.count(name) > 1})
            raise UserError(f"Label names must be different from each other; found twice: {', '.join(twice)}.")

    def __len__(self) -> int:
        """Return the number of labels L."""
        return len(self.names)

    @property
    def id2label(self) -> dict[int, str]:
        """Map ids to names, as a Transformers config wants it."""
        return dict(enumerate(self.names))

    @property
    def label2id(self) -> dict[str, int]:
        """Map names to ids, as a Transformers config wants it."""
        return {name: i for i, name in enumerate(self.names)}

    @property
    def problem_type(self) -> str:
        """Return the Transformers problem type, which also decides softmax or sigmoid in `pipeline()`."""
        return "multi_label_classification" if self.multi_label else "single_label_classification"

    @classmethod
    def from_features(cls, features: Features) -> LabelSpace:
        """Read the space from a data set's features: `ClassLabel` is one label, `List(ClassLabel)` several."""
        feature = features["labels"]
        inner = getattr(feature, "feature", None)  # a datasets feature, not an object of ours
        names = (inner if inner is not None else feature).names
        return cls(tuple(names), multi_label=inner is not None)

    @classmethod
    def from_config(cls, config: PretrainedConfig) -> LabelSpace:
        """Read the space from a Transformers config."""
        names = tuple(str(config.id2label[i]) for i in range(len(config.id2label)))
        return cls(names, multi_label=config.problem_type == "multi_label_classification")

    def gold(self, split: Dataset) -> NDArray[np.int64]:
        """Return a split's gold labels: int64 ids [N], or a 0/1 indicator int64 [N, L] when multi-label."""
        gold = np.zeros((len(split), *self.encode([]).shape[1:]), dtype=np.int64)
        for number, batch in enumerate(split.select_columns("labels").iter(ROWS_AT_ONCE)):
            gold[number * ROWS_AT_ONCE :][:ROWS_AT_ONCE] = self.encode(batch["labels"])
        return gold

    def encode(self, labels: Sequence[Any]) -> NDArray[np.int64]:
        """Turn label ids (one a row, or a list a row) into int64 [N], or a 0/1 indicator int64 [N, L]."""
        if not self.multi_label:
            return np.asarray(labels, dtype=np.int64)
        indicator = np.zeros((len(labels), len(self)), dtype=np.int64)
        for row, ids in enumerate(labels):
            indicator[row, list(ids)] = 1
        return indicator

    def decide(
        self, scores: NDArray[np.floating[Any]], thresholds: NDArray[np.floating[Any]] | None = None
    ) -> NDArray[np.int64]:
        """Turn scores [N, L] into decisions: argmax ids [N]; multi-label: 0/1 [N, L], score >= threshold (0.5)."""
        if not self.multi_label:
            return scores.argmax(axis=1).astype(np.int64)
        cut = np.full(len(self), 0.5) if thresholds is None else np.asarray(thresholds)
        return (scores >= cut).astype(np.int64)

    def named(self, decisions: NDArray[np.int64]) -> list[Any]:
        """Turn ids [N] into names, or a 0/1 indicator [N, L] into lists of names."""
        if not self.multi_label:
            return [self.names[i] for i in decisions]
        return [[self.names[i] for i in np.flatnonzero(row)] for row in decisions]
