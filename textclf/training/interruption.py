"""What is left of a run that ends early: Ctrl-C and SIGTERM save, half-written checkpoints are never taken.

A checkpoint counts once it is marked; older ones go only after that. Callbacks' own state lies in it too.
"""

from __future__ import annotations

import json
import logging
import shutil
import signal
import threading
import time
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, ClassVar, Self

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import ExportableState
from transformers.trainer_utils import rotate_checkpoints

logger = logging.getLogger(__name__)

CHECKPOINTS = "checkpoints"
COMPLETE = "complete"  # the file that a checkpoint gets once all of it is on the disk
SMALLEST_FREE = 50_000_000  # bytes: with less than this free, a failed write is put down to the disk
SAVE_SECONDS = 600.0  # between two checkpoints, so that a killed run loses ten minutes at most
FORWARD_SECONDS = 1.0  # a launcher passes on the Ctrl-C that the terminal gave to all: that is not a second one
_ASK_EVERY = 10  # steps between two questions to the other processes where each costs a wait for the accelerator


class GracefulStop(TrainerCallback):
    """Saves when asked to stop, and every ten minutes; all processes do so at the same step.

    Use it as a context: outside it the signals mean what they did before.
    """

    def __init__(self, steps_per_epoch: int, save_seconds: float = SAVE_SECONDS, save_steps: int = 0) -> None:
        """Take the optimiser steps of an epoch: its last step is saved with the validation, not before.

        `save_steps` (0: none) asks for a checkpoint every so many steps beside those of the clock.
        """
        self.steps_per_epoch = steps_per_epoch
        self.save_seconds = save_seconds
        self.save_steps = save_steps
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
        ends_here = self._ends_epoch(state)
        if self.save_steps and state.global_step % self.save_steps == 0 and not ends_here:
            control.should_save = True
        if args.world_size > 1 and args.device.type != "cpu" and state.global_step % _ASK_EVERY:
            return
        stop, due = self._agree(args)
        if stop:
            control.should_training_stop = True
            self.stopped_at = state.global_step
        if (stop or due) and not ends_here:
            control.should_save = True

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Leave out the validation of an epoch that was broken off: the uninterrupted run has none there."""
        if self.stopped_at is not None and not self._ends_epoch(state):
            control.should_evaluate = control.should_save = False

    def _ends_epoch(self, state: TrainerState) -> bool:
        """Say whether the step is the last one of an epoch, or of the training, which may end within one."""
        return state.global_step % self.steps_per_epoch == 0 or state.global_step >= state.max_steps

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


class MarkComplete(TrainerCallback):
    """Marks a checkpoint once every process has written its part, and only then lets older ones go."""

    def __init__(self, kept: int | None) -> None:
        """Keep so many checkpoints (None: all), with the best one."""
        self.kept = kept

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Write the mark, then rotate: a kill in between leaves one checkpoint too many, never none."""
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.barrier()
        if state.is_world_process_zero:
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / COMPLETE).touch()
            rotate_checkpoints(
                output_dir=args.output_dir,
                save_total_limit=self.kept,
                best_model_checkpoint=state.best_model_checkpoint,
            )


class Continued(TrainerCallback, ExportableState):
    """A callback that goes on with the run: its attributes named in `kept` are saved and put back.

    The Trainer's own way would make a new object of the class, from JSON alone.
    """

    kept: ClassVar[tuple[str, ...]]

    def state(self) -> dict[str, Any]:
        """Return what `trainer_state.json` keeps."""
        return {"args": {}, "attributes": {name: getattr(self, name) for name in self.kept}}

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Put back what the checkpoint holds; a run that had no such callback begins with it here."""
        saved = state.stateful_callbacks.setdefault(type(self).__name__, self.state())
        for name in self.kept:
            setattr(self, name, saved["attributes"][name])


def is_complete(checkpoint: Path) -> bool:
    """Say whether all of a checkpoint was written."""
    return (checkpoint / COMPLETE).is_file()


def newest_checkpoint(run: Path) -> Path | None:
    """Return the newest complete checkpoint of a run, or None."""
    found = [path for path in (run / CHECKPOINTS).glob("checkpoint-*") if is_complete(path)]
    return max(found, key=_step, default=None)


def tidy(run: Path, chosen: Path | None) -> None:
    """Make a run ready to go on from a checkpoint: half-written ones away, newer ones than the chosen one too."""
    for path in (run / CHECKPOINTS).glob("checkpoint-*"):
        if not is_complete(path) or (chosen and _step(path) > _step(chosen)):
            shutil.rmtree(path)
    if chosen:
        _find_best_again(chosen)


def leave_whole(run: Path) -> None:
    """After a run that failed: no half-written checkpoint stays, and nothing at all where none was complete."""
    for path in (run / CHECKPOINTS).glob("checkpoint-*"):
        if not is_complete(path):
            shutil.rmtree(path)
    if newest_checkpoint(run) is None:
        shutil.rmtree(run / CHECKPOINTS, ignore_errors=True)
        (run / "training_log.jsonl").unlink(missing_ok=True)
        if run.is_dir() and not any(run.iterdir()):
            run.rmdir()


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.split("-")[1])


def _find_best_again(checkpoint: Path) -> None:
    """Let a checkpoint name the best one where it lies now: the run folder may have been moved."""
    path = checkpoint / "trainer_state.json"
    state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if not state.get("best_global_step"):
        return
    best = checkpoint.parent / f"checkpoint-{state['best_global_step']}"
    if best.is_dir() and state["best_model_checkpoint"] != str(best):
        state["best_model_checkpoint"] = str(best)
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(state, indent=2), encoding="utf-8")
        unfinished.replace(path)
