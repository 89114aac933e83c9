"""Abstention: cuts that keep a promise, and the honest word where none can."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from textclf.evaluation.abstention import Promise, Sequence, area_under_risk_coverage, find_cut, risk_coverage

USUAL = Promise(risk=0.05, confidence=0.95)


def rows(confidences, wrong=()):
    """Confidences [N] and which of them are wrong, by index."""
    flags = np.zeros(len(confidences), dtype=bool)
    flags[list(wrong)] = True
    return np.asarray(confidences, dtype=np.float64), flags


def cut_of(promise, validation, guarantee):
    return find_cut(promise, Sequence.from_validation(*validation), *guarantee, len(guarantee[0]))


def test_fifty_nine_rows_without_an_error_are_the_least_for_five_percent_at_ninety_five():
    assert USUAL.least_rows == 59  # 0.95**59 = .0485, 0.95**58 = .0510
    assert USUAL.kept(0, 59)
    assert not USUAL.kept(0, 58)
    assert Promise(risk=0.1, confidence=0.9).least_rows == 22  # 0.9**22 = .0985


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 400), st.floats(0.01, 0.5), st.floats(0.5, 0.99))
def test_the_most_errors_allowed_are_those_of_the_exact_binomial_test(answered, risk, confidence):
    promise = Promise(risk, confidence)
    most = int(promise.most_wrong(np.array([answered]))[0])
    level = 1 - confidence
    if most >= 0:
        assert binomtest(most, answered, risk, alternative="less").pvalue <= level * (1 + 1e-9)
    if most + 1 <= answered:
        assert binomtest(most + 1, answered, risk, alternative="less").pvalue > level * (1 - 1e-9)


def test_a_perfect_model_answers_everything():
    sure = np.linspace(0.6, 0.99, 59)
    found = cut_of(USUAL, rows(sure), rows(sure))
    assert found.cut is not None
    assert found.cut <= 0.6
    assert (found.n, found.answered, found.wrong) == (59, 59, 0)


def test_one_row_too_few_gives_no_cut_and_says_how_many_would_do():
    sure = np.linspace(0.6, 0.99, 58)
    found = cut_of(USUAL, rows(sure), rows(sure))
    assert found.cut is None
    assert (found.answered, found.wrong) == (58, 0)
    assert found.rows_needed is not None
    assert found.rows_needed > 58


def test_a_model_that_guesses_gets_no_cut_and_no_number_of_rows_would_help():
    chance = np.random.default_rng(0)
    confidences = chance.uniform(0.5, 0.6, 2000)
    wrong = np.flatnonzero(chance.random(2000) < 0.5)
    found = cut_of(USUAL, rows(confidences, wrong), rows(confidences, wrong))
    assert found.cut is None
    assert found.rows_needed is None


def test_errors_below_the_cut_do_not_count():
    confidences = np.concatenate([np.linspace(0.9, 0.99, 100), np.linspace(0.5, 0.6, 100)])
    found = cut_of(USUAL, rows(confidences, range(100, 200)), rows(confidences, range(100, 200)))
    assert found.cut is not None
    assert 0.55 < found.cut <= 0.91
    assert found.wrong <= 2  # 102 rows with 2 errors: cdf(2; 102, .05) = .11 would not pass
    assert USUAL.kept(found.wrong, found.answered)


def test_testing_stops_at_the_first_cut_that_fails_even_if_a_looser_one_would_pass():
    # validation puts the start at .9 and the next cuts at .7 and .5; of the unseen rows 60 of 60 are right at .9,
    # 60 of 80 with those at .7, and 1,060 of 1,080 with those at .5, which alone would pass
    order = rows([0.9] * 200 + [0.7] * 60 + [0.5] * 60, range(200, 240))
    unseen = rows([0.9] * 60 + [0.7] * 20 + [0.5] * 1000, range(60, 80))
    assert USUAL.kept(20, 1080)
    found = cut_of(USUAL, order, unseen)
    assert found.cut == pytest.approx(0.8)
    assert (found.answered, found.wrong) == (60, 0)


def test_equal_confidences_are_answered_together_or_not_at_all():
    found = cut_of(USUAL, rows([0.8] * 100), rows([0.8] * 100))
    assert found.answered == 100
    assert cut_of(USUAL, rows([0.8] * 100), rows([0.8] * 100, range(10))).cut is None


@pytest.mark.parametrize("there, here", [(0, 50), (50, 0), (0, 0), (1, 1)])
def test_empty_and_tiny_parts_give_no_cut(there, here):
    assert cut_of(USUAL, rows([0.9] * there), rows([0.9] * here)).cut is None


def test_the_promise_is_broken_in_at_most_five_percent_of_draws():
    """400 draws from a law whose risk at each cut is known: violations stay within 5 % plus three standard errors."""
    chance = np.random.default_rng(7)

    def draw(n):
        confidence = chance.beta(4, 1.2, n) / 2 + 0.5
        return confidence, chance.random(n) > confidence**0.7

    law, wrong = draw(200_000)
    sequence = Sequence.from_validation(*draw(600))
    found = [find_cut(USUAL, sequence, *draw(1000), 1000) for _ in range(400)]
    cuts = [outcome.cut for outcome in found if outcome.cut is not None]
    assert len(cuts) > 200
    broken = sum(wrong[law >= cut].mean() > USUAL.risk for cut in cuts)
    assert broken / 400 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_risk_coverage_by_hand():
    curve = risk_coverage(np.array([0.9, 0.8, 0.7, 0.6]), np.array([False, True, False, True]))
    assert curve == pytest.approx([0, 1 / 2, 1 / 3, 2 / 4])
    assert area_under_risk_coverage(np.array([0.9, 0.8, 0.7, 0.6]), np.array([0, 1, 0, 1])) == pytest.approx(1 / 3)


def test_equal_confidences_share_their_errors_whatever_the_order_of_rows():
    one = risk_coverage(np.array([0.5, 0.5, 0.5]), np.array([True, False, False]))
    other = risk_coverage(np.array([0.5, 0.5, 0.5]), np.array([False, False, True]))
    assert one == pytest.approx([1 / 3] * 3)
    assert other == pytest.approx(one)


def test_a_model_that_knows_its_errors_has_the_smaller_area():
    wrong = np.array([False] * 8 + [True] * 2)
    knows, does_not = np.linspace(1, 0.5, 10), np.linspace(0.5, 1, 10)
    assert area_under_risk_coverage(knows, wrong) < 0.05 < 0.4 < area_under_risk_coverage(does_not, wrong)
