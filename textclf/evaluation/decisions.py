"""What is decided on validation after training: temperature and thresholds, written into the checkpoint."""

from __future__ import annotations

import hashlib
import logging
from typing import Any

import torch
from datasets import Dataset
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import PreTrainedModel

from ..arguments import MeasureArguments
from ..inference.classifier import Classifier, texts_of
from ..models import checkpoint
from ..models.heads import fold, last_linear
from ..run_folder import RunFolder
from .calibration import calibrate
from .thresholds import bake, choose

logger = logging.getLogger(__name__)

TRAINED_HEAD = "checkpoints/head.safetensors"  # the last layer as training left it, before anything was folded in
TRAINING = "checkpoints/training.json"  # what that training was


def settle(run: RunFolder, validation: Dataset, options: MeasureArguments) -> dict[str, Any]:
    """Calibrate the saved checkpoint and choose its thresholds on validation; return what was decided.

    The checkpoint is written again with both inside: a temperature or scales in its last layer, thresholds in
    `config.json`. Nothing else of the run changes. A run that is concluded a second time starts from the last layer
    that training left, so that the record always compares with the model before any calibration.
    """
    classifier = Classifier.load(run.path)
    _start_from_trained_head(run, classifier.model)
    calibration = calibrate(classifier, validation) if options.calibrate else None
    thresholds = _choose_thresholds(classifier, validation, options) if classifier.labels.multi_label else None
    checkpoint.save(classifier.model, classifier.tokenizer, run.path, max_length=classifier.max_length)
    return {"calibration": calibration, "thresholds": thresholds}


@torch.no_grad()
def _start_from_trained_head(run: RunFolder, model: PreTrainedModel) -> None:
    """Keep the last layer that training left, or, where it is kept already, put it back into the model.

    It is kept before the checkpoint changes, so that an interruption in between cannot calibrate twice.
    """
    training = run.path / TRAINING
    made_by = hashlib.sha256(training.read_bytes()).hexdigest() if training.exists() else ""
    linear, kept = last_linear(model), run.path / TRAINED_HEAD
    if kept.exists():
        with safe_open(kept, framework="pt") as file:
            if file.metadata() == {"training": made_by}:  # not of an earlier training in this folder
                logger.info("This run was concluded before; calibration and thresholds are chosen anew.")
                linear.weight.copy_(file.get_tensor("weight"))
                if "bias" in file.keys():  # noqa: SIM118, no mapping
                    linear.bias.copy_(file.get_tensor("bias"))
                else:
                    linear.register_parameter("bias", None)
                return
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in linear.named_parameters()}
    run.write(TRAINED_HEAD, lambda path: save_file(tensors, path, metadata={"training": made_by}))


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
