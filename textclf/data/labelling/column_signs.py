"""What a column looks like: what its first cells hold, and which columns say the same."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..reading.raw_split import RawSplit, is_class_label, is_string
from .column_names import pieces, says_another_fact
from .column_words import TOTALS
from .label_names import clean_name, number

# What a look at the first rows of train takes for labels: few distinct values, each several times.
ROWS_LOOKED_AT = 10_000
MOST_LABELS = 500
MOST_NUMBERS = 50  # of which more are counts or years
NEARLY_EMPTY = 0.5
MOST_STARS, HIGHEST_STARS, STARS_GIVEN = 10, (4, 5, 10), 0.8  # of the stars there are, how many occur at least
FLAGS = {
    "true/false": {"true", "false"},
    "0/1": {"0", "1", "0.0", "1.0", "true", "false", "-1", "-1.0"},
    "yes/no": {"yes", "no"},
    "y/n": {"y", "n"},
}
LABEL_WORDS, LABEL_CHARACTERS = 4.0, 60.0  # on average; more are sentences
WITHOUT_SPACES = r"[\x{0e00}-\x{0eff}\x{1000}-\x{109f}\x{1780}-\x{17ff}\x{3040}-\x{30ff}\x{3400}-\x{9fff}]"
# What only says how somebody judges: where one column holds such words alone, it is the answer.
JUDGEMENTS = {
    "positive", "negative", "neutral", "mixed", "irrelevant", "conflict", "pos", "neg", "neu", "very positive",
    "very negative", "extremely positive", "extremely negative", "긍정", "부정", "중립", "正面", "负面", "中性",
    "积极", "消极", "ポジティブ", "ネガティブ", "ニュートラル",
}  # fmt: skip
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}([-/.]\d{1,4})?([ T]\d.*)?|\d{1,2}:\d{2}.*")


@dataclass(frozen=True)
class Signs:
    """What the first rows of a column say about it."""

    name: str
    filled: float
    """Share of the cells that hold something."""
    distinct: int
    words: float
    """Words a cell on average; in scripts without spaces two characters count as one."""
    text: bool
    """Whether it holds words, most cells other ones, several in each."""
    label: bool
    """Whether it has few values, each several times, as labels do."""
    flag: str
    """How its values say yes and no: "0/1", "true/false", "yes/no" or "y/n"; empty where they are others."""
    wordy: bool
    """Whether its values are words, as against numbers."""
    judges: bool = False
    """Whether its values are words for good and bad, and no others."""
    stars: bool = False
    """Whether its values are some of 1 to 5, or of 1 to 10, as stars are given."""

    @property
    def other_fact(self) -> bool:
        """Whether its name says that it holds something other than text or labels."""
        return says_another_fact(self.name)


def look(train: RawSplit, name: str) -> Signs:
    """Look at the first rows of a column."""
    cells = train.table[name].slice(0, ROWS_LOOKED_AT)
    rows = max(len(cells), 1)
    feature = train.features.get(name)
    inner = getattr(feature, "feature", feature)  # a datasets feature, not an object of ours
    declared = is_class_label(inner)
    if pa.types.is_struct(cells.type) or name in train.mixed:
        return Signs(name, 1.0, 0, 0.0, text=False, label=declared, flag="", wordy=False)
    nested = pa.types.is_nested(cells.type)
    values = pa.chunked_array([chunk.flatten() for chunk in cells.chunks]) if nested and len(cells) else cells
    if pa.types.is_nested(values.type):
        return Signs(name, 1.0, 0, 0.0, text=False, label=False, flag="", wordy=False)
    if is_string(values.type):
        return _look_at_words(name, values, rows, nested, declared)
    given = values.drop_null()
    distinct = given.unique().to_pylist() if not pa.types.is_temporal(values.type) else []
    numbers = [float(value) for value in distinct if isinstance(value, int | float)]
    classes = bool(numbers) and len(numbers) == len(distinct) and _numbers_of_classes(numbers)
    few = 2 <= len(distinct) <= rows / 3
    filled = len(given) / max(len(values), 1)
    flag = "" if nested else _flag({str(value).lower() for value in distinct})
    label = declared or (few and classes and filled >= NEARLY_EMPTY)
    stars = label and not nested and _are_stars(numbers)
    return Signs(name, filled, len(distinct), 1.0, text=False, label=label, flag=flag, wordy=declared, stars=stars)


def _look_at_words(name: str, cells: pa.ChunkedArray, rows: int, nested: bool, declared: bool) -> Signs:
    trimmed = pc.utf8_trim_whitespace(cells.drop_null())
    trimmed = trimmed.filter(pc.greater(pc.binary_length(trimmed), 0))
    filled = len(trimmed) / max(len(cells), 1)
    if not len(trimmed):
        return Signs(name, 0.0, 0, 0.0, text=False, label=declared, flag="", wordy=True)
    spaces = pc.mean(pc.count_substring_regex(trimmed, r"\s+")).as_py()
    words = 1 + spaces + pc.mean(pc.count_substring_regex(trimmed, WITHOUT_SPACES)).as_py() / 2
    distinct = trimmed.unique()
    first = [clean_name(value) for value in distinct.slice(0, MOST_LABELS + 1).to_pylist()]
    short = words < LABEL_WORDS or spaces < LABEL_WORDS - 1
    short = short and pc.mean(pc.utf8_length(trimmed)).as_py() < LABEL_CHARACTERS
    numbers = [value for word in first if (value := number(word)) is not None]
    dates = sum(bool(DATE.fullmatch(word)) and number(word) is None for word in first) > len(first) / 2
    classes = _numbers_of_classes(numbers) if len(numbers) == len(first) else not dates
    few = 2 <= len(distinct) <= min(MOST_LABELS, rows / 3)
    written = all(word[:1] in "[{<" for word in first[:20])  # lists of labels: few of those that occur are equal
    flag = "" if nested else _flag({word.lower() for word in first})
    return Signs(
        name,
        filled,
        len(distinct),
        words,
        text=not (nested or written or dates) and len(distinct) > len(trimmed) / 2 and words >= 2,
        label=declared or (few and classes and short and filled >= NEARLY_EMPTY),
        flag=flag,
        wordy=len(numbers) < len(first),
        judges=len(first) > 1 and {word.lower() for word in first} <= JUDGEMENTS,
        stars=len(numbers) == len(first) and _are_stars(numbers),
    )


def _are_stars(numbers: list[float]) -> bool:
    """Say whether numbers are those of stars: some of 1 to 5 or of 1 to 10, among them 1 and a high one."""
    whole = all(value.is_integer() and 1 <= value <= MOST_STARS for value in numbers)
    if not whole or min(numbers, default=0) != 1 or max(numbers) not in HIGHEST_STARS:
        return False
    return len(numbers) >= STARS_GIVEN * max(numbers)


def _flag(words: set[str]) -> str:
    """Return how a column says yes and no, "" where it holds something else."""
    if not words - {"-1", "-1.0"}:
        return ""
    return next((how for how, written in FLAGS.items() if words <= written), "")


def _numbers_of_classes(numbers: list[float]) -> bool:
    """Say whether numbers look like those of classes: whole, and few or nearly without gaps from 0 or 1 on."""
    if not all(value.is_integer() for value in numbers):
        return False
    dense = -1 <= min(numbers, default=0) <= 1 and max(numbers, default=0) < 1.5 * len(numbers)
    return len(numbers) <= MOST_NUMBERS or (dense and len(numbers) <= MOST_LABELS)


def same_labels(train: RawSplit, first: str, second: str) -> bool:
    """Say whether two columns say the same of every row in other words: `label` and `label_text`."""
    cells = [_as_values(train.table[name].slice(0, ROWS_LOOKED_AT)) for name in (first, second)]
    table = pa.table(dict(zip((first, second), cells, strict=True)))
    pairs = table.group_by([first, second]).aggregate([])
    distinct = {
        len(pairs),
        pc.count_distinct(table[first], "all").as_py(),
        pc.count_distinct(table[second], "all").as_py(),
    }
    return len(distinct) == 1


def _as_values(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return cells that can be counted: lists as they are written."""
    return pa.chunked_array([pa.array(map(str, cells.to_pylist()))]) if pa.types.is_nested(cells.type) else cells


