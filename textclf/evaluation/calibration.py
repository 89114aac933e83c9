"""Calibration: a temperature, or a Platt scale and shift a label, fitted on validation and folded into the model."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logsumexp
from transformers import PreTrainedModel

from ..errors import UserError
from ..inference.answers import activate
from ..labels import LabelSpace
from ..models.heads import fold, last_linear
from .report import quick_metrics

logger = logging.getLogger(__name__)

# Scales (1 / temperature) end here even where more would fit validation better, as it would after perfect separation
# of very many rows; the record says so. They are above 0, so the order of scores never turns round. A model that was
# hardly trained, with all logits near 0, asks for scales of 20 and more.
SCALE_LIMITS = (0.01, 100.0)
# A label with fewer validation texts that carry it (or that lack it) takes the scale and shift fitted on the cells of
# all labels. On Reuters-21578 (114 labels), with bounds of 1, 5 and 40, log loss on test is .0089, .0090 and .0091,
# and ECE .0013, .0011 and .0007.
RARE = 5


@dataclass(frozen=True)
class Scales:
    """Calibrated logits are `scale * logits + shift`."""

    method: str  # "temperature" (one label) or "platt" (several)
    scale: NDArray[np.float64]  # [L], above 0; all equal with one label
    shift: NDArray[np.float64]  # [L]; 0 with one label
    pooled: NDArray[np.bool_]  # [L], labels that took the pooled scale and shift

    def apply(self, logits: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Return calibrated logits, float32 [N, L]."""
        return (logits * self.scale + self.shift).astype(np.float32)

    def at_limit(self, labels: LabelSpace) -> list[str]:
        """Return the labels whose scale ended at one of SCALE_LIMITS; all of them, where a temperature did."""
        ended = np.isclose(self.scale, SCALE_LIMITS[0]) | np.isclose(self.scale, SCALE_LIMITS[1])
        return [labels.names[i] for i in np.flatnonzero(ended)]

    def record(self, logits: NDArray[np.floating[Any]], gold: NDArray[np.int64], labels: LabelSpace) -> dict[str, Any]:
        """Return what evaluation.json keeps: the method, its numbers, and figures of the fitted rows before, after."""
        before = quick_metrics(gold, activate(logits, labels))
        after = quick_metrics(gold, activate(self.apply(logits), labels))
        result: dict[str, Any] = {"method": self.method, "fitted_on": "validation", "n": len(gold)}
        if labels.multi_label:
            result["scale"] = dict(zip(labels.names, map(float, self.scale), strict=True))
            result["shift"] = dict(zip(labels.names, map(float, self.shift), strict=True))
            result["pooled_labels"] = [labels.names[i] for i in np.flatnonzero(self.pooled)]
        else:
            result["temperature"] = float(1 / self.scale[0])
        result["at_limit"] = self.at_limit(labels)
        for figure in ("ece", "log_loss"):
            result |= {f"{figure}_before": before[figure], f"{figure}_after": after[figure]}
        return result


def calibrate(
    model: PreTrainedModel, labels: LabelSpace, logits: NDArray[np.floating[Any]], gold: NDArray[np.int64]
) -> tuple[dict[str, Any] | None, NDArray[np.float32]]:
    """Fit scales on a model's validation logits, fold them into it; return the record of it and the new logits.

    The caller saves the model; thresholds have to be chosen after this. Several labels need a last layer with a bias:
    without one (decoders) nothing is fitted, the record is None and the logits are the old ones.

    Args:
        model: what gave the logits; its last layer changes.
        labels: the label axis.
        logits: [N, L] of the validation texts.
        gold: ids [N], or 0/1 [N, L] with several labels.

    Raises:
        UserError: the model's logits are not finite.
    """
    if labels.multi_label and last_linear(model).bias is None:
        logger.warning("The last layer of this model has no bias to hold a shift: its scores stay uncalibrated.")
        return None, logits.astype(np.float32)
    scales = fit_scales(logits, gold, labels)
    fold(model, scales.scale, scales.shift)
    if ended := scales.at_limit(labels):
        logger.warning(
            "Calibration ended at its limit (scale %g to %g) for %s: these scores hardly follow the labels, or the "
            "model was hardly trained.",
            *SCALE_LIMITS,
            ", ".join(ended),
        )
    return scales.record(logits, gold, labels), scales.apply(logits)


