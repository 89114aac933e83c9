"""Which rows make one optimiser step: texts of similar length, composed for all processes at once, then dealt out.

A step is the unit: 32 x 1, 16 x 2 and 8 x 4 (batch x accumulation) and two processes of 16 take the very same rows
into the same steps, in the same order. Every row is seen exactly once an epoch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler

from ..errors import UserError

# Rows are sorted by length inside pools of this many steps at most, and at least this many pools: similar lengths, yet
# other company in each epoch (the Trainer's own LengthGroupedSampler has 50 and 4). Measured on lengths like those of
# comments and of news cut to 512 tokens: 3 % padding; pools of 200 steps give the same.
POOL_STEPS = 50
POOLS = 2
STAND_IN = -1  # a row with nothing to learn from: keeps a process busy that has no row in a step

RowNumbers = NDArray[np.int64]


@dataclass(frozen=True)
class StepSize:
    """How large one optimiser step is, over all processes: so many rows, or so many real tokens at most."""

    rows: int
    tokens: int = 0


@dataclass(frozen=True)
class Division:
    """How a step is done: in so many batches one after the other, by so many processes side by side."""

    accumulation: int = 1
    processes: int = 1


def compose_steps(lengths: RowNumbers, size: StepSize, seed: int, epoch: int) -> list[RowNumbers]:
    """Return the rows of each optimiser step of an epoch, longest step first, then in random order.

    Rows of a step are in ascending length. With `size.rows` the steps differ by one row at most, so that none is tiny;
    with `size.tokens` none holds more tokens than that.
    """
    generator = np.random.default_rng([seed, epoch])
    ordered = _sorted_in_pools(generator.permutation(len(lengths)), lengths, size)
    if size.tokens:
        steps = _cut_by_tokens(ordered, lengths, size.tokens)
    else:
        steps = np.array_split(ordered, -(-len(ordered) // size.rows))
    steps = [step[np.argsort(lengths[step], kind="stable")] for step in steps]
    order = generator.permutation(len(steps))
    longest = max(range(len(steps)), key=lambda i: len(steps[i]) * lengths[steps[i][-1]])
    # What needs the most memory comes first: running out of it should take seconds to show, not hours.
    return [steps[longest], *(steps[i] for i in order if i != longest)]


def _sorted_in_pools(order: RowNumbers, lengths: RowNumbers, size: StepSize) -> RowNumbers:
    """Sort by length inside pools, up and down in turn, so that neighbours across two pools are alike too."""
    rows = size.rows if not size.tokens else int(size.tokens / lengths.mean())  # 1 at least: the longest fits
    pool = rows * max(1, min(POOL_STEPS, len(order) // (rows * POOLS)))
    pools = [order[start : start + pool] for start in range(0, len(order), pool)]
    pools = [part[np.argsort(lengths[part], kind="stable")] for part in pools]
    return np.concatenate([part if i % 2 == 0 else part[::-1] for i, part in enumerate(pools)])


def _cut_by_tokens(ordered: RowNumbers, lengths: RowNumbers, budget: int) -> list[RowNumbers]:
    """Cut into as few runs as greedy filling needs, each of `budget` tokens at most."""
    ends = np.cumsum(lengths[ordered])
    cuts, start = [], 0
    while start < len(ordered):
        before = ends[start - 1] if start else 0
        start = int(np.searchsorted(ends, before + budget, side="right"))
        cuts.append(start)
    return np.split(ordered, cuts[:-1])


def deal(step: RowNumbers, lengths: RowNumbers, share: Division, by_tokens: bool) -> list[list[int]]:
    """Cut a step into batches of neighbouring lengths and deal each to the processes in turn, like cards.

    Returns accumulation x processes lists of rows, processes fastest: all processes of one batch have texts of the
    same lengths, so that none waits for another. Where rows run out a list is [STAND_IN]. Batches have equally many
    rows, or tokens if `by_tokens`.
    """
    cuts = np.arange(1, share.accumulation) / share.accumulation
    if by_tokens:
        ends = np.cumsum(lengths[step])
        batches = np.split(step, np.searchsorted(ends - lengths[step] / 2, cuts * ends[-1]))
    else:
        batches = np.array_split(step, share.accumulation)
    dealt = [batch[rank :: share.processes].tolist() for batch in batches for rank in range(share.processes)]
    return [rows or [STAND_IN] for rows in dealt]


class StepBatches(Sampler[list[int]]):
    """The batches of all processes in the order of training: a batch sampler that `accelerate` shares out by turns.

    An epoch's batches follow from seed and epoch alone, so that a resumed run sees what it would have seen.
    """

    batch_size = None  # varying: tells accelerate not to fill batches up with repeated rows

    def __init__(self, lengths: RowNumbers, size: StepSize, share: Division, *, seed: int, epochs: int) -> None:
        """Take lengths int64 [N]; `epochs` is how many will be asked for (steps are then equally many in each).

        Raises:
            UserError: a text is longer than the budget of a whole step.
        """
        if size.tokens and size.tokens < lengths.max():
            raise UserError(
                f"--tokens_per_batch is the budget of one optimiser step and must hold the longest text, which has "
                f"{lengths.max()} tokens; found {size.tokens}."
            )
        self.lengths, self.size, self.share, self.seed = lengths, size, share, seed
        self.epoch = 0
        counts = {len(compose_steps(lengths, size, seed, epoch)) for epoch in range(epochs if size.tokens else 1)}
        self.steps_per_epoch = max(counts)
        self._composed: tuple[int, list[RowNumbers]] = (-1, [])

    def __len__(self) -> int:
        """Return the number of batches of an epoch, over all processes."""
        return self.steps_per_epoch * self.share.accumulation * self.share.processes

    def __iter__(self) -> Iterator[list[int]]:
        """Yield each batch's rows, processes fastest, then accumulation, then steps."""
        for step in self.steps(self.epoch):
            yield from deal(step, self.lengths, self.share, bool(self.size.tokens))

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that iteration goes through."""
        self.epoch = epoch

    def steps(self, epoch: int) -> list[RowNumbers]:
        """Return the rows of each optimiser step of an epoch; equally many steps in every epoch."""
        if self._composed[0] != epoch:
            steps = compose_steps(self.lengths, self.size, self.seed, epoch)
            while len(steps) < self.steps_per_epoch:  # greedy filling needed fewer steps this time
                widest = max(range(len(steps)), key=lambda i: len(steps[i]))
                steps[widest : widest + 1] = np.array_split(steps[widest], 2)
            self._composed = (epoch, steps)
        return self._composed[1]

    def step_rows(self, step: int) -> RowNumbers:
        """Return the rows of optimiser step `step`, counted from the start of training, over all processes."""
        return self.steps(step // self.steps_per_epoch)[step % self.steps_per_epoch]
