"""Audit and carving see what the model sees: copies stay together, cleaned texts are compared, leaks are said."""

import csv

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value
from transformers import AutoTokenizer

from tests.tiny_models import ENGLISH, KOREAN
from textclf.arguments import DataArguments
from textclf.data.auditing.audit import audit
from textclf.data.cleaning import normalizer
from textclf.data.labelling.label_ids import LabelIds
from textclf.data.loading import load_splits
from textclf.data.model_text import text_key, whole_texts
from textclf.data.preparation import prepare
from textclf.data.splits import carve
from textclf.errors import UserError
from textclf.models.checkpoint import prepare_tokenizer


def write(path, rows, header=("text", "label")):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return str(path)


def found(data, clean=()):
    """The splits' different texts as the model reads them, and how many rows leak."""
    checked = audit(data.splits, clean=clean)
    return {name: set(map(text_key, split["text"])) for name, split in data.splits.items()}, checked


def distinct(n):
    return [f"{i}번째 소식 of {ENGLISH[i % len(ENGLISH)]}" for i in range(n)]


@pytest.mark.parametrize("copies", [2, 3, 7])
def test_copies_of_a_text_are_carved_into_one_split(tmp_path, copies):
    """300 texts, 3 copies each: train fell from 612 rows to 267, and 37 of 108 validation rows repeated test."""
    rows = [(text, "ab"[i % 2]) for i, text in enumerate(distinct(300))] * copies
    data = load_splits(DataArguments(dataset=write(tmp_path / "rows.csv", rows)))
    texts, checked = found(data)
    assert not texts["train"] & texts["test"]
    assert not texts["train"] & texts["validation"]
    assert not texts["validation"] & texts["test"]
    assert len(checked.exact_leaks) == 0
    assert data.provenance.sizes == {"train": 204 * copies, "validation": 36 * copies, "test": 60 * copies}
    assert "equal texts kept together" in data.provenance.how_split
    labels = np.array(data.splits["test"]["labels"])
    assert labels.mean() == 0.5


def test_copies_that_differ_in_case_spaces_and_form_are_copies(tmp_path):
    rows = [(text, "ab"[i % 2]) for i, text in enumerate(distinct(100))]
    rows += [(f"  {text.upper()}\u00a0", label) for text, label in rows]
    data = load_splits(DataArguments(dataset=write(tmp_path / "rows.csv", rows)))
    texts, _ = found(data)
    assert not (texts["train"] & texts["test"] | texts["train"] & texts["validation"])


def test_texts_that_are_equal_once_cleaned_are_carved_together_and_found_as_leaks(tmp_path):
    """With `--clean strip_urls collapse_spaces` two texts that differ in a link passed --strict."""
    clean = ["strip_urls", "collapse_spaces"]
    bare = distinct(100)
    rows = [(f"{text} https://a.example/{n}", "ab"[i % 2]) for n in range(3) for i, text in enumerate(bare)]
    path = write(tmp_path / "rows.csv", rows)
    data = load_splits(DataArguments(dataset=path, clean=clean))
    assert len(audit(data.splits, clean=clean).exact_leaks) == 0
    assert data.provenance.sizes == {"train": 204, "validation": 36, "test": 60}
    apart = load_splits(DataArguments(dataset=path))
    assert len(audit(apart.splits, clean=clean).exact_leaks) > 50
    assert len(audit(apart.splits).exact_leaks) == 0


def test_pairs_are_compared_by_both_cleaned_fields(tmp_path):
    clean = ["strip_urls", "collapse_spaces"]
    bare = distinct(60)
    rows = [
        (f"제목 {text} www.a.example/{n}", f"본문 {text}", "ab"[i % 2])
        for n in range(2)
        for i, text in enumerate(bare)
    ]
    path = write(tmp_path / "rows.csv", rows, ("title", "body", "label"))
    for join in (None, " - "):
        data = load_splits(DataArguments(dataset=path, clean=clean, join_text=join))
        texts = {name: {text.split(" www")[0] for text in split["text"]} for name, split in data.splits.items()}
        assert not (texts["train"] & texts["test"] | texts["train"] & texts["validation"])
    batch = {"text": ["A  https://x.example/1 b", "c"], "text_pair": ["d", None]}
    assert whole_texts(batch, lambda text: text.lower()) == ["a  https://x.example/1 b\nd", "c"]


@pytest.mark.parametrize("given", ["test", "validation"])
def test_a_carved_split_holds_nothing_of_a_given_one(tmp_path, given):
    train = [(text, "ab"[i % 2]) for i, text in enumerate(distinct(200))]
    files = {
        "train_file": write(tmp_path / "train.csv", train),
        f"{given}_file": write(tmp_path / "g.csv", train[:40]),
    }
    data = load_splits(DataArguments(**files))
    texts, checked = found(data)
    carved = "validation" if given == "test" else "test"
    assert not texts[carved] & texts[given]
    assert not texts[carved] & texts["train"]
    assert len(checked.exact_leaks) == 40
    assert "none of the 40 rows with a text of another split" in data.provenance.how_split


