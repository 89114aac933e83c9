"""All checks of a training's settings: what cannot work, or would be ignored, is found before any time is spent."""

from __future__ import annotations

from dataclasses import fields
from importlib.util import find_spec
from typing import TYPE_CHECKING

import torch
from accelerate.utils import DistributedType
from transformers import SchedulerType, Trainer, get_scheduler
from transformers.trainer_optimizer import is_optimizer_factory
from transformers.training_args import OptimizerNames

from ..arguments import FitOptions
from ..errors import UserError, did_you_mean
from .teaching_settings import check_teaching

if TYPE_CHECKING:
    from .fit_arguments import FitArguments

_TRACKERS = {"trackio", "tensorboard", "wandb", "mlflow", "comet_ml", "clearml", "swanlab", "dvclive", "neptune"}

# Optimisers that are built over the model itself; what they need is known only then.
_OVER_THE_MODEL = ("galore", "apollo", "lomo")
_NO_WARM_UP = ("constant", "reduce_lr_on_plateau")
# Families whose linear model reads an encoder that no validation text has chosen.
LEARN_VALIDATION = SCALED = ("few_shot", "features")


def check_ranges(args: FitArguments) -> None:
    """Refuse values that cannot be, before the Trainer's own arguments stumble over them.

    Raises:
        UserError: such a value.
    """
    _at_least("num_train_epochs", args.num_train_epochs, 0)
    _at_least("per_device_train_batch_size", args.per_device_train_batch_size, 1)
    _at_least("per_device_eval_batch_size", args.per_device_eval_batch_size, 1)
    _at_least("gradient_accumulation_steps", args.gradient_accumulation_steps, 1)
    for name in (
        "tokens_per_batch",
        "freeze_encoder_epochs",
        "early_stopping_patience",
        "threads",
        "warmup_steps",
        "save_steps",
        "follow_states",
    ):
        _at_least(name, getattr(args, name), 0)
    if not 0 < args.layer_decay <= 1:
        raise UserError(f"--layer_decay is a factor above 0 and up to 1; found {args.layer_decay}.")
    if args.residual_scale is not None and not 0 < args.residual_scale <= 1:
        raise UserError(f"--residual_scale is a factor above 0 and up to 1; found {args.residual_scale}.")
    if not 0 <= args.label_smoothing_factor < 1:
        raise UserError(f"--label_smoothing_factor is a share from 0 to below 1; found {args.label_smoothing_factor}.")
    if args.eval_strategy not in {"epoch", "steps"}:
        raise UserError(
            f"--eval_strategy is 'epoch' or 'steps', because the checkpoint is chosen on validation; "
            f"found {args.eval_strategy!r}."
        )
    if args.sharded and args.follow_states:
        raise UserError("--follow_states does not work with weights in shards (FSDP, DeepSpeed). Leave it out.")
    if args.sharded and (args.freeze_encoder_epochs or args.layer_decay < 1):
        raise UserError(
            "--freeze_encoder_epochs and --layer_decay do not work with weights in shards (FSDP, DeepSpeed). "
            "Leave them out, or launch with accelerate_config.yaml."
        )
    schedules = [schedule.value for schedule in SchedulerType]
    if args.lr_scheduler_type not in schedules:
        raise UserError(
            f"Unknown --lr_scheduler_type {args.lr_scheduler_type}."
            f"{did_you_mean(args.lr_scheduler_type, schedules)} Known: {', '.join(schedules)}."
        )
    _check_trackers(args)


