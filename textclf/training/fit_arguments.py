"""The fit group of a recipe: our own options over the Trainer's, with the machine's own choices filled in."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from transformers import TrainingArguments

from ..arguments import FitOptions
from . import machine
from .resume import Place
from .settings import check_ranges, check_settings


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
    save_steps: float = field(
        default=0,
        metadata={"help": "more checkpoints than one a validation: every so many steps, or share of all"},
    )
    place: Place | None = field(default=None, init=False, repr=False)  # once `find_place` has looked

    def __post_init__(self) -> None:
        """Check all settings and make the machine's choices; the Trainer's arguments do the same in between.

        Raises:
            UserError: a value that cannot be, or that would be ignored.
        """
        check_ranges(self)
        self.use_cpu = self.use_cpu or not machine.accelerator_found()
        precision = machine.choose_precision(self.precision, self.use_cpu)
        self.bf16, self.fp16 = precision == "bf16", precision == "fp16"
        # The launcher's own setting would win over ours where ours is fp32.
        os.environ["ACCELERATE_MIXED_PRECISION"] = "no" if precision == "fp32" else precision
        saved_beside, self.save_steps = self.save_steps, self.steps_between_validations
        self.save_strategy = self.eval_strategy
        self.logging_nan_inf_filter = False  # it would hide from the log what the guards look for
        # While the encoder is frozen its parameters have no gradient, which several processes have to expect.
        if self.freeze_encoder_epochs > 0 and self.ddp_find_unused_parameters is None:
            self.ddp_find_unused_parameters = True
        folder, metric = self.output_dir, self.metric_for_best_model
        self.output_dir = folder or "runs/unnamed"
        super().__post_init__()
        # The Trainer's own stand-ins: the command names the folder, and the labels decide on the metric.
        self.output_dir, self.metric_for_best_model, self.greater_is_better = folder, metric, None
        self.save_steps = saved_beside
        self._n_gpu = min(self.n_gpu, 1)  # several GPUs through `accelerate launch`, never through DataParallel

        check_settings(self)

    @property
    def steps_between_validations(self) -> float:
        """Return the steps from one validation to the next with `--eval_strategy steps`, as the Trainer counts."""
        return self.eval_steps or self.logging_steps

    @property
    def chosen_precision(self) -> str:
        """Return `bf16`, `fp16` or `fp32`."""
        return "bf16" if self.bf16 else "fp16" if self.fp16 else "fp32"

    @property
    def chosen_linear_model(self) -> str:
        """Return `svm` or `logistic`: the latter where texts are few (benchmarks/results/few_labels.md)."""
        if self.linear_model != "auto":
            return self.linear_model
        return "logistic" if self.family == "few_shot" else "svm"

    @property
    def learns_validation(self) -> bool:
        """Say whether the validation texts are learned in the end: where texts are few, a part put aside is dear."""
        return self.family == "few_shot" if self.learn_validation is None else self.learn_validation

    @property
    def chosen_threads(self) -> int:
        """Return the processor threads that a process uses."""
        return machine.share_threads(self.threads)

    @property
    def sharded(self) -> bool:
        """Say whether weights or optimiser are laid out over the processes (FSDP, DeepSpeed)."""
        launched = any(os.environ.get(f"ACCELERATE_USE_{kind}") == "true" for kind in ("FSDP", "DEEPSPEED"))
        return bool(self.fsdp or self.deepspeed or launched)
