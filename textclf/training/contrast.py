"""Training an encoder by contrast: texts that share labels come together, others apart.

It is done by sentence-transformers' own trainer. SetFit (Tunstall et al. 2022, https://arxiv.org/abs/2209.11055) lists
its pairs, quadratic in the texts, and reads both texts of each; here every pair of a batch counts, so that a batch of
B texts, read once, is B (B - 1) / 2 pairs.
"""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from datasets import Dataset
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.base.modules import Module
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PrinterCallback, ProgressCallback, TrainerCallback

from ..inference.memory import free_memory
from ..models.dropout import fast_dropout
from ..models.padding_free import padding_free
from . import compact_vocabulary
from .collation import Padding
from .encoding import EncodedTexts
from .fit_arguments import FitArguments
from .foresight import Context, Need, needed, pieces_of, told
from .memory import HeldMemory, give_back
from .pooled_states import without_last

logger = logging.getLogger(__name__)

# Where pieces come and go, freed memory has gaps: .72 GB were taken where .55 were foreseen (2 texts of 512 tokens).
GAPS = 1.3
# Batches of any lengths in any order leave gaps between them: 1.0 GB were held where a step takes .6 (Korean titles in
# MiniLM). Giving back beyond these takes up to a tenth of the time.
HELD, GROWN = 256 * 2**20, 1.1


class States(Module):
    """What sentence-transformers trains: a classifier with an open head, read before its last layer."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, pieces: int = 1) -> None:
        """Take a model whose logits are its pooled states; batches are read in so many pieces."""
        super().__init__()
        self.model, self.tokenizer, self.pieces = model, tokenizer, pieces

    def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:  # the library's own types
        """Add `sentence_embedding`, [B, d]."""
        if self.pieces == 1:
            return features | {"sentence_embedding": self._states(**features)}
        parts = zip(*(values.tensor_split(self.pieces) for values in features.values()), strict=True)
        # All pairs need all states, but what led to them is computed once more, a piece at a time.
        states = [
            checkpoint(self._states, **dict(zip(features, part, strict=True)), use_reentrant=False)
            for part in parts
            if len(part[0])
        ]
        return features | {"sentence_embedding": torch.cat(states)}

    def _states(self, **inputs: Tensor) -> Tensor:
        return self.model(**inputs).logits

    def save(self, output_path: str, *args: Any, safe_serialization: bool = True, **kwargs: Any) -> None:
        """Write nothing: the run folder's one writer does."""


class Room(TrainerCallback):
    """Gives memory back that steps of other lengths have left in pieces."""

    def __init__(self) -> None:
        """Begin with what the process has now."""
        self.held = HeldMemory(HELD, GROWN)

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """Make room, where it has grown."""
        self.held.make_room()


class Bar(ProgressCallback):
    """The Trainer's progress bar, by a name and without its figures."""

    def __init__(self, name: str) -> None:
        """Take what stands before it."""
        super().__init__()
        self.name = name

    def on_train_begin(self, *args: Any, **kwargs: Any) -> None:
        """Open it."""
        super().on_train_begin(*args, **kwargs)
        self.training_bar.set_description(self.name)

    def on_log(self, *_: Any, **__: Any) -> None:
        """Say nothing of how long it took: the report does."""


class PaddedRows:
    """The trainer's collator: numbers of encoded texts to their padded ids and their labels."""

    valid_label_columns = ("label",)

    def __init__(self, texts: EncodedTexts, padding: Padding) -> None:
        """Take the texts and how they are padded."""
        self.texts, self.padding = texts, padding

    def __call__(self, rows: Sequence[Mapping[str, int]]) -> dict[str, Tensor]:
        """Return a batch as the trainer takes its features apart again: by their prefix."""
        batch, labels = self.features([self.texts[row["row"]] for row in rows])
        return {**{f"text_{name}": values for name, values in batch.items()}, "label": labels}

    def features(self, texts: Sequence[Any]) -> tuple[dict[str, Tensor], Tensor]:
        """Return encoded texts as a model's inputs, and their labels."""
        batch = self.padding(texts)
        labels = batch.pop("labels")
        return batch, labels


class Contrast(nn.Module):
    """The squared error between the cosine of two texts' states and how far they share labels (0 to 1).

    It is sentence-transformers' CosineSimilarityLoss over all pairs of a batch, where pairs that share a label weigh
    as much in all as pairs that do not, as by SetFit's oversampling. Several labels: the share of the labels of either
    text that both have.
    """

    def __init__(self, model: SentenceTransformer) -> None:
        """Take what embeds the texts."""
        super().__init__()
        self.model = model

    def forward(self, features: Sequence[dict[str, Tensor]], labels: Tensor) -> Tensor:
        """Return the loss of a batch: labels int64 [B], or 0/1 float32 [B, L]."""
        states = functional.normalize(self.model(features[0])["sentence_embedding"].float(), dim=1)
        wanted = shared_labels(labels)
        apart = ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        errors = (states @ states.T - wanted).square()
        alike, other = apart & (wanted > 0), apart & (wanted == 0)
        means = [errors[chosen].mean() for chosen in (alike, other) if bool(chosen.any())]
        return torch.stack(means).mean() if means else errors.sum() * 0.0


