"""What the server knows of the model that another process holds, and how that process loads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..inference.identity import model_json, model_revision
from ..inference.promises import NO_PROMISES, Promises
from ..labels import LabelSpace


@dataclass(frozen=True)
class Ready:
    """A loaded model, as far as whoever hands it texts has to know it."""

    model: str  # as it was named
    name: str
    revision: str
    engine: str
    labels: LabelSpace
    thresholds: NDArray[np.float64] | None
    max_length: int  # tokens
    tokenizer_json: str | None  # None: a tokenizer that only Python knows
    config: dict[str, Any]
    profile: dict[str, Any]  # of the training rows; empty where the run has none
    promises: Promises = NO_PROMISES


def describe(classifier: Any, model: str, revision: str | None) -> Ready:  # Any: the classifier of any engine
    """Say what was loaded."""
    tokenizer = classifier.rust_tokenizer
    return Ready(
        model=model,
        name=Path(model).resolve().name if Path(model).is_dir() else model,
        revision=model_revision(model, revision),
        engine=classifier.engine,
        labels=classifier.labels,
        thresholds=classifier.thresholds,
        max_length=classifier.max_length,
        tokenizer_json=tokenizer.to_str() if tokenizer is not None else None,
        config=model_json(model, "config.json", revision),
        profile=model_json(model, "evaluation.json", revision).get("training_profile") or {},
        promises=classifier.promises,
    )