def test_a_training_file_that_repeats_test_altogether_is_refused(tmp_path):
    rows = [(text, "ab"[i % 2]) for i, text in enumerate(distinct(40))]
    files = {"train_file": write(tmp_path / "a.csv", rows), "test_file": write(tmp_path / "b.csv", rows)}
    with pytest.raises(UserError, match="All but 0 of the training texts also stand in test: no validation split"):
        load_splits(DataArguments(**files))


def test_groups_that_share_a_text_stay_together(tmp_path):
    rows = [(text, "ab"[i % 2], f"author {i // 5}") for i, text in enumerate(distinct(300))]
    rows += [(rows[i][0], rows[i][1], f"author {59 - i // 5}") for i in range(0, 60, 15)]
    path = write(tmp_path / "rows.csv", rows, ("text", "label", "author"))
    data = load_splits(DataArguments(dataset=path, group_column="author"))
    texts, checked = found(data)
    assert len(checked.exact_leaks) == 0
    assert not texts["validation"] & texts["test"]


def test_groups_that_one_text_links_to_a_whole_are_parted_all_the_same(tmp_path):
    """Every author once wrote "ok": as one group they could not be split, so groups alone decide, and it is said."""
    rows = [(text, "ab"[i % 2], f"author {i // 5}") for i, text in enumerate(distinct(300))]
    rows += [("ok", "ab"[i % 2], f"author {i}") for i in range(60)]
    path = write(tmp_path / "rows.csv", rows, ("text", "label", "author"))
    data = load_splits(DataArguments(dataset=path, group_column="author"))
    author = {text: name for text, _, name in rows if text != "ok"}
    authors = {split: {author[text] for text in part["text"] if text != "ok"} for split, part in data.splits.items()}
    assert sum(map(len, authors.values())) == len(set.union(*authors.values())) == 60
    assert 0.1 <= len(data.splits["test"]) / 360 <= 0.3
    assert "ok" not in data.splits["validation"]["text"]  # it stands in test, where it is a leak of train's
    assert any("1 text on both sides, written in groups that are apart" in note for note in data.provenance.notes)
    _, checked = found(data)
    assert {data.splits["train"]["text"][row] for row in checked.exact_leaks} == {"ok"}


def test_one_text_that_everybody_writes_does_not_become_the_test_split():
    labels = LabelIds(np.arange(1_000) % 2)
    texts = np.where(np.arange(1_000) < 300, 0, np.arange(1_000))
    for seed in range(5):
        leaves = carve(labels, 2, 0.2, seed, texts=texts)
        assert not leaves[:300].any()
        assert 100 <= leaves.sum() <= 200


def test_every_label_stays_in_train_and_comes_along_with_copies_too():
    rng = np.random.default_rng(0)
    for seed in range(20):
        texts = rng.integers(0, 120, size=400)
        labels = LabelIds((texts % 7 + (rng.random(400) < 0.05)) % 8)
        leaves = carve(labels, 8, 0.2, seed, texts=texts)
        assert not np.intersect1d(texts[leaves], texts[~leaves]).size
        here, there = (np.bincount(labels.ids[part], minlength=8) for part in (~leaves, leaves))
        assert (here[np.bincount(labels.ids, minlength=8) > 0] > 0).all()
        assert (there[:7] > 0).all()
        assert leaves.mean() == pytest.approx(0.2, abs=0.08)


def test_carving_without_copies_is_what_it_was():
    labels = LabelIds(np.random.default_rng(1).integers(0, 5, size=500))
    assert (carve(labels, 5, 0.2, 3) == carve(labels, 5, 0.2, 3, texts=np.arange(500)[::-1])).all()


def split_of(texts, ids, names):
    features = Features(text=Value("string"), labels=ClassLabel(names=names))
    return Dataset.from_dict({"text": texts, "labels": ids}, features=features)


def test_a_label_that_loses_its_last_row_as_a_leak_is_said(tiny_model):
    tokenizer = prepare_tokenizer(AutoTokenizer.from_pretrained(tiny_model("bert")), normalizer([]))
    names = ["bad", "good", "rare"]
    train = split_of([*ENGLISH[:6], KOREAN[0], KOREAN[1]], [0, 1, 0, 1, 0, 1, 2, 2], names)
    held_out = split_of([KOREAN[0], KOREAN[1], KOREAN[2]], [2, 2, 0], names)
    splits = DatasetDict(train=train, validation=held_out, test=split_of(KOREAN[3:5], [0, 1], names))
    prepared = prepare(splits, tokenizer, DataArguments(dataset="x"), limit=128, seed=0)
    assert "1 label has no training row left without the leaks, and will not be learnt: rare." in prepared.lines
    splits["train"] = split_of([ENGLISH[0], ENGLISH[1], KOREAN[0]], [0, 0, 1], names)
    with pytest.raises(
        UserError, match=r"All training texts of good also stand in validation or test.*fewer than two"
    ):
        prepare(splits, tokenizer, DataArguments(dataset="x"), limit=128, seed=0)
