"""What the data room says, turned into Korean: every sentence that it makes itself, checked against what made it."""

import ast
import itertools
import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.layouts import public_cases, tool_cases
from textclf.arguments import DataArguments
from textclf.data.auditing.audit import audit
from textclf.data.labelling.label_ids import LabelIds
from textclf.data.loading import load_as_given
from textclf.data.splits import describe
from textclf.evaluation import intervals, report
from textclf.evaluation.data_words import finding_words, in_korean, said_of_data
from textclf.evaluation.wording import words_of
from textclf.studies import curve_pages, fold_report
from textclf.studies.power_law import Forecast

KOREAN, ENGLISH = words_of("ko"), words_of("en")
LETTERS = re.compile("[A-Za-z]{2,}")
assert tool_cases.case is public_cases.case  # all add to one list


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
        "Each list in 'group' holds one label.",
        "2 files are read one below the other: 2019, 2020.",
        "The test split has no labels and counts as missing.",
        "on average a label has 3.4 texts; a mean over labels takes 10",
        "its rarest label has 4 texts; a mean of average precisions takes 20",
        "on average a label has 9.4 texts; an average precision takes 20",
        "Cross-validation on the training rows, 5 folds: macro F1 0.8124 [0.7921, 0.8327], standard deviation 0.0163 "
        "over them.",
        "3 seeds: the same recipe, the same rows: macro on test 0.8124 on average, standard deviation 0.0041, from "
        "0.8077 to 0.8150; this run is the seed that was best on validation.",
        "-1 (30 rows) is read as a class like the other numbers.",
        "Macro and weighted averages are over the 3 of 5 labels that these 40 texts carry; nothing can be said of a.",
    ],
)
def test_what_is_left_in_english_are_names(sentence):
    said = said_of_data(sentence, KOREAN)
    assert re.search("[가-힣]", said)
    assert set(LETTERS.findall(said)) <= {"macro", "group", "guarantee", "min", "label", "count"}


def said_in(module, *targets):
    """Return the strings that a module assigns to a name, or gives as the third value of a `Bounds`; numbers are 3."""
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        named = isinstance(node, ast.Assign) and any(getattr(each, "id", "") in targets for each in node.targets)
        bounds = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Bounds" and len(node.args) == 3
        value = node.value if named else node.args[2] if bounds else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value
        elif isinstance(value, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "3" for part in value.values)


def test_every_reason_for_no_interval_has_korean_words():
    """Korean cards said in English why a figure has no interval."""
    reasons = [why for module in (intervals, report, fold_report) for why in said_in(module, "why")]
    assert len(reasons) >= 6
    assert [why for why in reasons if not re.search("[가-힣]", said_of_data(why, KOREAN))] == []


@pytest.mark.parametrize("gains", [{"a": (0.5, Forecast(20, 0.9, 0.8, 1.0))}, {}])
@pytest.mark.parametrize("forecasts", [[Forecast(2000, 0.7, 0.6, 0.8), Forecast(4000, 0.8, 0.7, 0.9)], []])
def test_what_a_learning_curve_says_has_korean_words(forecasts, gains):
    labels = {name: (20, f1, [twice]) for name, (f1, twice) in gains.items()}
    curve = curve_pages.Curve(
        metric="f1_macro", rows=[500, 1000], scores=[0.5, 0.61], forecasts=forecasts, labels=labels
    )
    said = [said_of_data(line, KOREAN) for line in curve_pages.in_words(curve)]
    assert all(re.search("[가-힣]", line) for line in said), said
    assert set(LETTERS.findall(" ".join(said))) <= {"macro"}


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


@pytest.mark.parametrize(
    "begins",
    ["bbc (a folder", "pos.txt and neg", "dacon (train", "toxic comments", "banking77", "tweet_eval", "label studio",
     "cp949", "sep=;", "excel beside a sheet", "olid", "germeval 2018", "argilla, persons", "psql",
     "utf-16 with a mark", "classes of several sources", "clothing reviews"],
)  # fmt: skip
def test_what_reading_says_is_said_in_korean(begins, tmp_path):
    """A Korean page had English lines about Korean files."""
    case = next(each for each in public_cases.CASES if each.name.startswith(begins))
    notes = load_as_given(DataArguments(dataset=str(tmp_path / case.write(tmp_path)))).provenance.notes
    said = [in_korean(note, KOREAN) for note in notes]
    assert said
    assert [note for note, korean in zip(notes, said, strict=True) if not re.search("[가-힣]", korean or "")] == []
    assert not any(re.search("{|[a-z]+ (is|are|which) ", korean or "") for korean in said)
