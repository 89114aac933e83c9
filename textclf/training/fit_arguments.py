"""The fit group of a recipe: our own options over the Trainer's, with the machine's own choices filled in."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from importlib.util import find_spec

from transformers import SchedulerType, TrainingArguments

from ..arguments import FitOptions
from ..errors import UserError, did_you_mean
from . import machine

_TRACKERS = {"trackio", "tensorboard", "wandb", "mlflow", "comet_ml", "clearml", "swanlab", "dvclive", "neptune"}


@dataclass
class FitArguments(FitOptions, TrainingArguments):
    """Every `TrainingArguments` field, ours and our defaults in front.

    `output_dir` stays None where it is not given: the command names the run folder.
    """

    eval_strategy: str = field(default="epoch", metadata={"help": "validate every 'epoch', or every eval_steps"})
    logging_steps: float = field(default=10, metadata={"help": "optimiser steps between two lines of the log"})
    save_strategy: str = field(default="epoch", metadata={"help": "follows eval_strategy"})
    save_total_limit: int | None = field(default=2, metadata={"help": "checkpoints kept in training, with the best"})
    load_best_model_at_end: bool = field(default=True, metadata={"help": "always"})
    remove_unused_columns: bool = field(default=False, metadata={"help": "the loader reads what the model takes"})
    use_cpu: bool = field(default=False, metadata={"help": "use no accelerator; so it is where none is found"})
    ddp_find_unused_parameters: bool | None = field(default=None, metadata={"help": "of DistributedDataParallel"})
    greater_is_better: bool | None = field(default=None, metadata={"help": "follows the metric"})
    disable_tqdm: bool | None = field(default=False, metadata={"help": "no progress bar"})

    def __post_init__(self) -> None:
        """Check our options and make the machine's choices, then let the Trainer's arguments do the same.

        Raises:
            UserError: a value that cannot be, or that would be ignored.
        """
        self._check_options()
        self.use_cpu = self.use_cpu or not machine.accelerator_found()
        precision = machine.choose_precision(self.precision, self.use_cpu)
        self.bf16, self.fp16 = precision == "bf16", precision == "fp16"
        # The launcher's own setting would win over ours where ours is fp32.
        os.environ["ACCELERATE_MIXED_PRECISION"] = "no" if precision == "fp32" else precision
        self.save_strategy, self.save_steps = self.eval_strategy, self.eval_steps or self.logging_steps
        self.logging_nan_inf_filter = False  # it would hide from the log what the guards look for
        # While the encoder is frozen its parameters have no gradient, which several processes have to expect.
        if self.freeze_encoder_epochs > 0 and self.ddp_find_unused_parameters is None:
            self.ddp_find_unused_parameters = True
        folder, metric = self.output_dir, self.metric_for_best_model
        self.output_dir = folder or "runs/unnamed"
        super().__post_init__()
        # The Trainer's own stand-ins: the command names the folder, and the labels decide on the metric.
        self.output_dir, self.metric_for_best_model, self.greater_is_better = folder, metric, None
        self._n_gpu = min(self.n_gpu, 1)  # several GPUs through `accelerate launch`, never through DataParallel

    @property
    def chosen_precision(self) -> str:
        """Return `bf16`, `fp16` or `fp32`."""
        return "bf16" if self.bf16 else "fp16" if self.fp16 else "fp32"

    @property
    def chosen_threads(self) -> int:
        """Return the processor threads that a process uses."""
        return machine.share_threads(self.threads)

    @property
    def sharded(self) -> bool:
        """Say whether the weights are laid out over the processes (FSDP, DeepSpeed)."""
        launched = any(os.environ.get(f"ACCELERATE_USE_{kind}") == "true" for kind in ("FSDP", "DEEPSPEED"))
        return bool(self.fsdp or self.deepspeed or launched)

    def _check_options(self) -> None:
        _at_least("num_train_epochs", self.num_train_epochs, 0)
        _at_least("per_device_train_batch_size", self.per_device_train_batch_size, 1)
        _at_least("per_device_eval_batch_size", self.per_device_eval_batch_size, 1)
        _at_least("gradient_accumulation_steps", self.gradient_accumulation_steps, 1)
        for name in (
            "tokens_per_batch",
            "freeze_encoder_epochs",
            "early_stopping_patience",
            "threads",
            "warmup_steps",
        ):
            _at_least(name, getattr(self, name), 0)
        if not 0 < self.layer_decay <= 1:
            raise UserError(f"--layer_decay is a factor above 0 and up to 1; found {self.layer_decay}.")
        if not 0 <= self.label_smoothing_factor < 1:
            raise UserError(
                f"--label_smoothing_factor is a share from 0 to below 1; found {self.label_smoothing_factor}."
            )
        if self.eval_strategy not in {"epoch", "steps"}:
            raise UserError(
                f"--eval_strategy is 'epoch' or 'steps', because the checkpoint is chosen on validation; "
                f"found {self.eval_strategy!r}."
            )
        if self.sharded and (self.freeze_encoder_epochs or self.layer_decay < 1):
            raise UserError(
                "--freeze_encoder_epochs and --layer_decay do not work with weights in shards (FSDP, DeepSpeed). "
                "Leave them out, or launch with accelerate_config.yaml."
            )
        schedules = [schedule.value for schedule in SchedulerType]
        if self.lr_scheduler_type not in schedules:
            raise UserError(
                f"Unknown --lr_scheduler_type {self.lr_scheduler_type}."
                f"{did_you_mean(self.lr_scheduler_type, schedules)} Known: {', '.join(schedules)}."
            )
        self._check_trackers()

    def _check_trackers(self) -> None:
        named = [self.report_to] if isinstance(self.report_to, str) else list(self.report_to or [])
        self.report_to = [name for part in named for name in part.split(",") if name not in {"", "none"}]  # type: ignore[assignment]
        for name in self.report_to:
            if name not in _TRACKERS:
                raise UserError(
                    f"--report_to does not know {name!r}.{did_you_mean(name, _TRACKERS)} "
                    f"Known: none, {', '.join(sorted(_TRACKERS))}."
                )
            if find_spec(name) is None and not (name == "tensorboard" and find_spec("tensorboardX")):
                raise UserError(f"--report_to {name} needs the package {name}. Type: pip install {name}")


def _at_least(name: str, value: float, least: int) -> None:
    if value < least:
        raise UserError(f"--{name} must be {least} or more; found {value}.")
