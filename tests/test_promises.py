"""Promises in a checkpoint: what `config.json` says, and what a classifier then answers."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from tests.trained_runs import COMMON, Trained, follow, texts, write_csv
from textclf.arguments import MeasureArguments
from textclf.errors import UserError
from textclf.evaluation.abstention import Promise
from textclf.evaluation.exporting import export_run
from textclf.evaluation.kept_promises import failures_over_resplits, measure_promises, promise_lines
from textclf.evaluation.predictions import read_predictions
from textclf.evaluation.promises import check_promises, fit_promises, promise
from textclf.evaluation.report import Report
from textclf.evaluation.score_intervals import share_of
from textclf.hub.card import render_card
from textclf.hub.inspection import collect
from textclf.hub.space_folder import describe_run, page_file
from textclf.inference.answers import predictions
from textclf.inference.classifier import Classifier
from textclf.inference.engines import load
from textclf.inference.promises import Promises
from textclf.labels import LabelSpace
from textclf.recipe import read_recipe
from textclf.run_folder import RunFolder

ONE = LabelSpace(("부정", "긍정"), multi_label=False)
SEVERAL = LabelSpace(("부정", "긍정"), multi_label=True)
SCORES = np.array([[0.9, 0.1], [0.45, 0.55]], dtype=np.float32)


def test_a_checkpoint_without_promises_is_always_sure_and_gives_no_sets():
    sure, torn = predictions(SCORES, ONE, None, Promises.of({}, ONE))
    assert (sure.labels, sure.unsure, sure.label_set) == (["부정"], [], None)
    assert (torn.labels, torn.unsure, torn.label_set) == (["긍정"], [], None)


def test_below_the_cut_the_model_says_that_it_is_not_sure():
    promises = Promises.of({"abstain": {"score_below": 0.6, "risk": 0.05, "confidence": 0.95, "n": 100}}, ONE)
    sure, torn = predictions(SCORES, ONE, None, promises)
    assert (sure.labels, sure.unsure) == (["부정"], [])
    assert (torn.labels, torn.unsure) == (["긍정"], ["긍정"])


def test_a_score_at_the_cut_is_answered():
    promises = Promises.of({"abstain": {"score_below": 0.55}}, ONE)
    assert predictions(np.array([[0.45, 0.55]]), ONE, None, promises)[0].unsure == []


def test_several_labels_are_unsure_one_by_one():
    promises = Promises.of({"abstain": {"score_below": {"긍정": 0.7}}}, SEVERAL)
    (found,) = predictions(np.array([[0.8, 0.6]]), SEVERAL, np.array([0.5, 0.5]), promises)
    assert found.labels == ["부정", "긍정"]
    assert found.unsure == ["긍정"]  # of "부정" nothing is promised


@pytest.mark.parametrize("stored", [{"cut": 0.4}, {"cuts": {"부정": 0.4, "긍정": 0.2}}])
def test_sets_hold_every_label_from_its_cut_on(stored):
    first, second = predictions(SCORES, ONE, None, Promises.of({"label_sets": stored}, ONE))
    assert first.label_set == ["부정"]
    assert second.label_set == ["부정", "긍정"]


@pytest.mark.parametrize("broken", [{"score_below": "0.6"}, {}, {"score_below": {"없음": 0.5}}, {"score_below": True}])
def test_cuts_that_cannot_be_read_are_named(broken):
    with pytest.raises(UserError, match="'abstain'"):
        Promises.of({"abstain": broken}, ONE)


PROMISES = [
    "--abstain_risk",
    "0.5",
    "--abstain_confidence",
    "0.8",
    "--set_coverage",
    "0.8",
    "--validation_share",
    "0.4",
]


@pytest.fixture(scope="module")
def promised(tmp_path_factory, tiny_model):
    """A run that was asked for both promises: Korean and English texts, a label that follows from the text."""
    folder = tmp_path_factory.mktemp("promised") / "work"
    folder.mkdir()
    shutil.copytree(tiny_model("bert"), folder / "tiny")
    rows = [(text, "짧음" if len(text) < 60 else "긺") for text in texts(140, 11)]
    write_csv(folder / "rows.csv", ["text", "label"], rows)
    argv = ["--dataset", "rows.csv", "--model", "tiny", "--output_dir", "run", "--num_train_epochs", "4", *PROMISES]
    shown = follow(folder, [*COMMON, *argv])
    return Trained(RunFolder.open(folder / "run"), folder, shown)


def test_the_guarantee_part_is_carved_out_of_validation_and_said_first(promised):
    sizes = promised.evaluation["data"]["sizes"]
    assert sizes["guarantee"] == pytest.approx(sizes["validation"], abs=1)
    assert sum(sizes.values()) == 140
    assert "Guarantee carved out of validation" in promised.shown
    assert f"{sizes['guarantee']} rows" in promised.shown.split("Abstention: ")[1]
    assert promised.evaluation["promises"]["n"] == sizes["guarantee"]


def test_the_checkpoint_carries_the_promises_and_a_loaded_classifier_makes_them(promised):
    config, record = promised.run.read_json("config.json"), promised.evaluation["promises"]
    assert config["label_sets"] == {key: record["label_sets"][key] for key in ("cut", "coverage", "n")}
    assert ("abstain" in config) == record["abstain"]["stored"]
    classifier = Classifier.load(promised.run.path)
    test = promised.predictions().to_pydict()
    assert classifier.labels.names == tuple(promised.evaluation["labels"])
    for prediction, scores in zip(classifier.predict(test["text"]), test["scores"], strict=True):
        above = np.array(scores) >= config["label_sets"]["cut"]
        assert prediction.label_set == [n for n, there in zip(classifier.labels.names, above, strict=True) if there]


def test_figures_on_test_follow_from_the_predictions(promised):
    record, test = promised.evaluation["promises"], promised.predictions().to_pydict()
    names = promised.evaluation["labels"]
    scores, gold = np.array(test["scores"]), np.array([names.index(name) for name in test["labels"]])
    cut = record["label_sets"]["cut"]
    assert record["label_sets"]["test"]["coverage"]["count"] == int((scores[np.arange(len(gold)), gold] >= cut).sum())
    assert record["label_sets"]["test"]["mean_size"] == pytest.approx((scores >= cut).sum(axis=1).mean())
    if record["abstain"]["stored"]:
        answered = scores.max(axis=1) >= promised.run.read_json("config.json")["abstain"]["score_below"]
        wrong = answered & (scores.argmax(axis=1) != gold)
        assert record["abstain"]["test"]["answered"]["count"] == int(answered.sum())
        assert record["abstain"]["test"]["wrong"]["count"] == int(wrong.sum())
    right = scores.argmax(axis=1) == gold
    curve = np.cumsum(~right[np.argsort(-scores.max(axis=1), kind="stable")]) / np.arange(1, len(gold) + 1)
    assert record["abstain"]["test"]["aurc"] == pytest.approx(curve.mean(), abs=0.02)  # ties are shared out evenly


def test_the_card_says_what_is_promised_and_for_which_texts(promised):
    card = str(render_card(promised.run))
    assert "80 %" in card
    assert 'classify.model.config.label_sets["cut"]' in card


def test_int8_makes_the_same_promises_by_cuts_of_its_own(promised, tmp_path):
    """On the rows that torch's cuts were fitted on: they stay at home, and nothing else was chosen on them."""
    run = RunFolder(Path(shutil.copytree(promised.run.path, tmp_path / "run")))
    row = export_run(run, ["onnx-int8"], draws=30)["engines"]["onnx-int8"]
    int8 = load(run.path, "onnx-int8")
    kept = read_predictions(run, "guarantee", int8.labels)
    scores = int8.scores(kept.texts)
    assert len(kept.texts) == promised.evaluation["promises"]["n"] == row["promises"]["label_sets"]["n"]
    of_truth = np.sort(scores[np.arange(len(kept.gold)), kept.gold])
    expected = of_truth[math.floor(0.2 * (len(of_truth) + 1)) - 1]  # of split conformal sets at a coverage of .8
    assert row["promises"]["label_sets"]["cut"] == pytest.approx(expected, abs=1e-4)
    assert row["promises"]["label_sets"]["cut"] != run.read_json("config.json")["label_sets"]["cut"]
    sets = [set(p.label_set) for p in int8.predict(kept.texts)]
    names = np.array(int8.labels.names)
    assert sets == [set(names[each >= row["promises"]["label_sets"]["cut"]]) for each in scores]
    if "abstain" in row["promises"]:
        answered = scores.max(axis=1) >= row["promises"]["abstain"]["score_below"]
        wrong = (scores.argmax(axis=1) != kept.gold) & answered
        assert binom.cdf(wrong.sum(), answered.sum(), 0.5) <= 0.2
    assert "cuts of its own for" in str(render_card(run))
    assert not [upload for upload in collect(run, {}) if upload.path.startswith("predictions")]
    page = json.loads(page_file(run, describe_run(run), "model/").data())
    assert page["label_sets"] == row["promises"]["label_sets"], "torch's cut was shown with int8's"


