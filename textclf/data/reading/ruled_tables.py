"""Tables drawn for people's eyes, with a rule below the names: psql's and MySQL's output, Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from .encodings import TextFile
from .line_rows import lines_of
from .tables import Fault, Reading, text_columns

RULE = re.compile(r"\s*[|+]?(\s*:?-+:?\s*[|+])*\s*:?-+:?\s*[|+]?\s*")
BAR = re.compile(r"(?<!\\)\|")  # Markdown escapes one within a cell
ROWS_COUNTED = re.compile(r"\(\d+ rows?\)|\d+ rows? in set.*|\(\d+개 행\)")
LINES_ABOVE = 5  # of the rule: the names, and what opens a box
LEAST_SHARE = 0.9  # of the rows with as many cells as there are names


def ruled_table(file: TextFile) -> Reading | None:
    """Read a table whose names stand above a rule, its cells between bars; None where the file is none."""
    head = [line for _, line in islice(lines_of(file), 2_000)]
    place = _rule_below_names(head)
    if place is None:
        return None
    names = _cells(head[place - 1])
    rows = [line for line in head[place + 1 :] if not _is_rule(line) and not ROWS_COUNTED.fullmatch(line.strip())]
    if sum(len(_cells(line)) == len(names) for line in rows) < LEAST_SHARE * max(len(rows), 1):
        return None
    names = [name or f"column_{number}" for number, name in enumerate(names, start=1)]
    faults: list[Fault] = []
    reading = text_columns(names, _rows(file, place, len(names), faults))
    reading.faults = faults
    reading.notes.append(f"{file.name} is read as a table drawn with bars and rules.")
    return reading


def _rule_below_names(head: list[str]) -> int | None:
    """Return the place of the first rule that has as many columns as the line above it has names, if there is one."""
    for place in range(1, min(LINES_ABOVE + 1, len(head))):
        if _is_rule(head[place]) and not _is_rule(head[place - 1]):
            columns = len(re.findall("-+", head[place]))
            return place if len(_cells(head[place - 1])) == columns > 1 else None
    return None


def _is_rule(line: str) -> bool:
    return RULE.fullmatch(line) is not None


def _cells(line: str) -> list[str]:
    inner = line.strip()
    boxed = inner.startswith("|") and inner.endswith("|") and len(inner) > 1
    return [cell.strip().replace("\\|", "|") for cell in BAR.split(inner[1:-1] if boxed else line)]


def _rows(file: TextFile, place: int, width: int, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    for number, line in islice(lines_of(file), place + 1, None):
        if _is_rule(line) or ROWS_COUNTED.fullmatch(line.strip()):
            continue
        cells = _cells(line)
        if len(cells) == width:
            yield number, cells
        else:
            faults.append(Fault(number, f"expected {width} columns between bars, found {len(cells)}"))
