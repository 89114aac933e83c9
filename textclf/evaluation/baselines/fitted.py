"""Fitted baselines: setting, calibration and thresholds chosen on validation, by the code that settles the model."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from textclf.metrics.text_classification.text_classification import LOWER_IS_BETTER, Rows

from ...errors import UserError, did_you_mean
from ...inference.answers import Text, activate
from ...inference.classifier import texts_of
from ...labels import LabelSpace
from ...models.baselines import BASELINES, Candidates, TrainingRows
from ...models.linear import LinearModel
from ..calibration import fit_scales
from ..fold_scores import FoldScores, decided_on
from ..report import Report
from ..thresholds import choose
from .cache import BaselineCache
from .rows import CleanedTexts, training_sample
from .treatment import Treatment

logger = logging.getLogger(__name__)


class FittedBaseline:
    """A scorer whose every choice was made on validation.

    `chosen` says what was chosen, as plain values for evaluation.json; `validation` holds its figures there.
    """

    def __init__(self, name: str, rows: TrainingRows, clean: Callable[[str], str], cache: BaselineCache) -> None:
        """Wrap a baseline that is yet to be settled; `fit_baselines` is the way to get one."""
        self.name = name
        self.labels = rows.labels
        self.thresholds: NDArray[np.float64] | None = None
        self.chosen: dict[str, Any] = {}  # Any: nested plain values
        self.validation: dict[str, float] = {}
        self._rows, self._clean, self._cache = rows, clean, cache
        self._setting = 0.0
        self._scale, self._shift = np.ones(len(rows.labels)), np.zeros(len(rows.labels))

    def scores(self, texts: Sequence[Text]) -> NDArray[np.float32]:
        """Return scores in [0, 1], float32 [N, L]."""
        cleaned = CleanedTexts(texts, self._clean)
        logits = self._cache.logits(cleaned, lambda: self._logits(cleaned, [self._linear])[0])
        return activate(logits * self._scale + self._shift, self.labels)

    def settle(
        self, validation: CleanedTexts, gold: NDArray[np.int64], treatment: Treatment, told: FoldScores | None = None
    ) -> None:
        """Choose the setting, the calibration and the thresholds on validation, or recall what was chosen before.

        Where validation is small, out-of-fold rows help to decide the latter two: `told`.
        """
        record = self._cache.record(lambda: self._choose(validation, gold, treatment, told))
        self._setting = record["setting"]
        self._scale, self._shift = np.array(record["scale"]), np.array(record["shift"])
        self.thresholds = None if record["cuts"] is None else np.array(record["cuts"])
        self.chosen, self.validation = record["chosen"], record["validation"]

    def fitted_on(self, rows: TrainingRows, cache: BaselineCache) -> FittedBaseline:
        """Return a baseline that is fitted on other rows, with all that was chosen for this one."""
        other = FittedBaseline(self.name, rows, self._clean, cache)
        other._setting, other._scale, other._shift = self._setting, self._scale, self._shift
        other.thresholds, other.validation = self.thresholds, self.validation
        other.chosen = self.chosen | {"trained_on": len(rows.texts)}
        return other

    @cached_property
    def _candidates(self) -> Candidates:
        logger.info("fitting the baseline %s on %d texts", self.name, len(self._rows.texts))
        return BASELINES[self.name](self._rows)

    @cached_property
    def _linear(self) -> LinearModel:
        return self._candidates.fit(self._setting)

    def _choose(
        self, validation: CleanedTexts, gold: NDArray[np.int64], treatment: Treatment, told: FoldScores | None
    ) -> dict[str, Any]:
        """Return the best setting's record."""
        candidates = self._candidates
        fitted = [candidates.fit(setting) for setting in candidates.settings]
        logits = self._logits(validation, fitted)
        best: dict[str, Any] | None = None
        for setting, linear, found in zip(candidates.settings, fitted, logits, strict=True):
            record = self._settled(setting, found, gold, treatment, told)
            if best is None or _better(record["validation"], best["validation"], treatment.metric, self.labels):
                best = record
                self._linear = linear
        assert best is not None  # every baseline has a setting
        return best

    def _logits(self, texts: CleanedTexts, models: Sequence[LinearModel]) -> list[NDArray[np.float32]]:
        """Return each model's logits, float32 [N, L]; features of a few thousand texts are held at a time."""
        parts = [
            [model.logits(features) for model in models] for features in map(self._candidates.features, texts.pieces())
        ]
        return [np.concatenate(each) for each in zip(*parts, strict=True)]

    def _settled(
        self,
        setting: float,
        logits: NDArray[np.float32],
        gold: NDArray[np.int64],
        treatment: Treatment,
        told: FoldScores | None,
    ) -> dict[str, Any]:
        """Return what is chosen for one setting, and the figures on validation that follow."""
        certain = self._candidates.certain
        labels = self.labels
        scale, shift, cuts = np.ones(len(labels)), np.zeros(len(labels)), None
        chosen: dict[str, Any] = {"chosen_on": "validation", "n": len(gold), "trained_on": len(self._rows.texts)}
        if self._candidates.setting is not None:
            chosen[self._candidates.setting] = setting
        among, truth = told.beside(logits, gold) if told else (logits, gold)
        rows = decided_on(len(gold), len(truth))
        if treatment.calibrate and not certain:
            scales = fit_scales(among, truth, labels)
            scale, shift = scales.scale, scales.shift
            chosen["calibration"] = scales.record(among, truth, labels) | {"fitted_on": rows}
        scores = activate(logits * scale + shift, labels)
        if labels.multi_label and not certain:
            thresholds = choose(activate(among * scale + shift, labels), truth, treatment.threshold_aim, shift)
            cuts = thresholds.cuts
            chosen["thresholds"] = thresholds.record(labels) | {"chosen_on": rows}
        return {
            "setting": setting,
            "scale": scale.tolist(),
            "shift": shift.tolist(),
            "cuts": None if cuts is None else cuts.tolist(),
            "chosen": chosen,
            "validation": _figures(scores, gold, labels, cuts),
        }


