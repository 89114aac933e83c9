"""Sources: every kind of file, folder and id is read as it stands, never from a stale cache, or refused in words."""

import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import datasets
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textclf.arguments import DataArguments
from textclf.data.loading import load_splits
from textclf.data.reading import files
from textclf.data.reading.files import read_rows
from textclf.data.reading.saved_folders import visible_files
from textclf.data.reading.sources import read_source
from textclf.data.reading.tables import LINE_COLUMN
from textclf.errors import UserError

TEXTS = ["정부, 내년 예산안 발표", 'He said "no", twice', "first line\nsecond line", '쉼표, 따옴표 "와" 줄바꿈\r\n끝']


def rows_of(path: Path) -> list[dict]:
    table = read_rows(path).table
    return table.select([name for name in table.column_names if name != LINE_COLUMN]).to_pylist()


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_mended_reader_reads_again_what_an_older_one_converted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "reviews.csv"
    path.write_text("text,label\nwarm and dry,good\ntorn at once,bad\n", encoding="utf-8")
    readings = []
    reading = files._reading
    monkeypatch.setattr(files, "_reading", lambda *asked: readings.append(asked) or reading(*asked))
    read_rows(path)
    read_rows(path)
    assert len(readings) == 1
    monkeypatch.setattr(files, "readers_digest", lambda: "of mended code")
    assert read_rows(path).table.num_rows == 2
    assert len(readings) == 2


def test_what_was_trained_beneath_a_data_folder_is_no_data(tmp_path: Path):
    """`--dataset .` typed twice met the JSON lines of the first run."""
    rows = write(tmp_path / "train.csv", "text,label\nwarm and dry,good\ntorn at once,bad\n")
    for run in ("runs/one", "study/a", "study/b"):
        write(tmp_path / run / "checkpoints" / "plan.json", "{}")
        write(tmp_path / run / "recipe.yaml", "family: few_shot\n")
        write(tmp_path / run / "training_log.jsonl", '{"C": 0.01}\n')
        write(tmp_path / run / "predictions" / "test.parquet", b"PAR1")
    write(tmp_path / "study" / "study.json", "{}")
    other = write(tmp_path / "notes" / "study.json", '[{"text": "as it was told", "label": "good"}]')
    assert visible_files(tmp_path) == [other, rows]
    assert {path.name for path in visible_files(tmp_path / "runs" / "one")} > {"plan.json", "test.parquet"}


def test_the_readers_digest_follows_their_code(tmp_path: Path):
    digests = []
    for name, code in (("a", "ROWS = 1"), ("b", "ROWS = 1"), ("c", "ROWS = 2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows.py").write_text(code)
        digests.append(files.readers_digest(tmp_path / name))
    assert digests[0] == digests[1] != digests[2]


def test_csv_keeps_quoted_commas_quotes_and_newlines(tmp_path):
    frame = pd.DataFrame({"text": TEXTS, "label": ["a", "b", "a", "b"]})
    path = tmp_path / "rows.csv"
    frame.to_csv(path, index=False)
    assert [row["text"] for row in rows_of(path)] == TEXTS


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_csv_with_any_line_end_and_a_byte_order_mark(tmp_path, newline, mark):
    content = newline.join(["text,label", "안녕하세요,a", '"x, y",b', ""])
    path = write(tmp_path / "rows.csv", mark + content.encode())
    assert rows_of(path) == [{"text": "안녕하세요", "label": "a"}, {"text": "x, y", "label": "b"}]


def test_cells_stay_the_text_they_are(tmp_path):
    """pandas takes these for missing values and numbers: a class called None would vanish."""
    path = write(tmp_path / "rows.csv", "text,label\nNA,None\n007,null\n1e5,nan\n,True\n")
    assert [tuple(row.values()) for row in rows_of(path)] == [
        ("NA", "None"), ("007", "null"), ("1e5", "nan"), ("", "True")
    ]  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.tuples(*[st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)] * 2),
        min_size=1,
        max_size=8,
    )
)
def test_any_text_survives_csv_and_json_lines(tmp_path, rows):
    frame = pd.DataFrame(rows, columns=["a", "b"])
    frame.to_csv(tmp_path / "rows.csv", index=False, quoting=1)
    lines = "".join(json.dumps({"a": a, "b": b}) + "\n" for a, b in rows)
    write(tmp_path / "rows.jsonl", lines)
    expected = [{"a": a, "b": b} for a, b in rows]
    assert rows_of(tmp_path / "rows.csv") == expected
    assert rows_of(tmp_path / "rows.jsonl") == expected