def fractions(train: RawSplit, name: str) -> bool:
    """Say whether a column holds numbers, some of them with a fraction."""
    first = [str(cell) for cell in train.table[name].slice(0, MOST_LABELS).to_pylist() if cell is not None]
    numbers = [number(cell.strip()) for cell in first]
    return bool(numbers) and all(value is not None for value in numbers) and any((value or 0) % 1 for value in numbers)


def same_texts(train: RawSplit, first: str, second: str) -> bool:
    """Say whether two columns of words hold the same text in most rows: `sentence` and `original`."""
    cells = train.table.select([first, second]).slice(0, ROWS_LOOKED_AT)
    equal = pc.equal(*(column.cast(pa.string()) for column in cells.columns))
    return bool((pc.mean(equal).as_py() or 0.0) > 0.5)


def votes(train: RawSplit, chosen: str) -> set[str]:
    """Return columns that count how many annotators chose each class: their sum is their number in every row."""
    table = train.table.slice(0, ROWS_LOOKED_AT)
    whole = [
        each.name
        for each in table.schema
        if each.name != chosen and not table[each.name].null_count and _whole_numbers(table[each.name])
    ]

    def numbers(name: str) -> NDArray[np.float64]:
        return table[name].cast(pa.float64()).to_numpy()

    for total in (name for name in whole if TOTALS & set(pieces(name))):
        most = numbers(total)
        parts = [name for name in whole if name != total and (numbers(name) <= most).all()]
        if len(parts) > 1 and np.array_equal(np.sum([*map(numbers, parts)], axis=0), most):
            return {*parts, total}
    return set()


def _whole_numbers(cells: pa.ChunkedArray) -> bool:
    if is_string(cells.type):
        return bool(pc.all(pc.match_substring_regex(cells, r"^\d{1,9}$")).as_py())
    return bool(pa.types.is_integer(cells.type))
