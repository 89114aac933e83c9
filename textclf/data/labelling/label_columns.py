"""Which column holds the labels, or which several of yes and no."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from ...errors import UserError
from ..reading.raw_split import RawSplit
from .column_names import (
    about,
    called_text,
    ends_in,
    ends_in_label,
    listed,
    numbers_labels,
    pieces,
    plain,
    plain_fact,
    some_of,
    which_column,
)
from .column_signs import NEARLY_EMPTY, Signs, fractions
from .column_words import ANSWERS, LABEL_NAMES, LABEL_PIECES, NEVER_LABELS, OPINIONS, SCORES
from .label_evidence import Hints, called_like, clearly_meant, ends_in_topic, gives_stars, is_measured
from .label_rivals import in_words, leading, not_taken, one_of_equals, rivals, yields

IDS = {"id", "ids", "idx", "index"}
OPTIONS = {"choices", "options", "candidates", "endings", "alternatives"}
OPTION = re.compile(r"(choice|option|ending|answer|sol|solution|alternative|opt?)[\s_-]?(\d|[a-eA-E])", re.IGNORECASE)
MANY_FLAGS = 3  # columns of yes and no of which one says what a text is about


def find_labels(train: RawSplit, signs: Mapping[str, Signs], hints: Hints) -> tuple[tuple[str, ...], list[str]]:
    """Find the label column(s), with lines about columns that say the same in other words, or could be meant too."""
    others = [name for name in signs if not called_text(name) or (signs[name].label and plain(name) in OPINIONS)]
    for named, kind in _called_labels(signs):
        same, notes = one_of_equals(train, named, signs)
        same, behind = _led(train, same, signs, hints)
        beside = rivals(train, same[0], named, signs, kind) if len(same) == 1 else []
        left = [name for name in beside if yields(train, name, same[0], signs)]
        if len(same) + len(beside) - len(left) > 1:
            asked = [*same, *(name for name in beside if name not in left)]
            return _clearer(train, asked, signs, hints, [*behind, *left])
        if same:
            worded, more = in_words(train, same[0], signs)
            return (worded,), notes + more + not_taken([*behind, *left])
    return _by_their_looks(train, others, signs, hints)


def _led(
    train: RawSplit, names: Sequence[str], signs: Mapping[str, Signs], hints: Hints
) -> tuple[list[str], list[str]]:
    """Return the column that leads the others, and those; of finer ones that which the data is called after."""
    first, behind = leading(train, names)
    called = [name for name in (*first, *behind) if called_like(name, hints.called, signs)]
    if behind and len(called) == 1 and called[0] in behind:
        return called, [name for name in names if name not in called]
    return first, behind


def _clearer(
    train: RawSplit, names: Sequence[str], signs: Mapping[str, Signs], hints: Hints, left: Sequence[str]
) -> tuple[tuple[str, ...], list[str]]:
    """Take the better reading of several, with a line that names the others.

    Raises:
        UserError: they are alike.
    """
    measured = [name for name in names if is_measured(name) and fractions(train, name)]
    if len(measured) == len(names) - 1:
        (only,) = (name for name in names if name not in measured)
        return (only,), [f"Fractions as those in {listed(measured)} are not predicted.", *not_taken(left)]
    meant = clearly_meant(names, signs, hints)
    if meant is None:
        columns = [name for name in signs if not called_text(name)]
        raise UserError(f"{which_column('label', names, columns)}{_fractional(train, names)}")
    chosen, line = meant
    worded, more = in_words(train, chosen, signs)
    return (worded,), [*more, line, *not_taken(left)]


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


def _by_their_looks(
    train: RawSplit, others: Sequence[str], signs: Mapping[str, Signs], hints: Hints
) -> tuple[tuple[str, ...], list[str]]:
    """Find the only column of few values, or several of yes and no, where no name says what is a label."""
    if together := _flags_of_one_object(others, signs):
        return together, []
    labels = [name for name in others if signs[name].label and NEVER_LABELS.isdisjoint(pieces(name))]
    few, notes = one_of_equals(train, labels, signs)
    likely = _of_the_texts([name for name in few if not signs[name].other_fact], signs)
    likely, behind = _led(train, likely, signs, hints)
    if len(likely) >= MANY_FLAGS and all(signs[name].flag for name in likely):
        likely = [name for name in few if name in likely or (signs[name].flag and about(name))]
    judged = [name for name in likely if signs[name].judges]
    if len(judged) == 1 < len(likely) and not any(signs[name].flag for name in likely):
        behind += [name for name in likely if name not in judged]
        likely = judged
    flags = [name for name in others if signs[name].flag and IDS.isdisjoint(pieces(name)) and name not in behind]
    facts = [name for name in flags if likely and plain_fact(name) and name not in likely]
    flags = [name for name in flags if name not in facts]
    notes += not_taken([*behind, *facts])
    if len(likely) == 1:
        flags = [name for name in flags if name not in likely and signs[name].flag == signs[likely[0]].flag]
        first, detail = leading(train, [*likely, *flags])  # sarcastic, and in what way
        if first != likely:  # toxic beside verified_purchase
            return _clearer(train, [*likely, *flags], signs, hints, behind)
        return (likely[0],), [*notes, *not_taken(detail)]
    scores = [name for name in few if plain(name) in SCORES and not likely]
    if not likely and 1 in (len(few), len(scores)):
        return ((scores or few)[0],), notes
    if len(likely) > 1 and set(likely) <= set(flags):
        if set(flags) == set(likely) and len({signs[name].flag for name in flags}) == 1:
            return tuple(likely), notes
        raise UserError(which_column("label", flags, others, f" {shlex.join(likely)}"))
    if likely or few:
        return _clearer(train, likely or few, signs, hints, behind)
    raise UserError(_without_labels(train, others, signs))


def _of_the_texts(names: Sequence[str], signs: Mapping[str, Signs]) -> list[str]:
    """Keep what is called as labels are within the object that holds the texts: `reviews.rating`, `reviews.text`."""
    above = {name.rpartition(".")[0] for name, each in signs.items() if each.text}
    within = [name for name in names if "." in name and name.rpartition(".")[0] in above]
    called = [name for name in within if pieces(name)[-1] in LABEL_PIECES]
    return called or list(names)


def _without_labels(train: RawSplit, names: Sequence[str], signs: Mapping[str, Signs]) -> str:
    """Say that no column looks like labels, and which one holds scores."""
    left = f"none of {some_of(names)} looks like it" if names else "no column is left"
    scores = _fractional(train, [name for name in names if not signs[name].other_fact])
    return (
        f"Which column holds the label? Found that {left}.{scores} Name it with --label_columns; texts that "
        "nobody labelled cannot be learnt from: expected a row a text, with its label beside it."
    )


def _fractional(train: RawSplit, names: Sequence[str]) -> str:
    """Return a sentence about those columns that hold scores."""
    scores = [name for name in names if fractions(train, name)]
    return f" Fractions as those in {listed(scores)} are not predicted: write classes." if scores else ""


def _flags_of_one_object(names: Sequence[str], signs: Mapping[str, Signs]) -> tuple[str, ...]:
    """Return the columns of the only object that holds nothing but yes and no: `output.joy`, `output.fear`."""
    by_object: dict[str, list[str]] = {}
    for name in names:
        by_object.setdefault(name.rpartition(".")[0], []).append(name)
    found = [
        inner
        for above, inner in by_object.items()
        if above and len(inner) >= MANY_FLAGS and len({signs[name].flag for name in inner} - {""}) == 1
        and all(signs[name].flag for name in inner)
    ]  # fmt: skip
    return tuple(found[0]) if len(found) == 1 else ()


def _asked_of_a_crowd(signs: Mapping[str, Signs]) -> list[str]:
    """Return the only question of an export of Figure Eight's: each stands beside how sure its answer is."""
    asked = [name for name in signs if f"{name}:confidence" in signs and signs[name].distinct > 1]
    return asked if len(asked) == 1 else []


