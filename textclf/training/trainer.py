"""The Trainer with our batches: everything else is its own."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ..models.losses import HasLogits, StepLoss
from .batching import StepBatches
from .encoding import IGNORED


class BatchTrainer(Trainer):
    """Takes its training batches from `batches`; validation keeps the order of its data set."""

    def __init__(self, *, batches: StepBatches, **settings: Any) -> None:
        """Take the Trainer's own settings beside the batches."""
        super().__init__(**settings)
        self.batches = batches
        self.add_callback(_Epochs(batches))

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Return a loader over our batches, shared out to the processes by `accelerate`."""
        loader: DataLoader[Any] = DataLoader(
            self.train_dataset,
            batch_sampler=self.batches,
            collate_fn=self.data_collator,
            num_workers=self.args.dataloader_num_workers,
            pin_memory=self.args.dataloader_pin_memory,
            persistent_workers=self.args.dataloader_persistent_workers,
        )
        return self.accelerator.prepare(loader)


class _Epochs(TrainerCallback):
    """Tells the batches their epoch, through whatever `accelerate` wraps around them."""

    def __init__(self, batches: StepBatches) -> None:
        self.batches = batches

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.batches.set_epoch(state.global_step // self.batches.steps_per_epoch)


class CountedLoss(NamedTuple):
    """A step loss that learns nothing from a batch that only stands in for one."""

    loss: StepLoss

    def __call__(self, outputs: HasLogits, labels: Tensor, num_items_in_batch: Tensor | int | None = None) -> Tensor:
        """Return the scalar loss of a (micro-)batch."""
        if len(labels) == 1 and bool((labels == IGNORED).all()):
            return outputs.logits.float().sum() * 0.0
        items = None if num_items_in_batch is None else torch.as_tensor(num_items_in_batch).clamp(min=1)
        return self.loss(outputs, labels, items)
