"""The one reader of labels: form, names and meaning of numbers are found on train, and hold for all splits and later.

`label_learning.learn_labels` builds it; `LabelReader` turns cells into label ids. Whatever does not fit is a fault of
its row, with a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...labels import LabelSpace
from ..reading.raw_split import RawSplit
from .label_cells import NOT_GIVEN, LabelCells, read_cells
from .label_forms import LabelForm
from .label_ids import UNLABELLED, LabelIds
from .label_names import NO_CONSENSUS, NOTHING, Writing, written_as

UNDECIDED = "label -, on which annotators did not agree"
LEFT_BLANK = "label nan, as programs write what is missing"


@dataclass(frozen=True)
class SplitLabels:
    """One split's labels as ids of the label space, and bool [N] each: why rows have none."""

    labels: LabelIds
    missing: NDArray[np.bool_]
    faults: dict[str, NDArray[np.bool_]]


@dataclass(frozen=True)
class LabelReader:
    """What was decided about labels, once."""

    form: LabelForm
    space: LabelSpace
    writing: Writing
    meaning: Mapping[str, str]
    """Value as written (see `writing`) -> name."""

    def read(self, raw: RawSplit) -> SplitLabels:
        """Read a split's labels."""
        return self.apply(read_cells(raw, self.form))

    def apply(self, cells: LabelCells) -> SplitLabels:
        """Give cells that were read in this reader's form the ids of its label space."""
        written = [written_as(value, self.writing) for value in cells.values]
        names = [self.meaning.get(value) for value in written]
        ids = self.space.label2id
        new_ids = np.array([UNLABELLED if name is None else ids[name] for name in names], dtype=np.int64)
        silent = np.array([w in {"", NOT_GIVEN} or (w == "-1" and w not in self.meaning) for w in written], dtype=bool)
        no_name = np.array([value == "" for value in cells.values], dtype=bool)  # within a list: no label
        given = cells.labels.ids >= 0
        rows, old_ids = cells.labels.rows[given], cells.labels.ids[given]
        missing, unknown = cells.missing.copy(), np.zeros(len(cells.missing), dtype=bool)
        missing[rows[(silent & ~(no_name & self.space.multi_label))[old_ids]]] = True
        unknown[rows[((new_ids < 0) & ~silent)[old_ids]]] = True
        undecided = np.array([w == NO_CONSENSUS and w not in self.meaning for w in written], dtype=bool)
        without = np.zeros(len(cells.missing), dtype=bool)
        without[rows[undecided[old_ids]]] = True
        blank = np.zeros(len(cells.missing), dtype=bool)
        blank[rows[np.array([w == NOTHING and w not in self.meaning for w in written], dtype=bool)[old_ids]]] = True
        unknown &= ~(without | blank)
        faults = {
            **cells.faults,
            UNDECIDED: without,
            LEFT_BLANK: blank,
            "label that is not among the names given": unknown,
        }
        return SplitLabels(cells.labels.renumber(new_ids), missing, faults)

    def record(self) -> dict[str, Any]:
        """Return what was decided as plain values, for evaluation.json; values that are their own names left out."""
        return {
            "form": self.form.kind,
            "separator": self.form.separator,
            "places": self.form.places,
            "names": list(self.space.names),
            "written": self.writing,
            "values": {value: name for value, name in self.meaning.items() if value != name},
        }