def test_semicolons_and_tabs_are_understood_from_the_header(tmp_path):
    path = write(tmp_path / "rows.csv", "text;label\na, b;x\nc, d;y\n")
    assert rows_of(path)[0] == {"text": "a, b", "label": "x"}
    assert "semicolons" in read_rows(path).notes[0]


def test_tsv_with_unpaired_quotes_reads_them_as_characters(tmp_path):
    path = write(tmp_path / "rows.tsv", 'text\tlabel\n"정말 좋다\t1\n별로 "다"\t0\n')
    assert [row["text"] for row in rows_of(path)] == ['"정말 좋다', '별로 "다"']
    assert "plain characters" in read_rows(path).notes[0]


def test_tsv_with_paired_quotes_reads_them_as_quotes(tmp_path):
    path = write(tmp_path / "rows.tsv", 'text\tlabel\n"one\ttwo"\t1\n')
    assert rows_of(path) == [{"text": "one\ttwo", "label": "1"}]


def test_faults_name_the_line_on_which_the_row_starts(tmp_path):
    path = write(
        tmp_path / "rows.csv", 'text,label\n"two\nlines",a\n\nthree,columns,here\nx,b\n"bad"quote,c\nlast,d\n'
    )
    stored = read_rows(path)
    assert [fault.line for fault in stored.faults] == [5, 7]
    assert stored.faults[0].reason == "expected 2 columns, found 3; a cell that holds commas must be quoted"
    assert "doubled" in stored.faults[1].reason
    assert stored.table[LINE_COLUMN].to_pylist() == [2, 6, 8]


def test_a_quote_that_is_never_closed_is_never_skipped(tmp_path):
    path = write(tmp_path / "rows.csv", 'text,label\nfine,a\n"open,b\nswallowed,c\n')
    with pytest.raises(UserError, match=r"rows\.csv, line 3: a quote opens here and is never closed"):
        read_source(DataArguments(dataset=str(path), on_bad_row="skip"))


def test_bad_lines_stop_or_are_skipped_and_counted(tmp_path):
    path = write(tmp_path / "rows.jsonl", '{"text": "a"}\n{"text": \n[1]\n{"text": "b"}\n')
    with pytest.raises(UserError, match=r"rows\.jsonl, line 2: not valid JSON.*2 such rows.*--on_bad_row skip"):
        read_source(DataArguments(dataset=str(path)))
    raw = read_source(DataArguments(dataset=str(path), on_bad_row="skip")).splits["train"]
    assert raw.table["text"].to_pylist() == ["a", "b"]
    assert raw.unreadable == 2
    assert raw.place(1) == "rows.jsonl, line 4"


def test_korean_windows_file_is_read_with_a_line_that_says_so(tmp_path):
    content = "text,label\nplain,a\n" + "정부 예산안 발표,정치\n" * 3
    path = write(tmp_path / "old.csv", content.encode("cp949"))
    assert rows_of(path)[1] == {"text": "정부 예산안 발표", "label": "정치"}
    assert read_rows(path).notes[0].startswith("old.csv is not UTF-8; read as CP949 (sure")
    assert "--encoding says otherwise" in read_rows(path).notes[0]


def test_json_lists_and_objects_around_them(tmp_path):
    rows = [{"text": "하나", "labels": ["a", "b"]}, {"text": "둘", "labels": []}]
    for name, content in [("list.json", rows), ("object.json", {"version": 1, "data": rows})]:
        assert rows_of(write(tmp_path / name, json.dumps(content))) == rows
    lines = write(tmp_path / "lines.json", "\n".join(map(json.dumps, rows)))
    assert rows_of(lines) == rows


