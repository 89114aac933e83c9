"""Rows as annotation tools export them (Label Studio, doccano, Prodigy, intents of chat bots), as plain rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from .argilla import find_argilla
from .json_shapes import in_pieces

PATTERNS = ("patterns", "examples", "utterances", "phrases", "texts", "sentences", "questions")
TAGS = ("tag", "intent", "label", "name", "category", "class")
LABEL = "label"
NAMES = ("name", "classname", "class_name", "label", "tag", "category")  # of labels that are objects
# What such objects have that are none: where a part of a text begins, how sure a model is.
NO_NAMES = {"start", "end", "start_offset", "end_offset", "offset", "score", "probability", "confidence"}
HALF = 0.5  # from which spaCy takes a category for given
ANSWERS = {"accept", "reject", "ignore"}


class Export(NamedTuple):
    """How one tool's rows become ours, and what is said about it."""

    plain: Callable[[dict[str, Any]], list[dict[str, Any]]]
    says: str
    lists: tuple[str, ...] = (LABEL,)
    """Columns of which lists of one, where all of them are, are single labels."""


def find_export(rows: Iterable[dict[str, Any]]) -> Export | None:
    """Recognise the tool that wrote these rows; None where they are plain."""
    rows = list(rows)
    if not rows:
        return None
    if argilla := find_argilla(rows):
        return Export(argilla, "an Argilla export; the answer that most gave is the label, drafts are not counted")
    if all(isinstance(row.get("data"), dict) and _annotations(row) is not None for row in rows):
        return Export(_label_studio, "a Label Studio export; the first annotation of each task is read")
    chosen = {key for row in rows for key, value in row.items() if _choices(value) is not None}
    if chosen and all("annotation_id" in row for row in rows):
        return Export(lambda row: [_without_choices(row, chosen)], "a Label Studio export (JSON-MIN)")
    if all(isinstance(row.get("text"), str) for row in rows) and (doccano := _of_doccano(rows)):
        return doccano
    if all(row.get("answer") in ANSWERS and "text" in row and "_input_hash" in row for row in rows):
        return Export(_prodigy, "a Prodigy export; rows that were not accepted are left out")
    if all(_said(row.get("messages")) for row in rows):
        return Export(_chat, "chats; what the user says is the text, what the assistant answers its label")
    if all(isinstance(row.get("text"), str) and _is_cats(row.get("cats")) for row in rows):
        return Export(_spacy, "texts with spaCy's categories; those of .5 or more are the labels")
    if all(in_pieces(row) for row in rows):
        return Export(lambda row: [{"text": in_pieces(row)}], "texts in pieces, which are joined", ())
    return _by_lists(rows)


def _by_lists(rows: Sequence[dict[str, Any]]) -> Export | None:
    """Recognise rows that are classes with lists of their texts, and labels that are lists of objects."""
    keys = [(tag, texts) for tag in TAGS for texts in PATTERNS if _is_intent(rows, tag, texts)]
    if keys:
        tag, texts = keys[0]
        return Export(
            lambda row: [{"text": text, LABEL: row[tag]} for text in row[texts]], f"each text of {texts} is a row"
        )
    named = _lists_of_named(rows)
    if named:
        says = ", ".join(f"{key!r} by {name!r}" for key, name in named.items())
        return Export(lambda row: [_with_names(row, named)], f"lists of objects, taken by name ({says})", (*named,))
    return None


