"""What stops a run that cannot come to anything, with the reason: loss gone or flat, no gradient, a disk too small."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ..errors import UserError
from .interruption import Continued

WATCHED_STEPS = 50
# Losses of different batches differ by percents even where nothing is learned; this little means a constant.
FLAT = 1e-3
_GIGABYTE = 1e9


class StepRecord:
    """What the last optimiser step gave: loss, gradient norm, and how much the logits of its texts differ."""

    def __init__(self) -> None:
        """Start empty."""
        self.losses: list[Tensor] = []
        self.spreads: list[Tensor] = []
        self.norm: Tensor | float | None = None  # over all processes; None where the launcher's wrapper keeps it

    def add_loss(self, loss: Tensor) -> None:
        """Add a batch's share of the step's loss."""
        self.losses.append(loss.detach())

    def add_logits(self, logits: Tensor) -> None:
        """Add the largest distance between two texts of a batch, over the labels."""
        if len(logits) > 1:
            logits = logits.detach()
            self.spreads.append((logits.amax(dim=0) - logits.amin(dim=0)).amax())

    def read(self) -> tuple[float, float | None]:
        """Return the loss and the largest spread (None: single texts only); waits for the accelerator."""
        loss = float(torch.stack(self.losses).sum())
        return loss, float(torch.stack(self.spreads).max()) if self.spreads else None

    def clear(self) -> None:
        """Start a new step."""
        self.losses, self.spreads, self.norm = [], [], None

    def gradient_norm(self) -> float | None:
        """Return the norm, gathered where the gradient lies in shards: every process has to ask."""
        norm = self.norm.full_tensor() if isinstance(self.norm, DTensor) else self.norm
        return None if norm is None else float(norm)


class LossGuard(Continued):
    """Stops on a loss that is not a number, and within the first 50 steps on one that does not move."""

    kept = ("losses", "spreads")

    def __init__(self, record: StepRecord) -> None:
        """Read what the trainer records."""
        self.record = record
        self.losses: list[float] = []
        self.spreads: list[float] = []

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Look at the step's loss, and in the first one for a gradient.

        Raises:
            UserError: with the reason.
        """
        if state.global_step > WATCHED_STEPS:
            return
        if state.global_step == 1 and self.record.gradient_norm() == 0:
            raise UserError(
                "No gradient reaches any parameter, so nothing would be learned. Look at --lora_targets, "
                "--freeze_encoder_epochs and --loss, or add --guards false."
            )
        loss, spread = self.record.read()
        if not math.isfinite(loss):
            raise UserError(_not_a_number(loss, state.global_step, args))
        self.losses.append(loss)
        if spread is not None:
            self.spreads.append(spread)
        if len(self.losses) == WATCHED_STEPS:
            self._check_movement(args)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Look at the mean loss of the logged steps, in every later step.

        Raises:
            UserError: it is not a number.
        """
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            raise UserError(_not_a_number(loss, state.global_step, args))

    def _check_movement(self, args: TrainingArguments) -> None:
        lowest, highest = min(self.losses), max(self.losses)
        same_scores = len(self.spreads) >= 10 and max(self.spreads[-10:]) < FLAT
        if highest - lowest >= FLAT * max(abs(highest), FLAT) and not same_scores:
            return
        found = (
            "the model gives every text the same scores"
            if same_scores
            else f"the loss has not moved from {lowest:.4f} in {WATCHED_STEPS} steps"
        )
        raise UserError(
            f"Training goes nowhere: {found}. Try a --learning_rate below {args.learning_rate:g} (or above, if it is "
            "tiny), look at the labels, or add --guards false to go on all the same."
        )


def _not_a_number(loss: float, step: int, args: TrainingArguments) -> str:
    advice = "--precision bf16 or fp32" if args.fp16 else f"a --learning_rate below {args.learning_rate:g}"
    return f"The loss became {loss} at step {step}. Try {advice}, or look for empty or broken texts in the data."


class DiskGuard(TrainerCallback):
    """Stops before a checkpoint is written that the disk cannot hold; what was saved before stays whole."""

    def __init__(self, folder: Path, model: nn.Module, free: Callable[[Path], int] | None = None) -> None:
        """Watch the disk of `folder`; `free` returns its free bytes."""
        weights = sum(p.numel() * p.element_size() for p in model.parameters())
        learned = sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
        self.checkpoint_bytes = weights + 2 * learned  # AdamW keeps two moments of each parameter that learns
        self.folder = folder
        self.free = free or _free_bytes

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Check that the best, the last and the next checkpoint will fit.

        Raises:
            UserError: they will not.
        """
        self._check(3 * self.checkpoint_bytes, "Training needs room for three checkpoints")

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Check before a checkpoint is written."""
        if control.should_save:
            self._check(self.checkpoint_bytes, f"The checkpoint of step {state.global_step} needs room")

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Check before a checkpoint is written."""
        self.on_step_end(args, state, control)

    def _check(self, needed: int, what: str) -> None:
        free = self.free(self.folder)
        if free < needed:
            raise UserError(
                f"{what}: {needed / _GIGABYTE:.2f} GB in {self.folder}, found {free / _GIGABYTE:.2f} GB free. "
                "Free some space, or choose another --output_dir."
            )


def _free_bytes(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
