"""Loading: whatever the data arguments name becomes three splits of `text`, `text_pair` and `labels`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from datasets import DatasetDict
from numpy.typing import NDArray

from ..arguments import DataArguments
from ..errors import UserError, did_you_mean
from .auditing.findings import counted
from .draft import Draft
from .labelling.columns import Columns, as_trained, choose_columns, in_train_only
from .labelling.joined_labels import joined_labels
from .labelling.label_learning import learn_labels
from .labelling.label_meaning import Recorded
from .labelling.label_reader import LEFT_BLANK, UNDECIDED, LabelReader
from .labelling.rows import ANY_REASON, BLANK, take_good_rows
from .labelling.split_column import part_by_column
from .provenance import Origin, Provenance
from .reading.raw_split import RawSplit, is_string
from .reading.sources import read_source
from .shaping import shape
from .split_files import fingerprint, write_split


class LoadedData(NamedTuple):
    """The three splits, and where they come from."""

    splits: DatasetDict
    provenance: Provenance


def load_splits(args: DataArguments, recorded: Recorded | None = None, *, guarantee: bool = False) -> LoadedData:
    """Read, check, label and split a data set; equal arguments and files give equal splits, in every process.

    With `guarantee` a fourth split of that name leaves validation, for promises alone.

    Returns:
        Splits `train`, `validation` and `test` with the columns `text` (str), `text_pair` (str or null; only where
        there are two text columns), `source` (str; only where `source_column` names one) and `labels` (`ClassLabel`,
        or `List(ClassLabel)` with several labels), rows in their source's order, memory-mapped; every label occurs in
        train. And their provenance.

    Raises:
        UserError: whatever a user can mend: files, columns, rows, labels, splits.
    """
    read = _read(args, recorded)
    shape(read.draft, args, guarantee=guarantee)
    return _finish(read)


class GroupedData(NamedTuple):
    """Loaded data, and which rows belong together."""

    loaded: LoadedData
    groups: dict[str, NDArray[np.int64] | None]
    """Split -> a number for each row's group [N], the same in all splits; None without `--group_column`."""


def load_with_groups(args: DataArguments, *, guarantee: bool = False) -> GroupedData:
    """Load splits as `load_splits` does, and keep the groups: for who parts the rows further.

    Raises:
        UserError: whatever a user can mend: files, columns, rows, labels, splits.
    """
    read = _read(args, None)
    shape(read.draft, args, guarantee=guarantee)
    return GroupedData(_finish(read), {split: rows.groups for split, rows in read.draft.splits.items()})


def load_as_given(args: DataArguments, recorded: Recorded | None = None) -> LoadedData:
    """Read, check and label a data set without carving or dropping anything: for measuring, not for training.

    A source without splits comes back as the one split `train`. `recorded` is how a run read its labels
    (`held_out.label_reading`): these are then read likewise, from its own columns where the data has them.

    Raises:
        UserError: whatever a user can mend: files, columns, rows, labels.
    """
    read = _read(args, recorded)
    read.draft.how_split = f"{' and '.join(read.draft.splits)} as given."
    return _finish(read)


class _Read(NamedTuple):
    """A data set after reading: its rows and labels as a draft, and what is known of both."""

    draft: Draft
    columns: Columns
    origin: Origin
    reader: LabelReader


def _read(args: DataArguments, recorded: Recorded | None) -> _Read:
    """Read the source, find the columns, encode the labels, take the good rows."""
    source = read_source(args)
    train = source.splits["train"]
    if train.table.num_rows == 0:
        raise UserError(f"{source.origin.name} is empty: it has {len(train.columns)} columns and no rows.")
    splits, parted, split_column = part_by_column(source.splits, args)
    args, trained = as_trained(args, recorded, splits["train"].columns)
    columns = choose_columns(splits["train"], args, split_column, in_train_only(splits))
    notes = [*source.notes, *parted, *trained, *columns.notes]
    raw = _labelled_splits(splits, columns, notes)
    args = _with_names_beside(args, source.class_names, raw["train"], columns.labels)
    learnt = learn_labels(raw, columns.labels, args, recorded)
    labels = {split: learnt.reader.apply(cells) for split, cells in learnt.cells.items()}
    draft = Draft(learnt.reader.space, {}, columns.text, notes=[*notes, *learnt.notes])
    tolerated = [ANY_REASON] if args.on_bad_row == "skip" else [] if args.strict else [BLANK, UNDECIDED, LEFT_BLANK]
    draft.splits = take_good_rows(raw, columns, labels, tolerated, draft.removed)
    return _Read(draft, columns, source.origin, learnt.reader)


