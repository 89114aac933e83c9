"""Loading: three splits of known columns; bad rows named or counted; rare and unseen labels dealt with; repeatable."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textclf.arguments import DataArguments
from textclf.data.loading import load_splits
from textclf.data.model_text import text_key
from textclf.errors import UserError
from textclf.labels import LabelSpace


def csv(path: Path, rows: list[tuple], columns=("text", "label")) -> str:
    pd.DataFrame(rows, columns=list(columns)).to_csv(path, index=False)
    return str(path)


def plain(n: int, labels: str = "ab", start: int = 0) -> list[tuple]:
    return [(f"글 {i}", labels[i % len(labels)]) for i in range(start, start + n)]


def names(loaded):
    return LabelSpace.from_features(loaded.splits["train"].features).names


def texts(loaded):
    return {name: list(split["text"]) for name, split in loaded.splits.items()}


def all_texts(loaded):
    return [text for split in texts(loaded).values() for text in split]


def test_one_file_becomes_three_splits_in_source_order(tmp_path):
    loaded = load_splits(DataArguments(dataset=csv(tmp_path / "rows.csv", plain(100))))
    assert {name: len(split) for name, split in loaded.splits.items()} == {"train": 68, "validation": 12, "test": 20}
    for split in loaded.splits.values():
        assert split.column_names == ["text", "labels"]
        assert split.features["labels"] == datasets.ClassLabel(names=["a", "b"])
        numbers = [int(text.split()[1]) for text in split["text"]]
        assert numbers == sorted(numbers)
        assert list(split["labels"]) == [number % 2 for number in numbers]
    assert sorted(all_texts(loaded)) == sorted(text for text, _ in plain(100))


def test_provenance_says_where_the_rows_come_from(tmp_path):
    path = csv(tmp_path / "rows.csv", plain(100))
    said = load_splits(DataArguments(dataset=path)).provenance.to_dict()
    assert json.loads(json.dumps(said)) == said
    assert said["name"] == "rows"
    assert said["sizes"] == {"train": 68, "validation": 12, "test": 20}
    assert said["how_split"] == (
        "test carved out: 20 % of the rows, stratified by label, seed 13; "
        "validation carved out: 15 % of the rows, stratified by label, seed 13."
    )
    assert [record["name"] for record in said["files"]] == ["rows.csv"]
    assert str(tmp_path) not in json.dumps(said)
    assert said["notes"][:2] == ["Labels are read from 'label'.", "Text is read from 'text'."]


def test_given_splits_stay_as_they_are(tmp_path):
    files = {split: csv(tmp_path / f"{split}.csv", plain(20, start=100 * i)) for i, split in enumerate(
        ["train_file", "validation_file", "test_file"])}  # fmt: skip
    loaded = load_splits(DataArguments(**files))
    assert texts(loaded)["test"] == [text for text, _ in plain(20, start=200)]
    assert loaded.provenance.how_split == "train and validation and test as given."


def test_two_columns_become_text_and_text_pair(tmp_path):
    rows = [(f"제목 {i}", f"본문 {i}", "ab"[i % 2]) for i in range(40)]
    rows[0], rows[1], rows[2] = ("제목", "", "a"), ("제목", " \u3000", "b"), ("", "본문", "a")
    path = csv(tmp_path / "rows.csv", rows, ("title", "body", "category"))
    loaded = load_splits(DataArguments(dataset=path))
    pairs = {(row["text"], row["text_pair"]) for split in loaded.splits.values() for row in split}
    assert {("제목", None), ("본문", None), ("제목 5", "본문 5")} <= pairs
    assert None not in {text for text, _ in pairs}
    assert loaded.splits["train"].column_names == ["text", "text_pair", "labels"]


@pytest.mark.parametrize("blank", ["", "   ", "\u3000\u00a0", '" \n "'])
def test_blank_texts_are_counted_or_stop_with_their_line_where_strict(tmp_path, blank):
    lines = ["text,label", *(f"글 {i},{'ab'[i % 2]}" for i in range(30)), f"{blank},a", "끝,b"]
    (tmp_path / "rows.csv").write_text("\n".join(lines), encoding="utf-8")
    path = str(tmp_path / "rows.csv")
    with pytest.raises(UserError, match=r"rows\.csv, line 32: blank text\. --on_bad_row skip"):
        load_splits(DataArguments(dataset=path, strict=True))
    loaded = load_splits(DataArguments(dataset=path))
    assert loaded.provenance.removed == {"blank text": 1}
    assert sum(loaded.provenance.sizes.values()) == 31
    assert "1 row left out: blank text." in loaded.provenance.notes


def test_rows_without_a_label_stop_or_are_counted(tmp_path):
    path = csv(tmp_path / "rows.csv", [*plain(30), ("없음", None), ("모름", -1)])
    with pytest.raises(UserError, match=r"rows\.csv, line 32: no label\. Found '' in 'label'"):
        load_splits(DataArguments(dataset=path, class_names=["a", "b", "-1"]))
    numbers = csv(tmp_path / "numbers.csv", [*((f"글 {i}", i % 2) for i in range(30)), ("모름", -1)])
    with pytest.raises(UserError, match=r"line 32: no label.*-1 says that a label is not given.*--class_names"):
        load_splits(DataArguments(dataset=numbers))
    assert load_splits(DataArguments(dataset=numbers, on_bad_row="skip")).provenance.removed == {"no label": 1}


@pytest.mark.parametrize("mark", [-1, None])
def test_a_test_split_without_labels_counts_as_missing(tmp_path, mark):
    train = csv(tmp_path / "train.csv", [(f"글 {i}", i % 2) for i in range(50)])
    test = csv(tmp_path / "test.csv", [(f"시험 {i}", mark) for i in range(10)])
    loaded = load_splits(DataArguments(train_file=train, test_file=test))
    assert not any(text.startswith("시험") for text in texts(loaded)["test"])
    assert "The test split has no labels and counts as missing." in loaded.provenance.notes
    bare = tmp_path / "bare.csv"
    pd.DataFrame({"text": ["시험"]}).to_csv(bare, index=False)
    loaded = load_splits(DataArguments(train_file=train, test_file=str(bare)))
    assert any("has no column label" in note for note in loaded.provenance.notes)


def test_rare_labels_leave_with_their_rows(tmp_path):
    rows = [*plain(200), *((f"드문 {i}", "rare") for i in range(10)), *((f"적은 {i}", "few") for i in range(30))]
    loaded = load_splits(DataArguments(dataset=csv(tmp_path / "rows.csv", rows), min_label_count=20))
    assert names(loaded) == ("a", "b", "few")
    assert loaded.provenance.removed == {"label with fewer than 20 training rows": 10}
    assert sum(loaded.provenance.sizes.values()) == 230
    assert any("rare" in note and "--min_label_count" in note for note in loaded.provenance.notes)


def multi_label_files(tmp_path):
    train = [(f"글 {i}", "a|b" if i % 2 else "b|c") for i in range(60)]
    train += [("드문 하나", "rare"), ("드문 둘", "rare|a")]
    test = [("시험 1", "a"), ("시험 2", "new"), ("시험 3", "new|rare|b"), ("시험 4", "")]
    return {
        "train_file": csv(tmp_path / "train.csv", train),
        "validation_file": csv(tmp_path / "validation.csv", train[:20]),
        "test_file": csv(tmp_path / "test.csv", test),
        "label_separator": "|",
    }


def test_rare_and_unseen_labels_leave_rows_with_their_others(tmp_path):
    files = multi_label_files(tmp_path)
    loaded = load_splits(DataArguments(**files, min_label_count=5))
    assert names(loaded) == ("a", "b", "c")
    assert loaded.provenance.sizes == {"train": 62, "validation": 20, "test": 4}
    assert list(loaded.splits["test"]["labels"]) == [[0], [], [1], []]
    assert list(loaded.splits["train"]["labels"])[-2:] == [[], [0]]
    notes = " ".join(loaded.provenance.notes)
    assert "1 label with fewer than 5 training rows dropped (--min_label_count): rare." in notes
    assert "1 label that never occurs in train dropped: new (2 times in the other splits)." in notes


def test_rows_left_without_labels_can_be_dropped(tmp_path):
    loaded = load_splits(DataArguments(**multi_label_files(tmp_path), min_label_count=5, drop_unlabelled=True))
    assert loaded.provenance.sizes == {"train": 61, "validation": 20, "test": 2}
    assert loaded.provenance.removed == {"no label left": 3}


def test_a_class_unseen_in_train_stops_unless_its_rows_may_go(tmp_path):
    files = {
        "train_file": csv(tmp_path / "train.csv", plain(40)),
        "test_file": csv(tmp_path / "test.csv", [*plain(10, start=50), ("새", "new")]),
    }
    with pytest.raises(UserError, match=r"never occur in train: new.*--drop_unseen_labels"):
        load_splits(DataArguments(**files))
    loaded = load_splits(DataArguments(**files, drop_unseen_labels=True))
    assert names(loaded) == ("a", "b")
    assert loaded.provenance.removed == {"label that never occurs in train": 1}


def test_declared_labels_that_occur_nowhere_leave_the_label_space(tmp_path):
    features = datasets.Features(text=datasets.Value("string"), label=datasets.ClassLabel(names=["x", "never", "y"]))
    rows = {"text": [f"글 {i}" for i in range(40)], "label": [0, 2] * 20}
    datasets.Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "rows.parquet")
    loaded = load_splits(DataArguments(dataset=str(tmp_path / "rows.parquet")))
    assert names(loaded) == ("x", "y")
    assert "1 declared label that occurs nowhere dropped: never." in loaded.provenance.notes


def test_groups_stay_together_and_given_splits_are_checked(tmp_path):
    rows = [(f"글 {i}", "ab"[i % 2], f"author {i % 30}") for i in range(300)]
    path = csv(tmp_path / "rows.csv", rows, ("text", "label", "author"))
    loaded = load_splits(DataArguments(dataset=path, group_column="author"))
    author = {text: name for text, _, name in rows}
    groups = [{author[text] for text in split} for split in texts(loaded).values()]
    assert not (groups[0] & groups[1] | groups[0] & groups[2] | groups[1] & groups[2])
    assert "rows of one 'author' kept together" in loaded.provenance.how_split
    assert loaded.splits["train"].column_names == ["text", "labels"]
    files = {"train_file": path, "test_file": csv(tmp_path / "test.csv", rows[:5], ("text", "label", "author"))}
    with pytest.raises(UserError, match="5 groups of 'author' stand in both train and test, 'author 0' for one"):
        load_splits(DataArguments(**files, group_column="author", strict=True))
    rows[7] = ("글 7", "b", None)
    with pytest.raises(UserError, match="line 9: no value in 'author'"):
        load_splits(DataArguments(dataset=csv(tmp_path / "rows.csv", rows, ("text", "label", "author")),
                                  group_column="author"))  # fmt: skip


def test_groups_that_leave_nothing_of_a_split_are_said(tmp_path):
    """It was said that the labels never occur in train, and that rows without text had left validation."""
    rows = [(f"글 {i}", "ab"[i % 2], f"author {i % 3}") for i in range(30)]
    columns = ("text", "label", "author")
    given = {"train_file": csv(tmp_path / "rows.csv", rows, columns)}
    given["test_file"] = csv(
        tmp_path / "test.csv", [(f"t {i}", "ab"[i % 2], f"author {i}") for i in range(3)], columns
    )
    with pytest.raises(UserError, match="Every row of train has a 'author' that also stands in test: nothing is left"):
        load_splits(DataArguments(**given, group_column="author"))


def test_rows_of_a_group_that_stands_in_a_later_split_leave_the_earlier_one(tmp_path):
    """Splits given by a publisher ended with "give one file", which a dataset script's user cannot do."""
    rows = [(f"글 {i}", "ab"[i % 2], f"author {i % 30}") for i in range(300)]
    columns = ("text", "label", "author")
    files = {
        "train_file": csv(tmp_path / "train.csv", rows, columns),
        "validation_file": csv(tmp_path / "validation.csv", [("v 0", "a", "author 29"), ("v 1", "b", "author 0"),
                                                             ("v 2", "a", "somebody")], columns),
        "test_file": csv(tmp_path / "test.csv", [("t 0", "a", "author 0"), ("t 1", "b", "author 1")], columns),
    }  # fmt: skip
    loaded = load_splits(DataArguments(**files, group_column="author"))
    assert loaded.provenance.sizes == {"train": 270, "validation": 2, "test": 2}
    assert texts(loaded)["validation"] == ["v 0", "v 2"]
    assert {text.split()[1] for text in texts(loaded)["train"]} == {str(i) for i in range(300) if 1 < i % 30 < 29}
    assert loaded.provenance.removed == {
        "'author' of train that also stands in validation": 20,
        "'author' of train that also stands in test": 10,
        "'author' of validation that also stands in test": 1,
    }
    assert "less rows of one 'author' with a later split" in loaded.provenance.how_split


