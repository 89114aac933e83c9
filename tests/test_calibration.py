"""Calibration: known temperatures and scales come back, degenerate rows stay bounded, the model carries the result."""

import json

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, List, Value
from scipy.special import expit, log_softmax, softmax
from transformers import AutoTokenizer, GPT2Config, GPT2ForSequenceClassification

from tests.tiny_models import KOREAN, SENTENCES
from textclf.errors import UserError
from textclf.evaluation.calibration import RARE, SCALE_LIMITS, calibrate, fit_scales
from textclf.inference.answers import activate
from textclf.inference.classifier import Classifier, texts_of
from textclf.labels import LabelSpace
from textclf.models import checkpoint

ONE = LabelSpace(("정치", "경제", "사회"), multi_label=False)
SEVERAL = LabelSpace(("정치", "경제"), multi_label=True)


def drawn_ids(scores, rng):
    return (scores.cumsum(axis=1) > rng.random((len(scores), 1))).argmax(axis=1)


def test_a_known_temperature_comes_back():
    rng = np.random.default_rng(0)
    true = rng.normal(size=(20_000, 3)) * 2
    gold = drawn_ids(softmax(true, axis=1), rng)
    scales = fit_scales((true * 2.5).astype(np.float32), gold, ONE)
    assert 1 / scales.scale[0] == pytest.approx(2.5, rel=0.03)
    assert scales.shift.tolist() == [0, 0, 0]


def test_the_temperature_is_the_best_of_a_fine_grid():
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(400, 3)) * 3
    gold = drawn_ids(softmax(logits / 2, axis=1), rng)
    grid = np.geomspace(0.1, 3, 3000)
    one_hot = np.eye(3)[gold] * 400 / 401 + 1 / 3 / 401  # one more row, spread evenly
    losses = [-(one_hot * log_softmax(s * logits, axis=1)).sum() for s in grid]
    assert fit_scales(logits, gold, ONE).scale[0] == pytest.approx(grid[np.argmin(losses)], rel=2e-3)


def test_calibration_never_changes_the_best_label():
    rng = np.random.default_rng(2)
    for spread in (0.01, 1, 30):
        logits = (rng.normal(size=(300, 3)) * spread).astype(np.float32)
        scales = fit_scales(logits, rng.integers(0, 3, 300), ONE)
        assert scales.scale[0] > 0
        np.testing.assert_array_equal(scales.apply(logits).argmax(axis=1), logits.argmax(axis=1))


def test_known_scales_and_shifts_come_back_for_each_label():
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(40_000, 2)) * [3, 1] + [-4, 1]
    gold = (rng.random(logits.shape) < expit(logits * [0.5, 2] + [1, -1.5])).astype(int)
    scales = fit_scales(logits.astype(np.float32), gold, SEVERAL)
    assert scales.scale == pytest.approx([0.5, 2], rel=0.05)
    assert scales.shift == pytest.approx([1, -1.5], abs=0.1)
    assert not scales.pooled.any()


def test_a_rare_label_takes_the_fit_of_all_cells():
    rng = np.random.default_rng(4)
    logits = rng.normal(size=(500, 2)) * 2
    gold = (rng.random(logits.shape) < expit(logits)).astype(int)
    gold[:, 1] = 0
    gold[: RARE - 1, 1] = 1
    scales = fit_scales(logits, gold, SEVERAL)
    both = LabelSpace(("x",), multi_label=True)
    pooled = fit_scales(logits.reshape(-1, 1), gold.reshape(-1, 1), both)
    assert scales.pooled.tolist() == [False, True]
    assert (scales.scale[1], scales.shift[1]) == pytest.approx((pooled.scale[0], pooled.shift[0]))


@pytest.mark.parametrize("count", [RARE - 1, RARE])
@pytest.mark.parametrize("carried", [True, False])
def test_a_label_is_rare_below_five_texts_that_carry_it_or_that_lack_it(count, carried):
    rng = np.random.default_rng(8)
    logits = rng.normal(size=(60, 2))
    gold = (rng.random(logits.shape) < expit(logits)).astype(int)
    gold[:, 1] = not carried
    gold[:count, 1] = carried
    alone = fit_scales(logits[:, 1:], gold[:, 1:], LabelSpace(("경제",), multi_label=True))
    scales = fit_scales(logits, gold, SEVERAL)
    assert scales.pooled.tolist() == [False, count < RARE]
    assert scales.record(logits, gold, SEVERAL)["pooled_labels"] == ["경제"] * (count < RARE)
    together = (scales.scale[1], scales.shift[1]) == pytest.approx((alone.scale[0], alone.shift[0]), abs=1e-6)
    assert together == (count >= RARE)