def test_json_types_are_found_over_all_rows(tmp_path):
    rows = [{"a": 1, "b": None, "c": True, "d": "x"}, {"a": 2.5, "b": "x"}, {"a": None, "d": {"deep": [1]}}]
    path = write(tmp_path / "rows.jsonl", "\n".join(map(json.dumps, rows)))
    schema = read_rows(path).table.schema
    assert [schema.field(name).type for name in "abc"] == [pa.float64(), pa.string(), pa.bool_()]
    assert rows_of(path)[2]["d"] == '{"deep": [1]}'


def test_half_a_surrogate_pair_becomes_a_replacement_character(tmp_path):
    path = write(tmp_path / "rows.jsonl", '{"text": "a\\ud83d b"}\n')
    assert rows_of(path) == [{"text": "a\ufffd b"}]


def test_parquet_keeps_declared_names_and_decodes_categories(tmp_path):
    features = datasets.Features(text=datasets.Value("string"), label=datasets.ClassLabel(names=["z", "a"]))
    rows = datasets.Dataset.from_dict({"text": ["가", "나"], "label": [0, 1]}, features=features)
    rows.to_parquet(tmp_path / "declared.parquet")
    raw = read_source(DataArguments(dataset=str(tmp_path / "declared.parquet"))).splits["train"]
    assert raw.features["label"].names == ["z", "a"]
    pd.DataFrame({"label": pd.Categorical(["x", "y", "x"])}).to_parquet(tmp_path / "category.parquet")
    assert rows_of(tmp_path / "category.parquet") == [{"label": "x"}, {"label": "y"}, {"label": "x"}]
    with pytest.raises(UserError, match="not a Parquet file"):
        read_rows(write(tmp_path / "fake.parquet", "text,label\n"))


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_changed_file_is_never_served_from_the_cache(tmp_path, suffix):
    """Same name, same size, same age: only the content tells them apart."""
    path = tmp_path / f"rows.{suffix}"
    for text in ("old!", "new!"):
        if suffix == "parquet":
            pq.write_table(pa.table({"text": [text]}), path)
        else:
            write(path, f"text\n{text}\n" if suffix == "csv" else json.dumps({"text": text}))
        os.utime(path, (1_700_000_000, 1_700_000_000))
        assert rows_of(path) == [{"text": text}]


def test_rows_are_mapped_not_loaded(tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"text": ["many words " * 20] * 100_000}), path)
    before = pa.total_allocated_bytes()
    table = read_rows(path).table
    assert table.nbytes > 20_000_000
    assert pa.total_allocated_bytes() - before < 1_000_000


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("rows.csv", b"", "rows.csv is empty"),
        ("rows.csv", b"\n\n", "holds empty lines only"),
        ("rows.xlsx", b"PK", "not a spreadsheet that can be read"),
        ("rows.csv.gz", b"x", "cannot be unpacked"),
        ("rows.7z", b"x", "7z x"),
        ("rows.docx", b"x", r"a document, which is not read; expected csv.*Instead"),
        ("rows.jsonl", b"\n", "holds no JSON objects"),
        ("rows.json", b'[{"text": }]', "rows.json, line 1: not valid JSON"),
        ("rows.json", b'"text"', "must hold a list of objects"),
    ],
)
def test_unreadable_files_end_with_one_sentence(tmp_path, name, content, sentence):
    with pytest.raises(UserError, match=sentence):
        read_source(DataArguments(dataset=str(write(tmp_path / name, content))))


def test_missing_files_name_the_nearest(tmp_path):
    write(tmp_path / "comments.csv", "text,label\n")
    with pytest.raises(UserError, match=r"comment\.csv does not exist\. Did you mean 'comments\.csv'\?"):
        read_source(DataArguments(dataset=str(tmp_path / "comment.csv")))
    with pytest.raises(UserError, match="does not exist"):
        read_source(DataArguments(train_file=str(tmp_path / "comments.csv"), test_file=str(tmp_path / "nope.csv")))