def test_where_its_rows_are_gone_int8_promises_nothing(promised, tmp_path):
    run = RunFolder(Path(shutil.copytree(promised.run.path, tmp_path / "run")))
    (run.path / "predictions" / "guarantee.parquet").unlink()
    export_run(run, ["onnx-int8"], draws=30)
    assert load(run.path, "onnx-int8").predict(["글"])[0].label_set is None
    assert "With int8 nothing is promised of" in str(render_card(run))


def test_concluding_again_without_a_promise_takes_the_old_ones_out(promised, tmp_path):
    shutil.copytree(promised.run.path, tmp_path / "run")
    run = RunFolder(tmp_path / "run")
    classifier = Classifier.load(run.path)
    assert classifier.promises.set_from is not None
    promise(run, classifier, validation=None, guarantee=None, options=MeasureArguments())
    assert classifier.promises.set_from is None
    assert not {"abstain", "label_sets"} & run.read_json("config.json").keys()


def test_new_texts_are_measured_against_the_promises(promised, monkeypatch, capsys):
    from textclf.commands import eval as eval_command

    monkeypatch.chdir(promised.workspace)
    new = [(text, "짧음" if len(text) < 60 else "긺") for text in texts(60, 12)]
    write_csv(promised.workspace / "new.csv", ["text", "label"], new)
    eval_command.main(["run", "--dataset", "new.csv", "--output", "measured"])
    found = json.loads((promised.workspace / "measured/evaluation.json").read_text(encoding="utf-8"))
    assert found["promises"]["label_sets"]["test"]["coverage"]["of"] == 60
    assert "training rows" in capsys.readouterr().err


