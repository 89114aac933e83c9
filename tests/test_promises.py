"""Promises in a checkpoint: what `config.json` says, and what a classifier then answers."""

import json
import shutil

import numpy as np
import pytest

from tests.trained_runs import COMMON, Trained, follow, texts, write_csv
from textclf.arguments import MeasureArguments
from textclf.errors import UserError
from textclf.evaluation.promises import check_promises, promise
from textclf.hub.card import render_card
from textclf.inference.answers import predictions
from textclf.inference.classifier import Classifier
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


def test_concluding_again_without_a_promise_takes_the_old_ones_out(promised, tmp_path):
    shutil.copytree(promised.run.path, tmp_path / "run")
    run = RunFolder(tmp_path / "run")
    classifier = Classifier.load(run.path)
    assert classifier.promises.set_from is not None
    promise(run, classifier, validation=None, guarantee=None, options=MeasureArguments())
    assert classifier.promises.set_from is None
    assert not {"abstain", "label_sets"} & run.read_json("config.json").keys()


def test_new_texts_are_measured_against_the_promises(promised, monkeypatch, capsys):
    import eval as eval_command

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
