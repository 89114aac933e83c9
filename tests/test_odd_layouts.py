"""Layouts that people bring and that once were misread in silence, or ended in a traceback or an odd sentence."""

import csv
import json
import logging
import unicodedata

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from textclf.arguments import DataArguments
from textclf.data.labelling.written_lists import parse_list, written_lists
from textclf.data.loading import load_splits
from textclf.data.reading.sources import read_source
from textclf.errors import UserError
from textclf.labels import LabelSpace

TEXTS = [f"{number}번째 소식, the {number}. piece of news" for number in range(60)]


def write_csv(path, cells, header=("text", "label"), delimiter=","):
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, delimiter=delimiter)
        rows.writerow(header)
        rows.writerows((text, cells[i % len(cells)]) for i, text in enumerate(TEXTS))
    return str(path)


def write_lines(path, cells):
    rows = ({"text": text, "label": cells[i % len(cells)]} for i, text in enumerate(TEXTS))
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return str(path)


def labels_of(path, **arguments):
    """The label names of every text, in the order of the file."""
    splits = load_splits(DataArguments(dataset=path, **arguments)).splits
    space = LabelSpace.from_features(splits["train"].features)
    gold = {}
    for split in splits.values():
        for row in split:
            ids = row["labels"]
            gold[row["text"]] = [space.names[i] for i in ids] if space.multi_label else space.names[ids]
    return [gold[text] for text in TEXTS]


def refused(path, sentence, **arguments):
    with pytest.raises(UserError, match=sentence):
        load_splits(DataArguments(dataset=str(path), **arguments))


def test_bars_separate_columns_too(tmp_path):
    """The quoted cells of such a file were called wrongly quoted."""
    path = write_csv(tmp_path / "rows.csv", ["a", "b"], delimiter="|")
    assert labels_of(path)[:2] == ["a", "b"]


@pytest.mark.parametrize("name", ["rows.txt", "rows", "rows.data"])
def test_a_comma_in_every_text_separates_nothing_where_a_tab_is_in_every_line(tmp_path, name):
    path = tmp_path / name
    lines = [f"{('pos', 'neg')[i % 2]}\tthe train was late again, for the {i}th time\n" for i in range(40)]
    path.write_text("".join(lines), encoding="utf-8")
    splits, _ = load_splits(DataArguments(dataset=str(path), test_share=0.2))
    assert splits["train"].features["labels"].names == ["neg", "pos"]
    texts = {text for split in splits.values() for text in split["text"]}
    assert texts == {f"the train was late again, for the {i}th time" for i in range(40)}


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_comma_inside_a_quoted_name_separates_nothing(tmp_path, delimiter):
    path = tmp_path / "rows.csv"
    rows = [f"{text}{delimiter}{'ab'[i % 2]}" for i, text in enumerate(TEXTS)]
    path.write_text("\n".join([f'"내용 (한 줄, 필수, 한글)"{delimiter}label', *rows]), encoding="utf-8")
    assert labels_of(str(path), text_columns=["내용 (한 줄, 필수, 한글)"])[:2] == ["a", "b"]


PLACES = [[0, 1, 0], [1, 0, 1], [0, 0, 0]]


@pytest.mark.parametrize("kind", [int, float, bool])
def test_lists_that_mark_places_are_not_lists_of_two_labels(tmp_path, kind):
    """[0, 1, 0] became the labels 0 and 1, and so did nearly every other row."""
    path = write_lines(tmp_path / "rows.jsonl", [[kind(mark) for mark in row] for row in PLACES])
    assert labels_of(path)[:3] == [["1"], ["0", "2"], []]
    assert labels_of(path, class_names=["정치", "경제", "사회"])[:3] == [["경제"], ["정치", "사회"], []]


def test_lists_of_ids_stay_lists_of_ids(tmp_path):
    assert labels_of(write_lines(tmp_path / "rows.jsonl", [[0, 1], [1], []]))[:3] == [["0", "1"], ["1"], []]
    assert labels_of(write_lines(tmp_path / "more.jsonl", [[0, 1], [1, 2]]))[:2] == [["0", "1"], ["1", "2"]]


