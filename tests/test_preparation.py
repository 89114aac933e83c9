"""Preparation: leaks leave train and nothing else does, the length fits, training rows alone are augmented."""

import json
import unicodedata

import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value
from transformers import AutoTokenizer

from dataset_scripts import build
from tests.tiny_models import ENGLISH, KOREAN
from textclf.arguments import DataArguments
from textclf.data.cleaning import normalizer
from textclf.data.model_text import join_columns
from textclf.data.preparation import prepare
from textclf.errors import UserError
from textclf.models.checkpoint import prepare_tokenizer

LEAK, NEAR = KOREAN[1], ENGLISH[0]
TRAIN = [*ENGLISH[1:14], LEAK, unicodedata.normalize("NFD", LEAK), NEAR]
TEST = [*KOREAN[10:14], LEAK, NEAR.replace("year", "month")]


@pytest.fixture(scope="module")
def tokenizer(tiny_model):
    return prepare_tokenizer(AutoTokenizer.from_pretrained(tiny_model("bert")))


def split_of(texts, seconds=None, names=("bad", "good"), several=False):
    label = ClassLabel(names=list(names))
    features = {"text": Value("string"), "labels": List(label) if several else label}
    ids = [n % 2 for n in range(len(texts))]
    columns = {"text": texts, "labels": [[i] for i in ids] if several else ids}
    if seconds is not None:
        features["text_pair"], columns["text_pair"] = Value("string"), seconds
    return Dataset.from_dict(columns, features=Features(features))


@pytest.fixture
def leaking():
    return DatasetDict(train=split_of(TRAIN), validation=split_of(KOREAN[5:9]), test=split_of(TEST))


def arguments(**options):
    return DataArguments(dataset="x", **options)


def test_exact_leaks_leave_train_and_are_counted(leaking, tokenizer):
    prepared = prepare(leaking, tokenizer, arguments(), limit=128, seed=1)
    assert prepared.splits["train"]["text"][:] == [*ENGLISH[1:14], NEAR]
    assert prepared.splits["train"]["labels"][:] == [n % 2 for n in range(13)] + [1]
    assert prepared.audit["removed_from_train"] == {"exact_leaks": 2}
    assert prepared.audit["rows"] == {"train": 16, "validation": 4, "test": 6}
    assert prepared.audit["augmentation"] == {"before": 14, "after": 14}
    for name in ("validation", "test"):
        assert prepared.splits[name].data == leaking[name].data
    assert "2 leaking rows left train; 14 remain." in prepared.lines
    assert any("--drop_near_duplicates" in line for line in prepared.lines)
    assert len(leaking["train"]) == 16  # what was handed in stays as it was


def test_near_leaks_leave_train_when_asked_for(leaking, tokenizer):
    prepared = prepare(leaking, tokenizer, arguments(drop_near_duplicates=True), limit=128, seed=1)
    assert prepared.splits["train"]["text"][:] == ENGLISH[1:14]
    assert prepared.audit["removed_from_train"] == {"exact_leaks": 2, "near_leaks": 1}
    assert not any("--drop_near_duplicates" in line for line in prepared.lines)


def test_strict_stops_at_a_leak_and_names_rows(leaking, tokenizer):
    with pytest.raises(UserError, match=r"--strict: 2 training rows leak .*rows 13, 14, counted from 0"):
        prepare(leaking, tokenizer, arguments(strict=True), limit=128, seed=1)
    with pytest.raises(UserError, match="3 training rows"):
        prepare(leaking, tokenizer, arguments(strict=True, drop_near_duplicates=True), limit=128, seed=1)


def test_strict_lets_data_without_leaks_pass(leaking, tokenizer):
    leaking["train"] = leaking["train"].select(range(13))
    assert len(prepare(leaking, tokenizer, arguments(strict=True), limit=128, seed=1).splits["train"]) == 13


