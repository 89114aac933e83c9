"""Starting from a classifier: what becomes of its last layer when the labels are others."""

from __future__ import annotations

import logging

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

from ..labels import LabelSpace
from .heads import last_linear

logger = logging.getLogger(__name__)


def classifier_labels(config: PretrainedConfig) -> tuple[str, ...] | None:
    """Return the label names of a checkpoint that is a classifier already, or None for an encoder."""
    if not any(name.endswith("ForSequenceClassification") for name in config.architectures or []):
        return None
    return LabelSpace.from_config(config).names


@torch.no_grad()
def match_last_layer(model: PreTrainedModel, source: str, old: tuple[str, ...] | None, labels: LabelSpace) -> None:
    """Give each label its own row of the last layer, in place.

    The same names in another order: rows are put in order. Other names: the layer is drawn anew, said in one line;
    with as many labels as before the old rows would otherwise silently stand for other labels.
    """
    if old is None or old == labels.names:
        return
    linear = last_linear(model)
    if sorted(old) == sorted(labels.names):
        rows = [old.index(name) for name in labels.names]
        linear.weight.copy_(linear.weight[rows].clone())
        if linear.bias is not None:
            linear.bias.copy_(linear.bias[rows].clone())
        return
    few = ", ".join(old[:4]) + (", ..." if len(old) > 4 else "")
    logger.warning("%s classifies into %d other labels (%s); its last layer is replaced.", source, len(old), few)
    nn.init.normal_(linear.weight, std=model.config.initializer_range)
    if linear.bias is not None:
        nn.init.zeros_(linear.bias)
