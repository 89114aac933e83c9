"""Runs side by side: the same rows or none, tests that hold together, and nothing shown of test texts."""

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.made_runs import make_run
from textclf.commands import compare
from textclf.errors import UserError
from textclf.studies.aligned_runs import MeasuredRows, aligned, row_keys
from textclf.studies.showing import html, markdown, plain_text
from textclf.studies.side_by_side import side_by_side, verdict_on


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compared")
    return {kind: make_run(folder / kind, kind).path for kind in ("single", "multi", "korean")}


def variant(path, name, change, split="test", order=None):
    """A copy of a run with other scores: `change` gets scores [N, L] and gold ids or 0/1, and returns scores."""
    other = path.parent / name
    if not other.exists():
        shutil.copytree(path, other)
    table = pq.read_table(path / "predictions" / f"{split}.parquet")
    names = json.loads((path / "evaluation.json").read_text())["labels"]
    gold = [
        [names.index(x) for x in row] if isinstance(row, list) else names.index(row)
        for row in table["labels"].to_pylist()
    ]
    scores = change(np.array(table["scores"].to_pylist(), dtype=np.float32), gold)
    table = table.set_column(4, "scores", pa.array(scores.tolist(), pa.list_(pa.float32())))
    if order is not None:
        table = table.take(order)
    pq.write_table(table, other / "predictions" / f"{split}.parquet")
    return other


def right(scores, gold):
    """Scores that decide every row as gold has it."""
    found = np.full_like(scores, 0.01)
    for row, ids in enumerate(gold):
        found[row, ids] = 0.98
    return found


def test_a_run_that_is_always_right_is_better_than_a_random_one_and_worse_than_none(made):
    perfect = variant(made["single"], "perfect", right)
    found = side_by_side([made["single"], perfect], "accuracy", draws=200)
    assert found.runs[found.reference].name == "single"  # equal on validation: the first
    test = found.tests["perfect"]
    assert test["difference"] == pytest.approx(1 - found.runs[0].test.metrics["accuracy"]["value"])
    assert test["low"] > 0
    assert verdict_on(found, "perfect") == "better than single"


def test_a_run_beside_its_copy_shows_no_difference(made):
    copy = variant(made["single"], "copy", lambda scores, gold: scores)
    found = side_by_side([made["single"], copy], draws=200)
    assert verdict_on(found, "copy") == "no difference shown"
    assert found.tests["copy"]["mcnemar_p_value"] == 1.0
    assert found.different == 0


def test_p_values_hold_for_all_tests_together(made):
    others = [variant(made["single"], f"perfect-{k}", right) for k in range(3)]
    found = side_by_side([made["single"], *others], "accuracy", draws=200)
    alone = [test["mcnemar_p_value_alone"] for test in found.tests.values()]
    assert [test["mcnemar_p_value"] for test in found.tests.values()] == pytest.approx([3 * p for p in alone])


def test_rows_in_another_order_are_put_in_the_first_ones(made):
    shuffled = variant(made["single"], "shuffled", lambda s, g: s, order=np.random.default_rng(0).permutation(34))
    found = side_by_side([made["single"], shuffled], draws=50)
    assert np.array_equal(found.runs[0].test.scores, found.runs[1].test.scores)
    assert np.array_equal(found.runs[0].test.gold, found.runs[1].test.gold)


def test_labels_in_another_order_are_put_in_the_first_ones(made):
    turned = variant(made["multi"], "turned", lambda s, g: s[:, ::-1])
    evaluation = json.loads((turned / "evaluation.json").read_text())
    config = json.loads((turned / "config.json").read_text())
    evaluation["labels"] = evaluation["labels"][::-1]
    (turned / "evaluation.json").write_text(json.dumps(evaluation))
    (turned / "config.json").write_text(json.dumps(config))  # cuts go by name
    shutil.copy(made["multi"] / "predictions" / "validation.parquet", turned / "predictions" / "validation.parquet")
    found = side_by_side([made["multi"], turned], draws=50)
    assert np.array_equal(found.runs[0].test.scores, found.runs[1].test.scores)
    assert np.array_equal(found.runs[0].test.predicted, found.runs[1].test.predicted)


def test_other_test_rows_are_refused(made):
    other = variant(made["single"], "fewer", lambda s, g: s, order=np.arange(33))
    with pytest.raises(UserError, match=r"test rows of .*fewer \(33\) are not those of .* \(34\); 33 stand in both"):
        side_by_side([made["single"], other])


def test_a_study_of_other_rows_has_a_table_without_tests(made):
    found = side_by_side([made["single"], made["korean"]], draws=50, refuse=False)
    assert not found.tests
    assert "single" in html(found)
    assert "Nothing compares these runs text by text" in markdown(found)
    assert "in words" not in plain_text(found)


def test_other_labels_are_refused(made):
    with pytest.raises(UserError, match="runs are compared on one task"):
        side_by_side([made["single"], made["korean"]])


