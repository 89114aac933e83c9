"""Reports: intervals, per-label rows, paired comparisons."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Dataset, Features, List, Value
from scipy.stats import binomtest

from textclf.errors import UserError
from textclf.evaluation.comparison import compare
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
    assert "does not beat" in found["verdict"]


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
    assert compare(good, bad, "it", metric)["verdict"] == f"The model beats the baseline it in {metric}."
    assert "does not beat" in compare(bad, good, "it", metric)["verdict"]
    slightly = right.copy()
    slightly[10] = True
    lead = compare(report_on(softened(gold, slightly), gold, PAIR, draws=200), good, "it", metric)
    assert f"model's {metric} is better than the baseline it's, but the difference could be chance" in lead["verdict"]


def test_one_text_beats_nothing():
    """Every resample of one text is that text, so that its interval held no 0 and the model was said to win."""
    gold = np.array([1])
    found = compare(*(report_on(softened(gold, r), gold, PAIR, draws=50) for r in ([True], [False])), "it", "accuracy")
    assert found["low"] == found["high"] == 1.0
    assert found["verdict"].endswith("the difference could be chance: 1 text is too few to tell.")


def test_draws_without_an_area_do_not_make_the_p_value_smaller():
    """An area needs both classes: of 12 texts one positive is missing from a third of the draws."""
    gold = np.eye(12, dtype=int)[0]
    first, second = np.linspace(0.9, 0.1, 12), np.linspace(0.1, 0.9, 12)  # the positive ranks first, and last
    good, bad = (
        report_on(np.stack([1 - s, s], axis=1).astype(np.float32), gold, PAIR, draws=400) for s in (first, second)
    )
    defined = int((~np.isnan(good.draws["roc_auc"])).sum())
    assert 200 < defined < 300
    found = compare(good, bad, "it", "roc_auc")
    assert found["p_value"] == pytest.approx(2 / (defined + 1))
    assert f"{defined} draws" in found["method"]


def test_without_an_interval_a_lead_is_not_called_a_win():
    gold = np.array([0, 1] * 10)
    good, bad = (report_on(softened(gold, np.full(20, r)), gold, PAIR, draws=0) for r in (True, False))
    assert compare(good, bad, "it", "accuracy")["verdict"].endswith("it has no 95 % interval.")


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


def test_an_interval_holds_its_figure():
    """Resampled calibration errors are larger on average; one stood as .0513 [.0536, .1288] in a table."""
    rng = np.random.default_rng(3)
    gold = rng.integers(0, 2, 60)
    second = np.where(rng.random(60) < 0.9, gold * 0.8 + 0.1, 0.5)
    report = report_on(np.stack([1 - second, second], 1).astype(np.float32), gold, PAIR, draws=200)
    for name, figure in report.metrics.items():
        assert figure["low"] <= figure["value"] <= figure["high"], name
