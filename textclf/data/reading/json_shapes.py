"""Where the rows are in a JSON document: lists by split, objects by id, columns, pandas' orients, classes of texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ...errors import UserError
from .headers import USUAL
from .split_names import split_name

# Any, here and in `json_rows`: whatever JSON holds
CONTAINERS = (dict, list)
MANY = 2  # objects with the same keys, to be rows
MOST_WRAPPERS = 10  # objects around the list of rows; more are rows themselves


class Part(NamedTuple):
    """Rows (objects, or lists of cells) and the split that they are filed under, "" where there is none."""

    split: str
    rows: list[Any]


def find_rows(content: Any, name: str, notes: list[str]) -> list[Part]:
    """Return a document's rows, part by part.

    Raises:
        UserError: there are none, or they could be in several places.
    """
    if isinstance(content, list):
        return [Part("", [_named(row) for row in content])]
    if not isinstance(content, dict):
        raise UserError(f"{name} must hold a list of objects, one a row: [{{...}}, {{...}}].")
    named = {key: value for key, value in content.items() if isinstance(value, CONTAINERS) and split_name(key)}
    if any(split_name(key) == "train" for key in named):
        left = [key for key in content if key not in named and isinstance(content[key], CONTAINERS)]
        notes.append(f"{name} holds lists by split: {', '.join(named)}.")
        if left:
            notes.append(f"{name}: left out: {', '.join(left)}.")
        return [Part(key, _rows(value, name, notes)) for key, value in named.items()]
    return [Part("", _rows(content, name, notes))]


def _named(row: Any) -> Any:
    """Return what spaCy keeps as a list of a text and an object (`["text", {"cats": {...}}]`) as one object."""
    if isinstance(row, list) and len(row) == MANY and isinstance(row[0], str) and isinstance(row[1], dict):
        return {"text": row[0], **row[1]}
    return row


def _rows(content: Any, name: str, notes: list[str]) -> list[Any]:
    if isinstance(content, list):
        return content
    if all(isinstance(rows, list) and rows and all(map(in_pieces, rows)) for rows in content.values()):
        notes.append(f"{name}: each key is read as the intent of the texts in its list, whose pieces are joined.")
        return [{"text": in_pieces(row), "label": key} for key, rows in content.items() for row in rows]
    if _is_split_orient(content):
        return [dict(zip(content["columns"], row, strict=False)) for row in content["data"]]
    lists = {key: value for key, value in content.items() if isinstance(value, list)}
    of_rows = {key: rows for key, rows in lists.items() if rows and all(isinstance(row, CONTAINERS) for row in rows)}
    flat = len(lists) == len(content) > 1
    if flat and not any(isinstance(item, dict) for rows in of_rows.values() for item in rows):
        return _columns_or_classes(lists, name, notes)
    if len(of_rows) > 1:
        return _one_of(of_rows, name, notes)
    if of_rows:
        return next(iter(of_rows.values()))
    objects = {key: value for key, value in content.items() if isinstance(value, dict)}
    if objects and not lists:
        within = _within(objects, len(content), name, notes)
        if within is not None:
            return within
    if len(content) > MANY and all(isinstance(value, str) for value in content.values()):
        notes.append(f"{name}: each key is read as a row's first cell, its value as the second.")
        return [[key, value] for key, value in content.items()]
    (only,) = lists.values() if len(lists) == 1 else (None,)
    return only if only else [content]


def _within(objects: Mapping[str, Mapping[str, Any]], keys: int, name: str, notes: list[str]) -> list[Any] | None:
    """Return the rows in objects under some or all of a document's `keys`: their only list, or themselves."""
    alike = len(objects) > 1 and len({frozenset(value) for value in objects.values()}) == 1  # rows, or columns
    deep = {} if alike or len(objects) > MOST_WRAPPERS else lists_within(objects)
    if deep:
        return next(iter(deep.values())) if len(deep) == 1 else _one_of(deep, name, notes)
    (only, *others) = objects.values()
    if not others and (keys == 1 or any(isinstance(value, CONTAINERS) for value in only.values())):
        return _rows(only, name, notes)
    return _index_or_columns(objects) if len(objects) == keys else None


