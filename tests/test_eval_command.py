"""`eval.py` as a user types it: runs, other models, models on the Hub, other data than they were trained on."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.e2e.client_process import HANGING
from tests.hub_stand_in import StandInHub
from tests.tiny_models import SENTENCES
from tests.trained_runs import COMMON, follow, texts, write_csv, write_json_lines
from textclf.commands import eval as evaluate
from textclf.errors import UserError

ROOT = Path(__file__).parent.parent
QUICK = ["--bootstrap_draws", "200", "--output", "found"]
SEEN = "include those that the model was trained on"


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def measured(argv, capsys):
    """Run the command and return evaluation.json, what was shown, and what was said beside it."""
    evaluate.main([str(word) for word in [*argv, *QUICK]])
    shown = capsys.readouterr()
    return json.loads(Path("found/evaluation.json").read_text(encoding="utf-8")), shown.out, shown.err


def test_all_rows_of_the_runs_own_data_are_said_to_include_training_rows(trained, place, capsys):
    """A run measured on its whole data set looked better than it is, and nothing said why."""
    found = trained("single")
    rows = found.workspace / "rows.csv"
    run = shutil.copytree(found.run.path, place / "run")  # scoring its test rows counts
    everything, _, said = measured([run, "--dataset", rows], capsys)
    assert everything["split"] == "all"
    assert SEEN in said
    assert "--split test" in said
    assert any(SEEN in note for note in everything["notes"])
    test, _, said = measured([run, "--dataset", rows, "--split", "test"], capsys)
    assert "trained on" not in said
    assert test["metrics"]["accuracy"]["value"] == found.evaluation["metrics"]["accuracy"]["value"]
    _, _, said = measured([run, "--dataset", rows, "--split", "test", "--split_seed", "5"], capsys)
    assert "may hold rows that it was trained on" in said


def test_the_test_file_of_a_run_and_other_data_are_not_said_to_be_trained_on(trained, place, capsys):
    found = trained("separator")
    run = shutil.copytree(found.run.path, place / "run")  # scoring its test rows counts
    for rows in ("test.jsonl", "train.jsonl"):
        argv = [run, "--dataset", found.workspace / rows, "--label_separator", ";"]
        assert (SEEN in measured(argv, capsys)[2]) is (rows == "train.jsonl")
    write_csv(place / "new.csv", ["text", "label"], [(text, "good") for text in texts(20, 77)])
    assert SEEN not in measured([trained("single").run.path, "--dataset", "new.csv"], capsys)[2]


def test_several_labels_are_decided_by_the_models_own_cuts(trained, place, capsys):
    found = trained("separator")
    names = list(found.evaluation["labels"])
    rows = [{"text": text, "topics": names[len(text) % len(names)]} for text in texts(40, 78)]
    write_json_lines(place / "new.jsonl", rows)
    evaluation, shown, _ = measured([found.run.path, "--dataset", "new.jsonl", "--label_separator", ";"], capsys)
    cuts = found.run.read_json("config.json")["thresholds"]
    assert {name: row["threshold"] for name, row in evaluation["per_label"].items()} == pytest.approx(cuts)
    written = pq.read_table("found/predictions/all.parquet").to_pydict()
    decided = np.array(written["scores"]) >= np.array([cuts[name] for name in names], dtype=np.float32)
    gold = np.array([[name in row for name in names] for row in written["labels"]])
    expected = f1_score(gold, decided, average="micro", zero_division=0)
    assert evaluation["metrics"]["f1_micro"]["value"] == pytest.approx(expected)
    assert "all, n = 40, 95 % intervals" in shown


def test_fewer_labels_than_the_model_has_are_measured_and_more_are_explained(trained, place, capsys):
    run = trained("single").run.path
    write_csv(
        place / "fewer.csv", ["text", "label"], [(t, "good" if i % 2 else "bad") for i, t in enumerate(SENTENCES)]
    )
    evaluation, _, _ = measured([run, "--dataset", "fewer.csv"], capsys)
    assert evaluation["labels"] == ["bad", "good", "neither | nor"]
    written = pq.read_table("found/predictions/all.parquet").to_pydict()
    expected = accuracy_score(written["labels"], written["predicted"])
    assert evaluation["metrics"]["accuracy"]["value"] == pytest.approx(expected)
    assert evaluation["per_label"]["neither | nor"]["support"] == 0
    write_csv(
        place / "more.csv", ["text", "label"], [(t, "good" if i % 2 else "awful") for i, t in enumerate(SENTENCES)]
    )
    with pytest.raises(UserError, match=r"does not know the label awful of the data; its labels are bad, good"):
        evaluate.main([str(run), "--dataset", "more.csv"])


def test_one_label_against_several_is_explained(trained, capsys):
    rows = trained("separator").workspace / "test.jsonl"
    with pytest.raises(UserError, match="several labels a text"):
        evaluate.main([str(trained("single").run.path), "--dataset", str(rows), "--label_separator", ";"])


def test_figures_do_not_replace_those_of_a_run(trained, place):
    """`--output RUN` wrote the new figures over the run's evaluation.json, which its card is made of."""
    found = trained("single")
    before = (found.run.path / "evaluation.json").read_bytes()
    words = [str(found.run.path), "--dataset", str(found.workspace / "rows.csv")]
    with pytest.raises(UserError, match=r"folder of a model, whose own evaluation\.json would be replaced"):
        evaluate.main([*words, "--output", str(found.run.path)])
    assert (found.run.path / "evaluation.json").read_bytes() == before
    (place / "taken").write_text("a file")
    with pytest.raises(UserError, match="--output taken is a file"):
        evaluate.main([*words, "--output", "taken"])