def test_the_extra_column_of_a_dataset_script_groups_its_rows(tmp_path):
    for split, users in (("train", "aabbccdd"), ("test", "xxaa")):
        (tmp_path / f"sampled_{split}").mkdir()
        for i, user in enumerate(users):
            (tmp_path / f"sampled_{split}" / f"{split}{i}.txt").write_text(f"sentence of {user} {split} {i}")
    lines = [f"train{i},{user},1,0,{('hate', 'noHate')[i % 2]}" for i, user in enumerate("aabbccdd")]
    lines += [f"test{i},{user},1,0,{('hate', 'noHate')[i % 2]}" for i, user in enumerate("xxaa")]
    header = "file_id,user_id,subforum_id,num_contexts,label"
    (tmp_path / "annotations_metadata.csv").write_text("\n".join([header, *lines]))
    loaded = load_splits(DataArguments(dataset="hate_speech", data_dir=str(tmp_path), group_column="user_id"))
    users = {split: {text.split()[2] for text in rows} for split, rows in texts(loaded).items()}
    assert users["test"] == {"x", "a"}
    assert users["train"] | users["validation"] == {"b", "c", "d"}
    assert not users["train"] & users["validation"]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "rows is empty: it has 2 columns and no rows"),
        (plain(20, "a"), "needs two labels or more in the training rows; found 'a'"),
        ([("하나", "a"), ("둘", "b")], "too few rows"),
    ],
)
def test_data_sets_with_nothing_to_learn_from(tmp_path, rows, sentence):
    with pytest.raises(UserError, match=sentence):
        load_splits(DataArguments(dataset=csv(tmp_path / "rows.csv", rows), label_columns=["label"]))


