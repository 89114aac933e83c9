"""At the edge: to which side a limit itself belongs, limit by limit."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from tests.test_figures import single
from textclf.data.labelling.column_signs import _flag, _numbers_of_classes, fractions, look, same_texts, votes
from textclf.data.labelling.label_names import alike_notes, missing_note
from textclf.data.labelling.label_numbers import is_minus_one_a_class, meaning_of_numbers, said_pairs
from textclf.data.reading.raw_split import RawSplit
from textclf.errors import UserError
from textclf.evaluation.attribution import _longest, _merge, _target
from textclf.evaluation.comparison import outcome
from textclf.evaluation.curves import _binned
from textclf.evaluation.figures import drawing
from textclf.evaluation.figures.drawing import shown_labels
from textclf.evaluation.figures.style import drawable, shortened
from textclf.evaluation.gate import texts_needed
from textclf.evaluation.intervals import all_bounds
from textclf.evaluation.kept_promises import _keeps
from textclf.evaluation.names import aim_name
from textclf.evaluation.page import summary
from textclf.evaluation.page.charts import _fitted, slice_name
from textclf.evaluation.page.writing import figure, number
from textclf.evaluation.text_profile import histogram, script_of
from textclf.evaluation.thresholds import parse_aim
from textclf.evaluation.wording import words_of
from textclf.metrics.text_classification.checks import checked
from textclf.metrics.text_classification.text_classification import Rows

SAY = words_of("en")


# Evaluation


def test_a_p_value_of_5_percent_shows_a_difference_and_an_interval_that_touches_0_none():
    found = {"metric": "accuracy", "difference": 0.1, "low": 0.01, "high": 0.2, "p_value": 0.05}
    assert outcome(found) == "wins"
    assert outcome(found | {"p_value": 0.0501}) == "unclear"
    assert outcome(found | {"low": 0.0}) == "unclear"
    assert outcome(found | {"difference": -0.1, "low": -0.2, "high": 0.0}) == "unclear"
    assert outcome(found | {"difference": -0.1, "low": -0.2, "high": -0.01}) == "loses"
    assert outcome(found | {"low": None}) == "unclear"
    assert outcome(found | {"metric": "log_loss"}) == "loses"


def told(matrix, names=("a", "b", "c"), **more):
    return {"labels": list(names), "confusion_matrix": matrix, "per_label": {}, **more}


def test_a_model_collapses_at_four_decisions_of_five_that_gold_does_not_ask_for_half_of():
    assert summary.collapsed(told([[4, 0], [4, 2]], "ab")) == "a", "two labels are enough"
    assert summary.collapsed(told([[4]], "a")) is None
    assert summary.collapsed(told([[5, 0], [3, 2]], "ab")) is None, "gold has more than half of what is given"
    assert summary.collapsed(told([[4, 0], [3, 3]], "ab")) is None, "seven of ten"
    assert summary.collapsed(told([[9, 0], [1, 0]], "ab")) == "a", "every text, and not every text is one"
    assert summary.collapsed(told([[9, 0], [0, 0]], "ab")) is None, "every text is one"
    assert summary.labels_never_given(told([[2, 0, 0], [1, 0, 0], [0, 0, 0]])) == ["b"]
    never = {"a": {"support": 3, "precision": {"value": 0.0, "no_interval": "no text was given this label"}}}
    assert summary.collapsed(told(None, "a", per_label=never)) is None, "of one label there is nothing to decide"
    assert summary.collapsed(told(None, "ab", per_label=never | {"b": never["a"]})) == ""
    assert summary.collapsed(told(None, "ab", per_label=never | {"b": {"support": 0, "precision": None}})) is None


def test_calibration_is_fine_up_to_5_percent_or_twice_the_least():
    for value, least, fine in (
        (0.05, 0.0, "pass"),
        (0.0501, 0.0, "caution"),
        (0.2, 0.1, "pass"),
        (0.21, 0.1, "caution"),
    ):
        evaluation = {"metrics": {"ece": {"value": value, "if_calibrated": least}}}
        assert [line.came_to for line in summary._calibration(evaluation, SAY)] == [fine], (value, least)
    assert summary._calibration({"metrics": {}}, SAY) == []
    evaluation = {"n": 200, "per_label": {"a": {"support": 9}, "b": {"support": 10}}}
    assert [line.says for line in summary._data(evaluation, {}, SAY)][:2] == [
        "200 test texts.",
        "Labels with under 10 test texts, whose own figures say little (1): a.",
    ]
    assert summary.named(list("abcde"), SAY) == "a, b, c, d, e"
    assert summary.named(list("abcdef"), SAY) == "a, b, c, d, e and 1 more"


def test_as_many_wrong_answers_as_promised_keep_a_promise():
    kept = lambda wrong, n: _keeps({"answered": {"count": n}, "wrong": {"count": wrong}}, 0.1)  # noqa: E731
    assert (kept(10, 100), kept(11, 100), kept(0, 0)) == (True, False, False)


def test_figures_have_intervals_from_five_texts_a_label_and_ten_mistakes_on():
    for each, known in ((4, False), (5, True)):
        gold = np.arange(4 * each) % 4
        bounds = all_bounds(Rows(gold, gold, None, 4), {"f1_macro": 1.0}, {})["f1_macro"]
        assert (bounds.low is not None) is known
    for wrong, known in ((9, False), (10, True)):
        gold = np.zeros(40, dtype=int)
        predicted = (np.arange(40) < wrong).astype(int)
        draws = {"mcc": np.linspace(0.1, 0.3, 200)}
        bounds = all_bounds(Rows(gold, predicted, None, 2), {"mcc": 0.2}, draws)["mcc"]
        assert (bounds.low is not None) is known
    draws = {"mcc": np.r_[np.full(101, np.nan), np.linspace(0.1, 0.3, 99)]}
    assert all_bounds(Rows(gold, predicted, None, 2), {"mcc": 0.2}, draws)["mcc"].why == "too few resamples have it"
    draws = {"mcc": np.r_[np.full(100, np.nan), np.linspace(0.1, 0.3, 100)]}
    assert all_bounds(Rows(gold, predicted, None, 2), {"mcc": 0.2}, draws)["mcc"].why is None


def test_bins_hold_their_upper_ends():
    """As (low, high]: 1/15 is in the first bin, a little more in the second; 0 and 1 are in the outermost."""
    mean, right, count = _binned(np.array([0.0, 1 / 15, 1 / 15 + 1e-6, 1.0]), np.array([1.0, 0.0, 1.0, 1.0]))
    assert count.tolist() == [2, 1, 1]
    assert right.tolist() == [0.5, 1.0, 1.0]
    assert mean == pytest.approx([1 / 30, 1 / 15, 1.0], abs=1e-5)
    assert histogram([0.0, 4.0, 4.1, 99.0], (4.0, 8.0))["counts"] == [2, 1, 1]


def test_digits_follow_the_width_of_the_interval():
    wide, narrow = {"value": 0.5, "low": 0.4, "high": 0.46}, {"value": 0.5, "low": 0.4, "high": 0.44}
    assert (number(wide), figure(wide)) == ("0.50", "0.40–0.46")
    assert (number(narrow), figure(narrow)) == ("0.500", "0.400–0.440")
    assert number({"value": 0.5}, wide) == "0.50"
    assert (number(None), figure(None), figure({"value": 1, "low": None})) == ("–", "", "")


def test_the_axis_of_confidence_begins_a_little_below_the_first_point():
    assert _fitted(np.array([0.33, 0.9])) == [0.3, 1.0]
    assert _fitted(np.array([0.31, 0.9])) == [0.2, 1.0]
    assert _fitted(np.array([0.01])) == [0.0, 1.0]
    assert _fitted(np.array([0.93])) == [0.8, 1.0]
    assert _fitted(np.array([0.91])) == [0.8, 1.0]
    assert slice_name("1000–20000 characters", SAY) == "1,000–20,000 characters"
    assert slice_name("no source", SAY) == SAY["no_source"]
    assert slice_name("Hangul", words_of("ko")) == "한글"


def test_up_to_twenty_labels_keep_their_own_order():
    counts = np.diag([5] * 20 + [9])
    assert shown_labels(counts[1:, 1:]).tolist() == list(range(20))
    assert shown_labels(counts).tolist()[:2] == [20, 0]
    wide = np.eye(61, dtype=int)
    wide[60, 0] = 3
    assert len(shown_labels(wide)) == 60
    assert {0, 60} <= set(shown_labels(wide).tolist())


def test_names_that_can_be_drawn_are_drawn_without_a_word(caplog):
    report = single(["sport", "정치"], 20)
    assert drawable([report], SAY) == [report]
    assert not caplog.records
    assert shortened("a" * 30) == "a" * 30
    assert shortened("a" * 31) == "a" * 19 + "…" + "a" * 10
    assert drawing.MOST_CLASSES == 60


def test_a_text_is_in_a_script_from_four_letters_of_five_on():
    assert script_of("aaaa가") == "Latin"
    assert script_of("aaa가") == "mixed scripts"
    assert script_of("가가가가a") == "Hangul"
    assert script_of("абвг") == "another script"
    assert script_of("12 ?") == "no letters"


@pytest.mark.parametrize(
    ("aim", "fits"),
    [
        ("f10", True),
        ("f10.1", False),
        ("f0", False),
        ("f.5", True),
        ("precision>=1", True),
        ("recall>=0", False),
        ("recall >= 0.01", True),
        ("recall>=1.01", False),
    ],
)
def test_aims_are_taken_up_to_their_ends(aim, fits):
    if fits:
        assert parse_aim(aim).text
    else:
        with pytest.raises(UserError):
            parse_aim(aim)


def test_an_aim_is_called_by_what_it_is():
    assert [aim_name(aim, SAY) for aim in ("f1", "f0.5", "own", "recall>=0.8")] == [
        "F1", "F0.5", "the linear model's own cut", "recall ≥ 0.8",
    ]  # fmt: skip


def test_no_number_of_texts_proves_what_lies_at_the_limit():
    assert texts_needed(0.97, 0.0, 0.01, 200) is None
    assert texts_needed(0.99, -0.01, 0.01, 200) is None
    assert texts_needed(1.0, 0.0, 0.01, 200) == 200
    assert texts_needed(1.0, 0.0, 0.02, 200) == 400, "where no decision differs the interval shrinks with n"
    assert texts_needed(0.999, 0.0, 0.02, 200) >= 800, "else with its root"
    assert texts_needed(1.0, 0.0, float("inf"), 10) == 125


def test_words_add_up_the_scores_of_their_tokens():
    """A token of spaces goes to the word behind it, punctuation to its own word."""
    tokens = [([0, 2], 0, 0.1), ([2, 3], 0, 0.2), ([3, 6], 0, 0.5), ([6, 7], None, 9.0), ([0, 1], 1, 0.25)]
    offsets, parts, scores = (list(each) for each in zip(*tokens, strict=True))
    words = _merge(
        (
            "ab cde fg",
            "x",
        ),
        offsets,
        parts,
        scores,
    )
    assert [(word.text, word.score, word.part, word.read) for word in words] == [
        ("ab", 0.1, 0, True), ("cde", pytest.approx(0.7), 0, True), ("fg", 0.0, 0, False), ("x", 0.25, 1, True),
    ]  # fmt: skip
    assert [word.text for word in _merge(("日本 ok",), [], [], [])] == ["日", "本", "ok"]
    tokenizer = lambda limit: SimpleNamespace(model_max_length=limit)  # noqa: E731
    model = SimpleNamespace(config=SimpleNamespace(max_position_embeddings=514, id2label={0: "a", 1: "b"}))
    assert (_longest(model, tokenizer(999_999)), _longest(model, tokenizer(10**6))) == (999_999, 512)
    assert _longest(SimpleNamespace(config=SimpleNamespace()), tokenizer(10**30)) is None
    assert (_target(model, "b", None), _target(model, 0, None)) == (1, 0)
    assert _target(model, None, np.array([1, 3])) == 1
    with pytest.raises(ValueError, match="Unknown label 'c'; the model has a, b"):
        _target(model, "c", None)


@pytest.mark.parametrize(("predictions", "references"), [([2, 0], [0, 1]), ([0, 1], [2, 0])])
def test_an_id_beyond_the_label_axis_is_refused_on_either_side(predictions, references):
    with pytest.raises(ValueError, match="Label ids go from 0 to 1; found 2"):
        checked(predictions, references, None, 2, several=False)
    assert checked(predictions, references, None, 3, several=False).num_labels == 3


# Labels


def signs(values, name="x"):
    return look(RawSplit(pa.table({name: pa.array(values)})), name)


def test_a_column_has_labels_from_two_values_and_three_rows_each_on():
    assert signs(["a", "b"] * 3).label
    assert not signs(["a", "b"] * 2).label, "four rows"
    assert signs([1, 2] * 3).label
    assert not signs([1, 2, 1, 2, 1]).label
    assert not signs(["a"] * 9).label
    assert signs(["a", "b", None, ""] * 5).label, "half of the cells is filled"
    assert not signs([*["a", "b"] * 5, *[None] * 11]).label
    assert signs([1, 2, None, None] * 5).label
    assert signs(["a" * 59, "b" * 59] * 5).label
    assert not signs(["a" * 60, "b" * 60] * 5).label
    assert signs(["one two three", "four five six"] * 5).label
    assert not signs(["one two three four", "four five six seven"] * 5).label
    assert not signs([f"2024-01-0{i}" for i in (1, 2)] * 5).label
    assert signs(["positive", "negative"] * 5).judges
    assert not signs(["positive"] * 5).judges
    assert not signs(["positive", "other"] * 5).judges


def test_a_column_has_texts_where_most_are_other_ones_of_two_words():
    assert signs(["one two", "three four", "one two"]).text
    assert not signs(["one two", "three four", "one two", "three four"]).text, "half of them"
    assert not signs(["one", "two", "three"]).text
    assert signs(["日本語の文", "次の文です"]).text, "without spaces two characters count as a word"
    found = signs(["a b", "c d e", None, ""])
    assert (found.filled, found.distinct, found.words, found.wordy) == (0.5, 2, 2.5, True)
    assert not signs(["1 ", "2"]).wordy
    assert not signs(["[a b]", "[c d]"]).text, "lists of labels"


def test_numbers_of_classes_are_few_or_dense():
    assert _numbers_of_classes([float(i) for i in range(0, 500, 10)]), "fifty"
    assert not _numbers_of_classes([float(i) for i in range(0, 510, 10)])
    assert _numbers_of_classes([float(i) for i in range(1, 501)])
    assert not _numbers_of_classes([float(i) for i in range(1, 502)])
    assert not _numbers_of_classes([float(i) for i in range(2, 60)])
    assert not _numbers_of_classes([0.5, 1.0])
    for words, how in (({"true", "false"}, "true/false"), ({"0", "1", "-1"}, "0/1"), ({"y"}, "y/n"), ({"-1"}, ""),
                       ({"yes", "maybe"}, ""), ({"yes", "no"}, "yes/no")):  # fmt: skip
        assert _flag(words) == how
    table = pa.table({"a": ["1.5", "2", None], "b": ["1", "2", "x"], "c": ["1.5", "2", "3"]})
    assert [fractions(RawSplit(table), name) for name in "abc"] == [True, False, True]
    halves = pa.table({"a": ["x", "y"], "b": ["x", "z"], "c": ["x", "y"]})
    assert not same_texts(RawSplit(halves), "a", "b"), "half of the rows"
    assert same_texts(RawSplit(halves), "a", "c")


def test_votes_are_the_columns_that_add_up_to_a_total():
    table = pa.table({"total": [3, 4], "a": [1, 4], "b": [2, 0], "label": [0, 1], "more": [9, 9], "gap": [None, 1]})
    assert votes(RawSplit(table), "label") == {"total", "a", "b"}
    assert votes(RawSplit(table.set_column(1, "a", pa.array([1, 3]))), "label") == set(), "they add up to less"
    assert votes(RawSplit(table.select(["total", "a", "label"])), "label") == set()
    one = pa.table({"total": [3, 4], "a": [3, 4], "label": [0, 1]})
    assert votes(RawSplit(one), "label") == set(), "a single part is no vote"


@pytest.mark.parametrize(
    ("counts", "column", "said"),
    [
        ({"0": 5, "1": 5}, "x", False),
        ({"-1": 5, "1": 5}, "x", True),
        ({"-2": 1, "-1": 5, "0": 5}, "x", True),
        ({"-1": 2, "0": 49, "1": 49}, "sentiment", True),
        ({"-1": 1, "0": 49, "1": 50}, "sentiment", False),
        ({"-1": 80, "0": 10, "1": 10}, "sentiment", True),
        ({"-1": 81, "0": 10, "1": 9}, "sentiment", False),
        ({"-1": 5, "3": 5}, "감정", True),
        ({"-1": 5, "4": 5}, "감정", False),
        ({"-1": 10, "0": 40, "1": 50}, "x", None),
        ({"-1": 9, "0": 41, "1": 50}, "x", False),
        ({"-1": 80, "0": 10, "1": 10}, "x", None),
        ({"-1": 81, "0": 9, "1": 10}, "x", False),
        ({"-1": 20, "0": 40, "1": 30, "2": 10}, "x", False),
        ({"-2": 20, "0": 40, "1": 30}, "sentiment", False),
    ],
)
def test_minus_one_is_a_class_within_limits(counts, column, said):
    if said is None:
        with pytest.raises(UserError, match="a class of its own, or a label that is not given"):
            is_minus_one_a_class(counts, column, False)
    else:
        assert is_minus_one_a_class(counts, column, False) is said


@pytest.mark.parametrize(("minus", "said"), [(50, True), (51, None), (10, True), (9, False)])
def test_beside_opinions_minus_one_is_a_class_up_to_half_of_the_rows(minus, said):
    counts = {"-1": minus, "0": 60 - minus, "1": 40}
    if said is None:
        with pytest.raises(UserError, match="a class of its own, or a label that is not given"):
            is_minus_one_a_class(counts, "label", True)
    else:
        assert is_minus_one_a_class(counts, "label", True) is said


def test_a_slip_is_rare_and_nearly_the_same():
    assert alike_notes({"economy": 100, "econmoy": 2}, False)[0].startswith(
        "'econmoy' (2) is nearly 'economy' (100): if"
    )
    assert alike_notes({"economy": 99, "econmoy": 2}, False) == [], "more than one in fifty"
    assert alike_notes({"econ": 100, "ecno": 1}, False) == [], "four letters"
    assert alike_notes({"class 1": 100, "class 2": 1}, False) == [], "other digits"
    assert alike_notes({"economy": 100, "xconomy": 1}, False) == [], "another first letter"
    many = {f"{name}{i}": 2 for i in range(9) for name in ("n", "N")}
    (note,) = alike_notes(many, False)
    assert "'N7' (2) and 'n7' (2) and 1 more. `--merge_labels alike`" in note
    assert "and 1 more" not in alike_notes({name: 2 for name in many if "8" not in name}, False)[0]
    assert missing_note(["a", "#N/A"])[0].startswith("A class is called '#N/A', as programs write what is missing.")
    assert missing_note(["a"]) == []


def test_numbers_mean_names_where_one_way_is_possible():
    assert meaning_of_numbers(["0", "2"], ["a", "b"]) == {"0": "a", "2": "b"}
    assert meaning_of_numbers(["1", "2", "4"], list("abcd")) == {"1": "a", "2": "b", "3": "c", "4": "d"}
    assert meaning_of_numbers(["-1", "0", "1"], ["a", "b"]) == {"0": "a", "1": "b"}
    assert meaning_of_numbers(["-1", "0", "1"], list("abc")) == {"-1": "a", "0": "b", "1": "c"}
    assert meaning_of_numbers(["0.5", "1.5"], ["a", "b"]) == {"0.5": "a", "1.5": "b"}
    for found, names in (
        (["0", "1", "2"], ["a", "b"]),
        (["0", "4"], list("abcde")),
        (["0", "1", "9"], list("abcdefghij")),
    ):
        with pytest.raises(UserError, match="which number is which name is not certain"):
            meaning_of_numbers(found, names)
    assert said_pairs(["1=a", " 2 = b ", "1=a"], "x") == {"1": "a", "2": "b"}
    for wrong in (["1"], ["1="], ["=a"], ["1=a", "1=b"]):
        with pytest.raises(UserError, match="--x "):
            said_pairs(wrong, "x")