def test_a_label_that_has_one_side_only_keeps_its_logits_where_no_other_label_helps():
    """All cells carry it: nothing can be fitted, and nothing is."""
    scales = fit_scales(np.linspace(-1, 1, 12)[:, None], np.ones((12, 1), dtype=int), LabelSpace(("x",), True))
    assert (scales.scale.tolist(), scales.shift.tolist(), scales.pooled.tolist()) == ([1], [0], [True])


def test_scales_are_platts_with_his_smoothed_targets():
    """Six positives at 1 and 8 negatives at -1: sigmoid(a + b) is 7/8 and sigmoid(b - a) 1/10, solved by hand.

    With targets of 1 and 0 there is no end to the scale.
    """
    gold = np.array([1] * 6 + [0] * 8)
    scales = fit_scales(2.0 * gold[:, None] - 1, gold[:, None], LabelSpace(("x",), multi_label=True))
    high, low = np.log(7), -np.log(9)  # the logits of 7/8 and of 1/10
    assert scales.scale[0] == pytest.approx((high - low) / 2, abs=1e-4)
    assert scales.shift[0] == pytest.approx((high + low) / 2, abs=1e-4)


@pytest.mark.parametrize("size", [2, 40, 4000])
def test_perfect_separation_stays_bounded(size):
    gold = np.arange(size) % 2
    logits = np.stack([1 - 2.0 * gold, 2.0 * gold - 1], axis=1)
    pair = LabelSpace(("no", "yes"), multi_label=False)
    scores = activate(fit_scales(logits, gold, pair).apply(logits), pair)
    assert scores.max() == pytest.approx((size + 0.5) / (size + 1), abs=1e-4)  # one row more, half right
    platt = fit_scales(logits, np.stack([1 - gold, gold], axis=1), SEVERAL)
    assert (platt.scale >= SCALE_LIMITS[0]).all()
    assert (platt.scale <= SCALE_LIMITS[1]).all()
    assert np.isfinite(platt.shift).all()


def test_scores_that_run_backwards_keep_their_order():
    rng = np.random.default_rng(5)
    logits = rng.normal(size=(200, 2))
    scales = fit_scales(logits, (logits < 0).astype(int), SEVERAL)
    assert scales.scale.tolist() == [SCALE_LIMITS[0]] * 2


def test_the_record_names_what_ended_at_a_limit():
    """A model that was hardly trained ended at a temperature of 0.05, which nothing told."""
    rng = np.random.default_rng(7)
    gold = rng.integers(0, 3, 300)
    flat = np.eye(3)[gold] * 0.1 + rng.normal(size=(300, 3)) * 0.03
    record = fit_scales(flat, gold, ONE).record(flat, gold, ONE)
    assert record["temperature"] < 0.05
    assert record["at_limit"] == []
    tiny = flat / 1000
    assert fit_scales(tiny, gold, ONE).record(tiny, gold, ONE)["at_limit"] == ["정치", "경제", "사회"]
    logits = rng.normal(size=(200, 2))
    both = np.stack([logits[:, 0] < 0, rng.random(200) < expit(logits[:, 1])], axis=1).astype(int)
    assert fit_scales(logits, both, SEVERAL).record(logits, both, SEVERAL)["at_limit"] == ["정치"]


def test_one_class_only_and_one_row_give_numbers():
    logits = np.array([[2.0, -1, 0]])
    assert SCALE_LIMITS[0] <= fit_scales(logits, np.array([1]), ONE).scale[0] <= SCALE_LIMITS[1]
    nothing = fit_scales(np.zeros((30, 2)), np.zeros((30, 2), dtype=int), SEVERAL)
    assert nothing.scale.tolist() == [1, 1]
    assert nothing.shift.tolist() == [0, 0]


