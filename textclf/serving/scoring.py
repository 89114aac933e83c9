"""Between the protocols and the model: limits, token counts, batches, time-outs, and the metrics of each answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..evaluation.text_profile import Measured, TokenCounter
from ..inference.answers import Prediction, Text, activate, predictions
from .batching import Batcher, Computed
from .engine import ModelHere, ModelProcess
from .facts import Ready
from .faults import CallError, not_understood, too_large
from .metrics import Metrics
from .serve_arguments import ServeArguments

COUNTED_HERE = 4_000  # characters that are tokenised at once without keeping other calls waiting
BYTES_PER_TOKEN = 4  # a guess, for tokenizers that only Python knows


class Scored(NamedTuple):
    """A call's answers: logits float32 [N, L], and what the tokenizer sees of each text (None: cannot be asked)."""

    logits: NDArray[np.float32]
    measured: list[Measured | None]


class Scoring:
    """Scores the texts of calls."""

    def __init__(self, held: ModelProcess | ModelHere, ready: Ready, options: ServeArguments) -> None:
        """Take the model, what is known of it, and the limits."""
        self.held, self.ready, self.options = held, ready, options
        self._count = TokenCounter(ready.tokenizer_json) if ready.tokenizer_json else None
        self.metrics = Metrics(ready.labels.names, ready.profile, lambda: self.batcher.waiting)
        self.batcher = Batcher(
            self._compute,
            most_waiting=options.max_waiting,
            most_tokens=options.max_batch_tokens,
            most_seconds=options.max_batch_ms / 1000,
            listener=self.metrics,
        )

    async def score(self, texts: Sequence[Text], *, cut: bool = True) -> Scored:
        """Return the logits of a call's texts; with `cut` false texts that the model would cut are refused.

        Raises:
            CallError: a limit is exceeded, the queue is full, the time is up, or the model failed.
        """
        self._check_limits(texts)
        measured = await self._measure(texts)
        most = self.ready.max_length
        lengths = [_guess(text) if each is None else each.tokens for text, each in zip(texts, measured, strict=True)]
        longest = max(lengths)
        if not cut and longest > most:
            raise too_large(
                f"`inputs` must have at most {most} tokens. Given: {longest}. Send `truncate: true` to cut at the end."
            )
        rows = await self._in_time(self.batcher.logits(texts, [min(n, most) for n in lengths]))
        logits = np.stack(rows)
        decided = self.decide(logits)
        self.metrics.answered(texts, measured, decided)
        return Scored(logits, measured)

    def decide(self, logits: NDArray[np.float32]) -> list[Prediction]:
        """Return what the model says by logits [N, L]: its thresholds and promises applied."""
        ready = self.ready
        return predictions(activate(logits, ready.labels), ready.labels, ready.thresholds, ready.promises)

    async def attributions(self, text: Text, label: str | None) -> dict[str, Any]:
        """Return the words of one text and what they do to a label.

        Raises:
            CallError: the engine cannot tell, the time is up, or the model failed.
        """
        if self.ready.engine != "torch":
            raise not_understood(
                f"Attributions need the engine torch; this server runs {self.ready.engine}. Start it with "
                "--engine torch."
            )
        return await self._in_time(asyncio.to_thread(self.held.attributions, text, label))

    async def _in_time(self, work: Any) -> Any:  # Any: an awaitable, and what it gives
        try:
            async with asyncio.timeout(self.options.answer_seconds):
                return await work
        except TimeoutError:
            sentence = f"There is no answer after {self.options.answer_seconds:g} s; the server is busy."
            raise CallError(504, "Overloaded", sentence, retry_after=5) from None

    async def _compute(self, texts: list[Text]) -> Computed:
        return await asyncio.to_thread(self.held.logits, texts)

    def _check_limits(self, texts: Sequence[Text]) -> None:
        most = self.options.max_texts
        if len(texts) > most:
            raise too_large(f"batch size {len(texts)} > maximum allowed batch size {most}")
        for place, text in enumerate(texts, start=1):
            whole = _whole(text)
            if len(whole) > self.options.max_characters:
                raise not_understood(
                    f"Text {place} has {len(whole):,} characters; at most {self.options.max_characters:,} are taken."
                )
            if not whole.isascii() and _has_lone_surrogate(whole):
                raise not_understood(
                    f"Text {place} holds half of a surrogate pair (\\ud800 to \\udfff), which is no character."
                )

    async def _measure(self, texts: Sequence[Text]) -> list[Measured | None]:
        if self._count is None:
            return [None] * len(texts)
        if sum(len(_whole(text)) for text in texts) <= COUNTED_HERE:
            return list(self._count(texts))
        return list(await asyncio.to_thread(self._count, texts))


def _whole(text: Text) -> str:
    return text if isinstance(text, str) else text[0] + (text[1] or "")


def _guess(text: Text) -> int:
    return 2 + len(_whole(text).encode()) // BYTES_PER_TOKEN


def _has_lone_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
