"""Which column holds the labels, or which several of yes and no."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from ...errors import UserError
from ..reading.raw_split import RawSplit
from .column_names import (
    ANSWERS,
    LABEL_NAMES,
    LABEL_PIECES,
    PAIR_NAMES,
    SCORES,
    SUBJECTS,
    TEXT_NAMES,
    TITLES,
    about,
    ends_in_label,
    ends_in_text,
    leads,
    listed,
    pieces,
    plain,
    plain_fact,
    some_of,
    which_column,
)
from .column_signs import NEARLY_EMPTY, Signs, fractions, same_labels, votes

IDS = {"id", "ids", "idx", "index"}
OPTIONS = {"choices", "options", "candidates", "endings", "alternatives"}
OPTION = re.compile(r"(choice|option|ending|answer|sol|solution|alternative|opt?)[\s_-]?(\d|[a-eA-E])", re.IGNORECASE)
MANY_FLAGS = 3  # columns of yes and no of which one says what a text is about
LIKENESS = ("score", "similarity", "relatedness", "similarityscore", "relatednessscore")


def find_labels(train: RawSplit, signs: Mapping[str, Signs]) -> tuple[tuple[str, ...], list[str]]:
    """Find the label column(s), with lines about columns that say the same in other words."""
    others = [name for name in signs if not _called_text(name)]
    for named, kind in _called_labels(signs):
        same, notes = _one_of_equals(train, named, signs)
        same, behind = _leading(same)
        rivals = _rivals(train, same[0], named, signs, kind) if len(same) == 1 else []
        left = [name for name in rivals if _yields(name, same[0], signs)]
        rivals = [name for name in rivals if name not in left]
        if len(same) + len(rivals) > 1:
            raise UserError(which_column("label", [*same, *rivals], others))
        if same:
            worded, more = _in_words(train, same[0], signs)
            return (worded,), notes + more + _not_taken([*behind, *left])
    return _by_their_looks(train, others, signs)


def refuse_choices(train: RawSplit, labels: Sequence[str]) -> None:
    """Stop where the label names one of each row's own options, and says nothing about the text.

    Raises:
        UserError: there are columns of options.
    """
    own = [name for name in train.columns if name not in labels]
    nested = [name for name in own if pieces(name)[-1:] and pieces(name)[-1] in OPTIONS and _holds_lists(train, name)]
    single = [name for name in own if OPTION.fullmatch(name)]
    options = nested or (single if len(single) > 1 else [])
    if options:
        raise UserError(
            f"{some_of(options)}: these look like the options of questions with several choices, of which "
            f"{labels[0]!r} names one in each row. Write a row an option (question, option, right or wrong), or take "
            f"the label all the same: --label_columns {shlex.quote(labels[0])}."
        )


def _holds_lists(train: RawSplit, name: str) -> bool:
    return name in train.mixed or pa.types.is_nested(train.table.schema.field(name).type)


def _called_text(name: str) -> bool:
    return plain(name) in TEXT_NAMES or ends_in_text(name)


def _by_their_looks(
    train: RawSplit, others: Sequence[str], signs: Mapping[str, Signs]
) -> tuple[tuple[str, ...], list[str]]:
    """Find the only column of few values, or several of yes and no, where no name says what is a label."""
    few, notes = _one_of_equals(train, [name for name in others if signs[name].label], signs)
    likely, behind = _leading([name for name in few if not signs[name].other_fact])
    if len(likely) >= MANY_FLAGS and all(signs[name].flag for name in likely):
        likely = [name for name in few if name in likely or (signs[name].flag and about(name))]
    judged = [name for name in likely if signs[name].judges]
    if len(judged) == 1 < len(likely) and not any(signs[name].flag for name in likely):
        behind += [name for name in likely if name not in judged]
        likely = judged
    flags = [name for name in others if signs[name].flag and IDS.isdisjoint(pieces(name)) and name not in behind]
    facts = [name for name in flags if likely and plain_fact(name) and name not in likely]
    flags = [name for name in flags if name not in facts]
    notes += _not_taken([*behind, *facts])
    if len(likely) == 1:
        flags = [name for name in flags if name not in likely and signs[name].flag == signs[likely[0]].flag]
        if flags:  # toxic beside verified_purchase
            raise UserError(which_column("label", [*likely, *flags], others))
        return (likely[0],), notes
    scores = [name for name in few if plain(name) in SCORES and not likely]
    if not likely and 1 in (len(few), len(scores)):
        return ((scores or few)[0],), notes
    if len(likely) > 1 and set(likely) <= set(flags):
        if set(flags) == set(likely) and len({signs[name].flag for name in flags}) == 1:
            return tuple(likely), notes
        raise UserError(which_column("label", flags, others, f" {shlex.join(likely)}"))
    if likely or few:
        raise UserError(which_column("label", likely or few, others))
    raise UserError(_without_labels(train, others, signs))


def _without_labels(train: RawSplit, names: Sequence[str], signs: Mapping[str, Signs]) -> str:
    """Say that no column looks like labels, and which one holds scores."""
    scores = [name for name in names if not signs[name].other_fact and fractions(train, name)]
    left = f"none of {some_of(names)} looks like it" if names else "no column is left"
    fractional = f" Fractions as those in {listed(scores)} are not predicted: write classes." if scores else ""
    return (
        f"Which column holds the label? Found that {left}.{fractional} Name it with --label_columns; texts that "
        "nobody labelled cannot be learnt from: expected a row a text, with its label beside it."
    )


def _called_labels(signs: Mapping[str, Signs]) -> Iterator[tuple[list[str], str]]:
    """Yield the columns that are called as labels are, the surest names first, and how sure that is.

    `label` is one "surely"; `entailment_label` is "likely" one, unless it labels something else (`language_label`) or
    another column could be meant; `topic` is one "maybe". Nearly empty ones count where nothing else is left.
    """
    exact, possible = LABEL_NAMES
    by_tier = {
        "surely": [name for name in signs if plain(name) in exact],
        "likely": [name for name in signs if signs[name].label and not signs[name].other_fact and ends_in_label(name)],
        "maybe": [name for name in signs if plain(name) in possible],
        "perhaps": [name for name in signs if signs[name].label and pieces(name) and pieces(name)[-1] in ANSWERS],
    }
    for kind, named in by_tier.items():
        filled = [name for name in named if signs[name].filled >= NEARLY_EMPTY]
        yield filled or [name for name in named if not any(each.label for each in signs.values())], kind


def _leading(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the one column to which all others are subject or detail, and those; else all of them, and none."""
    first = next((name for name in names if all(leads(name, other) for other in names if other != name)), None)
    if first is None or len(names) < 2:
        return list(names), []
    return [first], [name for name in names if name != first]


