"""Texts as token ids: a split tokenised once, and batches padded to their longest text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset as RowDataset
from transformers import PreTrainedTokenizerBase

from ..labels import LabelSpace
from .machine import available_cores

if TYPE_CHECKING:  # what a machine without them can do without: batches of ids need neither
    import pyarrow as pa
    from datasets import Dataset

# Below this a pool of processes costs more than it saves (200 rows: 1 s against milliseconds).
PARALLEL_ROWS = 100_000
IGNORED = -100  # the label of a row that stands in for none: PyTorch's own ignore_index


class Row(NamedTuple):
    """One encoded text: ids and segment ids int32 [T], its label (int) or 0/1 labels uint8 [L], None for no text."""

    input_ids: NDArray[np.int32]
    token_type_ids: NDArray[np.int32] | None
    label: Any  # np.int64, or NDArray[np.uint8]
    counts: bool


class EncodedTexts(RowDataset[Row]):
    """A tokenised split, kept as flat arrays: row i lies at `offsets[i]:offsets[i + 1]`; `self[-1]` is a stand-in."""

    def __init__(
        self,
        input_ids: NDArray[np.int32],
        token_type_ids: NDArray[np.int32] | None,
        lengths: NDArray[np.int64],
        labels: NDArray[np.int64],
    ) -> None:
        """Take flat ids [sum of lengths], lengths [N] and labels int64 [N] or 0/1 [N, L]."""
        self.input_ids = input_ids
        self.token_type_ids = token_type_ids
        self.lengths = lengths
        self.offsets = np.concatenate([[0], np.cumsum(lengths)])
        self.labels = labels if labels.ndim == 1 else labels.astype(np.uint8)

    def __len__(self) -> int:
        """Return the number of texts N."""
        return len(self.lengths)

    def __getitem__(self, index: int) -> Row:
        """Return row `index`; a negative index gives row 0 with nothing to learn from it."""
        counts, index = index >= 0, max(index, 0)
        part = slice(self.offsets[index], self.offsets[index + 1])
        types = None if self.token_type_ids is None else self.token_type_ids[part]
        return Row(self.input_ids[part], types, self.labels[index], counts)

    def sorted_by_length(self) -> EncodedTexts:
        """Return the same rows, longest first: figures over a whole split do not depend on the order."""
        order = np.argsort(-self.lengths, kind="stable")
        flat = np.concatenate([np.arange(self.offsets[i], self.offsets[i + 1]) for i in order])
        types = None if self.token_type_ids is None else self.token_type_ids[flat]
        return EncodedTexts(self.input_ids[flat], types, self.lengths[order], self.labels[order].astype(np.int64))


def encode(split: Dataset, tokenizer: PreTrainedTokenizerBase, max_length: int) -> EncodedTexts:
    """Tokenise a split with columns `text`, `labels` and maybe `text_pair`, cut to `max_length` tokens.

    A pair is cut longest text first; a null or empty second text is no pair. The result is cached beside the data set.
    """
    pairs = "text_pair" in split.column_names
    columns = ["text", "text_pair"] if pairs else ["text"]
    encoded = split.select_columns(columns).map(
        _tokenise,
        batched=True,
        fn_kwargs={"tokenizer": tokenizer, "max_length": max_length},
        remove_columns=columns,
        num_proc=available_cores() if len(split) >= PARALLEL_ROWS else None,
        desc="Tokenising",
    )
    table = encoded.with_format("arrow")[:]
    ids, lengths = _flat(table, "input_ids")
    types = _flat(table, "token_type_ids")[0] if "token_type_ids" in table.column_names else None
    return EncodedTexts(ids, types, lengths, LabelSpace.from_features(split.features).gold(split))


def _tokenise(
    batch: dict[str, list[Any]], tokenizer: PreTrainedTokenizerBase, max_length: int
) -> dict[str, list[list[int]]]:
    texts = batch["text"]
    seconds = batch.get("text_pair") or [None] * len(texts)
    names = [name for name in ("input_ids", "token_type_ids") if name in {"input_ids", *tokenizer.model_input_names}]
    result: dict[str, list[list[int]]] = {name: [[]] * len(texts) for name in names}
    for paired in (False, True):
        rows = [i for i, second in enumerate(seconds) if bool(second) is paired]
        if rows:
            words = [[texts[i] for i in rows], *([[seconds[i] for i in rows]] if paired else [])]
            done = tokenizer(*words, truncation="longest_first", max_length=max_length, return_attention_mask=False)
            for name in names:
                for i, ids in zip(rows, done[name], strict=True):
                    result[name][i] = ids
    return result


def _flat(table: pa.Table, column: str) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return a list column's values end to end, and the length of each list."""
    lists = table.column(column).combine_chunks()
    values = lists.flatten().to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
    return values, np.diff(lists.offsets.to_numpy()).astype(np.int64)


@dataclass(frozen=True)
class Padding:
    """A collator: rows to tensors, padded to the longest of the batch (rounded up to `multiple`)."""

    pad_id: int = 0
    pad_type: int = 0
    left: bool = False
    multiple: int = 1

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase, multiple: int = 1) -> Padding:
        """Take padding ids and side from a tokenizer."""
        left = tokenizer.padding_side == "left"
        return cls(int(tokenizer.pad_token_id), int(tokenizer.pad_token_type_id), left, multiple)

    def __call__(self, rows: Sequence[Row]) -> dict[str, torch.Tensor]:
        """Return input_ids, attention_mask (and token_type_ids) int64 [B, T], labels int64 [B] or float32 [B, L]."""
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