def test_folder_of_files_named_after_their_splits(tmp_path):
    write(tmp_path / "data/train-00000-of-00002.csv", "text,label\na,x\n")
    write(tmp_path / "data/train-00001-of-00002.csv", "text,label\nb,y\n,z\n")
    write(tmp_path / "data/dev.jsonl", '{"text": "c", "label": "x"}\n')
    write(tmp_path / ".git/test.csv", "text,label\nd,x\n")
    source = read_source(DataArguments(dataset=str(tmp_path)))
    assert {name: raw.table["text"].to_pylist() for name, raw in source.splits.items()} == {
        "train": ["a", "b", ""],
        "validation": ["c"],
    }
    assert source.splits["train"].place(2) == "data/train-00001-of-00002.csv, line 3"
    assert [record.name for record in source.origin.files] == [
        "data/dev.jsonl", "data/train-00000-of-00002.csv", "data/train-00001-of-00002.csv"
    ]  # fmt: skip


def test_folder_with_files_that_could_be_anything_is_refused(tmp_path):
    write(tmp_path / "train.csv", "text,label\na,x\n")
    write(tmp_path / "more.csv", "text,label\nb,y\n")
    with pytest.raises(UserError, match=r"more\.csv.*--train_file"):
        read_source(DataArguments(dataset=str(tmp_path)))


def test_folder_of_configurations_is_never_stale(tmp_path):
    """`load_dataset` looks neither at content nor age of the files that a README lists (datasets 5.2)."""
    features = datasets.Features(text=datasets.Value("string"), labels=datasets.ClassLabel(names=["no", "yes"]))
    card = "---\nconfigs:\n" + "".join(
        f"- config_name: {name}\n  data_files:\n  - split: train\n    path: {name}/train-*\n"
        for name in ("one", "two")
    )
    write(tmp_path / "README.md", card + "---\n# Rows\n")
    for text in ("old", "new"):
        rows = datasets.Dataset.from_dict({"text": [text], "labels": [1]}, features=features)
        for name in ("one", "two"):
            (tmp_path / name).mkdir(exist_ok=True)
            rows.to_parquet(tmp_path / name / "train-00000-of-00001.parquet")
        source = read_source(DataArguments(dataset=str(tmp_path), dataset_config="two"))
        assert source.splits["train"].table["text"].to_pylist() == [text]
        assert source.splits["train"].features["labels"].names == ["no", "yes"]
    with pytest.raises(UserError, match="choose one with --dataset_config: one, two"):
        read_source(DataArguments(dataset=str(tmp_path)))
    with pytest.raises(UserError, match=r"no configuration 'twoo'.*Did you mean 'two'"):
        read_source(DataArguments(dataset=str(tmp_path), dataset_config="twoo"))


@pytest.mark.parametrize("second", ["test", "train"])
def test_files_that_a_readme_lists_keep_their_own_order_of_names(tmp_path, second):
    """`load_dataset` gives the ids of all files the names of the first: half of the labels came out wrong."""
    card = "---\nconfigs:\n- config_name: default\n  data_files:\n"
    card += "".join(f"  - split: {split}\n    path: {split}-*.parquet\n" for split in dict.fromkeys(["train", second]))
    write(tmp_path / "README.md", card + "---\n# Rows\n")
    for number, (split, order) in enumerate([("train", ["no", "yes"]), (second, ["yes", "no"])]):
        features = datasets.Features(text=datasets.Value("string"), label=datasets.ClassLabel(names=order))
        rows = [{"text": f"{word} {number}", "label": order.index(word)} for word in ("no", "yes", "yes")]
        datasets.Dataset.from_list(rows, features=features).to_parquet(tmp_path / f"{split}-{number}.parquet")
    for raw in read_source(DataArguments(dataset=str(tmp_path))).splits.values():
        own = raw.features["label"].names
        said = [f"{own[row['label']]}" for row in raw.table.select(["label"]).to_pylist()]
        assert said == [text.split()[0] for text in raw.table["text"].to_pylist()]


