"""What decides a run's weights, noted when it begins, so that it can only go on as what it was."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from transformers import PreTrainedModel

from ..errors import UserError
from ..labels import LabelSpace
from ..run_folder import RunFolder
from .encoding import EncodedTexts
from .fit_arguments import FitArguments
from .resume import Place

PLAN = "checkpoints/plan.json"
# Free to change on the way: number format, threads, GPUs, how a step is cut up, and everything that only reports.
_DECIDE = (
    "num_train_epochs",
    "max_steps",
    "tokens_per_batch",
    "learning_rate",
    "lr_scheduler_type",
    "warmup_steps",
    "lr_scheduler_kwargs",
    "optim",
    "optim_args",
    "optim_target_modules",
    "adam_beta1",
    "adam_beta2",
    "adam_epsilon",
    "neftune_noise_alpha",
    "weight_decay",
    "max_grad_norm",
    "loss",
    "class_weights",
    "focal_gamma",
    "label_smoothing_factor",
    "freeze_encoder_epochs",
    "layer_decay",
    "eval_strategy",
    "eval_steps",
    "eval_delay",
    "metric_for_best_model",
    "early_stopping_patience",
    "compact_vocabulary",
    "seed",
)


def plan(
    args: FitArguments, labels: LabelSpace, model: PreTrainedModel, train: EncodedTexts, validation: EncodedTexts
) -> dict[str, Any]:
    """Return what the weights follow from: settings by their names, rows and the model's parts by their digests."""
    step = args.per_device_train_batch_size * args.gradient_accumulation_steps * args.world_size
    decided = {f"--{name}": getattr(args, name) for name in _DECIDE}
    if not args.tokens_per_batch:
        decided["texts in a step"] = step
    shapes = [[name, list(part.shape), part.requires_grad] for name, part in model.named_parameters()]
    decided["model parameters"] = hashlib.blake2b(json.dumps(shapes).encode(), digest_size=8).hexdigest()
    rows = {"training rows": train.digest(), "validation rows": validation.digest()}
    return dict(json.loads(json.dumps({**decided, "labels": labels.names, **rows})))


def keep_to(place: Place, wanted: dict[str, Any]) -> None:
    """Refuse to go on with a run that was begun with another plan; touches nothing.

    Raises:
        UserError: naming each difference.
    """
    folder = RunFolder(place.run)
    if not place.resuming or not (folder.path / PLAN).exists():
        return
    begun = folder.read_json(PLAN)
    differences = [
        f"other {name}" if name.endswith((" rows", " parameters")) else f"{name} {begun.get(name)} (now {value})"
        for name, value in wanted.items()
        if begun.get(name) != value
    ]
    if differences:
        raise UserError(
            f"{place.run} was begun with {', '.join(differences)}. A run goes on as what it was: type the command "
            f"that began it and --resume_from_checkpoint {place.run}, or begin anew with another --output_dir."
        )


def note(place: Place, begun: dict[str, Any]) -> None:
    """Write down the plan of a run that begins; on process 0 only."""
    if not (place.run / PLAN).exists():
        RunFolder(place.run).write_json(PLAN, begun)
