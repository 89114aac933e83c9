"""Labels' names as texts of their labels, where there are few of other texts."""

import pytest
from datasets import ClassLabel, Dataset, Features, List, Value

from textclf.training.label_names import with_label_names


def rows(names, several=False, pair=False, more=None):
    label = ClassLabel(names=names)
    features = {"text": Value("string"), "labels": List(label) if several else label}
    columns = {"text": ["one text", "another"], "labels": [[0, 1], []] if several else [0, 1]}
    for name in ["text_pair"] * pair + [more] * (more is not None):
        features[name] = Value("string")
        columns[name] = ["a", "b"]
    return Dataset.from_dict(columns, features=Features(features))


def test_each_of_three_labels_has_its_name_for_a_text():
    train, count = with_label_names(rows(["sport", "local_politics", "filmNews"]))
    assert count == 3
    assert train["text"][:] == ["one text", "another", "sport", "local politics", "film News"]
    assert train["labels"][:] == [0, 1, 0, 1, 2]


def test_korean_names_of_one_syllable_are_words():
    train, count = with_label_names(rows(["책", "영화", "IT과학"]))
    assert (count, train["text"][2:]) == (3, ["책", "영화", "IT과학"])


def test_with_several_labels_a_text_a_name_has_its_own_alone():
    train, count = with_label_names(rows(["a topic", "b topic", "c topic"], several=True))
    assert count == 3
    assert train["labels"][:] == [[0, 1], [], [0], [1], [2]]


def test_of_two_fields_the_second_is_empty_and_other_columns_are_left():
    train, _ = with_label_names(rows(["sport", "economy", "culture"], pair=True, more="source"))
    assert train.column_names == ["text", "text_pair", "labels"]
    assert train["text_pair"][:] == ["a", "b", "", "", ""]


@pytest.mark.parametrize(
    "names",
    [
        ["hate", "noHate"],  # two: one is the other's denial
        ["0", "1", "2"],
        ["LABEL_0", "LABEL_1", "LABEL_2"],
        ["label 1", "label 2", "label 3"],
        ["class 1", "class 2", "class 3"],
        ["1점", "2점", "3점"],
        ["sport 1", "sport 2", "economy"],
        ["A", "B", "C"],
        ["1 star", "*", "**"],
        ["sport", "7", "economy"],
    ],
)
def test_labels_that_are_few_or_not_called_by_words_teach_nothing(names):
    before = rows(names)
    train, count = with_label_names(before)
    assert count == 0
    assert train is before
