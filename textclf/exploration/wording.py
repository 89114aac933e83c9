"""The words of the page about a data set, in English and Korean; names are those of page, card and screen."""

from __future__ import annotations

import json
from pathlib import Path

from ..evaluation.names import NAMES, Words

_WORDS = json.loads((Path(__file__).parent / "page" / "words.json").read_text(encoding="utf-8"))
_SPLITS = {"split_train": "train", "split_validation": "validation", "split_test": "test"}


def words_of(language: str) -> Words:
    """Return all words of a page in "en" or "ko"."""
    return {**_SPLITS, **NAMES[language], **_WORDS[language]}
