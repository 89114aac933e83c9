"""Samples, clusters, isotropy and maps of embeddings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy

from textclf.exploration.clusters import agreement, cluster, purity
from textclf.exploration.isotropy import iso_score, measure_isotropy
from textclf.exploration.projection import project
from textclf.exploration.stratified_sample import rarest_label, stratified_rows


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def blobs(groups=8, each=12, seed=0):
    draws = np.random.default_rng(seed)
    centres = np.eye(groups)
    return unit(np.repeat(centres, each, axis=0) + draws.normal(scale=0.02, size=(groups * each, groups)))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=200), st.integers(1, 120), st.integers(0, 3))
def test_a_sample_keeps_every_labels_share(labels, most, seed):
    carried = np.eye(6, dtype=np.int64)[labels]
    rows = stratified_rows(carried, most, seed)
    assert len(rows) == min(most, len(labels))
    assert (np.diff(rows) > 0).all()
    present = carried.sum(axis=0) > 0
    if present.sum() <= most:
        taken = carried[rows].sum(axis=0)
        assert (taken[present] >= 1).all()
        exact = carried.sum(axis=0) * len(rows) / len(labels)
        assert (np.abs(taken - exact)[exact >= 1] <= present.sum()).all()


def test_a_sample_of_large_classes_is_proportional():
    carried = np.eye(3, dtype=np.int64)[[0] * 600 + [1] * 300 + [2] * 100]
    assert carried[stratified_rows(carried, 100, seed=1)].sum(axis=0).tolist() == [60, 30, 10]


def test_a_row_of_several_labels_belongs_to_the_rarest():
    carried = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 1, 1]])
    assert rarest_label(carried).tolist() == [0, 1, -1, 2]


def test_clusters_find_groups_and_agree_with_their_labels():
    carried = np.repeat(np.eye(8, dtype=np.int64), 12, axis=0)
    eight = cluster(blobs(), carried, seed=0)[0]
    assert (eight.k, eight.purity) == (8, 1.0)
    assert eight.nmi == pytest.approx(1)
    assert eight.table.sum() == eight.sizes.sum() == 96
    assert (np.diff(eight.table.argmax(axis=1)) >= 0).all()  # leading labels stand side by side
    np.testing.assert_array_equal(np.bincount(eight.ids), eight.sizes)


def test_there_are_no_more_clusters_than_half_the_texts():
    vectors = blobs(each=2)
    repeated = np.repeat(vectors[:10], 4, axis=0)
    assert cluster(repeated, np.ones((40, 1), dtype=np.int64), seed=0) == []  # ten different texts
    assert [each.k for each in cluster(vectors, np.ones((16, 1), dtype=np.int64), seed=0)] == [8]
    assert cluster(vectors[:15], np.ones((15, 1), dtype=np.int64), seed=0) == []


def test_purity_is_the_books_example():
    """Manning, Raghavan and Schütze, figure 16.4: (5 + 4 + 3) / 17."""
    assert purity(np.array([[5, 1, 0], [1, 4, 1], [2, 0, 3]]), 17) == pytest.approx(12 / 17)


def test_nmi_is_mutual_information_over_the_mean_entropy():
    ids, labels = np.array([0, 0, 0, 1, 1, 1, 2]), np.array([0, 0, 1, 1, 1, 0, 0])
    joint = np.zeros((3, 2))
    np.add.at(joint, (ids, labels), 1 / 7)
    rows, columns = joint.sum(axis=1), joint.sum(axis=0)
    information = entropy(rows) + entropy(columns) - entropy(joint.ravel())
    nmi, _ = agreement(ids, np.eye(2, dtype=np.int64)[labels])
    assert nmi == pytest.approx(information / ((entropy(rows) + entropy(columns)) / 2))


def test_agreement_leaves_out_texts_of_no_or_several_labels():
    carried = np.array([[1, 0], [0, 1], [1, 1], [0, 0]])
    assert agreement(np.array([0, 1, 0, 1]), carried) == pytest.approx((1.0, 1.0))
    assert agreement(np.array([0, 1]), np.array([[1, 1], [0, 0]])) == (None, None)


@pytest.mark.parametrize("used", [1, 3, 10, 16])
def test_iso_score_is_the_share_of_dimensions_in_use(used):
    """Rudman et al. 2022: with k of n dimensions in even use the score is (k - 1) / (n - 1)."""
    variances = np.array([2.5] * used + [0.0] * (16 - used))
    assert iso_score(variances) == pytest.approx((used - 1) / 15)


def test_random_directions_are_isotropic_and_a_cone_is_not():
    draws = np.random.default_rng(0).normal(size=(3000, 24))
    spread, cone = measure_isotropy(unit(draws), seed=0), measure_isotropy(unit(draws * 0.05 + 1), seed=0)
    assert abs(spread.mean_cosine) < 0.01
    assert spread.iso_score > 0.95
    assert cone.mean_cosine > 0.99
    assert spread.dimensions_90 > 20


def test_mean_cosine_is_near_the_mean_over_all_pairs():
    vectors = unit(np.random.default_rng(1).normal(size=(80, 5)) + 0.6)
    cosines = vectors @ vectors.T
    exact = (cosines.sum() - len(vectors)) / (len(vectors) * (len(vectors) - 1))
    assert measure_isotropy(vectors, seed=0).mean_cosine == pytest.approx(exact, abs=0.015)


def test_iso_score_needs_more_texts_than_dimensions():
    assert measure_isotropy(blobs(groups=8, each=1), seed=0).iso_score is None


def test_maps_keep_groups_apart_and_repeat_with_the_seed():
    places = project(blobs(groups=4, each=15), seed=3)
    centres = places.tsne.reshape(4, 15, 2).mean(axis=1)
    radius = np.linalg.norm(places.tsne.reshape(4, 15, 2) - centres[:, None], axis=2).max()
    gaps = np.linalg.norm(centres[:, None] - centres[None], axis=2)[np.triu_indices(4, 1)]
    assert gaps.min() > radius
    assert np.abs(places.tsne).max() == pytest.approx(1)
    assert 0 < places.variance <= 1
    np.testing.assert_array_equal(project(blobs(groups=4, each=15), seed=3).tsne, places.tsne)


def test_too_few_or_equal_texts_have_no_map():
    assert project(blobs(groups=4, each=1), seed=0) is None
    assert project(np.ones((9, 4), dtype=np.float32), seed=0) is None