def test_a_split_without_a_text_column_names_the_nearest(tmp_path):
    train = csv(tmp_path / "train.csv", plain(20))
    test = csv(tmp_path / "test.csv", plain(20), ("texts", "label"))
    with pytest.raises(UserError, match=r"test split has no column 'text'.*Did you mean 'texts'"):
        load_splits(DataArguments(train_file=train, test_file=test))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.text(max_size=6), st.sampled_from("abcd")), min_size=6, max_size=40), st.integers(0, 2))
def test_no_good_row_is_lost_or_doubled(tmp_path, rows, seed):
    (tmp_path / "rows.jsonl").write_text(
        "\n".join(json.dumps({"text": text, "label": label}) for text, label in rows), encoding="utf-8"
    )
    arguments = DataArguments(dataset=str(tmp_path / "rows.jsonl"), on_bad_row="skip", split_seed=seed)
    good = [(text, label) for text, label in rows if text.strip()]
    try:
        loaded = load_splits(arguments)
    except UserError:
        counts = Counter(label for _, label in good)
        copies = len({text_key(text) for text, _ in good}) < len(good)  # they stay together, and may be all there is
        assert len(counts) < 2 or sorted(counts.values())[-1] < 3 or copies
        return
    space = names(loaded)
    found = [(row["text"], space[row["labels"]]) for split in loaded.splits.values() for row in split]
    assert Counter(found) == Counter(good)
    assert set(space) == {space[i] for i in loaded.splits["train"]["labels"]}


