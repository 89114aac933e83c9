"""Are splits, and new texts, like the others? Differences that were put in are found, chance is not."""

import unicodedata

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, Value
from scipy.stats import binomtest, ks_2samp

from textclf.evaluation.drift import (
    compare_counts,
    compare_numbers,
    compare_texts,
    drift_between_splits,
    drift_line,
    unlike,
)
from textclf.evaluation.names import NAMES, differences
from textclf.evaluation.report import report_on
from textclf.evaluation.text_profile import SCORE_EDGES, TOKEN_EDGES, histogram
from textclf.labels import LabelSpace

LABELS = LabelSpace(("sports", "weather"), multi_label=False)
FEATURES = Features({"text": Value("string"), "labels": ClassLabel(names=list(LABELS.names))})
SUBJECTS = ("The goalkeeper", "Our neighbour", "A tired referee", "The old mayor", "Her trainer", "Nobody in town")
VERBS = ("praised", "ignored", "remembered", "feared", "described", "missed")
OBJECTS = (
    "the second half",
    "a sudden storm",
    "the narrow pitch",
    "last night's rain",
    "an early frost",
    "the final whistle",
)
KOREAN = (
    "감독이 후반전을 칭찬했다",
    "갑자기 폭풍이 몰려왔다",
    "심판이 좁은 운동장을 걱정했다",
    "어젯밤 비가 많이 내렸다",
)


def sentences(n: int, seed: int, end: str = ".") -> list[str]:
    rng = np.random.default_rng(seed)
    return [f"{rng.choice(SUBJECTS)} {rng.choice(VERBS)} {rng.choice(OBJECTS)}{end}" for _ in range(n)]


def rows(texts: list[str], seed: int = 0, second: float = 0.5) -> Dataset:
    labels = (np.random.default_rng(seed).random(len(texts)) < second).astype(int).tolist()
    return Dataset.from_dict({"text": texts, "labels": labels}, features=FEATURES)


def test_splits_drawn_alike_are_not_doubted():
    """At level .01 of all tests together 10 draws should not show one difference (chance of one: < .1)."""
    for seed in range(10):
        splits = {
            name: rows(sentences(150, 100 * seed + k), seed) for k, name in enumerate(("train", "validation", "test"))
        }
        found = drift_between_splits(splits, {})
        assert found["different"] == {}, (seed, found["pairs"])
    assert drift_line(found) == []


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        (rows(sentences(300, 9, " (source: regional newspaper)")), "texts"),
        (rows([f"{text} {text} {text}" for text in sentences(300, 9)]), "lengths"),
        (
            rows(
                [
                    text.replace("e", "е").replace("a", "а").replace("o", "о").replace("T", "Т")
                    for text in sentences(300, 9)
                ]
            ),
            "texts",
        ),
        (rows([KOREAN[i % 4] for i in range(300)]), "scripts"),
        (rows(sentences(300, 9), second=0.9), "labels"),
    ],
)
def test_what_differs_in_test_is_named(changed, what):
    splits = {"train": rows(sentences(600, 1)), "validation": rows(sentences(300, 2)), "test": changed}
    different = drift_between_splits(splits, {})["different"]
    assert what in different["train/test"]
    assert "train/validation" not in different


def test_scores_are_compared_where_both_splits_have_them():
    rng = np.random.default_rng(0)
    gold = rng.integers(0, 2, 400)
    sure = rng.uniform(0.9, 1, 400)
    unsure = rng.uniform(0.5, 0.6, 400)
    reports = {
        name: report_on(np.stack([best, 1 - best], axis=1), gold, LABELS, draws=200)
        for name, best in (("guarantee", sure), ("test", unsure))
    }
    splits = {name: rows(sentences(400, seed)) for seed, name in enumerate(("train", "guarantee", "test"))}
    found = drift_between_splits(splits, reports)
    assert found["pairs"]["guarantee/test"]["confidences"] == pytest.approx(ks_2samp(sure, unsure).pvalue)
    assert found["pairs"]["train/test"]["confidences"] is None
    assert found["different"] == {"guarantee/test": ["confidences"]}


def test_differences_are_worded_in_the_language_of_the_page():
    found = {"different": {"train/test": ["texts", "lengths"], "guarantee/test": ["confidences"]}}
    assert differences(found) == (
        "train and test differ in what is written, lengths; rows of the promise and test differ in scores"
    )
    assert differences(found, NAMES["ko"]) == "학습·테스트 데이터: 글의 내용, 길이; 약속용·테스트 데이터: 점수"
    assert differences(None) == differences({"different": {}}) == ""
    (line,) = drift_line(found)
    assert "train and test differ in what is written, lengths" in line


def test_the_classifier_test_counts_what_it_held_out():
    """p-value and share come from one half of the texts, by the exact binomial test."""
    found = compare_texts(sentences(100, 1), [f"{text} Really." for text in sentences(80, 2)])
    assert found["n"] == 80
    assert found["accuracy"]["of"] == 80
    assert found["accuracy"]["count"] > 70
    assert found["p_value"] == binomtest(found["accuracy"]["count"], 80, 0.5, alternative="greater").pvalue


def test_composed_and_decomposed_korean_are_the_same_texts():
    composed = rows([f"{KOREAN[i % 4]} {i % 7}" for i in range(200)])
    decomposed = rows([unicodedata.normalize("NFD", text) for text in composed["text"]])
    assert drift_between_splits({"train": composed, "test": decomposed}, {})["different"] == {}


def test_too_few_texts_say_nothing():
    assert compare_texts(["a"] * 19, ["b"] * 500) is None
    assert compare_numbers([1] * 19, [2] * 500) is None
    assert compare_counts([10, 9], [300, 200]) is None
    assert compare_counts([300, 0], [200, 0]) is None  # one label alone is the same everywhere


def profile(lengths, best, scripts):
    return {"tokens": histogram(lengths, TOKEN_EDGES), "best_score": histogram(best, SCORE_EDGES), "scripts": scripts}


def test_a_profile_differs_only_where_it_matters():
    rng = np.random.default_rng(0)
    ours = profile(rng.integers(10, 60, 5000), rng.uniform(0.5, 1, 5000), {"Latin": 5000})
    alike = profile(rng.integers(10, 60, 5000), rng.uniform(0.5, 1, 5000), {"Latin": 4900, "Hangul": 100})
    other = profile(rng.integers(200, 900, 5000), rng.uniform(0.5, 0.6, 5000), {"Hangul": 5000})
    assert unlike(ours, alike) == []  # 2 % other scripts is no chance at this n, and of no account
    assert unlike(ours, other) == ["lengths", "scripts", "scores"]
