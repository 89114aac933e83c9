"""Reports: intervals, per-label rows, paired comparisons."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Dataset, Features, List, Value
from scipy.stats import binomtest

from textclf.errors import UserError
from textclf.evaluation.comparison import against_best, compare, mcnemar, outcome
from textclf.evaluation.names import metric_name
from textclf.evaluation.predictions import write_predictions
from textclf.evaluation.report import measure, report_on
from textclf.labels import LabelSpace
from textclf.run_folder import RunFolder

PAIR = LabelSpace(("no", "yes"), multi_label=False)


class Fixed:
    """A scorer that knows its answers by text."""

    thresholds = None

    def __init__(self, labels, answers):
        self.labels, self.answers = labels, answers

    def scores(self, texts):
        return np.array([self.answers[text] for text in texts], dtype=np.float32)


def split_of(texts, labels, names=("no", "yes")):
    features = Features({"text": Value("string"), "labels": ClassLabel(names=list(names))})
    return Dataset.from_dict({"text": texts, "labels": labels}, features=features)


def test_measure_reports_values_supports_and_confusion():
    scorer = Fixed(PAIR, {"참": [0.1, 0.9], "거짓": [0.8, 0.2], "글쎄": [0.4, 0.6]})
    report = measure(scorer, split_of(["참", "거짓", "글쎄"], [1, 0, 0]), draws=50)
    assert report.n == 3
    assert report.metrics["accuracy"]["value"] == pytest.approx(2 / 3)
    assert report.confusion == [[1, 1], [0, 1]]
    assert report.per_label["no"]["support"] == 2
    assert report.per_label["no"]["recall"]["value"] == 0.5


def test_the_interval_of_accuracy_is_close_to_the_binomial_one():
    rng = np.random.default_rng(0)
    gold = rng.integers(0, 2, 400)
    right = rng.random(400) < 0.8
    second = np.where(right == (gold == 1), 0.9, 0.1)
    report = report_on(np.stack([1 - second, second], 1).astype(np.float32), gold, PAIR, draws=2000, seed=1)
    exact = binomtest(int(right.sum()), 400).proportion_ci()
    assert report.metrics["accuracy"]["low"] == pytest.approx(exact.low, abs=0.01)
    assert report.metrics["accuracy"]["high"] == pytest.approx(exact.high, abs=0.01)


def test_undefined_figures_are_left_out_not_invented():
    report = report_on(np.array([[0.9, 0.1], [0.8, 0.2]], dtype=np.float32), np.array([0, 0]), PAIR, draws=20)
    assert "roc_auc" not in report.metrics
    assert report.metrics["accuracy"]["value"] == 1.0


def test_equal_scorers_differ_by_nothing_and_are_not_called_better():
    gold = np.array([0, 1] * 20)
    scores = np.tile(np.array([[0.6, 0.4]], dtype=np.float32), (40, 1))
    report = report_on(scores, gold, PAIR, draws=100)
    found = compare(report, report, "twin", "accuracy")
    assert found["difference"] == 0
    assert found["p_value"] == 1.0
    assert found["mcnemar_p_value"] == 1.0
    assert found["verdict"].startswith("No difference in accuracy is shown")


def test_reports_of_other_rows_are_never_compared():
    gold, labels = np.array([0, 1] * 10), LabelSpace(("a", "b"), False)
    one, other = (report_on(np.eye(2, dtype=np.float32)[gold], each, labels, draws=200) for each in (gold, 1 - gold))
    with pytest.raises(ValueError, match="can be compared on the same rows only"):
        compare(one, other, "other", "accuracy")


def test_mcnemar_is_the_exact_binomial_test_on_discordant_texts():
    gold = np.zeros(12, dtype=int)
    better = np.array([[0.9, 0.1]] * 10 + [[0.1, 0.9]] * 2, dtype=np.float32)  # right on 0-9
    worse = np.array([[0.1, 0.9]] * 8 + [[0.9, 0.1]] * 3 + [[0.1, 0.9]], dtype=np.float32)  # right on 8-10
    reports = [report_on(scores, gold, PAIR, draws=200) for scores in (better, worse)]
    found = compare(*reports, "worse", "accuracy")
    assert found["difference"] == pytest.approx(7 / 12)
    assert found["mcnemar_p_value"] == pytest.approx(binomtest(8, 9).pvalue)  # only first right: 0-7; only second: 10
    assert found["verdict"] == "The model beats the baseline worse in accuracy."


def test_a_clear_winner_on_few_texts_is_not_oversold():
    gold = np.array([0, 0, 1, 1])
    first = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.9, 0.1]], dtype=np.float32)
    second = np.array([[0.9, 0.1], [0.1, 0.9], [0.1, 0.9], [0.9, 0.1]], dtype=np.float32)
    found = compare(report_on(first, gold, PAIR, draws=500), report_on(second, gold, PAIR, draws=500), "x", "accuracy")
    assert found["difference"] == 0.25
    assert "could be chance" in found["verdict"]


def softened(gold, right):
    """Scores [N, 2] of gold [N] that are right (.8 on the gold label) or wrong (.8 on the other one)."""
    second = np.where(right == (gold == 1), 0.8, 0.2)
    return np.stack([1 - second, second], axis=1).astype(np.float32)


@pytest.mark.parametrize("metric", ["log_loss", "brier", "accuracy"])
def test_of_a_loss_less_is_better(metric):
    """A model chosen by its loss was said to lose where it won, and to win where it lost."""
    gold, right = np.array([0, 1] * 30), np.arange(60) % 10 > 0
    good, bad = (report_on(softened(gold, r), gold, PAIR, draws=200) for r in (right, ~right))
    assert compare(good, bad, "it", metric)["verdict"] == f"The model beats the baseline it in {metric_name(metric)}."
    assert compare(bad, good, "it", metric)["verdict"].startswith("The baseline it beats the model")
    slightly = right.copy()
    slightly[10] = True
    lead = compare(report_on(softened(gold, slightly), gold, PAIR, draws=200), good, "it", metric)
    assert lead["verdict"].startswith(f"No difference in {metric_name(metric)} is shown")


def test_one_text_beats_nothing():
    """Every resample of one text is that text, so that its interval held no 0 and the model was said to win."""
    gold = np.array([1])
    found = compare(*(report_on(softened(gold, r), gold, PAIR, draws=50) for r in ([True], [False])), "it", "accuracy")
    assert found["p_value"] == 1.0
    assert found["low"] < 0 < found["high"]
    assert found["verdict"].endswith("+1.0000, which could be chance.")


def test_the_p_value_is_the_share_of_swaps_with_as_large_a_difference():
    """Three texts, the one model right on all, the other on none: two of the eight swaps are as large."""
    gold = np.array([0, 1, 0])
    good, bad = (report_on(softened(gold, np.full(3, r)), gold, PAIR, draws=4000) for r in (True, False))
    found = compare(good, bad, "it", "accuracy")
    assert found["p_value"] == pytest.approx(0.25, abs=0.03)
    assert not found["p_at_most"]
    assert "4000 swaps" in found["method"]


def test_a_p_value_at_the_floor_of_the_swaps_is_an_upper_bound():
    gold = np.array([0, 1] * 20)
    good, bad = (report_on(softened(gold, np.full(40, r)), gold, PAIR, draws=200) for r in (True, False))
    found = compare(good, bad, "it", "f1_macro")
    assert found["p_value"] == pytest.approx(1 / 201)
    assert found["p_at_most"]


def test_a_loss_within_chance_is_no_loss():
    """A model that was one text behind was said not to beat the baseline, as if that were shown."""
    gold, right = np.array([0, 1] * 20), np.arange(40) % 10 > 0
    better = right.copy()
    better[0] = True
    first, second = (report_on(softened(gold, r), gold, PAIR, draws=200) for r in (right, better))
    found = compare(first, second, "it", "accuracy")
    assert found["difference"] < 0
    assert outcome(found) == "unclear"


def test_a_baseline_that_is_better_on_test_is_named_beside_the_best_on_validation():
    gold = np.array([0, 1] * 20)
    reports = {
        name: report_on(softened(gold, np.arange(40) >= wrong), gold, PAIR, draws=200)
        for name, wrong in (("model", 4), ("chosen", 8), ("better", 2))
    }
    found = against_best(reports["model"], {n: reports[n] for n in ("chosen", "better")}, "chosen", "accuracy")
    assert (found["name"], found["best_on"]) == ("chosen", "validation")
    assert found["better_on_test"] == {"name": "better", "value": 0.95, "best_value": 0.8}
    assert "on test better is better (0.9500 against 0.8000; the model: 0.9000)" in found["verdict"]
    alone = against_best(reports["model"], {"chosen": reports["chosen"]}, "chosen", "accuracy")
    assert alone["better_on_test"] is None


def test_mcnemar_with_several_labels_counts_whole_sets():
    gold = np.zeros((6, 2), dtype=int)
    half = np.tile(np.array([[0.9, 0.1]], dtype=np.float32), (6, 1))  # one label of two right: the set is wrong
    none = np.full((6, 2), 0.9, dtype=np.float32)
    space = LabelSpace(("a", "b"), multi_label=True)
    reports = [report_on(scores, gold, space, draws=0) for scores in (half, none)]
    assert mcnemar(*reports) == 1.0


def test_other_label_names_stop_with_both_lists():
    with pytest.raises(UserError, match=r"no, yes.*nein, ja"):
        measure(Fixed(PAIR, {}), split_of(["a"], [0], names=("nein", "ja")))


def test_scores_that_are_no_numbers_are_refused():
    """A diverged model got figures: NaN is no maximum, so that its texts counted as the first label's."""
    scorer = Fixed(PAIR, {"참": [np.nan, np.nan], "거짓": [0.8, 0.2]})
    with pytest.raises(UserError, match="scores of 1 of 2 texts are no numbers"):
        measure(scorer, split_of(["참", "거짓"], [1, 0]), draws=5)


