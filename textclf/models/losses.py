"""The losses: one function and one row of LOSSES each, summed over a batch and divided by the items of the whole step.

Every loss function takes logits float32 [B, L] and returns losses before reduction: float32 [B] from label ids
int64 [B], or float32 [B, L] from a 0/1 indicator float32 [B, L].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import UserError, did_you_mean
from ..labels import LabelSpace

GAMMA = 2.0  # of the focal loss paper, section 5.1
ASYMMETRIC_GAMMA = 4.0  # for negatives, where positives have 0, and
ASYMMETRIC_MARGIN = 0.05  # the shift of easy negatives: both of the asymmetric loss paper, section 3.3


class Settings(NamedTuple):
    """What a loss may read beside logits and labels."""

    weights: Tensor | None  # float32 [L], one label: of each class; several: of each label's positives
    gamma: float
    smoothing: float
    counts: Tensor | None  # int64 [L], training rows that carry each label

    def to(self, device: torch.device) -> Settings:
        """Return the settings with their tensors on a device."""
        weights = None if self.weights is None else self.weights.to(device)
        counts = None if self.counts is None else self.counts.to(device)
        return self._replace(weights=weights, counts=counts)


LossFunction = Callable[[Tensor, Tensor, Settings], Tensor]


class Loss(NamedTuple):
    """A row of the table: the function for one label a text, for several, and the settings it reads."""

    single: LossFunction | None
    multi: LossFunction | None
    reads: frozenset[str]


class HasLogits(Protocol):
    """What every sequence classifier of Transformers returns."""

    logits: Tensor


def cross_entropy(logits: Tensor, labels: Tensor, settings: Settings) -> Tensor:
    """Cross-entropy of a softmax, with label smoothing (Szegedy et al. 2016, section 7) and class weights.

    A text counts by the weight of its own label alone. PyTorch weighs each label's share of the smoothed mass instead,
    so that at 50 : 1 the rare label, in all texts' smoothing, outweighs the common one and nothing else is predicted.
    """
    losses = F.cross_entropy(logits, labels, reduction="none", label_smoothing=settings.smoothing)
    return losses if settings.weights is None else losses * settings.weights[labels]


def focal(logits: Tensor, labels: Tensor, settings: Settings) -> Tensor:
    """Focal loss of a softmax, -w_y (1 - p_y)^gamma log p_y (Lin et al. 2017, equation 5, w for its alpha)."""
    log_p = F.log_softmax(logits, dim=-1).gather(1, labels[:, None]).squeeze(1)
    losses = -_discount(log_p, settings.gamma) * log_p
    return losses if settings.weights is None else losses * settings.weights[labels]


def _discount(log_p: Tensor, gamma: float) -> Tensor:
    """Return (1 - p)^gamma; kept off 0, where its slope is infinite for gamma below 1."""
    return (-torch.expm1(log_p)).clamp(min=1e-12) ** gamma


def focal_multi_label(logits: Tensor, labels: Tensor, settings: Settings) -> Tensor:
    """Focal loss of each label's sigmoid (Lin et al. 2017, equation 5); weights multiply the positives."""
    log_p = F.logsigmoid(torch.where(labels > 0, logits, -logits))
    losses = -_discount(log_p, settings.gamma) * log_p
    return losses if settings.weights is None else losses * torch.where(labels > 0, settings.weights, 1.0)


def binary_cross_entropy(logits: Tensor, labels: Tensor, settings: Settings) -> Tensor:
    """Cross-entropy of each label's sigmoid; weights multiply the positives."""
    return F.binary_cross_entropy_with_logits(logits, labels, pos_weight=settings.weights, reduction="none")


def asymmetric(logits: Tensor, labels: Tensor, settings: Settings) -> Tensor:
    """Asymmetric loss (Ridnik et al. 2021, equations 5-7): plain on positives, shifted and focused on negatives."""
    negative = torch.sigmoid(logits)
    shifted = (negative - ASYMMETRIC_MARGIN).clamp(min=0)
    losses_negative = -(shifted**ASYMMETRIC_GAMMA) * torch.log1p(-shifted)
    return torch.where(labels > 0, -F.logsigmoid(logits), losses_negative)


