"""What the last layer of a linear head reads: an encoder's pooled states of texts, kept between runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import version

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from ..evaluation.baselines.cache import digest
from ..inference.classifier import Classifier, texts_of
from ..models.heads import last_linear
from ..models.open_head import is_open
from .resume import weights_digest
from .state_cache import StateCache

LIBRARIES = ("torch", "transformers", "tokenizers")


class PooledStates(Classifier):
    """A classifier with an open linear head, read one step before its logits."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, max_length: int) -> None:
        """Take a model whose head is open, and the tokens that a text is cut to."""
        assert is_open(model)
        super().__init__(model.to("cuda" if torch.cuda.is_available() else "cpu"), tokenizer)
        self.max_length = max_length
        self.width = last_linear(model).in_features

    def of(self, split: Dataset) -> NDArray[np.float32]:
        """Return the states of a split's texts, float32 [N, d], from the cache where they are there."""
        with without_last(self.model):
            parts = [weights_digest(self.model), self.model.config.to_json_string(use_diff=False)]
            parts += [self.tokenizer.backend_tokenizer.to_str(), *self.tokenizer.model_input_names]
            of_encoder = [sha256("\n".join(parts).encode()).hexdigest(), self.max_length, self.model.device.type]
            cache = StateCache(digest(of_encoder, [version(library) for library in LIBRARIES]))
            return cache.states(texts_of(split), self.logits)


@contextmanager
def without_last(model: PreTrainedModel) -> Iterator[None]:
    """Leave a model's last linear layer out for a while."""
    last = last_linear(model)
    name = next(name for name, module in model.named_modules() if module is last)
    model.set_submodule(name, nn.Identity())
    try:
        yield
    finally:
        model.set_submodule(name, last)