def _yields(rival: str, chosen: str, signs: Mapping[str, Signs]) -> bool:
    """Say whether a column of few values is for certain another fact beside one that is called as labels are.

    It is detail of that one, or names what the text is about, or stands beside what can only be the answer.
    """
    words = set(pieces(rival))
    if leads(chosen, rival):
        return True
    if words & (LABEL_PIECES | ANSWERS) or plain(rival) in LABEL_PIECES:
        return False
    return bool(words & SUBJECTS) or (pieces(chosen)[-1] in ANSWERS and not signs[rival].flag)


def _not_taken(names: Sequence[str]) -> list[str]:
    """Return a line about columns that could have been labels, had they other names."""
    if not names:
        return []
    return [f"Not taken for labels: {listed(names)}; --label_columns {shlex.quote(names[0])} takes such a column."]


def _one_of_equals(train: RawSplit, names: Sequence[str], signs: Mapping[str, Signs]) -> tuple[list[str], list[str]]:
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
    named = plain(one.name) in plain(other.name) or plain(other.name) in plain(one.name)
    facts = any(each.other_fact or _called_text(each.name) for each in (one, other))
    above, _, _ = one.name.rpartition(".")  # label.id beside label.name
    siblings = bool(above) and above == other.name.rpartition(".")[0] and one.wordy != other.wordy
    related = named or siblings or (one.wordy != other.wordy and not facts)
    return related and not (one.flag and other.flag) and same_labels(train, one.name, other.name)


def _in_words(train: RawSplit, chosen: str, signs: Mapping[str, Signs]) -> tuple[str, list[str]]:
    """Return, for a column of numbers, the one that says the same in words, if there is one."""
    if signs[chosen].wordy:
        return chosen, []
    labels = [each for each in signs.values() if each.label and each.wordy]
    worded = [each.name for each in labels if _in_other_words(train, signs[chosen], each)]
    if len(worded) != 1:
        return chosen, []
    return worded[0], [f"{chosen!r} says the same in numbers; --label_columns {chosen} takes those."]


def _rivals(train: RawSplit, chosen: str, named: Sequence[str], signs: Mapping[str, Signs], kind: str) -> list[str]:
    """Return the other columns that could hold the label just as well; a likely one yields to names of labels only."""
    if kind == "surely":
        return []
    counts = votes(train, chosen)
    rivals = [
        name
        for name, each in signs.items()
        if name not in {*named, *counts} and each.label and not each.other_fact and not _called_text(name)
        and not _in_other_words(train, signs[chosen], each)
    ]  # fmt: skip
    if kind == "likely":
        return [name for name in rivals if plain(name) in LABEL_NAMES[1]]
    return [*rivals, *_likeness(train, signs)]


def _likeness(train: RawSplit, signs: Mapping[str, Signs]) -> list[str]:
    """Return the scores of pairs of texts: how alike they are is the question there, and a genre is not."""
    names = {plain(name): name for name in signs}
    if not any({first, second} <= names.keys() for first, second in PAIR_NAMES if first not in TITLES):
        return []
    return [name for name in signs if plain(name) in LIKENESS and fractions(train, name)]
