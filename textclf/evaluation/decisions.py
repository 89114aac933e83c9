"""What is decided on validation after training: temperature and thresholds, written into the checkpoint."""

from __future__ import annotations

import hashlib
import logging
from typing import Any, NamedTuple

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import PreTrainedModel

from ..arguments import MeasureArguments
from ..errors import UserError
from ..inference.answers import activate
from ..inference.classifier import Classifier, texts_of
from ..labels import LabelSpace
from ..models import checkpoint
from ..models.heads import fold, last_linear
from ..run_folder import VALIDATION_LEARNED, VALIDATION_LOGITS, RunFolder
from .calibration import calibrate
from .curves import scores_before_calibration
from .fold_scores import FoldScores, decided_on
from .known_scores import confirmed
from .report import Report, quick_metrics
from .thresholds import Thresholds, bake, choose, parse_aim

logger = logging.getLogger(__name__)

TRAINED_HEAD = "checkpoints/head.safetensors"  # the last layer as training left it, before anything was folded in
TRAINING = "checkpoints/training.json"  # what that training was


class Settled(NamedTuple):
    """What was decided on validation, and what the checkpoint written with it gives the validation texts."""

    record: dict[str, Any]  # `calibration` and `thresholds`, as evaluation.json keeps them
    scores: NDArray[np.float32]  # [N, L] in [0, 1]


def settle(run: RunFolder, validation: Dataset, options: MeasureArguments, told: FoldScores | None = None) -> Settled:
    """Calibrate the saved checkpoint and choose its thresholds on validation; return what was decided.

    The checkpoint is written again with both inside: a temperature or scales in its last layer, thresholds in
    `config.json`. Nothing else of the run changes. A run that is concluded a second time starts from the last layer
    that training left, so that the record always compares with the model before any calibration. The texts go through
    the model once, or not at all where training's last look at them was in float32: what is folded into its last layer
    is arithmetic on their logits. Where they are few, out-of-fold rows help to decide: `told`.
    """
    classifier = Classifier.load(run.path)
    model, labels = classifier.model, classifier.labels
    _start_from_trained_head(run, model)
    gold, logits = labels.gold(validation), _validation_logits(run, classifier, validation)
    n = len(gold)
    if told is not None:
        logits, gold = told.beside(logits, gold)
    calibration = thresholds = None
    if options.calibrate:
        calibration, logits = calibrate(model, labels, logits, gold)
    if labels.multi_label:
        added = np.array([calibration["shift"][name] for name in labels.names]) if calibration else None
        chosen = choose(activate(logits, labels), gold, options.threshold_aim, added)
        thresholds, shift = _put_thresholds(model, labels, chosen, options.bake_thresholds)
        logits = (logits + shift).astype(np.float32)
    if calibration and options.bake_thresholds:  # the model that is saved is another one than was calibrated
        saved = quick_metrics(gold, activate(logits, labels))
        calibration |= {f"{name}_after": saved[name] for name in ("ece", "log_loss")}
    rows = decided_on(n, len(gold))
    calibration = calibration and calibration | {"fitted_on": rows}
    thresholds = thresholds and thresholds | {"chosen_on": rows}
    checkpoint.save(model, classifier.tokenizer, run.path, max_length=classifier.max_length)
    return Settled({"calibration": calibration, "thresholds": thresholds}, activate(logits[:n], labels))


def on_test(settled: dict[str, Any], test: Report) -> dict[str, Any]:
    """Return what `settle` decided with what came of it on test: calibration before and after, the cuts' aim."""
    calibration, thresholds = settled["calibration"], settled["thresholds"]
    before = scores_before_calibration(test, settled)
    if calibration and before is not None:
        old = quick_metrics(test.gold, before.astype(np.float32))
        figures = {f"{name}_before": old[name] for name in ("ece", "log_loss")}
        figures |= {f"{name}_after": test.metrics[name]["value"] for name in ("ece", "log_loss")}
        at_this_n = {"n": test.n, "ece_if_calibrated": test.metrics["ece"]["if_calibrated"]}
        calibration = calibration | {"test": figures | at_this_n}
    if thresholds and (aim := parse_aim(thresholds["aim"])).kind in {"precision", "recall"}:
        reached = {name: row[aim.kind] for name, row in test.per_label.items() if row[aim.kind] is not None}
        short = [name for name, figure in reached.items() if figure["value"] < aim.value]
        thresholds = thresholds | {"on_test": {"measured": len(reached), "below_aim": short, "reached": reached}}
    return {"calibration": calibration, "thresholds": thresholds}


@torch.no_grad()
def _start_from_trained_head(run: RunFolder, model: PreTrainedModel) -> None:
    """Keep the last layer that training left, or, where it is kept already, put it back into the model.

    It is kept before the checkpoint changes, so that an interruption in between cannot calibrate twice.
    """
    made_by = _made_by(run)
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


def _made_by(run: RunFolder) -> str:
    """Return what tells one training in this folder from another."""
    training = run.path / TRAINING
    return hashlib.sha256(training.read_bytes()).hexdigest() if training.exists() else ""


def validation_learned(run: RunFolder) -> int:
    """Return how many validation texts the model learned once all was chosen: none, or all of them."""
    facts = run.read_json(TRAINING) if (run.path / TRAINING).exists() else {"training": {}}
    return int(facts["training"].get(VALIDATION_LEARNED) or 0)


def _validation_logits(run: RunFolder, classifier: Classifier, validation: Dataset) -> NDArray[np.float32]:
    """Return logits [N, L]: those of training, if the saved model confirms a sample of them, or its own.

    A model that has learned these texts in the end is not asked.

    Raises:
        UserError: it has learned them, and the logits from before are gone.
    """
    kept, learned = run.path / VALIDATION_LOGITS, validation_learned(run)
    if kept.exists():
        with safe_open(kept, framework="np") as file:
            known = file.get_tensor("logits")
            of_this_training = file.metadata() == {"training": _made_by(run)}
        if of_this_training and (learned or confirmed(classifier, validation, activate(known, classifier.labels))):
            return known
    if learned:
        raise UserError(
            f"The model of {run.path} has learned its validation texts, and {VALIDATION_LOGITS}, which holds what was "
            "said of them before, is not of this training. Train once more into a new --output_dir."
        )
    return classifier.logits(texts_of(validation))


def _put_thresholds(
    model: PreTrainedModel, labels: LabelSpace, chosen: Thresholds, baked: bool
) -> tuple[dict[str, Any], NDArray[np.float64]]:
    """Put each label's cut into the model's config; say how it was chosen, and what it shifts the logits by [L]."""
    cuts, shift = chosen.by_name(labels), np.zeros(len(labels))
    if baked:
        shift = bake(chosen)
        fold(model, 1.0, shift)
        cuts = dict.fromkeys(labels.names, 0.5)
    model.config.thresholds = cuts
    return chosen.record(labels) | {"baked": baked}, shift
