"""Texts as token ids: a split tokenised once, its rows given out one by one."""

from __future__ import annotations

import hashlib
import logging
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset as RowDataset
from transformers import PreTrainedTokenizerBase

from ..labels import LabelSpace
from .auxiliary import Auxiliary, read_auxiliary
from .machine import available_cores

if TYPE_CHECKING:  # what a machine without them can do without: batches of ids need neither
    import pyarrow as pa
    from datasets import Dataset

logger = logging.getLogger(__name__)

# Below this a pool of processes costs more than it saves (200 rows: 1 s against milliseconds).
PARALLEL_ROWS = 100_000
ROWS_AT_ONCE = 10_000  # rows of labels read at once
IGNORED = -100  # the label of a row that stands in for none: PyTorch's own ignore_index


class Row(NamedTuple):
    """One encoded text: ids and segment ids [T], its label (int) or 0/1 labels uint8 [L], False for a stand-in.

    `auxiliary` is what else is learned from it, float32 [W].
    """

    input_ids: NDArray[np.int32]
    token_type_ids: NDArray[np.int8] | None
    label: Any  # np.int64, or NDArray[np.uint8]
    counts: bool
    auxiliary: NDArray[np.float32] | None = None


class TokenLists:
    """The ids of N texts, left where they lie (in memory-mapped pieces of Arrow, say): text i is `self[i]`, [T]."""

    def __init__(
        self,
        pieces: Sequence[tuple[NDArray[Any], NDArray[np.integer[Any]]]],
        numbers: NDArray[np.int32] | None = None,
    ) -> None:
        """Take pieces in order, each its values and the offsets of its n texts among them, [n + 1].

        `numbers` [V], where given, is what is given out for each value.
        """
        self.numbers = numbers
        self._pieces = [piece for piece in pieces if len(piece[1]) > 1]
        self._first = [0, *accumulate(len(offsets) - 1 for _, offsets in self._pieces)]
        self.lengths = np.concatenate(
            [np.zeros(0, dtype=np.int64), *(np.diff(offsets).astype(np.int64) for _, offsets in self._pieces)]
        )

    @classmethod
    def of(cls, values: NDArray[Any], lengths: NDArray[np.int64]) -> TokenLists:
        """Take all texts' values end to end, and each text's length."""
        return cls([(values, np.concatenate([[0], np.cumsum(lengths)]))])

    def __getitem__(self, index: int) -> NDArray[Any]:
        """Return the ids of one text."""
        piece = bisect_right(self._first, index) - 1
        values, offsets = self._pieces[piece]
        at = index - self._first[piece]
        found = values[offsets[at] : offsets[at + 1]]
        return found if self.numbers is None else self.numbers[found]

    def renumbered(self, numbers: NDArray[np.int32]) -> TokenLists:
        """Return the same texts in other numbers: `numbers[id]`, [V]."""
        return TokenLists(self._pieces, numbers)

    def followed_by(self, other: TokenLists) -> TokenLists:
        """Return these texts and others; neither renumbered."""
        assert self.numbers is None
        assert other.numbers is None
        return TokenLists([*self._pieces, *other._pieces])

    def mark(self, seen: NDArray[np.bool_]) -> None:
        """Set `seen` [V] for every id that occurs."""
        for values, offsets in self._pieces:
            seen[values[offsets[0] : offsets[-1]]] = True

    def add_to(self, digest: hashlib.blake2b) -> None:
        """Let a digest take in all texts, however they lie in pieces."""
        digest.update(self.lengths.data)
        for values, offsets in self._pieces:
            digest.update(np.ascontiguousarray(values[offsets[0] : offsets[-1]]).data)


