"""Ctrl-C and SIGTERM: the running step is finished and saved, then the run stops and says how to go on."""

from __future__ import annotations

import logging
import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Self

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

logger = logging.getLogger(__name__)

SAVE_SECONDS = 600.0  # between two checkpoints, so that a killed run loses ten minutes at most
FORWARD_SECONDS = 1.0  # a launcher passes on the Ctrl-C that the terminal gave to all: that is not a second one
_ASK_EVERY = 10  # steps between two questions to the other processes where each costs a wait for the accelerator


class GracefulStop(TrainerCallback):
    """Saves when asked to stop, and every ten minutes; all processes do so at the same step.

    Use it as a context: outside it the signals mean what they did before.
    """

    def __init__(self, batches_per_epoch: int, save_seconds: float = SAVE_SECONDS) -> None:
        """Take the optimiser steps of an epoch: its last step is saved with the validation, not before."""
        self.steps_per_epoch = batches_per_epoch
        self.save_seconds = save_seconds
        self.stopped_at: int | None = None
        self._signalled: float | None = None  # when the first signal came
        self._saved = time.monotonic()
        self._before: dict[int, Any] = {}  # what signal.signal returned

    def __enter__(self) -> Self:
        """Take over the signals (only the main thread can)."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._signalled is not None:
            if now - self._signalled < FORWARD_SECONDS:
                return
            raise KeyboardInterrupt
        self._signalled = now
        logger.warning("Stopping after this step; the state will be saved. Once more stops at once.")

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the clock."""
        self._saved = time.monotonic()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Save, and stop if a signal came; both wait for the end of the epoch where that is this step."""
        if args.world_size > 1 and args.device.type != "cpu" and state.global_step % _ASK_EVERY:
            return
        stop, due = self._agree(args)
        at_epoch_end = state.global_step % self.steps_per_epoch == 0
        if stop:
            control.should_training_stop = True
            self.stopped_at = state.global_step
        if (stop or due) and not at_epoch_end:
            control.should_save = True

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Leave out the validation of an epoch that was broken off: the uninterrupted run has none there."""
        if self.stopped_at is not None and state.global_step % self.steps_per_epoch:
            control.should_evaluate = control.should_save = False

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Start the clock again."""
        self._saved = time.monotonic()

    def _agree(self, args: TrainingArguments) -> tuple[bool, bool]:
        """Return whether any process was told to stop, and whether any finds a checkpoint due."""
        wishes = [self._signalled is not None, time.monotonic() - self._saved > self.save_seconds]
        if args.world_size > 1:
            shared = torch.tensor(wishes, dtype=torch.int32, device=args.device)
            torch.distributed.all_reduce(shared, op=torch.distributed.ReduceOp.MAX)
            wishes = [bool(wish) for wish in shared.tolist()]
        return wishes[0], wishes[1]
