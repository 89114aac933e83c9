"""Samples keep the rarest label, and purity counts by cluster: hand-computed."""

import numpy as np
import pytest

from textclf.exploration.clusters import purity
from textclf.exploration.stratified_sample import rarest_label, stratified_rows


def test_purity_takes_the_best_label_of_each_cluster_and_not_the_best_cluster_of_each_label():
    table = np.array([[3, 1, 0], [0, 2, 5]])  # clusters by labels; by labels it would be 10 of 11
    assert purity(table, 11) == pytest.approx(8 / 11)
    assert purity(np.array([[4, 4], [0, 0]]), 8) == 0.5


@pytest.mark.parametrize("seed", range(5))
def test_a_sample_holds_every_label_while_there_is_room(seed):
    ids = np.concatenate([np.zeros(990, dtype=np.int64), np.arange(1, 11)])  # ten labels of one row each
    carried = np.eye(11, dtype=np.int64)[ids]
    rows = stratified_rows(carried, 20, seed)
    assert len(rows) == 20
    assert set(ids[rows]) == set(range(11))
    assert (np.diff(rows) > 0).all()


def test_a_row_of_several_labels_counts_for_its_rarest_one():
    carried = np.array([[1, 1, 0], [1, 0, 0], [1, 0, 1], [1, 0, 1], [0, 0, 0]])
    assert rarest_label(carried).tolist() == [1, 0, 2, 2, -1]


def test_shares_are_kept_where_labels_are_frequent():
    ids = np.repeat([0, 1], [750, 250])
    rows = stratified_rows(np.eye(2, dtype=np.int64)[ids], 100, 0)
    assert np.bincount(ids[rows]).tolist() == [75, 25]
