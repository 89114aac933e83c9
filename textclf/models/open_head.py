"""A linear head while it is trained: without the dense layer and activation that stand in front of it when saved.

Trained inside the stock head, whose dense layer then has to be tiny, it would hardly move; so it is trained plainly
and written into the stock head before the checkpoint is.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from .families import family_of
from .linear_head import LinearHead, write_linear


class Opened(nn.Module):
    """Stands where a stock module stood; keeps it in a tuple, out of parameters and checkpoints."""

    def __init__(self, stock: nn.Module) -> None:
        super().__init__()
        self.stock = (stock,)


class FirstToken(Opened):
    """Instead of a pooler: the state at the first token, [B, d] of [B, T, d]."""

    def forward(self, states: Tensor) -> Tensor:
        """Return the state at the first token."""
        return states[:, 0]


class Unchanged(Opened):
    """Instead of modernbert's prediction head: the pooled state [B, d] itself."""

    def forward(self, pooled: Tensor) -> Tensor:
        """Return the pooled state."""
        return pooled


class BothSigns(Opened):
    """Instead of distilbert's dense layer: [B, 2d], so that the ReLU behind it loses nothing."""

    def forward(self, pooled: Tensor) -> Tensor:
        """Return the state and its negative."""
        return torch.cat([pooled, -pooled], dim=-1)


class SignedLinear(Opened):
    """Instead of distilbert's last layer: a linear layer on the difference of both signs, which is the state."""

    def __init__(self, stock: nn.Linear) -> None:
        super().__init__(stock)
        self.out_proj = stock

    def forward(self, both: Tensor) -> Tensor:
        """Return logits [B, L] from [B, 2d]."""
        positive, negative = both.chunk(2, dim=-1)
        return torch.as_tensor(self.out_proj(positive - negative))


class FirstTokenLinear(Opened):
    """Instead of a roberta-like head: dropout and a linear layer on the first token's state."""

    def __init__(self, stock: nn.Module) -> None:
        super().__init__(stock)
        self.dropout = stock.get_submodule("dropout")
        self.out_proj = stock.get_submodule("out_proj")

    def forward(self, states: Tensor) -> Tensor:
        """Return logits [B, L] from [B, T, d]."""
        return torch.as_tensor(self.out_proj(self.dropout(states[:, 0])))


_OPENED: dict[str, dict[str, type[Opened]]] = {
    "bert": {"bert.pooler": FirstToken},
    "roberta": {"classifier": FirstTokenLinear},
    "xlm-roberta": {"classifier": FirstTokenLinear},
    "electra": {"classifier": FirstTokenLinear},
    "mpnet": {"classifier": FirstTokenLinear},
    "distilbert": {"pre_classifier": BothSigns, "classifier": SignedLinear},
    "deberta-v2": {"pooler": FirstToken},
    "modernbert": {"head": Unchanged},
}


@torch.no_grad()
def open_head(model: PreTrainedModel, start: LinearHead | None = None) -> None:
    """Reduce the head to one linear layer on the pooled state, in place: `start`, or freshly drawn.

    Raises:
        UserError: the family is not known.
    """
    family = family_of(model, "--head linear")
    last = model.get_submodule(family.last)
    assert isinstance(last, nn.Linear)
    if start is None:
        nn.init.normal_(last.weight, std=model.config.initializer_range)
        nn.init.zeros_(last.bias)
    else:
        last.weight.copy_(start.weight)
        last.bias.copy_(start.bias)
    for path, kind in _OPENED[model.config.model_type].items():
        model.set_submodule(path, kind(model.get_submodule(path)))


def is_open(model: PreTrainedModel) -> bool:
    """Say whether the head is in its training form."""
    return any(isinstance(module, Opened) for module in model.modules())


@torch.no_grad()
def close_head(model: PreTrainedModel) -> None:
    """Put the stock modules back and write the trained linear layer into them, in place."""
    opened = {name: module for name, module in model.named_modules() if isinstance(module, Opened)}
    device = next(model.parameters()).device
    for path, module in opened.items():
        model.set_submodule(path, module.stock[0].to(device).train(module.training))
    last = model.get_submodule(family_of(model, "--head linear").last)
    assert isinstance(last, nn.Linear)
    write_linear(model, last.weight.double().cpu().numpy(), last.bias.double().cpu().numpy())