def test_folder_that_save_to_disk_wrote(tmp_path):
    rows = datasets.Dataset.from_dict({"text": ["a", "b", "c"], "label": [0, 1, 0]})
    datasets.DatasetDict(train=rows, test=rows.select([2])).save_to_disk(tmp_path / "saved")
    source = read_source(DataArguments(dataset=str(tmp_path / "saved")))
    assert source.splits["test"].table["text"].to_pylist() == ["c"]
    assert source.origin.name == "saved"


def test_dataset_script_by_name_brings_its_licence():
    source = read_source(DataArguments(dataset="news-sample"))
    assert source.origin.name == "news_sample"
    assert source.origin.licence
    assert source.origin.languages
    assert source.splits["train"].table.num_rows > 100


def test_decomposed_korean_names_of_files_and_columns_are_composed(tmp_path):
    """A header that a Mac wrote looks like the column that the user types, and is another string."""
    decomposed = unicodedata.normalize("NFD", "댓글")
    path = write(tmp_path / f"{decomposed}.csv", f"{decomposed},label\na,x\n")
    source = read_source(DataArguments(dataset=str(path)))
    assert source.origin.name == "댓글"
    assert source.splits["train"].columns == ["댓글", "label"]


def test_options_that_say_nothing_about_a_source_are_refused(tmp_path):
    path = write(tmp_path / "rows.csv", "text,label\na,x\n")
    for option in ("data_dir", "dataset_config", "dataset_revision"):
        with pytest.raises(UserError, match=f"--{option} does not go with a file"):
            read_source(DataArguments(dataset=str(path), **{option: "x"}))
    with pytest.raises(UserError, match="go with --train_file"):
        read_source(DataArguments(test_file=str(path)))


@pytest.mark.parametrize("name", ["news_sampel", "nobody/nothing"])
def test_a_hub_that_is_away_is_one_quick_sentence(name):
    with pytest.raises(UserError, match="the Hub cannot be reached") as caught:
        read_source(DataArguments(dataset=name))
    assert ("Did you mean 'news_sample'?" in str(caught.value)) == (name == "news_sampel")


HUB_PROGRAM = """
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value
from textclf.arguments import DataArguments
from textclf.data.loading import load_splits
from textclf.errors import UserError

features = Features(text=Value("string"), label=ClassLabel(names=["no", "yes"]))
rows = Dataset.from_dict({"text": [f"text {i}" for i in range(40)], "label": [i % 2 for i in range(40)]}, features)
DatasetDict(train=rows).push_to_hub("alice/rows", private=True)
loaded = load_splits(DataArguments(dataset="alice/rows"))
print(loaded.provenance.name, len(loaded.provenance.revision), loaded.provenance.sizes)
DatasetDict(train=rows).push_to_hub("alice/parts", config_name="first")
DatasetDict(train=rows).push_to_hub("alice/parts", config_name="second")
for arguments in (
    {"dataset": "alice/rowz"}, {"dataset": "alice/rows", "dataset_revision": "v9"},
    {"dataset": "alice/parts"}, {"dataset": "alice/parts", "dataset_config": "secnd"},
):
    try:
        load_splits(DataArguments(**arguments))
    except UserError as error:
        print("UserError", error)
"""


@pytest.mark.hub
def test_hub_data_sets_private_missing_and_of_several_configurations(tmp_path):
    from tests.hub_stand_in import StandInHub

    with StandInHub() as hub:
        environment = hub.environment(tmp_path / "home", token=hub.token("alice"))
        environment["PYTHONPATH"] = str(Path(__file__).parent.parent)
        done = subprocess.run(
            [sys.executable, "-c", HUB_PROGRAM], env=environment, capture_output=True, text=True, check=False
        )
    lines = done.stdout.strip().splitlines()
    assert len(lines) == 5, done.stderr[-3000:]
    assert lines[0].startswith("alice/rows 40 {'train': 27, 'validation': 5, 'test': 8}")
    assert "UserError 'alice/rowz' is no dataset script" in lines[1]
    assert "has no revision 'v9'" in lines[2]
    assert "has several configurations; choose one with --dataset_config: first, second" in lines[3]
    assert "has no configuration 'secnd'" in lines[4]
    assert "Did you mean 'second'?" in lines[4]


