"""Dropout for processors: PyTorch draws one number after the other there (5 ns each), four at a time take 1 ns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

_LEVELS = 2**16  # sixteen random bits decide on an element: p is met to 1e-5
# The bit pattern of 1.0; times 0 or 1 it is the mask, without a conversion.
_ONE: dict[torch.dtype, np.unsignedinteger[Any]] = {
    torch.bfloat16: np.uint16(0x3F80),
    torch.float16: np.uint16(0x3C00),
    torch.float32: np.uint32(0x3F800000),
}


def kept(shape: torch.Size, p: float, dtype: torch.dtype) -> Tensor:
    """Return ones and, with probability p, zeros. The numbers come from PyTorch's generator, so runs resume alike."""
    count = shape.numel()
    drawn = torch.empty(-(-count // 4), dtype=torch.int64).random_(-(2**63), None)
    bits = drawn.numpy().view(np.uint16)[:count]
    one = _ONE[dtype]
    mask = (bits >= round(p * _LEVELS)) * one
    return torch.from_numpy(mask).view(dtype).view(shape)


def drop(values: Tensor, p: float) -> Tensor:
    """Zero elements with probability p and divide the others by 1 - p, as `nn.functional.dropout` does."""
    if values.device.type != "cpu" or values.dtype not in _ONE:
        return nn.functional.dropout(values, p)
    return values * kept(values.shape, p, values.dtype).mul_(1 / (1 - p))


class FastDropout(nn.Dropout):
    """`nn.Dropout` with the quicker numbers."""

    def forward(self, values: Tensor) -> Tensor:
        """Drop while training."""
        if not self.training or not 0 < self.p < 1:
            return super().forward(values)
        return drop(values, self.p)


@contextmanager
def fast_dropout(model: nn.Module, use: bool) -> Iterator[None]:
    """Put `FastDropout` in the place of every `nn.Dropout` of a model, and the old ones back afterwards."""
    replaced = []
    if use:
        for parent in list(model.modules()):
            for name, child in parent.named_children():
                if type(child) is nn.Dropout:
                    replaced.append((parent, name, child))
                    parent._modules[name] = FastDropout(child.p).train(child.training)
    try:
        yield
    finally:
        for parent, name, child in replaced:
            parent._modules[name] = child.train(parent.training)
