"""What a recipe's training rows are to teach beside their labels, added to them as columns, with unlabelled rows."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import numpy as np
from datasets import Dataset, List, Value, concatenate_datasets
from numpy.typing import NDArray

from ..arguments import TeachingOptions
from ..data.model_text import whole_texts
from ..errors import UserError
from ..evaluation.score_intervals import share_interval
from ..exploration.embeddings import Embedder
from ..inference.answers import activate
from ..inference.classifier import Classifier, texts_of
from ..labels import LabelSpace
from ..models.encoder import load_config
from ..models.relabelling import classifier_labels
from ..models.weights import locate
from .auxiliary import EMBEDDING, LABELLED, NO_OPINION, OPINION
from .chat_protocol import read_meanings
from .chat_teacher import ChatTeacher, Endpoint
from .fit_arguments import FitArguments
from .text_clusters import cluster_encoder, with_clusters

logger = logging.getLogger(__name__)


class Taught(NamedTuple):
    """Training rows with all that they teach, and what a chat teacher was asked (for teacher.json)."""

    train: Dataset
    chat: dict[str, Any] | None = None


def taught(
    train: Dataset, validation: Dataset, unlabelled: Dataset | None, args: FitArguments, trust_remote_code: bool
) -> Taught:
    """Return the training rows with the columns of `auxiliary` that the recipe asks for, unlabelled rows behind them.

    Validation rows only tell how good a chat teacher is; nothing is learned from them.
    """
    with args.main_process_first(desc="teaching"):
        chat = None
        if args.teacher_url:
            train, chat = _with_chat(train, validation, unlabelled, args)
        else:
            if unlabelled is not None:
                train = with_unlabelled(train, unlabelled)
            if args.teacher is not None:
                train = with_teacher(train, args, trust_remote_code)
        if args.cluster_inject == "target":
            encoder = cluster_encoder(args.cluster_encoder, trust_remote_code)
            train = with_clusters(train, encoder, args.cluster_k, args.seed)
    return Taught(train, chat)


def with_unlabelled(train: Dataset, unlabelled: Dataset) -> Dataset:
    """Return the training rows and unlabelled ones behind them, whose labels are filled in (`labelled` is false)."""
    fields = [name for name in ("text", "text_pair") if name in train.column_names]
    several = LabelSpace.from_features(train.features).multi_label
    own = train.select_columns([*fields, "labels"])
    rows = {name: unlabelled[name][:] for name in fields} | {"labels": [[] if several else 0] * len(unlabelled)}
    more = Dataset.from_dict(rows, features=own.features)
    known = [True] * len(own) + [False] * len(more)
    return concatenate_datasets([own, more]).add_column(LABELLED, known, feature=Value("bool"))


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


def _with_chat(
    train: Dataset, validation: Dataset, unlabelled: Dataset | None, args: FitArguments
) -> tuple[Dataset, dict[str, Any]]:
    """Let a chat teacher label the unlabelled rows; a text that got no label is left out."""
    if unlabelled is None:
        raise UserError("--teacher_url labels the texts of --unlabelled FILE, which is missing.")
    labels = LabelSpace.from_features(train.features)
    price = (args.teacher_price[0], args.teacher_price[1]) if args.teacher_price else None
    endpoint = Endpoint(args.teacher_url or "", args.teacher or "", price)
    teacher = ChatTeacher(endpoint, labels, read_meanings(args.teacher_labels))
    texts, held_out = (whole_texts(rows.with_format(None)[:]) for rows in (unlabelled, validation))
    beside = teacher(held_out)
    answered = teacher(texts)
    kept = [i for i, ids in enumerate(answered.ids) if ids is not None]
    if not kept:
        raise UserError(
            f"The teacher {args.teacher} named a label for none of {len(texts):,} texts; look at its answers "
            f"in {teacher.kept}."
        )
    opinions = np.zeros((len(train) + len(kept), len(labels)), dtype=np.float32)
    opinions[: len(train)] = NO_OPINION
    for row, i in enumerate(kept, start=len(train)):
        opinions[row, answered.ids[i] or []] = 1.0
    right = _right(beside.ids, labels, validation)
    figures = (*right["accuracy"].values(), right["n"])
    logger.info("The teacher is right on %.4f [%.4f, %.4f] of %d validation texts.", *figures)
    rows = add_vectors(with_unlabelled(train, unlabelled.select(kept)), OPINION, opinions)
    return rows, {**answered.record, "on_validation": right}


def _right(answers: list[list[int] | None], labels: LabelSpace, validation: Dataset) -> dict[str, Any]:
    """Return how often a teacher names a text's own labels, all of them, with its interval; no answer is wrong."""
    gold = [sorted(ids) if labels.multi_label else [ids] for ids in validation["labels"]]
    n, hits = len(gold), sum(found == own for found, own in zip(answers, gold, strict=True))
    low, high = share_interval(hits / n, n)
    return {"n": n, "accuracy": {"value": hits / n, "low": float(low), "high": float(high)}}
