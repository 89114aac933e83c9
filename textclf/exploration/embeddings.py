"""Sentence embeddings of texts."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from ..errors import UserError
from ..models.weights import Located

BATCH = 32
MOST_TOKENS = 500_000  # embedded without a GPU: some three minutes of a 22-million-parameter encoder on one core


class Embedder:
    """A sentence encoder; a plain Transformers checkpoint is pooled by the mean over its tokens."""

    def __init__(self, located: Located, trust_remote_code: bool = False) -> None:
        """Load it in fp32, on the GPU if there is one.

        Raises:
            UserError: it cannot be read.
        """
        try:
            self.model = SentenceTransformer(
                located.path_or_id,
                revision=located.revision,
                trust_remote_code=trust_remote_code,
                model_kwargs={"dtype": torch.float32},
            )
        except (OSError, ValueError, KeyError) as error:
            first = str(error).strip().split("\n")[0]
            raise UserError(f"The model {located.path_or_id} cannot embed sentences: {first}") from error
        self.model.eval()

    @property
    def longest(self) -> int:
        """Return how many tokens of a text are read."""
        return int(self.model.max_seq_length or 512)

    def affordable(self, mean_tokens: float, passes: int) -> int:
        """Return how many texts of a mean length are embedded `passes` times in a few minutes."""
        if self.model.device.type != "cpu":
            return 10**9
        return max(int(MOST_TOKENS / (passes * max(min(mean_tokens, self.longest), 1))), 2)

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return embeddings of unit length: float32 [N, D]."""
        composed = [unicodedata.normalize("NFC", text) for text in texts]
        vectors = self.model.encode(
            composed, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return np.asarray(vectors, dtype=np.float32)
