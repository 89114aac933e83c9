"""The run folder while it is being trained: may it be written to, and from which checkpoint does a run go on."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ..errors import UserError
from .fit_arguments import FitArguments

CHECKPOINTS = "checkpoints"
FINISHED = "checkpoints/training.json"  # written last: what is known about a finished training
_COMPLETE = "complete"  # the file that a checkpoint gets once all of it is on the disk
SMALLEST_FREE = 50_000_000  # bytes: with less than this free, a failed write is put down to the disk
_IN_USE = ("config.json", "model.safetensors", "evaluation.json", CHECKPOINTS)


class Place(NamedTuple):
    """Where a run is written, and the checkpoint it goes on from (None: from the start)."""

    run: Path
    checkpoint: Path | None
    resuming: bool


def find_place(args: FitArguments) -> Place:
    """Return the run folder and where to go on; touches nothing.

    Raises:
        UserError: the folder cannot be made, or is in use and not to be resumed, or there is nothing to resume.
    """
    if not args.resume_from_checkpoint:
        if not args.output_dir:
            raise UserError("--output_dir is missing: the folder that the run is written to.")
        run = Path(args.output_dir).expanduser()
        used = [name for name in _IN_USE if (run / name).exists()]
        if used or run.is_file():
            raise UserError(
                f"The output folder {run} is in use (it holds {used[0] if used else 'a file'}). Choose another "
                f"--output_dir, delete the folder, or type --resume_from_checkpoint {run} to go on with that run."
            )
        _check_can_be_made(run)
        return Place(run, None, resuming=False)
    given = Path(args.resume_from_checkpoint).expanduser()
    chosen = given if given.name.startswith("checkpoint-") else None
    run = given.parent.parent if chosen else given
    if not run.is_dir():
        raise UserError(f"There is no run to go on with in {given}: the folder does not exist.")
    if args.output_dir and Path(args.output_dir).expanduser().resolve() != run.resolve():
        raise UserError(f"A run goes on in its own folder. Leave --output_dir {args.output_dir} out, or type {run}.")
    if chosen and not is_complete(chosen):
        raise UserError(
            f"{chosen} is not a complete checkpoint. Type --resume_from_checkpoint {run} for the newest one."
        )
    return Place(run, chosen or newest_checkpoint(run), resuming=True)


def _check_can_be_made(run: Path) -> None:
    """Refuse a folder below a file, or where nothing may be written, before hours are spent."""
    above = next(path for path in (run, *run.absolute().parents) if path.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        fault = "nothing may be written in it" if above.is_dir() else "it is a file"
        raise UserError(f"The output folder {run} cannot be made in {above}: {fault}. Choose another --output_dir.")


def is_complete(checkpoint: Path) -> bool:
    """Say whether all of a checkpoint was written."""
    return (checkpoint / _COMPLETE).is_file()


def newest_checkpoint(run: Path) -> Path | None:
    """Return the newest complete checkpoint of a run, or None."""
    found = [path for path in (run / CHECKPOINTS).glob("checkpoint-*") if is_complete(path)]
    return max(found, key=_step, default=None)


def tidy(place: Place) -> None:
    """Make a run ready to go on: half-written checkpoints away, newer ones than the chosen one too."""
    for path in (place.run / CHECKPOINTS).glob("checkpoint-*"):
        if not is_complete(path) or (place.checkpoint and _step(path) > _step(place.checkpoint)):
            shutil.rmtree(path)
    if place.checkpoint:
        _find_best_again(place.checkpoint)


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


class MarkComplete(TrainerCallback):
    """Marks a checkpoint as complete once every process has written its part."""

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Write the mark."""
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.barrier()
        if state.is_world_process_zero:
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / _COMPLETE).touch()
