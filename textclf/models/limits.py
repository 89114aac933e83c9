"""How many tokens, and which fields, a model takes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedTokenizerBase

# Families whose positions start behind the padding index: RoBERTa's 514 positions hold 512 tokens.
_OFFSET_POSITIONS = {"roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "mpnet", "data2vec-text", "longformer"}
_UNSET = 1_000_000  # tokenizers say 1e30 where they know no limit
_FALLBACK = 512


def longest_input(
    config: PretrainedConfig | SimpleNamespace, tokenizer: PreTrainedTokenizerBase | SimpleNamespace
) -> int:
    """Return the most tokens a text may have, special tokens included: the tokenizer's limit or the positions.

    A namespace holds what config.json and tokenizer_config.json say, where Transformers is not installed.
    """
    limits = [int(tokenizer.model_max_length), positions(config) or 0]
    known = [limit for limit in limits if 0 < limit < _UNSET]
    return min(known) if known else _FALLBACK


def fields_of(config: PretrainedConfig | SimpleNamespace) -> list[str]:
    """Return the names of the two fields that a model of ours reads as a pair; none where it reads one text."""
    columns = getattr(config, "text_columns", None)  # other people's configs have none, or their own
    return [str(name) for name in columns] if isinstance(columns, list) and len(columns) == 2 else []


def positions(config: PretrainedConfig | SimpleNamespace) -> int | None:
    """Return the tokens that a model has positions for, None where its positions have no end or are not told."""
    found = getattr(config, "max_position_embeddings", None)  # not every foreign config has positions
    if not found or found < 0:
        return None
    offset = (config.pad_token_id or 0) + 1 if config.model_type in _OFFSET_POSITIONS else 0
    return int(found) - offset


def has_limit(tokenizer: PreTrainedTokenizerBase | SimpleNamespace) -> bool:
    """Say whether a tokenizer knows where to cut."""
    return 0 < int(tokenizer.model_max_length) < _UNSET
