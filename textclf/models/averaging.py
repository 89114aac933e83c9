"""What a head reads: the first token's state, or the mean over a text's tokens, in files that stock classes load.

ModernBERT averages by itself. In other families one more encoder layer does it: with queries and keys of 0 every token
attends to all alike, so that LayerNorm(mean of the states) stands at each place, the first included.
"""

from __future__ import annotations

import copy
import json
import logging
from pathlib import Path
from typing import Literal

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers.utils import cached_file

from ..errors import UserError
from .encoder_layers import LAYERS, Layer
from .families import FAMILIES
from .weights import Located

logger = logging.getLogger(__name__)

Pooling = Literal["cls", "mean"]
LARGE = 1e4  # times the mean, beside which the state that the layer adds to it is lost: 1e-4 of it is left
_SAID = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}  # of 1_Pooling/config.json


AVERAGING = ("modernbert", *LAYERS)


def choose_pooling(wanted: str, config: PretrainedConfig, located: Located) -> Pooling:
    """Return what a linear model on this encoder reads: as wanted, or `auto`: as its sentence encoder, else the mean.

    Raises:
        UserError: no head that stock classes load holds a linear model there, or the mean.
    """
    kind = config.model_type
    if kind not in FAMILIES:
        raise UserError(
            f"A linear model can be written into the heads of {', '.join(FAMILIES)}; {located.path_or_id} is of the "
            f"family {kind}. Choose another --model, or --family fine_tune."
        )
    if wanted in {"cls", "mean"}:
        _check_mean(wanted, kind)
        return "cls" if wanted == "cls" else "mean"
    own = own_pooling(located)
    if own == "cls":
        return "cls"
    if kind in AVERAGING:
        return "mean"
    if own == "mean":
        logger.warning("%s averages tokens, which %s heads cannot: its first token is read.", located.path_or_id, kind)
    return "cls"


def own_pooling(located: Located) -> str | None:
    """Return how a sentence encoder pools by its own files (mean, cls, ...), None where it says nothing."""
    path = cached_file(
        located.path_or_id,
        "1_Pooling/config.json",
        revision=located.revision,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
    )
    if path is None:
        return None
    said = json.loads(Path(path).read_text(encoding="utf-8"))
    if "pooling_mode" in said:
        return str(said["pooling_mode"])
    return next((name for key, name in _SAID.items() if said.get(key)), None)


def set_pooling(model: PreTrainedModel, pooling: str) -> None:
    """Let a classifier's head read the first token's state (`cls`) or the tokens' mean (`mean`), in place.

    Raises:
        UserError: its family cannot average.
    """
    kind = model.config.model_type
    _check_mean(pooling, kind)
    if kind == "modernbert":
        model.config.classifier_pooling = pooling
    elif pooling == "mean" and not averages(model):
        _append(model, LAYERS[kind])


def averages(model: PreTrainedModel) -> bool:
    """Say whether a head reads the tokens' mean."""
    kind = model.config.model_type
    if kind == "modernbert":
        return bool(model.config.classifier_pooling == "mean")
    parts = LAYERS.get(kind)
    if parts is None:
        return False
    last = model.get_submodule(parts.layers)[-1]
    return not any(bool(p.any()) for name in (parts.query, parts.key) for p in last.get_submodule(name).parameters())


def _check_mean(pooling: str, kind: str) -> None:
    if pooling == "mean" and kind not in AVERAGING:
        raise UserError(
            f"--pooling mean can be written for {', '.join(AVERAGING)}; this model is of the family {kind}, whose "
            "stock classifier reads the first token only. Type --pooling cls."
        )


@torch.no_grad()
def _append(model: PreTrainedModel, parts: Layer) -> None:
    """Append the layer that averages; it learns nothing and drops nothing."""
    layers = model.get_submodule(parts.layers)
    assert isinstance(layers, nn.ModuleList)
    # One config for all layers: attention is switched in it (padding_free).
    shared = {id(module.config): module.config for module in layers[-1].modules() if "config" in vars(module)}
    layer = copy.deepcopy(layers[-1], dict(shared))
    for parameter in layer.parameters():
        parameter.zero_()
        parameter.requires_grad_(False)
    for name, size in ((parts.value, 1.0), (parts.out, LARGE)):
        linear = layer.get_submodule(name)
        assert isinstance(linear, nn.Linear)
        linear.weight.copy_(size * torch.eye(linear.in_features))
    for name in parts.norms:
        norm = layer.get_submodule(name)
        assert isinstance(norm, nn.LayerNorm)
        norm.weight.fill_(1.0)
    for module in layer.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    layers.append(layer)
    model.config.num_hidden_layers = len(layers)
