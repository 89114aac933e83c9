"""The treatment: what the model got, so that every baseline gets it likewise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ...arguments import ModelArguments


@dataclass(frozen=True)
class Treatment:
    """What the model got and the baselines get likewise."""

    metric: str | None = None  # chooses the setting; default: f1_macro, several labels: average_precision_micro
    calibrate: bool = True
    threshold_aim: str = "f1"
    clean: Callable[[str], str] = str  # the model's cleaning; str leaves a text as it is
    seed: int = 0
    model: ModelArguments = field(default_factory=ModelArguments)  # the encoder of `frozen_encoder`
    cache: Path | None = None  # a folder that keeps logits between runs
