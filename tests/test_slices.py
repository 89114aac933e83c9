"""Figures by slice."""

import unicodedata

import numpy as np
import pytest
from datasets import Dataset
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from textclf.evaluation.report import report_on
from textclf.evaluation.slices import length_buckets, script_of, slice_figures
from textclf.labels import LabelSpace

KOREAN, ENGLISH = "정말 최고예요. 다시 오고 싶습니다", "This is good, really good"


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
    found = {(entry["of"], entry["slice"]): entry for entry in slice_figures(report, split, draws=50)}
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
    latin = next(entry for entry in slice_figures(report, split, draws=20) if entry["slice"] == "Latin")
    rows = np.arange(80) % 2 == 0
    expected = f1_score(report.gold[rows], report.predicted[rows], average="micro", zero_division=0)
    assert latin["metrics"]["f1_micro"]["value"] == pytest.approx(expected)


def test_a_source_column_is_a_way_of_slicing_and_tiny_slices_are_left_out():
    report, split = report_and_split(source=["forum"] * 35 + ["news"] * 42 + ["rare"] * 3)
    assert [e["slice"] for e in slice_figures(report, split, draws=5) if e["of"] == "source"] == ["forum", "news"]


def test_one_slice_is_no_slicing():
    report, _ = report_and_split()
    assert slice_figures(report, Dataset.from_dict({"text": ["같은 글"] * 80}), draws=5) == []


def test_lengths_come_in_the_order_of_numbers():
    report, _ = report_and_split()
    split = Dataset.from_dict({"text": ["가" * (i + 1) for i in range(80)]})
    names = [entry["slice"] for entry in slice_figures(report, split, draws=5)]
    assert names == ["1–20 characters", "21–40 characters", "41–60 characters", "61–80 characters"]


@pytest.mark.parametrize("multi_label", [False, True])
def test_intervals_of_slices_are_those_of_resampled_rows(multi_label):
    report, split = report_and_split(n=120, multi_label=multi_label)
    hangul = next(entry for entry in slice_figures(report, split, draws=3000) if entry["slice"] == "Hangul")
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
