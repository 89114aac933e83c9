"""Checks of what is to be taught beside labels; loads nothing of what teaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..arguments import TeachingOptions
from ..errors import UserError
from .chat_protocol import address_of

if TYPE_CHECKING:
    from .fit_arguments import FitArguments


INJECTED = ("token", "embedding")  # values of --cluster_inject that a checkpoint needs clusters for


def teaches(args: FitArguments) -> bool:
    """Say whether training rows get further targets."""
    return args.teacher is not None or args.cluster_inject == "target"


def check_teaching(args: FitArguments) -> None:
    """Refuse what cannot be or would be ignored, before any time is spent.

    Raises:
        UserError: such a setting.
    """
    usual = TeachingOptions()
    for switch, on, rest in (
        ("--teacher", args.teacher, ("teacher_revision", "teacher_temperature", "teacher_weight", "teacher_url")),
        ("--teacher_url", args.teacher_url, ("teacher_labels", "teacher_price")),
        (
            "--cluster_inject",
            args.cluster_inject != "none",
            ("cluster_k", "cluster_encoder", "cluster_weight", "cluster_control"),
        ),
    ):
        for name in rest:
            if not on and getattr(args, name) != getattr(usual, name):
                raise UserError(f"--{name} does nothing without {switch}; add it, or leave --{name} out.")
    if args.teacher_url:
        _check_endpoint(args)
    if args.teacher_temperature <= 0:
        raise UserError(f"--teacher_temperature is above 0; found {args.teacher_temperature:g}.")
    if not 0 < args.teacher_weight <= 1:
        raise UserError(f"--teacher_weight is above 0 and up to 1; found {args.teacher_weight:g}.")
    if args.cluster_weight <= 0:
        raise UserError(f"--cluster_weight is above 0; found {args.cluster_weight:g}.")
    if args.cluster_k < 2:
        raise UserError(f"--cluster_k is 2 or more; found {args.cluster_k}.")
    if teaches(args) and args.sharded:
        raise UserError(
            "--teacher and --cluster_inject target do not work with weights in shards (FSDP, DeepSpeed): rows of the "
            "last layer are cut off at the end. Launch with accelerate_config.yaml."
        )


def _check_endpoint(args: FitArguments) -> None:
    address_of(args.teacher_url or "")
    usual = TeachingOptions()
    for name in ("teacher_temperature", "teacher_revision"):
        if getattr(args, name) != getattr(usual, name):
            raise UserError(f"--{name} does nothing with --teacher_url, whose answers are labels; leave it out.")
    if args.teacher_price and (len(args.teacher_price) != 2 or min(args.teacher_price) < 0):
        raise UserError(
            "--teacher_price takes two numbers: what a million tokens cost that the teacher reads, and that it "
            f"writes; found {' '.join(map(str, args.teacher_price))}."
        )