@pytest.mark.parametrize(
    "argv, said",
    [
        (["--abstain_risk", "1.5"], "between 0 and 1"),
        (["--abstain_confidence", "0.9"], "goes with --abstain_risk"),
        (["--set_by_label"], "goes with --set_coverage"),
        (["--set_coverage", "0"], "between 0 and 1"),
    ],
)
def test_promises_that_mean_nothing_are_refused(argv, said):
    with pytest.raises(UserError, match=said):
        check_promises(read_recipe(argv).measure)


def report_of(scores, gold, thresholds=None, labels=SEVERAL):
    """A report without figures: what promises look at."""
    scores, gold = np.asarray(scores, dtype=np.float32), np.asarray(gold)
    predicted = labels.decide(scores, thresholds)
    return Report(labels, gold, scores, predicted, thresholds, metrics={}, per_label={}, confusion=None, draws={})


def several_rows(n, seed, wrong_share):
    """Rows of two labels: the first is given and right wherever sure, the second is wrong that often."""
    chance = np.random.default_rng(seed)
    gold = np.stack([np.ones(n, dtype=int), (chance.random(n) >= wrong_share).astype(int)], axis=1)
    return report_of(chance.uniform(0.6, 1, (n, 2)), gold, np.array([0.5, 0.5]))


def test_of_several_labels_each_keeps_the_promise_for_itself_or_is_named():
    options = MeasureArguments(abstain_risk=0.05)
    fitted = fit_promises(options, several_rows(200, 1, 0.5), several_rows(200, 2, 0.5))
    assert set(fitted.config["abstain"]["score_below"]) == {"부정"}
    assert fitted.record["abstain"]["without_promise"] == ["긍정"]
    assert "no number would do" in fitted.record["abstain"]["why_not"]["긍정"]
    test = several_rows(100, 3, 0.5)
    found = measure_promises(fitted, test, {"again": test})["abstain"]["test"]
    assert found["by_label"]["부정"] == {"answered": share_of(100, 100), "wrong": share_of(0, 100)}
    assert found["by_label"]["긍정"]["answered"] == share_of(100, 100)  # given by its threshold, without a promise
    assert found["promised"] == ["부정"]
    assert (found["answered"], found["wrong"]) == (share_of(100, 100), share_of(0, 100))
    assert found["held"]  # half of the other label's answers are wrong, but nothing was promised of them
    assert found["aurc_of_baselines"] == {"again": found["aurc"]}


