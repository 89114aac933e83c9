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
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from .dropout import LEVELS

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
    for length in lengths:
        rows = max(1, min(length, CELLS // length))
        together = max(1, min(heads, CELLS // (rows * length)))
        for first in range(start, start + length, rows):
            for head in range(0, heads, together):
                queries = slice(first, min(first + rows, start + length))
                yield _Piece(queries, slice(start, start + length), slice(head, min(head + together, heads)))
        start += length


class _Masks:
    """Which weights stay, piece after piece: equal in both passes, because it follows from the seed."""

    def __init__(self, setting: Setting) -> None:
        self._numbers = np.random.Generator(np.random.SFC64(setting.seed))
        self._least = round(setting.dropout * LEVELS)

    def next(self, shape: torch.Size) -> NDArray[np.bool_]:
        """Draw the mask of a piece, sixteen random bits for an element."""
        count = shape.numel()
        drawn = self._numbers.integers(0, 2**64, size=-(-count // 4), dtype=np.uint64)
        return (drawn.view(np.uint16)[:count] >= self._least).reshape(shape)


class _InPieces(torch.autograd.Function):
    """The two passes; `ctx` carries what they share."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, setting: Setting) -> Tensor:
        masks = _Masks(setting)
        result = torch.empty_like(query)
        with torch.autocast("cpu", enabled=False):
            q, k, v = _by_head(query, setting.scale), _by_head(key), _by_head(value, 1 / (1 - setting.dropout))
            for rows, columns, heads in _pieces(setting.lengths, query.shape[1]):
                weights = _weights(q[heads, rows], k[heads, columns])
                plain = weights.numpy()
                plain *= masks.next(weights.shape)
                result[rows, heads] = torch.bmm(weights, v[heads, columns]).transpose(0, 1).to(result.dtype)
        ctx.save_for_backward(query, key, value, result)
        ctx.setting = setting
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        query, key, value, result = ctx.saved_tensors
        setting: Setting = ctx.setting
        masks = _Masks(setting)
        with torch.autocast("cpu", enabled=False):
            q, k, v = _by_head(query, setting.scale), _by_head(key), _by_head(value)
            g = _by_head(gradient, 1 / (1 - setting.dropout))
            # What a row's weights lose together: their gradients' mean, which is the result's (there, section 3.1).
            common = torch.einsum("rhd,rhd->hr", gradient.float(), result.float())[:, :, None]
            dq, dk, dv = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
            for rows, columns, heads in _pieces(setting.lengths, query.shape[1]):
                weights = _weights(q[heads, rows], k[heads, columns])
                kept = torch.empty_like(weights)
                np.multiply(weights.numpy(), masks.next(weights.shape), out=kept.numpy())
                dv[heads, columns] += torch.bmm(kept.transpose(1, 2), g[heads, rows])
                slopes = torch.bmm(g[heads, rows], v[heads, columns].transpose(1, 2)).mul_(kept)
                slopes.addcmul_(weights, common[heads, rows], value=-1)  # of the scores
                dq[heads, rows] = torch.bmm(slopes, k[heads, columns])
                dk[heads, columns] += torch.bmm(slopes.transpose(1, 2), q[heads, rows])
        return _by_token(dq.mul_(setting.scale), query), _by_token(dk, key), _by_token(dv, value), None


def _weights(query: Tensor, key: Tensor) -> Tensor:
    """Return the attention weights of a piece, float32 [h, r, t]."""
    scores = torch.bmm(query, key.transpose(1, 2))
    return torch.softmax(scores, dim=-1, out=scores)  # a row is read whole before it is written


def _by_head(values: Tensor, factor: float = 1.0) -> Tensor:
    """Return [R, H, d] as float32 [H, R, d], times a factor."""
    return values.transpose(0, 1).to(torch.float32, memory_format=torch.contiguous_format).mul(factor)


def _by_token(values: Tensor, like: Tensor) -> Tensor:
    """Return float32 [H, R, d] as [R, H, d] in the number format of `like`."""
    return values.transpose(0, 1).to(like.dtype)
