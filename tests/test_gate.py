"""The gate: what passes, what fails, what cannot be told; bounds computed by hand or by scipy."""

import numpy as np
import pytest

from textclf.evaluation.gate import FEWEST, judge, texts_needed
from textclf.evaluation.report import report_on
from textclf.evaluation.score_intervals import wilson
from textclf.labels import LabelSpace

TWO = LabelSpace(("no", "yes"), False)
SEVERAL = LabelSpace(("a", "b", "c", "d"), True)


def scores_of(sure):
    """Scores [N, 2] that decide for "yes" where `sure` is above a half."""
    sure = np.asarray(sure, dtype=np.float32)
    return np.stack([1 - sure, sure], axis=1)


def pair_of_reports(n, flipped, wrong=0.1, seed=0):
    """Torch's report on n texts, and an engine's that decides otherwise on `flipped` of the right ones."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(2, size=n)
    sure = np.where(rng.random(n) < wrong, 1 - gold, gold) * 0.8 + 0.1
    other = sure + 0.01 * rng.standard_normal(n)
    right = np.flatnonzero((sure > 0.5) == gold)
    chosen = rng.choice(right, size=flipped, replace=False)
    other[chosen] = 1 - other[chosen]
    return tuple(report_on(scores_of(each), gold, TWO, draws=200) for each in (other, sure))


def test_full_agreement_proves_itself_from_125_texts():
    """n / (n + 1.96^2) reaches 0.97 at 124.2."""
    assert FEWEST == 125
    assert wilson(1.0, 124)[0] < 0.97 <= wilson(1.0, 125)[0]


def test_equal_decisions_on_enough_texts_pass():
    found = judge(*pair_of_reports(400, flipped=0), "f1_macro")
    assert found.outcome == "passed"
    assert found.figures["agreement"]["value"] == 1.0
    assert found.figures["difference"]["value"] == 0.0
    assert 0 < found.figures["largest_difference"] < 0.1


def test_texts_that_the_model_has_learned_can_only_fail_an_engine():
    found = judge(*pair_of_reports(400, flipped=0), "f1_macro", learned=True)
    assert (found.outcome, found.figures["learned"]) == ("unproven", True)
    assert found.reason.endswith("400 validation texts. The model has learned these: other texts would have to tell.")
    assert "enough" not in found.figures
    assert judge(*pair_of_reports(400, flipped=20), "f1_macro", learned=True).outcome == "failed"
    torch = pair_of_reports(400, flipped=0)[1]
    assert judge(torch, torch, "f1_macro", learned=True).outcome == "passed"  # the same numbers


def test_where_no_text_carries_a_label_no_label_lost_recall():
    several = LabelSpace(("a", "b"), True)
    report = report_on(np.full((200, 2), 0.1, dtype=np.float32), np.zeros((200, 2), dtype=int), several, draws=200)
    found = judge(report, report, "subset_accuracy")
    assert (found.outcome, found.figures["worst_label_recall"]) == ("passed", None)


def test_equal_decisions_on_few_texts_prove_nothing():
    found = judge(*pair_of_reports(60, flipped=0), "f1_macro")
    assert found.outcome == "unproven"
    enough = found.figures["enough"]
    assert 125 <= enough < 1000
    assert f"{enough} texts would be enough" in found.reason
    assert judge(*pair_of_reports(enough, flipped=0), "f1_macro").outcome == "passed"


def test_a_worst_case_that_no_interval_tells_is_said_in_words():
    """6 texts of 2 labels: too few for an interval of a mean over labels."""
    found = judge(*pair_of_reports(6, flipped=0, wrong=0.5), "f1_macro")
    assert found.outcome == "unproven"
    assert "f1_macro +0.0000, with an unknown worst case (needed: within 0.01 of torch's)" in found.reason


def test_one_flip_of_many_may_still_hide_a_point():
    """3 of 500: agreement .994, F1 .006 lower, and the interval of that reaches below a point."""
    found = judge(*pair_of_reports(500, flipped=3), "f1_macro")
    assert found.figures["agreement"]["low"] > 0.97
    assert found.outcome == "unproven"
    assert 500 < found.figures["enough"] < 50_000


def test_many_flips_fail():
    found = judge(*pair_of_reports(400, flipped=20), "f1_macro")
    assert found.outcome == "failed"
    assert found.figures["agreement"]["value"] == pytest.approx(0.95)
    assert found.figures["worst_label_recall"]["value"] < found.figures["worst_label_recall"]["torch"]
    assert "enough" not in found.figures


def test_a_metric_of_which_less_is_better_is_read_the_other_way_round():
    """The engine's log loss is higher by far, although it decides alike: that is a loss of more than a point."""
    gold = np.arange(400) % 2
    said = np.where(np.arange(400) < 40, 1 - gold, gold)  # figures of a model without mistakes have no interval
    sure = np.where(said == 1, 0.85, 0.15)
    vague = np.where(said == 1, 0.6, 0.4)
    engine, torch = (report_on(scores_of(each), gold, TWO, draws=300) for each in (vague, sure))
    assert judge(engine, torch, "log_loss").outcome == "failed"
    assert judge(torch, engine, "log_loss").outcome == "passed"


def test_the_same_numbers_pass_however_few_they_are():
    gold = np.array([0, 1, 1])
    torch = report_on(scores_of([0.1, 0.7, 0.2]), gold, TWO, draws=30)
    engine = report_on(scores_of([0.10001, 0.7, 0.2]), gold, TWO, draws=30)
    assert judge(engine, torch, "f1_macro").outcome == "passed"


def test_of_several_labels_cells_agree_but_texts_are_counted():
    rng = np.random.default_rng(0)
    gold = rng.integers(2, size=(200, 4))
    scores = (0.8 * gold + 0.1).astype(np.float32)
    other = scores.copy()
    other[0, 0] = 1 - other[0, 0]
    engine, torch = (report_on(each, gold, SEVERAL, draws=100) for each in (other, scores))
    agreement = judge(engine, torch, "f1_micro").figures["agreement"]
    assert agreement["value"] == pytest.approx(799 / 800)
    assert agreement["low"] == pytest.approx(wilson(799 / 800, 200)[0])
    assert agreement["of"] == "label cells"


def test_no_number_of_texts_proves_what_is_not_so():
    assert texts_needed(0.96, 0.0, 0.01, 100) is None
    assert texts_needed(0.99, -0.02, 0.01, 100) is None
    # An interval that reaches .02 below a difference of 0 on 100 texts reaches .01 on 400.
    assert texts_needed(1.0, 0.0, 0.02, 100) == 200  # no decision differs: the interval shrinks with n
