"""The Trainer with our batches, and with smaller ones where memory runs out: everything else is its own."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.modeling_outputs import SequenceClassifierOutput
from transformers.trainer_utils import EvalLoopOutput

from ..errors import UserError
from ..models.losses import HasLogits, StepLoss
from .auxiliary import TaughtLoss
from .batching import StepBatches
from .collation import AUXILIARY
from .encoding import IGNORED
from .guards import StepRecord
from .memory import HeldMemory

logger = logging.getLogger(__name__)

LOGITS = "validation_logits.npy"  # in a checkpoint


class BatchTrainer(Trainer):
    """Takes its training batches from `batches`; validation keeps the order of its data set."""

    def __init__(self, *, batches: StepBatches, record: StepRecord, **settings: Any) -> None:
        """Take the Trainer's own settings beside the batches and the record of each step."""
        super().__init__(**settings)
        self.batches = batches
        self.record = record
        self.pieces = 1  # parts that a batch is cut into since memory ran out
        self.evaluation_pieces = 1  # likewise in validation
        self.held = HeldMemory()
        self._step_batches: list[dict[str, Tensor]] = []
        self._done = 0
        self._validated = (-1, np.zeros(0, dtype=np.float32))  # the step, and its logits [N, L]
        self.add_callback(_Epochs(batches))

    def _run_epoch(self, *args: Any, **kwargs: Any) -> None:
        """Leave out the epoch of a run that is resumed at its end: its patience had run out."""
        if not self.control.should_training_stop:
            super()._run_epoch(*args, **kwargs)

    def _get_grad_norm(self, model: nn.Module, grad_norm: Tensor | float | None = None) -> Tensor | float | None:
        """Return the step's gradient norm, and note it: DeepSpeed has taken the gradients themselves by now.

        Of a step that it skipped, for fp16's scale was too large yet, it says 0, which is no norm.
        """
        found = super()._get_grad_norm(model, grad_norm=grad_norm)
        self.record.norm = None if self.accelerator.optimizer_step_was_skipped else found
        return found

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Return a loader over our batches, shared out to the processes by `accelerate`."""
        loader: DataLoader[Any] = DataLoader(
            self.train_dataset,
            batch_sampler=self.batches,
            collate_fn=self.data_collator,
            num_workers=self.args.dataloader_num_workers,
            pin_memory=self.args.dataloader_pin_memory,
            persistent_workers=self.args.dataloader_persistent_workers,
            multiprocessing_context=self.args.dataloader_multiprocessing_context,
            prefetch_factor=self.args.dataloader_prefetch_factor,
            in_order=self.args.dataloader_in_order,
        )
        return self.accelerator.prepare(loader)

    def get_batch_samples(self, *args: Any, **kwargs: Any) -> tuple[list[dict[str, Tensor]], Tensor | int | None]:
        """Fetch the batches of the next optimiser step, and keep them until it is done."""
        if self.args.device.type == "cpu":
            self.held.make_room()
        batches, items = super().get_batch_samples(*args, **kwargs)
        self._step_batches, self._done = batches, 0
        self.record.clear()
        return batches, items

    def training_step(
        self, model: nn.Module, inputs: dict[str, Tensor], num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        """Do one batch; where memory runs out, do the step's batches again in halves.

        The loss is a sum over the step's items, so that halves add up to the same gradient: it is as if the batch
        size had been halved and the accumulation doubled.
        """
        again: list[dict[str, Tensor]] = []
        while True:
            try:
                for earlier in again:
                    self.record.add_loss(self._in_pieces(model, earlier, num_items_in_batch))
                loss = self._in_pieces(model, inputs, num_items_in_batch)
                break
            except torch.OutOfMemoryError as error:
                self._give_up_if_hopeless(inputs, error)
            # Outside the except clause, whose error keeps all that was computed alive.
            self._halve(model)
            again = self._step_batches[: self._done]  # their gradient is gone with this batch's
        self._done += 1
        self.record.add_loss(loss)
        return loss

    def compute_loss(self, model: nn.Module, inputs: dict[str, Tensor], *args: Any, **kwargs: Any) -> Any:
        """Return the loss; what it alone reads is kept from the model."""
        self.compute_loss_func.auxiliary = inputs.pop(AUXILIARY, None)
        return super().compute_loss(model, inputs, *args, **kwargs)

    def _in_pieces(self, model: nn.Module, inputs: dict[str, Tensor], items: Tensor | int | None) -> Tensor:
        rows = len(inputs["labels"])
        size = -(-rows // self.pieces)
        losses = []
        for start in range(0, rows, size):
            piece = {name: values[start : start + size] for name, values in inputs.items()}
            losses.append(super().training_step(model, piece, items))
        return torch.stack(losses).sum()

    def prediction_step(
        self, model: nn.Module, inputs: dict[str, Tensor], *args: Any, **kwargs: Any
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        """Score one validation batch; where memory runs out, do it again in halves."""
        while True:
            size = -(-len(inputs["labels"]) // self.evaluation_pieces)
            starts = range(0, len(inputs["labels"]), size)
            try:
                parts = [
                    super(BatchTrainer, self).prediction_step(
                        model, {name: values[start : start + size] for name, values in inputs.items()}, *args, **kwargs
                    )
                    for start in starts
                ]
                break
            except torch.OutOfMemoryError as error:
                self._give_up_evaluating_if_hopeless(size, error)
            self.evaluation_pieces *= 2
            self._free_memory()
            logger.warning(
                "Memory ran out in validation: batches of %d from here on.",
                max(1, len(inputs["labels"]) // len(starts) // 2),
            )
        width = self.compute_loss_func.labels
        loss, logits, labels = (list(column) for column in zip(*parts, strict=True))
        if len(parts) == 1:
            return loss[0], _first_of(logits[0], width), labels[0]
        return torch.stack(loss).mean(), torch.cat([_first_of(each, width) for each in logits]), torch.cat(labels)

    def evaluation_loop(self, *args: Any, **kwargs: Any) -> EvalLoopOutput:
        """Score the validation texts, and remember their logits for the step's checkpoint."""
        outcome = super().evaluation_loop(*args, **kwargs)
        found = outcome.predictions
        self._validated = self.state.global_step, found[0] if isinstance(found, tuple) else found
        return outcome

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        """Save as the Trainer does; validation logits in float32 too, so that nobody has to compute them again."""
        super()._save_checkpoint(model, trial)
        step, logits = self._validated
        exact = self.args.chosen_precision == "fp32" and step == self.state.global_step
        if exact and self.is_world_process_zero():
            folder = Path(self.args.output_dir) / f"checkpoint-{step}"
            np.save(folder / LOGITS, self.eval_dataset.in_split_order(logits).astype(np.float32))

    def _give_up_evaluating_if_hopeless(self, size: int, error: torch.OutOfMemoryError) -> None:
        smaller = max(1, self.args.per_device_eval_batch_size // 2)
        if size <= 1:
            raise UserError(
                "Memory runs out in validation with a single text. Lower --max_length, or choose a smaller model."
            ) from error
        if self.args.sharded:  # the other processes wait inside a layer for this one
            raise UserError(
                f"Memory ran out in validation. Start again with --per_device_eval_batch_size {smaller}: "
                "--resume_from_checkpoint goes on all the same."
            ) from error

    def _give_up_if_hopeless(self, inputs: dict[str, Tensor], error: torch.OutOfMemoryError) -> None:
        size = -(-len(inputs["labels"]) // self.pieces)
        batch, accumulation = self.args.per_device_train_batch_size, self.args.gradient_accumulation_steps
        if size <= 1:
            raise UserError(
                "Memory runs out with a single text. Lower --max_length, add --activation_checkpointing true, or "
                "choose a smaller model."
            ) from error
        if self.args.world_size > 1:  # the other processes wait inside a step that cannot be taken back
            raise UserError(
                f"Memory ran out. Start again with --per_device_train_batch_size {max(1, batch // 2)} "
                f"--gradient_accumulation_steps {accumulation * 2}: the steps stay the same, so that "
                "--resume_from_checkpoint goes on with them."
            ) from error

    def _halve(self, model: nn.Module) -> None:
        batch, accumulation = self.args.per_device_train_batch_size, self.args.gradient_accumulation_steps
        self.pieces *= 2
        model.zero_grad()
        self.record.clear()
        self._free_memory()
        logger.warning(
            "Memory ran out: batches of %d from here on, %d of them to a step, which stays the same.",
            max(1, batch // self.pieces),
            accumulation * self.pieces,
        )

    def _free_memory(self) -> None:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


class _Epochs(TrainerCallback):
    """Tells the batches their epoch, through whatever `accelerate` wraps around them; none ends without validation."""

    def __init__(self, batches: StepBatches) -> None:
        self.batches = batches

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.batches.set_epoch(state.global_step // self.batches.steps_per_epoch)

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        wanted = args.eval_strategy != "no"  # as in a benchmark, which measures training alone
        if (
            wanted and state.global_step >= state.max_steps and state.best_metric is None
        ):  # --eval_delay reached behind the end
            control.should_evaluate = control.should_save = True


def _first_of(logits: Any, labels: int) -> Any:  # Any: a tensor, or a tuple that begins with one
    """Return the labels' logits, [B, L], of a last layer that has more rows while it is trained."""
    return logits[..., :labels] if isinstance(logits, Tensor) else (logits[0][..., :labels], *logits[1:])


class CountedLoss:
    """A step loss that learns nothing from a batch that only stands in for one."""

    def __init__(self, loss: StepLoss, record: StepRecord, labels: int, taught: TaughtLoss | None = None) -> None:
        """Wrap `loss` for L labels; what the model said goes to `record`. `taught` reads further targets."""
        self.loss = loss
        self.record = record
        self.labels = labels
        self.taught = taught
        self.auxiliary: Tensor | None = None  # of the batch at hand: float32 [B, W]

    def __call__(self, outputs: HasLogits, labels: Tensor, num_items_in_batch: Tensor | int | None = None) -> Tensor:
        """Return the scalar loss of a (micro-)batch."""
        if len(labels) == 1 and bool((labels == IGNORED).all()):
            return outputs.logits.float().sum() * 0.0
        own = outputs.logits[:, : self.labels]
        if own.requires_grad:
            self.record.add_logits(own)
        if self.taught is not None and self.auxiliary is not None:
            return self.taught(outputs, labels, self.auxiliary, num_items_in_batch)
        return self.loss(SequenceClassifierOutput(logits=own), labels, num_items_in_batch)
