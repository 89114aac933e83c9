"""The ways of training that are compared: what users run today, its best flags, and ours with and without padding."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset
from transformers import (
    IntervalStrategy,
    PreTrainedModel,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from benchmarks.speed_data import Rows
from textclf.models.dropout import fast_dropout
from textclf.models.losses import loss_function
from textclf.models.padding_free import padding_free
from textclf.training import compact_vocabulary
from textclf.training.assembly import step_batches
from textclf.training.collation import Padding
from textclf.training.encoding import EncodedTexts
from textclf.training.fit_arguments import FitArguments
from textclf.training.guards import StepRecord
from textclf.training.memory import kept_memory
from textclf.training.trainer import BatchTrainer, CountedLoss

LEARNING_RATE = 5e-5


class Round(NamedTuple):
    """One pass of an arm over the rows: seconds of training, mean loss, peak of the accelerator's memory in GB."""

    seconds: float
    loss: float
    gigabytes: float


class Clock(TrainerCallback):
    """Times training from its first step to its last, with all kernels done, by `now`: the wall's clock usually."""

    now: Callable[[], float] = staticmethod(time.perf_counter)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start."""
        _wait()
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        self.start = self.now()

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Stop."""
        _wait()
        self.seconds = self.now() - self.start


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


class ListedTexts(Dataset[dict[str, Any]]):
    """Encoded texts as the dictionaries that Trainer and its collators know."""

    def __init__(self, texts: EncodedTexts) -> None:
        multi_label = texts.labels.ndim == 2
        self.rows = [
            {
                "input_ids": torch.tensor(row.input_ids, dtype=torch.long),
                "attention_mask": torch.ones(len(row.input_ids), dtype=torch.long),
                "labels": torch.tensor(row.label, dtype=torch.float32 if multi_label else torch.long),
            }
            for row in (texts[i] for i in range(len(texts)))
        ]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return self.rows[index]


def padded(width: int | None) -> Callable[[Sequence[dict[str, Tensor]]], dict[str, Tensor]]:
    """Return a collator that pads to `width`, or to the longest text of the batch."""

    def collate(rows: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
        batch = {"labels": torch.stack([row["labels"] for row in rows])}
        for name in ("input_ids", "attention_mask"):
            parts = pad_sequence([row[name] for row in rows], batch_first=True)
            batch[name] = nn.functional.pad(parts, (0, (width or parts.shape[1]) - parts.shape[1]))
        return batch

    return collate


def plain(model: PreTrainedModel, rows: Rows, batch: int, use_cpu: bool, seed: int) -> Round:
    """(a) The Trainer as the official example has it: every text padded to the full length, float32."""
    return _stock(model, rows, padded(rows.max_length), _stock_arguments(batch, use_cpu, seed))


def best_flags(model: PreTrainedModel, rows: Rows, batch: int, use_cpu: bool, seed: int) -> Round:
    """(b) The Trainer's best flags: dynamic padding, group_by_length, bf16 where it is fast."""
    bf16 = FitArguments(use_cpu=use_cpu).bf16
    args = _stock_arguments(batch, use_cpu, seed, bf16=bf16, train_sampling_strategy="group_by_length")
    return _stock(model, rows, padded(None), args)


def ours(model: PreTrainedModel, rows: Rows, batch: int, use_cpu: bool, seed: int, **options: Any) -> Round:
    """(c) What train.py does with these options, without validation and checkpoints."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as speed:
        args = FitArguments(
            output_dir=folder,
            per_device_train_batch_size=batch,
            num_train_epochs=1,
            learning_rate=LEARNING_RATE,
            lr_scheduler_type="constant",
            warmup_steps=0,
            use_cpu=use_cpu,
            seed=seed,
            disable_tqdm=True,
            **options,
        )
        args.eval_strategy, args.logging_strategy = IntervalStrategy.NO, IntervalStrategy.NO
        args.save_strategy, args.load_best_model_at_end = IntervalStrategy.NO, False
        record, clock = StepRecord(), Clock()
        occurring = compact_vocabulary.occurring(model, (rows.whole,), 0, args)
        (texts,) = speed.enter_context(compact_vocabulary.only(occurring, model, (rows.texts,)))
        trainer = BatchTrainer(
            batches=step_batches(rows.texts.lengths, args),
            record=record,
            model=model,
            args=args,
            train_dataset=texts,
            data_collator=Padding(0, 0, left=False, multiple=8 if args.device.type == "cuda" else 1),
            compute_loss_func=CountedLoss(loss_function("auto", rows.labels), record),
            callbacks=[clock],
        )
        speed.enter_context(padding_free(model, args.padding_free, args.device))
        speed.enter_context(fast_dropout(model, use_cpu))
        speed.enter_context(kept_memory(use_cpu))
        return _round(trainer, clock)


def without_attention_dropout(model: PreTrainedModel, *given: Any) -> Round:
    """(d) Ours with `--attention_dropout 0`."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Dropout) and name.endswith(("self.dropout", "attention.dropout")):
            module.p = 0.0
    return ours(model, *given)


ARMS: dict[str, Callable[..., Round]] = {
    "plain Trainer": plain,
    "best flags": best_flags,
    "ours": ours,
    "ours, padded": partial(ours, padding_free="off"),
    "ours, padding-free": partial(ours, padding_free="on"),
    "ours, all embeddings": partial(ours, compact_vocabulary=False),
    "ours, attention dropout 0": without_attention_dropout,
}


def arms(use_cpu: bool) -> dict[str, Callable[..., Round]]:
    """Return the arms for this machine: ours as it comes, and with one thing done the other way."""
    same = "ours, padding-free" if use_cpu else "ours, padded"
    return {name: arm for name, arm in ARMS.items() if name != same}


def _stock_arguments(batch: int, use_cpu: bool, seed: int, **flags: Any) -> TrainingArguments:
    return TrainingArguments(
        output_dir=tempfile.mkdtemp(),
        per_device_train_batch_size=batch,
        num_train_epochs=1,
        learning_rate=LEARNING_RATE,
        lr_scheduler_type="constant",
        weight_decay=0.01,
        use_cpu=use_cpu,
        seed=seed,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        **flags,
    )


def _stock(model: PreTrainedModel, rows: Rows, collator: Any, args: TrainingArguments) -> Round:
    clock = Clock()
    data = ListedTexts(rows.texts)
    trainer = Trainer(model=model, args=args, train_dataset=data, data_collator=collator, callbacks=[clock])
    return _round(trainer, clock)


def _round(trainer: Trainer, clock: Clock) -> Round:
    trainer.remove_callback(PrinterCallback)
    loss = trainer.train().training_loss
    peak = torch.cuda.max_memory_allocated() / 1e9 if torch.cuda.is_available() else 0.0
    return Round(clock.seconds, loss, peak)
