"""What else a training learns from its texts beside their labels: a teacher's opinion, its embedding, a cluster.

An opinion is about the labels themselves. Embeddings and clusters are further rows of the last linear layer, which are
cut off before anything is saved: what is left is an ordinary checkpoint, as large and as quick as without them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from datasets import ClassLabel, Dataset
from numpy.typing import NDArray
from peft import PeftModel
from torch import Tensor, nn
from transformers import PreTrainedModel

from ..arguments import TeachingOptions
from ..labels import LabelSpace
from ..models.heads import last_linear
from ..models.losses import HasLogits, StepLoss

# Columns that a training split may have beside `text` and `labels`; their types say how wide they are.
LABELLED = "labelled"  # bool: whether the labels are known, and not just filled in
OPINION = "opinion"  # List(float32, L): a teacher's softened scores of our labels, NO_OPINION where it has none
CLUSTER = "cluster"  # ClassLabel of k: the text's cluster
EMBEDDING = "embedding"  # List(float32, D): of unit length


NO_OPINION = -1.0


class TargetParts(NamedTuple):
    """How wide each part is: L labels, then 0 or L opinions, k clusters, D dimensions of an embedding."""

    labels: int
    opinions: int
    clusters: int
    dimensions: int

    @property
    def rows(self) -> int:
        """Return how many rows of the last layer the targets need beside the labels'."""
        return self.clusters + self.dimensions

    @property
    def widths(self) -> tuple[int, ...]:
        """Return the widths of a text's targets: labelled, opinion, cluster id, embedding."""
        return 1, self.opinions, int(self.clusters > 0), self.dimensions


@dataclass(frozen=True)
class Auxiliary:
    """The targets of N texts: `values` float32 [N, W], parted as `layout` says."""

    layout: TargetParts
    values: NDArray[np.float32]

    def add_to(self, digest: hashlib.blake2b) -> None:
        """Let a digest take in all targets."""
        digest.update(repr(self.layout).encode())
        digest.update(self.values.data)


def read_auxiliary(split: Dataset) -> Auxiliary | None:
    """Return what a split says of its texts beside their labels; None where it says nothing."""
    features = split.features
    present = [name for name in (LABELLED, OPINION, CLUSTER, EMBEDDING) if name in features]
    if not present:
        return None
    labels = len(LabelSpace.from_features(features))
    clusters = features[CLUSTER].num_classes if isinstance(features.get(CLUSTER), ClassLabel) else 0
    widths = [features[name].length if name in features else 0 for name in (OPINION, EMBEDDING)]
    layout = TargetParts(labels, widths[0], clusters, widths[1])
    columns = split.select_columns(present).with_format("numpy")[:]
    parts = [np.asarray(columns[name], dtype=np.float32).reshape(len(split), -1) for name in present]
    if LABELLED not in present:
        parts.insert(0, np.ones((len(split), 1), dtype=np.float32))
    return Auxiliary(layout, np.ascontiguousarray(np.hstack(parts)))


@contextmanager
def grown(model: PreTrainedModel, auxiliary: Auxiliary | None, seed: int) -> Iterator[None]:
    """Give a model's last layer the rows that the targets need, inside the context; afterwards they are let go."""
    rows = auxiliary.layout.rows if auxiliary else 0
    if not rows:
        yield
        return
    plain = model.get_base_model() if isinstance(model, PeftModel) else model
    linear, labels = last_linear(plain), plain.config.num_labels
    draws = torch.Generator().manual_seed(seed)
    more = torch.randn(rows, linear.in_features, generator=draws) * plain.config.initializer_range
    _resize(linear, torch.cat([linear.weight.detach(), more.to(linear.weight)]), linear.weight.new_zeros(rows))
    try:
        yield
    finally:
        _resize(linear, linear.weight.detach()[:labels].clone(), None)


def _resize(linear: nn.Linear, weight: Tensor, more_bias: Tensor | None) -> None:
    """Put other rows into a linear layer, whose bias gets more numbers or loses those it had got."""
    if linear.bias is not None:
        bias = linear.bias.detach()
        linear.bias = nn.Parameter(bias[: len(weight)].clone() if more_bias is None else torch.cat([bias, more_bias]))
    linear.weight = nn.Parameter(weight)
    linear.out_features = len(weight)


