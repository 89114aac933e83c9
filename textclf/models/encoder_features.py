"""Features of texts from an encoder as it comes, untouched by training."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel

from ..arguments import ModelArguments
from .checkpoint import prepare_tokenizer
from .encoder import load_config
from .limits import longest_input
from .text_features import Text
from .tokenization import load_tokenizer
from .weights import locate

LONGEST = 512  # tokens of a text that are read, where the encoder could take more
BATCH, TOKENS = 64, 8192  # texts of a batch, and their tokens, padding included, as far as characters tell


class FrozenEncoder:
    """An encoder whose last states are read off: the mean over a text's tokens, and the first token's."""

    def __init__(self, args: ModelArguments) -> None:
        """Load the encoder of a recipe in fp32, on the GPU if there is one.

        Raises:
            UserError: the model cannot be found or read.
        """
        located = locate(args.model, args.model_revision)
        config = load_config(located, args.trust_remote_code)
        self.tokenizer = prepare_tokenizer(load_tokenizer(located, config, args.trust_remote_code))
        if self.tokenizer.pad_token is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token or self.tokenizer.unk_token
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = AutoModel.from_pretrained(
            located.path_or_id,
            revision=located.revision,
            trust_remote_code=args.trust_remote_code,
            dtype=torch.float32,
        )
        self.model.eval().to(device)
        self.max_length = min(LONGEST, longest_input(config, self.tokenizer))

    @torch.inference_mode()
    def __call__(self, texts: Sequence[Text]) -> NDArray[np.float32]:
        """Return float32 [N, 2 * hidden size]: mean over tokens, then first token."""
        lengths = [len(text if isinstance(text, str) else "".join(part or "" for part in text)) for text in texts]
        order = np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable")  # long ones first: little padding
        parts: dict[int, NDArray[np.float32]] = {}
        start = 0
        while start < len(order):
            longest = max(1, min(self.max_length, lengths[order[start]]))
            batch = order[start : start + max(1, min(BATCH, TOKENS // longest))].tolist()
            start += len(batch)
            for index, row in zip(batch, self._states([texts[i] for i in batch]), strict=True):
                parts[index] = row
        width = 2 * self.model.config.hidden_size
        return np.stack([parts[i] for i in range(len(texts))]) if parts else np.zeros((0, width), dtype=np.float32)

    def _states(self, texts: Sequence[Text]) -> NDArray[np.float32]:
        given = [text if isinstance(text, str) or text[1] else text[0] for text in texts]
        encoded = [self.tokenizer(*_fields(text), truncation=True, max_length=self.max_length) for text in given]
        inputs = self.tokenizer.pad(encoded, return_tensors="pt").to(self.model.device)
        states = self.model(**inputs).last_hidden_state
        mask = inputs["attention_mask"].unsqueeze(-1).to(states.dtype)
        mean = (states * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
        return np.asarray(torch.cat([mean, states[:, 0]], dim=1).float().cpu().numpy())


def identity(args: ModelArguments) -> str:
    """Return what tells the features of one encoder from another's: its commit, or the bytes of its folder's files."""
    located = locate(args.model, args.model_revision)
    folder = Path(located.path_or_id)
    if not folder.is_dir():
        return f"{located.path_or_id}@{located.revision}"
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("*.json"), *folder.glob("*.safetensors"), *folder.glob("*.bin")]):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _fields(text: Text) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(part for part in text if part is not None)
