"""Label sets: the truth is among them as often as promised."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textclf.evaluation.label_sets import covered, cuts_by_label, marginal_cut
from textclf.labels import LabelSpace

ONE = LabelSpace(("가", "나", "다"), multi_label=False)
SEVERAL = LabelSpace(("가", "나", "다"), multi_label=True)


def members(scores, cut):
    return np.asarray(scores) >= cut


def of_truth(values):
    """Scores [N, 3] whose first label, the true one, has these values."""
    scores = np.zeros((len(values), 3))
    scores[:, 0] = values
    scores[:, 1] = 1 - np.asarray(values)
    return scores, np.zeros(len(values), dtype=np.int64)


def test_the_cut_is_the_order_statistic_that_the_theorem_names():
    # n = 19, coverage .9: floor(.1 * 20) = 2, so the second smallest true score
    scores, gold = of_truth(np.arange(1, 20) / 20)
    cut = marginal_cut(scores, gold, ONE, 0.9)
    assert cut == pytest.approx(0.1, abs=1e-5)
    assert cut <= 0.1
    assert covered(members(scores, cut), gold).mean() == pytest.approx(18 / 19)


def test_too_few_rows_for_the_coverage_put_every_label_into_every_set():
    scores, gold = of_truth([0.9] * 8)  # floor(.1 * 9) = 0
    assert marginal_cut(scores, gold, ONE, 0.9) == 0
    assert members(scores, 0.0).all()
    assert marginal_cut(*of_truth([0.9] * 9), ONE, 0.9) == pytest.approx(0.9, abs=1e-5)  # floor(.1 * 10) = 1


def test_expected_recall_by_hand():
    # one true label a row: misses at a cut are rows below it; (n R + 1) / (n + 1) <= .2 with n = 9 allows one miss
    scores = np.zeros((9, 3))
    scores[:, 0] = np.arange(1, 10) / 10
    gold = np.tile([1, 0, 0], (9, 1))
    assert marginal_cut(scores, gold, SEVERAL, 0.8) == pytest.approx(0.2, abs=1e-5)


def test_a_missed_label_of_many_weighs_less_than_the_only_one():
    scores = np.array([[0.1, 0.9, 0.9]] * 5 + [[0.8, 0.8, 0.8]] * 4)
    gold = np.ones((9, 3), dtype=np.int64)
    # five rows lose a third each below .8: 5/3; allowed are .3 * 10 - 1 = 2
    assert marginal_cut(scores, gold, SEVERAL, 0.7) == pytest.approx(0.8, abs=1e-4)
    assert marginal_cut(scores, gold, SEVERAL, 0.75) == pytest.approx(0.1, abs=1e-4)


def test_texts_without_a_label_miss_nothing():
    gold = np.array([[0, 0, 0], [1, 0, 0]])
    assert covered(np.zeros((2, 3), dtype=bool), gold) == pytest.approx([1, 0])


def test_each_label_gets_the_cut_of_its_own_rows():
    easy, _ = of_truth([0.9] * 20)
    hard = np.zeros((20, 3))
    hard[:, 1] = np.arange(1, 21) / 100
    gold = np.array([0] * 20 + [1] * 20)
    cuts = cuts_by_label(np.concatenate([easy, hard]), gold, ONE, 0.9)
    assert cuts == pytest.approx([0.9, 0.02, 0], abs=1e-4)  # the third has no row: always in the set


def test_equal_scores_stay_together():
    scores, gold = of_truth([0.5] * 100)
    cut = marginal_cut(scores, gold, ONE, 0.9)
    assert covered(members(scores, cut), gold).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 80), st.floats(0.5, 0.97), st.integers(0, 10_000))
def test_the_rows_themselves_are_covered_at_least_as_promised(n, coverage, seed):
    scores = np.random.default_rng(seed).dirichlet([1, 1, 1], n)
    gold = np.random.default_rng(seed + 1).integers(0, 3, n)
    cut = marginal_cut(scores, gold, ONE, coverage)
    assert covered(members(scores, cut), gold).mean() >= coverage - 1e-9


@pytest.mark.parametrize("n", [20, 200])
def test_new_texts_are_covered_as_promised_on_average(n):
    """Mean coverage over draws lies between 1 - a and 1 - a + 1/(n + 1), within three standard errors."""
    chance = np.random.default_rng(n)
    found = []
    for _ in range(300):
        scores = chance.dirichlet([1, 1, 1], n + 500)
        gold = (scores.cumsum(axis=1) > chance.random((n + 500, 1))).argmax(axis=1)
        cut = marginal_cut(scores[:n], gold[:n], ONE, 0.9)
        found.append(covered(members(scores[n:], cut), gold[n:]).mean())
    error = 3 * np.std(found) / np.sqrt(len(found))
    assert 0.9 - error <= np.mean(found) <= 0.9 + 1 / (n + 1) + error


class _Given:
    """An estimator as MAPIE takes it, whose probabilities are its inputs."""

    classes_ = np.arange(3)

    def fit(self, scores, gold):
        return self

    def predict_proba(self, scores):
        return np.asarray(scores)

    def predict(self, scores):
        return np.asarray(scores).argmax(axis=1)

    def __sklearn_is_fitted__(self):
        return True


@pytest.mark.parametrize("n, coverage", [(25, 0.9), (100, 0.8), (400, 0.95)])
def test_mapie_gives_the_same_sets(n, coverage):
    """MAPIE's split conformal classifier with the score of Sadinle et al. ("lac"), on generated data."""
    from mapie.classification import SplitConformalClassifier

    chance = np.random.default_rng(n)
    scores = chance.dirichlet([1, 1, 1], 2 * n)
    gold = (scores.cumsum(axis=1) > chance.random((2 * n, 1))).argmax(axis=1)
    theirs = SplitConformalClassifier(_Given(), confidence_level=coverage, conformity_score="lac", prefit=True)
    theirs.conformalize(scores[:n], gold[:n])
    _, sets = theirs.predict_set(scores[n:])
    ours = members(scores[n:], marginal_cut(scores[:n], gold[:n], ONE, coverage))
    assert (ours == sets[:, :, 0]).all()


@pytest.mark.parametrize("n, recall", [(30, 0.8), (60, 0.9)])
def test_mapie_keeps_the_same_expected_recall_for_several_labels(n, recall):
    """MAPIE's conformal risk control tries a grid of cuts: ours is the end of the step that its choice lies on."""
    from mapie.risk_control import MultiLabelClassificationController

    chance = np.random.default_rng(n)
    scores = chance.random((n, 3))
    gold = (chance.random((n, 3)) < scores).astype(int)
    gold[gold.sum(axis=1) == 0, 0] = 1
    theirs = MultiLabelClassificationController(
        predict_function=lambda x: np.asarray(x),
        risk="recall",
        method="crc",
        target_level=recall,
        predict_params=np.arange(0, 1, 0.005),
    )
    theirs.calibrate(scores, gold)
    grid = float(np.ravel(theirs.best_predict_param)[0])
    assert marginal_cut(scores, gold, SEVERAL, recall) == pytest.approx(grid, abs=0.02)
