"""The classifier on ONNX Runtime: a folder's `onnx/` files scored by tokenizers, onnxruntime and numpy alone.

Neither torch nor transformers is loaded. Texts of one length are run together, as many batches at once as there are
threads: nothing is padded, and a text has the same score alone and among others.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from ..errors import UserError
from ..labels import LabelSpace
from ..models.limits import fields_of, longest_input
from .answers import Prediction, Text, activate, predictions
from .onnx_folder import Exported
from .promises import Promises

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
CHUNK = 4096  # texts tokenised while those before them are scored
TOKENS_PER_BATCH = 512  # a token costs least from some 200 on; from 800 on what int8 computes leaves the cache
# Of ONNX Runtime 1.32: operators that it fuses, and that then take up to four times as long as what they replace.
SLOW = ["SkipLayerNormFusion", "BiasGeluFusion"]
PLACE = re.compile(r"\S*onnxruntime_src/.*\) ")  # file and signature of the function that refused, in its errors
Row = dict[str, NDArray[np.int64]]  # a model's inputs of one text, each int64 [1, T]


class OnnxClassifier:
    """A saved classifier without torch: the same labels, thresholds and scores as `Classifier`."""

    def __init__(self, exported: Exported, threads: int | None = None) -> None:
        """Open one exported file; `textclf.load` is the usual way.

        `threads`: how many texts are scored at once (default: OMP_NUM_THREADS, else the processors of this process).

        Raises:
            UserError: the file is no model that ONNX Runtime can run, or not one with this folder's labels.
        """
        config, settings = exported.config, exported.tokenizer_config
        self.engine = exported.engine
        self.labels = LabelSpace.from_config(config)
        self.thresholds = exported.thresholds(self.labels)
        # The checkpoint's were fitted on torch's scores: int8 has others, and cuts of its own.
        stated = vars(config) if self.engine == "onnx" else exported.figures.get("promises", {})
        self.promises = Promises.of(stated, self.labels)
        self.text_columns = fields_of(config)
        self.max_length = longest_input(config, SimpleNamespace(model_max_length=settings.get("model_max_length", 0)))
        self._tokenizer_file = str(exported.folder / "tokenizer.json")
        self._tokenizer = _open_tokenizer(self._tokenizer_file)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self.max_length, strategy="longest_first")
        self._threads = threads or available_threads()
        self.file = exported.file
        self._inputs = _checked_inputs(self._alone, exported, len(self.labels))

    @property
    def rust_tokenizer(self) -> Tokenizer:
        """Return the tokenizer as the `tokenizers` library has it, as it was saved: it cuts nothing."""
        return Tokenizer.from_file(self._tokenizer_file)

    def scores(self, texts: Sequence[Text]) -> NDArray[np.float32]:
        """Return float32 [N, L] in [0, 1]: softmax over the labels, or a sigmoid each with several labels."""
        return activate(self.logits(texts), self.labels)

    def logits(self, texts: Sequence[Text]) -> NDArray[np.float32]:
        """Return the last layer's output, float32 [N, L]; longer texts are cut."""
        if len(texts) == 1:
            return self._run(self._alone, self.inputs_of(texts)[0])
        found = np.zeros((len(texts), len(self.labels)), dtype=np.float32)
        with ThreadPoolExecutor(self._threads) as pool:
            waiting: Iterator[None] = iter(())
            for start in range(0, len(texts), CHUNK):
                rows = self.inputs_of(texts[start : start + CHUNK])
                list(waiting)  # the chunk before was computed while this one was tokenised
                waiting = pool.map(partial(self._run_into, found[start : start + CHUNK], rows), of_one_length(rows))
            list(waiting)
        return found

    def predict(self, texts: Sequence[Text]) -> list[Prediction]:
        """Decide on texts: the best label, or every label whose score reaches its threshold."""
        return predictions(self.scores(texts), self.labels, self.thresholds, self.promises)

    def inputs_of(self, texts: Sequence[Text]) -> list[Row]:
        """Return the model's inputs for each text, alone or with its pair, cut to the model's length."""
        pairs = [text if isinstance(text, str) else text if text[1] else text[0] for text in texts]
        return [_row(encoding) for encoding in self._tokenizer.encode_batch(pairs)]

    def _run(self, session: onnxruntime.InferenceSession, row: Row) -> NDArray[np.float32]:
        logits: NDArray[np.float32] = session.run(["logits"], {name: row[name] for name in self._inputs})[0]
        return logits

    def _run_into(self, found: NDArray[np.float32], rows: list[Row], taken: list[int]) -> None:
        """Put the logits of the rows `taken`, all of one length, into their places in `found` [N, L]."""
        batch = {name: np.concatenate([rows[i][name] for i in taken]) for name in self._inputs}
        found[taken] = self._run(self._many, batch)

    @cached_property
    def _alone(self) -> onnxruntime.InferenceSession:
        """For one text: all threads share its matrix products."""
        return open_session(self.file, self._threads)

    @cached_property
    def _many(self) -> onnxruntime.InferenceSession:
        """For many texts: each thread has its own text."""
        return self._alone if self._threads == 1 else open_session(self.file, 1)


def _open_tokenizer(path: str) -> Tokenizer:
    try:
        return Tokenizer.from_file(path)
    except Exception as error:  # what tokenizers raises, no subclass of it
        raise UserError(f"{path} is no tokenizer that can be read ({error}). Give another folder.") from error


def of_one_length(rows: Sequence[Row]) -> Iterator[list[int]]:
    """Yield the numbers of rows of one length, longest first, as many together as TOKENS_PER_BATCH allows."""
    lengths = np.array([row["input_ids"].shape[1] for row in rows], dtype=np.int64)
    order = np.argsort(-lengths, kind="stable")
    for alike in np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1):
        size = max(1, TOKENS_PER_BATCH // max(1, int(lengths[alike[0]])))
        for start in range(0, len(alike), size):
            yield alike[start : start + size].tolist()


def _row(encoding: Encoding) -> Row:
    """Return one text's model inputs, whichever of them the model takes."""
    columns = (encoding.ids, encoding.attention_mask, encoding.type_ids)
    return {name: np.array([column], dtype=np.int64) for name, column in zip(INPUTS, columns, strict=True)}


def _checked_inputs(session: onnxruntime.InferenceSession, exported: Exported, labels: int) -> list[str]:
    """Return the names of a session's inputs.

    Raises:
        UserError: they, or its output, are not those of this folder's classifier.
    """
    names = [each.name for each in session.get_inputs()]
    outputs = {each.name: each.shape[-1] for each in session.get_outputs()}
    if "input_ids" in names and set(names) <= set(INPUTS) and outputs.get("logits") == labels:
        return names
    raise UserError(
        f"{exported.file} is not an export of this classifier: it takes {', '.join(names)} and gives "
        f"{', '.join(f'{name} [{size}]' for name, size in outputs.items())}; expected input_ids and logits of "
        f"{labels} labels. `python export.py {exported.source}` makes it anew."
    )


def available_threads() -> int:
    """Return OMP_NUM_THREADS, as torch does, else how many processors this process may use."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """Open an .onnx file for the processor.

    Raises:
        UserError: it is no model that this ONNX Runtime can run.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only: they are raised too
    try:
        return onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"], disabled_optimizers=SLOW
        )
    except Exception as error:  # ONNX Runtime's own classes stand directly below Exception
        said = PLACE.sub("", str(error).strip().splitlines()[0])
        raise UserError(
            f"{path} is no model that ONNX Runtime {onnxruntime.__version__} can run ({said}). `python export.py RUN` "
            "makes it anew; --engine torch does without."
        ) from error
