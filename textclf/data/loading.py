"""Loading: whatever the data arguments name becomes three splits of `text`, `text_pair` and `labels`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from datasets import DatasetDict

from ..arguments import DataArguments
from ..errors import UserError, did_you_mean
from .auditing.findings import counted
from .labelling.cell_names import LabelCells
from .labelling.columns import Columns, choose_columns
from .labelling.label_cells import read_cells
from .labelling.rows import take_good_rows
from .labelling.vocabulary import encode
from .provenance import Origin, Provenance
from .reading.raw_split import RawSplit, composed, is_string
from .reading.sources import read_source
from .shaping import Draft, shape
from .split_files import fingerprint, write_split


class LoadedData(NamedTuple):
    """The three splits, and where they come from."""

    splits: DatasetDict
    provenance: Provenance


def load_splits(args: DataArguments) -> LoadedData:
    """Read, check, label and split a data set; equal arguments and files give equal splits, in every process.

    Returns:
        Splits `train`, `validation` and `test` with the columns `text` (str), `text_pair` (str or null; only where
        there are two text columns), `source` (str; only where `source_column` names one) and `labels` (`ClassLabel`,
        or `List(ClassLabel)` with several labels), rows in their source's order, memory-mapped; every label occurs in
        train. And their provenance.

    Raises:
        UserError: whatever a user can mend: files, columns, rows, labels, splits.
    """
    read = _read(args)
    shape(read.draft, args)
    return _finish(read)


def load_as_given(args: DataArguments) -> LoadedData:
    """Read, check and label a data set without carving or dropping anything: for measuring, not for training.

    A source without splits comes back as the one split `train`.

    Raises:
        UserError: whatever a user can mend: files, columns, rows, labels.
    """
    read = _read(args)
    read.draft.how_split = f"{' and '.join(read.draft.splits)} as given."
    return _finish(read)


class _Read(NamedTuple):
    """A data set after reading: its rows and labels as a draft, and what is known of both."""

    draft: Draft
    columns: Columns
    origin: Origin


def _read(args: DataArguments) -> _Read:
    """Read the source, find the columns, encode the labels, take the good rows."""
    source = read_source(args)
    train = source.splits["train"]
    if train.table.num_rows == 0:
        raise UserError(f"{source.origin.name} is empty: it has {len(train.columns)} columns and no rows.")
    columns = choose_columns(train, args)
    notes = [*source.notes, *columns.notes]
    raw = _labelled_splits(source.splits, columns, notes)
    cells = {split: read_cells(each, list(columns.labels), args.label_separator) for split, each in raw.items()}
    _leave_out_unlabelled(raw, cells, notes)
    encoded = encode(cells, raw, ", ".join(columns.labels), [composed(n) for n in args.class_names])
    draft = Draft(encoded.space, {}, notes=[*notes, *encoded.notes])
    draft.splits = take_good_rows(raw, columns, encoded, args.on_bad_row == "skip", draft.removed)
    return _Read(draft, columns, source.origin)


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
        text_columns=read.origin.text_fields or columns.text,
        label_columns=columns.labels,
        removed=removed,
        notes=draft.notes,
    )
    return LoadedData(splits, provenance)


def _labelled_splits(splits: Mapping[str, RawSplit], columns: Columns, notes: list[str]) -> dict[str, RawSplit]:
    """Return the splits that have the label columns; all must have the others that are used."""
    labelled = {}
    for split, raw in splits.items():
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
        if set(columns.labels) <= set(raw.columns):
            labelled[split] = raw
        else:
            notes.append(f"The {split} split has no column {', '.join(columns.labels)} and counts as missing.")
    return labelled


def _says_nothing(cells: LabelCells, train: LabelCells) -> bool:
    """Say whether a split's label cells are all empty, or all the -1 that train never uses."""
    used = {cells.values[i] for i in np.unique(cells.labels.ids[cells.labels.ids >= 0])}
    return bool(cells.missing.all()) or (not used) or (used == {"-1"} and "-1" not in train.values)


def _leave_out_unlabelled(raw: dict[str, RawSplit], cells: dict[str, LabelCells], notes: list[str]) -> None:
    """Leave out, in place, a validation or test split in which no row has a label (published with -1, or empty)."""
    for split in [split for split in raw if split != "train"]:
        if _says_nothing(cells[split], cells["train"]):
            del raw[split], cells[split]
            notes.append(f"The {split} split has no labels and counts as missing.")
