"""All words of a run's page and figures, in English and Korean."""

from __future__ import annotations

import json
from pathlib import Path

from .names import NAMES, Words

_SPLITS = {"split_train": "train", "split_validation": "validation", "split_test": "test"}
_PAGE = Path(__file__).parent / "page" / "template" / "words.json"
PAGE_WORDS: dict[str, dict[str, str]] = json.loads(_PAGE.read_text(encoding="utf-8"))


def words_of(language: str) -> Words:
    """Return the words of "en" or "ko"."""
    return {**_SPLITS, **NAMES[language], **PAGE_WORDS[language]}
