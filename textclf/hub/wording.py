"""The words of a model card by language, English or Korean, and how the language of the texts is found."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from .wording_english import ENGLISH
from .wording_korean import KOREAN

# Function words that other languages of the Latin script hardly use; about a fifth of running English.
_ENGLISH = frozenset({"the", "of", "and", "to", "that", "it", "for", "with", "this", "by", "from", "not", "are"})
_ENGLISH_SHARE = 0.08
_HANGUL_SHARE = 0.3  # of the letters; Korean news with many Latin names has more

WORDING = {"en": ENGLISH, "ko": KOREAN}

SPACE_WORDS = Path(__file__).parents[2] / "space" / "words.json"


def own_words() -> list[str]:
    """Return all that we say ourselves in a card: no text of the data, whatever the data holds."""
    said = [text for words in WORDING.values() for text in words.values()]
    return [*said, *(sentence for language in WORDING for sentence in neutral_sentences(language))]


def neutral_sentences(language: str) -> list[str]:
    """Return the Space's example sentences in English or Korean, for a snippet where the user gives none."""
    words = json.loads(SPACE_WORDS.read_text(encoding="utf-8"))
    return list(words[language]["sentences"])


def language_of(texts: Iterable[str]) -> str | None:
    """Return "ko" for texts in Hangul, "en" for English ones, None where neither is plain."""
    text = " ".join(texts)
    letters = [letter for letter in text if letter.isalpha()]
    hangul = sum("가" <= letter <= "힣" or "ㄱ" <= letter <= "ㆎ" or "ᄀ" <= letter <= "ᇿ" for letter in letters)
    if letters and hangul / len(letters) >= _HANGUL_SHARE:
        return "ko"
    words = re.findall(r"[a-z]+", text.lower())
    if len(words) >= 20 and sum(word in _ENGLISH for word in words) / len(words) >= _ENGLISH_SHARE:
        return "en"
    return None
