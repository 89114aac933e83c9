"""A linear model on an encoder's pooled state, as a stock classification head that `pipeline()` loads.

Stock heads have a dense layer and an activation in front of the last linear layer. `write_linear` sets them so that
the state passes through, `read_linear` finds that again; open_head.py takes them out while such a head is trained.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import PreTrainedModel

from ..errors import UserError
from .families import FAMILIES, family_of

SMALL = 1e-4  # tanh(x) = x and LayerNorm's variance is its constant's, to float32 rounding; 1e-3 was 25 times worse
FLOOR = 32.0  # lifts a state above every activation's bend where two dense rows a label do not fit
TANH = frozenset({"bert", "roberta", "xlm-roberta", "mpnet"})


class LinearHead(NamedTuple):
    """A linear model on the pooled state: `weight @ state + bias`."""

    weight: Tensor  # float32 [L, d]
    bias: Tensor  # float32 [L]


@torch.no_grad()
def write_linear(model: PreTrainedModel, weight: NDArray[np.floating[Any]], bias: NDArray[np.floating[Any]]) -> None:
    """Make a stock head compute `weight @ state + bias`, in place; config fields that this needs are set as well.

    `weight` is [L, d], `bias` [L]; the state is the encoder's output at the first token (modernbert: pooled as its
    config says). Largest error of a logit at |logits| up to 24: 2e-6 (tanh, deberta-v2), 7e-5 (others).

    Raises:
        UserError: the family is not known, or the labels are too many for its hidden size.
    """
    family = family_of(model, "A linear head")
    dense, last = model.get_submodule(family.dense), model.get_submodule(family.last)
    assert isinstance(dense, nn.Linear)
    assert isinstance(last, nn.Linear)
    w = torch.as_tensor(np.asarray(weight), dtype=torch.float64)
    b = torch.as_tensor(np.asarray(bias), dtype=torch.float64)
    kind = model.config.model_type
    if kind == "modernbert":
        _write_through_norm(model, dense, last, w, b)
        return
    dense.bias.zero_()
    if kind in TANH:
        dense.weight.copy_(SMALL * torch.eye(w.shape[1]))
        w = w / SMALL
    elif kind == "deberta-v2":
        model.config.pooler_hidden_act = "linear"
        dense.weight.copy_(torch.eye(w.shape[1]))
    elif 2 * len(w) <= w.shape[1]:  # act(x) - act(-x) = x, for relu and gelu
        dense.weight.copy_(_pairs(w))
        dense.bias.copy_(_pairs(b[:, None], w.shape[1])[:, 0])
        w, b = _recombined(len(w), w.shape[1]), torch.zeros_like(b)
    else:
        dense.weight.copy_(torch.eye(w.shape[1]))
        dense.bias.fill_(FLOOR)
        b = b - FLOOR * w.sum(dim=1)
    last.weight.copy_(w)
    last.bias.copy_(b)


@torch.no_grad()
def read_linear(model: PreTrainedModel) -> LinearHead | None:
    """Return the linear model that `write_linear` wrote into a head, calibrated since or not; None for other heads.

    To be asked before training: in its stock form, whose dense layer is tiny, such a head hardly learns.
    """
    family = FAMILIES.get(model.config.model_type)
    if family is None:
        return None
    dense, last = model.get_submodule(family.dense), model.get_submodule(family.last)
    if type(dense) is not nn.Linear or type(last) is not nn.Linear:
        return None  # a head in training form, or in four bits
    weight, bias, layout = last.weight.clone(), last.bias.clone(), _layout(model, dense)
    if layout == "scaled":
        return LinearHead(SMALL * weight, bias)
    if layout == "plain":
        return LinearHead(weight, bias)
    if layout == "lifted":
        return LinearHead(weight, bias + FLOOR * weight.sum(dim=1))
    if layout == "paired":
        return LinearHead(weight[:, 0::2] @ dense.weight[0::2], bias + weight[:, 0::2] @ dense.bias[0::2])
    if layout == "normed":
        deviation = (2.0 / weight.shape[1] + model.get_submodule("head.norm").eps) ** 0.5
        paired = weight[:, 0::2] * (2.0 / deviation)
        return LinearHead(paired @ dense.weight[0::2], bias + paired @ dense.bias[0::2])
    return None


def _layout(model: PreTrainedModel, dense: nn.Linear) -> str | None:
    """Say how a state passes through a dense layer, or None where it does not."""
    kind, one = model.config.model_type, torch.eye(dense.in_features, device=dense.weight.device)
    paired = torch.equal(dense.weight[0::2], -dense.weight[1::2]) and bool(dense.weight.any())
    if kind == "modernbert":
        return "normed" if paired and model.config.classifier_activation == "linear" else None
    lifted = bool((dense.bias == FLOOR).all())
    if paired and kind not in {*TANH, "deberta-v2"} and torch.equal(dense.bias[0::2], -dense.bias[1::2]):
        return "paired"
    if dense.bias.any() and not lifted:
        return None
    if kind in TANH:
        return "scaled" if torch.equal(dense.weight, SMALL * one) else None
    if torch.equal(dense.weight, one):
        stock = kind == "deberta-v2" and model.config.pooler_hidden_act != "linear"
        return "lifted" if lifted else None if stock else "plain"
    return None


def _pairs(w: Tensor, size: int | None = None) -> Tensor:
    """Return rows +w and -w a label, the rest 0: [size, d] from [L, d]; d rows, unless said."""
    rows = torch.zeros(size or w.shape[1], w.shape[1], dtype=w.dtype)
    rows[0 : 2 * len(w) : 2] = w
    rows[1 : 2 * len(w) : 2] = -w
    return rows


def _recombined(labels: int, size: int) -> Tensor:
    """Return what reads the pairs: +1 and -1 a label, [L, d]."""
    readout = torch.zeros(labels, size, dtype=torch.float64)
    for label in range(labels):
        readout[label, 2 * label], readout[label, 2 * label + 1] = 1.0, -1.0
    return readout


def _write_through_norm(model: PreTrainedModel, dense: nn.Linear, last: nn.Linear, w: Tensor, b: Tensor) -> None:
    """Pass the state through modernbert's LayerNorm: a constant +1 and -1 fix its variance, the signal is tiny.

    The biases go in with the signal: what it adds to the variance grows with its square.
    """
    labels, size = w.shape
    if 2 * labels + 2 > size:
        raise UserError(
            f"A linear head on modernbert holds at most {size // 2 - 1} labels at this size; found {labels}."
        )
    model.config.classifier_activation = "linear"
    model.config.classifier_bias = True
    head = model.get_submodule("head")
    head.act = nn.Identity()
    dense.weight.copy_(_pairs(SMALL * w))
    if dense.bias is None:
        dense.bias = nn.Parameter(torch.zeros(size, dtype=dense.weight.dtype, device=dense.weight.device))
    dense.bias.copy_(_pairs(SMALL * b[:, None], size)[:, 0])
    dense.bias[-2], dense.bias[-1] = 1.0, -1.0
    norm = head.get_submodule("norm")
    assert isinstance(norm, nn.LayerNorm)
    norm.weight.fill_(1.0)
    if norm.bias is not None:
        norm.bias.zero_()
    deviation = (2.0 / size + norm.eps) ** 0.5
    # +s and -s reach the last layer as +s/deviation and -s/deviation; their halved difference is s again
    last.weight.copy_(_recombined(labels, size) * (deviation / (2 * SMALL)))
    last.bias.zero_()
