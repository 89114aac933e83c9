"""Whether a table's first row names its columns, and what the columns of a table without names are called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from ...errors import UserError
from .column_look import NOTHING, NUMBER, ColumnLook, shape_of, words_in
from .tables import ReadOptions

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
FEW_ROWS = 10  # with fewer, nothing recurs often enough to say anything


class Header(NamedTuple):
    """The names of a table's columns, whether its first row is where they come from, and what is to be said."""

    names: list[str]
    in_first_row: bool
    notes: list[str]


def name_columns(
    file: str, first: Sequence[str], columns: Sequence[ColumnLook], options: ReadOptions, doubtful: bool = True
) -> Header:
    """Name a table's columns: as the user says, by its first row, or by what they hold.

    `columns` are looks at the rows below the first; `doubtful` is whether a first row of which nothing tells names
    the columns.

    Raises:
        UserError: `--column_names` gives another number of names, or one of them twice.
    """
    first = [cell.strip() for cell in first]
    told = has_names(first, columns)
    if options.column_names:
        _check_given(file, options.column_names, len(first))
        in_first_row = bool(told) if options.no_header is None else not options.no_header
        given = list(options.column_names)
        return Header(given, in_first_row or given == first, [])
    named = (doubtful if told is None else told) if options.no_header is None else not options.no_header
    if not named:
        return _made_header(file, first, columns)
    notes = []
    if told is None and options.no_header is None and len(first) > 1 and len(columns[0].cells) >= FEW_ROWS:
        notes.append(f"Line 1 of {file} is read as column names; --no_header says that it is a row.")
    names = [name or f"column_{number}" for number, name in enumerate(first, start=1)]
    twice = list(dict.fromkeys(name for name in names if names.count(name) > 1))
    if twice:
        names = _numbered(names)
        shown = ", ".join(repr(name) for name in twice)
        notes.append(f"{file}: several columns are called {shown}; they are numbered: {twice[0]}.1, {twice[0]}.2.")
    return Header(names, True, notes)


def _check_given(file: str, names: Sequence[str], width: int) -> None:
    if len(names) != width:
        raise UserError(f"--column_names gives {len(names)} names; {file} has {width} columns.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"--column_names gives {', '.join(twice)} twice; each column needs a name of its own.")


def _made_header(file: str, first: Sequence[str], columns: Sequence[ColumnLook]) -> Header:
    for cell, column in zip(first, columns, strict=True):
        column.add(cell, kept=True)
    names = made_names(columns)
    listed = ", ".join(f"{number} {name!r}" for number, name in enumerate(names, 1) if not name.startswith("column_"))
    note = (
        f"{file} does not name its columns; {f'read as: {listed}' if listed else 'they are numbered'}. "
        "--column_names names them, --no_header false says that line 1 does."
    )
    return Header(names, False, [note])


def _numbered(names: list[str]) -> list[str]:
    """Number equal names, until none occurs twice."""
    while len(set(names)) < len(names):
        seen, counts = Counter[str](), Counter(names)
        for place, name in enumerate(names):
            seen[name] += 1
            if counts[name] > 1:
                names[place] = f"{name}.{seen[name]}"
    return names


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
        return -2.0 if shape_of(cell) == look.shape else 1.5
    lengths = sorted(map(words_in, look.filled))
    if not lengths:
        return 0.0
    if words_in(cell) >= 4 and words_in(cell) >= lengths[len(lengths) // 10]:
        return -1.5
    return 1.0 if enough and words_in(cell) <= 3 and lengths[len(lengths) // 2] >= 6 else 0.0


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
