"""Following a run: the progress bar, and training_log.jsonl with one line for each thing that was logged."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from .batching import StepBatches
from .interruption import Continued


class Progress(Continued):
    """Counts time and tokens of the optimiser steps and shows loss, learning rate, tokens/s and the time left.

    Validation and saving are not in the speed, but they are in the time left.
    """

    kept = ("seconds", "tokens", "examples", "wall_seconds")

    def __init__(self, batches: StepBatches, show: bool, headline: str = "") -> None:
        """Count over `batches`; `show` on one process only, with `headline` above the bar."""
        self.batches = batches
        self.show = show
        self.headline = headline
        self.bar: Any = None  # a tqdm bar, whose class depends on where it is shown
        self.seconds = 0.0  # in optimiser steps of this process, since it was started
        self.tokens = 0  # real tokens of those steps, over all processes
        self.examples = 0
        self.wall_seconds = 0.0  # with validation and saving
        self._started = self._began = 0.0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Open the bar where the run stands, and go on counting from its checkpoint."""
        super().on_train_begin(args, state, control, **kwargs)
        self._began = time.perf_counter() - self.wall_seconds
        if self.show:
            tqdm.write(self.headline, file=sys.stderr)
            self.bar = tqdm(
                total=state.max_steps, initial=state.global_step, desc="Training", unit="step", dynamic_ncols=True
            )

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the clock."""
        self._started = time.perf_counter()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Stop the clock."""
        self.seconds += time.perf_counter() - self._started
        rows = self.batches.step_rows(state.global_step - 1)
        self.tokens += int(self.batches.lengths[rows].sum())
        self.examples += len(rows)
        if self.bar is not None:
            self.bar.update(1)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Show the newest figures beside the bar."""
        if self.bar is None or not logs or "loss" not in logs:
            return
        speed = self.tokens / max(self.seconds, 1e-9)
        self.bar.set_postfix_str(f"loss {logs['loss']:.4f}, lr {logs['learning_rate']:.2e}, {speed:,.0f} tokens/s")

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Close the bar."""
        self.wall_seconds = time.perf_counter() - self._began
        self.close()

    def state(self) -> dict[str, Any]:
        """Return the counts, with the time until now."""
        if self._began:
            self.wall_seconds = time.perf_counter() - self._began
        return super().state()

    def close(self) -> None:
        """Close the bar, also when training ends in an error."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None


class TrainingLog(TrainerCallback):
    """Writes training_log.jsonl: loss, learning rate and gradient norm, and every validation, with step and epoch."""

    def __init__(self, path: Path, write: bool) -> None:
        """Write to `path` on one process only."""
        self.path = path
        self.write = write

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the file, or cut off what a killed run wrote behind the checkpoint that is resumed."""
        if not self.write:
            return
        lines = self.path.read_text(encoding="utf-8").splitlines() if state.global_step and self.path.exists() else []
        kept = [line for line in lines if _step_of(line) <= state.global_step]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Append one line."""
        if self.write and logs:
            line = {"step": state.global_step, **{key: _in_json(value) for key, value in logs.items()}}
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, allow_nan=False) + "\n")


def _in_json(value: float) -> float | str:
    """Return a number that JSON has; NaN and infinity become words."""
    return value if value == value and abs(value) != float("inf") else str(value)


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except ValueError:  # cut off by the kill
        return float("inf")