@pytest.mark.parametrize("draws", ["0", "-1", "1"])
def test_too_few_draws_for_an_interval_are_refused(draws, trained):
    """No draws were measured under the title `95 % bootstrap intervals`, one gave an interval of no width."""
    found = trained("single")
    rows = str(found.workspace / "rows.csv")
    words = [str(found.run.path), "--dataset", rows, "--bootstrap_draws", draws]
    with pytest.raises(UserError, match=f"whole number from 20.*found {draws}"):
        evaluate.main(words)


def test_without_data_there_is_nothing_to_measure_on(trained):
    """The embedded sample was measured, and nothing said so."""
    with pytest.raises(UserError, match="with --dataset"):
        evaluate.main([str(trained("single").run.path), "--split", "test"])


def test_a_model_on_the_hub_without_label_names_is_measured_in_order(tiny_model, place):
    """Somebody else's model, by its id, over the real client."""
    folder = tiny_model("distilbert", labels=("LABEL_0", "LABEL_1"))
    write_csv(
        place / "rows.csv", ["text", "label"], [(t, "긍정" if i % 3 else "부정") for i, t in enumerate(SENTENCES)]
    )
    with StandInHub() as hub:
        files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        hub.create("model", "someone/sentiment", files=files)
        environment = {**hub.environment(place / "home"), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        command = [sys.executable, str(ROOT / "eval.py"), "someone/sentiment", "--dataset", "rows.csv", *QUICK]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=HANGING, check=False)
    assert done.returncode == 0, done.stderr
    assert "LABEL_0 = 긍정, LABEL_1 = 부정" in done.stderr or "LABEL_0 = 부정, LABEL_1 = 긍정" in done.stderr
    evaluation = json.loads(Path("found/evaluation.json").read_text(encoding="utf-8"))
    assert evaluation["model"] == "someone/sentiment"
    assert evaluation["n"] == len(SENTENCES)