def test_a_changed_gold_label_makes_other_rows():
    keys = row_keys(["a", ("b", "c")], ["x", ["y", "z"]])
    assert aligned(keys, row_keys([("b", "c"), "a"], [["z", "y"], "x"])).tolist() == [1, 0]
    assert aligned(keys, row_keys(["a", "b c"], ["x", ["y", "z"]])) is not None  # joined, it is the same row
    assert aligned(keys, row_keys(["a", ("b", "c")], ["w", ["y", "z"]])) is None
    assert aligned(row_keys(["a", "a"], ["x", "x"]), row_keys(["a", "b"], ["x", "x"])) is None


SPLIT_ALIKE = {"data": {"files": [{"name": "a.csv", "sha256": "0"}], "how_split": "seed 13", "removed": {}}}


def rows_read(texts, gold, **other):
    return MeasuredRows.of(texts, gold, {"data": SPLIT_ALIKE["data"] | other})


def test_other_columns_of_the_same_rows_are_matched_by_their_place():
    """A title and its body: a study of S0's inputs could not be tested at all."""
    titles = rows_read(["t1", "t2", "t3"], ["x", "y", "x"])
    bodies = rows_read(["b1", "b2", "b3"], ["x", "y", "x"])
    assert bodies.order(titles).tolist() == [0, 1, 2]
    assert rows_read(["t3", "t1", "t2"], ["x", "x", "y"]).order(titles).tolist() == [1, 2, 0]  # by its texts
    for other in (
        rows_read(["b1", "b2", "b3"], ["x", "x", "y"]),
        rows_read(["b1", "b2"], ["x", "y"]),
        rows_read(["b1", "b2", "b3"], ["x", "y", "x"], how_split="seed 14"),
        rows_read(["b1", "b2", "b3"], ["x", "y", "x"], removed={"blank_texts": 1}),
        rows_read(["b1", "b2", "b3"], ["x", "y", "x"], files=[{"name": "a.csv", "sha256": "1"}]),
        MeasuredRows.of(["b1", "b2", "b3"], ["x", "y", "x"], {}),
    ):
        assert other.order(titles) is None


def test_runs_on_title_and_body_are_tested_and_the_matching_is_said(made):
    bodies = variant(made["single"], "bodies", right)
    for split in ("test", "validation"):
        path = bodies / "predictions" / f"{split}.parquet"
        table = pq.read_table(path)
        others = pa.array([f"body {row}" for row in range(table.num_rows)])
        pq.write_table(table.set_column(table.column_names.index("text"), "text", others), path)
    for folder in (made["single"], bodies):
        evaluation = json.loads((folder / "evaluation.json").read_text())
        evaluation["data"] |= SPLIT_ALIKE["data"]
        (folder / "evaluation.json").write_text(json.dumps(evaluation))
    found = side_by_side([made["single"], bodies], "accuracy", draws=50)
    assert list(found.tests) == ["bodies"]
    assert found.different == 0
    assert "matched by their place" in markdown(found)


def test_texts_on_which_they_differ_come_from_validation_alone(made):
    perfect = variant(made["korean"], "perfect-ko", right)
    variant(made["korean"], "perfect-ko", right, split="validation")
    found = side_by_side([made["korean"], perfect], draws=50)
    assert found.different
    page = html(found)
    shown = pq.read_table(made["korean"] / "predictions" / "validation.parquet")["text"].to_pylist()
    hidden = pq.read_table(made["korean"] / "predictions" / "test.parquet")["text"].to_pylist()
    assert any(text in page for text in shown)
    assert not any(text in page for text in hidden)
    assert all(each.predicted[0] != each.predicted[1] for each in found.differences)
    assert "http://" not in page
    assert "https://" not in page


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_every_format_holds_the_same_figures(kind, made):
    copy = variant(made[kind], f"copy-{kind}", lambda scores, gold: scores)
    found = side_by_side([made[kind], copy], draws=50)
    value = f"{found.runs[0].test.metrics[found.metric]['value']:.4f}"
    assert all(value in write(found) for write in (plain_text, markdown, html))
    assert all("no difference shown" in write(found) for write in (plain_text, markdown, html))
    assert ("Confusion matrices" in html(found)) == (kind == "single")


def test_the_command_shows_and_writes(made, tmp_path, capsys):
    copy = variant(made["single"], "copy", lambda scores, gold: scores)
    output = tmp_path / "beside.html"
    compare.main([str(made["single"]), str(copy), "--bootstrap_draws", "100", "--output", str(output)])
    assert "no difference shown" in capsys.readouterr().out
    assert "neither | nor" in output.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "says"),
    {
        "nothing": ([], "Give runs first"),
        "one": (["{single}"], "A comparison takes two runs or more"),
        "twice the same": (["{single}", "{single}"], "A comparison takes two runs or more"),
        "no folder": (["{single}", "nowhere"], "There is no run and no study in nowhere"),
        "no run": (["{single}", "."], "is no finished run"),
        "a metric that is none": (["{single}", "{copy}", "--metric", "acuracy"], "Did you mean 'accuracy'"),
        "a file of no format": (["{single}", "{copy}", "--output", "x.pdf"], "--output takes a file ending in .html"),
    }.values(),
)
def test_mistakes_end_with_a_sentence(words, says, made, tmp_path, monkeypatch):
    copy = variant(made["single"], "copy", lambda scores, gold: scores)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=says):
        compare.main([word.format(single=made["single"], copy=copy) for word in words])
