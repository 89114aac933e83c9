"""Which rows a finished model is measured on: as given, or as training would have carved them."""

from __future__ import annotations

from typing import NamedTuple

from datasets import Dataset

from ..arguments import DataArguments
from ..errors import UserError, did_you_mean
from .labelling.label_meaning import Recorded
from .loading import LoadedData, load_as_given, load_splits
from .provenance import Provenance


class SplitToMeasure(NamedTuple):
    """One split, its name, where it comes from, and lines for the screen."""

    rows: Dataset
    name: str
    provenance: Provenance
    notes: list[str]


def split_to_measure(args: DataArguments, split: str | None, recorded: Recorded | None = None) -> SplitToMeasure:
    """Return the split to measure on.

    Without a name: the given test split, or all rows where the source has only one split. With a name: that split as
    given, else as `train.py` would carve it with the same options. `recorded` is how the model's own run
    read its labels: these are read likewise.

    Raises:
        UserError: there is no such split, or the data cannot be read.
    """
    given = load_as_given(args, recorded)
    if split is None:
        only = len(given.splits) == 1
        return _take(given, next(iter(given.splits)) if only else "test", all_rows=only)
    if split in given.splits and not (split == "train" and len(given.splits) == 1):
        return _take(given, split)
    return _take(load_splits(args, recorded), split)


def _take(data: LoadedData, name: str, *, all_rows: bool = False) -> SplitToMeasure:
    if name not in data.splits:
        raise UserError(
            f"The data has no split {name!r}; found: {', '.join(data.splits)}.{did_you_mean(name, data.splits)} "
            "Name one with --split."
        )
    notes = [*data.provenance.notes]
    if all_rows:
        notes.append("The source has one split: all of its rows are measured.")
    return SplitToMeasure(data.splits[name], "all" if all_rows else name, data.provenance, notes)
