"""The classification head: its last linear layer, a scale and shift of the logits written into it, a fresh start."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

from ..errors import UserError
from .families import family_of


def last_linear(model: PreTrainedModel) -> nn.Linear:
    """Return the linear layer whose outputs are the logits [B, L].

    Raises:
        UserError: the model has no such layer outside its encoder.
    """
    encoder = getattr(model, model.base_model_prefix, None)  # named by the family, not an object of ours
    inside = {id(module) for module in encoder.modules()} if encoder is not None else set()
    found = [
        module
        for module in model.modules()
        if isinstance(module, nn.Linear)
        and id(module) not in inside
        and module.out_features == model.config.num_labels
    ]
    if not found:
        raise UserError(f"{type(model).__name__} does not end in a linear layer of {model.config.num_labels} outputs.")
    return found[-1]


@torch.no_grad()
def fold(
    model: PreTrainedModel, scale: float | NDArray[np.floating[Any]], shift: NDArray[np.floating[Any]] | None = None
) -> None:
    """Change the last layer in place so that logits z become `scale * z + shift`.

    `scale` is a number (1 / temperature) or an array [L], `shift` an array [L] or None (0). Exact up to rounding,
    because nothing follows the last linear layer.

    Raises:
        UserError: a shift for a layer without bias (decoders): the stock class would not read one.
    """
    linear = last_linear(model)
    factor = torch.as_tensor(np.broadcast_to(np.asarray(scale, dtype=np.float64), (linear.out_features,)).copy())
    offset = torch.zeros_like(factor) if shift is None else torch.as_tensor(np.asarray(shift, dtype=np.float64))
    device = linear.weight.device
    if linear.bias is None and bool(offset.any()):
        raise UserError(
            f"The last layer of {type(model).__name__} has no bias, so that no shift can be saved in it. Leave "
            "--bake_thresholds out."
        )
    linear.weight.copy_(linear.weight.double() * factor.to(device)[:, None])
    if linear.bias is not None:
        linear.bias.copy_(linear.bias.double() * factor.to(device) + offset.to(device))


@torch.no_grad()
def redraw(model: PreTrainedModel) -> None:
    """Draw the head's dense layer and last linear layer anew, in place: `--head mlp`.

    Weights from a normal distribution with the config's `initializer_range`, biases 0, norms 1, as the families
    themselves start.

    Raises:
        UserError: the family is not known.
    """
    for name in family_of(model, "--head mlp").head:
        for module in model.get_submodule(name).modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=model.config.initializer_range)
            elif isinstance(module, nn.LayerNorm):
                nn.init.ones_(module.weight)
            if isinstance(module, nn.Linear | nn.LayerNorm) and module.bias is not None:
                nn.init.zeros_(module.bias)


def restore_activation(config: PretrainedConfig) -> None:
    """Undo, in a config, the pass-through that a linear head wrote there: `--head mlp` starts from the stock head."""
    for field in ("pooler_hidden_act", "classifier_activation"):
        if getattr(config, field, None) == "linear":  # fields that only deberta-v2 and modernbert have
            setattr(config, field, "gelu")
