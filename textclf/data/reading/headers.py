"""Whether a table's first row names its columns, and what the columns of a table without names are called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
NOTHING = {"", "na", "n/a", "nan", "null", "none", "-"}
# Words that name columns of labels.
LABELS_NAMED = (
    r"(gold_?|true_?|sentiment_?)?(label|labels|class|category|target|sentiment|polarity|intent|emotion|topic|stance"
    r"|rating|stars?|score|tag|tags)(_?(id|idx|text|name|names|num))?|is_\w+|\w+_label"
    r"|라벨|레이블|분류|감정|카테고리|주제|标签|类别|ラベル|カテゴリ|感情"
)
NAMES_LABELS = re.compile(LABELS_NAMED, re.IGNORECASE)
# Words that name columns and, as a whole cell, hardly ever are a label or a text.
USUAL = re.compile(
    r"(unnamed:? ?\d*|index|idx|id|no|num|uid|guid|row|date|time|timestamp|created_?at|user(_?name|_?id)?|author"
    r"|lang(uage)?"
    r"|(raw_?|clean(ed)?_?)?(text|texts|sentence\d?|tweet|comment|review|document|content|message|title|headline|body"
    r"|description|question\d?|premise|hypothesis|abstract|utterance)(_?(text|id|a|b|en|ko|body|content))?"
    rf"|{LABELS_NAMED}|\w+_(id|idx|text|score)"
    r"|본문|제목|내용|댓글|문장|리뷰|텍스트|文本|内容|评论|标题|句子|テキスト|本文|文|タイトル|レビュー)",
    re.IGNORECASE,
)
CODE = re.compile(r"(?=\S*[^\W\d])(?=\S*\d)\S+")
ROWS_KEPT = 1_000
MOST_VALUES = 300  # distinct values that are counted; a column of more is none of labels
MOST_LABELS = 200
FEW_ROWS = 10  # with fewer, nothing recurs often enough to say anything
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
    def repeats(self) -> bool:
        """Say whether it holds few values, each of them often."""
        if self.values is None:
            return False
        filled = {value: count for value, count in self.values.items() if value.lower() not in NOTHING}
        return 1 < len(filled) <= min(MOST_LABELS, sum(filled.values()) / 3)

    @property
    def shape(self) -> str | None:
        """Return the form that nearly all filled cells share (a date's, an id's), or None."""
        shapes = Counter(_shape(cell) for cell in self.filled)
        (form, count), *_ = shapes.most_common(1) or [("", 0)]
        return form if count > 0.95 * len(self.filled) and count > 1 and not re.fullmatch("[a ]*", form) else None

    @property
    def words(self) -> float:
        """Return the mean number of words in a filled cell; in languages without spaces two characters are one."""
        return sum(map(_words, self.filled)) / max(len(self.filled), 1)

    @property
    def reads_like_text(self) -> bool:
        """Say whether most cells differ from each other and hold several words of letters."""
        filled = self.filled
        if not filled or self.shape or self.repeats or len(set(filled)) <= len(filled) / 2:
            return False
        letters = sum(sum(map(str.isalpha, cell)) for cell in filled) / max(sum(map(len, filled)), 1)
        return self.words >= 2.5 and letters > 0.5


def has_names(first: Sequence[str], columns: Sequence[ColumnLook]) -> bool | None:
    """Say whether a table's first row names its columns; None where nothing speaks for either."""
    cells = [cell.strip() for cell in first]
    numbers = [cell for cell in cells if NUMBER.fullmatch(cell)]
    if numbers and len(numbers) + cells.count("") == len(cells) and numbers == [str(i) for i in range(len(numbers))]:
        return True  # what pandas writes where nobody named anything
    votes = [_vote(cell, look) for cell, look in zip(cells, columns, strict=True) if cell.lower() not in NOTHING]
    total = sum(votes)
    return None if total == 0 else total > 0


def _vote(cell: str, look: ColumnLook) -> float:
    """Return what one cell says: above 0 for a name, below 0 for a value like those beneath it."""
    known = USUAL.fullmatch(cell) is not None
    if NUMBER.fullmatch(cell):
        return -2.0
    if look.filled and look.numbers >= 0.95:
        return 2.0
    enough = len(look.cells) >= FEW_ROWS
    if enough and look.repeats and look.values is not None:
        return -3.0 if cell in look.values else 3.0 if known else 1.0
    if known:
        return 3.0
    if look.shape and len(look.filled) >= 3:
        return -2.0 if _shape(cell) == look.shape else 1.5
    lengths = sorted(map(_words, look.filled))
    if not lengths:
        return 0.0
    if _words(cell) >= 4 and _words(cell) >= lengths[len(lengths) // 10]:
        return -1.5
    return 1.0 if enough and _words(cell) <= 3 and lengths[len(lengths) // 2] >= 6 else 0.0


def made_names(columns: Sequence[ColumnLook]) -> list[str]:
    """Name the columns of a table without names: `label` and `text` (and `text_pair`) where they are plain.

    The others, and all of them where more than one reading is possible, are numbered: `column_3`.
    """
    names = [f"column_{number}" for number in range(1, len(columns) + 1)]
    texts = [j for j, look in enumerate(columns) if look.reads_like_text]
    labels = [j for j, look in enumerate(columns) if look.repeats and look.words < 8]
    if len(labels) > 1:  # gj04 names a source
        labels = [j for j in labels if not columns[j].codes] or labels
    if len(labels) == 1:
        names[labels[0]] = "label"
        if len(texts) in (1, 2):
            for j, name in zip(texts, ("text", "text_pair"), strict=False):
                names[j] = name
    return names


def _shape(cell: str) -> str:
    """Return a cell's form: `2021-03-05` is `9-9-9`."""
    return re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "a", cell))


def _words(cell: str) -> float:
    return len(cell.split()) + len(CJK.findall(cell)) / 3
