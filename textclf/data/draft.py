"""A data set on its way to three splits, and what leaves it: rare labels, labels unseen in train, rows without any."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..labels import LabelSpace
from .auditing.findings import counted
from .labelling.label_names import alike_key
from .labelling.rows import SplitRows


@dataclass
class Draft:
    """A data set on its way: its label space, its rows, and the record of what was done."""

    space: LabelSpace
    splits: dict[str, SplitRows]
    text_columns: tuple[str, ...]
    removed: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    how_split: str = ""


def drop_rare_labels(draft: Draft, least: int) -> None:
    """Drop labels with fewer training rows than `least`, in place."""
    counts = draft.splits["train"].labels.counts(len(draft.space))
    rare = (counts < least) & (counts > 0)
    if rare.any():
        names = [draft.space.names[i] for i in np.flatnonzero(rare)]
        draft.notes.append(
            f"{len(names)} {counted(len(names), 'label', 'labels')} with fewer than {least} training rows dropped "
            f"(--min_label_count): {_some(names)}."
        )
        _drop_labels(draft, rare, f"label with fewer than {least} training rows")


def drop_absent_labels(draft: Draft, drop_rows: bool) -> None:
    """Drop labels that never occur in train, and say so; with one label a row, rows only when asked to."""
    absent = draft.splits["train"].labels.counts(len(draft.space)) == 0
    elsewhere = np.zeros(len(draft.space), dtype=bool)
    for split in ("validation", "test"):
        if split in draft.splits:
            elsewhere |= draft.splits[split].labels.counts(len(draft.space)) > 0
    unseen = [draft.space.names[i] for i in np.flatnonzero(absent & elsewhere)]
    nowhere = [draft.space.names[i] for i in np.flatnonzero(absent & ~elsewhere)]
    if unseen and not draft.space.multi_label and not drop_rows:
        spelt = {alike_key(name): name for name, gone in zip(draft.space.names, absent, strict=True) if not gone}
        near = next((spelt[alike_key(name)] for name in unseen if alike_key(name) in spelt), None)
        hint = (
            f"{near!r} of train differs in its spelling only: --merge_labels alike joins such labels. " if near else ""
        )
        raise UserError(
            f"Labels occur in validation or test that never occur in train: {_some(unseen)}. {hint}"
            "Add training rows for them, or leave these rows out with --drop_unseen_labels."
        )
    if unseen:
        times = sum(int(rows.labels.counts(len(draft.space))[absent].sum()) for rows in draft.splits.values())
        draft.notes.append(
            f"{len(unseen)} {counted(len(unseen), 'label that never occurs', 'labels that never occur')} in train "
            f"dropped: {_some(unseen)} ({counted(times, 'once', f'{times:,} times')} in the other splits)."
        )
    if nowhere:
        draft.notes.append(
            f"{len(nowhere)} declared {counted(len(nowhere), 'label that occurs', 'labels that occur')} nowhere "
            f"dropped: {_some(nowhere)}."
        )
    if absent.any():
        _drop_labels(draft, absent, "label that never occurs in train")


def _drop_labels(draft: Draft, drop: NDArray[np.bool_], reason: str) -> None:
    """Shrink the label space; rows with several labels keep their others, rows with one leave."""
    new_ids = np.where(drop, -1, np.cumsum(~drop) - 1)
    draft.space = LabelSpace(tuple(np.array(draft.space.names, dtype=object)[~drop]), draft.space.multi_label)
    before = {split: rows.labels.sizes() for split, rows in draft.splits.items()}
    draft.splits = {split: rows.relabel(rows.labels.renumber(new_ids)) for split, rows in draft.splits.items()}
    if draft.space.multi_label:
        bare = sum(int(((rows.labels.sizes() == 0) & (before[s] > 0)).sum()) for s, rows in draft.splits.items())
        if bare:
            draft.notes.append(f"That left {bare:,} {counted(bare, 'row', 'rows')} without any label.")
    else:
        drop_rows(draft, {split: rows.labels.sizes() == 0 for split, rows in draft.splits.items()}, reason)


def drop_rows(draft: Draft, drop: dict[str, NDArray[np.bool_]], reason: str) -> None:
    """Drop rows where `drop` (split -> bool [N]) is true, in place, and count them under a reason."""
    for split, rows in draft.splits.items():
        draft.removed[reason] += int(drop[split].sum())
        draft.splits[split] = rows.select(~drop[split])


def _some(names: list[str], most: int = 10) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
