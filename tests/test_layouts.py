"""Layouts that people keep their data in: each is read right at the first command, or refused with what helps."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.layouts import fresh_cases, public_cases, tool_cases
from benchmarks.layouts.cases import put, table, tsv
from benchmarks.layouts.sentences import opinions
from textclf.arguments import DataArguments
from textclf.data.first_look import look_first
from textclf.data.loading import load_as_given
from textclf.data.reading.encodings import text_file
from textclf.data.reading.files import read_rows
from textclf.data.reading.tables import OWN_COLUMNS, ReadOptions
from textclf.errors import UserError
from textclf.labels import LabelSpace

ROWS = opinions("en")


def labels_by_text(loaded):
    space = LabelSpace.from_features(loaded.splits["train"].features)
    found = {}
    for split in loaded.splits.values():
        for row in split:
            ids = row["labels"]
            found[row["text"]] = sorted(space.names[i] for i in ids) if space.multi_label else space.names[ids]
    return found


def columns_of(path, options=ReadOptions()):  # noqa: B008 - immutable
    rows = read_rows(path, options)
    return {name: rows.table[name].to_pylist() for name in rows.table.column_names if name not in OWN_COLUMNS}


CASES = public_cases.CASES
assert fresh_cases.CASES is CASES  # one list, to which all add
assert tool_cases.case is fresh_cases.case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_layout_is_read_at_the_first_command_or_refused_in_words(case, tmp_path):
    source = str(tmp_path / case.write(tmp_path))
    if case.refused:
        with pytest.raises(UserError, match=case.refused):
            load_as_given(DataArguments(dataset=source))
        return
    loaded = load_as_given(DataArguments(dataset=source))
    found = labels_by_text(loaded)
    for text, label in case.pairs:
        assert found[text] == (sorted(label) if isinstance(label, list) else label)
    if case.rows:
        assert sum(loaded.provenance.sizes.values()) == case.rows


def test_goemotions_reads_with_the_flag_that_its_refusal_names(tmp_path):
    case = next(each for each in CASES if each.name.startswith("goemotions"))
    case.write(tmp_path)
    found = labels_by_text(load_as_given(DataArguments(dataset=str(tmp_path), label_separator=",")))
    assert found[ROWS[0][0]] == ["joy"]
    assert found[ROWS[1][0]] == ["anger", "fear"]


@pytest.mark.parametrize("named", [True, False])
def test_a_header_is_told_from_a_row(tmp_path, named):
    rows = [["tweet", "stance"]] * named + [list(row) for row in ROWS]
    put(tmp_path / "rows.csv", table(rows))
    found = columns_of(tmp_path / "rows.csv")
    assert list(found) == (["tweet", "stance"] if named else ["text", "label"])
    assert [len(cells) for cells in found.values()] == [108, 108]


def test_what_is_said_about_the_first_line_is_done(tmp_path):
    put(tmp_path / "rows.csv", table([["tweet", "stance"], *map(list, ROWS)]))
    path = tmp_path / "rows.csv"
    assert len(columns_of(path, ReadOptions(no_header=True))["text"]) == 109
    assert list(columns_of(path, ReadOptions(column_names=("a", "b")))) == ["a", "b"]
    put(tmp_path / "bare.csv", table([list(row) for row in ROWS]))
    named = columns_of(tmp_path / "bare.csv", ReadOptions(column_names=("a", "b")))
    assert named["b"][:2] == ["pos", "neg"]
    assert len(named["a"]) == 108
    with pytest.raises(UserError, match=r"--column_names gives 3 names; bare\.csv has 2 columns"):
        columns_of(tmp_path / "bare.csv", ReadOptions(column_names=("a", "b", "c")))


def test_no_text_of_a_file_without_names_becomes_a_column_name_or_a_note(tmp_path):
    """The first row became the names, was lost, and went up to the Hub in evaluation.json."""
    put(tmp_path / "rows.tsv", tsv([[label, text] for text, label in ROWS]))
    provenance = load_as_given(DataArguments(dataset=str(tmp_path / "rows.tsv"))).provenance
    written = json.dumps(provenance.to_dict(), ensure_ascii=False)
    assert not [text for text, _ in ROWS if text in written]
    assert provenance.sizes == {"train": 108}


def test_a_row_of_names_in_the_middle_is_a_bad_row(tmp_path):
    """Files put one behind the other keep their headers."""
    half = [["text", "label"], *map(list, ROWS[:54])]
    put(tmp_path / "rows.csv", table([*half, ["text", "label"], *map(list, ROWS[54:])]))
    with pytest.raises(UserError, match=r"rows\.csv, line 56: the column names once more"):
        load_as_given(DataArguments(dataset=str(tmp_path / "rows.csv")))


@pytest.mark.parametrize(
    ("encoding", "texts"),
    [
        ("cp949", opinions("ko")),
        ("shift_jis", opinions("ja")),
        ("euc_jp", opinions("ja")),
        ("gb18030", opinions("zh")),
        ("cp1252", [("It’s a great kettle – I don’t regret it", "pos"), ("He said “never again” and left", "neg")]),
        ("latin-1", [("Der Film war schön und die Musik auch", "pos"), ("Das Essen war für alle kalt", "neg")]),
        ("cp1250", [("Film był bardzo śmieszny i ciekawy", "pos"), ("Obsługa była zła, czekałem godzinę", "neg")]),
        ("cp1251", [("Фильм очень понравился, советую всем", "pos"), ("Доставка была слишком долгой", "neg")]),
        ("utf-16", opinions("ko")),
        ("utf-16-be", opinions("ko")),
    ],
)
def test_encodings_are_found_over_the_whole_file(tmp_path, encoding, texts):
    """iconv was recommended from CP949 for nearly all of them, and what it made trained without a word."""
    plain = [[f"plain words, number {i}", "pos"] for i in range(300)]
    put(tmp_path / "rows.csv", table([["text", "label"], *plain, *map(list, texts)]), encoding)
    assert columns_of(tmp_path / "rows.csv")["text"][300:] == [text for text, _ in texts]
    assert text_file(tmp_path / "rows.csv").note
    said = columns_of(tmp_path / "rows.csv", ReadOptions(encoding=encoding))
    assert said["text"][300:] == [text for text, _ in texts]


def test_japanese_mail_in_iso_2022_is_no_ascii(tmp_path):
    """Its bytes are ASCII, so that it was read as such, and asked about semicolons in labels."""
    texts = ["配送が遅くて残念でした", "値段の割に良い商品だと思います"]
    rows = [f"{texts[i % 2]}{i},{'良い' if i % 2 else '悪い'}" for i in range(40)]
    put(tmp_path / "a.csv", "\n".join(["text,label", *rows]), "iso2022_jp")
    found = load_as_given(DataArguments(dataset=str(tmp_path / "a.csv"))).splits["train"]
    assert found["text"][1] == f"{texts[1]}1"


def test_an_encoding_that_is_wrong_or_unknown_is_refused(tmp_path):
    put(tmp_path / "rows.csv", table([["text", "label"], *map(list, opinions("ko"))]), "cp949")
    with pytest.raises(UserError, match=r"rows\.csv is not utf-8 \(line 2\)"):
        columns_of(tmp_path / "rows.csv", ReadOptions(encoding="utf-8"))
    with pytest.raises(UserError, match="--encoding takes the name of an encoding"):
        columns_of(tmp_path / "rows.csv", ReadOptions(encoding="klingon"))


def test_a_few_broken_lines_in_utf8_are_named_and_nothing_is_guessed(tmp_path):
    good = table([["text", "label"], *map(list, opinions("ko"))]).encode()
    put(tmp_path / "rows.csv", good + "정부 발표,pos\n".encode("cp949"))
    with pytest.raises(UserError, match=r"UTF-8 in most lines, but not in line 110.*iconv -c"):
        columns_of(tmp_path / "rows.csv")


def test_a_missing_number_in_json_costs_no_column(tmp_path):
    """One NaN, and a title with a body lost its body without a word."""
    rows = [{"title": f"Title {i} of many", "body": text, "label": label} for i, (text, label) in enumerate(ROWS)]
    rows[5]["body"] = float("nan")
    put(tmp_path / "rows.json", json.dumps(rows))
    splits = load_as_given(DataArguments(dataset=str(tmp_path / "rows.json"))).splits
    assert splits["train"]["text_pair"][4:6] == [ROWS[4][0], None]


def test_columns_that_nobody_uses_do_not_keep_files_apart(tmp_path):
    for number, part in enumerate((ROWS[:50], ROWS[50:])):
        rows = [{"text": text, "label": label, "votes": number or "none", "note": None} for text, label in part]
        put(tmp_path / f"train-{number}.jsonl", "\n".join(map(json.dumps, rows)))
    assert load_as_given(DataArguments(dataset=str(tmp_path))).provenance.sizes == {"train": 108}
    with pytest.raises(UserError, match=r"string in train-0\.jsonl, int64 in train-1\.jsonl"):
        load_as_given(DataArguments(dataset=str(tmp_path), label_columns=["votes"]))


@pytest.mark.parametrize(
    "names",
    [("train.csv", "train_cleaned.csv"), ("train_v1.csv", "train_v2.csv"), ("train-v1.0.csv", "train-v1.1.csv")],
)
def test_versions_of_one_split_are_not_read_one_behind_the_other(names, tmp_path):
    for name in names:
        put(tmp_path / name, table([["text", "label"], *map(list, ROWS)]))
    with pytest.raises(UserError, match=f"{', '.join(map(re.escape, names))}, which could be parts or versions"):
        load_as_given(DataArguments(dataset=str(tmp_path)))


def test_lists_of_equal_names_in_cells_survive_every_dialect(tmp_path):
    """Each cell stays the text that it is, whatever separates it."""
    cells = ["NA", "null", "007", "1e5", " padded ", "a;b|c", 'say "x"', "back\\slash", "tab\tin it", "two\nlines"]
    rows = [[cell, "ab"[i % 2]] for i, cell in enumerate(cells)] * 3
    for delimiter in ",;|\t":
        path = tmp_path / f"rows{ord(delimiter)}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=delimiter).writerows([["text", "label"], *rows])
        assert columns_of(path)["text"] == cells * 3


@pytest.mark.parametrize(
    ("command", "words", "sentence"),
    [
        ("train", "--dataset god.csv", "god.csv does not exist. Did you mean 'good.csv'?"),
        ("train", "--dataset=good.csv --text-columns texd", "There is no column 'texd'; found: text, label."),
        ("train", "nothing.yaml", "The recipe nothing.yaml does not exist."),
        ("train", "mine.yaml", "There is no column 'texd'"),
        ("eval", "some/model --dataset god.csv", "god.csv does not exist. Did you mean 'good.csv'?"),
        ("eval", "./nowhere --dataset good.csv", "The folder ./nowhere does not exist"),
        ("explore", "god.csv", "god.csv does not exist. Did you mean 'good.csv'?"),
        ("predict", "some/model god.csv --output out.csv", "god.csv does not exist. Did you mean 'good.csv'?"),
        ("predict", "./nowhere good.csv --output out.csv", "The folder ./nowhere does not exist"),
        ("predict", "run good.csv --output out.csv --text_columns texd", "good.csv has no column 'texd'"),
        ("compare", "ran gone", "no study in ran: the folder does not exist. Did you mean 'run'?"),
    ],
)
def test_a_file_or_column_that_cannot_work_is_said_before_the_libraries_load(tmp_path, command, words, sentence):
    """It took 12 seconds of processor time, of which the file itself took none."""
    put(tmp_path / "good.csv", table([["text", "label"], *map(list, ROWS)]))
    (tmp_path / "run").mkdir()
    put(tmp_path / "mine.yaml", "dataset: good.csv\ntext_columns: [texd]\nlearning_rate: 1e-5\n")
    program = (
        "import sys; sys.path.insert(0, sys.argv.pop(1))\n"
        "command = __import__(sys.argv.pop(1))\n"
        "try:\n    command.main(sys.argv[1:])\n"
        "except ValueError as error:\n    print(error)\n"
        "print([name for name in ('torch', 'datasets', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(Path(__file__).parent.parent), command, *words.split()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    said, loaded = done.stdout.strip().splitlines()
    assert sentence in said
    assert loaded == "[]"


ODD_TABLES = {
    "quotes inside cells": ("a.csv", "text,label\n{rows}", '"{text}" said he {i},{label}'),
    "a delimiter more at the end of each row": ("a.csv", "text,label\n{rows}", "{text} {i},{label},"),
    "a word in front of each line": ("a.txt", "{rows}", "{label} {text} {i}"),
    "a zero byte": ("a.csv", "text,label\n\0{rows}", "{text} {i},{label}"),
}


@pytest.mark.parametrize("name", ODD_TABLES)
def test_tables_that_a_person_can_read_are_read(tmp_path, name):
    """A cell of `"a" b` was refused, a column was read as row numbers, one zero byte made a file UTF-16 of no rows."""
    file, whole, row = ODD_TABLES[name]
    texts = ["the rope bridge held for once", "nobody knew where the ferry went", "a long winter for the mill"]
    rows = [row.format(i=i, text=texts[i % 3], label="pos" if i % 2 else "neg") for i in range(60)]
    put(tmp_path / file, whole.format(rows="\n".join(rows) + "\n"))
    data = load_as_given(DataArguments(dataset=str(tmp_path / file))).splits["train"]
    assert len(data) == 60
    assert [data.features["labels"].names[each] for each in data["labels"]] == ["neg", "pos"] * 30
    assert all(text.strip("\0") in row for text, row in zip(data["text"], rows, strict=True))
    assert data["text"][3].endswith(" 3")


def test_a_column_that_a_data_set_script_does_not_give_is_said_before_its_files_are_read(tmp_path):
    """Sixteen seconds of reading SGML went before the sentence; here there is nothing that could be read."""
    words = ["--dataset", "reuters_topics", "--data_dir", str(tmp_path), "--text_columns", "texd"]
    with pytest.raises(UserError, match=r"no column 'texd'; found: id, text, text_pair, labels\. Did you mean 'text'"):
        look_first(words)


@pytest.mark.parametrize(
    "first",
    [
        "#happy all day\tpos\n#sad, so sad\tneg\n",
        "# blessed\tpos\n# cursed\tneg\n",
        "#text\tlabel\n#happy all day\tpos\n",
    ],
)
def test_rows_that_begin_with_a_hash_are_no_comments(first, tmp_path):
    put(tmp_path / "tweets.tsv", first + tsv(list(map(list, ROWS))))
    found = labels_by_text(load_as_given(DataArguments(dataset=str(tmp_path / "tweets.tsv"))))
    assert len(found) == len(ROWS) + first.count("\tpos") + first.count("\tneg")


def test_a_first_line_of_one_name_is_no_title(tmp_path):
    rows = [[text, label, "x"] for text, label in ROWS]
    put(tmp_path / "rows.csv", table([["text", "", ""], *rows]))
    assert columns_of(tmp_path / "rows.csv").keys() == {"text", "column_2", "column_3"}


def test_columns_of_one_name_and_equal_texts_are_one_text(tmp_path):
    put(tmp_path / "rows.csv", table([["text", "text", "label"], *([text, text, label] for text, label in ROWS)]))
    found = load_as_given(DataArguments(dataset=str(tmp_path / "rows.csv")))
    assert found.provenance.text_columns == ("text.1",)


def test_a_word_in_a_recipe_is_no_flag_to_the_first_look(tmp_path):
    """A class called --text_columns made the next one a column that does not exist."""
    rows = [[text, {"pos": "--text_columns", "neg": "gone"}[label]] for text, label in ROWS]
    put(tmp_path / "good.csv", table([["text", "label"], *rows]))
    recipe = f"dataset: {tmp_path / 'good.csv'}\nclass_names: [a, '--text_columns', gone]\nseed: many\n"
    put(tmp_path / "mine.yaml", recipe)
    look_first([str(tmp_path / "mine.yaml"), "--validation_share", "0.3"])
    put(tmp_path / "mine.yaml", recipe + "text_columns: texd\nno_header: no\n")
    with pytest.raises(UserError, match="There is no column 'texd'"):
        look_first([str(tmp_path / "mine.yaml")])


def test_rows_of_another_width_in_json_are_bad_rows(tmp_path):
    """They were left out without a word."""
    put(tmp_path / "rows.json", json.dumps([*map(list, ROWS), ["one", "too", "many"]]))
    with pytest.raises(UserError, match=r"rows\.json, row 109: expected a list of 2 cells"):
        load_as_given(DataArguments(dataset=str(tmp_path / "rows.json")))


def test_a_table_of_text_under_a_spreadsheets_name_is_read(tmp_path):
    put(tmp_path / "rows.xlsx", table([["text", "label"], *map(list, ROWS)]))
    assert load_as_given(DataArguments(dataset=str(tmp_path / "rows.xlsx"))).provenance.sizes == {"train": 108}


@pytest.mark.parametrize("suffix", ["tsv", "csv"])
def test_quotes_that_pair_by_chance_join_no_rows(tmp_path, suffix):
    """60 rows became 54 without a word."""
    rows = [[text.replace('"', "").replace(",", ""), label] for text, label in ROWS]
    rows[10][0], rows[14][0] = f'"{rows[10][0]}', f'{rows[14][0]}"'
    delimiter = {"tsv": "\t", "csv": ","}[suffix]
    put(tmp_path / f"rows.{suffix}", "".join(f"{delimiter.join(row)}\n" for row in [["text", "label"], *rows]))
    loaded = load_as_given(DataArguments(dataset=str(tmp_path / f"rows.{suffix}")))
    assert loaded.splits["train"]["text"][:] == [text for text, _ in rows]
    assert any("quotes would join rows (line 12)" in note for note in loaded.provenance.notes)


@pytest.mark.parametrize(
    ("name", "flags", "label"),
    [
        ("olid", {"label_columns": ["subtask_a"]}, "NOT"),
        ("germeval", {"label_columns": ["column_2"]}, "OTHER"),
        ("massive", {"label_columns": ["intent"]}, "alarm_set"),
        ("korean hate", {"label_columns": ["hate"]}, "none"),
        ("lists with a null", {"on_bad_row": "skip"}, ["1"]),
        ("subjects of papers", {"label_separator": " "}, ["cs.CL", "cs.LG"]),
        ("several columns of one name", {"label_columns": ["Priority"]}, "Major"),
        ("questions with choices", {"label_columns": ["answerKey"]}, "A"),
    ],
)
def test_what_a_refusal_names_works_when_it_is_typed(name, flags, label, tmp_path):
    case = next(each for each in CASES if each.name.startswith(name))
    source = str(tmp_path / case.write(tmp_path))
    found = labels_by_text(load_as_given(DataArguments(dataset=source, **flags)))
    assert next(iter(found.values())) == label


@pytest.mark.parametrize(
    ("name", "flags", "label"),
    [
        ("hatexplain", {}, "positive"),
        ("answers of several annotators", {}, "a"),
        ("votes of annotators a line", {}, "pos"),
        ("parse trees", {}, "0"),
        ("vowpal wabbit", {}, "1"),
        ("arff", {}, "pos"),
        ("intents in yaml", {}, "pos"),
        ("intents in markdown", {}, "pos"),
        ("stata", {}, "pos"),
        ("sqlite", {}, "pos"),
        ("a list of rows in yaml", {}, "pos"),
        ("XML", {}, "pos"),
        ("rows as python", {}, "pos"),
    ],
)
def test_a_command_that_a_refusal_gives_makes_a_file_that_is_read(name, flags, label, tmp_path):
    """They stood in messages and had never been run; an apostrophe or a dollar in the path broke them."""
    case = next(each for each in CASES if each.name.startswith(name))
    folder = tmp_path / """Ann's "new" $HOME"""
    folder.mkdir()
    source = folder / case.write(folder)
    given = set(folder.rglob("*"))
    with pytest.raises(UserError) as refused:
        load_as_given(DataArguments(dataset=str(source)))
    command = str(refused.value).split("`")[1].replace("python -c", f"{sys.executable} -c")
    subprocess.run(["bash", "-c", command], cwd="/", check=True)  # the paths are whole
    (made,) = set(folder.rglob("*")) - given
    found = labels_by_text(load_as_given(DataArguments(dataset=str(made), **flags)))
    assert next(iter(found.values())) == label
    assert len(found) > 70


