"""Batches over concurrent calls: texts that wait are computed together, the oldest first, with others of its length.

A batch is bounded by tokens, padding included, and by the time it is expected to take, so that nobody waits long for
others' texts; texts whose callers have gone are left out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..inference.answers import Text
from .faults import CallError, overloaded

LINGER_SECONDS = 0.004  # a loaded server waits this long for the calls that its last answers set off
FIRST_TOKENS_PER_SECOND = 4000.0  # before anything was measured: MiniLM on one slow core

Computed = tuple[NDArray[np.float32], dict[int, str]]  # logits [N, L]; row -> why it has none
Compute = Callable[[list[Text]], Awaitable[Computed]]


@dataclass(eq=False)
class Waiting:
    """A text that waits, and whoever waits for it."""

    text: Text
    tokens: int
    answer: asyncio.Future[NDArray[np.float32]]
    since: float = field(default_factory=time.monotonic)


def choose(lengths: Sequence[int], budget: float) -> list[int]:
    """Return the places of the next batch: the first, and as many of the nearest lengths as the budget takes.

    Args:
        lengths: tokens of the texts that wait, oldest first.
        budget: tokens of a batch with padding; one text is taken however long it is.
    """
    by_distance = sorted(range(1, len(lengths)), key=lambda i: (abs(lengths[i] - lengths[0]), i))
    chosen, longest = [0], max(1, lengths[0])
    for place in by_distance:
        longest = max(longest, lengths[place])
        if longest * (len(chosen) + 1) > budget:
            break
        chosen.append(place)
    return sorted(chosen)


class Batcher:
    """Collects texts of many calls, computes them in batches, one batch at a time."""

    def __init__(
        self, compute: Compute, *, most_waiting: int, most_tokens: int, most_seconds: float, listener: Listener
    ) -> None:
        """Take what computes and the bounds; `run()` has to be running for anything to be answered."""
        self._compute, self._listener = compute, listener
        self._most_waiting, self._most_tokens, self._most_seconds = most_waiting, most_tokens, most_seconds
        self._queue: list[Waiting] = []
        self._arrived = asyncio.Event()
        self._speed = FIRST_TOKENS_PER_SECOND
        self._computing = 0  # texts of the batch that is being computed

    @property
    def waiting(self) -> int:
        """Return how many texts wait, those being computed included."""
        return len(self._queue) + self._computing

    async def logits(self, texts: Sequence[Text], tokens: Sequence[int]) -> list[NDArray[np.float32]]:
        """Return each text's logits [L], in order.

        Raises:
            CallError: too many texts wait, or the model failed on one of these.
        """
        if self.waiting + len(texts) > self._most_waiting:
            ahead = sum(item.tokens for item in self._queue)
            raise overloaded(self.waiting, retry_after=max(1, round(ahead / self._speed)))
        loop = asyncio.get_running_loop()
        items = [Waiting(text, count, loop.create_future()) for text, count in zip(texts, tokens, strict=True)]
        self._queue += items
        self._arrived.set()
        try:
            return list(await asyncio.gather(*(item.answer for item in items)))
        finally:  # cancelled, or one failed: nobody wants the others
            for item in items:
                item.answer.cancel()

    async def run(self) -> None:
        """Compute batch after batch until cancelled."""
        last = 0
        while True:
            await self._arrived.wait()
            if last > 1:
                await self._linger()
            batch = self._take()
            last = len(batch)
            if batch:
                await self._answer(batch)

    def stop(self, reason: CallError) -> None:
        """Send everybody away who still waits."""
        for item in self._queue:
            if not item.answer.done():
                item.answer.set_exception(reason)
        self._queue.clear()

    async def _linger(self) -> None:
        """Wait for more texts, as long as they keep coming and the budget takes them."""
        until = time.monotonic() + LINGER_SECONDS
        while time.monotonic() < until and sum(item.tokens for item in self._queue) < self._budget():
            before = len(self._queue)
            await asyncio.sleep(LINGER_SECONDS / 4)
            if len(self._queue) == before:
                return

    def _budget(self) -> float:
        return min(self._most_tokens, self._speed * self._most_seconds)

    def _take(self) -> list[Waiting]:
        """Take the next batch out of the queue; texts whose callers have gone leave it too."""
        self._queue = [item for item in self._queue if not item.answer.done()]
        places = choose([item.tokens for item in self._queue], self._budget()) if self._queue else []
        batch = [self._queue[place] for place in places]
        taken = set(places)
        self._queue = [item for place, item in enumerate(self._queue) if place not in taken]
        if not self._queue:
            self._arrived.clear()
        return batch

    async def _answer(self, batch: list[Waiting]) -> None:
        self._computing = len(batch)
        began = time.monotonic()
        try:
            logits, faults = await self._compute([item.text for item in batch])
        except CallError as error:
            for item in batch:
                if not item.answer.done():
                    item.answer.set_exception(error)
            return
        finally:
            self._computing = 0
        seconds = time.monotonic() - began
        tokens = sum(item.tokens for item in batch)
        self._speed += 0.2 * (tokens / max(seconds, 1e-6) - self._speed)  # a moving average over some five batches
        self._listener.batch(len(batch), tokens, seconds, began - min(item.since for item in batch))
        for row, item in enumerate(batch):
            if item.answer.done():
                continue
            if row in faults:
                item.answer.set_exception(CallError(500, "Backend", faults[row]))
            else:
                item.answer.set_result(logits[row])


class Listener:
    """Is told of every batch; the metrics are one."""

    def batch(self, texts: int, tokens: int, seconds: float, waited: float) -> None:
        """Take note of a batch: how many texts and tokens, seconds computing, seconds its oldest text waited."""