def test_no_rows_and_broken_scores_are_the_users_to_mend():
    with pytest.raises(UserError, match="validation rows"):
        fit_scales(np.zeros((0, 3)), np.zeros(0, dtype=int), ONE)
    with pytest.raises(UserError, match="not finite"):
        fit_scales(np.array([[np.nan, 0, 0]]), np.array([1]), ONE)


def test_the_record_shows_the_error_before_and_after():
    rng = np.random.default_rng(6)
    true = rng.normal(size=(5000, 3)) * 2
    gold = drawn_ids(softmax(true, axis=1), rng)
    logits = (true * 4).astype(np.float32)
    record = fit_scales(logits, gold, ONE).record(logits, gold, ONE)
    assert record["method"] == "temperature"
    assert record["n"] == 5000
    assert record["ece_after"] < 0.02 < record["ece_before"]
    rows = np.arange(5000)
    assert record["log_loss_before"] == pytest.approx(-log_softmax(logits, axis=1)[rows, gold].mean(), rel=1e-2)
    json.dumps(record, allow_nan=False)


def features(several):
    label = ClassLabel(names=["정치", "경제"])
    return Features({"text": Value("string"), "labels": List(label) if several else label})


def calibrated(classifier, validation):
    """The record of a classifier's calibration, which is folded into its model."""
    gold, logits = classifier.labels.gold(validation), classifier.logits(texts_of(validation))
    record, after = calibrate(classifier.model, classifier.labels, logits, gold)
    np.testing.assert_allclose(classifier.logits(texts_of(validation)), after, atol=1e-4)
    return record


def test_a_calibrated_classifier_gives_the_calibrated_scores(tiny_model):
    validation = Dataset.from_dict({"text": SENTENCES, "labels": [0, 1] * 20}, features=features(False))
    classifier = Classifier.load(tiny_model("bert", labels=("정치", "경제")))
    before = classifier.logits(SENTENCES)
    record = calibrated(classifier, validation)
    expected = softmax(before.astype(np.float64) / record["temperature"], axis=1)
    np.testing.assert_allclose(classifier.scores(SENTENCES), expected, atol=1e-6)
    assert record["log_loss_after"] <= record["log_loss_before"] + 1e-6


def test_several_labels_are_scaled_and_shifted_each(tiny_model, tmp_path):
    folder = tiny_model("electra", labels=("정치", "경제"))
    classifier = Classifier.load(folder)
    classifier.model.config.problem_type = "multi_label_classification"
    classifier = Classifier(classifier.model, classifier.tokenizer)
    rows = [[0], [1], [0, 1], []] * 10
    validation = Dataset.from_dict({"text": SENTENCES, "labels": rows}, features=features(True))
    before = classifier.logits(KOREAN)
    record = calibrated(classifier, validation)
    scale, shift = (np.array(list(record[key].values())) for key in ("scale", "shift"))
    np.testing.assert_allclose(classifier.scores(KOREAN), expit(before * scale + shift), atol=1e-6)
    assert record["method"] == "platt"
    assert list(record["scale"]) == ["정치", "경제"]


def test_several_labels_on_a_head_without_bias_stay_uncalibrated(tiny_model, tmp_path, caplog):
    """A decoder's stock class reads no bias: its shifts were there in memory, and gone from the saved model."""
    tokenizer = AutoTokenizer.from_pretrained(tiny_model("roberta"))
    size = {"vocab_size": len(tokenizer), "n_positions": 128, "n_embd": 32, "n_layer": 1, "n_head": 2}
    config = GPT2Config(**size, pad_token_id=tokenizer.pad_token_id)
    config.num_labels, config.id2label, config.label2id = 2, SEVERAL.id2label, SEVERAL.label2id
    config.problem_type = SEVERAL.problem_type
    checkpoint.save(GPT2ForSequenceClassification(config), tokenizer, tmp_path, max_length=64)
    classifier = Classifier.load(tmp_path)
    features = Features({"text": Value("string"), "labels": List(ClassLabel(names=list(SEVERAL.names)))})
    rows = Dataset.from_dict({"text": KOREAN, "labels": [[i % 2] for i in range(len(KOREAN))]}, features=features)
    before = classifier.scores(KOREAN)
    assert calibrated(classifier, rows) is None
    assert "no bias to hold a shift: its scores stay uncalibrated" in caplog.text
    np.testing.assert_array_equal(classifier.scores(KOREAN), before)