class EncodedTexts(RowDataset[Row]):
    """A tokenised split; `self[-1]` is a stand-in for a text, with nothing to learn from it."""

    def __init__(
        self,
        input_ids: TokenLists,
        token_type_ids: TokenLists | None,
        labels: NDArray[np.integer[Any]],
        order: NDArray[np.int64] | None = None,
        auxiliary: Auxiliary | None = None,
    ) -> None:
        """Take the ids of N texts, labels int64 [N] or 0/1 [N, L], and the order they are given out in (or theirs).

        `auxiliary` are the texts' further targets, where they have some.
        """
        self.input_ids = input_ids
        self.token_type_ids = token_type_ids
        self._labels = labels if labels.ndim == 1 else labels.astype(np.uint8, copy=False)
        self._order = order
        self.auxiliary = auxiliary

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Return the number of tokens of each text: int64 [N]."""
        return self.input_ids.lengths if self._order is None else self.input_ids.lengths[self._order]

    @property
    def labels(self) -> NDArray[np.integer[Any]]:
        """Return the labels: int64 [N], or 0/1 uint8 [N, L]."""
        return self._labels if self._order is None else self._labels[self._order]

    @property
    def known_labels(self) -> NDArray[np.integer[Any]]:
        """Return the labels of those texts that have some: [M], or 0/1 [M, L]."""
        return self.labels if self.auxiliary is None else self._labels[self.auxiliary.values[:, 0] > 0]

    def __len__(self) -> int:
        """Return the number of texts N."""
        return len(self._labels)

    def __getitem__(self, index: int) -> Row:
        """Return row `index`; a negative index gives row 0 with nothing to learn from it."""
        counts, index = index >= 0, max(index, 0)
        at = index if self._order is None else int(self._order[index])
        types = None if self.token_type_ids is None else self.token_type_ids[at]
        beside = None if self.auxiliary is None else self.auxiliary.values[at]
        return Row(self.input_ids[at], types, self._labels[at], counts, beside)

    def digest(self) -> str:
        """Return 16 hexadecimal digits that follow from ids, segment ids, labels and further targets, in order."""
        digest = hashlib.blake2b(digest_size=8)
        for lists in (self.input_ids, self.token_type_ids):
            if lists is not None:
                lists.add_to(digest)
        digest.update(np.ascontiguousarray(self._labels).data)
        if self.auxiliary is not None:
            self.auxiliary.add_to(digest)
        return digest.hexdigest()

    def renumbered(self, numbers: NDArray[np.int32]) -> EncodedTexts:
        """Return the same rows with ids in other numbers: `numbers[id]`, [V]."""
        return EncodedTexts(
            self.input_ids.renumbered(numbers), self.token_type_ids, self._labels, self._order, self.auxiliary
        )

    def followed_by(self, other: EncodedTexts) -> EncodedTexts:
        """Return the rows of both, in their splits' orders; of texts without further targets."""
        assert self.auxiliary is None
        assert other.auxiliary is None
        types = None
        if self.token_type_ids is not None and other.token_type_ids is not None:
            types = self.token_type_ids.followed_by(other.token_type_ids)
        labels = np.concatenate([self._labels, other._labels])
        return EncodedTexts(self.input_ids.followed_by(other.input_ids), types, labels)

    def in_split_order(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values [N, ...], given in the order that the rows are given out in, in the split's own."""
        if self._order is None:
            return values
        placed = np.empty_like(values)
        placed[self._order] = values
        return placed

    def sorted_by_length(self) -> EncodedTexts:
        """Return the same rows, longest first: figures over a whole split do not depend on the order."""
        order = np.argsort(-self.input_ids.lengths, kind="stable")
        return EncodedTexts(self.input_ids, self.token_type_ids, self._labels, order, self.auxiliary)


def tokenise(split: Dataset, tokenizer: PreTrainedTokenizerBase, max_length: int) -> EncodedTexts:
    """Tokenise a split with columns `text`, `labels` and maybe `text_pair`, cut to `max_length` tokens.

    A pair is cut longest text first; a null or empty second text is no pair. The result is cached beside the data set.
    """
    pairs = "text_pair" in split.column_names
    columns = ["text", "text_pair"] if pairs else ["text"]
    workers = available_cores() if len(split) >= PARALLEL_ROWS else None
    if workers:
        logger.info("Tokenising %s texts in %d processes, unless the cache has them.", f"{len(split):,}", workers)
    encoded = split.select_columns(columns).map(
        _token_ids,
        batched=True,
        fn_kwargs={"tokenizer": tokenizer, "max_length": max_length},
        remove_columns=columns,
        num_proc=workers,
        desc="Tokenising",
    )
    table = encoded.with_format("arrow")[:]
    types = _lists(table, "token_type_ids") if "token_type_ids" in table.column_names else None
    return EncodedTexts(_lists(table, "input_ids"), types, _gold(split), auxiliary=read_auxiliary(split))


def _token_ids(
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


def _lists(table: pa.Table, column: str) -> TokenLists:
    """Return a column of lists without copying it: 5 million texts are many times what their lengths take."""
    chunks = table.column(column).chunks
    return TokenLists([(chunk.values.to_numpy(), chunk.offsets.to_numpy()) for chunk in chunks])


def _gold(split: Dataset) -> NDArray[np.integer[Any]]:
    """Return a split's labels: int64 [N], or 0/1 uint8 [N, L], an eighth of what `LabelSpace.gold` takes."""
    space = LabelSpace.from_features(split.features)
    if not space.multi_label:
        return space.gold(split)
    gold = np.zeros((len(split), len(space)), dtype=np.uint8)
    for number, batch in enumerate(split.select_columns("labels").iter(ROWS_AT_ONCE)):
        gold[number * ROWS_AT_ONCE :][:ROWS_AT_ONCE] = space.encode(batch["labels"])
    return gold
