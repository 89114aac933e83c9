"""How states are scaled for a linear model: folded into a head, whatever it is."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from textclf.training.state_scaling import each_direction, within_labels


def states_of(n, d, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def test_directions_that_hardly_vary_are_not_blown_up():
    states = np.array([[0.0, 5.0, 1.0], [2.0, 5.0, 1.00002], [4.0, 5.0, 1.0]], dtype=np.float32)
    scaling = each_direction(states)
    assert scaling.mean == pytest.approx([2.0, 5.0, 1.0], abs=1e-4)
    deviations = states.std(axis=0)
    assert 1 / scaling.by == pytest.approx(np.maximum(deviations, 1e-3 * np.median(deviations)), rel=1e-3)
    assert each_direction(np.array([[1, 2, 2], [3, 2, 2]], dtype=np.float32)).by.tolist() == [1.0, 1.0, 1.0]


def test_a_direction_in_which_texts_of_one_label_differ_is_scaled_down():
    """By hand: within labels (+-3, +-1), so 9 and 1 with mean 5; shrunk .05 * 9 + .95 * 5 = 5.2 and 4.8."""
    states = np.array([[7, 1], [1, 1], [7, -1], [1, -1], [-7, 1], [-1, 1], [-7, -1], [-1, -1]], dtype=np.float32)
    gold = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    scaled = within_labels(states, gold)(states)
    assert np.square(scaled).mean() == pytest.approx(1)
    expected = states / np.sqrt([5.2, 4.8])
    distances = expected @ expected.T / np.square(expected).mean()  # whichever way the axes turn
    np.testing.assert_allclose(scaled @ scaled.T, distances, atol=1e-6)


@pytest.mark.parametrize(("n", "labels", "share"), [(40, 3, 0.05), (9, 4, 0.05), (199, 3, 0.05), (200, 3, 0.3)])
def test_within_labels_is_the_inverse_root_of_what_they_share(n, labels, share):
    """Distances are those of SciPy's symmetric root, whatever turn the directions have, of few texts and of many."""
    states, gold = states_of(n, 12), np.arange(n) % labels
    covariance = sum(np.cov(states[gold == k].T.astype(float), bias=True) * (gold == k).mean() for k in range(labels))
    shrunk = share * covariance + (1 - share) * np.eye(12) * np.trace(covariance) / 12
    expected = (states - states.mean(axis=0)) @ np.linalg.inv(sqrtm(shrunk))
    found = within_labels(states, gold)(states)
    gram = expected @ expected.T
    np.testing.assert_allclose(found @ found.T, gram * (12 * n) / np.trace(gram), rtol=0, atol=1e-4)


def test_one_text_a_label_shows_no_difference_and_directions_are_scaled_each():
    states = states_of(4, 6)
    found, expected = within_labels(states, np.arange(4)), each_direction(states)
    np.testing.assert_array_equal(found.by, expected.by)


@pytest.mark.parametrize("whole", [True, False])
def test_a_head_on_plain_states_says_what_it_said_on_scaled_ones(whole):
    states, gold = states_of(30, 8), np.arange(30) % 3
    scaling = within_labels(states, gold) if whole else each_direction(states)
    weights, biases = np.random.default_rng(1).normal(size=(3, 8)), np.array([0.5, -1.0, 2.0])
    plain, shifted = scaling.folded(weights, biases)
    np.testing.assert_allclose(states @ plain.T + shifted, scaling(states) @ weights.T + biases, atol=1e-9)
