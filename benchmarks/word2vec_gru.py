"""Word vectors (word2vec) and a bidirectional GRU: what was usual before encoders, on any data set of the loader.

Usage: python -m benchmarks.word2vec_gru --dataset coronavirus_tweets --data_dir FOLDER [--vectors cbow|skipgram]
       [--output benchmarks/results/NAME.json]

The epoch, the calibration and (several labels) the thresholds are chosen on validation; test is scored once.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from datasets import Dataset
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

from textclf.arguments import DataArguments
from textclf.data.augmentation import augment
from textclf.data.cleaning import cleaner
from textclf.data.loading import load_splits
from textclf.data.model_text import join_columns
from textclf.errors import UserError, run_command
from textclf.evaluation.calibration import Scales, fit_scales
from textclf.evaluation.report import Report, measure, quick_metrics
from textclf.evaluation.thresholds import choose
from textclf.flags import build_parser, parse
from textclf.inference.classifier import Text, activate, texts_of
from textclf.labels import LabelSpace
from textclf.models.text_features import as_string
from textclf.models.word_vectors import WordVectors, lower_words, train_word_vectors

from .speed_machine import describe_machine

LONGEST = 400  # words of a text that are read


@dataclass
class GruOptions:
    """How the network is trained."""

    vectors: Literal["cbow", "skipgram"] = field(default="skipgram", metadata={"help": "word2vec's method"})
    hidden: int = field(default=128, metadata={"help": "units of the GRU in either direction"})
    epochs: int = field(default=20, metadata={"help": "most passes over the training rows"})
    patience: int = field(default=3, metadata={"help": "epochs without progress on validation before it stops"})
    batch_size: int = field(default=64, metadata={"help": "texts in a batch"})
    learning_rate: float = field(default=1e-3, metadata={"help": "of Adam"})
    dropout: float = field(default=0.3, metadata={"help": "on the word vectors and on the text's state"})
    seed: int = field(default=42, metadata={"help": "decides everything that is random"})
    output: str | None = field(default=None, metadata={"help": "a JSON file for the figures"})


class Network(nn.Module):
    """Word vectors, a bidirectional GRU, its two last states, a linear layer."""

    def __init__(self, vectors: WordVectors, options: GruOptions, size: int) -> None:
        super().__init__()
        table = np.concatenate([np.zeros((1, vectors.vectors.shape[1]), dtype=np.float32), vectors.vectors])
        self.embedding = nn.Embedding.from_pretrained(torch.from_numpy(table), freeze=False, padding_idx=0)
        self.gru = nn.GRU(table.shape[1], options.hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(options.dropout)
        self.output = nn.Linear(2 * options.hidden, size)

    def forward(self, words: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return logits [B, L] of word ids [B, T] (0: padding) and lengths [B] (on the CPU)."""
        packed = pack_padded_sequence(
            self.dropout(self.embedding(words)), lengths, batch_first=True, enforce_sorted=False
        )
        _, last = self.gru(packed)
        return self.output(self.dropout(torch.cat([last[0], last[1]], dim=1)))


class GruScorer:
    """A scorer as `measure` takes it: the network with its vocabulary, calibration and thresholds."""

    def __init__(
        self, vectors: WordVectors, labels: LabelSpace, clean: Callable[[str], str], options: GruOptions
    ) -> None:
        self.labels, self.index, self.clean, self.options = labels, vectors.index, clean, options
        self.thresholds: np.ndarray | None = None
        self.scales: Scales | None = None
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.network = Network(vectors, options, len(labels)).to(self.device)

    def encode(self, texts: Sequence[Text]) -> list[torch.Tensor]:
        """Return the word ids of texts, from 1; a text without a known word is one padding word."""
        cleaned = (self.clean(as_string(text)) for text in texts)
        rows = ([self.index[word] + 1 for word in lower_words(text) if word in self.index] for text in cleaned)
        return [torch.tensor(row[:LONGEST] or [0]) for row in rows]

    def batch_logits(self, rows: list[torch.Tensor]) -> torch.Tensor:
        """Return logits [B, L] of encoded texts."""
        words = pad_sequence(rows, batch_first=True).to(self.device)
        return self.network(words, torch.tensor([len(row) for row in rows]))

    @torch.inference_mode()
    def logits(self, rows: list[torch.Tensor]) -> np.ndarray:
        """Return logits float32 [N, L] of encoded texts."""
        self.network.eval()
        size = self.options.batch_size
        parts = [self.batch_logits(rows[i : i + size]).float().cpu().numpy() for i in range(0, len(rows), size)]
        return np.concatenate(parts)

    def scores(self, texts: Sequence[Text]) -> np.ndarray:
        """Return scores in [0, 1], float32 [N, L]."""
        logits = self.logits(self.encode(texts))
        return activate(logits if self.scales is None else self.scales.apply(logits), self.labels)

    def settle(self, validation: Dataset) -> None:
        """Calibrate on validation and choose thresholds there, as for every other model."""
        gold = self.labels.gold(validation)
        self.scales = fit_scales(self.logits(self.encode(texts_of(validation))), gold, self.labels)
        if self.labels.multi_label:
            self.thresholds = choose(self.scores(texts_of(validation)), gold, "f1").cuts