def fit_baselines(
    names: Sequence[str],
    train: Dataset,
    validation: Dataset,
    labels: LabelSpace,
    treatment: Treatment | None = None,
    told: FoldScores | None = None,
    *,
    learn_validation: bool = False,
) -> list[FittedBaseline]:
    """Fit baselines on train and settle them on validation, in the order of `names`; no test split comes near.

    Where validation is small, what folds `told` of a baseline helps to settle it. With `learn_validation` each is
    fitted once more when all is chosen, on the validation texts too, as the model is that it stands beside.

    Raises:
        UserError: a name is unknown, or the encoder of `frozen_encoder` cannot be read.
    """
    check_baselines(names)
    treatment = treatment or Treatment()
    train_texts, train_gold, note = training_sample(train, treatment.clean, labels, treatment.seed)
    rows = TrainingRows(train_texts, train_gold, labels, treatment.seed, treatment.model)
    gold = labels.gold(validation)
    texts = CleanedTexts(texts_of(validation), treatment.clean)
    result = []
    for name in dict.fromkeys(names):
        own = told and told.of(name)
        cache = BaselineCache.of(name, rows, (texts, gold), treatment, own)
        baseline = FittedBaseline(name, rows, treatment.clean, cache)
        baseline.settle(texts, gold, treatment, own)
        if learn_validation:
            both = [*train_texts, *(text for piece in texts.pieces() for text in piece)]
            later = rows._replace(texts=both, gold=np.concatenate([train_gold, gold]))
            baseline = baseline.fitted_on(later, BaselineCache.of(name, later, (texts, gold), treatment, own))
        if note:
            baseline.chosen["sample"] = note
        result.append(baseline)
    return result


def best_baseline(baselines: Sequence[FittedBaseline], metric: str | None = None) -> FittedBaseline:
    """Return the baseline with the best validation figure (the first of equals)."""
    best = baselines[0]
    for other in baselines[1:]:
        if _better(other.validation, best.validation, metric, best.labels):
            best = other
    return best


def check_baselines(names: Sequence[str]) -> None:
    """Refuse names that are not in the table.

    Raises:
        UserError: with the nearest known name.
    """
    for name in names:
        if name not in BASELINES:
            known = ", ".join(BASELINES)
            raise UserError(f"Unknown baseline {name!r}.{did_you_mean(name, BASELINES)} Known: {known}.")


def deciding_metric(metric: str | None, labels: LabelSpace) -> str:
    """Return the figure of `Rows` by which a metric of the Trainer's chooses: `loss` is the log loss."""
    name = (metric or ("average_precision_micro" if labels.multi_label else "f1_macro")).removeprefix("eval_")
    if name == "loss":
        return "log_loss"
    return re.sub(r"^f(\d|1\d|\d*\.\d+)_(?=macro|micro|weighted)", "f1_", name)  # an F-beta is no figure of `Rows`


def metric_of_both(metric: str | None, report: Report, other: Report) -> str:
    """Return the figure that two reports are compared by: the deciding one, or where rows do not define it another.

    An area is undefined where rows are of one class, every average where none carries a label.
    """
    always = "subset_accuracy" if report.labels.multi_label else "accuracy"
    wanted = (deciding_metric(metric, report.labels), "f1_macro", always)
    return next(name for name in wanted if name in report.metrics and name in other.metrics)


def _better(figures: dict[str, float], than: dict[str, float], metric: str | None, labels: LabelSpace) -> bool:
    """Say whether figures are better in a metric; an undefined figure is never better."""
    name = deciding_metric(metric, labels)
    sign = -1 if name in LOWER_IS_BETTER else 1
    return sign * figures.get(name, -sign * np.inf) > sign * than.get(name, -sign * np.inf)


def _figures(
    scores: NDArray[np.float32], gold: NDArray[np.int64], labels: LabelSpace, cuts: NDArray[np.float64] | None
) -> dict[str, float]:
    rows = Rows(gold, labels.decide(scores, cuts), scores, len(labels))
    figures = {name: float(value[0]) for name, value in rows.figures(np.ones((1, len(gold)))).items()}
    return {name: value for name, value in figures.items() if np.isfinite(value)}
