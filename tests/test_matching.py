"""Label names of a data set against those of a model."""

import pytest
from datasets import ClassLabel, Dataset, Features, List, Value

from textclf.errors import UserError
from textclf.evaluation.matching import match_labels
from textclf.labels import LabelSpace


def split_of(names, labels, several=False):
    feature = List(ClassLabel(names=names)) if several else ClassLabel(names=names)
    rows = {"text": [f"글 {i}" for i in range(len(labels))], "labels": labels}
    return Dataset.from_dict(rows, features=Features({"text": Value("string"), "labels": feature}))


def test_other_order_is_matched_by_name():
    split, note = match_labels(split_of(["yes", "no"], [0, 1, 1]), LabelSpace(("no", "yes"), False))
    assert list(split["labels"]) == [1, 0, 0]
    assert split.features["labels"].names == ["no", "yes"]
    assert note is None


def test_case_spaces_and_decomposed_hangul_are_folded_and_said():
    split, note = match_labels(split_of(["No Hate", "혐오"], [0, 1]), LabelSpace(("혐오", "no_hate"), False))
    assert list(split["labels"]) == [1, 0]
    assert "without case" in note


def test_a_model_may_know_more_labels_than_the_data():
    split, _ = match_labels(split_of(["b"], [0]), LabelSpace(("a", "b", "c"), False))
    assert list(split["labels"]) == [1]


def test_unnamed_labels_are_taken_in_order_and_said():
    split, note = match_labels(split_of(["neg", "pos"], [1, 0]), LabelSpace(("LABEL_0", "LABEL_1"), False))
    assert list(split["labels"]) == [1, 0]
    assert "LABEL_0 = neg, LABEL_1 = pos" in note


def test_several_labels_are_matched_row_by_row():
    split, _ = match_labels(split_of(["x", "y"], [[0, 1], [], [1]], several=True), LabelSpace(("y", "x"), True))
    assert list(split["labels"]) == [[1, 0], [], [0]]


def test_an_unknown_label_names_the_nearest():
    with pytest.raises(UserError, match=r"does not know the label sprot.*Did you mean 'sport'\?"):
        match_labels(split_of(["sprot", "news"], [0]), LabelSpace(("sport", "news"), False))


def test_one_label_against_several_is_explained():
    with pytest.raises(UserError, match="several labels a text"):
        match_labels(split_of(["a", "b"], [0]), LabelSpace(("a", "b"), True))
