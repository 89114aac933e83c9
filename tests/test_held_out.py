"""Whether the rows that a model is measured on were held out from its training, as far as its run tells."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from textclf.evaluation.baselines.cache import BaselineCache, digest_rows, digest_texts
from textclf.evaluation.held_out import label_reading, recorded_data, training_note
from textclf.evaluation.likeness import likeness_line
from textclf.run_folder import RunFolder

INCLUDED = "These rows include those that the model was trained on; `--split test`"
OTHERWISE = "The model was trained on other splits of this data, so that its test split may hold rows"


def chosen(name, how="all as given", files=("a", "b"), fingerprint="f", data="x", rows=5):
    provenance = SimpleNamespace(
        files=[SimpleNamespace(sha256=each) for each in files], name=data, config=None, how_split=how,
        fingerprint=fingerprint,
    )  # fmt: skip
    return SimpleNamespace(name=name, provenance=provenance, rows=[0] * rows)


def recorded(files=("a", "b"), test=5, **more):
    found = {"files": [{"sha256": each} for each in files], "sizes": {"test": test}, "fingerprint": "f", "name": "x"}
    return found | {"config": None} | more


@pytest.mark.parametrize(
    ("known", "measured", "said"),
    [
        (None, chosen("all"), None),
        (recorded(), chosen("all"), INCLUDED),
        (recorded(), chosen("train"), INCLUDED),
        (recorded(), chosen("test"), None),
        (recorded(), chosen("validation"), None),
        (recorded(validation_learned=3), chosen("validation"), INCLUDED),
        (recorded(validation_learned=3), chosen("test"), None),
        (recorded(), chosen("test", "test carved out of train"), None),
        (recorded(), chosen("test", "test carved out of train", fingerprint="g"), OTHERWISE),
        (recorded(), chosen("test", fingerprint="g"), None),
        (recorded(("a",)), chosen("all", files=("c",)), None),
        (recorded(("a", "b")), chosen("all", files=("b",)), None),  # the file of the test rows, as many as there were
        (recorded(("a", "b"), test=6), chosen("all", files=("b",)), INCLUDED),
        (recorded(("a", "b"), sizes=None), chosen("all", files=("b",)), INCLUDED),
        (recorded(("b",)), chosen("all", files=("b",)), INCLUDED),
        (recorded(()), chosen("all", files=()), INCLUDED),
        (recorded((), name="y"), chosen("all", files=()), None),
        (recorded((), config="c"), chosen("all", files=("b",)), None),
        (recorded(), chosen("all", files=()), INCLUDED),
    ],
)
def test_rows_that_were_trained_on_are_said_to_be_so(known, measured, said):
    found = training_note(known, measured)
    assert found is None if said is None else found.startswith(said)


def test_what_a_run_recorded_is_read_where_it_is_a_run_of_this_project(tmp_path):
    assert recorded_data(str(tmp_path)) is None
    for content in ("{", "[1]", '{"data": {"name": "x"}}', '{"test_scored": 1, "data": 3}'):
        (tmp_path / "evaluation.json").write_text(content, encoding="utf-8")
        assert recorded_data(str(tmp_path)) is None, content
    (tmp_path / "evaluation.json").write_text('{"test_scored": 0, "data": {"name": "x"}}', encoding="utf-8")
    assert recorded_data(str(tmp_path)) == {"name": "x"}
    learned = {"test_scored": 1, "data": {"name": "x"}, "training": {"validation_learned": 3}}
    (tmp_path / "evaluation.json").write_text(json.dumps(learned), encoding="utf-8")
    assert recorded_data(str(tmp_path)) == {"name": "x", "validation_learned": 3}


def test_the_reading_of_labels_is_taken_where_all_of_it_is_understood():
    whole = {"form": "one", "places": 1, "names": ["a"], "written": "a", "values": {}, "separator": None}
    data = {"label_reading": whole, "text_columns": ["t"], "label_columns": ["l"]}
    assert label_reading(data) == {**whole, "text_columns": ["t"], "label_columns": ["l"]}
    assert label_reading({"label_reading": whole | {"separator": "|"}})["text_columns"] is None
    assert label_reading(None) is None
    assert label_reading({"label_reading": "one"}) is None
    for name in ("form", "places", "names", "written", "values"):
        assert label_reading({"label_reading": {key: each for key, each in whole.items() if key != name}}) is None
        assert label_reading({"label_reading": whole | {name: 1.5}}) is None
    assert label_reading({"label_reading": whole | {"separator": 3}}) is None


def test_texts_that_look_otherwise_are_said_to_in_a_line():
    assert likeness_line(None) == []
    assert likeness_line({"different": []})[0].startswith("These texts look like the training rows in length")
    assert (
        "look like the training rows: other lengths, scores. Figures"
        in (likeness_line({"different": ["lengths", "scores"]})[0])
    )


# What is kept of baselines


def test_a_baseline_is_made_once_and_read_from_then_on(tmp_path):
    made = []

    def make():
        made.append(1)
        return {"c": len(made)}

    kept, none = BaselineCache(RunFolder(tmp_path), "svm-1"), BaselineCache(None, "svm-1")
    assert [kept.record(make), kept.record(make), none.record(make), none.record(make)] == [
        {"c": n} for n in (1, 1, 2, 3)
    ]
    texts, others = (SimpleNamespace(pieces=lambda whole=whole: [whole]) for whole in (["a", "b"], ["a", "c"]))
    drawn = iter(np.float32([[[1.5]], [[2.5]], [[3.5]]]))
    found = [
        each.logits(rows, lambda: next(drawn))
        for each, rows in ((kept, texts), (kept, texts), (kept, others), (none, texts))
    ]
    assert [float(each[0, 0]) for each in found] == [1.5, 1.5, 2.5, 3.5]
    assert len(list(tmp_path.iterdir())) == 3


def test_a_digest_follows_from_texts_their_order_and_labels_and_not_from_pieces():
    assert digest_texts([["a", "b"], ["c"]]) == digest_texts([["a"], ["b", "c"]])
    several = {digest_texts([each]) for each in (["a", "b"], ["b", "a"], ["ab"], [("a", "b")], ["a"], [])}
    assert len(several) == 6
    gold = np.array([0, 1, 1, 1])
    other = (gold, gold[::-1], 1 - gold, gold.reshape(4, 1))
    assert len({digest_rows([["a"] * 4], each) for each in other}) == 4
    assert digest_rows([["a"] * 4], gold) == digest_rows([["a"], ["a"] * 3], gold.copy())
