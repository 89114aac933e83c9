"""The process that holds the model: it is handed texts through a socket and hands back logits.

    python -m textclf.serving.worker FD MODEL ENGINE REVISION TRUST_CODE

A process of its own, so that a model that runs out of memory or is killed takes no call with it: the server starts
another one (engine.py). It ends when its end of the socket closes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..inference.answers import Text
from ..run_folder import clusters_refused
from .facts import Ready, describe

# How the libraries say that memory has run out, where they do not raise MemoryError.
_NO_MEMORY = ("out of memory", "not enough memory", "can't allocate memory", "failed to allocate", "bad_alloc")

Score = Callable[[Sequence[Text]], NDArray[np.float32]]


def logits_in_halves(score: Score, texts: Sequence[Text]) -> tuple[list[NDArray[np.float32] | None], dict[int, str]]:
    """Return each text's logits [L]; a batch that does not fit into memory is split until it does.

    Texts that fail alone have None, and a sentence under their place; so have those whose logits are no numbers.
    """
    try:
        logits = score(texts)
    except Exception as error:  # each library has a class of its own for it
        if not _is_memory(error):
            raise
        if len(texts) == 1:
            return [None], {0: "There is not enough memory to compute this text."}
        half = len(texts) // 2
        first, faults = logits_in_halves(score, texts[:half])
        second, more = logits_in_halves(score, texts[half:])
        return first + second, faults | {half + row: reason for row, reason in more.items()}
    reason = "The model gives no numbers (NaN) for this text: its weights are damaged."
    rows = [row if np.isfinite(row).all() else None for row in logits]
    return rows, {place: reason for place, row in enumerate(rows) if row is None}


def _is_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in _NO_MEMORY)


def answer(classifier: Any, request: tuple[str, Any]) -> tuple[str, Any]:  # Any: what the kind of request says
    """Compute one request; an exception becomes an answer, so that the process lives on."""
    kind, content = request
    try:
        if kind == "logits":
            rows, faults = logits_in_halves(classifier.logits, content)
            width = len(classifier.labels)
            array = np.stack([np.full(width, np.nan, np.float32) if row is None else row for row in rows])
            return "ok", (array, faults)
        from ..evaluation.attribution import attribute  # captum, only where words are asked for

        text, pair, label = content
        return "ok", attribute(classifier.model, classifier.tokenizer, text, pair, label).to_dict()
    except Exception as error:  # whatever a model does, the server has to say it
        said = (str(error).strip().splitlines() or [""])[0]
        return "failed", f"The model failed: {type(error).__name__}: {said}"


def main(fd: str, model: str, engine: str, revision: str, trust_code: str) -> None:
    """Load the model, say what it is, and answer until the socket closes."""
    connection = Connection(int(fd))
    os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")  # else a .bin-only model is announced to others
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):  # the server is gone
        try:
            from ..bulk.scorers import load_scorer

            classifier = load_scorer(model, engine, revision or None, trust_code == "yes")
            if classifier.engine == "torch" and classifier.clusters is not None:
                raise UserError(clusters_refused("serve.py"))
            ready: Ready = describe(classifier, model, revision or None)
        except UserError as error:
            connection.send(str(error))
            return
        connection.send(ready)
        while True:
            connection.send(answer(classifier, connection.recv()))


if __name__ == "__main__":
    main(*sys.argv[1:])
