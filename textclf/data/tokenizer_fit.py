"""Whether a tokenizer knows the language of the texts: where not, its model learns little from them."""

from __future__ import annotations

from unicodedata import normalize

import numpy as np
from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from .auditing.findings import percentage

_TEXTS = 500
# Tokens a composed character. BERT's tokenizers give Chinese one, and nothing that they know more.
_LETTER_BY_LETTER = 1.2
_MANY_UNKNOWN = 0.1
_OTHERS = "--model takes another: klue/roberta-base for Korean, FacebookAI/xlm-roberta-base for 100 languages"


def fit_line(tokenizer: PreTrainedTokenizerBase, train: Dataset, seed: int) -> list[str]:
    """Return a line for the screen if the tokenizer reads the texts letter by letter, or not at all; or nothing."""
    rows = np.random.default_rng(seed).permutation(len(train))[:_TEXTS]
    texts = train.select(np.sort(rows))["text"][:]
    ids = tokenizer(texts, add_special_tokens=False, return_attention_mask=False, verbose=False)["input_ids"]
    tokens, characters = sum(map(len, ids)), sum(len(normalize("NFC", text)) for text in texts)
    unknown = sum(row.count(tokenizer.unk_token_id) for row in ids)
    if unknown > _MANY_UNKNOWN * tokens:
        fault = f"{percentage(unknown / tokens)} of the texts' tokens are unknown to this model"
    elif tokens > _LETTER_BY_LETTER * characters:
        fault = f"This model reads the texts letter by letter or less ({tokens / characters:.1f} tokens a character)"
    else:
        return []
    return [f"{fault}: it was made for other languages. {_OTHERS}."]
