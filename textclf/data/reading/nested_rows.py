"""Rows that hold objects: whether text or label lie in them, so that they have to be taken apart."""

from __future__ import annotations

from typing import Any

from .headers import NAMES_LABELS

MOST_COLUMNS = 100  # of an object in objects; more are keys that hold facts themselves
LONG_WORD = 20  # characters; of one that is no word but a text without spaces
SAMPLE = 200  # rows that show which tool wrote a file, or what is in lists without names


def answers_within(rows: list[dict[str, Any]], text_is_enough: bool) -> bool:
    """Say whether a row's text or its label lies in an inner object: the outer cells name not both of them.

    Objects under ever new keys (what each user voted) are left as they are, for their keys name no columns; so are
    cells of which some are objects and some are none, which are faults of their rows.
    """
    nested = {key for row in rows for key, value in row.items() if isinstance(value, dict)}
    plain = {key for row in rows for key, value in row.items() if value is not None and not isinstance(value, dict)}
    if not nested or nested & plain or len({name for row in rows for name in flat(row)}) > MOST_COLUMNS:
        return False
    if text_is_enough and any(isinstance(row.get(key), str) for row in rows for key in plain):
        return False
    wordy = [key for key in plain if 2 * sum(_is_wordy(row.get(key)) for row in rows) > len(rows)]
    return not (wordy and any(map(NAMES_LABELS.fullmatch, plain)))


def _is_wordy(cell: Any) -> bool:
    return isinstance(cell, str) and (len(cell.split()) > 2 or len(cell) > LONG_WORD)


def flat(cells: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Return an object's cells, those of inner ones under names like a.b."""
    found: dict[str, Any] = {}
    for key, value in cells.items():
        found |= flat(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}": value}
    return found
