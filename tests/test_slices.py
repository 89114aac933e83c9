"""Figures by slice."""

import json
import unicodedata

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, Value
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from tests.trained_runs import texts, write_csv
from textclf.arguments import DataArguments
from textclf.commands import eval as evaluate
from textclf.data.loading import load_splits
from textclf.errors import UserError
from textclf.evaluation.report import report_on
from textclf.evaluation.slices import holm, length_buckets, slice_figures
from textclf.evaluation.text_profile import script_of
from textclf.labels import LabelSpace

KOREAN, ENGLISH = "정말 최고예요. 다시 오고 싶습니다", "This is good, really good"


def test_declared_sources_come_through_by_name(tmp_path):
    """A ClassLabel's ids were taken for names: slices "0" and "1"."""
    features = Features(
        {"text": Value("string"), "label": Value("string"), "outlet": ClassLabel(names=["신문", "TV"])}
    )
    rows = {"text": [f"text {i} of it" for i in range(40)], "label": ["a", "b"] * 20, "outlet": [0, 1, -1, 1] * 10}
    Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "rows.parquet")
    path = str(tmp_path / "rows.parquet")
    options = {"text_columns": ["text"], "label_columns": ["label"], "source_column": "outlet", "test_share": 0.5}
    splits, _ = load_splits(DataArguments(dataset=path, **options))
    assert {source for split in splits.values() for source in split["source"]} == {"신문", "TV", ""}


@pytest.mark.parametrize(
    ("text", "script"),
    [
        (KOREAN, "Hangul"),
        (unicodedata.normalize("NFD", KOREAN), "Hangul"),
        ("ㅋㅋㅋ ㅠㅠ", "Hangul"),
        (ENGLISH, "Latin"),
        ("갤럭시 노트 Galaxy Note", "mixed scripts"),
        ("日本語の文章です", "another script"),
        ("2026 :-) !!!", "no letters"),
        ("", "no letters"),
        ((ENGLISH, None), "Latin"),
        ((ENGLISH, KOREAN), "mixed scripts"),
    ],
)
def test_script_is_that_of_most_letters(text, script):
    assert script_of(text) == script


def test_composed_and_decomposed_hangul_have_one_length():
    composed = ["가", "가나", "가나다", "가나다라"] * 3
    assert length_buckets(composed) == length_buckets([unicodedata.normalize("NFD", text) for text in composed])


@given(st.lists(st.text(), min_size=1, max_size=60))
def test_every_text_is_in_the_bucket_that_names_its_length(texts):
    names = length_buckets(texts)
    assert len(set(names)) <= 4
    for text, name in zip(texts, names, strict=True):
        low, _, high = name.removesuffix(" characters").partition("–")
        assert int(low) <= len(unicodedata.normalize("NFC", text)) <= int(high or low)


def report_and_split(n=80, multi_label=False, source=None):
    rng = np.random.default_rng(0)
    texts = [f"{KOREAN if i % 2 else ENGLISH}{'!' * (i % 5)}" for i in range(n)]
    labels = LabelSpace(("나쁨", "좋음", "other"), multi_label)
    gold = rng.integers(2, size=(n, 3)) if multi_label else rng.integers(3, size=n)
    report = report_on(rng.random((n, 3), dtype=np.float32), gold, labels, None, 50)
    columns = {"text": texts} | ({"source": source} if source else {})
    return report, Dataset.from_dict(columns)


def test_figures_of_a_slice_are_those_of_its_rows():
    report, split = report_and_split()
    found = {(entry["of"], entry["slice"]): entry for entry in slice_figures(report, split)}
    rows = np.arange(80) % 2 == 1
    hangul = found["script", "Hangul"]
    assert hangul["n"] == 40
    gold, predicted = report.gold[rows], report.predicted[rows]
    assert hangul["metrics"]["accuracy"]["value"] == pytest.approx(accuracy_score(gold, predicted))
    assert hangul["metrics"]["balanced_accuracy"]["value"] == pytest.approx(balanced_accuracy_score(gold, predicted))
    accuracy = hangul["metrics"]["accuracy"]
    assert 0 <= accuracy["low"] <= accuracy["value"] <= accuracy["high"] <= 1
    assert sum(entry["n"] for (of, _), entry in found.items() if of == "length") == 80


def test_several_labels_have_micro_f1_by_slice():
    report, split = report_and_split(multi_label=True)
    latin = next(entry for entry in slice_figures(report, split) if entry["slice"] == "Latin")
    rows = np.arange(80) % 2 == 0
    expected = f1_score(report.gold[rows], report.predicted[rows], average="micro", zero_division=0)
    assert latin["metrics"]["f1_micro"]["value"] == pytest.approx(expected)


def test_a_source_column_is_a_way_of_slicing_and_tiny_slices_are_left_out():
    report, split = report_and_split(source=["forum"] * 35 + ["news"] * 42 + ["rare"] * 3)
    assert [e["slice"] for e in slice_figures(report, split) if e["of"] == "source"] == ["forum", "news"]


OUTLETS = ("네이버", "다음", "", "네이버")


