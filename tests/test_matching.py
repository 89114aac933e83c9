"""Label names of a data set against those of a model."""

import pytest
from datasets import ClassLabel, Dataset, Features, List, Value
from transformers import BertConfig

from textclf.errors import UserError
from textclf.evaluation.matching import fields_note, match_labels
from textclf.labels import LabelSpace
from textclf.models.limits import fields_of


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
    assert "LABEL_0 = neg, LABEL_1 = pos. --class_names sets another order." in note


def test_a_model_that_names_some_labels_is_not_taken_in_order():
    with pytest.raises(UserError, match="does not know the labels bad, good"):
        match_labels(split_of(["bad", "good"], [0]), LabelSpace(("neg", "LABEL_1"), False))


def test_several_labels_are_matched_row_by_row():
    split, _ = match_labels(split_of(["x", "y"], [[0, 1], [], [1]], several=True), LabelSpace(("y", "x"), True))
    assert list(split["labels"]) == [[1, 0], [], [0]]


def test_an_unknown_label_names_the_nearest():
    with pytest.raises(UserError, match=r"does not know the label sprot.*Did you mean 'sport'\?"):
        match_labels(split_of(["sprot", "news"], [0]), LabelSpace(("sport", "news"), False))


@pytest.mark.parametrize(
    ("names", "way_out"),
    [(["0", "1"], "--class_names 0=positive 1=negative"), (["긍정", "부정"], "Name them alike in the data")],
)
def test_other_names_are_told_with_a_way_out_that_works(names, way_out):
    """Every such message said to rename with --class_names, which refuses to rename words in a file."""
    with pytest.raises(UserError, match=rf"does not know the labels {', '.join(names)} of the data.*{way_out}"):
        match_labels(split_of(names, [0]), LabelSpace(("positive", "negative"), False))


def test_of_very_many_labels_a_message_lists_some():
    many = LabelSpace(tuple(f"label {i}" for i in range(60)), False)
    with pytest.raises(UserError, match=r"label 11 and 48 more\."):
        match_labels(split_of(["x", "y"], [0]), many)


@pytest.mark.parametrize(
    ("columns", "recorded", "pair", "said"),
    [
        (["title", "body"], {}, False, "trained on two fields (title, body); these rows have one."),
        (["title", "body"], {}, True, None),
        (None, {"text_columns": ["text"]}, True, "trained on one text; these rows have two"),
        (None, None, True, None),  # somebody else's: not known
        ("text", None, False, None),
    ],
)
def test_other_fields_than_in_training_are_said(columns, recorded, pair, said):
    split = split_of(["a", "b"], [0, 1])
    split = split.add_column("text_pair", ["x", "y"]) if pair else split
    config = BertConfig() if columns is None else BertConfig(text_columns=columns)
    note = fields_note(fields_of(config), recorded, split)
    assert note is None if said is None else said in note


def test_one_label_against_several_is_explained():
    with pytest.raises(UserError, match="several labels a text"):
        match_labels(split_of(["a", "b"], [0]), LabelSpace(("a", "b"), True))