def test_equal_rows_have_equal_fingerprints_whatever_the_file(tmp_path):
    rows = [*plain(29_000), ("줄\n바꿈", "a"), ('"인용"', "b")]
    frame = pd.DataFrame(rows, columns=["text", "label"])
    frame.to_csv(tmp_path / "rows.csv", index=False)
    frame.to_parquet(tmp_path / "rows.parquet", row_group_size=777)
    frame.to_json(tmp_path / "rows.jsonl", orient="records", lines=True)
    prints = {
        load_splits(DataArguments(dataset=str(tmp_path / f"rows.{kind}"))).provenance.fingerprint
        for kind in ("csv", "parquet", "jsonl")
    }
    assert len(prints) == 1
    other = load_splits(DataArguments(dataset=str(tmp_path / "rows.csv"), split_seed=14))
    assert other.provenance.fingerprint not in prints


def test_a_changed_cell_changes_rows_and_fingerprint(tmp_path):
    first = load_splits(DataArguments(dataset=csv(tmp_path / "rows.csv", plain(40))))
    second = load_splits(DataArguments(dataset=csv(tmp_path / "rows.csv", [("고침", "a"), *plain(39, start=1)])))
    assert "고침" in all_texts(second)
    assert first.provenance.fingerprint != second.provenance.fingerprint