@pytest.mark.parametrize("several", [False, True])
def test_predictions_are_written_a_piece_at_a_time_and_read_back_whole(tmp_path, monkeypatch, several):
    label = ClassLabel(names=["아니요", "예"])
    gold = [[0, 1], [], [1], [0], [1], [0], []] if several else [0, 1, 1, 0, 1, 0, 1]
    features = Features(text=Value("string"), text_pair=Value("string"), labels=List(label) if several else label)
    pairs = ["둘째", None, "", "d", None, "f", "g"]
    split = Dataset.from_dict({"text": list("abcdefg"), "text_pair": pairs, "labels": gold}, features=features)
    space = LabelSpace.from_features(features)
    scores = np.random.default_rng(0).random((7, 2)).astype(np.float32)
    report = report_on(scores, space.gold(split), space, draws=2)
    monkeypatch.setattr("textclf.evaluation.predictions.ROWS_AT_ONCE", 3)
    write_predictions(RunFolder(tmp_path), "test", split, report)
    file = pq.ParquetFile(tmp_path / "predictions/test.parquet")
    assert file.num_row_groups == 3
    table = file.read().to_pydict()
    assert table["text"] == list("abcdefg")
    assert table["text_pair"] == pairs
    names = [[label.names[i] for i in row] for row in gold] if several else [label.names[i] for i in gold]
    assert table["labels"] == names
    assert np.array_equal(np.array(table["scores"], dtype=np.float32), scores)
    best = scores.argmax(axis=1)
    decided = [[label.names[k] for k in np.flatnonzero(row >= 0.5)] for row in scores]
    assert table["predicted"] == (decided if several else [label.names[k] for k in best])


