"""Names of labels: how a cell's value is written as a name, which names are nearly equal, what numbers stand for."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from math import isfinite
from typing import Literal

from ...errors import UserError

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
# Joiners belong to words of Arabic and Indic scripts and to emoji; between other letters they are invisible only.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\u3164\ufeff\uffa0]"
    "|(?<![\u0600-\u0dff])\u200c|(?<![\u0600-\u0dff\ufe0f\u2190-\u2bff\U0001f000-\U0001faff])\u200d|[\u200c\u200d]$"
)
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
# What programs write where nothing is known. "none" is none of them: it names a class in many data sets.
NO_CONSENSUS = "-"  # where annotators did not agree (SNLI); beside "+" it is a class
NOTHING = "nan"  # as pandas writes what is missing, where it was told to
MISSING_WORDS = {"nan", "null", "<na>", "#n/a", "n/a", "nat"}
# A rare name that is nearly a frequent one, by its letters, is a slip of the keyboard more often than a class.
SLIP_LIKENESS, SLIP_LETTERS, SLIP_SHARE = 0.85, 5, 0.02
NAMES_SHOWN = 8
MINUS_ONE = (0.1, 0.8)  # share of rows with -1 beside 0 and 1, where it may be a class
OPPOSED = 0.5  # of -1, 0 and 1 beside opinions: more than half are rows that nobody looked at
MOST_NEGATIVE = 3  # the largest number beside a negative class: of more it is one of many things
NEGATIVE = 0.02  # share of rows from which on -1 is the negative class of a column that is called as opinions are
OPINIONS = re.compile(
    "sentiment|polarity|stance|opinion|valence|attitude|mood|category|감성|감정|극성|情感|情绪|感情|極性",
    re.IGNORECASE,
)

Writing = Literal["numbers", "truths", "words"]


def clean_name(value: str) -> str:
    """Return a name composed (NFC), without what cannot be seen, with single spaces inside and none around."""
    if value.isascii() and value.isalnum():
        return value
    return " ".join(CONTROL.sub("", INVISIBLE.sub("", unicodedata.normalize("NFC", value))).split())


def number(name: str) -> float | None:
    """Return the finite number that a name writes, or None: `1E400` is a word."""
    if not NUMBER.fullmatch(name):
        return None
    value = float(name)
    return value if isfinite(value) else None


def writing(names: Iterable[str]) -> Writing:
    """Say what the names found in train are; an empty one and `nan` among numbers say nothing."""
    words = [name for name in names if name and name.lower() != "nan"]
    if words and all(number(name) is not None for name in words):
        return "numbers"
    if words and all(name.lower() in {"true", "false"} for name in words):
        return "truths"
    return "words"


def written_as(name: str, how: Writing) -> str:
    """Write one name as the names of train are: numbers without `.0`, truth values in small letters."""
    if how == "numbers":
        return "" if name.lower() == "nan" else re.sub(r"(?<=\d)\.0*$", "", name) if NUMBER.fullmatch(name) else name
    return name.lower() if how == "truths" else name


def alike_key(name: str) -> str:
    """Return what names have in common that differ in case, width, spaces, hyphens, quotes or leading zeros only."""
    plain = unicodedata.normalize("NFKC", name).replace("\ufe0f", "").casefold()
    value = number(plain.strip())
    if value is not None:
        return repr(value + 0.0)
    kept = re.sub(r"(?<=\w)[\s_\-\u2010-\u2015]+(?=\w)", "", plain).strip().strip("'\"`‘’“”.,;:").strip()
    return unicodedata.normalize("NFC", kept) or plain


def alike(counts: Mapping[str, int]) -> list[list[str]]:
    """Return the groups of names that are nearly equal, in each the most frequent first."""
    groups: dict[str, list[str]] = {}
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        groups.setdefault(alike_key(name), []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def alike_notes(counts: Mapping[str, int], merged: bool) -> list[str]:
    """Say which names of train (name -> rows) are nearly equal, and how to join them; or that they were joined."""
    groups = alike(counts)
    shown = [" and ".join(f"{name!r} ({counts[name]:,})" for name in group) for group in groups[:NAMES_SHOWN]]
    more = f" and {len(groups) - NAMES_SHOWN} more" if len(groups) > NAMES_SHOWN else ""
    if groups and merged:
        return [f"Joined under the most frequent spelling (--merge_labels): {'; '.join(shown)}{more}."]
    notes = []
    if groups:
        notes.append(
            f"Labels that differ in their spelling only are classes of their own: {'; '.join(shown)}{more}. "
            "`--merge_labels alike` joins them."
        )
    slips = _slips(counts)
    if slips:
        pairs = " ".join(shlex.quote(f"{slip}={meant}") for slip, meant in slips[:NAMES_SHOWN])
        notes.append(
            f"{slips[0][0]!r} ({counts[slips[0][0]]:,}) is nearly {slips[0][1]!r} ({counts[slips[0][1]]:,}): if it "
            f"is a slip, give --merge_labels {pairs}."
        )
    return notes


def _slips(counts: Mapping[str, int]) -> list[tuple[str, str]]:
    """Return rare names that are nearly a frequent one, with it."""
    found = []
    frequent = [name for name in counts if len(name) >= SLIP_LETTERS and number(name) is None]
    for name in frequent[:200]:  # quadratic
        for other in frequent[:200]:
            rare = counts[name] <= SLIP_SHARE * counts[other]
            if rare and name[:1] == other[:1] and not _differs_in_digits(name, other):
                likeness = SequenceMatcher(None, name.casefold(), other.casefold()).ratio()
                if likeness >= SLIP_LIKENESS and alike_key(name) != alike_key(other):
                    found.append((name, other))
                    break
    return found


def _differs_in_digits(name: str, other: str) -> bool:
    return re.findall(r"\d+", name) != re.findall(r"\d+", other)


def missing_note(names: Iterable[str]) -> list[str]:
    """Say that a class is called as programs write what is missing."""
    odd = [name for name in names if name.casefold() in MISSING_WORDS]
    if not odd:
        return []
    return [
        f"A class is called {odd[0]!r}, as programs write what is missing. If these rows have no label, list the "
        "other names with --class_names and leave the rest out with --on_bad_row skip."
    ]


def sort_names(names: Iterable[str]) -> list[str]:
    """Sort names that nobody ordered: numbers by their value in front of words."""
    return sorted(names, key=lambda name: (number(name) is None, number(name) or 0.0, name))


def is_minus_one_a_class(counts: Mapping[str, int], column: str, opinions: bool) -> bool:
    """Say whether -1 (of whole numbers, number -> rows) is a class, as in -1, 0, 1, and not a label that is missing.

    It is one beside 1 alone, beside other negative numbers, and in a column that is called as opinions are, or beside
    texts that are (`opinions`); none where it is rare, or nearly all there is.

    Raises:
        UserError: it stands beside 0 and 1 in a column that could be a question nobody answered there.
    """
    if "-1" not in counts:
        return False
    numbers = {float(name) for name in counts}
    if min(numbers) < -1 or numbers == {-1.0, 1.0}:
        return True
    share = counts["-1"] / sum(counts.values())
    if OPINIONS.search(column):
        return max(numbers) <= MOST_NEGATIVE and NEGATIVE <= share <= MINUS_ONE[1]
    if opinions and numbers == {-1.0, 0.0, 1.0} and MINUS_ONE[0] <= share <= OPPOSED:
        return True
    if numbers == {-1.0, 0.0, 1.0} and MINUS_ONE[0] <= share <= MINUS_ONE[1]:
        raise UserError(
            f"The label column {column!r} holds -1 ({counts['-1']:,} rows) beside 0 and 1: a class of its own, or a "
            "label that is not given? Give --class_names -1 0 1 for the first, or --class_names 0 1 --on_bad_row skip "
            "for the second."
        )
    return False


def meaning_of_numbers(found: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Return which of `names` (in their order) each number found in train stands for, where only one way is possible.

    Names for as many numbers as there are from the smallest to the largest, or for as many as were found. -1 mostly
    says that a label is not given, and is counted only where the names have room for it.

    Raises:
        UserError: no way or several ways are possible: which number is which has to be said.
    """
    numbers = sorted(found, key=float)
    given = [each for each in numbers if float(each) != -1]
    ways = [_by_span(given, names)] + ([_by_span(numbers, names)] if len(given) < len(numbers) else [])
    possible = [way for way in ways if way] or [
        dict(zip(each, names, strict=True)) for each in (given, numbers) if len(each) == len(names)
    ]
    if possible and all(way == possible[0] for way in possible):
        return possible[0]
    example = " ".join(f"{each}=NAME" for each in given[:3])
    listed = ", ".join(numbers[:10]) + (", ..." if len(numbers) > 10 else "")
    raise UserError(
        f"--class_names gives {len(names)} names, and the labels of train are {listed}: which number is which name is "
        f"not certain. Say it for each: --class_names {example}{' ...' if len(given) > 3 else ''}"
    )


def _by_span(numbers: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Count from the smallest number on, if the largest then gets the last name and the steps are of one."""
    if not all(float(each).is_integer() for each in numbers):
        return {}
    found = [int(float(each)) for each in numbers]
    one_by_one = any(b - a == 1 for a, b in pairwise(found)) and 2 * len(found) >= len(names)
    if not one_by_one or found[-1] - found[0] + 1 != len(names):
        return {}
    return {str(found[0] + place): name for place, name in enumerate(names)}


def said_pairs(entries: Sequence[str], option: str) -> dict[str, str]:
    """Read `1=one 2=two` into a dictionary, names cleaned.

    Raises:
        UserError: an entry without `=` among others, or with nothing on one of its sides, or a value given twice.
    """
    pairs: dict[str, str] = {}
    for entry in entries:
        value, equals, name = map(clean_name, entry.partition("="))
        if not (equals and value and name):
            raise UserError(f"--{option} takes VALUE=NAME, as in 1=positive; found {entry!r}.")
        if pairs.get(value, name) != name:
            raise UserError(f"--{option} gives {value!r} two names: {pairs[value]!r} and {name!r}.")
        pairs[value] = name
    return pairs
