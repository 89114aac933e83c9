"""How many tokens fit into a model."""

from transformers import PretrainedConfig, PreTrainedTokenizerBase

# Families whose positions start behind the padding index: RoBERTa's 514 positions hold 512 tokens.
_OFFSET_POSITIONS = {"roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "mpnet", "data2vec-text", "longformer"}
_UNSET = 1_000_000  # tokenizers say 1e30 where they know no limit
_FALLBACK = 512


def longest_input(config: PretrainedConfig, tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the most tokens a text may have, special tokens included: the tokenizer's limit or the positions."""
    limits = [int(tokenizer.model_max_length)]
    positions = getattr(config, "max_position_embeddings", None)  # not every foreign config has positions
    if positions and positions > 0:
        offset = (config.pad_token_id or 0) + 1 if config.model_type in _OFFSET_POSITIONS else 0
        limits.append(positions - offset)
    known = [limit for limit in limits if 0 < limit < _UNSET]
    return min(known) if known else _FALLBACK