def _with_names_beside(
    args: DataArguments, names: Sequence[str], train: RawSplit, labels: Sequence[str]
) -> DataArguments:
    """Let a file beside the rows name the numbers in the label column, where it can only be read in one way.

    Names without numbers count from 0 where a 0 occurs, and from 1 where as many numbers as names occur.
    """
    if args.class_names or not names or len(labels) != 1 or pa.types.is_nested(train.table[labels[0]].type):
        return args
    cells = {str(cell) for cell in train.table[labels[0]].unique().to_pylist() if cell is not None}
    separator = args.label_separator or joined_labels(cells, labels[0]) or "\0"
    found = {part.strip() for cell in cells for part in cell.split(separator)} - {""}
    if not all(re.fullmatch(r"-?\d+(\.0)?", number) for number in found):
        return args
    numbers = {int(float(number)) for number in found}
    if not all(re.match(r"-?\d+=", name) for name in names):
        first = 0 if 0 in numbers else 1 if numbers == set(range(1, len(names) + 1)) else None
        if first is None:
            return args
        names = [f"{number}={name}" for number, name in enumerate(names, start=first)]
    known = {int(name.partition("=")[0]) for name in names}
    return replace(args, class_names=list(names)) if numbers <= known else args


def _finish(read: _Read) -> LoadedData:
    """Write a draft's splits as Arrow files and say where they come from."""
    draft, columns = read.draft, read.columns
    splits = DatasetDict(
        {split: write_split(rows, columns, draft.space, split) for split, rows in draft.splits.items()}
    )
    removed = {reason: count for reason, count in draft.removed.items() if count}
    draft.notes += [
        f"{count:,} {counted(count, 'row', 'rows')} left out: {reason}." for reason, count in removed.items()
    ]
    provenance = Provenance(
        origin=read.origin,
        fingerprint=fingerprint(splits),
        sizes={split: len(rows) for split, rows in splits.items()},
        how_split=draft.how_split,
        text_columns=_as_published(columns.text, read.origin),
        label_columns=columns.labels,
        label_reading=read.reader.record(),
        removed=removed,
        notes=draft.notes,
    )
    return LoadedData(splits, provenance)


def _as_published(columns: Sequence[str], origin: Origin) -> tuple[str, ...]:
    """Return what the publisher calls the columns of text that were read, where a data set script renamed them."""
    published = dict(zip(("text", "text_pair"), origin.text_fields, strict=False))
    return tuple(published.get(column, column) for column in columns)


def _labelled_splits(splits: Mapping[str, RawSplit], columns: Columns, notes: list[str]) -> dict[str, RawSplit]:
    """Return the splits that have the label columns; all must have the others that are used."""
    labelled = {}
    for split, raw in splits.items():
        if not set(columns.labels) <= set(raw.columns):
            notes.append(f"The {split} split has no column {', '.join(columns.labels)} and counts as missing.")
            continue
        for name in (*columns.text, *filter(None, (columns.group, columns.source))):
            if name not in raw.columns:
                raise UserError(
                    f"The {split} split has no column {name!r}, which train has; found: {', '.join(raw.columns)}."
                    f"{did_you_mean(name, raw.columns)}"
                )
        for name in columns.text:
            arrow_type = raw.table.schema.field(name).type
            if name in raw.mixed or not (is_string(arrow_type) or pa.types.is_null(arrow_type)):
                found = raw.mixed.get(name) or str(arrow_type)
                raise UserError(f"The text column {name!r} of the {split} split must hold text; found {found}.")
        labelled[split] = raw
    return labelled
