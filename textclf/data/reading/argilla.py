"""Rows as Argilla exports them: fields of text, and what each person answered to each question."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Row = dict[str, Any]  # Any: whatever JSON holds
NOT_GIVEN = {"draft", "discarded", "pending"}


def find_argilla(rows: Sequence[Row]) -> Callable[[Row], list[Row]] | None:
    """Return what makes a plain row of each of these, or None where they are something else.

    Three ways are known: `responses` as a list of persons, each with `values` by question; `responses` by question,
    each a list of persons; and a column a question, as a list of persons or as `label.responses`.
    """
    if all(isinstance(row.get("fields"), dict) and "responses" in row for row in rows):
        return lambda row: [{**row["fields"], **_answers(dict(_by_question(row["responses"])))}]
    names = [key.removesuffix(".responses") for key in rows[0] if key.endswith(".responses")]
    asked = [key for key in rows[0] if any(_persons(row.get(key)) for row in rows)]
    if asked and all(row.get(key) is None or isinstance(row[key], list) for row in rows for key in asked):
        return lambda row: [{**_others(row, asked), **_answers({key: row.get(key) or [] for key in asked})}]
    if names:
        return lambda row: [{**_others(row, names), **_answers({name: _in_columns(row, name) for name in names})}]
    return None


def _persons(value: Any) -> bool:
    """Say whether a cell lists persons' answers."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(each, dict) and "value" in each and {"status", "user_id"} & each.keys() for each in value)
    )


def _others(row: Row, questions: Sequence[str]) -> Row:
    """Return the cells of a row that are no answer and nothing that is known of one."""
    said = tuple(f"{name}{mark}" for name in questions for mark in (".", "-suggestion"))
    return {key: value for key, value in row.items() if key not in questions and not key.startswith(said)}


def _in_columns(row: Row, name: str) -> list[Row]:
    """Return the answers of `label.responses`, with what `label.responses.status` says of each."""
    values = row.get(f"{name}.responses") or []
    states = row.get(f"{name}.responses.status") or ["submitted"] * len(values)
    return [{"value": value, "status": status} for value, status in zip(values, states, strict=False)]


def _by_question(responses: Any) -> Iterator[tuple[str, list[Row]]]:
    if isinstance(responses, dict):
        yield from ((name, answers) for name, answers in responses.items() if isinstance(answers, list))
        return
    persons = [person for person in responses or [] if isinstance(person, dict)]
    values = [(person.get("status"), person.get("values") or {}) for person in persons]
    for name in dict.fromkeys(name for _, given in values for name in given):
        yield (
            name,
            [{**given[name], "status": status} for status, given in values if isinstance(given.get(name), dict)],
        )


def _answers(questions: dict[str, list[Row]]) -> Row:
    """Return to each question the answer that most gave; None where nobody did, or two are as frequent."""
    found: Row = {}
    for name, persons in questions.items():
        given = [person.get("value") for person in persons if person.get("status") not in NOT_GIVEN]
        counts = Counter(json.dumps(value, ensure_ascii=False) for value in given if value is not None).most_common()
        sure = counts and (len(counts) == 1 or counts[0][1] > counts[1][1])
        found[name] = json.loads(counts[0][0]) if sure else None
    return found
