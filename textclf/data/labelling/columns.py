"""Which columns hold text, labels, groups and sources: as given, or found where only one reading is possible."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

import pyarrow as pa

from ...arguments import DataArguments
from ...errors import UserError, did_you_mean
from ..reading.raw_split import RawSplit, composed
from .column_names import listed, some_of
from .column_signs import Signs, look
from .label_columns import find_labels, refuse_choices
from .label_evidence import Hints
from .text_columns import find_text, with_its_aspect

# The loader's own names, which the dataset scripts give too: nothing was to be found, nothing is to be said.
OWN_TEXT, OWN_LABELS = (("text",), ("text", "text_pair")), ("labels",)
LONGEST_NAME = 30  # of one that a note may list: a longer one could be a text, and notes go up with the model


@dataclass(frozen=True)
class Columns:
    """The columns of a data set that are used, and how they were found."""

    text: tuple[str, ...]
    labels: tuple[str, ...]
    group: str | None
    notes: tuple[str, ...]
    source: str | None = None


def as_trained(
    args: DataArguments, run: Mapping[str, Any] | None, columns: Collection[str]
) -> tuple[DataArguments, list[str]]:
    """Let a run's own columns stand for those that the arguments leave open, where the data has them, with a line.

    Args:
        args: what the user says of the data.
        run: what a run recorded of its data (`Provenance.to_dict`); None where nothing is known.
        columns: the columns that the data has.
    """
    kept: dict[str, Any] = {}  # Any: lists of names, as the arguments take them
    for kind in ("text_columns", "label_columns"):
        own = (run or {}).get(kind)
        named = isinstance(own, list) and bool(own) and all(isinstance(name, str) and name in columns for name in own)
        if named and not getattr(args, kind):
            kept[kind] = own
    said = [name for own in kept.values() for name in own]
    unsaid = not kept or kept == {"text_columns": list(OWN_TEXT[0]), "label_columns": list(OWN_LABELS)}
    return replace(args, **kept), [] if unsaid else [f"As the model's own data has them, {listed(said)} are read."]


def _labels_or_both_questions(
    train: RawSplit, signs: Mapping[str, Signs], asks_for_text: bool, hints: Hints
) -> tuple[tuple[str, ...], list[str]]:
    """Find the label; where it has to be asked for, ask in the same sentence for a text that has to be."""
    try:
        return find_labels(train, signs, hints)
    except UserError as about_labels:
        if asks_for_text:
            try:
                find_text(train, signs)
            except UserError as about_text:
                raise UserError(f"{about_labels} {about_text}") from None
        raise


def _named(args: DataArguments) -> tuple[tuple[str, ...], tuple[str, ...], str | None, str | None]:
    """Return the columns that the arguments name: of texts, labels, the group and the source."""
    text, labels = (tuple(map(composed, names)) for names in (args.text_columns, args.label_columns))
    group, source = (composed(name) if name else None for name in (args.group_column, args.source_column))
    return text, labels, group, source


def refuse_missing_columns(args: DataArguments, columns: Sequence[str]) -> None:
    """Stop at a column that the arguments name and that is not among these.

    Raises:
        UserError: there is one; names the nearest.
    """
    text, labels, group, source = _named(args)
    for name in (*text, *labels, *filter(None, (group, source))):
        if name not in columns:
            raise UserError(f"There is no column {name!r}; found: {some_of(columns)}.{did_you_mean(name, columns)}")


def in_train_only(splits: Mapping[str, RawSplit]) -> frozenset[str]:
    """Return the columns of train that another split lacks, as a contest's test rows lack the answers."""
    others = [set(raw.columns) for split, raw in splits.items() if split != "train"]
    return frozenset(name for name in splits["train"].columns if any(name not in columns for columns in others))


def choose_columns(
    train: RawSplit, args: DataArguments, splits: str | None = None, unpublished: Collection[str] = ()
) -> Columns:
    """Take the columns that the arguments name, and find the rest by name, type and number of distinct values.

    `splits` is a column that says the split of each row, and nothing else; `unpublished` are columns that only train
    has (`in_train_only`).

    Raises:
        UserError: a named column does not exist (with the nearest name), is no text, or more than one reading
            is possible.
    """
    text, labels, group, source = _named(args)
    refuse_missing_columns(args, train.columns)
    notes = []
    if source and pa.types.is_nested(train.table.schema.field(source).type):
        raise UserError(f"--source_column {source} holds lists or structures; it takes one value a row.")
    taken = {*text, *labels, group, source, splits}
    signs = {name: look(train, name) for name in train.columns if name not in taken} if not (text and labels) else {}
    if not labels:
        called = PurePath(args.train_file or args.dataset or "")
        called = called.joinpath(*[each.name for each in train.segments[:1] if each.name != called.name])
        labels, more = _labels_or_both_questions(train, signs, not text, Hints(str(called), unpublished))
        refuse_choices(train, labels)
        notes += [f"Labels are read from {listed(labels)}.", *more]
    if not text:
        left_over = [name for name in signs if name not in labels]
        text = find_text(train, {name: signs[name] for name in left_over}, labels)
        text, more = with_its_aspect(train, text, labels, left_over)
        notes += more
        named = [name for name in left_over if len(name) <= LONGEST_NAME and name not in text]
        left = [name for name in named if signs[name].text]
        unread = f" Not read: {listed(left[:5])} (--text_columns takes one or two)." if left else ""
        notes.append(f"Text is read from {listed(text)}.{unread}")
    twice = set(text) & set(labels) | {source} & {*text, *labels}
    if twice or len(set(text)) < len(text) or len(set(labels)) < len(labels):
        used = [*text, *labels, *filter(None, [source])]
        raise UserError(f"Every column can be used once; found {listed(used)}.")
    nothing_to_find = labels == OWN_LABELS and text in OWN_TEXT
    return Columns(text, labels, group, () if nothing_to_find else tuple(notes), source)
