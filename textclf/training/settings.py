"""Settings of a training that cannot work, or would be ignored: found before any time is spent on data and model."""

from __future__ import annotations

import logging
from dataclasses import fields
from importlib.util import find_spec

import torch
from transformers import Trainer, get_scheduler
from transformers.trainer_optimizer import is_optimizer_factory

from ..arguments import FitOptions
from ..errors import UserError
from .fit_arguments import FitArguments

logger = logging.getLogger(__name__)

# Optimisers that are built over the model itself; what they need is known only then.
_OVER_THE_MODEL = ("galore", "apollo", "lomo")
_NO_WARM_UP = ("constant", "reduce_lr_on_plateau")


def check_settings(args: FitArguments) -> None:
    """Refuse what the Trainer would only find later, or not at all.

    Raises:
        UserError: no validation, an optimiser or a schedule that cannot be built, a setting without effect.
    """
    _check_validation(args)
    if not 0 <= args.seed < 2**32:
        raise UserError(f"--seed is a whole number from 0 to 4294967295; found {args.seed}.")
    if args.dataloader_persistent_workers and not args.dataloader_num_workers:
        raise UserError("--dataloader_persistent_workers does nothing without --dataloader_num_workers.")
    if args.padding_free == "on" and args.activation_checkpointing and args.device.type == "cuda":
        raise UserError(
            "--padding_free on does not go with --activation_checkpointing on a GPU: nested tensors cannot be "
            "computed again. Leave one of them out."
        )
    if args.use_liger_kernel and find_spec("liger_kernel") is None:
        raise UserError("--use_liger_kernel needs the package liger-kernel. Type: pip install liger-kernel")
    usual = {field.name: field.default for field in fields(FitOptions)}
    if args.lr_scheduler_type in _NO_WARM_UP and args.warmup_steps not in (0, usual["warmup_steps"]):
        raise UserError(
            f"--lr_scheduler_type {args.lr_scheduler_type} has no warm-up. Leave --warmup_steps out, or choose "
            "another schedule, constant_with_warmup for one."
        )
    if args.optim_target_modules and not any(name in args.optim for name in _OVER_THE_MODEL):
        raise UserError(f"--optim {args.optim} does nothing with --optim_target_modules; leave it out.")
    if args.tokens_per_batch and args.per_device_train_batch_size != usual["per_device_train_batch_size"]:
        logger.warning(
            "--tokens_per_batch decides how many texts a step takes: --per_device_train_batch_size %d is not used.",
            args.per_device_train_batch_size,
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
        raise UserError(f"--optim {args.optim} needs a package that is not installed. {error}") from error
    except (TypeError, ValueError) as error:
        raise UserError(f"The optimiser cannot be built: {error}. Look at {flags}.") from error
    try:
        get_scheduler(args.lr_scheduler_type, optimizer, 0, 1, scheduler_specific_kwargs=args.lr_scheduler_kwargs)
    except (TypeError, ValueError) as error:
        raise UserError(
            f"--lr_scheduler_type {args.lr_scheduler_type} cannot be built: {error}. Look at --lr_scheduler_kwargs."
        ) from error
