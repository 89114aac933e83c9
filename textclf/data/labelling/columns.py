"""Which columns hold text, labels, groups and sources: as given, or found where only one reading is possible."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from ...arguments import DataArguments
from ...errors import UserError, did_you_mean
from ..reading.raw_split import RawSplit, composed, is_string
from .column_signs import (
    LABEL_NAMES,
    LIKE_LABELS,
    NEARLY_EMPTY,
    PAIR_NAMES,
    SCORES,
    TEXT_NAMES,
    TITLES,
    Signs,
    fractions,
    look,
    pieces,
    plain,
    same_labels,
    same_texts,
    votes,
)

# The loader's own names, which the dataset scripts give too: nothing was to be found, nothing is to be said.
OWN_TEXT, OWN_LABELS = (("text",), ("text", "text_pair")), ("labels",)
COLUMNS_LISTED = 12
IDS = {"id", "ids", "idx", "index"}
LIKENESS = ("score", "similarity", "relatedness", "similarityscore", "relatednessscore")
LABEL_PIECES = {name for tier in LABEL_NAMES for name in tier} | {"sentiment", "polarity", "type"}
LONGEST_NAME = 30  # of one that a note may list: a longer one could be a text, and notes go up with the model


@dataclass(frozen=True)
class Columns:
    """The columns of a data set that are used, and how they were found."""

    text: tuple[str, ...]
    labels: tuple[str, ...]
    group: str | None
    notes: tuple[str, ...]
    source: str | None = None


def choose_columns(train: RawSplit, args: DataArguments, splits: str | None = None) -> Columns:
    """Take the columns that the arguments name, and find the rest by name, type and number of distinct values.

    `splits` is a column that says the split of each row, and nothing else.

    Raises:
        UserError: a named column does not exist (with the nearest name), is no text, or more than one reading
            is possible.
    """
    text = tuple(composed(name) for name in args.text_columns)
    labels = tuple(composed(name) for name in args.label_columns)
    group = composed(args.group_column) if args.group_column else None
    source = composed(args.source_column) if args.source_column else None
    for name in (*text, *labels, *filter(None, (group, source))):
        if name not in train.columns:
            raise UserError(
                f"There is no column {name!r}; found: {_some(train.columns)}.{did_you_mean(name, train.columns)}"
            )
    notes = []
    if source and pa.types.is_nested(train.table.schema.field(source).type):
        raise UserError(f"--source_column {source} holds lists or structures; it takes one value a row.")
    taken = {*text, *labels, group, source, splits}
    signs = {name: look(train, name) for name in train.columns if name not in taken} if not (text and labels) else {}
    if not labels:
        labels, more = _find_labels(train, signs)
        notes += [f"Labels are read from {_listed(labels)}.", *more]
    if not text:
        text = _find_text(train, {name: each for name, each in signs.items() if name not in labels})
        named = [name for name in signs if len(name) <= LONGEST_NAME and name not in (*text, *labels)]
        left = [name for name in named if signs[name].text]
        unread = f" Not read: {_listed(left[:5])} (--text_columns takes one or two)." if left else ""
        notes.append(f"Text is read from {_listed(text)}.{unread}")
    twice = set(text) & set(labels) | {source} & {*text, *labels}
    if twice or len(set(text)) < len(text) or len(set(labels)) < len(labels):
        used = [*text, *labels, *filter(None, [source])]
        raise UserError(f"Every column can be used once; found {_listed(used)}.")
    nothing_to_find = labels == OWN_LABELS and text in OWN_TEXT
    return Columns(text, labels, group, () if nothing_to_find else tuple(notes), source)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - COLUMNS_LISTED} more" if len(names) > COLUMNS_LISTED else ""
    return ", ".join(names[:COLUMNS_LISTED]) + more


def _find_text(train: RawSplit, signs: Mapping[str, Signs]) -> tuple[str, ...]:
    """Find the text: under a known name unless another column reads like text as well, else by its looks."""
    strings = [name for name in signs if is_string(train.table.schema.field(name).type) and name not in train.mixed]
    by_plain = {plain(name): name for name in strings if signs[name].filled or len(strings) == 1}
    both = [(by_plain[a], by_plain[b]) for a, b in PAIR_NAMES if a in by_plain and b in by_plain]
    pairs = [pair for pair in both if not any(signs[name].label for name in pair)]  # a subject of few values is none
    known = [by_plain[name] for name in TEXT_NAMES if name in by_plain]
    if len(pairs) == 1 and (set(known) <= set(pairs[0]) or _outweigh(pairs[0], known, signs)):
        return pairs[0]
    if len(pairs) == 1 and plain(pairs[0][0]) == "text":  # text, text_pair: our own names
        return pairs[0]
    if "text" in by_plain and not pairs:
        known = [by_plain["text"]]
    reading = [name for name in strings if name not in known and signs[name].text]
    unknown = [name for name in reading if not signs[name].other_fact]
    if len(known) == 1 and not signs[known[0]].text:
        unknown = reading
    elif known and plain(known[0]) == "text" and not pairs:
        unknown = []
    if len(known) == 1:
        own = signs[known[0]]
        unknown = [name for name in unknown if not same_texts(train, known[0], name)]
        rivals = [name for name in unknown if not own.text or 2 * signs[name].words >= own.words]
        if rivals:
            raise UserError(_ambiguous("text", [*known, *rivals], list(signs)))
        return (known[0],)
    candidates = [*known, *unknown] or [name for name in strings if signs[name].text]
    if len(candidates) == 1 or _twins(candidates):
        return tuple(candidates)
    spoilt = [name for name in signs if name in train.mixed and plain(name) in TEXT_NAMES]
    if spoilt and not candidates:
        raise UserError(f"The text column {spoilt[0]!r} must hold text; found {train.mixed[spoilt[0]]}.")
    pair = f" {shlex.join(pairs[0])}, say" if pairs else ""
    raise UserError(_ambiguous("text", candidates, list(signs), pair))


def _outweigh(pair: Sequence[str], known: Sequence[str], signs: Mapping[str, Signs]) -> bool:
    """Say whether the third field of text is no longer than the longer one of a known pair, so that it can be left."""
    longest = max(signs[name].words for name in pair)
    return all(signs[name].text for name in pair) and all(
        signs[name].words <= longest for name in known if name not in pair
    )


def _twins(names: Sequence[str]) -> bool:
    """Say whether two columns are the first and the second of a pair by their names: `#1 String`, `#2 String`."""
    if len(names) != 2:
        return False
    first, second = (pieces(name) for name in names)
    different = [pair for pair in zip(first, second, strict=False) if pair[0] != pair[1]]
    return len(first) == len(second) and different in ([("1", "2")], [("a", "b")], [("first", "second")])


def _find_labels(train: RawSplit, signs: Mapping[str, Signs]) -> tuple[tuple[str, ...], list[str]]:
    """Find the label column(s), with lines about columns that say the same in other words."""
    others = [name for name in signs if plain(name) not in TEXT_NAMES]
    for tier, surely in zip(LABEL_NAMES, (True, False), strict=True):
        named = _called_labels(signs, tier, surely)
        same, notes = _one_of_equals(train, named, signs)
        if len(same) > 1:
            raise UserError(_ambiguous("label", same, others))
        if same:
            rivals = [] if surely else [*_rivals(train, same[0], named, signs), *_likeness(train, signs)]
            if rivals:
                raise UserError(_ambiguous("label", [*same, *rivals], others))
            worded, more = _in_words(train, same[0], signs)
            return (worded,), notes + more
    few = [name for name in others if signs[name].label]
    likely = [name for name in few if not signs[name].other_fact]
    likely, notes = _one_of_equals(train, likely, signs)
    flags = [name for name in others if signs[name].flag and IDS.isdisjoint(pieces(name))]
    if len(likely) == 1:
        flags = [name for name in flags if name not in likely]
        if signs[likely[0]].flag and flags:  # toxic beside verified_purchase
            raise UserError(_ambiguous("label", [*likely, *flags], others))
        return (likely[0],), notes
    scores = [name for name in few if plain(name) in SCORES and not likely]
    if not likely and 1 in (len(few), len(scores)):
        return ((scores or few)[0],), []
    if len(likely) > 1 and set(likely) <= set(flags):
        if set(flags) == set(likely):
            return tuple(likely), notes
        raise UserError(_ambiguous("label", flags, others, f" {shlex.join(likely)}"))
    raise UserError(_ambiguous("label", likely or few, others))


def _called_labels(signs: Mapping[str, Signs], tier: Sequence[str], surely: bool) -> list[str]:
    """Return the columns that one tier of names means; those that are nearly empty only where nothing else is left."""
    named = [name for name in signs if plain(name) in tier]
    if surely and not named:
        named = [name for name in signs if signs[name].label and LIKE_LABELS & {*pieces(name)[-1:]}]
    filled = [name for name in named if signs[name].filled >= NEARLY_EMPTY]
    return filled or [name for name in named if not any(each.label for each in signs.values())]


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
    facts = any(each.other_fact or plain(each.name) in TEXT_NAMES for each in (one, other))
    related = named or (one.wordy != other.wordy and not facts)
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


def _rivals(train: RawSplit, chosen: str, named: Sequence[str], signs: Mapping[str, Signs]) -> list[str]:
    """Return the other columns that could hold the label just as well."""
    counts = votes(train, chosen)
    return [
        name
        for name, each in signs.items()
        if name not in {*named, *counts} and each.label and not each.other_fact and plain(name) not in TEXT_NAMES
        and not _in_other_words(train, signs[chosen], each)
    ]  # fmt: skip


def _likeness(train: RawSplit, signs: Mapping[str, Signs]) -> list[str]:
    """Return the scores of pairs of texts: how alike they are is the question there, and a genre is not."""
    names = {plain(name): name for name in signs}
    if not any({first, second} <= names.keys() for first, second in PAIR_NAMES if first not in TITLES):
        return []
    return [name for name in signs if plain(name) in LIKENESS and fractions(train, name)]


def _ambiguous(kind: str, candidates: Sequence[str], names: Sequence[str], suggestion: str = "") -> str:
    left = f"none of {_some(names)} looks like it" if names else "no column is left"
    if kind == "label":
        candidates = sorted(candidates, key=lambda name: LABEL_PIECES.isdisjoint(pieces(name)))
    if not candidates and kind == "label":
        return (
            f"Which column holds the label? Found that {left}. Name it with --label_columns; texts that nobody "
            "labelled cannot be learnt from: expected a row a text, with its label beside it."
        )
    found = f"more than one could be meant: {_some(candidates)}" if candidates else left
    most = " (one or two)" if kind == "text" and len(candidates) > 1 else ""
    example = suggestion or (f" {shlex.quote(candidates[0])}, say" if candidates else "")
    return f"Which column holds the {kind}? Found that {found}. Give --{kind}_columns{example}{most}."
