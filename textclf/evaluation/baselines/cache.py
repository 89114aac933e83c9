"""The cache of baselines: what was chosen on validation and logits of texts, as JSON and plain arrays.

A file's name is a digest of everything that the content depends on: the training and validation rows, the labels, the
treatment, the source code of the baselines and of what settles them, the versions of the libraries. Nothing is ever
looked up by data set name or path, so that a changed row is a miss; nothing but numbers is stored, so that reading a
file of unknown origin runs no code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...inference.answers import Text
from ...models.baselines import TrainingRows
from ...models.encoder_features import identity
from ...run_folder import RunFolder
from ..fold_scores import FoldScores
from .rows import CleanedTexts
from .treatment import Treatment

PACKAGE = Path(__file__).parent.parent.parent
# Modules whose change makes every stored number stale.
SOURCES = (
    "labels.py",
    "models/baselines.py",
    "models/encoder_features.py",
    "models/linear.py",
    "models/text_features.py",
    "models/word_vectors.py",
    "evaluation/baselines/cache.py",
    "evaluation/baselines/rows.py",
    "evaluation/baselines/fitted.py",
    "evaluation/calibration.py",
    "evaluation/fold_scores.py",
    "evaluation/thresholds.py",
)
LIBRARIES = ("numpy", "scipy", "scikit-learn", "gensim", "torch", "transformers", "tokenizers")


@dataclass(frozen=True)
class BaselineCache:
    """What is stored of one baseline, under names that begin with `prefix`; without a folder nothing is."""

    folder: RunFolder | None
    prefix: str

    @classmethod
    def of(
        cls,
        name: str,
        rows: TrainingRows,
        validation: tuple[CleanedTexts, NDArray[np.int64]],
        treatment: Treatment,
        told: FoldScores | None = None,
    ) -> BaselineCache:
        """Return the cache of a baseline for these rows and this treatment (its cleaning shows in the texts)."""
        if treatment.cache is None:
            return cls(None, name)
        key = digest(
            name,
            rows.labels.names,
            rows.labels.multi_label,
            [digest_rows([rows.texts], rows.gold), digest_rows(validation[0].pieces(), validation[1])],
            [treatment.metric, treatment.calibrate, treatment.threshold_aim, treatment.seed],
            identity(treatment.model) if name == "frozen_encoder" else None,
            told and [digest_array(told.logits), digest_array(told.gold)],
            [hashlib.sha256((PACKAGE / source).read_bytes()).hexdigest() for source in SOURCES],
            [version(library) for library in LIBRARIES],
        )
        return cls(RunFolder(treatment.cache), f"{name}-{key[:32]}")

    def record(self, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return the stored record, or make and store it."""
        name = f"{self.prefix}.json"
        if self.folder is None:
            return make()
        if not (self.folder.path / name).exists():
            self.folder.write_json(name, make())
        return self.folder.read_json(name)

    def logits(self, texts: CleanedTexts, make: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return the stored logits of texts, float32 [N, L], or make and store them."""
        if self.folder is None:
            return make()
        name = f"{self.prefix}-{digest_texts(texts.pieces())[:32]}.npy"
        path = self.folder.path / name
        if not path.exists():
            logits = make()
            self.folder.write(name, lambda unfinished: np.save(unfinished, logits))
        return np.asarray(np.load(path))


def digest(*values: Any) -> str:
    """Return the SHA-256 of plain values, in hexadecimal."""
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def digest_texts(pieces: Iterable[Sequence[Text]]) -> str:
    """Return the SHA-256 of texts in their order, however they are cut into pieces."""
    found = hashlib.sha256()
    for piece in pieces:
        for text in piece:
            found.update(json.dumps(text).encode() + b"\n")
    return found.hexdigest()


def digest_rows(pieces: Iterable[Sequence[Text]], gold: NDArray[np.int64]) -> str:
    """Return the SHA-256 of texts and their gold labels, order included."""
    return digest(digest_texts(pieces), digest_array(gold))


def digest_array(values: NDArray[Any]) -> str:
    """Return the SHA-256 of an array's shape and content."""
    return digest(list(values.shape), hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest())