def test_a_source_that_is_published_as_test_alone_is_split_anew(tmp_path):
    """coronavirus_tweets ended with "no training split" where only the publisher's test file is at hand."""
    folder = tmp_path / "tweets"
    folder.mkdir()
    (folder / "test.csv").write_text("text,label\n좋다,pos\n싫다,neg\n", encoding="utf-8")
    source = read_source(DataArguments(dataset=str(folder)))
    assert list(source.splits) == ["train"]
    assert "The only split, test, is taken as training rows." in source.notes


def test_titles_of_a_line_each_are_joined_with_their_labels(tmp_path):
    (tmp_path / "title_Forum.txt").write_text("".join(f"how to {i}\n" for i in range(30)), encoding="utf-8")
    (tmp_path / "label_Forum.txt").write_text("".join(f"{i % 3}\n" for i in range(30)), encoding="utf-8")
    table = read_source(DataArguments(dataset=str(tmp_path))).splits["train"].table
    assert table.select(["text", "label"]).to_pylist()[4] == {"text": "how to 4", "label": "1"}


def test_files_of_labels_by_id_beside_a_file_of_texts_by_id(tmp_path):
    """Both were taken for lists of names, and the texts for a class."""
    for name, cell in (("samples", "text {i}"), ("topic_labels", "{i}"), ("dialect_labels", "{odd}")):
        lines = (f"{i + 7}\t{cell.format(i=i % 3, odd=i % 2)}\n" for i in range(30))
        (tmp_path / f"{name}.txt").write_text("".join(lines), encoding="utf-8")
    table = read_source(DataArguments(dataset=str(tmp_path))).splits["train"].table
    assert table.drop_columns([LINE_COLUMN]).to_pylist()[4] == {
        "text": "text 1", "topic_labels": "1", "dialect_labels": "0",
    }  # fmt: skip


def test_parts_of_several_sizes_are_not_read_one_below_the_other(tmp_path):
    """train.1k lies in train.10k: both together held its rows twice, without a word."""
    for size in ("1k", "10k"):
        write(tmp_path / f"train.{size}.csv", "text,label\na,x\nb,y\n")
    with pytest.raises(UserError, match=r"train\.10k\.csv, train\.1k\.csv, which could be parts or versions"):
        read_source(DataArguments(dataset=str(tmp_path)))


def test_files_that_are_read_one_below_the_other_are_named(tmp_path):
    write(tmp_path / "2019.csv", "text,label\na,x\n")
    write(tmp_path / "2020.csv", "text,label\nb,y\n")
    notes = read_source(DataArguments(dataset=str(tmp_path))).notes
    assert "2 files are read one below the other: 2019.csv, 2020.csv." in notes


def test_parts_without_names_get_the_names_of_most_of_them(tmp_path):
    """In one part of few rows the label did not show: its columns got other names, and its texts were lost."""
    for part, kinds in enumerate(("abc", "abc", "a")):
        rows = (f"{i}\t{kinds[i % len(kinds)]}\t{'so they went on' * (i % 3 + 1)}, number {i}\n" for i in range(24))
        write(tmp_path / f"train-{part}.txt", "".join(rows))
    raw = read_source(DataArguments(dataset=str(tmp_path))).splits["train"]
    assert raw.columns == ["column_1", "label", "text"]
    assert raw.table["text"].null_count == 0


def test_folders_that_tell_of_the_texts_of_others_are_no_classes(tmp_path):
    """Four classes were read of two: fake, true, and what was known of each."""
    for name in ("fake", "true", "fake-meta-information", "true-meta-information"):
        (tmp_path / name).mkdir()
        for i in range(6):
            write(tmp_path / name / f"{i}.txt", f"{name} {i}, as it was told")
    source = read_source(DataArguments(dataset=str(tmp_path)))
    assert set(source.splits["train"].table["label"].to_pylist()) == {"fake", "true"}
    assert "fake-meta-information (6 files) tells of other texts by its name and is left out." in source.notes


