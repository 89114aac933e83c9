"""Which words matter, of any scoring function: each is left out once, as the browser's page does in worker.js."""

from __future__ import annotations

import math
import re
from typing import Any

from answering import Score

MOST_GROUPS = 60  # of words that are left out: a pass through the model each
AT_ONCE = 16  # texts that are scored together
# A word is what stands between spaces (in Korean an eojeol); where a script has none, each character of it.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|[^\s\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")


def leave_out(score: Score, text: str, pair: str, label: str) -> dict[str, Any]:
    """Return how far the log-odds of a label fall when a word is left out, in a long text neighbours together.

    Returns:
        `texts` (the text, and its pair), `label`, `grouped` (neighbours were left out together) and `words`: dicts of
        `text`, `start` and `end` (in characters of its text), `part` (0: the text, 1: its pair), `score`, `read`.
    """
    texts = [text, pair] if pair else [text]
    words: list[dict[str, Any]] = [
        {"text": match[0], "start": match.start(), "end": match.end(), "part": part, "score": 0.0, "read": True}
        for part, whole in enumerate(texts)
        for match in _WORD.finditer(whole)
    ]
    size = max(1, math.ceil(len(words) / MOST_GROUPS))
    groups = [words[first : first + size] for first in range(0, len(words), size)]
    shorter = [(_without(text, group, 0), _without(pair, group, 1)) for group in groups]
    asked = [(text, pair), *shorter]
    found = [scored for first in range(0, len(asked), AT_ONCE) for scored in score(asked[first : first + AT_ONCE])]
    whole, *parts = [_log_odds(scored.scores[label]) for scored in found]
    for group, part in zip(groups, parts, strict=True):
        for word in group:
            word["score"] = (whole - part) / len(group)
    return {"texts": texts, "label": label, "grouped": size > 1, "words": words}


def _without(text: str, words: list[dict[str, Any]], part: int) -> str:
    for word in reversed(words):
        if word["part"] == part:
            text = text[: word["start"]] + text[word["end"] :]
    return text


def _log_odds(score: float) -> float:
    inside = min(max(score, 1e-7), 1 - 1e-7)  # of float32 scores, 0 and 1 are no certainty
    return math.log(inside / (1 - inside))
