"""Whether a tokenizer knows the language of the texts: where not, its model learns little from them."""

from __future__ import annotations

from unicodedata import category, normalize

import numpy as np
from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from .auditing.findings import Finding, percentage

NAME = "made_for_other_languages"
_TEXTS = 500
# Tokens a composed letter, where points, digits, emoji and spaces are left out. Measured on 2026-11-28 with an
# English vocabulary (MiniLM's), 500 texts each: English tweets .26, English posts .25, Korean titles 2.1, Korean
# comments 1.6 (two or three jamo a syllable); on a few sentences of ours: German .39, Russian, Chinese and Japanese
# 1.0 (one token a letter, as vocabularies that know Chinese give it too; there unknown tokens tell, 66 and 20 %).
_LETTER_BY_LETTER = 1.3
_MANY_UNKNOWN = 0.1
_OTHERS = "--model takes another: klue/roberta-base for Korean, FacebookAI/xlm-roberta-base for 100 languages"


def fit_finding(tokenizer: PreTrainedTokenizerBase, train: Dataset, seed: int) -> Finding:
    """Find out whether the tokenizer reads the texts letter by letter, or not at all; then the count is theirs."""
    rows = np.random.default_rng(seed).permutation(len(train))[:_TEXTS]
    texts = train.select(np.sort(rows))["text"][:]
    ids = _ids(tokenizer, texts)
    unknown = sum(row.count(tokenizer.unk_token_id) for row in ids) / max(sum(map(len, ids)), 1)
    words = [_letters(normalize("NFC", text)) for text in texts]
    letters = sum(len(word.replace(" ", "")) for word in words)
    tokens = sum(map(len, _ids(tokenizer, words))) / max(letters, 1)
    if unknown > _MANY_UNKNOWN:
        fault = f"{percentage(unknown)} of the texts' tokens are unknown to this model"
    elif tokens > _LETTER_BY_LETTER:
        fault = f"This model reads the texts letter by letter or less ({tokens:.1f} tokens a letter)"
    else:
        fault = ""
    details = {"tokens_a_letter": round(tokens, 2), "unknown": percentage(unknown)}
    return Finding(NAME, fault, len(texts) if fault else 0, len(texts), details=details)


def fit_lines(found: Finding) -> list[str]:
    """Return the line for the screen, if there is anything to say."""
    return [f"{found.says}: it was made for other languages. {_OTHERS}."] if found.count else []


def _ids(tokenizer: PreTrainedTokenizerBase, texts: list[str]) -> list[list[int]]:
    encoded = tokenizer(texts, add_special_tokens=False, return_attention_mask=False, verbose=False)
    return list(encoded["input_ids"])


def _letters(text: str) -> str:
    """Put a space in the place of everything but letters and the marks that belong to them."""
    kept = [each if each.isalpha() or category(each) in {"Mn", "Mc"} else " " for each in text]
    return " ".join("".join(kept).split())
