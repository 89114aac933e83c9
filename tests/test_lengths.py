"""Token counts as training encodes texts, and the length that covers a share of them."""

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, Value
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from tests.tiny_models import SENTENCES
from textclf.arguments import DataArguments
from textclf.data.auditing.sampling import sample_rows
from textclf.data.lengths import (
    auto_max_length,
    coverage_table,
    shortest_covering,
    shows_coverage,
    token_lengths,
    within_limit,
)
from textclf.errors import UserError


@pytest.fixture(scope="module")
def tokenizer(tiny_model):
    return AutoTokenizer.from_pretrained(tiny_model("bert"))


def split_of(texts, seconds=None):
    columns = {"text": texts, "labels": [0] * len(texts)}
    features = {"text": Value("string"), "labels": ClassLabel(names=["a", "b"])}
    if seconds is not None:
        columns["text_pair"] = seconds
        features["text_pair"] = Value("string")
    return Dataset.from_dict(columns, features=Features(features))


def test_lengths_are_those_of_the_encoded_texts(tokenizer):
    expected = [len(tokenizer.tokenize(text)) + 2 for text in SENTENCES]
    assert token_lengths(tokenizer, split_of(SENTENCES)).tolist() == expected


def test_pairs_count_both_texts_and_an_empty_second_text_is_no_pair(tokenizer):
    texts = ["The soup was cold.", "The soup was cold.", "The soup was cold."]
    single = len(tokenizer.tokenize(texts[0])) + 2
    second = len(tokenizer.tokenize("정말 최악이에요."))
    split = split_of(texts, ["정말 최악이에요.", None, ""])
    assert token_lengths(tokenizer, split).tolist() == [single + second + 1, single, single]


def test_texts_longer_than_the_model_are_counted_whole_whatever_was_set_before(tokenizer):
    text = "bad " * 700
    tokenizer(["short"], truncation=True, max_length=4, padding="max_length")
    assert token_lengths(tokenizer, split_of([text])).tolist() == [702]


def test_rows_choose_and_order_texts(tokenizer):
    split = split_of(SENTENCES)
    every = token_lengths(tokenizer, split)
    rows = np.array([30, 2, 17])
    assert token_lengths(tokenizer, split, rows).tolist() == every[rows].tolist()


def test_an_empty_split_has_no_lengths(tokenizer):
    assert token_lengths(tokenizer, split_of([])).tolist() == []


@given(
    values=st.lists(st.integers(1, 300), min_size=1, max_size=60),
    coverage=st.sampled_from([0.01, 0.07, 0.5, 0.9, 0.95, 0.99, 1.0]),
)
def test_the_length_is_the_shortest_that_covers(values, coverage):
    chosen = shortest_covering(np.array(values), coverage)
    within = sum(value <= chosen for value in values)
    shorter = sum(value < chosen for value in values)
    assert within >= coverage * len(values) - 1e-6
    assert shorter < coverage * len(values) - 1e-12


def test_coverage_of_one_to_a_hundred():
    hundred = np.random.default_rng(0).permutation(np.arange(1, 101))
    assert coverage_table(hundred) == {"0.9": 90, "0.95": 95, "0.99": 99, "1.0": 100}
    assert shortest_covering(hundred, 0.07) == 7


def arguments(**options):
    return DataArguments(dataset="x", **options)


def test_few_texts_do_not_tell_how_long_others_are(tokenizer):
    """.99 ** 298 = .0500, a little above; the longest of 299 covers .99 of all with 95 % confidence."""
    assert [shows_coverage(n, 0.99) for n in (0, 298, 299)] == [False, False, True]
    assert [shows_coverage(n, 0.9) for n in (28, 29)] == [False, True]
    assert shows_coverage(1, 1.0)  # who asks for all of train gets its longest text
    short = np.full(298, 12)
    assert auto_max_length(short, arguments(), 8192) == auto_max_length(short, arguments(), 512) == 512
    assert auto_max_length(short, arguments(), 128) == 128
    assert auto_max_length(np.append(short, 12), arguments(), 512) == 12
    assert auto_max_length(np.full(20, 900), arguments(), 8192) == 900


def test_auto_covers_the_asked_share_and_stops_at_the_limit(tokenizer):
    counted = token_lengths(tokenizer, split_of(["bad " * n for n in range(10, 110)]))  # 12 ... 111 tokens
    assert auto_max_length(counted, arguments(length_coverage=0.9), 512) == 101
    assert auto_max_length(counted, arguments(length_coverage=1.0), 512) == 111
    assert auto_max_length(counted, arguments(length_coverage=1.0), 64) == 64


def test_auto_leaves_room_for_text_between_the_special_tokens(tokenizer):
    assert auto_max_length(token_lengths(tokenizer, split_of(["", "."] * 150)), arguments(), 512) == 4


def test_a_number_is_taken_as_it_is_up_to_what_the_model_reads():
    assert within_limit(64, 128) == within_limit(64, 64) == 64
    with pytest.raises(UserError, match=r"--max_length 256 .* 128 at most"):
        within_limit(256, 128)


def test_a_sample_of_a_large_split_finds_nearly_its_length_and_the_same_one_every_time(tokenizer):
    split = split_of(["bad " * (n % 100) for n in range(2_000)])
    (length,) = {
        auto_max_length(token_lengths(tokenizer, split, sample_rows(2_000, 200)), arguments(length_coverage=0.9), 512)
        for _ in range(2)
    }
    assert abs(length - 91) <= 8
