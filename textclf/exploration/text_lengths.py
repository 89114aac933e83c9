"""How long the training texts are, in characters and in tokens, and the `max_length` that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from ..arguments import DataArguments
from ..data.auditing.sampling import BATCH, sample_rows
from ..data.lengths import SAMPLE, auto_max_length, coverage_table, shows_coverage, token_lengths, within_limit
from ..data.model_text import whole_texts

BINS = 40
SHOWN = 0.995  # share of the texts inside the histogram's axis; the longest few would squeeze all others
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Distribution:
    """Lengths of many texts."""

    covering: dict[str, int]
    """'0.9' ... '1.0' -> the shortest length that leaves that share of the texts uncut."""
    edges: NDArray[np.float64]
    """Bounds of the histogram's bins: [B + 1]; texts beyond the last one are counted in `beyond`."""
    counts: NDArray[np.int64]
    beyond: int
    per_label: NDArray[np.float64]
    """The 5, 25, 50, 75, 95 % quantiles among the texts of each label: [L, 5], NaN where a label has none."""


class TextLengths(NamedTuple):
    """Both measures of the same texts."""

    characters: Distribution
    tokens: Distribution
    counted: int
    max_length: int
    """What training would cut texts to, in tokens."""
    few: bool
    """Whether the texts are too few to tell how long others are, so that `max_length` has room for these."""
    limit: int
    """The most tokens that the model can read."""
    cut: int
    """Counted texts that are longer than `max_length`."""
    mean_tokens: float


def measure_lengths(
    train: Dataset, carried: NDArray[np.int64], tokenizer: PreTrainedTokenizerBase, args: DataArguments, limit: int
) -> TextLengths:
    """Measure the training texts (a random 50,000 of them at most); `carried` is 0/1 [N, L].

    Both fields of a pair count, and tokens as training encodes them, special tokens included. Tokens are counted on
    the sample from which `max_length: auto` is chosen in training.

    Raises:
        UserError: a `max_length` is asked for that the model cannot take.
    """
    rows = sample_rows(len(train), SAMPLE)
    tokens = token_lengths(tokenizer, train, rows)
    chosen = within_limit(int(args.max_length), limit) if args.max_length != "auto" else None
    max_length = chosen or auto_max_length(tokens, args, limit)
    return TextLengths(
        characters=_distribution(character_lengths(train, rows), carried[rows]),
        tokens=_distribution(tokens, carried[rows]),
        counted=len(rows),
        max_length=max_length,
        few=chosen is None and not shows_coverage(len(rows), args.length_coverage),
        limit=limit,
        cut=int((tokens > max_length).sum()),
        mean_tokens=float(tokens.mean()),
    )


def character_lengths(train: Dataset, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the characters (Unicode code points) of whole texts: int64 [n] in the order of `rows`."""
    chosen = train if len(rows) == len(train) else train.select(rows)
    counts = [len(text) for batch in chosen.iter(BATCH) for text in whole_texts(batch)]
    return np.array(counts, dtype=np.int64)


def _distribution(lengths: NDArray[np.int64], carried: NDArray[np.int64]) -> Distribution:
    last = max(int(np.quantile(lengths, SHOWN, method="higher")), 1)
    step = max(-(-last // BINS), 1)  # whole numbers: a bin of 2.5 characters would make a comb of the histogram
    edges = np.arange(0, last + step + 1, step, dtype=np.float64)
    counts, _ = np.histogram(lengths[lengths < edges[-1]], bins=edges)
    per_label = np.full((carried.shape[1], len(QUANTILES)), np.nan)
    for label in np.flatnonzero(carried.sum(axis=0)):
        per_label[label] = np.quantile(lengths[carried[:, label] == 1], QUANTILES)
    return Distribution(
        covering=coverage_table(lengths),
        edges=edges,
        counts=counts.astype(np.int64),
        beyond=int((lengths >= edges[-1]).sum()),
        per_label=per_label,
    )
