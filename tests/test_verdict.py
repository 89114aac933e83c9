"""evaluation.json of a finished run: what was chosen on what, and how often test was scored."""

import csv
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, Value

from tests.trained_runs import COMMON, follow
from textclf.arguments import MeasureArguments
from textclf.errors import UserError
from textclf.evaluation.baselines.fitted import fit_baselines
from textclf.evaluation.baselines.treatment import Treatment
from textclf.evaluation.comparison import outcome
from textclf.evaluation.report import report_on
from textclf.evaluation.verdict import _beside_baselines, check_options
from textclf.labels import LabelSpace


@pytest.mark.parametrize("case", ["single", "separator"])
def test_it_says_what_was_chosen_on_what(case, trained):
    found = trained(case).evaluation
    assert found["selection"]["split"] == "validation"
    assert found["calibration"]["fitted_on"] == "validation"
    assert {baseline["chosen"]["chosen_on"] for baseline in found["baselines"].values()} == {"validation"}
    assert found["against_baseline"]["best_on"] == "validation"
    assert (found["thresholds"] or {"chosen_on": "validation"})["chosen_on"] == "validation"
    assert found["n"] == found["data"]["sizes"]["test"]
    assert found["calibration"]["n"] == found["data"]["sizes"]["validation"]
    assert found["test_scored"] == 1
    texts, answers = found["training_profile"]["texts"], found["training_profile"]["answers"]
    assert (texts["split"], answers["split"]) == ("train", "validation")
    left = trained(case).run.read_json("audit.json")["removed_from_train"]["exact_leaks"]
    trained_on = found["data"]["sizes"]["train"] - left
    assert sum(texts["tokens"]["counts"]) == sum(texts["scripts"].values()) == trained_on
    assert sum(answers["best_score"]["counts"]) == found["data"]["sizes"]["validation"]
    assert answers["predicted"].keys() == set(found["labels"])


def test_a_run_that_is_concluded_again_says_that_test_was_scored_twice(trained, tmp_path):
    found = trained("single")
    shutil.copytree(found.workspace, tmp_path / "work")
    argv = ["--dataset", "rows.csv", "--baselines", "majority", "prior", "tfidf_svm", "--model", "tiny"]
    argv += ["--num_train_epochs", "3"]  # the command that began it
    (tmp_path / "work/run/evaluation.json").unlink()  # as if the first conclusion had stopped before it was written
    shown = follow(tmp_path / "work", [*COMMON, *argv, "--resume_from_checkpoint", "run"])
    again = type(found)(type(found.run)(tmp_path / "work" / "run"), tmp_path, shown).evaluation
    assert again["test_scored"] == 2
    for key in ("metrics", "calibration", "selection", "against_baseline"):
        assert again[key] == found.evaluation[key], key


def test_a_run_chosen_by_its_loss_is_compared_by_the_log_loss(trained, tmp_path):
    """The Trainer calls it `loss`, the report `log_loss`: the alphabet's first metric was compared instead."""
    shutil.copytree(trained("single").workspace, tmp_path / "work", ignore=shutil.ignore_patterns("run"))
    argv = ["--dataset", "rows.csv", "--model", "tiny", "--metric_for_best_model", "loss", "--output_dir", "run"]
    follow(tmp_path / "work", [*COMMON, *argv, "--baselines", "majority", "prior"])
    evaluation = json.loads((tmp_path / "work/run/evaluation.json").read_text(encoding="utf-8"))
    found, losses = evaluation["against_baseline"], evaluation["baselines"]["prior"]["metrics"]["log_loss"]
    assert evaluation["selection"]["metric"] == "loss"
    assert (found["name"], found["metric"]) == ("prior", "log_loss")
    assert found["difference"] == pytest.approx(evaluation["metrics"]["log_loss"]["value"] - losses["value"])
    begins = {
        "wins": "The model beats",
        "unclear": "No difference in log loss",
        "loses": "The baseline label prior beats",
    }
    assert found["verdict"].startswith(begins[outcome(found)])


