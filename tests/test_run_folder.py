"""The run folder that train.py leaves: every file that was promised, with what was promised inside, and no more."""

import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from tests.trained_runs import CASES, follow
from textclf.errors import UserError
from textclf.run_folder import MADE_BY, RunFolder, refuse_missing_folder

KEYS = {
    *("task", "split", "n", "labels", "data", "metrics", "per_label", "confusion_matrix", "baselines"),
    *("against_baseline", "selection", "calibration", "test_scored", "training"),
}
SEVERAL = {"separator", "flags"}
PAIRS = {"pair", "korean_pair"}
LABELS = {
    "single": ["bad", "good", "neither | nor"],
    "separator": ["e", "en", "long"],
    "flags": ["long", "en", "e"],
    "pair": ["politics", "sport"],
    "korean": ["부정", "긍정"],
    "korean_pair": ["같음", "다름"],
}


@pytest.fixture(params=CASES)
def case(request):
    return request.param


def test_the_command_that_makes_a_missing_run_can_be_typed_whatever_its_path(tmp_path):
    with pytest.raises(UserError, match=r"`python train\.py --output_dir '.*/my run'` makes it"):
        RunFolder.open(tmp_path / "my run")


def test_every_promised_file_is_there(case, trained):
    run = trained(case).run
    assert all((run.path / name).is_file() for name in MADE_BY)
    assert list((run.path / "figures").glob("*.png"))
    assert (run.path / "adapter").is_dir() == (case == "adapter")
    assert not list(run.path.rglob("*unfinished*"))
    assert not list(run.path.glob("checkpoints/checkpoint-*")), "the best is at the root, the others are gone"


def test_predictions_stand_in_split_order_with_the_promised_columns(case, trained):
    found = trained(case)
    for split, n in found.evaluation["data"]["sizes"].items():
        if split == "train":
            continue
        table = found.predictions(split)
        assert table.column_names == ["text", "text_pair", "labels", "predicted", "scores"]
        assert table.num_rows == n
        names = pa.list_(pa.string()) if case in SEVERAL else pa.string()
        assert [field.type for field in table.schema][2:4] == [names, names]
        assert table.schema.field("scores").type == pa.list_(pa.float32())
        assert all(len(row) == len(found.evaluation["labels"]) for row in table["scores"].to_pylist())
        assert all(pair is None for pair in table["text_pair"].to_pylist()) == (case not in PAIRS)


def test_given_splits_keep_their_rows_and_their_order(trained):
    found = trained("separator")
    for split in ("validation", "test"):
        rows = [json.loads(line) for line in (found.workspace / f"{split}.jsonl").read_text("utf-8").splitlines()]
        table = found.predictions(split).to_pydict()
        assert table["text"] == [row["text"] for row in rows]
        assert [set(names) for names in table["labels"]] == [set(row["topics"].split(";")) for row in rows]


def test_evaluation_holds_the_promised_keys(case, trained):
    evaluation = trained(case).evaluation
    assert set(evaluation) >= KEYS
    several = case in SEVERAL
    assert evaluation["task"] == ("multi_label_classification" if several else "single_label_classification")
    assert evaluation["split"] == "test"
    assert evaluation["n"] == evaluation["data"]["sizes"]["test"]
    assert evaluation["labels"] == LABELS.get(case, evaluation["labels"])
    assert evaluation["test_scored"] == 1
    assert evaluation["scored_on"] == "cpu", "training's device is the processor's model"
    assert evaluation["data"].keys() >= {"name", "revision", "fingerprint", "sizes", "how_split"}
    assert evaluation["training"].keys() >= {
        *("seconds", "examples_per_second", "tokens_per_second", "device", "precision", "processes", "versions"),
    }
    assert evaluation["selection"].keys() == {"metric", "split", "value", "epoch"}
    assert evaluation["selection"]["split"] == "validation"
    assert set(evaluation["per_label"]) == set(evaluation["labels"])
    assert (evaluation["confusion_matrix"] is None) == several
    assert (evaluation["long_text"] is not None) == (case == "windows")
    for figure in evaluation["metrics"].values():
        assert math.isfinite(figure["value"])
        assert (
            figure["low"] <= figure["value"] <= figure["high"] if figure["low"] is not None else figure["no_interval"]
        )


def test_figures_follow_from_the_predictions(case, trained):
    found = trained(case)
    table, names = found.predictions().to_pydict(), found.evaluation["labels"]
    figures = {name: figure["value"] for name, figure in found.evaluation["metrics"].items()}
    if case in SEVERAL:
        gold, predicted = (np.array([[n in row for n in names] for row in table[c]]) for c in ("labels", "predicted"))
        cuts = json.loads((found.run.path / "config.json").read_text("utf-8"))["thresholds"]
        scores = np.array(table["scores"])
        assert (predicted == (scores >= np.array([cuts[name] for name in names]))).all()
        assert figures["subset_accuracy"] == pytest.approx(accuracy_score(gold, predicted))
        assert figures["f1_macro"] == pytest.approx(f1_score(gold, predicted, average="macro", zero_division=0))
        return
    gold, predicted = table["labels"], table["predicted"]
    assert predicted == [names[i] for i in np.argmax(table["scores"], axis=1)]
    assert figures["accuracy"] == pytest.approx(accuracy_score(gold, predicted))
    expected = f1_score(gold, predicted, labels=names, average="macro", zero_division=0)
    assert figures["f1_macro"] == pytest.approx(expected)
    assert found.evaluation["confusion_matrix"] == confusion_matrix(gold, predicted, labels=names).tolist()


