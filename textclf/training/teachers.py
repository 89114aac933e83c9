"""Teachers on this machine: what a larger classifier thinks of each training text, or a sentence encoder's view."""

from __future__ import annotations

import numpy as np
from datasets import Dataset, List, Value
from numpy.typing import NDArray

from ..arguments import TeachingOptions
from ..data.model_text import whole_texts
from ..errors import UserError
from ..exploration.embeddings import Embedder
from ..inference.answers import activate
from ..inference.classifier import Classifier, texts_of
from ..labels import LabelSpace
from ..models.encoder import load_config
from ..models.relabelling import classifier_labels
from ..models.weights import locate
from .auxiliary import EMBEDDING, OPINION


def with_teacher(train: Dataset, options: TeachingOptions, trust_remote_code: bool) -> Dataset:
    """Return the training rows with a column of the teacher's: `opinion` of a classifier, `embedding` of an encoder.

    Raises:
        UserError: the teacher cannot be read, or knows other labels.
    """
    assert options.teacher is not None
    located = locate(options.teacher, options.teacher_revision)
    names = classifier_labels(load_config(located, trust_remote_code))
    if names is None:
        vectors = Embedder(located, trust_remote_code)(whole_texts(train.with_format(None)[:]))
        return add_vectors(train, EMBEDDING, vectors)
    labels = LabelSpace.from_features(train.features)
    if sorted(names) != sorted(labels.names):
        raise UserError(
            f"--teacher {options.teacher} knows other labels ({_few(names)}) than the data ({_few(labels.names)}). "
            "Choose a classifier of the same labels, or a sentence encoder."
        )
    classifier = Classifier.load(options.teacher, revision=options.teacher_revision, trust_code=trust_remote_code)
    if classifier.labels.multi_label != labels.multi_label:
        kind = "several labels" if classifier.labels.multi_label else "one label"
        raise UserError(
            f"--teacher {options.teacher} gives {kind} a text and the data does not. Choose a classifier that was "
            "trained for the same task."
        )
    order = [classifier.labels.names.index(name) for name in labels.names]
    logits = classifier.logits(texts_of(train))[:, order]
    return add_vectors(train, OPINION, activate(logits / np.float32(options.teacher_temperature), labels))


def add_vectors(train: Dataset, name: str, vectors: NDArray[np.float32]) -> Dataset:
    """Return rows with a column of vectors, float32 [N, D]."""
    kind = List(Value("float32"), length=vectors.shape[1])
    return train.add_column(name, list(vectors), feature=kind)


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
