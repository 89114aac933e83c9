"""What to label next: least sure first, not alike, each text once, in a file that trains once it is filled in."""

import csv

import numpy as np
import pytest

from tests.made_runs import make_run
from textclf.bulk.to_label import farthest_first, uncertainty
from textclf.commands import predict
from textclf.errors import UserError
from textclf.labels import LabelSpace

ONE = LabelSpace(("a", "b", "c"), multi_label=False)
SEVERAL = LabelSpace(("a", "b"), multi_label=True)


def test_of_one_label_uncertainty_is_how_small_the_lead_is():
    scores = np.array([[0.5, 0.5, 0.0], [0.9, 0.08, 0.02], [0.4, 0.3, 0.3]])
    assert uncertainty(scores, ONE, None) == pytest.approx([1.0, 0.18, 0.9])


def test_of_several_labels_it_is_how_near_the_nearest_cut_is():
    """At cuts .2 and .6: .2 is at its cut; .9 is half way from .8 ... 1 - .2; .3 is half way below .6."""
    scores = np.array([[0.2, 0.0], [0.6, 1.0], [0.0, 0.3]])
    assert uncertainty(scores, SEVERAL, np.array([0.2, 0.6])) == pytest.approx([1.0, 0.5, 0.5])


def test_what_is_alike_is_taken_once():
    texts = ["배송이 빨라요", "배송이 빨라요!", "the soup was cold", "배송이 빨라요.", "voters go to the polls"]
    assert set(farthest_first(np.array([0.9, 0.89, 0.5, 0.88, 0.4]), texts, 3)) == {0, 2, 4}


def test_among_texts_that_differ_the_least_sure_come_first():
    texts = ["aaa bbb", "ccc ddd", "eee fff", "ggg hhh"]
    assert farthest_first(np.array([0.1, 0.8, 0.3, 0.9]), texts, 3) == [3, 1, 2]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("labels") / "run", "korean").path


def write(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return str(path)


def test_the_command_writes_a_file_to_fill_in(run, tmp_path, capsys):
    texts = [f"{word} 문장 {number}" for number, word in enumerate("가나다라마바사아자차")]
    source = write(tmp_path / "pool.csv", [["id", "text"], *enumerate([*texts, texts[0], " "])])
    output = tmp_path / "next.csv"
    predict.main([str(run), source, "--to_label", "4", "--output", str(output)])
    with output.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["id", "text", "label", "predicted", "uncertainty"]
    assert len({row["text"] for row in rows}) == 4
    assert {row["text"] for row in rows} <= set(texts)
    assert all(row["label"] == "" and row["predicted"] in {"부정", "긍정"} for row in rows)
    assert all(texts[int(row["id"])] == row["text"] for row in rows)
    shown = capsys.readouterr().out
    assert "4 of 10 different texts (12 rows)" in shown
    assert "python train.py --dataset FOLDER --text_columns text --label_columns label" in shown


@pytest.mark.parametrize(
    ("words", "says"),
    {
        "no CSV": (["--to_label", "2", "--output", "next.jsonl"], "writes a CSV file to fill in"),
        "too many": (["--to_label", "9", "--output", "next.csv"], "asks for 9 texts; there are 2 that differ"),
        "shards": (["--to_label", "2", "--output", "next.csv", "--shards", "2"], "looks at all texts at once"),
        "none": (["--to_label", "0", "--output", "next.csv"], "--to_label must be 1 or more"),
    }.values(),
)
def test_what_cannot_be_is_said(words, says, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = write(tmp_path / "pool.csv", [["text"], ["하나"], ["둘"]])
    with pytest.raises(UserError, match=says):
        predict.main([str(run), source, *words])


def test_a_filled_in_file_beside_the_labelled_ones_is_trained_on(tmp_path):
    """The loop of the documentation: label, add, train again; test stays what it was."""
    from textclf.arguments import DataArguments
    from textclf.data.loading import load_splits

    rows = [(f"문장 {number}", ("부정", "긍정")[number % 2]) for number in range(60)]
    (tmp_path / "data" / "train").mkdir(parents=True)
    write(tmp_path / "data" / "train" / "first.csv", [["text", "label"], *rows[:30]])
    write(tmp_path / "data" / "test.csv", [["text", "label"], *rows[30:50]])
    write(
        tmp_path / "data" / "train" / "next.csv",
        [["text", "label", "predicted", "uncertainty"], *[(*row, "긍정", "0.9") for row in rows[50:]]],
    )
    splits, _ = load_splits(
        DataArguments(dataset=str(tmp_path / "data"), text_columns=["text"], label_columns=["label"])
    )
    assert len(splits["train"]) + len(splits["validation"]) == 40
    assert splits["test"]["text"] == [text for text, _ in rows[30:50]]
