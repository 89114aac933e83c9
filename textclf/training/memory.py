"""Memory of training on a processor: kept from step to step, and foreseen before the first one.

A GPU says that its memory has run out, and the step is done again in pieces (`trainer`); a processor's system kills.
"""

from __future__ import annotations

import ctypes
import logging
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ..errors import UserError
from .batching import deal

if TYPE_CHECKING:
    from .trainer import BatchTrainer

logger = logging.getLogger(__name__)

# glibc's malloc.h
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
# What glibc's own adjustment ends at once large blocks were freed (mallopt(3)).
_USUAL = {_TRIM_THRESHOLD: 64 * 2**20, _TOP_PAD: 128 * 2**10, _MMAP_MAX: 65_536}
_KEEPING = {_TRIM_THRESHOLD: 2**31 - 1, _TOP_PAD: 64 * 2**20, _MMAP_MAX: 0}

_CONTAINER = Path("/sys/fs/cgroup")
# Of what is kept for the backward pass, that much more is needed for a moment, and lost between blocks.
# Measured: see tests/test_memory.py.
SLACK = 1.3
STATES = 3  # numbers beside each parameter that learns: its gradient and AdamW's two moments


@contextmanager
def kept_memory(use: bool) -> Iterator[None]:
    """Let freed memory stay with the process inside the context (glibc only; elsewhere nothing changes).

    Gradients and activations are freed and asked for again in every step, and large blocks would go through the system
    each time: MiniLM at 24 tokens a text spends 10 % of its time there. The peak stays what it was.
    """
    if not use or platform.libc_ver()[0] != "glibc":
        yield
        return
    _set(_KEEPING)
    try:
        yield
    finally:
        _set(_USUAL)
        ctypes.CDLL(None).malloc_trim(0)


def _set(options: dict[int, int]) -> None:
    library = ctypes.CDLL(None)
    for option, value in options.items():
        library.mallopt(option, value)


def free_memory() -> int | None:
    """Return the bytes that a process can still take, of the machine's and of its container's; None: not known."""
    known = [_free_in_container("memory.max", "memory.current")]
    known.append(_free_in_container("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"))
    lines = (_read(Path("/proc/meminfo")) or "").splitlines()
    known += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    return min((each for each in known if each is not None), default=None)


def _free_in_container(limit_file: str, usage_file: str) -> int | None:
    limit, usage = _read(_CONTAINER / limit_file), _read(_CONTAINER / usage_file)
    if not (limit and usage) or not limit.isdigit():  # `max`: no limit
        return None
    statistics = _read((_CONTAINER / usage_file).parent / "memory.stat") or ""
    files = [int(line.split()[1]) for line in statistics.splitlines() if line.startswith("inactive_file ")]
    return max(0, int(limit) - int(usage) + sum(files))  # pages of files are given back when asked for


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:  # not Linux, or hidden
        return None


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
            UserError: not even one text fits.
        """
        free = free_memory()
        if args.device.type != "cpu" or free is None:
            return
        trainer = self.trainer
        batches, model = trainer.batches, trainer.model
        step = batches.steps(state.global_step // batches.steps_per_epoch)[0]  # the longest
        texts = max(len(batch) for batch in deal(step, batches.lengths, batches.share, bool(batches.size.tokens)))
        longest = int(step[batches.lengths[step].argmax()])
        free //= int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        try:
            kept = needed(trainer, longest)
        except torch.OutOfMemoryError:  # whatever refuses says so again in the step, which knows what to type
            return
        states = STATES * sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
        training = Need(states + SLACK * kept.fixed, SLACK * kept.each)
        # Validation keeps nothing: it needs what a layer of training does, and again what comes of it.
        layers = max(1, getattr(model.config, "num_hidden_layers", 1))
        validation = Need(states + SLACK * kept.fixed, 2 * SLACK * kept.each / layers)
        length = int(batches.lengths[longest])
        trainer.pieces = self._pieces(training, texts, length, free)
        trainer.evaluation_pieces = self._pieces(validation, args.per_device_eval_batch_size, length, free)

    def _pieces(self, need: Need, texts: int, length: int, free: int) -> int:
        """Return into how many parts a batch of texts has to be cut."""
        if need.of(1) > free:
            raise UserError(
                f"A single text of {length} tokens needs about {need.of(1) / 1e9:.1f} GB of memory; "
                f"{free / 1e9:.1f} GB are free. Lower --max_length, add --activation_checkpointing true, or choose a "
                "smaller model."
            )
        pieces = 1
        while need.of(-(-texts // pieces)) > free:
            pieces *= 2
        if pieces > 1:
            logger.warning(
                "%d texts of %d tokens need about %.1f GB of memory and %.1f GB are free: %d at a time are computed; "
                "the step stays the same.",
                texts,
                length,
                need.of(texts) / 1e9,
                free / 1e9,
                -(-texts // pieces),
            )
        return pieces


def needed(trainer: BatchTrainer, row: int) -> Need:
    """Try a row of the training texts alone and twice; return what the backward pass needs kept, in bytes."""
    rows = trainer.train_dataset
    once, twice = (_kept(trainer, [rows[row]] * times) for times in (1, 2))
    return Need(max(0, 2 * once - twice), max(0, twice - once))


def _kept(trainer: BatchTrainer, rows: list[Any]) -> int:
    """Return the bytes of all that a forward pass keeps for the backward pass, parameters left out."""
    model = trainer.model
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    found: dict[int, int] = {}

    def note(kept: Tensor) -> Tensor:
        storage = kept.untyped_storage()
        if storage.data_ptr() not in own:
            found[storage.data_ptr()] = storage.nbytes()
        return kept

    inputs = {name: values for name, values in trainer.data_collator(rows).items() if name != "labels"}
    hooks = torch.autograd.graph.saved_tensors_hooks(note, lambda kept: kept)
    precision = trainer.compute_loss_context_manager()
    with _training_mode(model), torch.random.fork_rng([]), torch.enable_grad(), hooks, precision:
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