def fit_scales(logits: NDArray[np.floating[Any]], gold: NDArray[np.int64], labels: LabelSpace) -> Scales:
    """Fit by maximum likelihood: one temperature (Guo et al. 2017), or a scale and shift a label (Platt 1999).

    Args:
        logits: [N, L] of rows that the model was not trained on.
        gold: ids [N], or 0/1 [N, L] with several labels.
        labels: the label axis.

    Raises:
        UserError: there are no rows, or logits are not finite.
    """
    if not len(gold):
        raise UserError("Calibration needs validation rows; found none.")
    values = np.asarray(logits, dtype=np.float64)
    if not np.isfinite(values).all():
        raise UserError(
            "The model's scores on validation are not finite, so it cannot be calibrated: training diverged. "
            "Lower --learning_rate or use --precision fp32."
        )
    if labels.multi_label:
        return _platt_each(values, gold)
    scale = np.full(len(labels), _inverse_temperature(values, gold))
    return Scales("temperature", scale, np.zeros(len(labels)), np.zeros(len(labels), dtype=bool))


def _inverse_temperature(logits: NDArray[np.float64], gold: NDArray[np.int64]) -> float:
    """Return the s that makes softmax(s * logits) most likely, with one more row spread evenly over the labels.

    That row keeps the optimum finite when every text is right, as Platt's smoothed targets do for two classes; among
    hundreds of rows it weighs nothing. The objective is convex in s.
    """
    n = len(gold)
    own = logits[np.arange(n), gold]
    expected = (own.sum() + logits.mean()) / (n + 1)

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scaled = logits * point[0]
        normaliser = logsumexp(scaled, axis=1)
        gradient = (np.exp(scaled - normaliser[:, None]) * logits).sum(axis=1).mean() - expected
        return normaliser.mean() - point[0] * expected, np.array([gradient])

    return float(_minimise(loss, np.ones(1))[0])


def _platt_each(logits: NDArray[np.float64], gold: NDArray[np.int64]) -> Scales:
    """Fit every label with enough texts on either side by itself; the others share a fit over the cells of all."""
    n, size = logits.shape
    positives = gold.sum(axis=0)
    pooled = np.minimum(positives, n - positives) < RARE
    fitted = np.empty((size, 2))
    if pooled.any():
        fitted[pooled] = _platt(logits.ravel(), gold.ravel())
    for k in np.flatnonzero(~pooled):
        fitted[k] = _platt(logits[:, k], gold[:, k])
    scale, shift = fitted.T
    return Scales("platt", scale, shift, pooled)


def _platt(logits: NDArray[np.float64], gold: NDArray[np.int64]) -> tuple[float, float]:
    """Return the scale and shift that make sigmoid(scale * logits + shift) most likely for 0/1 gold, both [M].

    The targets are Platt's, (P + 1) / (P + 2) and 1 / (N + 2) for P positives and N negatives: a prior that keeps the
    optimum finite when the classes are separated. With one class only there is nothing to fit: (1, 0).
    """
    positives = int(gold.sum())
    negatives = len(gold) - positives
    if not positives or not negatives:
        return 1.0, 0.0
    targets = np.where(gold == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    centre = logits.mean()
    centred = logits - centre  # scale and shift are then nearly independent, and the search is short

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        x = point[0] * centred + point[1]
        error = expit(x) - targets
        value = (np.logaddexp(0, x) - targets * x).mean()
        return value, np.array([(error * centred).mean(), error.mean()])

    scale, offset = _minimise(loss, np.array([1.0, centre]))
    return float(scale), float(offset - scale * centre)


def _minimise(loss: Any, start: NDArray[np.float64]) -> NDArray[np.float64]:  # Any: point -> (value, gradient)
    """Minimise a smooth convex function by L-BFGS-B, its first coordinate within SCALE_LIMITS."""
    bounds = [SCALE_LIMITS, *[(None, None)] * (len(start) - 1)]
    options = {"ftol": 1e-13, "gtol": 1e-9, "maxiter": 500}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return np.asarray(found.x)