def test_baselines_are_settled_on_the_validation_texts_and_on_no_others(trained):
    """Fitted anew on the rows that are in neither predictions file: settled on test, the figures are others."""
    found = trained("single")
    names = found.evaluation["labels"]
    features = Features({"text": Value("string"), "labels": ClassLabel(names=names)})
    with (found.workspace / "rows.csv").open(encoding="utf-8", newline="") as file:
        gold = {row["text"]: row["label"] for row in csv.DictReader(file)}
    held = {name: found.predictions(name)["text"].to_pylist() for name in ("validation", "test")}
    held["train"] = [text for text in gold if text not in {*held["validation"], *held["test"]}]
    splits = {
        name: Dataset.from_dict({"text": texts, "labels": [names.index(gold[text]) for text in texts]}, features)
        for name, texts in held.items()
    }
    treatment = Treatment(metric=found.evaluation["selection"]["metric"])
    losses = {}
    for name in ("validation", "test"):
        labels = LabelSpace(tuple(names), multi_label=False)
        (baseline,) = fit_baselines(["tfidf_svm"], splits["train"], splits[name], labels, treatment)
        losses[name] = baseline.chosen["calibration"]["log_loss_before"]
    recorded = found.evaluation["baselines"]["tfidf_svm"]["chosen"]
    assert recorded["n"] == len(held["validation"])
    assert recorded["calibration"]["log_loss_before"] == pytest.approx(losses["validation"], rel=0.005)
    assert losses["test"] != pytest.approx(losses["validation"], rel=0.02)


def test_the_baseline_to_beat_is_the_best_on_validation_whatever_test_says():
    pair, gold = LabelSpace(("no", "yes"), multi_label=False), np.array([0, 1] * 20)

    class Settled:
        labels, chosen = pair, {}

        def __init__(self, name, validation, wrong_on_test):
            self.name, self.validation = name, {"f1_macro": validation}
            self.report = report_on(np.eye(2, dtype=np.float32)[gold ^ (np.arange(40) < wrong_on_test)], gold, pair)

    baselines = [Settled("lucky", 0.6, wrong_on_test=4), Settled("chosen", 0.7, wrong_on_test=12)]
    reports = {each.name: each.report for each in baselines}
    found = _beside_baselines(reports, baselines, reports["lucky"], "f1_macro")["against_baseline"]
    assert found["name"] == "chosen"
    assert found["better_on_test"]["name"] == "lucky"


@pytest.mark.parametrize("setting", [{"bake_thresholds": True}, {"threshold_aim": "precision>=0.9"}])
def test_thresholds_are_for_several_labels_and_refused_where_each_text_has_one(setting):
    several, one = (LabelSpace(("a", "b"), multi_label) for multi_label in (True, False))
    check_options(MeasureArguments(**setting), several)
    check_options(MeasureArguments(), one)
    with pytest.raises(UserError, match=r"this data has one label a text.*Leave them out"):
        check_options(MeasureArguments(**setting), one)


def test_where_no_test_text_carries_a_label_whole_sets_are_compared():
    """Fifty texts of which none is toxic: an average over no label is undefined, and the comparison ended the run."""
    labels = LabelSpace(("toxic", "threat"), True)
    gold = np.zeros((50, 2), dtype=int)
    quiet, loud = (np.full((50, 2), value, dtype=np.float32) for value in (0.1, 0.9))
    model, other = (report_on(scores, gold, labels, draws=200) for scores in (quiet, loud))
    baseline = SimpleNamespace(name="loud", chosen={}, validation={"average_precision_micro": 0.5}, labels=labels)
    found = _beside_baselines({"loud": other}, [baseline], model, "average_precision_micro")["against_baseline"]
    assert (found["metric"], found["difference"]) == ("subset_accuracy", 1.0)
    gold[3, 0] = 1
    model, other = (report_on(scores, gold, labels, draws=200) for scores in (quiet, loud))
    found = _beside_baselines({"loud": other}, [baseline], model, "loss")["against_baseline"]
    assert found["metric"] == "log_loss"