def test_a_test_file_with_its_labels_is_no_list_of_names(tmp_path):
    """Its rows were taken for names of numbers by its name, and the test split was lost."""
    for name in ("Train", "test_with_labels"):
        lines = [f"{i},a tweet of {name} {i},{'real' if i % 2 else 'fake'}" for i in range(20)]
        write(tmp_path / f"{name}.csv", "\n".join(["id,tweet,label", *lines]))
    assert set(read_source(DataArguments(dataset=str(tmp_path))).splits) == {"train", "test"}


def test_a_count_above_json_lines_is_no_row(tmp_path):
    rows = [json.dumps({"question": f"how {i}", "topic": "ab"[i % 2]}) for i in range(9)]
    write(tmp_path / "training.json", "\n".join(["9", *rows]))
    assert len(read_source(DataArguments(dataset=str(tmp_path / "training.json"))).splits["train"].table) == 9


def test_lists_of_phrases_are_joined_with_commas_where_nothing_else_is_a_text(tmp_path):
    parts = [[f"fresh leaf {i}", "salt", f"oil {i % 7}"] for i in range(60)]
    rows = [{"cuisine": "abc"[i % 3], "ingredients": each} for i, each in enumerate(parts)]
    write(tmp_path / "train.json", json.dumps(rows))
    raw = read_source(DataArguments(dataset=str(tmp_path / "train.json"))).splits["train"]
    assert raw.table["ingredients"][3].as_py() == "fresh leaf 3, salt, oil 3"


def test_json_beside_texts_without_names_is_no_second_text(tmp_path):
    rows = (
        f"intent{i % 3}\t{'set the alarm for ' * (i % 4)}{i} o clock, will you\t"
        + json.dumps({"tokens": ["set", str(i)]})
        for i in range(60)
    )
    write(tmp_path / "a.tsv", "\n".join(rows))
    assert read_source(DataArguments(dataset=str(tmp_path / "a.tsv"))).splits["train"].columns[:2] == ["label", "text"]


def test_documents_in_folders_below_a_table_that_has_the_texts_are_left_out(tmp_path):
    """A folder of whole essays beside the table of their parts was taken for the same split in another format."""
    for split, rows in (("train", 40), ("test", 4)):
        lines = [f"e{i},a part {i} of it,{i % 2}" for i in range(rows)]
        write(tmp_path / f"{split}.csv", "\n".join(["essay,part_text,kind", *lines]))
        (tmp_path / split).mkdir()
        for i in range(3):
            write(tmp_path / split / f"e{i}.txt", "A whole essay, with commas.")
    source = read_source(DataArguments(dataset=str(tmp_path)))
    assert {split: len(raw.table) for split, raw in source.splits.items()} == {"train": 40, "test": 4}


@pytest.mark.parametrize(
    ("place", "written"),
    [
        ("lookup/id_name.csv", "id,name\n0,world\n1,sport\n"),
        ("categories.csv", 'id,name,description\n0,world,"of all, and more"\n1,sport,games\n'),
        ("ontology/kinds.tsv", "label\tid\nworld\t0\nsport\t1\n"),
    ],
)
def test_a_table_of_numbers_and_names_beside_the_rows_names_their_labels(tmp_path, place, written):
    """Such a table in another folder was left out, one of three columns gave names with the third in them."""
    (tmp_path / "data").mkdir()
    rows = [f"{'ball' if i % 2 else 'globe'} number {i},{i % 2}" for i in range(60)]
    (tmp_path / "data/train.csv").write_text("\n".join(["text,category_id", *rows]), encoding="utf-8")
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text(written, encoding="utf-8")
    train = load_splits(DataArguments(dataset=str(tmp_path))).splits["train"]
    names = train.features["labels"].names
    assert names == ["world", "sport"]
    assert all(names[row["labels"]] == ("sport" if row["text"].startswith("ball") else "world") for row in train)