def test_nothing_left_to_train_on_is_an_error(tokenizer):
    splits = DatasetDict(train=split_of(TEST), validation=split_of(KOREAN[5:9]), test=split_of(TEST))
    with pytest.raises(UserError, match="nothing is left to train on"):
        prepare(splits, tokenizer, arguments(), limit=128, seed=1)


def test_what_is_fine_is_not_mentioned(tokenizer):
    splits = DatasetDict(train=split_of(ENGLISH), validation=split_of(KOREAN[:8]), test=split_of(KOREAN[8:]))
    lines = prepare(splits, tokenizer, arguments(), limit=128, seed=1).lines
    longest = max(len(ids) for ids in tokenizer(ENGLISH)["input_ids"])
    assert lines == [
        "Audit of 40 rows (20 train, 8 validation, 12 test):",
        "  2 (66.7 %) splits are written in other scripts than train: validation, test",
        f"Texts are cut to 128 tokens, which leaves 100.0 % of train whole; the longest has {longest}, but so few "
        "tell little of others.",
    ]
    told = prepare(splits, tokenizer, arguments(length_coverage=0.8), limit=128, seed=1).lines[-1]
    assert told.endswith(" % of train whole; the longest has 19.")
    same = DatasetDict(train=split_of(ENGLISH[:10]), test=split_of(ENGLISH[10:]))
    assert prepare(same, tokenizer, arguments(), limit=128, seed=1).lines[0].endswith("10 test): nothing found.")


def test_the_length_covers_train_without_its_leaks_and_without_augmentation(tokenizer):
    long = " ".join(ENGLISH[:5])
    splits = DatasetDict(train=split_of([*ENGLISH, long]), validation=split_of([KOREAN[0]]), test=split_of([long]))
    longest = max(len(ids) for ids in tokenizer(ENGLISH)["input_ids"])
    for options in ({}, {"augment_swap": 0.5}):
        prepared = prepare(splits, tokenizer, arguments(length_coverage=1.0, **options), limit=128, seed=1)
        assert prepared.max_length == longest
        assert prepared.audit["max_length"]["chosen"] == longest
        assert prepared.audit["max_length"]["covering"]["1.0"] == longest
        assert prepared.audit["max_length"]["texts_counted"] == 20


def test_texts_that_will_be_cut_are_told_for_each_label(tokenizer):
    texts = [ENGLISH[n] if n % 2 else f"{ENGLISH[n]} " * 4 for n in range(20)]  # label 0 is long
    splits = DatasetDict(train=split_of(texts), validation=split_of(KOREAN[:3]), test=split_of(KOREAN[3:6]))
    prepared = prepare(splits, tokenizer, arguments(max_length="40"), limit=128, seed=1)
    assert prepared.max_length == 40
    found = prepared.audit["findings"]["longer_than_max_length"]
    assert found["share_per_label"] == {"bad": 1.0, "good": 0.0}
    assert (found["count"], found["share"]) == (10, 0.5)
    assert any("longer than 40 tokens" in line for line in prepared.lines)
    covered = prepare(splits, tokenizer, arguments(), limit=512, seed=1)
    assert not any("longer than" in line for line in covered.lines)


def test_several_labels_have_their_shares_of_cut_texts_too(tokenizer):
    splits = DatasetDict(
        train=split_of([ENGLISH[0] * 4, *ENGLISH[1:6]], several=True), test=split_of(KOREAN, several=True)
    )
    prepared = prepare(splits, tokenizer, arguments(max_length="40"), limit=128, seed=1)
    assert prepared.audit["findings"]["longer_than_max_length"]["share_per_label"] == {"bad": 0.3333, "good": 0.0}


def test_a_length_beyond_the_model_stops_at_once(leaking, tokenizer):
    with pytest.raises(UserError, match="give 128 at most"):
        prepare(leaking, tokenizer, arguments(max_length="512"), limit=128, seed=1)


