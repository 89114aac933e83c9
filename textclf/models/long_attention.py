"""Attention with dropout inside long texts on a processor: text by text, in pieces that stay in its cache.

Side by side, the scores of 32 texts of 512 tokens are 400 MB a layer, read and written a dozen times and kept for the
backward pass. Here only query, key, value, the result and a seed are kept, and the rest is computed again (Dao et al.
2022, "FlashAttention", section 3.1, whose tiles these pieces are; PyTorch's own such kernel for processors has no
dropout).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

# Scores computed at once: 1 MB in float32, what a core's second-level cache holds today.
CELLS = 2**18


class Setting(NamedTuple):
    """What a call of `attend_in_pieces` needs beside its tensors."""

    lengths: list[int]  # of the texts, R together
    scale: float
    dropout: float
    seed: int


def attend_in_pieces(query: Tensor, key: Tensor, value: Tensor, setting: Setting) -> Tensor:
    """Attend inside each text: query, key, value [R, H, d], texts end to end, to [R, H, d]; differentiable once.

    Computes in float32 whatever comes in. Of the weights, `setting.dropout` are dropped and the others made up for.
    """
    return _InPieces.apply(query, key, value, setting)


class _Piece(NamedTuple):
    """Some heads of one text, some of its queries: where they lie, and their part of each tensor, float32."""

    queries: slice
    keys: slice
    heads: slice


def _pieces(lengths: list[int], heads: int) -> Iterator[_Piece]:
    """Cut texts into pieces of at most CELLS scores (one query of one head at least)."""
    start = 0
    for length in filter(None, lengths):
        rows = max(1, min(length, CELLS // length))
        together = max(1, min(heads, CELLS // (rows * length)))
        for first in range(start, start + length, rows):
            for head in range(0, heads, together):
                queries = slice(first, min(first + rows, start + length))
                yield _Piece(queries, slice(start, start + length), slice(head, min(head + together, heads)))
        start += length


class _Space:
    """Room for one piece, taken once: asking the system for it again and again costs as much as computing."""

    def __init__(self, count: int, longest: int) -> None:
        self._rooms = [torch.empty(max(CELLS, longest)) for _ in range(count)]

    def of(self, room: int, shape: tuple[int, int, int]) -> Tensor:
        """Return a room as a tensor [h, r, t]."""
        return self._rooms[room][: shape[0] * shape[1] * shape[2]].view(shape)


class _Masks:
    """Which weights stay, piece after piece: equal in both passes, because it follows from the seed."""

    def __init__(self, setting: Setting) -> None:
        self._numbers = np.random.Generator(np.random.SFC64(setting.seed))
        self._share = setting.dropout * 256
        self._kind: np.dtype[Any] = np.dtype(np.uint8 if self._share < 255 else np.uint16)  # 256 keeps nothing

    def keep(self, weights: Tensor, kept: Tensor) -> Tensor:
        """Write the weights [h, r, t] that stay, and 0 for the others, into `kept`.

        Eight random bits decide on each, against a bound that is drawn for each query, so that the share is met.
        """
        shape, count = weights.shape, weights.numel()
        drawn = self._numbers.integers(0, 2**64, size=-(-count // 8), dtype=np.uint64).view(np.uint8)[:count]
        bounds = (self._share + self._numbers.random(shape[:2], dtype=np.float32)).astype(self._kind)
        np.multiply(weights.numpy(), drawn.reshape(shape) >= bounds[:, :, None], out=kept.numpy())
        return kept


class _InPieces(torch.autograd.Function):
    """The two passes; `ctx` carries what they share."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, setting: Setting) -> Tensor:
        masks, space = _Masks(setting), _Space(1, max(setting.lengths))
        result, sums = torch.empty_like(query), torch.empty(query.shape[1], query.shape[0], 1)
        with torch.autocast("cpu", enabled=False):
            q, k, v = _by_head(query, setting.scale), _by_head(key), _by_head(value, 1 / (1 - setting.dropout))
            for rows, columns, heads in _pieces(setting.lengths, query.shape[1]):
                shape = (heads.stop - heads.start, rows.stop - rows.start, columns.stop - columns.start)
                weights = torch.bmm(q[heads, rows], k[heads, columns].transpose(1, 2), out=space.of(0, shape))
                highest = weights.amax(2, keepdim=True)
                total = weights.sub_(highest).exp_().sum(2, keepdim=True)
                sums[heads, rows] = total.log().add_(highest)
                attended = torch.bmm(masks.keep(weights, weights), v[heads, columns]).div_(total)
                result[rows, heads] = attended.transpose(0, 1).to(result.dtype)
        ctx.save_for_backward(query, key, value, result, sums)
        ctx.setting = setting
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        query, key, value, result, sums = ctx.saved_tensors
        setting: Setting = ctx.setting
        masks, space = _Masks(setting), _Space(3, max(setting.lengths))
        with torch.autocast("cpu", enabled=False):
            q, k, v = _by_head(query, setting.scale), _by_head(key), _by_head(value)
            g = _by_head(gradient, 1 / (1 - setting.dropout))
            # What a row's weights lose together: their gradients' mean, which is the result's (there, section 3.1).
            common = torch.einsum("rhd,rhd->hr", gradient.float(), result.float())[:, :, None]
            dq, dk, dv = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
            for rows, columns, heads in _pieces(setting.lengths, query.shape[1]):
                shape = (heads.stop - heads.start, rows.stop - rows.start, columns.stop - columns.start)
                weights, kept, slopes = (space.of(room, shape) for room in range(3))
                queries, keys, ahead = q[heads, rows], k[heads, columns], g[heads, rows]
                torch.baddbmm(sums[heads, rows], queries, keys.transpose(1, 2), beta=-1, out=weights).exp_()
                masks.keep(weights, kept)
                dv[heads, columns] += torch.bmm(kept.transpose(1, 2), ahead)
                torch.bmm(ahead, v[heads, columns].transpose(1, 2), out=slopes).mul_(kept)
                slopes.addcmul_(weights, common[heads, rows], value=-1)  # of the scores
                dq[heads, rows] = torch.bmm(slopes, keys)
                dk[heads, columns] += torch.bmm(slopes.transpose(1, 2), queries)
        return _by_token(dq.mul_(setting.scale), query), _by_token(dk, key), _by_token(dv, value), None


def _by_head(values: Tensor, factor: float = 1.0) -> Tensor:
    """Return [R, H, d] as float32 [H, R, d], times a factor."""
    placed = torch.empty(values.shape[1], values.shape[0], values.shape[2]).copy_(values.transpose(0, 1))
    return placed if factor == 1 else placed.mul_(factor)


def _by_token(values: Tensor, like: Tensor) -> Tensor:
    """Return float32 [H, R, d] as [R, H, d] in the number format of `like`."""
    return values.transpose(0, 1).to(like.dtype)
