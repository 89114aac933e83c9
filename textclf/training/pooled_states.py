"""What the last layer of a linear head reads: an encoder's pooled states of texts, kept by content between runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from ..evaluation.baselines.cache import digest, digest_texts
from ..inference.classifier import Classifier, texts_of
from ..models.heads import last_linear
from ..models.open_head import is_open
from ..run_folder import RunFolder
from .resume import weights_digest

CACHE = Path(".cache/features")  # of the working folder; a file's name says all that its content depends on
LIBRARIES = ("torch", "transformers", "tokenizers")
PIECE = 1024  # texts whose digest is taken at once


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
        texts = texts_of(split)
        with without_last(self.model):
            parts = [weights_digest(self.model), self.model.config.to_json_string(use_diff=False)]
            parts += [self.tokenizer.backend_tokenizer.to_str(), *self.tokenizer.model_input_names]
            pieces = (texts[start : start + PIECE] for start in range(0, len(texts), PIECE))
            of_texts = [digest_texts(pieces), len(texts), self.max_length, self.model.device.type]
            name = digest([sha256("\n".join(parts).encode()).hexdigest(), of_texts, [version(x) for x in LIBRARIES]])
            path = CACHE / f"{name[:32]}.npy"
            if not path.exists():
                states = self.logits(texts)
                RunFolder(CACHE).write(path.name, lambda file: _save(file, states))
                return states
        return np.asarray(np.load(path))


def _save(path: Path, states: NDArray[np.float32]) -> None:
    with path.open("wb") as file:  # np.save would add .npy to a temporary name
        np.save(file, states)


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