@pytest.fixture
def sourced(tmp_path):
    """Rows with an outlet each (some without); their outlet follows from their number."""
    rows = [(f"{i} {text}", ("good", "bad")[i % 3 > 0], OUTLETS[i % 4]) for i, text in enumerate(texts(160, 31))]
    write_csv(tmp_path / "rows.csv", ["text", "label", "outlet"], rows)
    return str(tmp_path / "rows.csv")


def test_the_source_column_of_a_file_comes_through_to_the_slices(sourced):
    """There was no way to name one: nothing that reads data kept it, so that no report ever had such a slice."""
    splits, _ = load_splits(DataArguments(dataset=sourced, source_column="outlet", test_share=0.5))
    assert all(split.column_names == ["text", "source", "labels"] for split in splits.values())
    for row in splits["test"]:
        assert row["source"] == OUTLETS[int(row["text"].split(" ")[0]) % 4]
    labels = LabelSpace.from_features(splits["test"].features)
    gold = labels.gold(splits["test"])
    report = report_on(np.eye(2, dtype=np.float32)[gold], gold, labels, draws=20)
    found = {e["slice"]: e["n"] for e in slice_figures(report, splits["test"]) if e["of"] == "source"}
    assert found.keys() == {"네이버", "다음", "no source"}
    assert sum(found.values()) == len(splits["test"])
    assert "source" not in load_splits(DataArguments(dataset=sourced))[0]["test"].column_names


@pytest.mark.parametrize(
    ("name", "complaint"), [("outlets", "no column 'outlets'.*Did you mean 'outlet'"), ("text", "can be used once")]
)
def test_a_source_column_that_cannot_be_one_is_refused(name, complaint, sourced):
    with pytest.raises(UserError, match=complaint):
        load_splits(DataArguments(dataset=sourced, text_columns=["text"], source_column=name))


def test_eval_measures_slices_of_other_peoples_models_too(sourced, tiny_model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["--dataset", sourced, "--source_column", "outlet", "--bootstrap_draws", "200", "--output", "found"]
    evaluate.main([str(tiny_model("bert", labels=("bad", "good"))), *words])
    slices = json.loads((tmp_path / "found/evaluation.json").read_text(encoding="utf-8"))["slices"]
    assert {(e["slice"], e["n"]) for e in slices if e["of"] == "source"} == {
        ("네이버", 80),
        ("다음", 40),
        ("no source", 40),
    }
    assert "n = 160" in capsys.readouterr().out


def test_one_slice_is_no_slicing():
    report, _ = report_and_split()
    assert slice_figures(report, Dataset.from_dict({"text": ["같은 글"] * 80})) == []


def test_lengths_come_in_the_order_of_numbers():
    report, _ = report_and_split()
    split = Dataset.from_dict({"text": ["가" * (i + 1) for i in range(80)]})
    names = [entry["slice"] for entry in slice_figures(report, split)]
    assert names == ["1–20 characters", "21–40 characters", "41–60 characters", "61–80 characters"]


@pytest.mark.parametrize("multi_label", [False, True])
def test_intervals_of_slices_are_those_of_resampled_rows(multi_label):
    report, split = report_and_split(n=120, multi_label=multi_label)
    hangul = next(entry for entry in slice_figures(report, split) if entry["slice"] == "Hangul")
    rows, rng = np.flatnonzero(np.arange(120) % 2 == 1), np.random.default_rng(1)
    drawn = [rng.choice(rows, size=len(rows)) for _ in range(3000)]
    if multi_label:
        name = "subset_accuracy"
        values = [(report.gold[some] == report.predicted[some]).all(axis=1).mean() for some in drawn]
    else:
        name = "balanced_accuracy"
        right = report.gold == report.predicted
        values = [np.mean([right[some][report.gold[some] == k].mean() for k in range(3)]) for some in drawn]
    found = hangul["metrics"][name]
    assert [found["low"], found["high"]] == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=0.02)


def test_p_values_that_hold_together_by_hand():
    """Rising: .01 x 4, .02 x 3, .03 x 2, .5 x 1; none below the one before it, none above 1."""
    assert holm([0.03, 0.5, 0.01, 0.02]) == pytest.approx([0.06, 0.5, 0.04, 0.06])
    assert holm([0.02, 0.021, 0.9]) == pytest.approx([0.06, 0.06, 0.9])  # .021 x 2 = .042 is below .06
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2]
    assert holm([]) == []


def test_a_slice_has_fishers_p_value_times_the_slices_left():
    """Hangul: 10 of 40 right, Latin: 30 of 40; both differ equally, so that both have twice the p-value."""
    right = np.zeros(80, dtype=bool)
    right[1::2][:10] = right[::2][:30] = True
    gold = np.zeros(80, dtype=np.int64)
    labels = LabelSpace(("나쁨", "좋음"), multi_label=False)
    report = report_on(np.eye(2, dtype=np.float32)[(~right).astype(int)], gold, labels, None, 50)
    split = Dataset.from_dict({"text": [("같은 글", "text")[i % 2 == 0] for i in range(80)]})
    found = slice_figures(report, split)
    assert [entry["of"] for entry in found] == ["script", "script"]  # all texts are four characters long
    one = fisher_exact([[10, 30], [30, 10]]).pvalue
    assert [entry["p_value"] for entry in found] == pytest.approx([2 * one, 2 * one])
    assert {entry["looked_at"] for entry in found} == {2}
