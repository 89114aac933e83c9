"""What the machine could do at most: matrix products alone, at an encoder's own shapes, in a given precision."""

from __future__ import annotations

import time

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

SECONDS = 1.0  # of repeating one product


def weights_without_embeddings(model: PreTrainedModel) -> int:
    """Count the parameters that every token is multiplied with."""
    embedded = {id(p) for m in model.modules() if isinstance(m, nn.Embedding) for p in m.parameters()}
    return sum(p.numel() for p in model.parameters() if id(p) not in embedded)


def ceiling(model: PreTrainedModel, tokens: int, dtype: torch.dtype, device: torch.device) -> float:
    """Return floating-point operations a second over all linear layers, forward and both products backward.

    `tokens` is the number of rows of the left matrix: the real tokens of a batch.
    """
    shapes = [(m.in_features, m.out_features) for m in model.modules() if isinstance(m, nn.Linear)]
    seconds, operations = 0.0, 0.0
    for size in set(shapes):
        count, (inner, outer) = shapes.count(size), size
        if inner * outer < 1000 * 100:  # the head: read once a text, not once a token
            continue
        x = torch.randn(tokens, inner, dtype=dtype, device=device)
        w = torch.randn(outer, inner, dtype=dtype, device=device)
        g = torch.randn(tokens, outer, dtype=dtype, device=device)
        for left, right in ((x, w.t()), (g, w), (g.t(), x)):
            seconds += count * _fastest(left, right)
            operations += count * 2.0 * tokens * inner * outer
    return operations / seconds


def _fastest(left: Tensor, right: Tensor) -> float:
    best, end = float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        for _ in range(4):
            left @ right
        if left.is_cuda:
            torch.cuda.synchronize()
        best = min(best, (time.perf_counter() - start) / 4)
    return best
