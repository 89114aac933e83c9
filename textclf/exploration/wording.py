"""The words of the page about a data set, in English and Korean; names are those of page, card and screen."""

from __future__ import annotations

import json
from pathlib import Path

from ..evaluation.names import Words
from ..evaluation.wording import words_of

_WORDS = json.loads((Path(__file__).parent / "page" / "words.json").read_text(encoding="utf-8"))


def exploration_words(language: str) -> Words:
    """Return all words of the page in "en" or "ko"."""
    return words_of(language, _WORDS)
