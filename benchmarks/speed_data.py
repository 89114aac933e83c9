"""Rows for the speed benchmark: token ids of real data sets, or made-up ones with the lengths of real texts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textclf.labels import LabelSpace
from textclf.training.encoding import EncodedTexts, TokenLists

# Median and spread (log-normal) of token counts: comments with bert-base-uncased, news with the same.
# `full`: every text fills the length that it is cut to.
LENGTHS = {"short": (36, 0.5), "long": (150, 0.8), "full": (1e6, 0.0)}
VOCABULARY = 30_522  # of bert-base-uncased
CLS, SEP = 101, 102


class Rows(NamedTuple):
    """A named set of encoded texts, and the texts of the whole data set, which tell what tokens occur."""

    name: str
    texts: EncodedTexts
    whole: EncodedTexts
    labels: LabelSpace
    max_length: int


def real_rows(name: str, data_dir: str | None, model: str, rows: int, max_length: int) -> Rows:
    """Tokenise the first `rows` shuffled training texts of one of the project's data sets."""
    # only here: a machine without the data can lack these packages too
    from transformers import AutoTokenizer

    from textclf.arguments import DataArguments
    from textclf.data.loading import load_splits
    from textclf.models.weights import locate
    from textclf.training.encoding import tokenise

    splits, _ = load_splits(DataArguments(dataset=name, data_dir=data_dir))
    train = splits["train"].shuffle(seed=0)
    tokenizer = AutoTokenizer.from_pretrained(locate(model, None).path_or_id)
    texts = tokenise(train.select(range(min(rows, len(train)))), tokenizer, max_length)
    whole = tokenise(train, tokenizer, max_length)
    return Rows(f"{name}, cut to {max_length}", texts, whole, LabelSpace.from_features(train.features), max_length)


def made_rows(kind: str, rows: int, max_length: int) -> Rows:
    """Make ids by Zipf's law in lengths like `kind`; the label says which of two words stands first."""
    random = np.random.default_rng(0)
    median, spread = LENGTHS[kind]
    lengths = random.lognormal(np.log(median), spread, rows).clip(8, max_length).astype(np.int64)
    ranks = random.zipf(1.2, int(lengths.sum())) % (VOCABULARY - 2000)
    ids: NDArray[np.int32] = (ranks + 1999).astype(np.int32)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    gold = random.integers(0, 2, rows)
    ids[starts], ids[starts + 1], ids[starts + lengths - 1] = CLS, 5000 + gold, SEP
    labels = LabelSpace(("no", "yes"), multi_label=False)
    texts = EncodedTexts(TokenLists.of(ids, lengths), None, gold)
    return Rows(f"made up, {kind}, cut to {max_length}", texts, texts, labels, max_length)