def shared_labels(labels: Tensor) -> Tensor:
    """Return how far each two of B texts share labels, float32 [B, B] in [0, 1]."""
    if labels.ndim == 1:
        return (labels[:, None] == labels[None, :]).float()
    both = labels @ labels.T
    counts = labels.sum(dim=1)
    either = counts[:, None] + counts[None, :] - both
    return torch.where(either > 0, both / either.clamp(min=1), torch.ones_like(both))


class Learned(NamedTuple):
    """What a training by contrast did: its steps, how many texts it read, and how many embeddings it trained.

    The last is None where all were.
    """

    steps: int
    read: int
    embeddings: int | None


def contrast(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: EncodedTexts,
    args: FitArguments,
    reading: int,
    bar: str,
    embedding_rate: float | None = None,
) -> Learned:
    """Train a model's encoder by contrast, in place, on `reading` texts at most.

    They come in whole batches, but one batch at least. `bar` is what the progress bar is called. Embeddings can
    have a learning rate of their own.
    """
    size = min(args.per_device_train_batch_size, len(texts))
    steps = max(1, reading // size)
    rows = Dataset.from_dict({"row": np.arange(len(texts))})
    hooks = padding_free(model, args.padding_free, args.device)
    vocabulary = compact_vocabulary.occurring(model, (texts,), int(tokenizer.pad_token_id), args)
    with (
        without_last(model),
        compact_vocabulary.only(vocabulary, model, (texts,)) as (texts,),
        tempfile.TemporaryDirectory() as folder,
    ):
        read = States(model, tokenizer)
        trained = SentenceTransformer(modules=[read], device=str(args.device))
        collator = PaddedRows(texts, Padding.of(tokenizer))
        trainer = SentenceTransformerTrainer(
            model=trained,
            args=_arguments(folder, args, size, steps, _embedding_rates(model, embedding_rate)),
            train_dataset=rows,
            loss=Contrast(trained),
            data_collator=collator,
        )
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(Room())
        if not args.disable_tqdm:
            trainer.add_callback(Bar(bar))
        with hooks, fast_dropout(model, args.device.type == "cpu"):
            read.pieces = _pieces(model, collator, size, trainer.compute_loss_context_manager)
            trainer.train()
    del trainer
    give_back()  # scoring follows
    return Learned(steps, steps * size, len(vocabulary.rows) if vocabulary else None)


def _pieces(model: PreTrainedModel, collator: PaddedRows, size: int, precision: Context) -> int:
    """Return in how many pieces batches of `size` texts are read, so that the longest fit into a processor's memory.

    Raises:
        UserError: not even one text fits.
    """
    free = free_memory()
    if model.device.type != "cpu" or free is None:
        return 1
    lengths = collator.texts.lengths
    longest, length = int(lengths.argmax()), int(lengths.max())

    def batch(times: int) -> dict[str, Tensor]:
        return collator.features([collator.texts[longest]] * times)[0]

    alone, _ = needed(model, batch, precision)
    again = sum(p.numel() * p.element_size() for p in model.parameters())  # a piece's gradients, beside the others'
    need = Need(GAPS * (alone.fixed + again), GAPS * alone.each)
    pieces = pieces_of(need, size, length, free, "Lower --max_length, or choose a smaller model.")
    if pieces > 1:
        logger.warning("%s; the pairs stay the same.", told(need, size, length, free, pieces))
    return pieces


def _embedding_rates(model: PreTrainedModel, rate: float | None) -> dict[str, float]:
    """Return the learning rate of a model's embeddings, by how the trainer finds them; none where it is as usual."""
    if rate is None:
        return {}
    weight = model.get_input_embeddings().weight
    return {f"{re.escape(name)}$": rate for name, each in model.named_parameters() if each is weight}


def _arguments(
    folder: str, args: FitArguments, size: int, steps: int, rates: dict[str, float]
) -> SentenceTransformerTrainingArguments:
    return SentenceTransformerTrainingArguments(
        output_dir=folder,
        max_steps=steps,
        per_device_train_batch_size=size,
        learning_rate=args.learning_rate,
        learning_rate_mapping=rates,
        warmup_steps=args.warmup_steps,
        weight_decay=args.weight_decay,
        seed=args.seed,
        bf16=args.bf16,
        fp16=args.fp16,
        use_cpu=args.use_cpu,
        dataloader_drop_last=True,  # every batch has pairs
        dataloader_pin_memory=not args.use_cpu,
        report_to="none",
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
    )