def test_baselines_are_measured_on_the_same_rows(trained):
    evaluation = trained("single").evaluation
    assert list(evaluation["baselines"]) == ["majority", "prior", "tfidf_svm"]
    gold = trained("single").predictions()["labels"].to_pylist()
    majority = evaluation["baselines"]["majority"]["metrics"]["accuracy"]["value"]
    assert any(majority == pytest.approx(gold.count(name) / len(gold)) for name in evaluation["labels"])
    assert evaluation["against_baseline"].keys() >= {"name", "metric", "difference", "low", "high", "p_value"}


def test_labels_and_length_are_in_the_checkpoint(case, trained):
    found = trained(case)
    config = json.loads((found.run.path / "config.json").read_text("utf-8"))
    assert [config["id2label"][str(i)] for i in range(len(config["id2label"]))] == found.evaluation["labels"]
    assert config["problem_type"] == found.evaluation["task"]
    assert ("thresholds" in config) == (case in SEVERAL)
    tokenizer = json.loads((found.run.path / "tokenizer_config.json").read_text("utf-8"))
    assert tokenizer["model_max_length"] == found.run.read_json("audit.json")["max_length"]["chosen"]


def test_the_log_has_one_json_line_a_step_and_a_validation(case, trained):
    lines = [json.loads(line) for line in (trained(case).run.path / "training_log.jsonl").read_text().splitlines()]
    assert any("eval_loss" in line for line in lines)
    assert all(math.isfinite(value) for line in lines for value in line.values())


def test_nothing_of_this_machine_and_no_row_of_the_data_in_what_is_published(case, trained):
    found = trained(case)
    rows = [
        t
        for split in ("validation", "test")
        for c in ("text", "text_pair")
        for t in found.predictions(split)[c].to_pylist()
    ]
    long_rows = [text for text in rows if text and len(text) > 60]
    assert long_rows
    for name in ("README.md", "config.json", "tokenizer_config.json", "recipe.yaml", "audit.json", "evaluation.json"):
        content = (found.run.path / name).read_text("utf-8")
        assert str(found.workspace) not in content, name
        assert "/tmp" not in content, name
        assert not [text for text in long_rows if text in content or json.dumps(text)[1:-1] in content], name


def test_the_recipe_trains_again_to_the_same_scores(trained, tmp_path):
    found = trained("pair")
    follow(found.workspace, ["run/recipe.yaml", "--output_dir", str(tmp_path / "again"), "--threads", "1"])
    again = RunFolder.open(tmp_path / "again")
    assert again.read_json("evaluation.json")["metrics"] == found.evaluation["metrics"]
    table = pq.read_table(again.path / "predictions/test.parquet")
    assert table.equals(found.predictions())
    recipe = yaml.safe_load((found.run.path / "recipe.yaml").read_text("utf-8"))
    assert (recipe["seed"], recipe["split_seed"], recipe["text_columns"]) == (42, 13, ["title", "body"])


def test_an_incomplete_folder_names_what_is_missing_and_the_command(tmp_path):
    with pytest.raises(UserError, match=r"does not exist\. `python train\.py"):
        RunFolder.open(tmp_path / "none")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UserError, match=r"not complete: model\.safetensors.* missing\. `python train\.py"):
        RunFolder.open(tmp_path)


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    run = RunFolder(tmp_path)
    run.write_json("a.json", {"한글": 1})

    def fails(path):
        path.write_text("half")
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        run.write("a.json", fails)
    with pytest.raises(ValueError, match="Out of range"):
        run.write_json("b.json", {"x": math.nan})
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert run.read_json("a.json") == {"한글": 1}


def test_a_free_name_is_found_beside_earlier_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(RunFolder.free("a")) == "runs/a"
    (tmp_path / "runs/a").mkdir(parents=True)
    (tmp_path / "runs/a-2").mkdir()
    assert str(RunFolder.free("a")) == "runs/a-3"


@pytest.mark.parametrize("named", ["runs/nothing", "./nothing", "a/b/c", "~/nothing/at/all"])
def test_a_run_that_is_not_there_is_never_looked_for_on_the_hub(named, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "nothing-2").mkdir(parents=True)
    with pytest.raises(UserError, match=f"The folder {named} does not exist; expected a run folder") as refused:
        refuse_missing_folder(named)
    assert ("Did you mean 'nothing-2'?" in str(refused.value)) == (named == "runs/nothing")
    for fine in ("runs/nothing-2", "alice/reviews", "gpt2"):
        refuse_missing_folder(fine)
