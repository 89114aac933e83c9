"""What is settled on validation ends up in the checkpoint, once, however often a run is concluded."""

import shutil

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, List, Value
from safetensors.numpy import load_file
from scipy.special import logit

from tests.tiny_models import SENTENCES
from textclf.arguments import MeasureArguments
from textclf.evaluation import fold_scores
from textclf.evaluation.decisions import TRAINED_HEAD, TRAINING, on_test, settle
from textclf.evaluation.report import quick_metrics, report_on
from textclf.inference.classifier import Classifier
from textclf.labels import LabelSpace
from textclf.run_folder import RunFolder

NAMES = ["정치", "경제"]


def validation_of(several):
    label = ClassLabel(names=NAMES)
    features = Features({"text": Value("string"), "labels": List(label) if several else label})
    rows = [[0], [1], [0, 1], []] * 10 if several else [0, 1] * 20
    return Dataset.from_dict({"text": SENTENCES, "labels": rows}, features=features)


@pytest.fixture(params=["bert", "modernbert"])
def run(request, tiny_model, tmp_path):
    shutil.copytree(tiny_model(request.param, labels=tuple(NAMES)), tmp_path / "run")
    return RunFolder(tmp_path / "run")


def logits_of(run):
    return Classifier.load(run.path).logits(SENTENCES)


def test_a_run_that_is_concluded_twice_is_calibrated_once(run):
    """The second time fitted a temperature of 1 on top, whose record hid the first one."""
    before = logits_of(run)
    first = settle(run, validation_of(False), MeasureArguments()).record
    calibrated = logits_of(run)
    assert settle(run, validation_of(False), MeasureArguments()).record == first
    np.testing.assert_array_equal(logits_of(run), calibrated)
    temperature = first["calibration"]["temperature"]
    assert abs(temperature - 1) > 0.1
    np.testing.assert_allclose(calibrated, before / temperature, rtol=1e-4, atol=1e-5)


def test_calibration_can_be_taken_back(run):
    before = logits_of(run)
    settle(run, validation_of(False), MeasureArguments())
    for baked in (False, True):
        plain = MeasureArguments(calibrate=False, bake_thresholds=baked)
        assert settle(run, validation_of(False), plain).record == {"calibration": None, "thresholds": None}
        np.testing.assert_array_equal(logits_of(run), before)


def test_an_earlier_training_in_the_folder_lends_no_head(run):
    settle(run, validation_of(False), MeasureArguments())
    run.write_text(TRAINING, '{"training": {"steps": 4}}')
    now = logits_of(run)
    settle(run, validation_of(False), MeasureArguments(calibrate=False))
    np.testing.assert_array_equal(logits_of(run), now)
    kept = load_file(run.path / TRAINED_HEAD)
    np.testing.assert_array_equal(kept["weight"], _head(run))


def _head(run):
    return load_file(run.path / "model.safetensors")["classifier.weight"]


def as_several(run):
    config = run.read_json("config.json") | {"problem_type": "multi_label_classification"}
    run.write_json("config.json", config)


@pytest.mark.parametrize("baked", [False, True])
def test_thresholds_give_the_same_decisions_baked_or_not(run, baked):
    as_several(run)
    validation = validation_of(True)
    settled = settle(run, validation, MeasureArguments(bake_thresholds=baked))
    found = settled.record
    classifier = Classifier.load(run.path)
    cuts = np.array(list(found["thresholds"]["cuts"].values()))
    assert found["thresholds"]["baked"] is baked
    np.testing.assert_allclose(settled.scores, classifier.scores(SENTENCES), atol=1e-5)
    if baked:
        assert classifier.thresholds.tolist() == [0.5, 0.5]
        settle(run, validation, MeasureArguments())
        plain = Classifier.load(run.path)
        np.testing.assert_allclose(plain.logits(SENTENCES) - logit(cuts), classifier.logits(SENTENCES), atol=1e-4)
        assert plain.predict(SENTENCES)[3].labels == classifier.predict(SENTENCES)[3].labels
    else:
        assert classifier.thresholds.tolist() == cuts.tolist()


