"""What numbers in label cells stand for: names in their order, names said one by one, and whether -1 is a class."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from ...errors import UserError
from .label_names import clean_name

MINUS_ONE = (0.1, 0.8)  # share of rows with -1 beside 0 and 1, where it may be a class
OPPOSED = 0.5  # of -1, 0 and 1 beside opinions: more than half are rows that nobody looked at
MOST_NEGATIVE = 3  # the largest number beside a negative class: of more it is one of many things
NEGATIVE = 0.02  # share of rows from which on -1 is the negative class of a column that is called as opinions are
OPINIONS = re.compile(
    "sentiment|polarity|stance|opinion|valence|attitude|mood|category|감성|감정|극성|情感|情绪|感情|極性",
    re.IGNORECASE,
)


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
