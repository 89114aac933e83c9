"""The classifier: scores for texts from a saved folder or a Hub id, in fp32, equal to what `pipeline()` gives."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tqdm.auto import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from ..errors import UserError
from ..labels import LabelSpace
from ..models.cluster_checkpoint import writer_of
from ..models.clustered import ClusterWriter
from ..models.limits import fields_of, longest_input
from ..models.padding_free import padding_free
from . import engines
from .answers import Prediction, Text, activate, predictions
from .memory import fitting_tokens
from .promises import Promises
from .reading import own_thresholds, read_classifier
from .rows import CHUNK, EncodedRows, RowEncoder, batches_by_length

if TYPE_CHECKING:
    from .onnx_classifier import OnnxClassifier

logger = logging.getLogger(__name__)

# Tokens of one forward pass, padding included. More were not faster on a processor; an accelerator has thousands of
# cores to fill: there as many as take some 1 GB a layer of a base model (by arithmetic, measured on no GPU).
TOKENS_PER_BATCH = 4096
ACCELERATOR_TOKENS_PER_BATCH = 65_536
PROGRESS_FROM = 2_000  # texts from which a progress bar is worth its line


class Classifier:
    """A saved text classifier: the model, its tokenizer, its label space and (several labels) its thresholds."""

    shows_progress = True

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
        """Wrap a loaded model; `Classifier.load` is the usual way."""
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.labels = LabelSpace.from_config(model.config)
        self.width = len(self.labels)  # of what the model gives for a text
        self.thresholds = own_thresholds(model.config, self.labels)
        self.promises = Promises.of(model.config.to_dict(), self.labels)
        self.text_columns = fields_of(model.config)
        self.max_length = longest_input(model.config, tokenizer)
        self.tokens_per_batch = TOKENS_PER_BATCH if model.device.type == "cpu" else ACCELERATOR_TOKENS_PER_BATCH
        self._foreseen = 0  # tokens of the longest text for which memory was looked at
        self._computing = Lock()  # the tokenizer and the hooks serve one call at a time
        self.engine = "torch"
        self.clusters: ClusterWriter | None = (
            None  # what writes clusters in front of texts, where the model reads them
        )

    @property
    def rust_tokenizer(self) -> Tokenizer | None:
        """Return the tokenizer as the `tokenizers` library has it; None for one that only Python knows."""
        return self.tokenizer.backend_tokenizer if self.tokenizer.is_fast else None

    @overload
    @classmethod
    def load(
        cls,
        source: str | Path,
        *,
        engine: Literal["torch"] = "torch",
        revision: str | None = None,
        device: str | None = None,
        trust_code: bool = False,
    ) -> Classifier: ...
    @overload
    @classmethod
    def load(
        cls, source: str | Path, *, engine: str, revision: str | None = None, trust_code: bool = False
    ) -> Classifier | OnnxClassifier: ...

    @classmethod
    def load(
        cls,
        source: str | Path,
        *,
        engine: str = "torch",
        revision: str | None = None,
        device: str | None = None,
        trust_code: bool = False,
    ) -> Classifier | OnnxClassifier:
        """Load a run folder, any Transformers classifier, or a Hub id, in fp32, on the GPU if there is one.

        Another `engine` scores by what export.py wrote, as the same kind of object: see `engines.load`.

        Raises:
            UserError: there is no such folder or repo, or it holds no trained sequence classifier.
        """
        if engine != "torch":
            return engines.load(source, engine, revision=revision, trust_code=trust_code)
        model, tokenizer = read_classifier(source, revision, trust_code)
        where = device or ("cuda" if torch.cuda.is_available() else "cpu")
        found = cls(model.to(where), tokenizer)
        found.clusters = writer_of(model, source, revision)
        return found

    def scores(self, texts: Sequence[Text], *, windows: bool = False) -> NDArray[np.float32]:
        """Return float32 [N, L] in [0, 1]: softmax over the labels, or a sigmoid each with several labels.

        Longer texts are cut as `truncation=True` does; `windows=True` scores overlapping windows of them instead
        (half a window apart) and averages their scores.
        """
        logits, owner = self._all_logits(texts, windows)
        scores = activate(logits, self.labels)
        if not windows:
            return scores
        total = np.zeros((len(texts), scores.shape[1]), dtype=np.float64)
        np.add.at(total, owner, scores)
        counts = np.bincount(owner, minlength=len(texts))[:, None]
        return (total / np.maximum(counts, 1)).astype(np.float32)

    def logits(self, texts: Sequence[Text]) -> NDArray[np.float32]:
        """Return the last layer's output, float32 [N, L]; longer texts are cut."""
        return self._all_logits(texts, windows=False)[0]

    def predict(self, texts: Sequence[Text]) -> list[Prediction]:
        """Decide on texts: the best label, or every label whose score reaches its threshold."""
        return predictions(self.scores(texts), self.labels, self.thresholds, self.promises)

    def _all_logits(self, texts: Sequence[Text], windows: bool) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return logits [M, L] and the text that each row belongs to [M] (M = N unless there are windows)."""
        encoder = RowEncoder(self.tokenizer, self.max_length)
        logits = [np.zeros((0, self.width), dtype=np.float32)]
        owners = [np.zeros(0, dtype=np.int64)]
        bar = tqdm(
            total=len(texts),
            desc="scoring",
            unit="text",
            disable=not self.shows_progress or len(texts) < PROGRESS_FROM,
        )
        with self._computing, padding_free(self.model, "auto", self.model.device), bar as progress:
            given = texts if self.clusters is None else WrittenTexts(texts, self.clusters)
            for rows in encoder.chunks(given, windows):
                logits.append(self._logits_of_rows(encoder, rows))
                owners.append(rows.owners)
                progress.update(rows.texts)
        return np.concatenate(logits), np.concatenate(owners)

    @torch.inference_mode()
    def _logits_of_rows(self, encoder: RowEncoder, rows: EncodedRows) -> NDArray[np.float32]:
        """Run the model over rows in batches of similar length; the result is in the rows' order."""
        result = np.zeros((len(rows), self.width), dtype=np.float32)
        alone = None in (self.tokenizer.pad_token, self.model.config.pad_token_id)  # cannot be padded: one at a time
        if (longest := max(rows.lengths, default=0)) > self._foreseen:  # a processor's system kills, it raises nothing
            self.tokens_per_batch = fitting_tokens(self.model, self.tokens_per_batch, longest)
            self._foreseen = longest
        for taken in batches_by_length(rows.lengths, 1 if alone else self.tokens_per_batch):
            result[taken] = self._logits_of_batch(encoder, rows, taken)
        return result

    def _logits_of_batch(self, encoder: RowEncoder, rows: EncodedRows, taken: list[int]) -> NDArray[np.float32]:
        """Return logits [B, L] of the rows `taken`; where memory runs out, of its halves one after the other."""
        try:
            arrays = encoder.batch(rows, taken).items()
            inputs = {name: torch.from_numpy(values).to(self.model.device) for name, values in arrays}
            return np.asarray(self.model(**inputs).logits.float().cpu().numpy())
        except torch.OutOfMemoryError as error:
            if len(taken) == 1:
                longest = rows.lengths[taken[0]]
                raise UserError(
                    f"Memory runs out with a single text of {longest} tokens. Choose a smaller model, or cut texts."
                ) from error
        # Outside the except clause, whose error keeps all that was computed alive.
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self.tokens_per_batch = max(1, self.tokens_per_batch // 2)
        logger.warning("Memory ran out: batches of %d tokens from here on.", self.tokens_per_batch)
        middle = len(taken) // 2
        return np.concatenate(
            [self._logits_of_batch(encoder, rows, half) for half in (taken[:middle], taken[middle:])]
        )


class WrittenTexts(Sequence[Text]):
    """Texts with their clusters in front, found a piece at a time."""

    def __init__(self, texts: Sequence[Text], clusters: ClusterWriter) -> None:
        """Take texts and what writes clusters."""
        self._texts, self._clusters = texts, clusters

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self._texts)

    @overload
    def __getitem__(self, rows: int) -> Text: ...
    @overload
    def __getitem__(self, rows: slice) -> list[Text]: ...

    def __getitem__(self, rows: int | slice) -> Text | list[Text]:
        """Return one text, or a list of them."""
        if isinstance(rows, slice):
            return self._clusters(self._texts[rows])
        found: Text = self._clusters([self._texts[rows]])[0]
        return found


