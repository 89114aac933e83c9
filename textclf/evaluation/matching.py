"""Matching a data set's label names to a model's, so that other people's models are measured by the same code."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from datasets import ClassLabel, Dataset, List

from ..errors import UserError, did_you_mean
from ..labels import LabelSpace

_UNNAMED = re.compile(r"LABEL_\d+")  # what Transformers calls labels that nobody named
NAMED = 12  # labels that a message lists


class Matched(NamedTuple):
    """A split in a model's label space, and what had to be assumed for it (None: nothing)."""

    split: Dataset
    note: str | None


def match_labels(split: Dataset, labels: LabelSpace) -> Matched:
    """Return the split with its labels as ids of `labels`: same names, else same but for case and spaces, else order.

    The model's labels may be more than the data's; each label of the data must be one of the model's.

    Raises:
        UserError: one label a text against several, or a name that the model does not have.
    """
    own = LabelSpace.from_features(split.features)
    if own.multi_label != labels.multi_label:
        kinds = {True: "several labels a text", False: "one label a text"}
        raise UserError(
            f"The model gives {kinds[labels.multi_label]}, the data has {kinds[own.multi_label]}. "
            "Choose other --label_columns, or another model."
        )
    if own == labels:
        return Matched(split, None)
    mapping, note = _mapping(own, labels)
    feature = ClassLabel(names=list(labels.names))
    features = split.features.copy()
    features["labels"] = List(feature) if labels.multi_label else feature
    kept = [name for name in split.column_names if name != "labels"]
    columns = {name: split[name] for name in kept}
    ids = list(split["labels"])
    renamed = [[mapping[i] for i in row] for row in ids] if labels.multi_label else [mapping[i] for i in ids]
    return Matched(Dataset.from_dict({**columns, "labels": renamed}, features=features), note)


def _mapping(own: LabelSpace, labels: LabelSpace) -> tuple[list[int], str | None]:
    """Return the model's id of each of the data's labels, and what was assumed."""
    if set(own.names) <= set(labels.names):
        return [labels.names.index(name) for name in own.names], None
    folded = {_fold(name): i for i, name in enumerate(labels.names)}
    if len(folded) == len(labels) and all(_fold(name) in folded for name in own.names):
        return [folded[_fold(name)] for name in own.names], "Label names were matched without case and spaces."
    if len(own) == len(labels) and all(_UNNAMED.fullmatch(name) for name in labels.names):
        pairs = ", ".join(f"{theirs} = {ours}" for theirs, ours in zip(labels.names, own.names, strict=True))
        return list(range(len(own))), (
            f"The model's labels have no names; they were taken in order: {pairs}. --class_names sets another order."
        )
    unknown = [name for name in own.names if _fold(name) not in folded] or [own.names[0]]
    hint = did_you_mean(unknown[0], labels.names)
    raise UserError(
        f"The model does not know the label{'s' * (len(unknown) > 1)} {_listed(unknown)} of the data; "
        f"its labels are {_listed(labels.names)}.{hint} {_way_out(own, labels)}"
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def _way_out(own: LabelSpace, labels: LabelSpace) -> str:
    if all(name.lstrip("+-").isdigit() for name in own.names):
        example = " ".join(f"{each}={name}" for each, name in zip(own.names[:3], labels.names, strict=False))
        return f"Say what each number means: --class_names {example} (if that is so)."
    return "Name them alike in the data; those that a Hub data set declares, --class_names renames in their order."


def fields_note(columns: Sequence[str], recorded: Mapping[str, Any] | None, split: Dataset) -> str | None:
    """Return the sentence that says that texts have other fields than in training, or None where that is not known.

    Args:
        columns: the two fields that a model of ours was trained on; empty where there was one, or none is known.
        recorded: what evaluation.json says of the data that the model was trained on; None: not a model of ours.
        split: the rows to measure on.
    """
    paired = "text_pair" in split.column_names
    if columns and not paired:
        named = ", ".join(columns)
        return f"The model was trained on two fields ({named}); these rows have one. --text_columns names two."
    if recorded and not columns and paired:
        return (
            "The model was trained on one text; these rows have two, read as a pair. The data options of its "
            "recipe.yaml (--text_columns, --join_text) make it one."
        )
    return None


def _fold(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).replace("_", " ").casefold().split())
