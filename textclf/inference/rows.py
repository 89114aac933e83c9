"""Texts as rows of token ids in batches of similar length, whatever computes them. Loads no torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from .answers import Text

CHUNK = 4096  # texts tokenised and sorted at once: bounds memory, long enough to fill batches of equal length

Inputs = dict[str, NDArray[np.int64]]  # what a model takes: input_ids, attention_mask, token_type_ids, each [B, T]


@dataclass(frozen=True)
class EncodedRows:
    """Some texts as M rows of a model's inputs; with windows a text can have several rows."""

    start: int  # the number of the first of the texts among all that were given
    texts: int  # how many there are
    values: dict[str, list[list[int]]]  # input_ids, maybe token_type_ids: M rows each
    owners: NDArray[np.int64]  # [M], the number of each row's text, ascending

    def __len__(self) -> int:
        """Return the number of rows M."""
        return len(self.owners)

    @property
    def lengths(self) -> list[int]:
        """Return the number of tokens of each row."""
        return [len(ids) for ids in self.values["input_ids"]]


class RowEncoder:
    """A tokenizer with the length that texts are cut to: from texts to rows, from rows to padded batches."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, max_length: int) -> None:
        """Wrap a tokenizer; `max_length` counts tokens, special ones included."""
        self.tokenizer = tokenizer
        self.max_length = max_length
        self._left = tokenizer.padding_side == "left"
        self._fill = {"input_ids": tokenizer.pad_token_id or 0, "token_type_ids": tokenizer.pad_token_type_id}

    def chunks(self, texts: Sequence[Text], windows: bool = False) -> Iterator[EncodedRows]:
        """Yield the rows of CHUNK texts at a time, in order; the next ones are tokenised while these are used."""

        def read(start: int) -> EncodedRows:
            return self._encode(texts[start : start + CHUNK], start, windows)

        starts = range(0, len(texts), CHUNK)
        if len(starts) < 2:
            yield from map(read, starts)
            return
        with ThreadPoolExecutor(1, "tokenising") as pool:
            coming = pool.submit(read, starts[0])
            for start in starts[1:]:
                ready = coming.result()
                coming = pool.submit(read, start)
                yield ready
            yield coming.result()

    def batch(self, rows: EncodedRows, taken: Sequence[int]) -> Inputs:
        """Return some rows as arrays int64 [B, T], padded to the longest of them on the tokenizer's side."""
        lengths = np.array([len(rows.values["input_ids"][i]) for i in taken])
        real = np.arange(lengths.max()) < lengths[:, None]
        real = real[:, ::-1] if self._left else real
        inputs = {name: np.full(real.shape, self._fill[name], dtype=np.int64) for name in rows.values}
        for name, values in inputs.items():
            values[real] = np.concatenate([rows.values[name][i] for i in taken])
        if "attention_mask" in self.tokenizer.model_input_names:
            inputs["attention_mask"] = real.astype(np.int64)
        return inputs

    def _encode(self, texts: Sequence[Text], start: int, windows: bool) -> EncodedRows:
        """Tokenise texts, alone or in pairs; a null or empty second text is none."""
        single = [i for i, text in enumerate(texts) if isinstance(text, str) or not text[1]]
        paired = sorted(set(range(len(texts))) - set(single))
        names = {"input_ids", "token_type_ids"} & {"input_ids", *self.tokenizer.model_input_names}
        values: dict[str, list[list[int]]] = {name: [] for name in names}
        owners: list[int] = []
        for indices in filter(None, (single, paired)):
            first = [text if isinstance(text, str) else text[0] for text in (texts[i] for i in indices)]
            second = [texts[i][1] or "" for i in indices] if indices is paired else None
            if second is not None and windows:
                parts = [self._windows_of_pair(*pair) for pair in zip(first, second, strict=True)]
            else:
                parts = [self._tokenise(first, second, windows)]
            for place, encoded in enumerate(parts):
                of_rows = encoded.get("overflow_to_sample_mapping", range(len(encoded["input_ids"])))
                owners += [indices[place + i] for i in of_rows]
                for name in names:
                    values[name] += encoded[name]
        order = np.argsort(np.array(owners, dtype=np.int64), kind="stable")
        in_order = {name: [rows[i] for i in order] for name, rows in values.items()}
        return EncodedRows(start, len(texts), in_order, np.array(owners, dtype=np.int64)[order] + start)

    def _tokenise(self, first: list[str], second: list[Any] | None, windows: bool) -> Any:
        stride = max(0, (self.max_length - self.tokenizer.num_special_tokens_to_add(pair=True)) // 2)
        return self.tokenizer(
            first,
            second,
            truncation=True,
            max_length=self.max_length,
            return_attention_mask=False,
            return_overflowing_tokens=windows,
            stride=stride if windows else 0,  # of neighbouring windows: half of the text that fits in one
        )

    def _windows_of_pair(self, first: str, second: str) -> Any:
        """Tokenise a pair as windows over its longer text; the shorter keeps at most half of the room beside each.

        With truncation="longest_first" both texts lose tokens, and tokenizers end the whole process (a Rust panic)
        where what is left of one is not longer than the overlap.
        """
        room = self.max_length - self.tokenizer.num_special_tokens_to_add(pair=True)
        counts = [self._count(text) for text in (first, second)]
        if sum(counts) <= room:
            return self._tokenise([first], [second], windows=False)
        texts, longer = [first, second], 0 if counts[0] >= counts[1] else 1
        other = 1 - longer
        while counts[other] > room // 2:
            texts[other] = texts[other][: len(texts[other]) * (room // 2) // counts[other]]
            counts[other] = self._count(texts[other])
        return self.tokenizer(
            *([text] for text in texts),
            truncation=("only_first", "only_second")[longer],
            max_length=self.max_length,
            return_attention_mask=False,
            return_overflowing_tokens=True,
            stride=(room - counts[other]) // 2,
        )

    def _count(self, text: str) -> int:
        return len(self.tokenizer(text, add_special_tokens=False, return_attention_mask=False)["input_ids"])


def batches_by_length(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Yield the indices in batches of similar length, longest first, at most `budget` tokens with padding each."""
    order = np.argsort(-np.asarray(lengths), kind="stable")
    start = 0
    while start < len(order):
        longest = max(1, lengths[order[start]])
        size = max(1, budget // longest)
        yield order[start : start + size].tolist()
        start += size