def test_two_places_are_marked_where_a_list_says_what_ids_never_do(tmp_path):
    """A small validation file of [0, 1] alone was read as marks beside training lists of ids."""
    assert labels_of(write_lines(tmp_path / "ids.jsonl", [[0, 1], [0, 1]]))[:2] == [["0", "1"], ["0", "1"]]
    assert labels_of(write_lines(tmp_path / "both.jsonl", [[0, 1], [1, 1]]))[:2] == [["1"], ["0", "1"]]
    assert labels_of(write_lines(tmp_path / "one.jsonl", [[0, 1], [1, 0]]))[:2] == [["1"], ["0"]]


def test_a_missing_list_among_marked_places_is_a_missing_label(tmp_path):
    path = write_lines(tmp_path / "rows.jsonl", [*PLACES, None])
    refused(path, r"line 4: no label \(15 such rows\)")
    splits = load_splits(DataArguments(dataset=path, on_bad_row="skip")).splits
    assert sum(map(len, splits.values())) == 45


@pytest.mark.parametrize(
    "cells",
    [
        ["['경제', 'IT']", "[]", "['IT']"],
        ['["경제", "IT"]', "[]", '["\\u0049T"]'],
        ["['경제' 'IT']", "[]", "['IT']"],
    ],
)
def test_lists_written_into_csv_cells_are_lists(tmp_path, cells):
    """pandas writes a column of lists like this; each list was taken for the name of a class."""
    assert labels_of(write_csv(tmp_path / "rows.csv", cells))[:3] == [["IT", "경제"], [], ["IT"]]


def test_written_lists_of_numbers_and_of_marked_places(tmp_path):
    assert labels_of(write_csv(tmp_path / "a.csv", ["[ 8 20]", "[8]", "[]"]))[:3] == [["8", "20"], ["8"], []]
    assert labels_of(write_csv(tmp_path / "b.csv", ["[0, 1, 0]", "[1. 0. 1.]"]))[:2] == [["1"], ["0", "2"]]


@pytest.mark.parametrize(
    "values",
    [
        ["[속보]", "[단독]"],
        ["[1-2]", "[3-4]"],
        ["['a'", "b"],
        ["['\\x']"],
        [],
        ["(1)", "{2}"],
    ],
)
def test_names_in_brackets_are_names(values):
    assert written_lists(dict.fromkeys(values, 1), "label") is None


def test_a_long_list_that_is_none_is_told_in_linear_time():
    assert parse_list(f"[{'1024, ' * 300}nan?]", "list") is None


def test_empty_names_within_lists_are_no_labels(tmp_path):
    """An empty cell that was split is a list of one empty name: the data set got a label without a name."""
    assert labels_of(write_lines(tmp_path / "rows.jsonl", [[""], ["a"], ["b", ""]]))[:3] == [[], ["a"], ["b"]]


def test_a_separator_that_occurs_nowhere_is_pointed_out(tmp_path):
    path = write_csv(tmp_path / "rows.csv", ["경제, 사회", "사회", ""])
    notes = load_splits(DataArguments(dataset=path, label_separator=";")).provenance.notes
    assert any("look like several (경제, 사회): if they are, give --label_separator ','" in note for note in notes)
    refused(path, "--label_separator takes what stands between two names.*found nothing", label_separator="")


def test_declared_names_are_composed_before_they_are_compared(tmp_path):
    """Typed names did not equal decomposed ones, and were taken for new names in their places: labels swapped."""
    names = [unicodedata.normalize("NFD", name) for name in ("경제", "사회")]
    features = datasets.Features(text=datasets.Value("string"), label=datasets.ClassLabel(names=names))
    rows = datasets.Dataset.from_dict({"text": TEXTS, "label": [0, 1] * 30}, features=features)
    rows.to_parquet(tmp_path / "rows.parquet")
    assert labels_of(str(tmp_path / "rows.parquet"))[:2] == ["경제", "사회"]
    assert labels_of(str(tmp_path / "rows.parquet"), class_names=["사회", "경제"])[:2] == ["경제", "사회"]


def test_numbers_that_are_listed_as_they_stand_in_the_file_are_found(tmp_path):
    """The cells' 1.0 is called 1, and --class_names 1.0 was not; with whole numbers only, they were mixed up."""
    path = write_csv(tmp_path / "rows.csv", ["1.0", "2.5", "5.0"])
    assert labels_of(path, class_names=["1.0", "2.5", "5.0"])[:3] == ["1.0", "2.5", "5.0"]
    path = write_csv(tmp_path / "whole.csv", ["1.0", "2.0"])
    assert labels_of(path, class_names=["2.0", "1.0"])[:2] == ["1.0", "2.0"]


