"""Carving: disjoint, complete, seeded; labels keep their shares, stay in train, and groups never straddle."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textclf.data.labelling.label_ids import LabelIds
from textclf.data.splits import carve, describe
from textclf.errors import UserError

SHARES = st.sampled_from([0.1, 0.15, 0.2, 0.33, 0.5])


def several(rows):
    ids = np.array([label for row in rows for label in row], dtype=np.int64)
    return LabelIds(ids, np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64))


def single(ids):
    return LabelIds(np.array(ids, dtype=np.int64))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=2, max_size=60), SHARES, st.integers(0, 3))
def test_single_label_carving(ids, share, seed):
    labels = single(ids)
    counts = np.bincount(ids, minlength=5)
    if counts.max() < 2:
        with pytest.raises(UserError, match="too few rows"):
            carve(labels, 5, share, seed)
        return
    leaves = carve(labels, 5, share, seed)
    here = np.bincount(labels.ids[~leaves], minlength=5)
    there = np.bincount(labels.ids[leaves], minlength=5)
    assert ((here > 0) == (counts > 0)).all(), "every label stays in train"
    assert ((there > 0) == (counts > 1)).all(), "every label with two rows comes along"
    assert abs(leaves.sum() - share * len(ids)) <= 6  # the share, give or take a row a label
    assert (leaves == carve(labels, 5, share, seed)).all()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sets(st.integers(0, 5), max_size=4), min_size=4, max_size=60), SHARES, st.integers(0, 3))
def test_multi_label_carving(rows, share, seed):
    labels = several([sorted(row) for row in rows])
    counts = labels.counts(6)
    try:
        leaves = carve(labels, 6, share, seed)
    except UserError:
        # Only where no row can leave: each has a label of its own, or the share is less than half a row.
        spare = [all(counts[label] > 1 for label in row) for row in rows]
        assert not any(spare) or round(share * len(rows)) <= 2
        return
    assert ((labels.select(~leaves).counts(6) > 0) == (counts > 0)).all(), "every label stays in train"
    assert 0 < leaves.sum() < len(rows)
    assert (leaves == carve(labels, 6, share, seed)).all()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sets(st.integers(0, 3), min_size=1, max_size=2)), min_size=8, max_size=60
    ),
    SHARES,
    st.booleans(),
)
def test_groups_never_straddle_and_labels_stay(rows, share, multi_label):
    groups = np.array([group + 4 * (min(row) % 2) for group, row in rows])
    labels = several([sorted(row) for _, row in rows]) if multi_label else single([min(row) for _, row in rows])
    try:
        leaves = carve(labels, 4, share, 0, groups)
    except UserError:
        return
    assert not np.intersect1d(groups[leaves], groups[~leaves]).size
    assert ((labels.select(~leaves).counts(4) > 0) == (labels.counts(4) > 0)).all()
    assert 0 < leaves.sum() < len(rows)


def test_shares_of_labels_are_kept():
    rng = np.random.default_rng(0)
    labels = single(rng.choice(3, size=2_000, p=[0.7, 0.25, 0.05]))
    leaves = carve(labels, 3, 0.2, seed=1)
    for label in range(3):
        assert leaves[labels.ids == label].mean() == pytest.approx(0.2, abs=0.01)


def test_shares_of_a_long_tail_of_labels_are_kept():
    rng = np.random.default_rng(0)
    rates = 0.5 / np.arange(1, 31)
    table = rng.random((3_000, 30)) < rates
    labels = several([np.flatnonzero(row).tolist() for row in table])
    leaves = carve(labels, 30, 0.2, seed=1)
    assert leaves.mean() == pytest.approx(0.2, abs=0.01)
    for label in range(30):
        # A random choice would be off by about .05 for the rarest (50 rows).
        assert leaves[table[:, label]].mean() == pytest.approx(0.2, abs=0.03)


def test_groups_keep_the_shares_of_labels():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 300, size=3_000)
    labels = single((groups % 10 == 0).astype(int) | (rng.random(3_000) < 0.05))
    leaves = carve(labels, 2, 0.15, 0, groups)
    assert leaves.mean() == pytest.approx(0.15, abs=0.02)
    assert labels.ids[leaves].mean() == pytest.approx(labels.ids.mean(), abs=0.02)


def test_very_many_groups_are_chosen_at_random():
    groups = np.arange(120_000) // 2
    labels = single(np.arange(120_000) % 3)
    leaves = carve(labels, 3, 0.2, 0, groups)
    assert leaves.mean() == pytest.approx(0.2, abs=0.01)
    assert not np.intersect1d(groups[leaves], groups[~leaves]).size


def test_another_seed_chooses_other_rows():
    labels = single([0, 1] * 100)
    assert (carve(labels, 2, 0.2, 1) != carve(labels, 2, 0.2, 2)).any()


def test_a_group_that_holds_a_label_alone_stays_in_train():
    labels = single([0, 0, 1, 1, 0, 1, 0, 1, 2, 2])
    groups = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    for seed in range(10):
        leaves = carve(labels, 3, 0.2, seed, groups)
        assert not leaves[8:].any()


def test_one_group_cannot_be_split():
    with pytest.raises(UserError, match="too few groups"):
        carve(single([0, 1, 0, 1]), 2, 0.2, 0, np.zeros(4, dtype=np.int64))


def test_rows_without_labels_take_part():
    labels = several([[]] * 50 + [[0]] * 25 + [[0, 1]] * 25)
    leaves = carve(labels, 2, 0.2, 0)
    assert leaves[:50].sum() == 10


def test_how_it_was_done_is_said():
    assert describe(0.2, 13, several([[0]]), None) == "20 % of the rows, iteratively stratified by label, seed 13"
    assert "rows of one 'author' kept together" in describe(0.2, 13, single([0]), "author")


def test_label_ids_agree_with_plain_lists():
    rows = [[2, 0], [], [1], [2, 2]]
    labels = several(rows)
    assert labels.sizes().tolist() == [2, 0, 1, 2]
    assert labels.counts(3).tolist() == [1, 1, 3]
    assert labels.to_arrow().to_pylist() == rows
    assert labels.select(np.array([True, True, False, True])).to_arrow().to_pylist() == [[2, 0], [], [2, 2]]
    assert labels.take(np.array([2, -1, 0])).to_arrow().to_pylist() == [[1], [], [2, 0]]
    assert labels.renumber(np.array([5, -1, 3])).to_arrow().to_pylist() == [[3, 5], [], [], [3]]
    assert labels.indicator(3).tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert single([1, -1, 0]).renumber(np.array([-1, 0])).ids.tolist() == [0, -1, -1]
