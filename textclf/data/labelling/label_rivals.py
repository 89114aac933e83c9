"""Of several columns that could hold the labels: which say the same, and which yield to which."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ..reading.column_look import NOTHING
from ..reading.raw_split import RawSplit
from .column_names import called_text, leads, listed, pieces, plain
from .column_signs import ROWS_LOOKED_AT, Signs, fractions, same_labels, votes
from .column_words import ANSWERS, ASPECTS, LABEL_NAMES, LABEL_PIECES, OPINIONS, PAIR_NAMES, SUBJECTS, TITLES

LIKENESS = ("score", "similarity", "relatedness", "similarityscore", "relatednessscore")
ROWS_A_VALUE = 10  # of a finer column, on average: with fewer, one value in each class may be chance
FOLLOWED_UP = (0.02, 0.98)  # share of a class's rows in which a question that follows up is answered: at most, least


def leading(train: RawSplit, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the one column to which all others are subject, detail or follow-up, and those; else all, and none.

    What the names do not say the cells may: each value of a finer column stands in one class of the coarser, and a
    question that follows up is answered in whole classes of the first one, and in no other.
    """
    if len(names) < 2:
        return list(names), []
    for finds in (leads, lambda one, other: _is_detail(train, one, other)):
        for name in names:
            if all(finds(name, other) for other in names if other != name):
                name = _answer_within(name, names)
                return [name], [other for other in names if other != name]
    return list(names), []


def _answer_within(coarse: str, names: Sequence[str]) -> str:
    """Return the finer column that says what the text itself says, where the coarse one does not: an intent."""
    answers = [name for name in names if pieces(name)[-1:] and pieces(name)[-1] in ANSWERS]
    return answers[0] if len(answers) == 1 and coarse not in answers else coarse


def yields(train: RawSplit, rival: str, chosen: str, signs: Mapping[str, Signs]) -> bool:
    """Say whether a column of few values is for certain another fact beside one that is called as labels are.

    It is that one on another level or in another state (`category_raw` beside `category`), or names what the text is
    about, or stands beside what can only be the answer.
    """
    words = set(pieces(rival))
    if leads(chosen, rival) or _is_detail(train, chosen, rival):
        return True
    if words & (LABEL_PIECES | ANSWERS) or plain(rival) in LABEL_PIECES:
        return set(pieces(chosen)) < words and not (words - set(pieces(chosen))) & (LABEL_PIECES | ANSWERS)
    if _is_level(train, rival, chosen):  # stars told as yes and no
        return True
    return bool(words & SUBJECTS) or (pieces(chosen)[-1] in ANSWERS and not signs[rival].flag)


def _is_detail(train: RawSplit, coarse: str, other: str) -> bool:
    return _is_level(train, coarse, other) or _follows_up(train, coarse, other)


def _is_level(train: RawSplit, coarse: str, fine: str) -> bool:
    """Say whether each value of the finer column stands with one of the coarser: two levels of one answer."""
    table = train.table.select([coarse, fine]).slice(0, ROWS_LOOKED_AT)
    if any(pa.types.is_nested(column.type) for column in table.columns) or any(each.null_count for each in table):
        return False
    classes, values = (pc.count_distinct(table[name]).as_py() for name in (coarse, fine))
    if not 2 <= classes < values <= len(table) / ROWS_A_VALUE:
        return False
    return len(table.group_by([coarse, fine]).aggregate([])) == values


def _follows_up(train: RawSplit, first: str, other: str) -> bool:
    """Say whether a column is filled in all rows of some classes of the first one, and in none of the others."""
    table = train.table.select([first, other]).slice(0, ROWS_LOOKED_AT)
    if any(pa.types.is_nested(column.type) for column in table.columns) or table[first].null_count:
        return False
    cells = pc.utf8_lower(pc.utf8_trim_whitespace(table[other].cast(pa.string()).fill_null("")))
    given = pc.invert(pc.is_in(cells, pa.array(sorted(NOTHING))))
    classes = pa.table({"class": table[first], "given": given.cast(pa.float64())}).group_by("class")
    asked = classes.aggregate([("given", "mean"), ("given", "count")])
    low, high = FOLLOWED_UP
    shares = asked["given_mean"].to_pylist()
    whole = all(share <= low or share >= high for share in shares)
    return whole and min(shares) <= low < high <= max(shares) and min(asked["given_count"].to_pylist()) >= ROWS_A_VALUE


