"""Augmentation of training rows: changed copies of texts, and classes made even by repeating or leaving out rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from ..arguments import DataArguments
from ..errors import UserError
from ..labels import LabelSpace

Change = Callable[[list[str], float, np.random.Generator], list[str]]


class Augmented(NamedTuple):
    """The training rows that the model sees, and how many there were after each step."""

    train: Dataset
    counts: dict[str, Any]


def augment(train: Dataset, args: DataArguments, seed: int) -> Augmented:
    """Resample the training rows, then add changed copies of each; without such options the rows come back as is.

    Raises:
        UserError: classes of a multi-label task are to be made even, or the options contradict each other.
    """
    counts: dict[str, Any] = {"before": len(train)}
    if args.resample != "none":
        train = train.select(resampled_rows(train, args.resample, seed))
        counts["resample"] = {"how": args.resample, "rows": len(train)}
    shares = {"crop": args.augment_crop, "drop": args.augment_drop, "swap": args.augment_swap}
    if any(shares.values()):
        copies = _copies(args.augment_level)
        train = train.map(
            _with_copies,
            batched=True,
            with_indices=True,
            features=train.features,
            fn_kwargs={"shares": shares, "copies": copies, "seed": seed},
            desc="augmenting",
        )
        counts["copies"] = {**shares, "level": args.augment_level, "rows": len(train)}
    elif args.augment_level != DataArguments.augment_level:
        raise UserError("--augment_level says how many copies; give --augment_crop, _drop or _swap a share too.")
    counts["after"] = len(train)
    return Augmented(train, counts)


def _copies(level: int) -> int:
    if level < 2:
        raise UserError(
            f"--augment_level counts the original too and takes a number from 2; found {level}. Leave the "
            "--augment options out to train on the texts as they are."
        )
    return level - 1


def resampled_rows(train: Dataset, how: str, seed: int) -> NDArray[np.int64]:
    """Return row numbers [n] in which every label that occurs is equally frequent, in the order of the data.

    'oversample' repeats rows of smaller classes (each row the same number of times, and a random few once more);
    'undersample' keeps a random part of larger ones.

    Raises:
        UserError: texts carry several labels, whose frequencies cannot be made even by whole rows.
    """
    space = LabelSpace.from_features(train.features)
    if space.multi_label:
        raise UserError(
            f"--resample {how} needs one label a text, but these texts may carry several. "
            "Use --loss asymmetric or --class_weights balanced against rare labels."
        )
    labels = np.asarray(train.with_format("numpy")["labels"][:], dtype=np.int64)
    frequencies = np.bincount(labels, minlength=len(space))
    occurring = frequencies[frequencies > 0]
    size = int(occurring.max() if how == "oversample" else occurring.min())
    random = np.random.default_rng(seed)
    chosen = []
    for label in np.flatnonzero(frequencies):
        rows = np.flatnonzero(labels == label)
        whole, more = divmod(size, len(rows))
        chosen += [np.repeat(rows, whole), random.choice(rows, size=more, replace=False)]
    return np.sort(np.concatenate(chosen))


def _with_copies(
    batch: dict[str, list[Any]], indices: list[int], shares: dict[str, float], copies: int, seed: int
) -> dict[str, list[Any]]:
    """Put changed copies behind each row; what a row becomes depends on its number and the seed, not on its batch."""
    result: dict[str, list[Any]] = {column: [] for column in batch}
    for position, index in enumerate(indices):
        random = np.random.default_rng([seed, index])
        for copy in range(copies + 1):
            for column, values in batch.items():
                value = values[position]
                if copy and column in ("text", "text_pair") and value:
                    value = change_text(value, shares, random)
                result[column].append(value)
    return result


def change_text(text: str, shares: dict[str, float], random: np.random.Generator) -> str:
    """Crop, drop and swap words by the shares > 0; at least one word stays. Runs of white space become one space."""
    words = text.split()
    for name, change in CHANGES.items():
        if shares[name] and len(words) > 1:
            words = change(words, shares[name], random)
    return " ".join(words)


def crop(words: list[str], share: float, random: np.random.Generator) -> list[str]:
    """Take out one stretch of neighbouring words, `share` of the text long (at least one word), at a random place."""
    length = min(max(round(share * len(words)), 1), len(words) - 1)
    start = int(random.integers(len(words) - length + 1))
    return words[:start] + words[start + length :]


def drop(words: list[str], share: float, random: np.random.Generator) -> list[str]:
    """Take out each word with probability `share` (random deletion of Wei and Zou 2019, arXiv:1901.11196)."""
    kept = [word for word, draw in zip(words, random.random(len(words)), strict=True) if draw >= share]
    return kept or [words[int(random.integers(len(words)))]]


def swap(words: list[str], share: float, random: np.random.Generator) -> list[str]:
    """Swap `share` of the words (at least one) with the word behind them, one after another."""
    result = list(words)
    for _ in range(max(round(share * len(words)), 1)):
        at = int(random.integers(len(words) - 1))
        result[at], result[at + 1] = result[at + 1], result[at]
    return result


CHANGES: dict[str, Change] = {"crop": crop, "drop": drop, "swap": swap}
