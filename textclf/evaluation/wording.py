"""All words of a run's page and figures, in English and Korean."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from .names import NAMES, Words

_PAGE = Path(__file__).parent / "page" / "template" / "words.json"
PAGE_WORDS: dict[str, dict[str, str]] = json.loads(_PAGE.read_text(encoding="utf-8"))


def words_of(language: str, page: Mapping[str, Words] = PAGE_WORDS) -> Words:
    """Return the words of a page, a run's unless another is given, in "en" or "ko": names are the same on all."""
    return {**NAMES[language], **page[language]}