def check_settings(args: FitArguments) -> None:
    """Refuse what the Trainer would only find later, or not at all.

    Raises:
        UserError: no validation, an optimiser or a schedule that cannot be built, a setting without effect.
    """
    _check_validation(args)
    if args.learn_validation and args.family not in LEARN_VALIDATION:
        raise UserError(
            f"--learn_validation goes with --family {' or '.join(LEARN_VALIDATION)}; --family {args.family} chooses "
            "its checkpoint on the validation texts. Leave it out."
        )
    if args.residual_scale not in {None, 1.0} and args.family not in SCALED:
        raise UserError(
            f"--residual_scale goes with --family {' or '.join(SCALED)}; --family {args.family} trains all layers "
            "for its labels. Leave it out."
        )
    check_teaching(args)
    if not 0 <= args.seed < 2**32:
        raise UserError(f"--seed is a whole number from 0 to 4294967295; found {args.seed}.")
    if args.dataloader_persistent_workers and not args.dataloader_num_workers:
        raise UserError("--dataloader_persistent_workers does nothing without --dataloader_num_workers.")
    if args.padding_free == "on" and args.activation_checkpointing and args.device.type == "cuda":
        raise UserError(
            "--padding_free on does not go with --activation_checkpointing on a GPU: nested tensors cannot be "
            "computed again. Leave one of them out."
        )
    if args.sharded and args.use_cpu and args.distributed_state.distributed_type != DistributedType.MULTI_GPU:
        raise UserError(
            "Weights in shards (FSDP, DeepSpeed) need accelerators; found processors only, where each would get the "
            "whole model. Launch with accelerate_config.yaml."
        )
    if args.use_liger_kernel and find_spec("liger_kernel") is None:
        raise UserError("--use_liger_kernel needs the package liger-kernel. Type: pip install liger-kernel")
    schedule = SchedulerType(args.lr_scheduler_type).value
    usual = {field.name: field.default for field in fields(FitOptions)}
    if args.lr_scheduler_type in _NO_WARM_UP and args.warmup_steps not in (0, usual["warmup_steps"]):
        raise UserError(
            f"--lr_scheduler_type {schedule} has no warm-up. Leave --warmup_steps out, or choose "
            "another schedule, constant_with_warmup for one."
        )
    if args.optim_target_modules and not any(name in args.optim for name in _OVER_THE_MODEL):
        raise UserError(
            f"--optim {OptimizerNames(args.optim).value} does nothing with --optim_target_modules; leave it out."
        )
    _check_optimiser(args)


def _check_validation(args: FitArguments) -> None:
    if args.num_train_epochs == 0 and args.max_steps <= 0:
        raise UserError("--num_train_epochs 0 trains nothing; it has to be above 0.")
    if args.eval_strategy != "epoch":
        return
    if args.eval_steps is not None:
        raise UserError("--eval_steps does nothing with validation after each epoch; add --eval_strategy steps.")
    if args.eval_delay > args.num_train_epochs and args.max_steps <= 0:
        raise UserError(
            f"--eval_delay {args.eval_delay:g} leaves no validation before --num_train_epochs "
            f"{args.num_train_epochs:g}, and the checkpoint is chosen on validation. Lower it."
        )


def _check_optimiser(args: FitArguments) -> None:
    """Build optimiser and schedule over one parameter, as the Trainer will over the model's."""
    if any(name in args.optim for name in _OVER_THE_MODEL):
        return
    flags = "--optim, --optim_args, --learning_rate, --weight_decay, --adam_beta1, --adam_beta2 and --adam_epsilon"
    try:
        kind, settings = Trainer.get_optimizer_cls_and_kwargs(args)
        if is_optimizer_factory(kind):
            return
        optimizer = kind([torch.nn.Parameter(torch.zeros(1))], **{"weight_decay": args.weight_decay, **settings})
    except ImportError as error:
        name = OptimizerNames(args.optim).value
        raise UserError(f"--optim {name} needs a package that is not installed. {error}") from error
    except (TypeError, ValueError) as error:
        raise UserError(f"The optimiser cannot be built: {error}. Look at {flags}.") from error
    schedule = SchedulerType(args.lr_scheduler_type).value
    try:
        get_scheduler(args.lr_scheduler_type, optimizer, 0, 1, scheduler_specific_kwargs=args.lr_scheduler_kwargs)
    except (TypeError, ValueError) as error:
        raise UserError(
            f"--lr_scheduler_type {schedule} cannot be built: {error}. Look at --lr_scheduler_kwargs."
        ) from error


def _check_trackers(args: FitArguments) -> None:
    named = [args.report_to] if isinstance(args.report_to, str) else list(args.report_to or [])
    args.report_to = [name for part in named for name in part.split(",") if name not in {"", "none"}]  # type: ignore[assignment]
    for name in args.report_to:
        if name not in _TRACKERS:
            raise UserError(
                f"--report_to does not know {name!r}.{did_you_mean(name, _TRACKERS)} "
                f"Known: none, {', '.join(sorted(_TRACKERS))}."
            )
        if find_spec(name) is None and not (name == "tensorboard" and find_spec("tensorboardX")):
            raise UserError(f"--report_to {name} needs the package {name}. Type: pip install {name}")


def _at_least(name: str, value: float, least: int) -> None:
    if value < least:
        raise UserError(f"--{name} must be {least} or more; found {value}.")
