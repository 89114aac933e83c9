"""Memory that a training will need, foreseen before its first step; batches that would not fit are cut.

A GPU says that its memory has run out, and the step is done again in pieces (`trainer`); a processor's system kills.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ..errors import UserError
from ..inference.memory import free_memory, size
from .batching import deal
from .collation import FOR_THE_LOSS
from .memory import give_back

if TYPE_CHECKING:
    from .trainer import BatchTrainer

logger = logging.getLogger(__name__)

# Of what is kept for the backward pass, that much more is needed for a moment, and lost between blocks.
SLACK = 1.3
# Of the free memory that much is given to a step: what is foreseen was up to 8 % less than what was taken, and the
# system's own caches want room (512 tokens in 1.5 GB ended without it).
GIVEN = 0.85
STATES = 3  # numbers beside each parameter that learns: its gradient and AdamW's two moments
INSTEAD = "Lower --max_length, add --activation_checkpointing true, or choose a smaller model."

Context = Callable[[], AbstractContextManager[Any]]


class Need(NamedTuple):
    """Bytes that a batch of texts of one length takes: `fixed`, and `each` for every text."""

    fixed: float
    each: float

    def of(self, texts: int) -> float:
        """Return the bytes of a batch of texts."""
        return self.fixed + self.each * texts


class Foresight(TrainerCallback):
    """Cuts batches into pieces before training begins, where the longest would not fit into a processor's memory."""

    def __init__(self, trainer: BatchTrainer) -> None:
        """Watch over `trainer`, whose `pieces` and `evaluation_pieces` are set."""
        self.trainer = trainer

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Try the longest text of the longest step, alone and twice, and compare what a batch needs with what is free.

        Raises:
            UserError: not even one text fits, or several processes would have to cut their batches.
        """
        free, trainer = free_memory(), self.trainer
        if args.device.type != "cpu" or free is None or trainer.args.sharded:
            return
        free //= int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        batches = trainer.batches
        step = batches.steps(state.global_step // batches.steps_per_epoch)[0]  # the longest
        texts = max(len(batch) for batch in deal(step, batches.lengths, batches.share, bool(batches.size.tokens)))
        longest = int(step[batches.lengths[step].argmax()])
        length = int(batches.lengths[longest])
        try:
            training, validation = needed(
                trainer.model, partial(self._repeated, longest), trainer.compute_loss_context_manager
            )
        except torch.OutOfMemoryError:  # whatever refuses says so again in the step, which knows what to type
            return
        pieces = pieces_of(training, texts, length, free)
        if args.world_size > 1 and pieces > 1:  # cut differently, they would wait for each other for ever
            raise UserError(
                f"{texts} texts of {length} tokens do not fit into the memory that each of the processes has. Start "
                f"with --per_device_train_batch_size {max(1, args.per_device_train_batch_size // pieces)} "
                f"--gradient_accumulation_steps {args.gradient_accumulation_steps * pieces}: the steps stay the same."
            )
        trainer.pieces = pieces
        if pieces > 1:
            logger.warning("%s; the steps stay the same.", told(training, texts, length, free, pieces))
        scored = args.per_device_eval_batch_size
        trainer.evaluation_pieces = pieces_of(validation, scored, length, free)
        if trainer.evaluation_pieces > 1:
            words = told(validation, scored, length, free, trainer.evaluation_pieces)
            logger.warning("In validation %s.", words)

    def _repeated(self, row: int, times: int) -> dict[str, Tensor]:
        batch = self.trainer.data_collator([self.trainer.train_dataset[row]] * times)
        return {name: values for name, values in batch.items() if name not in FOR_THE_LOSS}


def pieces_of(need: Need, texts: int, length: int, free: int, instead: str = INSTEAD) -> int:
    """Return into how many parts a batch of texts of `length` tokens has to be cut for `free` bytes.

    Raises:
        UserError: not even one text fits; `instead` says what to type.
    """
    given = GIVEN * free
    if need.of(1) > given:
        found = f"A single text of {length} tokens needs about {size(need.of(1))} of memory; {size(free)} are free."
        raise UserError(f"{found} {instead}")
    pieces = 1
    while need.of(-(-texts // pieces)) > given:
        pieces *= 2
    return pieces


def told(need: Need, texts: int, length: int, free: int, pieces: int) -> str:
    """Say into what a batch is cut, and why."""
    return (
        f"{texts} texts of {length} tokens need about {size(need.of(texts))} of memory and {size(free)} are free: "
        f"{-(-texts // pieces)} at a time are computed"
    )


def needed(model: nn.Module, batch: Callable[[int], Mapping[str, Tensor]], precision: Context) -> tuple[Need, Need]:
    """Try batches of a text alone and twice (`batch(times)`); return what such batches need, training and validation.

    `precision` is the context in which the model computes.
    """
    once, twice = (kept_for_backward(model, batch(times), precision) for times in (1, 2))
    give_back()
    fixed, each = SLACK * max(0, 2 * once - twice), SLACK * max(0, twice - once)
    states = STATES * sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
    # Validation keeps nothing: it needs what one layer of training does, and again what comes of it.
    layers = max(1, getattr(model.config, "num_hidden_layers", 1))
    return Need(states + fixed, each), Need(states + fixed, 2 * each / layers)


def kept_for_backward(model: nn.Module, inputs: Mapping[str, Tensor], precision: Context) -> int:
    """Return the bytes of all that a forward pass keeps for the backward pass, parameters left out."""
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    found: dict[int, int] = {}

    def note(kept: Tensor) -> Tensor:
        storage = kept.untyped_storage()
        if storage.data_ptr() not in own:
            found[storage.data_ptr()] = storage.nbytes()
        return kept.detach()  # itself, it would hold the graph that holds it, and never be freed

    hooks = torch.autograd.graph.saved_tensors_hooks(note, lambda kept: kept)
    with _training_mode(model), torch.random.fork_rng([]), torch.enable_grad(), hooks, precision():
        outcome = model(**inputs)  # held until all is counted: no block is given out twice
    del outcome
    return sum(found.values())


@contextmanager
def _training_mode(model: nn.Module) -> Iterator[None]:
    before = model.training
    model.train()
    try:
        yield
    finally:
        model.train(before)