def _called_labels(signs: Mapping[str, Signs]) -> Iterator[tuple[list[str], str]]:
    """Yield the columns that are called as labels are, the surest names first, and how sure that is.

    `label` is one "surely"; `entailment_label` is "likely" one, unless it labels something else (`language_label`) or
    another column could be meant; `topic` is one "maybe", `news_topic` less so. Nearly empty ones count where nothing
    else is left.
    """
    exact, possible = LABEL_NAMES
    by_tier = {
        "surely": [name for name in signs if plain(name) in exact],
        "likely": [name for name in signs if signs[name].label and not signs[name].other_fact and ends_in_label(name)]
        or _asked_of_a_crowd(signs),
        "maybe": [name for name in signs if plain(name) in possible and signs[name].distinct != 1],
        "perhaps": [name for name in signs if signs[name].label and ends_in(name, ANSWERS)],
        "by its number": [name for name in signs if signs[name].label and numbers_labels(name)],
        "by its end": [name for name in signs if signs[name].label and ends_in_topic(name)],
        "by its stars": [name for name in signs if gives_stars(name, signs)],
    }
    for kind, named in by_tier.items():
        filled = [name for name in named if signs[name].filled >= NEARLY_EMPTY]
        yield filled or [name for name in named if not any(each.label for each in signs.values())], kind
