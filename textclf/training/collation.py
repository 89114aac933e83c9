"""Rows as the tensors of a batch, padded to its longest text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from .encoding import IGNORED, Row

AUXILIARY = "auxiliary"
FOR_THE_LOSS = frozenset({"labels", AUXILIARY})  # parts of a batch that the model does not take


@dataclass(frozen=True)
class Padding:
    """A collator: rows to tensors, padded to the longest of the batch (rounded up to `multiple`)."""

    pad_id: int
    pad_type: int
    left: bool
    multiple: int

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase, multiple: int = 1) -> Padding:
        """Take padding ids and side from a tokenizer."""
        left = tokenizer.padding_side == "left"
        return cls(int(tokenizer.pad_token_id), int(tokenizer.pad_token_type_id), left, multiple)

    def __call__(self, rows: Sequence[Row]) -> dict[str, torch.Tensor]:
        """Return input_ids, attention_mask (and token_type_ids) int64 [B, T], labels int64 [B] or float32 [B, L].

        Where rows have further targets, `auxiliary` float32 [B, W] too.
        """
        lengths = np.array([len(row.input_ids) for row in rows])
        width = -(-int(lengths.max()) // self.multiple) * self.multiple
        real = np.arange(width)[None, :] < lengths[:, None]
        real = real[:, ::-1] if self.left else real
        batch = {
            "input_ids": self._padded([row.input_ids for row in rows], real, self.pad_id),
            "attention_mask": torch.from_numpy(real.astype(np.int64)),
            "labels": _labels(rows),
        }
        if rows[0].token_type_ids is not None:
            batch["token_type_ids"] = self._padded([row.token_type_ids for row in rows], real, self.pad_type)
        further = [row.auxiliary for row in rows if row.auxiliary is not None]
        if further:
            batch[AUXILIARY] = torch.from_numpy(np.stack(further))
        return batch

    def _padded(self, parts: list[Any], real: NDArray[np.bool_], fill: int) -> torch.Tensor:
        values = np.full(real.shape, fill, dtype=np.int64)
        values[real] = np.concatenate(parts)
        return torch.from_numpy(values)


def _labels(rows: Sequence[Row]) -> torch.Tensor:
    labels = np.stack([row.label for row in rows])
    labels = labels.astype(np.int64 if labels.ndim == 1 else np.float32)
    labels[[not row.counts for row in rows]] = IGNORED
    return torch.from_numpy(labels)
