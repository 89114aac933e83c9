"""Rows in the making: a split's texts (still in their source), labels and groups; bad rows are found here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...errors import UserError
from ..reading.raw_split import RawSplit
from .columns import Columns
from .label_cells import read_distinct
from .label_ids import UNLABELLED, LabelIds
from .label_names import clean_name
from .label_reader import SplitLabels

BLANK = "blank text"
ANY_REASON = "any"


@dataclass(frozen=True)
class SplitRows:
    """Some rows of a raw split, in their order there.

    Attributes:
        raw: where the texts are.
        index: int64 [N]: each row's position in `raw`, ascending.
        labels: the labels of the N rows.
        groups: int64 [N], the same number for the same group in every split; None without a group column.
        texts: uint64 [N], the same number for texts that are equal to the model; None before anybody asks.
    """

    raw: RawSplit
    index: NDArray[np.int64]
    labels: LabelIds
    groups: NDArray[np.int64] | None = None
    texts: NDArray[np.uint64] | None = None

    def __len__(self) -> int:
        """Return the number of rows N."""
        return len(self.index)

    def select(self, keep: NDArray[np.bool_]) -> SplitRows:
        """Return the rows where `keep` (bool [N]) is true."""
        groups = None if self.groups is None else self.groups[keep]
        texts = None if self.texts is None else self.texts[keep]
        return SplitRows(self.raw, self.index[keep], self.labels.select(keep), groups, texts)

    def relabel(self, labels: LabelIds) -> SplitRows:
        """Return the same rows with other labels."""
        return replace(self, labels=labels)


def take_good_rows(
    raw: Mapping[str, RawSplit],
    columns: Columns,
    labels: Mapping[str, SplitLabels],
    tolerated: Collection[str],
    removed: Counter[str],
) -> dict[str, SplitRows]:
    """Return the rows of each split that have a text, a label and a group; count the others in `removed`.

    Of `tolerated` are the reasons for which a row may be left out; `ANY_REASON` is all of them.

    Raises:
        UserError: there are bad rows that are not to be left out; names the first one, and why.
    """
    groups = _read_groups(raw, columns.group) if columns.group else {}
    good = {}
    for split, each in raw.items():
        bad = {BLANK: _blank_rows(each, columns.text)}
        if columns.group:
            bad[f"no value in {columns.group!r}"] = groups[split] == UNLABELLED
        bad |= {"no label": labels[split].missing, **labels[split].faults}
        keep = np.ones(each.table.num_rows, dtype=bool)
        for reason, rows in bad.items():
            new = rows & keep
            if new.any() and not {reason, ANY_REASON} & set(tolerated):
                raise UserError(_bad_row(each, columns, reason, np.flatnonzero(new)))
            removed[reason] += int(new.sum())
            keep &= ~rows
        removed["row that cannot be read"] += each.unreadable
        good[split] = SplitRows(each, np.arange(len(keep)), labels[split].labels, groups.get(split)).select(keep)
    return good


def is_blank(cells: pa.Array) -> pa.Array:
    """Say which texts are null, empty or white space only (in Unicode's sense)."""
    text = pc.fill_null(cells.cast(pa.string()), "")
    return pc.or_(pc.equal(pc.binary_length(text), 0), pc.utf8_is_space(text))


def _blank_rows(raw: RawSplit, columns: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return which rows have no text in any of the columns: bool [N]."""
    blank = np.ones(raw.table.num_rows, dtype=bool)
    for column in columns:
        chunks = [is_blank(chunk).to_numpy(zero_copy_only=False) for chunk in raw.table[column].chunks]
        blank &= np.concatenate([np.zeros(0, dtype=bool), *chunks])
    return blank


def _read_groups(raw: Mapping[str, RawSplit], column: str) -> dict[str, NDArray[np.int64]]:
    """Number the groups of all splits together; -1 where a row names none."""
    numbers: dict[str, int] = {}
    groups = {}
    for split, each in raw.items():
        codes, values = read_distinct(each.table[column], column)
        names = [clean_name(_plain(value)) for value in [*values, None]]
        known = [numbers.setdefault(name, len(numbers)) if name else UNLABELLED for name in names]
        groups[split] = np.array(known, dtype=np.int64)[codes]
    return groups


def _beginning(words: str, most: int = 200) -> str:
    """Return the beginning of long words."""
    return words if len(words) <= most else words[: most - 1] + "…"


def _plain(value: object) -> str:
    """Write a group's value so that 7 is one author, whether a split's column holds 7, 7.0 or '7'."""
    if value is None or value != value:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _bad_row(raw: RawSplit, columns: Columns, reason: str, rows: NDArray[np.int64]) -> str:
    first = int(rows[0])
    more = f" ({len(rows)} such rows)" if len(rows) > 1 else ""
    hint = ""
    if reason.startswith(("label", "no label")):
        cells = {column: raw.table[column][first].as_py() for column in columns.labels}
        value = next((cell for cell in cells.values()), None)
        found = repr(value) if len(cells) == 1 else ", ".join(f"{name}: {cell!r}" for name, cell in cells.items())
        hint = f" Found {_beginning(found)}" + (f" in {columns.labels[0]!r}." if len(cells) == 1 else ".")
        if str(value) in {"-1", "-1.0"}:
            hint += " -1 says that a label is not given; if it is a class, list all names with --class_names."
    return f"{raw.place(first)}: {reason}{more}.{hint} --on_bad_row skip leaves such rows out."
