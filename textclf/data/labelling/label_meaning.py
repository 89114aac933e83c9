"""What label values mean: their names and order, as given, as a run recorded, as declared, or as they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...errors import UserError, did_you_mean
from ..reading.raw_split import RawSplit
from .column_names import pieces
from .column_words import OPINIONS
from .label_cells import LabelCells
from .label_forms import LabelForm
from .label_names import alike, alike_notes, clean_name, missing_note, number, sort_names, writing
from .label_numbers import is_minus_one_a_class, meaning_of_numbers, said_pairs

SHOWN = 20
Recorded = Mapping[str, Any]
"""What a run recorded of its own reader (`LabelReader.record`)."""


class Meaning(NamedTuple):
    """The names of labels in their order, and which values mean them."""

    names: list[str]
    meaning: dict[str, str]
    """Value -> name, of the values that mean a label."""
    closed: bool = True
    """Whether a value that only other splits have is a fault of its row, as against a label of its own."""
    notes: Sequence[str] = ()


def name_values(
    found: Mapping[str, int],
    form: LabelForm,
    train: LabelCells,
    raw: RawSplit,
    class_names: Sequence[str],
    recorded: Recorded | None,
) -> Meaning:
    """Say what each value of train (value -> rows) means: as `class_names` say, as recorded, as declared, or itself.

    Raises:
        UserError: names that do not fit, or in more than one way; fractions; numbers beside words.
    """
    given = [clean_name(name) for name in class_names]
    values = list(train.declared) if train.declared is not None else sort_names(found)
    if form.kind == "marks":
        values = [str(place) for place in range(form.places)]
    if not given and recorded and (named := _as_recorded(values, recorded)) is not None:
        return named
    pairs = bool(given) and all("=" in name for name in given) and not set(given) & set(values)
    half = [name for name in given if name.partition("=")[0] in values and name not in values]
    if half and not pairs:
        alone = next(name for name in given if name not in half)
        raise UserError(f"--class_names says what {half[0]!r} is, and not what {alone!r} is; give VALUE=NAME for all.")
    if pairs:
        return _as_said(values, said_pairs(class_names, "class_names"))
    if train.declared is not None:
        return _declared(train.declared, given)
    if form.kind == "marks":
        return _marked(values, given)
    if given:
        return _given(values, given)
    return _unnamed(found, form, train, raw)


def _as_recorded(values: Sequence[str], recorded: Recorded) -> Meaning | None:
    """Read values as the run did whose record this is; None where none of them is known to it."""
    names, known = list(recorded["names"]), dict(recorded["values"])
    meaning = {value: known.get(value, value if value in names else None) for value in values}
    if not any(meaning.values()):
        return None
    mapped = {value: name for value, name in meaning.items() if name and name != value}
    notes = [f"Labels are read as in the model's own data: {_listed(mapped)}."] if mapped else []
    others = [value for value, name in meaning.items() if name is None and value != "-1"]
    used = {value: name or value for value, name in meaning.items() if name or value != "-1"}
    ordered = [name for name in names if name in used.values()]
    return Meaning([*ordered, *others], used | {v: n for v, n in known.items() if n in ordered}, False, notes)


def _as_said(values: Sequence[str], said: Mapping[str, str]) -> Meaning:
    """Take `1=one 2=two`; a value that is not said is among the names itself, or a fault of its row."""
    by_number = {number(value): value for value in values if number(value) is not None}
    meaning: dict[str, str] = {}
    for key, name in said.items():
        value = number(key)
        meaning[by_number.get(value, key) if value is not None else key] = name
    strangers = [key for key in meaning if key not in values]
    if len(strangers) == len(meaning):
        raise UserError(
            f"--class_names gives names to {', '.join(list(said)[:10])}, and the labels of train are "
            f"{', '.join(values[:10])}.{did_you_mean(strangers[0], values)}"
        )
    names = list(dict.fromkeys(meaning.values()))
    return Meaning(names, {name: name for name in names if name in values} | meaning, True, [_said_note(meaning)])


def _declared(declared: Sequence[str], given: Sequence[str]) -> Meaning:
    """Take names that the source declares, reordered or renamed by `--class_names`."""
    if not given or set(given) == set(declared):
        return Meaning(list(given or declared), {name: name for name in declared}, True)
    if len(given) != len(declared):
        raise UserError(
            f"--class_names gives {len(given)} names for the {len(declared)} labels that the data declares: "
            f"{', '.join(list(declared)[:10])}."
        )
    meaning = dict(zip(declared, given, strict=True))
    return Meaning(list(dict.fromkeys(given)), meaning, True, [_said_note(meaning)])


def _marked(places: Sequence[str], given: Sequence[str]) -> Meaning:
    if not given:
        return Meaning(list(places), {place: place for place in places}, True)
    if len(given) != len(places):
        raise UserError(f"--class_names gives {len(given)} names, and lists of {len(places)} marks need one for each.")
    meaning = dict(zip(places, given, strict=True))
    return Meaning(list(given), meaning, True, [_said_note(meaning)])


def _given(values: Sequence[str], given: Sequence[str]) -> Meaning:
    """Take `--class_names`: what is found itself, in another order; or names for the numbers found."""
    if values and writing(values) == "numbers":
        # 2.0 is 2, as in the cells; numbers that are listed themselves count neither from 0 nor by their order.
        listed = {number(name): name for name in given if number(name) is not None}
        meaning = {value: listed[number(value)] for value in values if number(value) in listed}
        if meaning:
            return Meaning(list(given), meaning, True)
        meaning = meaning_of_numbers(values, given)
        return Meaning(list(given), meaning, True, [_said_note(meaning)])
    if not set(values) & set(given):
        raise UserError(
            f"None of the labels found is among --class_names: {', '.join(values[:10])}."
            f"{did_you_mean(values[0], given) if values else ''}"
        )
    return Meaning(list(given), {name: name for name in given}, True)


def _said_note(meaning: Mapping[str, str]) -> str:
    return f"What labels mean (--class_names): {_listed(meaning)}."


def _listed(meaning: Mapping[str, str]) -> str:
    shown = [f"{value} is {name}" for value, name in list(meaning.items())[:SHOWN]]
    return ", ".join(shown) + (f" and {len(meaning) - SHOWN} more" if len(meaning) > SHOWN else "")


def _unnamed(found: Mapping[str, int], form: LabelForm, train: LabelCells, raw: RawSplit) -> Meaning:
    """Take names that nobody ordered; -1 beside whole numbers means "no label" and is none of them."""
    column = ", ".join(form.columns)
    numbers = [name for name in sort_names(found) if number(name) is not None]
    words = [name for name in found if number(name) is None]
    if words and numbers and form.kind == "one":
        number_at, word_at = _place(numbers[0], train, raw), _place(words[0], train, raw)
        raise UserError(
            f"Labels of mixed type in column {column!r}: {number_at} holds the number {numbers[0]}, {word_at} the "
            f"word {words[0]!r}. If the numbers are names too, list all names with --class_names."
        )
    fractions = [name for name in numbers if not float(name).is_integer()]
    if fractions and not words:
        raise UserError(
            f"Regression is not supported: {_place(fractions[0], train, raw)} holds the label {fractions[0]} "
            f"in column {column!r}; expected classes. If these numbers are classes, list them with --class_names."
        )
    opinions = any(not OPINIONS.isdisjoint(pieces(name)) for name in raw.columns if name not in form.columns)
    minus_one = form.kind == "one" and not words and is_minus_one_a_class(found, column, opinions)
    names = [name for name in sort_names(found) if words or float(name) != -1 or minus_one]
    notes = missing_note(names)
    if minus_one:
        others = [name for name in names if float(name) != -1]
        otherwise = f" If it says that a label is not given: --class_names {' '.join(others)} --on_bad_row skip."
        notes.append(
            f"-1 ({found['-1']:,} rows) is read as a class like the other numbers."
            + (otherwise if len(others) > 1 else "")
        )
    return Meaning(names, {name: name for name in names}, False, notes)


def _place(name: str, train: LabelCells, raw: RawSplit) -> str:
    """Say where a label of train first occurs."""
    if name in train.values:
        hits = np.flatnonzero(train.labels.ids == train.values.index(name))
        if len(hits):
            return raw.place(int(train.labels.rows[hits[0]]))
    return "a row"


def merge(named: Meaning, found: Mapping[str, int], entries: Sequence[str]) -> Meaning:
    """Join names as `--merge_labels` says: pairs, then those that are spelt alike; or say which could be joined."""
    pairs = said_pairs([entry for entry in entries if entry != "alike"], "merge_labels")
    for old in pairs:
        if old not in named.names:
            raise UserError(
                f"--merge_labels joins {old!r} to another label, and there is no such label."
                f"{did_you_mean(old, named.names)}"
            )
    counts = dict.fromkeys(named.names, 0)
    for value, name in named.meaning.items():
        counts[name] = counts.get(name, 0) + found.get(value, 0)
    joined: dict[str, str] = {name: pairs.get(name, name) for name in named.names}
    after: dict[str, int] = {}
    for name, new in joined.items():
        after[new] = after.get(new, 0) + counts[name]
    notes = alike_notes({name: rows for name, rows in after.items() if rows}, "alike" in entries)
    if "alike" in entries:
        same = {name: group[0] for group in alike(after) for name in group}
        joined = {name: same.get(new, new) for name, new in joined.items()}
    names = list(dict.fromkeys(joined.values()))
    if pairs:
        notes.insert(0, f"Joined (--merge_labels): {', '.join(f'{old} to {new}' for old, new in pairs.items())}.")
    meaning = {value: joined[name] for value, name in named.meaning.items()}
    return Meaning(names, meaning, named.closed, [*named.notes, *notes])