def test_processes_that_load_at_once_get_equal_splits(tmp_path):
    path = csv(tmp_path / "rows.csv", plain(5_000, "abc"))
    code = (
        "import sys; from textclf.arguments import DataArguments; from textclf.data.loading import load_splits;"
        "loaded = load_splits(DataArguments(dataset=sys.argv[1]));"
        "print(loaded.provenance.fingerprint, *[split._fingerprint for split in loaded.splits.values()])"
    )
    root = Path(__file__).parent.parent
    started = [
        subprocess.Popen([sys.executable, "-c", code, path], cwd=root, stdout=subprocess.PIPE, text=True, env={
            **os.environ, "HF_DATASETS_CACHE": str(tmp_path / "cache")})
        for _ in range(2)
    ]  # fmt: skip
    printed = {process.communicate()[0] for process in started}
    assert all(process.returncode == 0 for process in started)
    assert len(printed) == 1
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.name.startswith(".")]


def test_mapping_a_split_is_cached_by_content(tmp_path):
    path = csv(tmp_path / "rows.csv", plain(40))
    first = load_splits(DataArguments(dataset=path)).splits["train"].map(_shout)
    again = load_splits(DataArguments(dataset=path)).splits["train"].map(_shout)
    assert first.cache_files == again.cache_files
    assert first.cache_files


def _shout(row):
    return {"loud": row["text"].upper()}


FIVE_MILLION = """
import sys, threading, time
from textclf.arguments import DataArguments
from textclf.data.loading import load_splits

def anonymous():  # megabytes that belong to the process, without the files it has mapped
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("RssAnon")).split()[1]) // 1024

before, peak, done = anonymous(), 0, threading.Event()
def watch():
    global peak
    while not done.wait(0.05):
        peak = max(peak, anonymous())
threading.Thread(target=watch).start()
loaded = load_splits(DataArguments(dataset=sys.argv[1]))
done.set()
print(sum(loaded.provenance.sizes.values()), peak - before)
"""


@pytest.mark.slow
def test_five_million_rows_load_in_bounded_memory(tmp_path):
    """The rows take 1.1 GB on disk; labels, masks and the choice of rows take about 0.6 GB of memory at the peak."""
    path = tmp_path / "rows.parquet"
    rng = np.random.default_rng(0)
    schema = pa.schema([("text", pa.string()), ("label", pa.string())])
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, 5_000_000, 100_000):
            body = [f"{i} " + "여러 낱말이 있는 글 several words " * 4 for i in range(start, start + 100_000)]
            labels = rng.choice(["a", "b", "c"], size=100_000).tolist()
            writer.write_table(pa.table([body, labels], schema=schema))
    root = Path(__file__).parent.parent
    environment = {**os.environ, "HF_DATASETS_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-c", FIVE_MILLION, str(path)]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True)
    rows, megabytes = map(int, done.stdout.split())
    assert rows == 5_000_000
    assert megabytes < 900
    shutil.rmtree(tmp_path)  # 4 GB that pytest would keep
