"""Lists of labels in cells of words, as programs write them: Python, numpy, JSON, sets, tags, marks without spaces."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from typing import Literal

from ...errors import UserError
from .label_names import NUMBER

Written = Literal["list", "bare", "tags", "bits", "choices"]

# An item of a written list: a quoted name, a number, or what stands for true, false and nothing. Other bare words are
# none ("[속보]" is a name in brackets).
QUOTED = r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\""
WORDS = {"true": "true", "false": "false", "none": "", "null": "", "nan": ""}
ITEM = re.compile(rf"{QUOTED}|{NUMBER.pattern}|\b(?:True|False|None|true|false|null|nan|NaN)\b")
LIST = re.compile(rf"[\[({{]\s*(?:(?:{ITEM.pattern})(?:[\s,]+|(?=[\])}}])))*[\])}}]|set\(\)", re.ASCII)
BARE = re.compile(r"\[[^\[\]'\"]*\]|\{[^{}'\":]*\}|\([^()'\"]*\)")
TAGS = re.compile(r"(?:<[^<>]+>[\s,]*)+|(?:#[^#\s,]+[\s,]*)+")
OBJECT = re.compile(r"\{[^{}]*:.*\}", re.DOTALL)
BITS = re.compile(r"[01]{3,}", re.ASCII)
MOST_OTHERS = 0.5  # written lists are a column's form if more than this share of train's rows are such


def written_lists(cells: Mapping[str, int], column: str) -> Written | None:
    """Return how train's cells (cell -> rows) write lists, None where each is one name.

    pandas writes lists into CSV as Python does (`['a', 'b']`) or as numpy does (`['a' 'b']`, `[8 20]`); others write
    JSON, sets, bare words in brackets, or tags (`<a><b>`). Cells of another kind among lists are faults of their rows.

    Raises:
        UserError: lists stand beside as many names.
    """
    if not cells:
        return None
    rows = sum(cells.values())
    lists = {cell: items for cell in cells if (items := parse_list(cell, "list")) is not None}
    plain_brackets = not any(len(items) > 1 or re.search(r"['\",]", cell) for cell, items in lists.items())
    if lists and not (plain_brackets and not all(cell.startswith("[") for cell in lists)):
        share = sum(cells[cell] for cell in lists) / rows
        if share > MOST_OTHERS:
            return "list"
        if not plain_brackets and any(lists.values()):
            raise UserError(
                f"Some cells of the label column {column!r} are lists ({next(iter(lists))}), most are none "
                f"({next(cell for cell in cells if cell not in lists)}). Write all of them alike, or take each for "
                "one name with --label_separator none."
            )
    objects = [cell for cell in cells if OBJECT.fullmatch(cell)]
    if objects and all(_choices(cell) is not None for cell in objects):
        return "choices"
    if len(objects) == len(cells) or any(map(_is_json, objects)):
        raise UserError(
            f"The label column {column!r} holds objects ({objects[0]}); expected names, or lists of names. "
            "Write one column of 0 and 1 for each label, and name them in --label_columns."
        )
    return _plainly_written(cells)


def _plainly_written(cells: Mapping[str, int]) -> Written | None:
    """Return how lists without quotes are written: as tags, as words in brackets, as marks without spaces (`0110`)."""
    if all(TAGS.fullmatch(cell) for cell in cells) and any(len(_tags(cell)) > 1 for cell in cells):
        return "tags"
    if all(BARE.fullmatch(cell) for cell in cells) and any("," in cell for cell in cells):
        return "bare"
    one_length = len({len(cell) for cell in cells}) == 1 and len(cells) > 1
    if one_length and all(BITS.fullmatch(cell) for cell in cells) and any(cell.startswith("0") for cell in cells):
        return "bits"
    return None


def _tags(cell: str) -> list[str]:
    return re.findall(r"<([^<>]+)>|(#[^#\s,]+)", cell)


def parse_list(cell: str, written: Written) -> list[str] | None:
    """Return the items of one written list, or None if it is none."""
    if written == "tags":
        return ["".join(tag) for tag in _tags(cell)] if TAGS.fullmatch(cell) else None
    if written == "bits":
        return list(cell) if BITS.fullmatch(cell) else None
    if written == "choices":
        return _choices(cell) or [cell]
    if written == "bare":
        return [part.strip() for part in cell[1:-1].split(",") if part.strip()] if BARE.fullmatch(cell) else None
    if not LIST.fullmatch(cell):
        return None
    try:
        return [_item(found[0]) for found in ITEM.finditer(cell[1:-1])] if cell != "set()" else []
    except (ValueError, SyntaxError):  # a backslash in front of what neither language escapes
        return None


def _item(word: str) -> str:
    """Read one item: JSON joins escaped surrogate pairs, which Python leaves in two."""
    if word.startswith('"'):
        return str(json.loads(word))
    return str(ast.literal_eval(word)) if word.startswith("'") else WORDS.get(word.lower(), word)


def _choices(cell: str) -> list[str] | None:
    """Return what Label Studio writes into a table where a row has several labels: `{"choices": ["a", "b"]}`."""
    found = json.loads(cell) if _is_json(cell) else None
    choices = found.get("choices") if isinstance(found, dict) and len(found) == 1 else None
    return choices if isinstance(choices, list) and all(isinstance(each, str) for each in choices) else None


def _is_json(cell: str) -> bool:
    try:
        json.loads(cell)
    except ValueError:
        return False
    return True
