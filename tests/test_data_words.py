"""What the data room says, turned into Korean: every sentence that it makes itself, checked against what made it."""

import itertools
import re

import numpy as np
import pytest

from textclf.data.auditing.audit import audit
from textclf.data.labelling.label_ids import LabelIds
from textclf.data.splits import describe
from textclf.evaluation.data_words import finding_words, in_korean, said_of_data
from textclf.evaluation.wording import words_of

KOREAN, ENGLISH = words_of("ko"), words_of("en")
LETTERS = re.compile("[A-Za-z]{2,}")


def ids(several):
    offsets = np.array([0, 1, 2]) if several else None
    return LabelIds(np.array([0, 1]), offsets)


@pytest.mark.parametrize(
    ("several", "group", "copies", "kept"), itertools.product([True, False], [None, "user"], [True, False], [0, 1234])
)
def test_every_way_of_carving_splits_is_said_in_korean(several, group, copies, kept):
    carved = "validation carved out: " + describe(0.15, 13, ids(several), group, copies)
    carved += f", none of the {kept:,} rows with a text of another split" if kept else ""
    said = said_of_data(f"train and test as given; {carved}.", KOREAN)
    assert set(LETTERS.findall(said)) <= {"user"}
    assert said.startswith("학습·테스트 데이터는 주어진 대로; 검증: 학습 행의 15 %를")
    assert "시드 13" in said
    assert ("1,234행" in said) == bool(kept)
    assert said_of_data(f"train as given; {carved}.", ENGLISH) == f"train as given; {carved}."


@pytest.mark.parametrize(
    "sentence",
    [
        "train, validation and test as given, less rows of one 'group' with a later split.",
        "Guarantee carved out of validation: 20 % of the rows, stratified by label, seed 13 (120 rows).",
        "blank text",
        "label with fewer than 20 training rows",
        "12 rows left out: blank text.",
        "Labels are read from 'group'.",
        "The test split has no labels and counts as missing.",
        "on average a label has 3.4 texts; a mean over labels takes 10",
        "Macro and weighted averages are over the 3 of 5 labels that these 40 texts carry; nothing can be said of a.",
    ],
)
def test_what_is_left_in_english_are_names(sentence):
    said = said_of_data(sentence, KOREAN)
    assert re.search("[가-힣]", said)
    assert set(LETTERS.findall(said)) <= {"macro", "group", "guarantee", "min", "label", "count"}


def test_a_sentence_of_the_user_stays_as_it_is():
    assert in_korean("reviews.csv has columns of its own.", KOREAN) is None
    assert said_of_data("split by the editors", KOREAN) == "split by the editors"


def test_every_finding_of_an_audit_has_korean_words(hostile_splits):
    for finding in audit(hostile_splits).findings:
        said = finding_words(finding.name, finding.to_dict(), KOREAN)
        assert re.search("[가-힣]", said), finding.name
        assert f"{finding.count:,}" in said or finding.name == "script_shift"


@pytest.fixture
def hostile_splits():
    from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

    features = Features({"text": Value("string"), "labels": ClassLabel(names=["a", "b", "c"])})
    texts = [
        "좋아요 정말로 좋은 제품입니다",
        "좋아요 정말로 좋은 제품입니다",
        "ㅋㅋㅋ 웃겨요 정말",
        "x",
        "â€œquoteâ€\x9d said",
        " ",
    ]
    rows = {"text": texts, "labels": [0, 1, 1, 0, 1, 0]}
    return DatasetDict({name: Dataset.from_dict(rows, features=features) for name in ("train", "validation", "test")})