def test_the_error_after_calibration_is_that_of_the_model_that_is_saved(run):
    """With cuts folded in, the record held the error of a model that nobody ever gets: .0615 in place of .3227."""
    as_several(run)
    validation = validation_of(True)
    gold = LabelSpace(tuple(NAMES), multi_label=True).gold(validation)
    errors = {}
    for baked in (False, True):
        calibration = settle(run, validation, MeasureArguments(bake_thresholds=baked)).record["calibration"]
        saved = quick_metrics(gold, Classifier.load(run.path).scores(SENTENCES))
        assert calibration["ece_after"] == pytest.approx(saved["ece"], abs=1e-4)
        assert calibration["log_loss_after"] == pytest.approx(saved["log_loss"], abs=1e-4)
        errors[baked] = calibration["log_loss_after"]
    assert errors[True] > errors[False] + 1e-3


@pytest.mark.parametrize("several", [False, True])
def test_where_validation_is_small_rows_out_of_fold_help_to_decide_and_are_named(run, several, monkeypatch):
    """Below the bound, not at it; scores are of validation alone, and a record that is none stays none.

    Several labels count the rows of the rarest label: here 20 and 20 of 40.
    """
    if several:
        as_several(run)
    validation, labels = validation_of(several), LabelSpace(tuple(NAMES), several)
    gold = np.tile(labels.gold(validation), (3, 1) if several else 3)
    logits = np.random.default_rng(0).normal(size=(120, 2)).astype(np.float32)
    told = fold_scores.FoldScores(logits, gold)
    bound, enough = ("FEW_OF_LABEL", int(gold[:40].sum(axis=0).min())) if several else ("SMALL", 40)
    monkeypatch.setattr(fold_scores, bound, enough)
    alone = settle(run, validation, MeasureArguments(), told)
    assert (alone.record["calibration"]["n"], alone.record["calibration"]["fitted_on"]) == (40, "validation")
    monkeypatch.setattr(fold_scores, bound, enough + 1)
    helped = settle(run, validation, MeasureArguments(), told)
    words = "validation (40) and out-of-fold training rows (120)"
    assert (helped.record["calibration"]["n"], helped.record["calibration"]["fitted_on"]) == (160, words)
    assert (helped.record["thresholds"] or {"chosen_on": words})["chosen_on"] == words
    assert (helped.record["thresholds"] is None) is not several
    np.testing.assert_allclose(helped.scores, Classifier.load(run.path).scores(SENTENCES), atol=1e-5)
    plain = settle(run, validation, MeasureArguments(calibrate=False), told).record
    assert plain["calibration"] is None
    assert (plain["thresholds"] or {"n": 160})["n"] == 160


def test_what_became_of_an_aim_on_test_by_hand():
    """정치 is decided for twice and right once, of three; 경제 twice and right twice, of two; 날씨 never, of one."""
    labels = LabelSpace(("정치", "경제", "날씨"), multi_label=True)
    gold = np.array([[1, 1, 1], [0, 1, 0], [1, 0, 0], [1, 0, 0]])
    scores = np.where([[1, 1, 0], [1, 1, 0], [0, 0, 0], [0, 0, 0]], 0.9, 0.1).astype(np.float32)
    test = report_on(scores, gold, labels, None, 20)

    def found(aim):
        settled = {"calibration": None, "thresholds": {"aim": aim, "cuts": dict.fromkeys(labels.names, 0.5)}}
        return on_test(settled, test)["thresholds"].get("on_test")

    precise = found("precision>=0.9")
    assert {name: figure["value"] for name, figure in precise["reached"].items()} == {
        "정치": 0.5,
        "경제": 1,
        "날씨": 0,
    }
    assert (precise["measured"], precise["below_aim"]) == (3, ["정치", "날씨"])
    assert precise["reached"]["경제"]["low"] < 0.9
    assert found("precision>=0.5")["below_aim"] == ["날씨"]
    recalled = found("recall>=0.9")["reached"]
    assert [figure["value"] for figure in recalled.values()] == pytest.approx([1 / 3, 1, 0])
    assert found("f1") is None