def test_rows_without_consensus_are_left_out_with_a_line_and_strictly_they_stop(tmp_path):
    """`-` was a class of its own, without a word."""
    rows = [[text, "-" if i in (7, 30) else label] for i, (text, label) in enumerate(ROWS)]
    put(tmp_path / "rows.tsv", tsv([["text", "gold_label"], *rows]))
    loaded = load_as_given(DataArguments(dataset=str(tmp_path / "rows.tsv")))
    assert loaded.provenance.sizes == {"train": 106}
    assert set(labels_by_text(loaded).values()) == {"pos", "neg"}
    assert "2 rows left out: label -, on which annotators did not agree." in loaded.provenance.notes
    with pytest.raises(
        UserError, match=r"rows\.tsv, line 9: label -, on which annotators did not agree \(2 such rows"
    ):
        load_as_given(DataArguments(dataset=str(tmp_path / "rows.tsv"), strict=True))
    signs = [[text, "+" if label == "pos" else "-"] for text, label in ROWS]
    put(tmp_path / "signs.tsv", tsv([["text", "label"], *signs]))
    assert set(labels_by_text(load_as_given(DataArguments(dataset=str(tmp_path / "signs.tsv")))).values()) == {
        "+",
        "-",
    }


def test_what_is_said_of_many_files_is_said_once(tmp_path):
    for number in range(6):
        put(tmp_path / f"train-{number}.csv", table([["text", "label"], *map(list, ROWS[number::6])], ";"))
    notes = load_as_given(DataArguments(dataset=str(tmp_path))).provenance.notes
    assert [note for note in notes if "semicolons" in note] == [
        "train-0.csv (and 5 more files): columns are separated by semicolons."
    ]