def test_training_rows_alone_are_augmented_and_resampled(leaking, tokenizer):
    options = arguments(augment_crop=0.1, augment_level=3, resample="oversample")
    prepared = prepare(leaking, tokenizer, options, limit=128, seed=1)
    assert len(prepared.splits["train"]) == 42
    assert prepared.splits["train"].features == leaking["train"].features
    assert prepared.splits["test"]["text"][:] == TEST
    assert prepared.audit["augmentation"]["after"] == 42
    assert "Augmentation and resampling make 42 training rows of 14." in prepared.lines
    again = prepare(leaking, tokenizer, options, limit=128, seed=1)
    assert again.splits["train"]["text"][:] == prepared.splits["train"]["text"][:]
    other = prepare(leaking, tokenizer, options, limit=128, seed=2)
    assert other.splits["train"]["text"][:] != prepared.splits["train"]["text"][:]


def test_two_columns_become_one_and_the_join_is_what_is_audited(tokenizer):
    train = split_of(["Title", "제목", "Alone", "Empty"], ["body", "본문", None, ""])
    splits = DatasetDict(train=train, test=split_of(["Title body", "x"], ["", "y"]))
    prepared = prepare(splits, tokenizer, arguments(join_text=" "), limit=128, seed=1)
    assert prepared.splits["train"].column_names == ["text", "labels"]
    assert prepared.splits["train"]["text"][:] == ["제목 본문", "Alone", "Empty"]
    assert prepared.splits["test"]["text"][:] == ["Title body", "x y"]
    assert prepared.splits["train"].features["labels"].names == ["bad", "good"]


def test_joining_needs_two_columns():
    splits = DatasetDict(train=split_of(ENGLISH))
    assert join_columns(splits, None) is splits
    with pytest.raises(UserError, match="--text_columns"):
        join_columns(splits, " ")


def test_cleaning_counts_texts_that_become_empty_and_shortens_lengths(tiny_model):
    link = "https://example.org/" + "a" * 60
    options = arguments(clean=["strip_urls", "collapse_spaces"], length_coverage=1.0)
    plain = prepare_tokenizer(AutoTokenizer.from_pretrained(tiny_model("bert")))
    cleaning = prepare_tokenizer(AutoTokenizer.from_pretrained(tiny_model("bert")), normalizer(options.clean))
    splits = DatasetDict(train=split_of([link, f"{ENGLISH[0]} {link}", ENGLISH[1]]), test=split_of(ENGLISH[3:5]))
    prepared = prepare(splits, cleaning, options, limit=128, seed=1)
    assert prepared.audit["findings"]["cleaned_to_nothing"]["count"] == 1
    assert prepared.max_length == max(len(ids) for ids in plain(ENGLISH[:2])["input_ids"])
    assert prepared.splits["train"]["text"][0] == link  # the tokenizer cleans, the data stays as it is


def test_audit_json_is_plain_and_without_text(leaking, tokenizer):
    options = arguments(augment_drop=0.2, drop_near_duplicates=True)
    prepared = prepare(leaking, tokenizer, options, limit=16, seed=1)
    written = json.dumps(prepared.audit, ensure_ascii=False, allow_nan=False)
    assert not any(word in written for text in [*TRAIN, *TEST] for word in text.split() if len(word) > 6)
    assert len(prepared.lines) < 20
    assert any(finding.examples for finding in prepared.findings)


@pytest.mark.parametrize("config", ["english", "korean", "all"])
def test_the_bundled_data_holds_no_duplicates(tokenizer, tmp_path, config):
    rows = build("news_sample", config=config, cache_dir=tmp_path)
    columns = ["text", "text_pair", "labels"]
    splits = DatasetDict({name: split.select_columns(columns) for name, split in rows.items()})
    found = prepare(splits, tokenizer, arguments(), limit=128, seed=1).audit["findings"]
    for name in ("exact_leaks", "exact_duplicates", "near_leaks", "near_duplicates", "conflicting_labels"):
        assert found[name]["count"] == 0, name