def test_objects_are_neither_text_nor_labels(tmp_path):
    """They were written out as JSON and trained on."""
    cells = [{"id": 1}, "b"]
    refused(write_lines(tmp_path / "a.jsonl", cells), "unknown type in column 'label'.*object on line 1")
    table = pa.table({"text": TEXTS, "label": [{"id": 1}] * 60, "topic": ["a", "b"] * 30})
    pq.write_table(table, tmp_path / "c.parquet")
    refused(tmp_path / "c.parquet", "column 'label' holds struct<id: int64>")
    refused(tmp_path / "c.parquet", "column 'label' holds struct", label_columns=["topic"], group_column="label")


def test_a_number_among_texts_is_named_with_its_line(tmp_path):
    """The answer was that no column could be meant to hold the text."""
    lines = [json.dumps({"text": text if i != 4 else 17, "label": "ab"[i % 2]}) for i, text in enumerate(TEXTS)]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    refused(
        tmp_path / "rows.jsonl", r"'text' must hold text; found rows\.jsonl: text on line 1, whole number on line 5"
    )


def test_a_list_of_objects_under_the_wrong_name_says_the_right_one(tmp_path):
    (tmp_path / "rows.jsonl").write_text('[{"text": "a", "label": "b"}]', encoding="utf-8")
    refused(tmp_path / "rows.jsonl", r"expected one a line\. One list of all objects goes into .* \.json")


def test_string_views_in_parquet_are_strings(tmp_path):
    view = pa.array(TEXTS, pa.string_view())
    pq.write_table(
        pa.table({"text": view, "label": pa.array(["a", "b"] * 30, pa.string_view())}), tmp_path / "a.parquet"
    )
    assert labels_of(str(tmp_path / "a.parquet"))[:2] == ["a", "b"]


def test_one_split_in_two_formats_is_asked_about(tmp_path):
    """Its rows were read twice, and half of train then left as leaks."""
    write_csv(tmp_path / "train.csv", ["a", "b"])
    write_lines(tmp_path / "train.jsonl", ["a", "b"])
    assert labels_of(str(tmp_path))[:2] == ["a", "b"]
    with (tmp_path / "train.csv").open("a", encoding="utf-8") as file:
        file.write("one more,a\n")
    refused(tmp_path, r"one split in several formats \(train\.csv, train\.jsonl\).*--train_file")


@pytest.mark.parametrize(
    ("card", "sentence"),
    [
        ("configs: [\n", "README.md: expected YAML between"),
        ("configs:\n- config_name: default\n  data_files: gone/*.csv\n", r"not as its README\.md says: .*data files"),
    ],
)
def test_a_readme_that_describes_something_else_is_one_sentence(tmp_path, card, sentence):
    write_csv(tmp_path / "train.csv", ["a", "b"])
    (tmp_path / "README.md").write_text(f"---\n{card}---\n", encoding="utf-8")
    refused(tmp_path, sentence)


def test_a_readme_without_metadata_is_not_remarked_upon(tmp_path, caplog):
    write_csv(tmp_path / "train.csv", ["a", "b"])
    (tmp_path / "README.md").write_text("# 우리 자료\n", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        read_source(DataArguments(dataset=str(tmp_path)))
    assert not caplog.records


def test_a_damaged_save_to_disk_folder_is_one_sentence(tmp_path):
    (tmp_path / "state.json").write_text("{}", encoding="utf-8")
    refused(tmp_path, "looks as if save_to_disk had written it, but cannot be read")


def test_a_folder_given_as_a_file_is_called_a_folder(tmp_path):
    """It "did not exist", and its own name was offered instead."""
    with pytest.raises(UserError, match="is a folder, not a file; --dataset reads folders"):
        read_source(DataArguments(train_file=str(tmp_path)))


def test_a_path_is_found_however_its_hangul_is_spelt(tmp_path):
    """Files off a Mac have decomposed names; typed ones are composed and look the same."""
    folder = tmp_path / unicodedata.normalize("NFD", "한국어 자료")
    folder.mkdir()
    write_csv(folder / unicodedata.normalize("NFD", "댓글.csv"), ["a", "b"])
    typed = tmp_path / "한국어 자료"
    assert labels_of(str(typed / "댓글.csv"))[:2] == labels_of(str(typed))[:2] == ["a", "b"]
