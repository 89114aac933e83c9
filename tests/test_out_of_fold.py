"""Suspects among training rows: scores come from models that have not seen the text; planted errors are found."""

import csv

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, List, Value

from textclf.evaluation import out_of_fold
from textclf.evaluation.label_errors import Suspect
from textclf.evaluation.out_of_fold import FILE, FOLDS, SMALL, suspects_out_of_fold
from textclf.labels import LabelSpace
from textclf.run_folder import RunFolder

WORDS = {
    "정치": ["국회", "대통령", "선거", "법안", "여당", "야당", "장관", "정책"],
    "경제": ["주가", "금리", "수출", "환율", "물가", "은행", "투자", "증시"],
    "운동": ["야구", "축구", "감독", "선수", "결승", "득점", "투수", "우승"],
}
NAMES = list(WORDS)


def rows_of(texts, labels, several=False):
    feature = ClassLabel(names=NAMES)
    features = Features({"text": Value("string"), "labels": List(feature) if several else feature})
    return Dataset.from_dict({"text": texts, "labels": labels}, features=features)


def headlines(count, seed):
    """Texts of five words of one topic, each text another, and their topics."""
    rng = np.random.default_rng(seed)
    topics = rng.integers(3, size=count)
    texts = [" ".join([*rng.choice(WORDS[NAMES[k]], 5, replace=False), str(i)]) for i, k in enumerate(topics)]
    return texts, topics


def test_of_pairs_both_texts_are_listed_and_of_several_labels_which_is_too_many(tmp_path):
    one = np.array([[0]])
    rows = [("train", one, "alone"), ("validation", one, ("first", "second")), ("train", one, ("no pair", None))]
    suspects = [Suspect(1, 0, 2, False, -0.75), Suspect(2, 1, 0, True, -0.5), Suspect(0, 1, 0, False, 0.0)]
    out_of_fold._write(tmp_path / FILE, suspects, rows, LabelSpace(tuple(NAMES), False))
    assert [list(row.values()) for row in listed(tmp_path)] == [
        ["validation", "first", "second", "정치", "운동", "-0.7500"],
        ["train", "no pair", "", "경제", "정치", "-0.5000"],
        ["train", "alone", "", "경제", "정치", "0.0000"],
    ]
    several = [Suspect(0, 1, 1, True, -0.5), Suspect(0, 2, 2, False, -0.4)]
    out_of_fold._write(tmp_path / FILE, several, rows, LabelSpace(tuple(NAMES), True))
    assert [(row["label"], row["suggested"]) for row in listed(tmp_path)] == [("경제", "without 경제"), ("", "운동")]


def split_up(texts, labels, several=False, validation=60):
    return rows_of(texts[validation:], labels[validation:], several), rows_of(
        texts[:validation], labels[:validation], several
    )


def listed(folder):
    with (folder / FILE).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_planted_errors_of_both_splits_are_listed_with_what_is_right(tmp_path):
    texts, topics = headlines(300, 0)
    planted = np.random.default_rng(1).choice(300, 15, replace=False)
    labels = topics.copy()
    labels[planted] = (labels[planted] + 1) % 3
    train, validation = split_up(texts, labels.tolist())

    found = suspects_out_of_fold(RunFolder(tmp_path), train, validation, str, 0)

    rows = listed(tmp_path)
    named = {row["text"]: row for row in rows}
    hit = [i for i in planted if texts[i] in named]
    assert len(hit) >= 8  # a suspect scores for another label as much as that label's own texts do on average
    assert all(named[texts[i]]["suggested"] == NAMES[topics[i]] for i in hit)
    assert all(named[texts[i]]["label"] == NAMES[labels[i]] for i in hit)
    assert {named[texts[i]]["split"] for i in hit} == {"train", "validation"}
    assert all((row["split"] == "validation") == (row["text"] in texts[:60]) for row in rows)
    assert len(rows) == found["count"] <= 20
    assert (found["of"], found["splits"], found["file"]) == (300, ["train", "validation"], FILE)
    margins = [float(row["margin"]) for row in rows]
    assert margins == sorted(margins)
    assert "not of this model" in found["method"]


def test_no_score_comes_from_a_model_that_saw_the_text():
    """Labels by lot: who has seen a text knows its label by heart; who has not is right once in three times."""
    rng = np.random.default_rng(0)
    texts = [f"{rng.integers(10**9)} {rng.integers(10**9)}" for _ in range(240)]
    gold = rng.integers(3, size=240)
    twice, labels = texts + texts, np.concatenate([gold, gold])
    report = out_of_fold._scored_out_of_fold(twice, labels, LabelSpace(tuple(NAMES), False), 0)
    assert abs(report.metrics["accuracy"]["value"] - 1 / 3) < 0.15


def test_equal_texts_share_a_fold_and_labels_are_spread_over_all():
    texts = [f"글 {i}" for i in range(50)] + ["글  7", "글 8"]  # read alike, whatever their spaces
    gold = np.array([i % 2 for i in range(50)] + [0, 1])
    folds = out_of_fold._folds(texts, gold, 0)
    assert (folds[50], folds[51]) == (folds[7], folds[8])
    assert all(np.bincount(gold[:50][folds[:50] == fold]).tolist() == [5, 5] for fold in range(FOLDS))


def test_repeated_rows_count_once_and_a_text_of_two_labels_twice(tmp_path):
    texts, topics = headlines(40, 3)
    train = rows_of([*texts, texts[0], texts[0], texts[1]], [*topics, topics[0], topics[0], (topics[1] + 1) % 3])
    validation = rows_of(*headlines(20, 4))
    assert suspects_out_of_fold(RunFolder(tmp_path), train, validation, str, 0)["of"] == 61


def test_with_several_labels_it_is_said_which_is_one_too_many_or_missing(tmp_path):
    texts, topics = headlines(300, 5)
    labels = [[int(k)] for k in topics]
    for row in (100, 101):  # beyond doubt: all words of the topic
        texts[row] = " ".join(WORDS[NAMES[topics[row]]])
    texts[101] += " " + " ".join(WORDS[NAMES[topics[101]]][:4])
    labels[100] = []
    labels[101] = sorted({int(topics[101]), (int(topics[101]) + 1) % 3})
    train, validation = split_up(texts, labels, several=True)
    suspects_out_of_fold(RunFolder(tmp_path), train, validation, str, 0)
    rows = listed(tmp_path)
    missing, extra = NAMES[topics[100]], NAMES[(topics[101] + 1) % 3]
    assert [(r["label"], r["suggested"]) for r in rows if r["text"] == texts[100]] == [("", missing)]
    assert [(r["label"], r["suggested"]) for r in rows if r["text"] == texts[101]] == [(extra, f"without {extra}")]


@pytest.mark.parametrize(("train", "validation"), [(40, SMALL), (4, 4)])
def test_a_large_validation_or_too_few_rows_need_no_folds(tmp_path, train, validation):
    splits = [rows_of(*headlines(count, seed)) for seed, count in enumerate((train, validation))]
    assert suspects_out_of_fold(RunFolder(tmp_path), *splits, str, 0) is None
    assert not (tmp_path / FILE).exists()