def cut_to(own: dict[str, Tensor], weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a checkpoint's weights without the rows that the model's own, `own`, do not have."""
    return {
        name: value[: len(own[name])] if name in own and value.ndim and len(value) > len(own[name]) else value
        for name, value in weights.items()
    }


class TaughtLoss:
    """The labels' loss with what else a text teaches; a sum over the batch, divided by the items of the step.

    A text with labels and a classifier's opinion counts (1 - w) by its labels and w by the opinion, T^2 times the
    divergence from the softened scores (Hinton, Vinyals and Dean 2015, arXiv:1503.02531, section 2); one without
    labels counts by the opinion alone. With several labels the divergence is that of each label's sigmoid. To them
    come the cross-entropy of the text's cluster and one less the cosine to its embedding, each with its weight.
    """

    def __init__(self, loss: StepLoss, layout: TargetParts, options: TeachingOptions) -> None:
        """Bind the labels' loss to the weights that `options` give."""
        self.loss, self.layout, self.options = loss, layout, options

    def __call__(self, outputs: HasLogits, labels: Tensor, auxiliary: Tensor, items: Tensor | int | None) -> Tensor:
        """Return the scalar loss from logits [B, L + k + D], labels [B] or 0/1 [B, L] and targets [B, W]."""
        logits, options = outputs.logits.float(), self.options
        cuts = [self.layout.labels, self.layout.clusters, self.layout.dimensions]
        own, clusters, embedding = logits.split(cuts, dim=1)
        labelled, opinion, cluster, wanted = auxiliary.split(list(self.layout.widths), dim=1)
        losses = self.loss.losses(own, labels, self.loss.settings.to(logits.device)).reshape(len(labels), -1).sum(1)
        known = labelled[:, 0] > 0
        if self.layout.opinions:
            asked = opinion[:, 0] != NO_OPINION
            temperature = 1.0 if options.teacher_url else options.teacher_temperature  # its answers are labels
            imitated = divergence(own, opinion.clamp(min=0), temperature, labels.ndim > 1)
            share = torch.where(known, torch.where(asked, options.teacher_weight, 0.0), 1.0)
            losses = (1 - share) * losses + share * asked * imitated
        else:
            losses = losses * known
        cells = labels[0].numel()  # with several labels a text has so many items
        if self.layout.clusters:
            found = F.cross_entropy(clusters, cluster[:, 0].long(), reduction="none")
            losses = losses + cells * options.cluster_weight * found
        if self.layout.dimensions:
            losses = losses + cells * options.teacher_weight * (1 - F.cosine_similarity(embedding, wanted, dim=1))
        return losses.sum() / (labels.numel() if items is None else items)


def divergence(logits: Tensor, opinion: Tensor, temperature: float, several: bool) -> Tensor:
    """Return T^2 times the Kullback-Leibler divergence of softened scores from an opinion, float32 [B]."""
    if several:
        softened: Tensor = F.binary_cross_entropy_with_logits(logits / temperature, opinion, reduction="none")
        entropy = torch.special.entr(opinion) + torch.special.entr(1 - opinion)
        return (softened - entropy).sum(1) * temperature**2
    log_scores = F.log_softmax(logits / temperature, dim=1)
    return F.kl_div(log_scores, opinion, reduction="none").sum(1) * temperature**2


def facts_of(auxiliary: Auxiliary | None, options: TeachingOptions) -> dict[str, Any]:
    """Return what a training was taught beside labels, for `evaluation.json`'s `training`; {} where it was not."""
    if auxiliary is None:
        return {}
    layout, labelled = auxiliary.layout, int(auxiliary.values[:, 0].sum())
    found = {
        "teacher": options.teacher,
        "labelled": labelled,
        "unlabelled": len(auxiliary.values) - labelled,
        "opinions": layout.opinions > 0,
        "clusters": layout.clusters,
        "embedding": layout.dimensions,
    }
    return {"taught": found}
