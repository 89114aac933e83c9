"""Texts in, answers out: what is refused, scored and warned of; the page, its files and its API share it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import page_html
from deciding import decide
from describing import WORDS, strange

LONGEST_INPUT = 20_000  # characters that a box takes


class Scored(NamedTuple):
    """What a scoring function returns of a text."""

    scores: dict[str, float]  # by label, in [0, 1]
    tokens: int  # of the whole text, special ones included; 0: not known
    unknown: float  # share of them that the tokenizer does not know


# Texts with their pairs ("": none) -> for each its scores and size.
Score = Callable[[Sequence[tuple[str, str]]], list[Scored]]
# A text, its pair and a label -> how far each word moves that label: see `weighing.leave_out`.
Explain = Callable[[str, str, str], dict[str, Any]]


class Answer(NamedTuple):
    """What the page says of one text: a refusal, or scores with warnings."""

    refusal: str = ""
    scored: Scored | None = None
    warnings: tuple[str, ...] = ()


def answer(score: Score, about: Mapping[str, Any], texts: Sequence[str], pairs: Sequence[str]) -> list[Answer]:
    """Return what to say of each text: those that can be are scored in one batch."""
    words = WORDS[about["language"]]
    given = [(text or "", pair if (pair or "").strip() else "") for text, pair in zip(texts, pairs, strict=True)]
    found = [Answer(refusal=refusal(words, text, pair)) for text, pair in given]
    asked = [i for i, each in enumerate(found) if not each.refusal]
    if asked:
        for i, scored in zip(asked, score([given[i] for i in asked]), strict=True):
            warnings = []
            if scored.tokens > about["limit"]:
                warnings.append(words["cut"].format(limit=about["limit"], n=scored.tokens))
            if odd := strange(about, "\n".join(given[i]), scored.unknown):
                warnings.append(words[odd].format(share=f"{scored.unknown:.0%}"))
            found[i] = Answer(scored=scored, warnings=tuple(warnings))
    return found


def refusal(words: Mapping[str, Any], text: str, pair: str) -> str:
    """Return why a text cannot be scored, nothing if it can."""
    if not text.strip() and not pair.strip():
        return str(words["empty"])
    if len(text) + len(pair) > LONGEST_INPUT:
        return str(words["too_long"].format(n=len(text) + len(pair), most=LONGEST_INPUT))
    return ""


def shown(found: Answer, about: Mapping[str, Any]) -> str:
    """Return an answer as HTML."""
    words = WORDS[about["language"]]
    if found.scored is None:
        return page_html.sentence(found.refusal)
    return page_html.render(decide(about, words, found.scored.scores), words, found.warnings)


def labelled(score: Score, about: Mapping[str, Any], rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return label, score and note of rows of one or two texts."""
    words = WORDS[about["language"]]
    found = []
    for each in answer(score, about, [row[0] for row in rows], [[*row, ""][1] for row in rows]):
        if each.scored is None:
            found.append(["", "", words["row_empty"] if each.refusal == words["empty"] else words["row_too_long"]])
            continue
        decision = decide(about, words, each.scored.scores)
        notes = [words["row_unsure"]] if decision.unsure else []
        notes += [words["row_cut"]] if each.scored.tokens > about["limit"] else []
        best = max(each.scored.scores.values())
        found.append(["; ".join(decision.chosen), f"{best:.4f}", ", ".join(notes)])
    return found


def endpoint(score: Score, about: Mapping[str, Any]) -> Callable[..., dict[str, Any]]:
    """Return the function behind /classify, whose signature and docstring are what clients and agents read."""

    def classify(text: str, text_pair: str = "") -> dict[str, Any]:
        """Classify a text: labels are chosen by the model's own thresholds; scores are in [0, 1].

        Args:
            text: the text, or the first of the model's two fields.
            text_pair: the second field; empty if there is none.

        Returns:
            A dict: `labels` (the chosen names), `scores` (a number for every label), `unsure` (the model's promise
            does not cover this answer), `warnings` (sentences, such as that the text was cut) and `error`
            (why there are no scores, else null).
        """
        (found,) = answer(score, about, [text], [text_pair])
        if found.scored is None:
            return {"labels": [], "scores": {}, "unsure": False, "warnings": [], "error": found.refusal}
        decision = decide(about, WORDS[about["language"]], found.scored.scores)
        return {
            "labels": decision.chosen,
            "scores": found.scored.scores,
            "unsure": decision.unsure,
            "warnings": list(found.warnings),
            "error": None,
        }

    return classify
