"""What is decided on validation after training: temperature and thresholds, written into the checkpoint."""

from __future__ import annotations

import logging
from typing import Any

from datasets import Dataset

from ..arguments import MeasureArguments
from ..inference.classifier import Classifier, texts_of
from ..models import checkpoint
from ..models.heads import fold
from ..run_folder import RunFolder
from .calibration import calibrate
from .thresholds import bake, choose

logger = logging.getLogger(__name__)


def settle(run: RunFolder, validation: Dataset, options: MeasureArguments) -> dict[str, Any]:
    """Calibrate the saved checkpoint and choose its thresholds on validation; return what was decided.

    The checkpoint is written again with both inside: a temperature or scales in its last layer, thresholds in
    `config.json`. Nothing else of the run changes.
    """
    classifier = Classifier.load(run.path)
    if getattr(classifier.model.config, "thresholds", None):  # ours; a run that is concluded a second time
        logger.info("The checkpoint has thresholds already; they are chosen anew.")
    calibration = calibrate(classifier, validation) if options.calibrate else None
    thresholds = _choose_thresholds(classifier, validation, options) if classifier.labels.multi_label else None
    checkpoint.save(classifier.model, classifier.tokenizer, run.path, max_length=classifier.max_length)
    return {"calibration": calibration, "thresholds": thresholds}


def _choose_thresholds(classifier: Classifier, validation: Dataset, options: MeasureArguments) -> dict[str, Any]:
    """Choose each label's cut, put it into the model's config, and say how."""
    labels = classifier.labels
    chosen = choose(classifier.scores(texts_of(validation)), labels.gold(validation), options.threshold_aim)
    cuts = chosen.by_name(labels)
    if options.bake_thresholds:
        fold(classifier.model, 1.0, bake(chosen))
        cuts = dict.fromkeys(labels.names, 0.5)
    classifier.model.config.thresholds = cuts
    return chosen.record(labels) | {"baked": options.bake_thresholds}