def train(scorer: GruScorer, train_split: Dataset, validation: Dataset) -> dict[str, Any]:
    """Train until validation stops getting better, keep the best epoch's weights, return what was chosen."""
    options, labels = scorer.options, scorer.labels
    metric = "average_precision_micro" if labels.multi_label else "f1_macro"
    rows, gold = scorer.encode(texts_of(train_split)), torch.from_numpy(labels.gold(train_split))
    held_out, held_out_gold = scorer.encode(texts_of(validation)), labels.gold(validation)
    optimiser = torch.optim.Adam(scorer.network.parameters(), lr=options.learning_rate)
    shuffle = np.random.default_rng(options.seed)
    best, best_epoch, weights = -np.inf, 0, copy.deepcopy(scorer.network.state_dict())
    for epoch in range(1, options.epochs + 1):
        scorer.network.train()
        order = shuffle.permutation(len(rows))
        for start in range(0, len(order), options.batch_size):
            batch = order[start : start + options.batch_size]
            wanted = gold[batch].to(scorer.device)
            logits = scorer.batch_logits([rows[i] for i in batch])
            multi = labels.multi_label
            loss = binary_cross_entropy_with_logits(logits, wanted.float()) if multi else cross_entropy(logits, wanted)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(scorer.network.parameters(), 1.0)
            optimiser.step()
        value = quick_metrics(held_out_gold, activate(scorer.logits(held_out), labels))[metric]
        print(f"epoch {epoch}: validation {metric} {value:.4f}", flush=True)
        if value > best:
            best, best_epoch, weights = value, epoch, copy.deepcopy(scorer.network.state_dict())
        elif epoch - best_epoch >= options.patience:
            break
    scorer.network.load_state_dict(weights)
    return {"metric": metric, "split": "validation", "value": best, "epoch": best_epoch}


def show(report: Report) -> None:
    """Print the headline figures with intervals and n."""
    for name in ("accuracy", "subset_accuracy", "f1_micro", "f1_macro"):
        if name in report.metrics and not (name == "f1_micro" and not report.labels.multi_label):
            figure = report.metrics[name]
            print(f"test {name} {figure['value']:.4f} [{figure['low']:.4f}, {figure['high']:.4f}], n = {report.n}")


def main(argv: list[str]) -> None:
    """Train, settle on validation, measure on test, print, and write the figures where asked."""
    data, options = parse(build_parser((DataArguments, GruOptions)), argv)
    if data.max_length != "auto" or data.long_text != "truncate":
        raise UserError(f"--max_length and --long_text count tokens; the GRU reads the first {LONGEST} words.")
    splits, provenance = load_splits(data)
    splits, clean = join_columns(splits, data.join_text), cleaner(data.clean)
    train_rows = augment(splits["train"], data, options.seed).train
    labels = LabelSpace.from_features(splits["train"].features)
    torch.manual_seed(options.seed)
    start = time.perf_counter()
    texts = [clean(as_string(text)) for text in texts_of(train_rows)]
    vectors = train_word_vectors(texts, skip_gram=options.vectors == "skipgram", seed=options.seed)
    vector_seconds = time.perf_counter() - start
    scorer = GruScorer(vectors, labels, clean, options)
    selection = train(scorer, train_rows, splits["validation"])
    seconds = time.perf_counter() - start
    scorer.settle(splits["validation"])
    report = measure(scorer, splits["test"])
    print(f"{len(vectors.index)} word vectors in {vector_seconds:.0f} s, all in {seconds:.0f} s")
    show(report)
    if options.output:
        content = {
            "benchmark": "word2vec_gru",
            "date": datetime.now(UTC).date().isoformat(),
            "machine": describe_machine() | {"torch": torch.__version__},
            "data": provenance.to_dict(),
            "clean": data.clean,
            "options": {key: value for key, value in vars(options).items() if key != "output"},
            "selection": selection,
            "seconds": {"vectors": vector_seconds, "all": seconds},
            **report.to_dict(),
        }
        path = Path(options.output)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n", encoding="utf-8")
        print(f"written to {path}")


if __name__ == "__main__":
    run_command(main)
