"""What a column's cells look like: numbers, codes, dates, few values that recur, or texts."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
NOTHING = {"", "na", "n/a", "nan", "null", "none", "-"}
CODE = re.compile(r"(?=\S*[^\W\d])(?=\S*\d)\S+")
ROWS_KEPT = 1_000
MOST_VALUES = 300  # distinct values that are counted; a column of more is none of labels
MOST_LABELS = 200
CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")


@dataclass
class ColumnLook:
    """What a column's cells look like, the first row's left out."""

    cells: list[str] = field(default_factory=list)
    """Some of them."""
    values: Counter[str] | None = field(default_factory=Counter)
    """How often each value occurs, over all rows; None beyond `MOST_VALUES` of them."""

    def add(self, cell: str, kept: bool) -> None:
        """Take one more cell into account."""
        if kept:
            self.cells.append(cell)
        if self.values is not None:
            self.values[cell.strip()] += 1
            if len(self.values) > MOST_VALUES:
                self.values = None

    @property
    def filled(self) -> list[str]:
        """Return the kept cells that hold something."""
        return [cell.strip() for cell in self.cells if cell.strip().lower() not in NOTHING]

    @property
    def numbers(self) -> float:
        """Return the share of filled cells that are numbers."""
        return sum(bool(NUMBER.fullmatch(cell)) for cell in self.filled) / max(len(self.filled), 1)

    @property
    def codes(self) -> bool:
        """Say whether every filled cell is one word of letters and digits."""
        return bool(self.filled) and all(CODE.fullmatch(cell) for cell in self.filled)

    @property
    def quoted(self) -> bool:
        """Say whether some cells stand in quotes as a whole."""
        return any(len(cell) > 1 and cell.startswith('"') and cell.endswith('"') for cell in self.filled)

    @property
    def repeats(self) -> bool:
        """Say whether it holds few values, each of them often."""
        if self.values is None:
            return False
        filled = {value: count for value, count in self.values.items() if value.lower() not in NOTHING}
        return 1 < len(filled) <= min(MOST_LABELS, sum(filled.values()) / 3)

    @property
    def shape(self) -> str | None:
        """Return the form that nearly all filled cells share (a date's, an id's), or None."""
        shapes = Counter(shape_of(cell) for cell in self.filled)
        (form, count), *_ = shapes.most_common(1) or [("", 0)]
        return form if count > 0.95 * len(self.filled) and count > 1 and not re.fullmatch("[a ]*", form) else None

    @property
    def words(self) -> float:
        """Return the mean number of words in a filled cell; in languages without spaces two characters are one."""
        return sum(map(words_in, self.filled)) / max(len(self.filled), 1)

    @property
    def reads_like_text(self) -> bool:
        """Say whether most cells differ from each other and hold several words of letters."""
        filled = self.filled
        written = sum(cell[:1] in "[{" for cell in filled) > len(filled) / 2  # lists and objects of a program
        if not filled or written or self.shape or self.repeats or len(set(filled)) <= len(filled) / 2:
            return False
        letters = sum(sum(map(str.isalpha, cell)) for cell in filled) / max(sum(map(len, filled)), 1)
        return self.words >= 2.5 and letters > 0.5


def shape_of(cell: str) -> str:
    """Return a cell's form: `2021-03-05` is `9-9-9`."""
    return re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "a", cell))


def words_in(cell: str) -> float:
    """Count a cell's words; in scripts without spaces three characters are one."""
    return len(cell.split()) + len(CJK.findall(cell)) / 3
