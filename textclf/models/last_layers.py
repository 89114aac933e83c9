"""How much an encoder's last layers count: what they add to a token's state, scaled in the weights that add it.

Last layers are shaped for what an encoder was trained on; those before them carry more that other tasks need (Liu et
al. 2019, https://arxiv.org/abs/1903.08855). A state is carried on beside what each layer adds to it. Where the last
half adds half as much, it ends between these layers, as in the mean of a network whose layers drop out (Huang et al.
2016, https://arxiv.org/abs/1603.09382). Stock classes load it, and nothing is slower.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import nn
from transformers import PreTrainedModel

from ..errors import UserError
from .averaging import averages
from .encoder_layers import LAYERS, Layer

USUAL = 0.5  # of what they add; figures: benchmarks/README.md, under "Last layers"


class Scaled(NamedTuple):
    """How many of an encoder's last layers add how much of what they did."""

    layers: int
    by: float


def scale_last(model: PreTrainedModel, by: float | None) -> Scaled | None:
    """Let the last half of an encoder's layers add so much of what it did as it came, in place.

    `by` is above 0, up to 1, or None for what is usual. It stands in the config, so that a model that goes on from
    here is not scaled twice. Returns what holds now; None where the layers are whole, which they stay by themselves
    where the family's parts are not known.

    Raises:
        UserError: as `check_scale`.
    """
    check_scale(model, by)
    kind = model.config.model_type
    if kind not in LAYERS:
        return None
    by = USUAL if by is None else by
    last = _last(model)
    scale_layers(last, LAYERS[kind], by / kept_of_last(model))
    model.config.residual_scale = by
    return Scaled(len(last), by) if by < 1 else None


def check_scale(model: PreTrainedModel, by: float | None) -> None:
    """Refuse a factor for a family whose layers' parts are not known.

    Raises:
        UserError: such a factor.
    """
    kind = model.config.model_type
    if kind not in LAYERS and by not in {None, 1.0}:
        raise UserError(
            f"--residual_scale is for {', '.join(LAYERS)}; this model is of the family {kind}. Leave it out."
        )


def kept_of_last(model: PreTrainedModel) -> float:
    """Return how much a model's last layers add of what they did as they came."""
    return float(getattr(model.config, "residual_scale", 1.0))  # a field of ours, which other models lack


def _last(model: PreTrainedModel) -> nn.ModuleList:
    """Return the last half of an encoder's layers, without the one that averages, which adds nothing."""
    layers = model.get_submodule(LAYERS[model.config.model_type].layers)
    assert isinstance(layers, nn.ModuleList)
    end = len(layers) - averages(model)
    return layers[end - max(1, end // 2) : end]


@torch.no_grad()
def scale_layers(layers: Iterable[nn.Module], parts: Layer, by: float) -> None:
    """Scale what each of these layers adds to a token's state, in place."""
    for layer in layers:
        for name in (parts.out, parts.feed_forward[1]):
            for parameter in layer.get_submodule(name).parameters():
                parameter.mul_(by)
