"""The words of a model card by language, English or Korean; what page and figures say too comes from there."""

from __future__ import annotations

import json

from ..evaluation.wording import words_of
from ..house import HOUSE
from .wording_english import ENGLISH
from .wording_korean import KOREAN

WORDING = {"en": {**words_of("en"), **ENGLISH}, "ko": {**words_of("ko"), **KOREAN}}

SPACE_WORDS = HOUSE / "space" / "words.json"


def own_words() -> list[str]:
    """Return all that we say ourselves in a card: no text of the data, whatever the data holds."""
    said = [text for words in WORDING.values() for text in words.values()]
    return [*said, *(sentence for language in WORDING for sentence in neutral_sentences(language))]


def neutral_sentences(language: str) -> list[str]:
    """Return the Space's example sentences in English or Korean, for a snippet where the user gives none."""
    words = json.loads(SPACE_WORDS.read_text(encoding="utf-8"))
    return list(words[language]["sentences"])