def test_a_hub_id_that_is_not_there_is_one_sentence(place):
    with StandInHub() as hub:
        environment = {**hub.environment(place / "home"), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        command = [sys.executable, str(ROOT / "eval.py"), "someone/nothing", "--dataset", "news_sample"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=HANGING, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "someone/nothing" in done.stderr


def test_a_run_reads_the_numbers_of_later_data_as_its_own(tiny_model, place, capsys):
    """A file without the lowest number was counted from 0: accuracy 0.0, and nothing said why.

    Of columns that could be the label as well, eval.py asked again which was meant.
    """
    names = ["-1=bad", "0=so so", "1=good"]
    rows = [(text, i % 3 - 1, "abba"[i % 4]) for i, text in enumerate(texts(60, 81))]
    write_csv(place / "rows.csv", ["text", "mood", "topic"], rows)
    argv = [
        "--model",
        str(tiny_model("bert")),
        "--dataset",
        "rows.csv",
        "--output_dir",
        "run",
        "--class_names",
        *names,
        "--label_columns",
        "mood",
    ]
    follow(place, [*COMMON, *argv, "--merge_labels", "so so=bad"])
    later = [(text, i % 2, "abba"[i % 4]) for i, text in enumerate(texts(30, 82))]
    write_csv(place / "later.csv", ["text", "mood", "topic"], later)
    found, _, _ = measured(["run", "--dataset", "later.csv"], capsys)
    assert any("0 is bad, 1 is good" in note for note in found["notes"] + found["data"]["notes"])
    table = pq.read_table("found/predictions/all.parquet").to_pydict()
    assert "As the model's own data has them, 'text', 'mood' are read." in found["data"]["notes"]
    meant = {text: ["bad", "good"][label] for text, label, _ in later}
    assert dict(zip(table["text"], table["labels"], strict=True)) == meant
    assert found["metrics"]["accuracy"]["value"] == accuracy_score(table["labels"], table["predicted"])


NAMES, GRADES = ("art", "law", "sea"), ("awful", "bad", "so so", "good", "superb")
# What stands in the file's cells -> what it means; the model's labels, the column and the flags that go with it.
STYLES = {
    "1 to 5": ({i: str(i) for i in range(1, 6)}, ("1", "2", "3", "4", "5"), "rating", []),
    "2 to 4 of 5": ({4: "4", 2: "2", 3: "3"}, ("1", "2", "3", "4", "5"), "stars", []),
    "fractions that are whole": ({"5.0": "5", "1.0": "1"}, ("1", "2", "3", "4", "5"), "rating", []),
    "1 to 4 with names": (
        {i: name for i, name in enumerate(GRADES[:4], 1)},
        GRADES,
        "label",
        ["--class_names", *(f"{i}={name}" for i, name in enumerate(GRADES, 1))],
    ),
    "signs": ({-1: "-1", 0: "0", 1: "1"}, ("-1", "0", "1"), "sentiment", []),
    "signs with names": (
        {1: "art", -1: "law", 0: "sea"}, NAMES, "label", ["--class_names", "-1=law", "0=sea", "1=art"]
    ),
    "true and false": ({"True": "true", "FALSE": "false"}, ("false", "true"), "label", []),
    "marks": (
        {"[0, 1, 1]": ("law", "sea"), "[1, 0, 0]": ("art",), "[0, 0, 0]": (), "[0, 0, 1]": ("sea",)},
        NAMES, "labels", ["--class_names", *NAMES],
    ),
    "a separator": (
        {"law;sea": ("law", "sea"), "art": ("art",), "sea ; art": ("art", "sea")}, NAMES, "topics",
        ["--label_separator", ";"],
    ),
    "lists as Python writes them": (
        {"['law', 'sea']": ("law", "sea"), "['art']": ("art",), "[]": ()}, NAMES, "labels", []
    ),
}  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
def test_figures_are_those_of_plain_transformers_however_labels_are_written(style, tiny_model, place, capsys):
    """Accuracy was 0.0 where numbers were taken to count from 0: counted here with nothing of the project's."""
    cells, labels, column, flags = STYLES[style]
    several = any(isinstance(meant, tuple) for meant in cells.values())
    model = shutil.copytree(tiny_model("bert", labels=labels), place / "model")
    if several:
        config = json.loads((model / "config.json").read_text(encoding="utf-8"))
        (model / "config.json").write_text(json.dumps(config | {"problem_type": "multi_label_classification"}))
    rows = [(text, list(cells)[i % len(cells)]) for i, text in enumerate(texts(40, 83))]
    write_csv(place / "rows.csv", ["text", column], rows)
    found, _, _ = measured([model, "--dataset", "rows.csv", *flags], capsys)
    tokenizer = AutoTokenizer.from_pretrained(model)
    network = AutoModelForSequenceClassification.from_pretrained(model).eval()
    gold, decided = [], []
    for text, cell in rows:
        with torch.no_grad():
            logits = network(**tokenizer(text, return_tensors="pt")).logits[0].tolist()
        meant = cells[cell]
        gold.append(set(meant) if several else meant)
        decided.append(
            {name for name, logit in zip(labels, logits, strict=True) if logit >= 0}
            if several
            else labels[logits.index(max(logits))]
        )
    right = sum(a == b for a, b in zip(gold, decided, strict=True)) / len(rows)
    metrics = {name: each["value"] for name, each in found["metrics"].items()}
    assert found["n"] == 40
    assert metrics["subset_accuracy" if several else "accuracy"] == pytest.approx(right)
    if several:
        both = sum(len(a & b) for a, b in zip(gold, decided, strict=True))
        assert metrics["f1_micro"] == pytest.approx(2 * both / sum(len(a) + len(b) for a, b in zip(gold, decided, strict=True)))  # fmt: skip # noqa: E501
