"""evaluation.json of a finished run: what was chosen on what, and how often test was scored."""

import json
import shutil

import pytest

from tests.trained_runs import COMMON, follow
from textclf.evaluation.comparison import outcome


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
    begins = {"wins": "The model beats", "unclear": "No difference in log_loss", "loses": "The baseline prior beats"}
    assert found["verdict"].startswith(begins[outcome(found)])
