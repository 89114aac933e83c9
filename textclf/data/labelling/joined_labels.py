"""Names that are several labels joined in one cell, as far as they tell it: `sport|late`, `2,5`, `cs.CL cs.LG`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ...errors import UserError
from .label_names import clean_name, number

# Between two names of one cell; the first ones hardly ever stand inside a name, the others often do.
STRONG = ("|", ";", ",", "#", "\t", "\n", "、", "，", "；")
SURE = ("|", ";", ",", "、", "，", "；")  # that nothing else is written with
WEAK = (" ", "_", "/", "&", "+", "-", " and ")
FEW_NAMES, DENSE = 10, 0.6
CALLED_TAGS = {"tags", "keywords"}
CODE = re.compile(r"\w+[.:-]\w[\w.:-]*")  # cs.CL, hep-ph: no word, so that a space beside it separates


class Joined(NamedTuple):
    """Names that look like several labels joined by a separator."""

    separator: str
    example: str
    certain: bool
    """Whether each cell cannot be one name."""
    sure: bool
    """Whether the separator cannot be another one either, so that there is nothing to ask."""


def joined_labels(cells: Iterable[str], column: str) -> str | None:
    """Return what separates several names in a cell where nothing else is possible, None where each is one name.

    Raises:
        UserError: names are for certain several ones, joined, and how is not.
    """
    names = {clean_name(cell) if "\n" not in cell and "\t" not in cell else cell.strip() for cell in cells}
    found = _joined(names) or (_tags_between_spaces(names) if column.lower() in CALLED_TAGS else None)
    if found and found.sure:
        return found.separator
    if found and found.certain:
        raise UserError(
            f"The label column {column!r} holds several labels in one cell ({found.example!r} beside the same ones "
            f"apart). Give --label_separator {shown(found.separator)}; if each is one name, --label_separator none."
        )
    return None


def joined_note(names: Iterable[str], given: str | None) -> list[str]:
    """Return a note if some names look like several labels of one row: `sport|breaking` beside `sport`."""
    found = None if given == "none" else _joined({*names})
    if found is None or found.separator == given:
        return []
    return [
        f"Some labels look like several ({found.example}): if they are, give --label_separator "
        f"{shown(found.separator)}."
    ]


def shown(separator: str) -> str:
    """Return a separator as it is typed in a shell."""
    return {"\t": "$'\\t'", "\n": "$'\\n'"}.get(separator, f"'{separator}'" if "'" not in separator else '"\'"')


def _tags_between_spaces(names: set[str]) -> Joined | None:
    """Return the reading of cells of tags as several ones (`c# .net` beside `c#`): tags have no spaces in them."""
    several = sorted(name for name in names if " " in name)  # of equals always the same one is told
    times = Counter(part for name in names for part in set(name.split()))
    if not several or any(part != part.lower() for part in times) or max(times.values()) < 2:
        return None
    return Joined(" ", max(several, key=lambda name: sum(times[part] for part in name.split())), True, False)


def _joined(names: set[str]) -> Joined | None:
    """Return the surest reading of names as several labels, if there is any."""
    readings = [each for mark in (*STRONG, *WEAK) if (each := _joined_by(mark, names)) is not None]
    return max(readings, key=lambda each: (each.certain, each.sure), default=None)


def _joined_by(mark: str, names: set[str]) -> Joined | None:
    parts = {name: [part.strip() for part in name.split(mark) if part.strip()] for name in names if mark in name}
    joined = {name: each for name, each in parts.items() if len(each) > 1}
    if not joined:
        return None
    alone = names - joined.keys()
    strong = mark in STRONG
    example = max(joined, key=lambda name: (all(part in alone for part in joined[name]), -len(name), name))
    if _whole([part for each in joined.values() for part in each]):  # 2,5 beside 8
        if not (strong or mark == " ") or not _whole(alone):
            return None
        no_fractions = mark != "," or max(map(len, joined.values())) > 2  # 2,5 may be a number
        return Joined(mark, example, True, mark in SURE and no_fractions)
    times = Counter(part for each in joined.values() for part in set(each))
    recurring = [name for name, each in joined.items() if all(part in alone or times[part] > 1 for part in each)]
    apart = [name for name, each in joined.items() if all(part in alone for part in each)]
    orders = len(joined) - len({tuple(sorted(each)) for each in joined.values()})
    dense = len(times) <= DENSE * len(names) and len(recurring) >= 0.8 * len(joined) >= 0.4 * len(names)
    plainly = len(apart) > 1 and len(recurring) >= 0.8 * len(joined)  # two cells at least, each part a cell elsewhere
    codes = False
    if strong:
        certain = bool(apart or orders) or (len(recurring) >= 2 and 2 * len(recurring) >= len(joined))
        noted = any(part in alone or times[part] > 1 for part in times)
    else:
        few = len(names) <= 2 * FEW_NAMES
        shared = sum(part in alone for part in times)
        codes = (
            mark == " "
            and shared > 0
            and all(map(CODE.fullmatch, times))
            and not {".", ":"}.isdisjoint("".join(times))
        )
        certain = codes or (len(recurring) >= 3 and shared >= 0.75 * len(times))
        certain = certain or (dense and len(names) >= FEW_NAMES)
        noted = bool(apart) or orders >= (1 if few else 2) or (len(recurring) >= 3 and len(times) <= len(names) / 2)
        if certain and not (codes or alone) and _in_places(joined):
            certain, noted = False, True
    recurs = mark in "|;" and 2 <= len(recurring) == len(joined)
    sure = certain and ((plainly and (mark in SURE or codes)) or recurs)
    return Joined(mark, example, certain, sure) if certain or noted else None


def _in_places(joined: Mapping[str, list[str]]) -> bool:
    """Say whether each name has as many parts, each in a place of its own: `fact-positive-past` is one class."""
    if len({len(each) for each in joined.values()}) > 1:
        return False
    places = [set(place) for place in zip(*joined.values(), strict=True)]
    return len(set().union(*places)) == sum(map(len, places))


def _whole(words: Iterable[str]) -> bool:
    return all(re.fullmatch(r"[+-]?\d+", word, re.ASCII) and number(word) is not None for word in words)