@pytest.mark.parametrize("several", [False, True])
def test_an_interval_holds_its_figure_and_has_a_width(several):
    """A macro average stood as .0975 [.0975, .1399]: its interval was stretched to hold it, and ended there."""
    rng = np.random.default_rng(3)
    gold = (rng.random((90, 3)) < 0.4).astype(int) if several else rng.integers(0, 3, 90)
    truth = gold if several else np.eye(3)[gold]
    scores = np.clip(truth * 0.8 + 0.1 + rng.normal(0, 0.5, (90, 3)), 0.01, 0.99)
    scores = scores if several else scores / scores.sum(axis=1, keepdims=True)
    report = report_on(scores.astype(np.float32), gold, LabelSpace(("a", "b", "c"), several), draws=300)
    for name, figure in report.metrics.items():
        assert (figure["low"] is None) is ("no_interval" in figure)
        if figure["low"] is not None:
            assert figure["low"] <= figure["value"] <= figure["high"], name
            assert figure["low"] < figure["high"], name
    assert {name for name, figure in report.metrics.items() if figure["low"] is None} == {"ece"}


def test_intervals_of_shares_are_wilsons():
    """All of 10 right stood as 1.0000 [1.0000, 1.0000]."""
    gold = np.array([0, 1] * 5)
    report = report_on(softened(gold, np.ones(10, dtype=bool)), gold, PAIR, draws=200)
    wilson = binomtest(10, 10).proportion_ci(method="wilson")
    assert (report.metrics["accuracy"]["low"], report.metrics["accuracy"]["high"]) == pytest.approx(wilson)
    five = binomtest(5, 5).proportion_ci(method="wilson")
    recall = report.per_label["yes"]["recall"]
    assert (recall["low"], recall["high"]) == pytest.approx((five.low, five.high))
    f1 = report.per_label["yes"]["f1"]  # 2 J / (1 + J) of J = TP / (TP + FP + FN)
    assert f1["low"] == pytest.approx(2 * five.low / (1 + five.low))
    assert report.metrics["log_loss"]["low"] is None
    assert "decided wrongly: 0 of 10" in report.metrics["log_loss"]["no_interval"]
    assert report.metrics["ece"]["low"] is None


def test_a_label_that_no_text_carries_is_undefined_and_noted():
    space = LabelSpace(("스포츠", "정치", "날씨"), multi_label=False)
    gold = np.array([0, 1] * 10)
    report = report_on(np.eye(3, dtype=np.float32)[gold], gold, space, draws=200)
    assert report.metrics["f1_macro"]["value"] == 1.0
    assert report.per_label["날씨"]["f1"] is report.per_label["날씨"]["recall"] is None
    assert report.notes == [
        "Macro and weighted averages are over the 2 of 3 labels that these 20 texts carry; "
        "nothing can be said of 날씨."
    ]
