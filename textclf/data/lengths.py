"""Text lengths in tokens, and the `max_length` that covers enough of the training texts."""

from __future__ import annotations

from typing import Any

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from ..arguments import DataArguments
from ..errors import UserError
from .auditing.sampling import BATCH

SAMPLE = 50_000  # texts: the 99th percentile of that many has a standard error of 0.0005 in coverage
# Tokens that a text may have where few training texts tell too little of others: 1 to 10 % of 478 forum sentences were
# longer than the longest of 28 others, and cut (5 draws). Encoders of BERT's kind read as many.
UNCUT = 512
COVERAGES = (0.9, 0.95, 0.99, 1.0)


def token_lengths(
    tokenizer: PreTrainedTokenizerBase, split: Dataset, rows: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Count the tokens of each text (or pair), special tokens included, uncut: int64 [N] in the order of `rows`."""
    chosen = split if rows is None or len(rows) == len(split) else split.select(rows)
    counts = [_batch_lengths(tokenizer, batch) for batch in chosen.iter(BATCH)]
    return np.concatenate(counts) if counts else np.zeros(0, dtype=np.int64)


def _batch_lengths(tokenizer: PreTrainedTokenizerBase, batch: dict[str, Any]) -> NDArray[np.int64]:
    """Count tokens as training encodes them: a null or empty second text is no pair."""
    texts, seconds = batch["text"], batch.get("text_pair") or [None] * len(batch["text"])
    result = np.zeros(len(texts), dtype=np.int64)
    for paired in (False, True):
        at = [row for row, second in enumerate(seconds) if bool(second) == paired]
        if not at:
            continue
        words = [[texts[row] for row in at]] + ([[seconds[row] for row in at]] if paired else [])
        encoded = tokenizer(*words, truncation=False, padding=False, return_attention_mask=False, verbose=False)
        result[at] = [len(ids) for ids in encoded["input_ids"]]
    return result


def shortest_covering(lengths: NDArray[np.int64], coverage: float) -> int:
    """Return the shortest length that leaves a share `coverage` of the texts uncut."""
    if not len(lengths):
        return 0
    rank = int(np.ceil(coverage * len(lengths) - 1e-9))  # 0.07 * 100 is a little more than 7 in floating point
    return int(np.sort(lengths)[max(rank, 1) - 1])


def coverage_table(lengths: NDArray[np.int64]) -> dict[str, int]:
    """Return the lengths that cover 90, 95, 99 and 100 % of the texts, keyed by '0.9' and so on."""
    return {str(coverage): shortest_covering(lengths, coverage) for coverage in COVERAGES}


def auto_max_length(lengths: NDArray[np.int64], args: DataArguments, limit: int) -> int:
    """Return the tokens that training, `pipeline(truncation=True)` and serving cut texts to with `--max_length auto`.

    The shortest length that leaves `length_coverage` of the counted texts uncut, at least 4 (two special tokens, two
    of text), at most `limit`; not rounded, because batches are padded to their longest text only. Where the texts are
    too few to show that for others (`shows_coverage`) it is no less than UNCUT, as far as the model reads.
    """
    least = 4 if shows_coverage(len(lengths), args.length_coverage) else UNCUT
    return min(max(shortest_covering(lengths, args.length_coverage), least), limit)


def shows_coverage(n: int, coverage: float) -> bool:
    """Say whether the longest of n texts shows with 95 % confidence what a share of all texts stays below.

    n of them lie below a length that leaves more uncovered with a probability of at most coverage ** n (Wilks 1941,
    "Determination of sample sizes for setting tolerance limits"): 299 texts are enough for .99.
    """
    return coverage == 1 or coverage**n <= 0.05


def within_limit(asked: int, limit: int) -> int:
    """Return the length that was asked for.

    Raises:
        UserError: it is longer than the model can read.
    """
    if asked > limit:
        raise UserError(f"--max_length {asked} is more than the model can read; give {limit} at most, or 'auto'.")
    return asked