def _lists_of_named(rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Return the columns of lists of objects that have a name each (GitHub's labels, LightTag's), and its key."""
    found: dict[str, str] = {}
    for key in dict.fromkeys(key for row in rows for key in row):
        lists = [row[key] for row in rows if row.get(key) is not None]
        items = [item for each in lists if isinstance(each, list) for item in each]
        if not items or not all(isinstance(each, list) for each in lists):
            continue
        if not all(isinstance(item, dict) and not NO_NAMES & item.keys() for item in items):
            continue
        names = [name for name in NAMES if all(isinstance(item.get(name), str) for item in items)]
        found |= {key: names[0]} if names else {}
    return found


def _with_names(row: dict[str, Any], named: dict[str, str]) -> dict[str, Any]:
    lists = {key: [item[name] for item in row[key]] for key, name in named.items() if row.get(key) is not None}
    return {**row, **lists}


def _annotations(row: dict[str, Any]) -> list[Any] | None:
    found = row.get("annotations", row.get("completions"))
    return found if isinstance(found, list) else None


def _label_studio(row: dict[str, Any]) -> list[dict[str, Any]]:
    choices: list[str] | None = None
    for annotation in _annotations(row) or []:
        if not isinstance(annotation, dict) or annotation.get("was_cancelled"):
            continue
        for result in annotation.get("result") or []:
            choices = [*(choices or []), *_chosen(result.get("value") or {})] or None
        break
    return [{**{key: value for key, value in row["data"].items() if not isinstance(value, dict)}, LABEL: choices}]


def _chosen(value: dict[str, Any]) -> list[str]:
    """Return what a person chose: names, stars, or the places in a tree of names."""
    if isinstance(value.get("rating"), int):
        return [str(value["rating"])]
    paths = value.get("taxonomy")
    if isinstance(paths, list):
        return [" / ".join(map(str, path)) for path in paths]
    return list(value.get("choices") or [])


def _choices(value: Any) -> list[str] | None:
    found = value.get("choices") if isinstance(value, dict) and len(value) == 1 else None
    return found if isinstance(found, list) else None


def _without_choices(row: dict[str, Any], chosen: set[str]) -> dict[str, Any]:
    """Return a row in which columns of several choices hold lists, of one where JSON-MIN writes it bare."""
    lists = {key: [row[key]] if isinstance(row.get(key), str) else _choices(row.get(key)) for key in chosen}
    return {**row, **lists}


def _of_doccano(rows: Sequence[dict[str, Any]]) -> Export | None:
    if all(map(_numbers_given, rows)):
        return Export(_old_doccano, "a doccano export; annotations are read as labels")
    if all(isinstance(row.get(_doccano(row)), list) for row in rows) and any("Comments" in row for row in rows):
        return Export(lambda row: [_renamed(row)], "a doccano export")
    return None


def _numbers_given(row: dict[str, Any]) -> bool:
    found = row.get("annotations")
    return isinstance(found, list) and all(isinstance(each, dict) and "label" in each for each in found)


def _old_doccano(row: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"text": row["text"], LABEL: [str(each["label"]) for each in row["annotations"]]}]


def _doccano(row: dict[str, Any]) -> str:
    return next((key for key in ("label", "labels", "cats") if key in row), LABEL)


def _renamed(row: dict[str, Any]) -> dict[str, Any]:
    key = _doccano(row)
    return {"text": row["text"], LABEL: row[key] or None}  # an empty list: nobody has labelled it yet


def _prodigy(row: dict[str, Any]) -> list[dict[str, Any]]:
    if row["answer"] != "accept":
        return []
    chosen = row.get("accept")
    return [{"text": row["text"], LABEL: chosen if isinstance(chosen, list) else row.get("label")}]


def _said(messages: Any) -> tuple[str, str] | None:
    """Return the one question and the one answer of a chat; None of what is none, or longer."""
    if not isinstance(messages, list) or not all(isinstance(each, dict) for each in messages):
        return None
    parts = [(each.get("role"), each.get("content")) for each in messages if each.get("role") != "system"]
    if [role for role, _ in parts] != ["user", "assistant"] or not all(isinstance(said, str) for _, said in parts):
        return None
    return str(parts[0][1]), str(parts[1][1])


def _chat(row: dict[str, Any]) -> list[dict[str, Any]]:
    said = _said(row.get("messages"))
    return [{"text": said[0], LABEL: said[1].strip()}] if said else []


def _is_cats(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and all(isinstance(each, int | float) for each in value.values())


def _spacy(row: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"text": row["text"], LABEL: [name for name, share in row["cats"].items() if share >= HALF]}]


def _is_intent(rows: Sequence[dict[str, Any]], tag: str, texts: str) -> bool:
    return all(
        isinstance(row.get(tag), str)
        and isinstance(row.get(texts), list)
        and all(isinstance(text, str) for text in row[texts])
        for row in rows
    )