class SplitTexts(Sequence[Text]):
    """A split's texts, or pairs of texts, read from its memory-mapped rows a piece at a time and never held."""

    def __init__(self, split: Dataset) -> None:
        """Take the columns `text` and, where there is one, `text_pair`."""
        names = ["text", "text_pair"] if "text_pair" in split.column_names else ["text"]
        self._columns = [split[name] for name in names]

    def __len__(self) -> int:
        """Return the number of texts N."""
        return len(self._columns[0])

    @overload
    def __getitem__(self, rows: int) -> Text: ...
    @overload
    def __getitem__(self, rows: slice) -> list[Text]: ...

    def __getitem__(self, rows: int | slice) -> Text | list[Text]:
        """Return one text, or a list of them."""
        if not isinstance(rows, slice):
            cells = tuple(column[rows] for column in self._columns)
            return cells if len(cells) == 2 else cells[0]
        parts = [column[rows] for column in self._columns]
        return list(zip(*parts, strict=True)) if len(parts) == 2 else parts[0]

    def __iter__(self) -> Iterator[Text]:
        """Read the texts in order, some thousand at once."""
        for start in range(0, len(self), CHUNK):
            yield from self[start : start + CHUNK]


def texts_of(split: Dataset) -> SplitTexts:
    """Return a split's texts as the classifier takes them: strings, or pairs where there is a second column."""
    return SplitTexts(split)