def logit_adjusted(logits: Tensor, labels: Tensor, settings: Settings) -> Tensor:
    """Cross-entropy of logits plus the log of each label's share of the training rows (Menon et al. 2021, eq. 10).

    Its tau is 1. The trained model's plain logits then favour rare labels as much as common ones. A label without
    training rows counts as having one. It takes no smoothing: 5 % for a label of 2 % of the rows, asked of adjusted
    logits, lets the plain ones choose it everywhere.
    """
    assert settings.counts is not None  # loss_function has checked it
    share = settings.counts.clamp(min=1).to(logits.dtype)
    prior = torch.log(share / share.sum())
    return F.cross_entropy(logits + prior, labels, reduction="none")


LOSSES: dict[str, Loss] = {
    "cross_entropy": Loss(cross_entropy, None, frozenset({"class_weights", "label_smoothing_factor"})),
    "focal": Loss(focal, focal_multi_label, frozenset({"class_weights", "focal_gamma"})),
    "bce": Loss(None, binary_cross_entropy, frozenset({"class_weights"})),
    "asymmetric": Loss(None, asymmetric, frozenset()),
    "logit_adjusted": Loss(logit_adjusted, None, frozenset()),
}


class StepLoss:
    """A loss for Trainer's `compute_loss_func`: the batch's sum over the number of items in the optimiser step.

    Trainer counts the items (texts; with several labels, label cells) over all micro-batches and processes of a step
    and multiplies by the number of processes, so 32 x 1, 16 x 2, 8 x 4 and 2 processes x 16 give one gradient. With
    class weights the divisor is still that count, not the sum of weights: what a text contributes does not depend on
    which texts share its batch ('balanced' weights average 1 over the training texts).
    """

    def __init__(self, losses: LossFunction, settings: Settings) -> None:
        """Bind a row's function to its settings."""
        self.losses = losses
        self.settings = settings

    def __call__(self, outputs: HasLogits, labels: Tensor, num_items_in_batch: Tensor | int | None = None) -> Tensor:
        """Return the scalar loss of a (micro-)batch, in float32 whatever the autocast."""
        logits = outputs.logits.float()
        settings = self.settings.to(logits.device)
        items = labels.numel() if num_items_in_batch is None else num_items_in_batch
        return self.losses(logits, labels, settings).sum() / items


def loss_function(
    name: str,
    labels: LabelSpace,
    *,
    class_weights: Tensor | None = None,
    gamma: float = GAMMA,
    label_smoothing: float = 0.0,
    label_counts: Tensor | None = None,
) -> StepLoss:
    """Return the loss called `name` for Trainer's `compute_loss_func`.

    Args:
        name: a key of LOSSES, or 'auto' (cross_entropy; bce with several labels).
        labels: the label space, which decides between a loss's two forms.
        class_weights: positive float32 [L], see `class_weights.class_weights`.
        gamma: of focal loss, 0 or more.
        label_smoothing: share of the target mass spread over all labels, in [0, 1).
        label_counts: int64 [L], training rows that carry each label; logit_adjusted needs them.

    Raises:
        UserError: an unknown name, a loss that is not for this kind of task, a setting that this loss cannot use.
    """
    if name == "auto":
        name = "bce" if labels.multi_label else "cross_entropy"
    if name not in LOSSES:
        raise UserError(f"--loss {name} is not known.{did_you_mean(name, LOSSES)} Known: {', '.join(LOSSES)}.")
    row, kind = LOSSES[name], "several labels" if labels.multi_label else "one label"

    def form(loss: Loss) -> LossFunction | None:
        return loss.multi if labels.multi_label else loss.single

    losses = form(row)
    if losses is None:
        fitting = [key for key, loss in LOSSES.items() if form(loss)]
        raise UserError(f"--loss {name} does not fit texts with {kind}; choose one of {', '.join(fitting)}.")
    given = {
        "class_weights": class_weights is not None,
        "focal_gamma": gamma != GAMMA,
        "label_smoothing_factor": label_smoothing != 0,
    }
    for setting in sorted(key for key, is_set in given.items() if is_set and key not in row.reads):
        using = [key for key, loss in LOSSES.items() if setting in loss.reads and form(loss)]
        other = f", or choose {' or '.join(using)}" if using else f": no loss for {kind} can"
        raise UserError(f"--loss {name} cannot use --{setting}; leave it out{other}.")
    if gamma < 0:
        raise UserError(f"--focal_gamma is 0 or more; found {gamma}.")
    if name == "logit_adjusted" and label_counts is None:
        raise ValueError("logit_adjusted needs label_counts.")
    return StepLoss(losses, Settings(class_weights, gamma, label_smoothing, label_counts))
