"""What a checkpoint promises of its answers, as its `config.json` keeps it: when not to answer, and label sets.

`abstain`: {"score_below": a cut, or {label: cut} with several labels, "risk", "confidence", "n"}. `label_sets`:
{"cut": a number, or "cuts": {label: number}, "coverage", "n"}. Fitted by `evaluation/promises.py`; imports no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..labels import LabelSpace

KEYS = ("abstain", "label_sets")  # of config.json


@dataclass(frozen=True)
class Promises:
    """The cuts of a checkpoint's promises; both are None where it makes none."""

    answer_from: NDArray[np.float64] | None = None  # [1], or [L] with several labels: below it the model is not sure
    set_from: NDArray[np.float64] | None = None  # [1] or [L]: a label is in the set from this score on
    stated: Mapping[str, Any] = field(default_factory=dict)  # the config's two keys, as they are written

    @classmethod
    def of(cls, config: Mapping[str, Any], labels: LabelSpace) -> Promises:
        """Read the promises from a config's keys `abstain` and `label_sets`.

        Raises:
            UserError: they are not of the form that this module describes.
        """
        return cls(
            _cuts(config.get("abstain"), ["score_below"], labels, "abstain"),
            _cuts(config.get("label_sets"), ["cut", "cuts"], labels, "label_sets"),
            {key: config[key] for key in KEYS if config.get(key) is not None},
        )

    def unsure(self, scores: NDArray[np.floating[Any]], decided: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which decisions the promise does not cover: bool [N], or [N, L] with several labels.

        Args:
            scores: [N, L] in [0, 1].
            decided: ids [N], or 0/1 [N, L].
        """
        if self.answer_from is None:
            return np.zeros(decided.shape, dtype=bool)
        if decided.ndim == 1:
            return np.asarray(scores.max(axis=1) < self.answer_from)
        return np.asarray((decided == 1) & (scores < self.answer_from))

    def sets(self, scores: NDArray[np.floating[Any]]) -> NDArray[np.bool_] | None:
        """Return which labels are in each text's set, bool [N, L]; None where the checkpoint promises no sets."""
        return None if self.set_from is None else np.asarray(scores >= self.set_from)


NO_PROMISES = Promises()


def _cuts(promise: Any, names: list[str], labels: LabelSpace, key: str) -> NDArray[np.float64] | None:
    """Return a promise's cuts [1] or [L]; labels without one have 0: they are always sure, or in the set."""
    if promise is None:
        return None
    found = next((promise[name] for name in names if name in promise), None)
    if isinstance(found, int | float) and not isinstance(found, bool):
        return np.array([float(found)])
    if isinstance(found, dict) and set(found) <= set(labels.names):
        return np.array([float(found.get(name, 0.0)) for name in labels.names])
    raise UserError(
        f"config.json's {key!r} must hold a cut, or one a label by name; found {promise!r}. "
        "Take the key out, or make the model again with train.py."
    )
