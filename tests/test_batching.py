"""Optimiser steps: every row once an epoch, similar lengths, one composition for every way of doing a step."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.approved import check_approved
from textclf.errors import UserError
from textclf.training.batching import STAND_IN, Division, StepBatches, StepSize, compose_steps, deal

lengths_of = st.lists(st.integers(3, 128), min_size=1, max_size=300).map(lambda x: np.array(x, dtype=np.int64))
sizes = st.one_of(
    st.integers(1, 40).map(lambda rows: StepSize(rows)), st.integers(128, 900).map(lambda n: StepSize(1, n))
)


@settings(deadline=None, max_examples=60)
@given(lengths_of, sizes, st.integers(0, 5), st.integers(0, 3))
def test_every_row_is_in_exactly_one_step_of_an_epoch(lengths, size, seed, epoch):
    steps = compose_steps(lengths, size, seed, epoch)
    assert sorted(np.concatenate(steps).tolist()) == list(range(len(lengths)))


@settings(deadline=None, max_examples=60)
@given(lengths_of, sizes, st.integers(1, 4), st.integers(1, 3))
def test_dealing_a_step_loses_and_repeats_nothing(lengths, size, accumulation, processes):
    for step in compose_steps(lengths, size, 0, 0):
        dealt = deal(step, lengths, Division(accumulation, processes), bool(size.tokens))
        assert len(dealt) == accumulation * processes
        assert sorted(row for rows in dealt for row in rows if row != STAND_IN) == sorted(step.tolist())


@settings(deadline=None, max_examples=60)
@given(lengths_of, st.integers(128, 600), st.integers(1, 3))
def test_no_step_exceeds_its_token_budget_and_epochs_have_equally_many_steps(lengths, budget, epochs):
    batches = StepBatches(lengths, StepSize(1, budget), Division(), seed=3, epochs=epochs)
    for epoch in range(epochs):
        steps = batches.steps(epoch)
        assert max(int(lengths[step].sum()) for step in steps) <= budget
        assert len(steps) == batches.steps_per_epoch
        assert sorted(np.concatenate(steps).tolist()) == list(range(len(lengths)))


def batches_of(lengths, rows, share, seed=1):
    return StepBatches(lengths, StepSize(rows), share, seed=seed, epochs=2)


def steps_seen(batches, slots):
    found = list(batches)
    return [sorted(chain(*found[start : start + slots])) for start in range(0, len(found), slots)]


def test_every_way_of_doing_a_step_takes_the_same_rows():
    lengths = np.random.default_rng(0).integers(5, 100, size=320)
    shares = [Division(1, 1), Division(2, 1), Division(4, 1), Division(1, 2), Division(2, 2)]
    seen = [steps_seen(batches_of(lengths, 32, share), share.accumulation * share.processes) for share in shares]
    assert all(other == seen[0] for other in seen)


def test_no_batch_is_larger_than_the_size_of_a_process():
    lengths = np.random.default_rng(0).integers(5, 100, size=1003)
    for share, size in [(Division(1, 1), 32), (Division(2, 1), 16), (Division(4, 2), 4)]:
        assert max(len(batch) for batch in batches_of(lengths, 32, share)) <= size


def test_steps_differ_by_one_row_at_most():
    steps = compose_steps(np.full(100, 7), StepSize(32), 0, 0)
    assert sorted(len(step) for step in steps) == [25, 25, 25, 25]


def test_padding_is_a_few_percent_where_random_batches_waste_half():
    lengths = np.random.default_rng(0).lognormal(3.6, 0.5, size=7900).clip(8, 128).astype(np.int64)

    def padded(batches):
        return sum(len(batch) * lengths[batch].max() for batch in batches) / lengths.sum()

    ours = padded([np.array(batch) for batch in batches_of(lengths, 32, Division())])
    random = padded(np.array_split(np.random.default_rng(1).permutation(7900), 247))
    assert ours < 1.05
    assert random > 1.7


def test_steps_by_tokens_hold_texts_of_like_length_too():
    """Pools of texts are as large as those of steps of as many rows, so padding is as small."""
    lengths = np.random.default_rng(0).lognormal(3.6, 0.5, size=3000).clip(8, 128).astype(np.int64)
    steps = compose_steps(lengths, StepSize(32, 32 * 40), 0, 0)
    padded = sum(len(step) * lengths[step].max() for step in steps)
    assert padded / lengths.sum() < 1.05
    assert max(lengths[step].sum() for step in steps) <= 32 * 40


def test_steps_are_composed_and_dealt_as_was_looked_at():
    """Sixteen texts, of which the longest has 30 tokens, in steps of five rows and in steps of 60 tokens."""
    lengths = np.array([4, 30, 7, 12, 5, 22, 9, 6, 15, 8, 11, 28, 10, 5, 19, 13], dtype=np.int64)
    lines = []
    for size in (StepSize(5), StepSize(4, 60), StepSize(1)):
        for share in (Division(), Division(2, 1), Division(2, 2)):
            batches = StepBatches(lengths, size, share, seed=7, epochs=3)
            lines.append(f"{size} {share}: {batches.steps_per_epoch} steps, {len(batches)} batches")
            for epoch in (0, 2):
                batches.set_epoch(epoch)
                lines.append(f"  epoch {epoch}: {list(batches)}")
            rows = [batches.step_rows(step).tolist() for step in (0, batches.steps_per_epoch, 2)]
            lines.append(f"  rows of the first step, of the next epoch's first and of the third: {rows}")
    check_approved("batches.txt", "\n".join(lines))


def test_epochs_and_seeds_give_other_company_and_the_same_seed_the_same():
    lengths = np.random.default_rng(0).integers(5, 60, size=500)
    batches = batches_of(lengths, 16, Division())
    first = list(batches)
    batches.set_epoch(1)
    assert list(batches) != first
    assert list(batches_of(lengths, 16, Division())) == first
    assert list(batches_of(lengths, 16, Division(), seed=2)) != first


def test_the_step_that_needs_most_memory_comes_first():
    lengths = np.array([5] * 60 + [128, 120, 99, 90])
    first = compose_steps(lengths, StepSize(4), 0, 0)[0]
    assert 60 in first


def test_processes_of_a_batch_have_similar_lengths():
    lengths = np.arange(1, 65)
    step = np.arange(64)
    left, right = deal(step, lengths, Division(1, 2), by_tokens=False)
    assert abs(lengths[left].sum() - lengths[right].sum()) == 32
    assert abs(lengths[left].max() - lengths[right].max()) == 1


def test_token_batches_of_a_step_are_about_equally_large():
    lengths = np.sort(np.random.default_rng(0).integers(10, 200, size=60))
    dealt = deal(np.arange(60), lengths, Division(3, 1), by_tokens=True)
    tokens = [lengths[batch].sum() for batch in dealt]
    assert max(tokens) - min(tokens) <= 2 * lengths.max()


def test_processes_without_a_row_get_a_stand_in():
    assert deal(np.array([4]), np.full(5, 3), Division(1, 2), by_tokens=False) == [[4], [STAND_IN]]


def test_a_budget_below_the_longest_text_is_refused():
    with pytest.raises(UserError, match=r"longest text, which has 90 tokens; found 64"):
        StepBatches(np.array([5, 90]), StepSize(1, 64), Division(), seed=0, epochs=1)