def lists_within(objects: Mapping[str, Any], above: str = "") -> dict[str, list[Any]]:
    """Return the lists of several objects within objects (`response.body.items`), by their place."""
    found: dict[str, list[Any]] = {}
    for key, value in objects.items():
        if isinstance(value, dict):
            found |= lists_within(value, f"{above}{key}.")
        elif isinstance(value, list) and len(value) >= MANY and all(isinstance(row, dict) for row in value):
            found[f"{above}{key}"] = value
    return found


def _one_of(lists: Mapping[str, list[Any]], name: str, notes: list[str]) -> list[Any]:
    """Return the only list that holds texts; beside them stand names of intents, entities, classes."""
    of_texts = [key for key, rows in lists.items() if _hold_texts(rows)]
    if len(of_texts) != 1:
        raise UserError(
            f"{name} holds several lists of rows ({', '.join(lists)}) and none is called train. "
            "Name them train, validation and test, or leave one."
        )
    others = ", ".join(key for key in lists if key not in of_texts)
    notes.append(f"{name}: the rows of {of_texts[0]} are read; left out: {others}.")
    return lists[of_texts[0]]


def _hold_texts(rows: Sequence[Any]) -> bool:
    """Say whether rows hold texts beside something else: a cell of several words in most of them."""
    cells = [[*_plain_cells(row)] for row in rows if isinstance(row, dict)]
    wordy = sum(
        len(row) > 1 and any(isinstance(cell, str) and (len(cell.split()) > MANY or len(cell) > 20) for cell in row)
        for row in cells
    )
    return wordy > len(rows) / 2


def _plain_cells(row: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the words and numbers of a row, those of objects in it too."""
    for cell in row.values():
        if isinstance(cell, dict):
            yield from _plain_cells(cell)
        elif isinstance(cell, str | int | float):
            yield cell


def in_pieces(row: Any) -> str | None:
    """Return a text that lies there in pieces, some of them slots: `{"data": [{"text": "play "}, {"text": ...}]}`."""
    parts = row.get("data") if isinstance(row, dict) else None
    if not isinstance(parts, list) or not all(
        isinstance(part, dict) and isinstance(part.get("text"), str) for part in parts
    ):
        return None
    return "".join(part["text"] for part in parts).strip()


def _is_split_orient(content: Mapping[str, Any]) -> bool:
    """Say whether pandas wrote this with orient="split"."""
    names, rows = content.get("columns"), content.get("data")
    return isinstance(names, list) and isinstance(rows, list) and all(isinstance(row, list) for row in rows)


def _columns_or_classes(lists: Mapping[str, Sequence[Any]], name: str, notes: list[str]) -> list[Any]:
    """Read lists by key: columns where they are equally long and named as columns are, else the texts of classes."""
    sizes = {len(values) for values in lists.values()}
    if len(sizes) == 1 and any(USUAL.fullmatch(key) for key in lists):
        return [dict(zip(lists, cells, strict=True)) for cells in zip(*lists.values(), strict=True)]
    if all(isinstance(item, str) for values in lists.values() for item in values):
        notes.append(f"{name}: each key is read as the label of the texts in its list.")
        return [{"text": item, "label": key} for key, values in lists.items() for item in values]
    raise UserError(
        f"{name} holds lists under {', '.join(list(lists)[:10])}, which are neither equally long nor all of texts. "
        "Expected one list of objects, one a row: [{...}, {...}]."
    )


def _index_or_columns(objects: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    """Read objects by key: rows by their id, or columns by their name (what `DataFrame.to_json` writes)."""
    first = next(iter(objects.values()))
    alike = all(value.keys() == first.keys() for value in objects.values())
    by_id, inner_ids = all(map(str.isdigit, objects)), all(map(str.isdigit, first))
    if alike and first and inner_ids and (not by_id or len(first) > len(objects)):
        return [{column: cells[row] for column, cells in objects.items()} for row in first]
    return [{"key": key, **value} for key, value in objects.items()]
