"""Embeddings of the tokens that occur, and of no others, while a model is trained.

Most of a multilingual encoder is embeddings (XLM-R base: 192 of 278 million parameters), and most of their tokens do
not occur in the texts at hand. Such a row gets no gradient; all that AdamW does to it is weight decay, the same to
every such row. So the rows that occur are trained, with one row of ones beside them that no text uses: what decay has
made of it is the factor for all the others. The result is that of the whole model, within float32's rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.training_args import OptimizerNames

from .encoding import EncodedTexts
from .fit_arguments import FitArguments

# Families that do nothing with a token's number but look its embedding up, and know padding by it.
LOOK_UP_ONLY = {
    "bert",
    "roberta",
    "xlm-roberta",
    "camembert",
    "electra",
    "distilbert",
    "deberta-v2",
    "modernbert",
    "mpnet",
}
_ROW_BY_ROW = {OptimizerNames.ADAMW_TORCH, OptimizerNames.ADAMW_TORCH_FUSED}  # not Adafactor, say
_LARGEST_PAD_ID = 100  # what lies below it stays too
_LEAST_UNUSED = 0.25  # a smaller share of unused rows is not worth the renumbering


class Vocabulary(NamedTuple):
    """Which of V tokens occur: U of them, in their order."""

    rows: Tensor  # int64 [U], their numbers in the whole vocabulary
    numbers: NDArray[np.int32]  # [V], their numbers among those that occur
    whole: Tensor  # [V, d], the embeddings before training
    name: str  # of the embeddings among the model's parameters

    def shrink(self, embedding: nn.Embedding) -> None:
        """Leave in an embedding the rows that occur, and a row of ones behind them."""
        ones = self.whole.new_ones(1, self.whole.shape[1])
        _replace(embedding, torch.cat([self.whole[self.rows], ones]))

    def expand(self, weight: Tensor) -> Tensor:
        """Return all V embeddings from those trained, [U + 1, d]."""
        decay = weight[-1:].to(self.whole)
        grown = self.whole * decay
        grown[self.rows] = weight[:-1].to(self.whole)
        return grown


def occurring(
    model: PreTrainedModel, splits: Sequence[EncodedTexts], pad_id: int, args: FitArguments
) -> Vocabulary | None:
    """Return the tokens of the splits, where training them alone pays and changes nothing; None elsewhere."""
    wanted = args.compact_vocabulary and not args.sharded and args.optim in _ROW_BY_ROW
    if not wanted or model.config.model_type not in LOOK_UP_ONLY or getattr(model.config, "is_decoder", False):
        return None
    embedding = model.get_input_embeddings()
    plain = type(embedding) is nn.Embedding and embedding.weight.requires_grad and pad_id <= _LARGEST_PAD_ID
    parameters = model.named_parameters(remove_duplicate=False)
    names = [name for name, parameter in parameters if parameter is embedding.weight]
    if not plain or len(names) != 1:
        return None
    seen = np.zeros(len(embedding.weight), dtype=bool)
    for split in splits:
        split.input_ids.mark(seen)
    seen[: pad_id + 1] = True  # padding is known by its number, which it so keeps
    if seen.mean() > 1 - _LEAST_UNUSED:
        return None
    numbers = (np.cumsum(seen) - 1).astype(np.int32)
    return Vocabulary(torch.from_numpy(np.flatnonzero(seen)), numbers, embedding.weight.detach(), names[0])


@contextmanager
def only(
    vocabulary: Vocabulary | None, model: PreTrainedModel, splits: tuple[EncodedTexts, ...]
) -> Iterator[tuple[EncodedTexts, ...]]:
    """Let a model hold the embeddings of `vocabulary` alone inside the context; gives the splits in its numbers."""
    if vocabulary is None:
        yield splits
        return
    embedding = model.get_input_embeddings()
    vocabulary.shrink(embedding)
    try:
        yield tuple(split.renumbered(vocabulary.numbers) for split in splits)
    finally:
        trained = embedding.weight.detach()
        _replace(embedding, vocabulary.expand(trained).to(trained.device))


def _replace(embedding: nn.Embedding, weight: Tensor) -> None:
    embedding.weight = nn.Parameter(weight)
    embedding.num_embeddings = len(weight)