def test_files_whose_names_are_plain_words_but_whose_columns_are_labelled_are_parts(tmp_path):
    for number, name in enumerate(("good", "bad")):
        put(tmp_path / f"{name}.csv", table([["text", "label"], *map(list, ROWS[number * 54 : number * 54 + 54])]))
    assert labels_by_text(load_as_given(DataArguments(dataset=str(tmp_path)))) == dict(ROWS)


def test_commas_in_texts_that_nobody_quoted_are_theirs_only_where_labels_come_out_beside_them(tmp_path):
    rows = [f"{text.replace(chr(34), '')}, and so on,{label}" for text, label in ROWS]
    put(tmp_path / "rows.csv", "".join(f"{row}\n" for row in ["text,label", *rows]))
    loaded = load_as_given(DataArguments(dataset=str(tmp_path / "rows.csv")))
    assert any("commas beyond the 1 others belong to 'text'" in note for note in loaded.provenance.notes)
    assert loaded.splits["train"]["text"][0] == f"{ROWS[0][0]}, and so on"
    numbered = [f"{i},{text.replace(',', '').replace(chr(34), '')},{label}" for i, (text, label) in enumerate(ROWS)]
    put(tmp_path / "r.csv", "".join(f"{row}\n" for row in ["text,label", *numbered]))  # R's, without quotes
    first = load_as_given(DataArguments(dataset=str(tmp_path / "r.csv"))).splits["train"]["text"][0]
    assert first == ROWS[0][0].replace(",", "")