def test_a_promise_that_one_label_breaks_did_not_hold_however_right_the_others_are():
    fitted = fit_promises(MeasureArguments(abstain_risk=0.05), several_rows(200, 1, 0.0), several_rows(200, 2, 0.0))
    assert set(fitted.config["abstain"]["score_below"]) == {"긍정", "부정"}
    scores = np.full((100, 2), 0.99)
    gold = np.ones((100, 2), dtype=int)
    gold[:9, 1] = 0  # 9 % of one label's answers, 4.5 % of all
    found = measure_promises(fitted, report_of(scores, gold, np.array([0.5, 0.5])), {})
    test = found["abstain"]["test"]
    assert test["wrong"] == share_of(9, 200)
    assert (test["held"], test["broken"]) == (False, ["긍정"])
    (line,) = promise_lines(found, "test")
    assert "for 부정, 긍정): did not hold on test (broken for 긍정)." in line


def test_labels_that_get_no_promise_are_told_in_one_line_with_the_nearest_named():
    """27 labels gave 27 lines, none of which said its label."""
    found = {
        name: {"n": 89, "answered": 8, "wrong": 4, "rows_needed": 900 - 100 * k} for k, name in enumerate("abcde")
    }
    found["f"] = {"n": 89, "answered": 8, "wrong": 8, "rows_needed": None}
    abstain = {
        "stored": False,
        "risk": 0.3,
        "confidence": 0.95,
        "guarantee": found,
        "why_not": dict.fromkeys(found, ""),
    }
    assert promise_lines({"abstain": abstain}, "test") == [
        "No guarantee of at most 30 % wrong at 95 % confidence can be given for a, b, c and 3 more labels with 89 "
        "rows; e takes fewest: about 500, as validation shows. evaluation.json has each one's reason."
    ]
    abstain |= {"guarantee": {"f": found["f"]}, "why_not": {"f": ""}}
    (line,) = promise_lines({"abstain": abstain}, "test")
    assert "for f with 89 rows; no number would do: the surest answers are wrong too often." in line


def test_other_draws_of_the_guarantee_rows_seldom_break_the_promise():
    """The first label is never wrong, the second always too often: cuts for one of the two tries of each draw."""
    parts = [several_rows(200, seed, 0.5) for seed in (1, 2, 3)]
    found = failures_over_resplits(Promise(0.05, 0.95), *parts, draws=10)
    assert found == {"draws": 10, "tries": 20, "stored": 10, "broken": 0}


def test_a_model_that_gives_no_label_gets_no_promise_and_no_crash():
    nothing = report_of(np.full((80, 2), 0.1), np.zeros((80, 2), dtype=int), np.array([0.5, 0.5]))
    fitted = fit_promises(MeasureArguments(abstain_risk=0.05, set_coverage=0.9), nothing, nothing)
    assert "abstain" not in fitted.config
    found = measure_promises(fitted, nothing, {})
    assert found["abstain"]["test"]["wrong"]["value"] is None
    assert found["label_sets"]["test"]["worst_label"] is None
    assert promise_lines(found, "test")


def test_sets_by_label_store_a_cut_for_each():
    chance = np.random.default_rng(5)
    scores = chance.dirichlet([1, 1], 200)
    gold = (scores[:, 1] > chance.random(200)).astype(int)
    rows = report_of(scores, gold, labels=ONE)
    fitted = fit_promises(MeasureArguments(set_coverage=0.9, set_by_label=True), rows, rows)
    assert set(fitted.config["label_sets"]["cuts"]) == {"부정", "긍정"}
    found = measure_promises(fitted, rows, {})["label_sets"]["test"]
    assert min(row["value"] for row in found["by_label"].values()) >= 0.9
    assert json.loads(json.dumps(fitted.config)) == fitted.config  # plain values
