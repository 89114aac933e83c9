"""Augmentation changes training texts by the shares asked for, the same way for the same seed, labels kept."""

from collections import Counter

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, List, Value
from hypothesis import given, settings
from hypothesis import strategies as st

from textclf.arguments import DataArguments
from textclf.data.augmentation import augment, change_text, crop, drop, resampled_rows, swap
from textclf.errors import UserError

TEXTS = [" ".join(f"w{row}_{n}" for n in range(20)) for row in range(30)]


def arguments(**options):
    return DataArguments(dataset="x", **options)


def train_of(labels, texts=None, seconds=None):
    texts = texts or [f"text {row}" for row in range(len(labels))]
    features = {"text": Value("string"), "labels": ClassLabel(names=["a", "b", "c"])}
    columns = {"text": texts, "labels": labels}
    if seconds:
        features["text_pair"], columns["text_pair"] = Value("string"), seconds
    return Dataset.from_dict(columns, features=Features(features))


WORDS = st.lists(st.text("abc가나", min_size=1, max_size=3), min_size=2, max_size=40)
SHARES = st.floats(0.01, 0.99)


@given(words=WORDS, share=SHARES, seed=st.integers(0, 99))
def test_crop_takes_out_one_stretch(words, share, seed):
    left = crop(words, share, np.random.default_rng(seed))
    gone = len(words) - len(left)
    assert gone == min(max(round(share * len(words)), 1), len(words) - 1)
    assert any(left == words[:start] + words[start + gone :] for start in range(len(words) - gone + 1))


@given(words=WORDS, share=SHARES, seed=st.integers(0, 99))
def test_drop_keeps_order_and_at_least_one_word(words, share, seed):
    left = drop(words, share, np.random.default_rng(seed))
    assert left
    remaining = iter(words)
    assert all(word in remaining for word in left)  # a subsequence


@given(words=WORDS, share=SHARES, seed=st.integers(0, 99))
def test_swap_keeps_all_words(words, share, seed):
    assert Counter(swap(words, share, np.random.default_rng(seed))) == Counter(words)


def test_drop_takes_out_the_share_asked_for():
    words = ["word"] * 20_000
    left = len(drop(words, 0.3, np.random.default_rng(0)))
    assert abs(left - 14_000) < 300  # five standard deviations


def test_every_place_can_be_cropped():
    random = np.random.default_rng(0)
    starts = Counter(crop(list("abcdefghij"), 0.2, random)[0] for _ in range(500))
    assert starts["c"] > 20  # the first two went
    ends = {crop(list("abcdefghij"), 0.2, random)[-1] for _ in range(500)}
    assert ends == {"h", "j"}


def test_a_text_of_one_word_stays():
    shares = {"crop": 0.5, "drop": 0.9, "swap": 0.5}
    assert change_text("하나", shares, np.random.default_rng(0)) == "하나"


def test_without_options_rows_come_back_as_they_are():
    train = train_of([0, 1, 2])
    result = augment(train, arguments(), seed=1)
    assert result.train is train
    assert result.counts == {"before": 3, "after": 3}


def test_level_counts_the_original():
    train = train_of([row % 3 for row in range(30)], TEXTS)
    result = augment(train, arguments(augment_crop=0.1, augment_level=4), seed=1)
    assert len(result.train) == 120
    assert result.train["text"][::4] == TEXTS
    assert result.train.features == train.features
    for row, text, label in zip(range(120), result.train["text"], result.train["labels"], strict=True):
        assert label == (row // 4) % 3
        assert len(text.split()) == (20 if row % 4 == 0 else 18)
    assert result.counts == {
        "before": 30,
        "copies": {"crop": 0.1, "drop": 0.0, "swap": 0.0, "level": 4, "rows": 120},
        "after": 120,
    }


def test_copies_of_one_text_differ_and_the_seed_decides():
    train = train_of([0] * 30, TEXTS)
    options = arguments(augment_drop=0.3, augment_level=3)
    first, again, other = (augment(train, options, seed).train["text"][:] for seed in (1, 1, 2))
    assert first == again != other
    assert len(set(first)) == 90


def test_a_row_changes_the_same_way_in_whatever_batch_it_comes():
    train = train_of([0] * 30, TEXTS)
    options = arguments(augment_swap=0.3)
    whole = augment(train, options, 5).train["text"][:]
    head = augment(train.select(range(7)), options, 5).train["text"][:]
    assert whole[:14] == head


def test_both_fields_of_a_pair_change_and_a_missing_one_stays():
    train = train_of([0, 1], TEXTS[:2], [TEXTS[2], None])
    result = augment(train, arguments(augment_crop=0.5), seed=0).train
    assert result["text_pair"][0] == TEXTS[2]
    assert len(result["text_pair"][1].split()) == 10
    assert result["text_pair"][2:] == [None, None]


@settings(max_examples=50, deadline=None)
@given(labels=st.lists(st.integers(0, 2), min_size=1, max_size=40), how=st.sampled_from(["oversample", "undersample"]))
def test_resampling_makes_the_labels_that_occur_equally_frequent(labels, how):
    rows = resampled_rows(train_of(labels), how, seed=0)
    before, after = Counter(labels), Counter(labels[row] for row in rows)
    size = max(before.values()) if how == "oversample" else min(before.values())
    assert after == dict.fromkeys(before, size)
    copies = Counter(rows.tolist())
    if how == "undersample":
        assert set(copies.values()) == {1}
    else:
        assert set(copies) == set(range(len(labels)))
        for label in before:
            times = [copies[row] for row in range(len(labels)) if labels[row] == label]
            assert max(times) - min(times) <= 1


def test_resampling_comes_before_augmentation_so_that_repeated_rows_get_different_copies():
    train = train_of([0] * 9 + [1], TEXTS[:10])
    options = arguments(resample="oversample", augment_drop=0.3, augment_level=2)
    result = augment(train, options, seed=3)
    rare = [text for text, label in zip(result.train["text"], result.train["labels"], strict=True) if label == 1]
    assert len(rare) == 18
    assert len(set(rare)) == 10  # the original, and nine different copies
    assert result.counts["resample"] == {"how": "oversample", "rows": 18}
    assert result.counts["after"] == 36


def test_several_labels_a_text_cannot_be_resampled():
    features = Features({"text": Value("string"), "labels": List(ClassLabel(names=["a", "b"]))})
    train = Dataset.from_dict({"text": ["x", "y"], "labels": [[0, 1], []]}, features=features)
    with pytest.raises(UserError, match="one label a text"):
        augment(train, arguments(resample="oversample"), seed=0)


def test_a_level_without_copies_is_refused():
    with pytest.raises(UserError, match="from 2; found 1"):
        augment(train_of([0, 1]), arguments(augment_crop=0.1, augment_level=1), seed=0)


def test_a_level_without_a_change_is_refused():
    with pytest.raises(UserError, match="--augment_crop"):
        augment(train_of([0, 1]), arguments(augment_level=4), seed=0)