def not_taken(names: Sequence[str]) -> list[str]:
    """Return a line about columns that could have been labels, had they other names."""
    if not names:
        return []
    return [f"Not taken for labels: {listed(names)}; --label_columns {shlex.quote(names[0])} takes such a column."]


def one_of_equals(train: RawSplit, names: Sequence[str], signs: Mapping[str, Signs]) -> tuple[list[str], list[str]]:
    """Of columns that say the same in other words keep one, that in words where there is one."""
    kept: list[str] = []
    notes = []
    for name in sorted(names, key=lambda name: not signs[name].wordy):
        same = next((other for other in kept if _in_other_words(train, signs[other], signs[name])), None)
        if same is None:
            kept.append(name)
        else:
            notes.append(f"{name!r} says the same in other words.")
    return [name for name in names if name in kept], notes


def _in_other_words(train: RawSplit, one: Signs, other: Signs) -> bool:
    """Say whether two columns hold the same labels, once in words and once in numbers, or under related names."""
    first, second = (plain(each.name).removesuffix("s") for each in (one, other))  # labels, label_text
    named = first in second or second in first
    facts = any(each.other_fact or called_text(each.name) for each in (one, other))
    above, _, _ = one.name.rpartition(".")  # label.id beside label.name
    siblings = bool(above) and above == other.name.rpartition(".")[0] and one.wordy != other.wordy
    related = named or siblings or (one.wordy != other.wordy and not facts)
    return related and not (one.flag and other.flag) and same_labels(train, one.name, other.name)


def in_words(train: RawSplit, chosen: str, signs: Mapping[str, Signs]) -> tuple[str, list[str]]:
    """Return, for a column of numbers, the one that says the same in words, if there is one."""
    if signs[chosen].wordy:
        return chosen, []
    labels = [each for each in signs.values() if each.label and each.wordy]
    worded = [each.name for each in labels if _in_other_words(train, signs[chosen], each)]
    if len(worded) != 1:
        return chosen, []
    return worded[0], [f"{chosen!r} says the same in numbers; --label_columns {shlex.quote(chosen)} takes those."]


def rivals(train: RawSplit, chosen: str, named: Sequence[str], signs: Mapping[str, Signs], kind: str) -> list[str]:
    """Return the other columns that could hold the label just as well; a likely one yields to names of labels only."""
    if kind == "surely":
        return []
    counts = votes(train, chosen)
    rivals = [
        name
        for name, each in signs.items()
        if name not in {*named, *counts} and each.label and not each.other_fact
        and (not called_text(name) or _said_of(name, chosen)) and not _in_other_words(train, signs[chosen], each)
    ]  # fmt: skip
    if kind == "likely":
        return [name for name in rivals if plain(name) in LABEL_NAMES[1]]
    return [*rivals, *_likeness(train, signs)]


def _said_of(name: str, chosen: str) -> bool:
    """Say whether a column is called after what is said of something, and the chosen one after that: `opinion`."""
    return plain(name) in OPINIONS and not ASPECTS.isdisjoint(pieces(chosen))


def _likeness(train: RawSplit, signs: Mapping[str, Signs]) -> list[str]:
    """Return the scores of pairs of texts: how alike they are is the question there, and a genre is not."""
    names = {plain(name): name for name in signs}
    if not any({first, second} <= names.keys() for first, second in PAIR_NAMES if first not in TITLES):
        return []
    return [name for name in signs if plain(name) in LIKENESS and fractions(train, name)]
