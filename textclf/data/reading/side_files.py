"""Files beside the rows: names of classes, sample submissions; and which split a file's path speaks of."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .split_names import split_name

SUBMISSION = re.compile(r"(?i).*submi(t|ssion).*")
# fmt: off
NAMES_CLASSES = re.compile(
    r"(?i)(?!.*(test|train|dev|val)[._-]?labels?)(.*[._-])?((class|label|categor|intent|emotion|topic|target|tag)\w*"
    r"|mapping|id2\w+|\w+2id|names)([._-](names?|map(ping)?|list|dict|encod\w+|ids?))?"
)
# fmt: on
# How columns are called in which a number and the name of its class stand.
ID_WORDS = {"id", "ids", "idx", "index", "code", "no", "num", "number", "label", "value", "class"}
NAME_WORDS = {"name", "names", "label", "class", "category", "topic", "intent", "emotion", "genre", "tag", "sentiment"}
LONGEST_NAME = 80  # characters
MOST_CLASSES = 1000
QUOTES = " \"'"


def is_submission(path: Path) -> bool:
    """Say whether a file only shows how to hand in answers."""
    return SUBMISSION.fullmatch(path.stem) is not None


def class_names(path: Path) -> list[str] | None:
    """Return the names of classes that a file lists, as `--class_names` takes them; None where it lists none.

    `name` a line or in a JSON list stands for 0, 1, ...; a number with each name is written `3=name`.
    """
    called, is_table = NAMES_CLASSES.fullmatch(path.stem), path.suffix.lower() in {".csv", ".tsv"}
    if not (called or (is_table and not split_name(path.stem))) or path.stat().st_size > 1 << 20:
        return None
    try:
        written = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return None
    if is_table and (found := _in_columns(written)):
        pass
    elif not called or (is_table and split_name(path.stem)):
        return None
    elif path.suffix.lower() == ".json":
        found = _in_json(written)
    elif path.suffix.lower() in {".txt", ".tsv", ".csv", ""}:
        found = _in_lines([line.strip() for line in written.splitlines() if line.strip()])
    else:
        return None
    distinct = {re.sub(r"^-?\d+=", "", name) for name in found or ()}  # 17=3 and 18=3 are labels of rows
    return found if found and 1 < len(distinct) == len(found) <= MOST_CLASSES else None


def _in_json(written: str) -> list[str] | None:
    try:
        content: Any = json.loads(written)  # Any: whatever JSON holds
    except json.JSONDecodeError:
        return None
    if isinstance(content, list) and all(isinstance(name, str) for name in content):
        return content
    if isinstance(content, dict) and all(re.fullmatch(r"-?\d+", key) for key in content):
        pairs = [(key, value) for key, value in content.items() if isinstance(value, str)]
    elif isinstance(content, dict) and all(type(value) is int for value in content.values()):
        pairs = [(str(value), key) for key, value in content.items()]
    else:
        return None
    return [f"{number}={name}" for number, name in pairs] if len(pairs) == len(content) else None


def _in_columns(written: str) -> list[str] | None:
    """Return what a table says whose columns are called after an id and a name; others may stand beside them."""
    delimiter = "\t" if "\t" in written.partition("\n")[0] else ","
    header, *rows = list(csv.reader(io.StringIO(written), delimiter=delimiter)) or [[]]
    rows = [row for row in rows if row]
    ends = [re.split(r"[^a-z0-9]+", name.strip().lower())[-1] for name in header]
    numbers = [j for j, end in enumerate(ends) if end in ID_WORDS and all(_is_whole(row, j) for row in rows)]
    names = [j for j, end in enumerate(ends) if end in NAME_WORDS and j not in numbers[:1]]
    if not (rows and numbers and names):
        return None
    of, to = numbers[0], names[0]
    distinct = all(len({row[j] for row in rows}) == len(rows) for j in (of, to) if all(len(row) > j for row in rows))
    return [f"{row[of].strip()}={row[to].strip()}" for row in rows] if distinct and _all_short(rows, to) else None


def _is_whole(row: Sequence[str], place: int) -> bool:
    return len(row) > place and re.fullmatch(r"-?\d+", row[place].strip()) is not None


def _all_short(rows: Sequence[Sequence[str]], place: int) -> bool:
    return all(len(row) > place and 0 < len(row[place]) < LONGEST_NAME for row in rows)


def _in_lines(lines: Sequence[str]) -> list[str] | None:
    for form, number, name in ((r"(-?\d+)[\t,:; ]+(\S.*)", 1, 2), (r"(\S.*?)[\t,:; ]+(-?\d+)", 2, 1)):
        pairs = [re.fullmatch(form, line) for line in lines]
        if len(pairs) > 2 and not pairs[0]:  # names of columns
            del pairs[0]
        if pairs and all(pairs):
            return [f"{match[number]}={match[name].strip(QUOTES)}" for match in pairs if match]
    return list(lines) if all(len(line) < LONGEST_NAME for line in lines) else None


def speaks_of_split(path: Path, folder: Path) -> str | None:
    """Return the split that a file's path below a folder names."""
    inner = path.relative_to(folder)
    return split_name(path.name.removesuffix(path.suffix)) or split_name(inner.parent.as_posix())
