"""Which parameters learn, how fast, and until when: the head first, lower layers more slowly, plateaus, patience."""

from __future__ import annotations

import re
from typing import Any

import torch
from peft import PeftModel
from torch import nn
from transformers import (
    EarlyStoppingCallback,
    PreTrainedModel,
    SchedulerType,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
)

from ..models.families import head_modules
from .fit_arguments import FitArguments
from .interruption import Continued
from .selection import Selection

_LAYER = re.compile(r"\.(?:layers?|h|blocks?)\.(\d+)\.")
_BEHIND_LAYERS = re.compile(r"\.(?:final_(?:layer_?)?norm|ln_f|norm)\.[^.]+$")  # modernbert, gpt2, llama ...


def encoder_parameters(model: PreTrainedModel) -> list[tuple[str, nn.Parameter]]:
    """Return the encoder's parameters with their names, adapters inside it included, the head excluded.

    BERT's pooler stands under the encoder's prefix, and is head: nothing else leads from the encoder to the classes.
    """
    plain = model.get_base_model() if isinstance(model, PeftModel) else model
    inside, heads = f"{plain.base_model_prefix}.", tuple(f"{name}." for name in head_modules(plain))
    return [
        (name, parameter)
        for name, parameter in model.named_parameters()
        if (own := name.removeprefix("base_model.model.")).startswith(inside) and not own.startswith(heads)
    ]


def layered_optimizer(model: PreTrainedModel, args: FitArguments) -> torch.optim.Optimizer:
    """Return the optimiser with a learning rate of `layer_decay ** depth below the head` for each layer.

    Howard and Ruder 2018, section 3.2 (discriminative fine-tuning). The head has the full rate, the top layer one
    factor (so has a norm behind it), the embeddings the smallest rate.
    """
    optimizer_class, settings = Trainer.get_optimizer_cls_and_kwargs(args, model)
    inside = {name for name, _ in encoder_parameters(model)}
    layers = 1 + max((int(match.group(1)) for name in inside if (match := _LAYER.search(name))), default=-1)
    decayed = _decayed_names(model)
    groups: dict[tuple[int, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        depth = _depth(name, layers) if name in inside else 0
        groups.setdefault((depth, name in decayed), []).append(parameter)
    return optimizer_class(
        [
            {
                "params": parameters,
                "lr": args.learning_rate * args.layer_decay**depth,
                "weight_decay": args.weight_decay if is_decayed else 0.0,
            }
            for (depth, is_decayed), parameters in sorted(groups.items(), key=lambda item: item[0])
        ],
        **settings,
    )


def _depth(name: str, layers: int) -> int:
    """Return how far below the head a parameter of an encoder of so many layers stands: 1 for the top layer."""
    layer = _LAYER.search(name)
    if layer:
        return layers - int(layer.group(1))
    behind = _BEHIND_LAYERS.search(name) and "embeddings" not in name
    return 1 if behind else layers + 1


def _decayed_names(model: nn.Module) -> set[str]:
    """Return the parameters that weight decay applies to: neither biases nor norms, as the Trainer has it."""
    return set(Trainer.get_decay_parameter_names(None, model))  # it reads the model alone


def set_plateau(args: FitArguments, selection: Selection) -> None:
    """Give reduce-on-plateau the direction of the metric that it watches (its own default is 'less is better')."""
    if args.lr_scheduler_type != SchedulerType.REDUCE_ON_PLATEAU:
        return
    given = args.lr_scheduler_kwargs or {}
    args.lr_scheduler_kwargs = {
        "mode": "max" if selection.greater_is_better else "min",
        "factor": 0.5,
        "patience": 1,
        **given,
    }


class HeadFirst(TrainerCallback):
    """Lets only the head learn for the first `epochs` epochs (Kumar et al. 2022: fine-tuning can distort features)."""

    def __init__(self, model: PreTrainedModel, epochs: float) -> None:
        """Note which encoder parameters are to learn later."""
        self.waiting = [parameter for _, parameter in encoder_parameters(model) if parameter.requires_grad]
        self.epochs = epochs

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Freeze."""
        self._set(state)

    def on_step_begin(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Thaw when it is time."""
        self._set(state)

    def _set(self, state: TrainerState) -> None:
        learns = (state.epoch or 0.0) >= self.epochs
        if self.waiting and self.waiting[0].requires_grad is not learns:
            for parameter in self.waiting:
                parameter.requires_grad_(learns)


class EarlyStopping(Continued, EarlyStoppingCallback):
    """Ends the training after so many validations without progress, counted across interruptions."""

    kept = ("early_stopping_patience_counter",)

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Go on counting; a run that was killed when its patience had run out is at its end."""
        super().on_train_begin(args, state, control, **kwargs)
        control.should_training_stop = self.early_stopping_patience_counter >= self.early_stopping_patience
