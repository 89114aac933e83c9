"""Intervals of shares against closed forms and SciPy's, and their coverage where percentiles had none."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest, bootstrap, norm

from textclf.evaluation.intervals import all_bounds, percentiles, resampled
from textclf.evaluation.report import report_on
from textclf.evaluation.score_intervals import Z_SQUARED, exact, reach, share_interval, wilson
from textclf.labels import LabelSpace
from textclf.metrics.text_classification.shares import TYPICAL_DESIGN, Shares, mean_share, one_share
from textclf.metrics.text_classification.text_classification import Rows


@pytest.mark.parametrize(("hits", "trials"), [(0, 4), (4, 4), (3, 10), (199, 200)])
def test_wilsons_and_the_exact_interval_are_scipys(hits, trials):
    found = binomtest(hits, trials)
    assert wilson(hits / trials, trials) == pytest.approx(tuple(found.proportion_ci(method="wilson")))
    assert exact(hits, trials) == pytest.approx(tuple(found.proportion_ci(method="exact")))


def test_of_no_trials_nothing_is_known():
    assert wilson(0.0, 0) == pytest.approx((0, 1), abs=1e-6)
    assert exact(0, 0) == (0, 1)


def test_one_share_reaches_as_far_as_wilsons_interval():
    low, high = wilson(0.8, 40)
    assert reach(one_share(32, 40), 40) == pytest.approx((0.8 - low, high - 0.8), abs=1e-6)


def test_one_miss_of_four_does_not_rule_out_a_share_of_96():
    """Wilson's interval ends at .954 there: four texts of a label that is right in 96 % showed that 14 times in 100.

    A Poisson count that is 0 in 95 % of the cases has the mean -ln .95 = .0513, here of four trials.
    """
    low, high = share_interval(0.75, 4)
    assert (low, high) == pytest.approx((wilson(0.75, 4)[0], 1 - 0.0512933 / 4))
    assert share_interval(0.25, 4) == pytest.approx((0.0512933 / 4, wilson(0.25, 4)[1]))
    assert reach(one_share(3, 4), 4) == pytest.approx((0.75 - low, high - 0.75))
    hits = np.arange(9)
    ends = [share_interval(hits / 8, 8.0), wilson(hits / 8, 8.0)]
    held = [binom.pmf(hits, 8, 0.98) @ ((low <= 0.98) & (high >= 0.98)) for low, high in ends]
    assert held == pytest.approx([0.990, 0.851], abs=5e-4)


def test_with_no_hit_or_miss_and_with_many_it_is_wilsons():
    share = np.array([0, 3, 15, 27, 30]) / 30
    assert np.allclose(share_interval(share, 30.0), wilson(share, 30.0))


def test_a_brier_score_has_an_interval_however_few_are_wrong():
    """A mean of values up to 2 (the squared errors of all labels), as a share of 2; it had none below ten mistakes."""
    gold, sure = np.arange(40) % 4, np.full((40, 4), 0.02)
    sure[np.arange(40), gold] = 0.94
    sure[0] = sure[1]  # one text is wrong: .94^2 + .98^2 ... = 1.7688 against .0048
    rows = Rows(gold, sure.argmax(axis=1), sure, 4)
    value = float(rows.figures(np.ones((1, 40)))["brier"][0])
    assert value == pytest.approx((1.8448 + 39 * 0.0048) / 40)
    found = all_bounds(rows, {"brier": value}, {})["brier"]
    assert 0 < found.low < value < found.high < 0.3


def test_a_mean_of_equal_labels_is_as_sure_as_all_their_trials_together():
    """Four labels of 8 in 10: by symmetry each takes a quarter of the budget, as 32 of 40 would."""
    four = Shares(np.full(4, 0.8), np.full(4, 10.0), np.full(4, 0.25), exact=True)
    low, high = wilson(0.8, 40)
    assert reach(four, 40) == pytest.approx((0.8 - low, high - 0.8), abs=2e-4)


def test_the_greatest_sum_is_the_greatest():
    """Against a search over how two labels share the budget."""
    found = Shares(np.array([0.5, 0.95]), np.array([6.0, 20.0]), np.array([0.5, 0.5]), exact=True)
    parts = np.linspace(0, 1, 4001) * Z_SQUARED
    ends = [wilson(s, t, part) for s, t, part in zip(found.shares, found.trials, (parts, parts[::-1]), strict=True)]
    low = (0.5 * (ends[0][0] + ends[1][0])).min()
    high = (0.5 * (ends[0][1] + ends[1][1])).max()
    assert reach(found, 26) == pytest.approx((0.725 - low, high - 0.725), abs=2e-4)


def test_a_mean_of_values_has_the_design_of_its_spread():
    values = np.array([0.4, 0.6] * 200)  # far less spread than 0 and 1 would have
    found = mean_share(values)
    below, above = reach(found, 400)
    assert found.shares[0] == pytest.approx(0.5)
    assert below == pytest.approx(above) == pytest.approx(1.96 * 0.1 / 20, rel=0.1)
    assert mean_share(np.array([0.0, 1.0, 1.0])).exact


def test_coverage_of_an_f1_and_of_a_macro_average_on_few_texts():
    """Percentiles of resamples held the macro F1 of 20 texts in 59 % of the sets at accuracy .96."""
    rng = np.random.default_rng(0)
    joint = np.array([[0.38, 0.01, 0.01], [0.01, 0.29, 0.0], [0.0, 0.01, 0.29]])
    margin = joint.sum(axis=0) + joint.sum(axis=1)
    truth = 2 * np.diag(joint) / margin
    held, held_first = 0, 0
    for _ in range(300):
        cells = rng.choice(9, p=joint.ravel(), size=20)
        rows = Rows(cells // 3, cells % 3, None, 3)
        value = float(rows.figures(np.ones((1, 20)))["f1_macro"][0])
        bounds = all_bounds(rows, {"f1_macro": value}, {})["f1_macro"]
        carried = rows.per_label()["support"] > 0
        held += bounds.low <= truth[carried].mean() <= bounds.high
        low, high = wilson(rows.per_label()["f1"][0], rows.per_label()["f1_trials"][0])
        held_first += low <= truth[0] <= high
    assert held >= binom.ppf(0.001, 300, 0.93)
    assert held_first >= binom.ppf(0.001, 300, 0.93)


def test_a_design_that_is_an_estimate_takes_students_quantile():
    found = Shares(np.array([0.5]), np.array([20.0]), np.ones(1), design=2.0)
    low, high = wilson(0.5, 20, 2 * 2.093024**2)  # Student's .975 of 19 degrees of freedom, from a table
    assert reach(found, 20) == pytest.approx((0.5 - low, high - 0.5), abs=1e-6)


def test_mistakes_that_come_together_widen_an_average():
    rng = np.random.default_rng(0)
    gold = (rng.random((200, 6)) < 0.5).astype(int)
    spread, together = gold.copy(), gold.copy()
    spread[rng.random(gold.shape) < 0.1] ^= 1
    together[rng.random(200) < 0.1] ^= 1  # all six labels of a text
    shares = [Rows(gold, predicted, None, 6).shares()["f1_micro"] for predicted in (spread, together)]
    assert shares[0].design < 1.5 < 3 < shares[1].design


def test_of_few_texts_a_label_a_mean_over_labels_has_no_interval_and_says_why():
    rows = Rows(np.arange(4), np.arange(4), None, 4)
    found = all_bounds(rows, {"f1_macro": 1.0, "accuracy": 1.0}, {})
    assert found["f1_macro"].low is None
    assert found["f1_macro"].why == "on average a label has 1.0 texts; a mean over labels takes 5"
    assert found["accuracy"].low == pytest.approx(4 / (4 + Z_SQUARED))


def test_an_average_precision_reaches_down_by_as_much_as_resamples_lie_above_it():
    gold, scores = np.arange(200) % 5 == 0, np.linspace(0.9, 0.1, 200)
    rows = Rows(gold.astype(int), (scores >= 0.5).astype(int), np.stack([1 - scores, scores], axis=1), 2)
    spread = np.tile([-0.01, 0.01], 100)
    found = [
        all_bounds(rows, {name: 0.5}, {name: 0.5 + spread + above})[name]
        for name in ("average_precision", "roc_auc")
        for above in (0.0, 0.05, -0.05)
    ]
    assert found[1].low == pytest.approx(found[0].low - 0.05)
    assert found[2] == found[0]
    assert found[1].high == found[0].high
    assert found[3] == found[4] == found[5]


@pytest.mark.parametrize(("rare", "frequent"), [(19, 81), (20, 80), (2, 10)])
def test_an_average_precision_of_several_labels_takes_twenty_texts_a_label(rare, frequent):
    """Of ten texts of the rarest label its interval held the truth in .91, of five in .82."""
    gold = np.zeros((200, 2), dtype=int)
    gold[:rare, 0], gold[:frequent, 1] = 1, 1
    rows = Rows(gold, gold, np.random.default_rng(0).random((200, 2)), 2)
    names = ("average_precision_macro", "average_precision_micro", "roc_auc_macro")
    found = all_bounds(rows, dict.fromkeys(names, 0.5), {name: np.full(200, 0.5) for name in names})
    mean = (rare + frequent) / 2
    macro = None if rare >= 20 else f"its rarest label has {rare} texts; a mean of average precisions takes 20"
    micro = None if mean >= 20 else f"on average a label has {mean:.1f} texts; an average precision takes 20"
    assert [found[name].why for name in names] == [macro, micro, None]
    assert [found[name].low is None for name in names] == [macro is not None, micro is not None, False]


def test_a_mean_of_labels_areas_needs_as_many_texts_as_other_means():
    rng = np.random.default_rng(0)
    gold = np.eye(6, dtype=int)
    rows = Rows(gold, gold, rng.random((6, 6)), 6)
    found = all_bounds(rows, {"average_precision_macro": 0.5, "roc_auc_macro": 0.5, "roc_auc_micro": 0.5}, {})
    assert [bounds.low is None for bounds in found.values()] == [True, True, False]
    assert found["roc_auc_macro"].why == "on average a label has 1.0 texts; a mean over labels takes 5"


def test_an_area_of_1_is_not_sure():
    gold = np.array([0, 1] * 10)
    scores = np.eye(2)[gold] * 0.8 + 0.1
    rows = Rows(gold, gold, scores, 2)
    found = all_bounds(rows, {"roc_auc": 1.0, "average_precision": 1.0}, {})
    # Ten of each class: Hanley and McNeil's variance near 1 is that of 10 * 10 / (1 + 9 / 2) trials.
    assert found["roc_auc"].low == pytest.approx(wilson(1.0, 100 / 5.5)[0], abs=0.03)
    assert found["average_precision"].low == pytest.approx(wilson(1.0, 10)[0], abs=0.05)
    assert found["roc_auc"].high == 1.0


def test_all_intervals_are_of_95_percent():
    assert pytest.approx(norm.ppf(0.975) ** 2) == Z_SQUARED
    assert percentiles(np.arange(1001.0)) == pytest.approx((25, 975))
    assert mean_share(np.array([0.0] * 50 + [1.0] * 50)).exact
    low, high = wilson(0.5, 100)
    assert reach(one_share(50, 100), 100) == pytest.approx((0.5 - low, high - 0.5), abs=1e-6)
    assert (low, high) == pytest.approx((0.4038, 0.5962), abs=1e-4)  # the textbook's


def test_of_a_figure_that_most_resamples_lack_nothing_is_said():
    """At a half it is as often undefined as defined: still nothing."""
    values = np.arange(1001.0)
    for undefined, bounds in ((500, (500 + 12.5, 1000 - 12.5)), (501, None), (1001, None)):
        values[:undefined] = np.nan
        assert percentiles(values) == (bounds if bounds is None else pytest.approx(bounds))
    assert percentiles(np.array([np.nan, 1.0])) is None


def test_a_log_loss_has_scipys_interval():
    """The BCa interval of a mean, whose acceleration SciPy takes from the jackknife."""
    rng = np.random.default_rng(2)
    gold = rng.integers(0, 2, 150)
    second = np.clip(0.5 + 0.3 * (2 * gold - 1) + rng.normal(size=150) * 0.25, 0.02, 0.98)
    scores = np.stack([1 - second, second], axis=1)
    rows = Rows(gold, scores.argmax(axis=1), scores, 2)
    value = float(rows.figures(np.ones((1, 150)))["log_loss"][0])
    found = all_bounds(rows, {"log_loss": value}, resampled(rows, 150, 4000, 0))["log_loss"]
    losses = -np.log(scores[np.arange(150), gold])
    theirs = bootstrap((losses,), np.mean, n_resamples=4000, method="BCa", random_state=1).confidence_interval
    assert value == pytest.approx(losses.mean())
    assert (found.low, found.high) == pytest.approx(tuple(theirs), abs=0.05 * (theirs.high - theirs.low))


def test_a_weighted_recall_varies_as_the_recall_of_all_cells_that_it_is():
    """Its weights are drawn with the texts: text i moves it by (hits - recall * positives) / all positives."""
    gold = np.array([[1, 1, 0], [1, 0, 0], [1, 0, 1], [1, 0, 0], [0, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 0]])
    predicted = gold.copy()
    predicted[[0, 0, 2, 4], [0, 1, 2, 1]] = 0
    found = Rows(gold, predicted, None, 3).shares()["recall_weighted"]
    hits, texts = gold * predicted, gold.sum(axis=0)
    recall = hits.sum() / gold.sum()
    moves = (hits.sum(axis=1) - recall * gold.sum(axis=1)) / gold.sum()
    weights, recalls = texts / gold.sum(), hits.sum(axis=0) / texts
    independent = (weights**2 * recalls * (1 - recalls) / texts).sum()
    mistake = 0.5 * np.mean((weights * recalls.clip(0.5) / texts) ** 2)
    expected = ((moves**2).sum() * 8 / 7 + TYPICAL_DESIGN * mistake) / (independent + mistake)
    assert found.design == pytest.approx(expected)


def test_a_figure_that_is_the_same_in_every_resample_has_no_interval():
    """A model that gives every text one label has a correlation of 0 in any of them: that is no certainty."""
    gold, predicted = np.array([0] * 30 + [1] * 12), np.zeros(42, dtype=int)
    scores = np.tile([0.9, 0.1], (42, 1)).astype(np.float32)
    found = report_on(scores, gold, LabelSpace(("a", "b"), False), draws=200)
    assert predicted.tolist() == found.predicted.tolist()
    assert found.metrics["mcc"] == {
        "value": 0.0, "low": None, "high": None, "no_interval": "it is the same in every resample"
    }  # fmt: skip
    surely_wrong = report_on(np.eye(2)[1 - gold].astype(np.float32), gold, LabelSpace(("a", "b"), False), draws=200)
    assert surely_wrong.metrics["mcc"]["value"] == pytest.approx(-1)
    assert {surely_wrong.metrics[name]["low"] for name in ("mcc", "log_loss")} == {None}
    assert found.metrics["log_loss"]["high"] > found.metrics["log_loss"]["low"] + 0.1


def test_averages_over_no_label_at_all_are_undefined_and_not_0():
    gold, scores = np.zeros((20, 2), dtype=int), np.full((20, 2), 0.1, dtype=np.float32)
    scores[:12, 0] = 0.9  # twelve texts are given a label that none carries
    found = report_on(scores, gold, LabelSpace(("a", "b"), True), draws=200).metrics
    averaged = [
        f"{name}_{average}" for name in ("precision", "recall", "f1", "f05") for average in ("macro", "weighted")
    ]
    assert not set(averaged) & set(found)
    assert found["precision_micro"]["value"] == 0
    assert found["subset_accuracy"]["value"] == 0.4
