"""How texts attend whose real tokens lie end to end: on a processor by their length, on a GPU over nested tensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .dropout import drop
from .long_attention import Setting, attend_in_pieces

# Tokens of a batch's longest text from which its texts attend one after the other: in pieces that is no slower from
# here on, in a fraction of the memory; below it is slower (benchmarks/results/attention.md).
LONG = 256


@dataclass(frozen=True)
class Layout:
    """Where the R real tokens of a batch of B texts, padded to T tokens, lie."""

    shape: tuple[int, int]  # B, T
    lengths: list[int]  # of each text
    tokens: Tensor | None  # int64 [R], their places in the flattened batch; None: all are real
    offsets: Tensor  # int64 [B + 1], where each text begins among the real tokens, and their end
    bias: Tensor | None  # float32 [B, 1, 1, T], 0 for real tokens and a very low number for padding

    @classmethod
    def of(cls, mask: Tensor) -> Layout:
        """Read an attention mask [B, T], on either side padded. An accelerator is waited for once."""
        real = mask.bool()
        counts = real.sum(1)
        lengths = counts.tolist()
        offsets = functional.pad(counts.cumsum(0), (1, 0))
        whole = min(lengths) == mask.shape[1]
        tokens = None if whole else torch.nonzero_static(real.view(-1), size=sum(lengths)).squeeze(1)
        bias = None if whole else torch.zeros_like(mask, dtype=torch.float32).masked_fill_(~real, -1e4)[:, None, None]
        return cls((mask.shape[0], mask.shape[1]), lengths, tokens, offsets, bias)

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

    def first(self, packed: Tensor) -> Tensor:
        """Return what [R, ...] holds for each text's first token: [B, ...]."""
        return packed.index_select(0, self.offsets[:-1])

    def place_first(self, states: Tensor) -> Tensor:
        """Return what `first` gave, [B, ...], as [R, ...], zero for all other tokens."""
        return states.new_zeros(sum(self.lengths), *states.shape[1:]).index_copy(0, self.offsets[:-1], states)


# Query, key and value [R, H, d], a factor for the scores and the share of weights to drop; gives [R, H, d].
Attention = Callable[[Layout, Tensor, Tensor, Tensor, float, float], Tensor]


def on_processor(layout: Layout, query: Tensor, key: Tensor, value: Tensor, scale: float, dropout: float) -> Tensor:
    """Attend in the way that is quickest on a processor for texts of these lengths."""
    if dropout == 0:
        return without_dropout(layout, query, key, value, scale, dropout)
    if max(layout.lengths) < LONG:
        return side_by_side(layout, query, key, value, scale, dropout)
    seed = int(torch.randint(2**63 - 1, ()))  # from PyTorch's generator, so that runs resume alike
    return attend_in_pieces(query, key, value, Setting(layout.lengths, scale, dropout, seed))


def side_by_side(layout: Layout, query: Tensor, key: Tensor, value: Tensor, scale: float, dropout: float) -> Tensor:
    """Attend by plain matrix products over padded texts."""
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


def without_dropout(layout: Layout, query: Tensor, key: Tensor, value: Tensor, scale: float, dropout: float) -> Tensor:
    """Attend by PyTorch's flash kernel for processors: padded short texts, or long ones one after the other."""
    if layout.bias is None or max(layout.lengths) < LONG:
        q, k, v = (layout.spread(part).transpose(1, 2) for part in (query, key, value))
        bias = None if layout.bias is None else layout.bias.to(q.dtype)
        attended = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias, scale=scale)
        return layout.pack(attended.transpose(1, 2))
    each = zip(*(part.split(layout.lengths) for part in (query, key, value)), strict=True)
    alone = ([part.transpose(0, 1)[None] for part in parts] for parts in each)  # [1, H, t, d]
    found = [functional.scaled_dot_product_attention(q, k, v, scale=scale)[0].transpose(0, 1) for q, k, v in alone]
    return torch.cat(found)


def first_alone(layout: Layout, query: Tensor, key: Tensor, value: Tensor, scale: float, dropout: float) -> Tensor:
    """Let each text's first token attend, which is all that a classifier reads of the last layer; 0 for the others."""
    q, k, v = layout.first(query), layout.spread(key), layout.spread(value)  # [B, H, d], [B, T, H, d]
    with torch.autocast(query.device.type, enabled=False):
        scores = torch.einsum("bhd,bthd->bht", q * scale, k)
        if layout.bias is not None:
            scores = scores + layout.bias[:, 0].to(scores.dtype)
        weights = scores.softmax(dim=-1)
        if dropout > 0:
            weights = drop(weights, dropout)
        return layout.place_first(torch.einsum("bht,bthd->bhd", weights, v))


def nested(layout: Layout, query: Tensor, key: Tensor, value: Tensor, scale: float, dropout: float) -> Tensor:
    """Attend over nested tensors, for which PyTorch takes a GPU's variable-length kernels (flash, in half precision).

    https://docs.pytorch.org/docs/stable/nested.html (jagged layout, scaled_dot_product_attention).
    """
    shortest, longest = min(layout.lengths), max(layout.lengths)
    q, k, v = (
        torch.nested.nested_tensor_from_jagged(
            part.contiguous(), layout.offsets, min_seqlen=shortest, max_seqlen=longest
        ).transpose(1, 2)
        for part in (query, key, value)
    )
    return functional.scaled_dot_product_attention(q, k, v, dropout_p=dropout, scale=scale).transpose(1, 2).values()
