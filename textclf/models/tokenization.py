"""Tokenizers: read as the checkpoint's layout demands, always as fast ones that `tokenizer.json` can hold."""

from __future__ import annotations

from transformers import AutoTokenizer, PretrainedConfig, PreTrainedTokenizerBase

from ..errors import UserError
from .kobert import load_kobert
from .weights import Located


def load_tokenizer(located: Located, config: PretrainedConfig, trust_remote_code: bool) -> PreTrainedTokenizerBase:
    """Read a checkpoint's tokenizer; KoBERT's, which no stock class reads rightly, is converted.

    Raises:
        UserError: it cannot be read, or it is not a fast one.
    """
    kobert = load_kobert(located, config)
    if kobert is not None:
        return kobert
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            located.path_or_id, config=config, revision=located.revision, trust_remote_code=trust_remote_code
        )
    except (ValueError, OSError, ImportError) as error:
        first = str(error).strip().split("\n")[0]
        raise UserError(f"The tokenizer of {located.path_or_id} cannot be read: {first}") from error
    if not tokenizer.is_fast:
        raise UserError(
            f"The tokenizer of {located.path_or_id} ({type(tokenizer).__name__}) has no fast form, which a plain "
            "`pipeline()` needs. Choose a model that comes with a tokenizer.json."
        )
    return tokenizer
