"""The words of a model card by language, English or Korean, and how the language of the texts is found."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .wording_english import ENGLISH
from .wording_korean import KOREAN

# Function words that other languages of the Latin script hardly use; about a fifth of running English.
_ENGLISH = frozenset({"the", "of", "and", "to", "that", "it", "for", "with", "this", "by", "from", "not", "are"})
_ENGLISH_SHARE = 0.08
_HANGUL_SHARE = 0.3  # of the letters; Korean news with many Latin names has more

WORDING = {"en": ENGLISH, "ko": KOREAN}

# Neutral sentences for snippets and for the Space where the user gives none.
NEUTRAL = {
    "en": (
        "The meeting starts at nine in the large room on the second floor.",
        "She read the letter twice and put it back into the drawer.",
        "The new bridge will be open to traffic from next spring.",
    ),
    "ko": (
        "회의는 아홉 시에 이층 큰 방에서 시작합니다.",
        "그는 편지를 두 번 읽고 다시 서랍에 넣었다.",
        "새 다리는 내년 봄부터 통행할 수 있습니다.",
    ),
}


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
