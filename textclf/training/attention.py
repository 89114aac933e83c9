"""Attention inside each text of a batch whose real tokens lie end to end: side by side, or over nested tensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .dropout import drop


@dataclass(frozen=True)
class Layout:
    """Where the R real tokens of a batch of B texts, padded to T tokens, lie."""

    shape: tuple[int, int]  # B, T
    lengths: tuple[int, int]  # of the shortest and of the longest text
    tokens: Tensor | None  # int64 [R], their places in the flattened batch; None: all are real
    offsets: Tensor  # int64 [B + 1], where each text begins among the real tokens, and their end
    bias: Tensor | None  # float32 [B, 1, 1, T], 0 for real tokens and a very low number for padding

    @classmethod
    def of(cls, mask: Tensor) -> Layout:
        """Read an attention mask [B, T], on either side padded. An accelerator is waited for once."""
        real = mask.bool()
        lengths = real.sum(1)
        shortest, longest, total = torch.stack([lengths.min(), lengths.max(), lengths.sum()]).tolist()
        offsets = functional.pad(lengths.cumsum(0), (1, 0))
        whole = shortest == mask.shape[1]
        tokens = None if whole else torch.nonzero_static(real.view(-1), size=total).squeeze(1)
        bias = None if whole else torch.zeros_like(mask, dtype=torch.float32).masked_fill_(~real, -1e4)[:, None, None]
        return cls((mask.shape[0], mask.shape[1]), (shortest, longest), tokens, offsets, bias)

    def pack(self, values: Tensor) -> Tensor:
        """Return [B, T, ...] without its padding: [R, ...]."""
        flat = values.reshape(-1, *values.shape[2:])
        return flat if self.tokens is None else flat.index_select(0, self.tokens)

    def spread(self, packed: Tensor) -> Tensor:
        """Return [R, ...] as [B, T, ...], zero where there is padding."""
        if self.tokens is None:
            return packed.reshape(*self.shape, *packed.shape[1:])
        whole = packed.new_zeros(self.shape[0] * self.shape[1], *packed.shape[1:])
        return whole.index_copy(0, self.tokens, packed).view(*self.shape, *packed.shape[1:])


# Query, key and value [R, H, d], a factor for the scores and the share of weights to drop; gives [R, H, d].
Attention = Callable[[Layout, Tensor, Tensor, Tensor, float, float], Tensor]


def side_by_side(layout: Layout, query: Tensor, key: Tensor, value: Tensor, scale: float, dropout: float) -> Tensor:
    """Attend by plain matrix products over padded texts: what is quickest on a processor."""
    q, k, v = (layout.spread(part).transpose(1, 2) for part in (query, key, value))
    with torch.autocast(query.device.type, enabled=False):
        scores = (q * scale) @ k.transpose(2, 3)  # [B, H, T, T]
        if layout.bias is not None:
            scores = scores + layout.bias.to(scores.dtype)
        weights = scores.softmax(dim=-1)
        if dropout > 0:
            weights = drop(weights, dropout)
        attended = (weights @ v).transpose(1, 2)  # [B, T, H, d]
    return layout.pack(attended)


def nested(layout: Layout, query: Tensor, key: Tensor, value: Tensor, scale: float, dropout: float) -> Tensor:
    """Attend over nested tensors, for which PyTorch takes a GPU's variable-length kernels (flash, in half precision).

    https://docs.pytorch.org/docs/stable/nested.html (jagged layout, scaled_dot_product_attention).
    """
    shortest, longest = layout.lengths
    q, k, v = (
        torch.nested.nested_tensor_from_jagged(
            part.contiguous(), layout.offsets, min_seqlen=shortest, max_seqlen=longest
        ).transpose(1, 2)
        for part in (query, key, value)
    )
    return functional.scaled_dot_product_attention(q, k, v, dropout_p=dropout, scale=scale).transpose(1, 2).values()
