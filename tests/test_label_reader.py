"""Right values, kind by kind: what a label column says is read rightly in every split, or refused in one sentence."""

import csv
import json
import unicodedata

import datasets
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from textclf.arguments import DataArguments
from textclf.data.first_look import look_first
from textclf.data.labelling.joined_labels import joined_note
from textclf.data.labelling.label_names import alike_key, alike_notes, clean_name, number, sort_names, writing
from textclf.data.labelling.label_numbers import meaning_of_numbers
from textclf.data.labelling.written_lists import parse_list, written_lists
from textclf.data.loading import load_as_given, load_splits
from textclf.errors import UserError
from textclf.evaluation.held_out import label_reading
from textclf.flags import build_parser, parse
from textclf.labels import LabelSpace

SPLITS = {"train": 60, "validation": 12, "test": 12}


def texts(split, n):
    return [f"{split}의 {i}번째 소식, the {i}. piece of news" for i in range(n)]


def write(folder, kind, cells_by_split):
    """Write one file a split; a split's cells are repeated to fill it."""
    folder.mkdir(exist_ok=True)
    for split, cells in cells_by_split.items():
        rows = [(text, cells[i % len(cells)]) for i, text in enumerate(texts(split, SPLITS[split]))]
        if kind == "csv":
            with (folder / f"{split}.csv").open("w", encoding="utf-8", newline="") as file:
                out = csv.writer(file)
                out.writerow(["text", "label"])
                out.writerows((text, "" if cell is None else str(cell)) for text, cell in rows)
        else:
            lines = (json.dumps({"text": text, "label": cell}) for text, cell in rows)
            (folder / f"{split}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return str(folder)


def gold(data, split, n):
    """Return the label names of the first rows of a split."""
    space = LabelSpace.from_features(data.splits[split].features)
    ids = data.splits[split]["labels"][:n]
    return [[space.names[i] for i in row] if space.multi_label else space.names[row] for row in ids]


def given(path, **options):
    return load_as_given(DataArguments(dataset=path, **options))


MARKS = [[0, 1, 0], [1, 0, 1], [0, 0, 1], [0, 0, 0]]
FORMS = {
    "marks, a test of two labels only": (MARKS, [[0, 1, 1]], [["1", "2"]]),
    "marks of two, a test of [0, 1]": ([[0, 1], [1, 0], [1, 1]], [[0, 1]], [["1"]]),
    "marks of two, one of them twice": ([[0, 0], [0, 1]], [[0, 1]], [["1"]]),
    "marks in truth values": ([[True, False], [False, True]], [[False, True]], [["1"]]),
    "marks in fractions": ([[0.0, 1.0, 0.0], [1.0, 1.0, 0.0]], [[1, 0, 1]], [["0", "2"]]),
    "ids of two labels": ([[0, 1], [1], [0], []], [[0, 1]], [["0", "1"]]),
    "ids of three labels": ([[0, 1], [1, 2]], [[1, 0]], [["0", "1"]]),
    "ids that count from five": ([[5], [7, 5], [6]], [[7, 6]], [["6", "7"]]),
    "lists of names": ([["경제"], ["IT", "경제"]], [["IT"]], [["IT"]]),
    "lists of one name each": ([["a"], ["b"], ["c"]], [["b"]], ["b"]),
}


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize("name", FORMS)
def test_the_form_of_lists_is_that_of_train_in_every_split(tmp_path, kind, name):
    """A test split whose every row was [0, 1] was read as both labels."""
    train, test, expected = FORMS[name]
    data = given(write(tmp_path / "data", kind, {"train": train, "test": test}))
    assert gold(data, "test", 1) == expected


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("short", [[0, 1], [1], [0, 1, 0, 1], [0, 2, 0]])
def test_a_list_of_another_length_is_a_bad_row_and_changes_no_other(tmp_path, kind, split, short):
    """One short row turned the whole column into lists of the ids 0 and 1, without a word."""
    if short == [0, 2, 0] and split == "train":
        return  # then train is no marks at all: tested below
    cells = {"train": MARKS * 3, "test": MARKS}
    cells[split] = [*cells[split], short]
    path = write(tmp_path / "data", kind, cells)
    row = len(cells[split]) + (kind == "csv")
    with pytest.raises(UserError, match=rf"{split}\.{kind}, line {row}: label list that is not 3 marks of 0 and 1"):
        given(path)
    data = given(path, on_bad_row="skip")
    assert gold(data, "train", 4) == [["1"], ["0", "2"], ["2"], []]
    assert gold(data, "test", 4) == [["1"], ["0", "2"], ["2"], []]
    bad = -(-(SPLITS[split] - len(cells[split]) + 1) // len(cells[split]))
    assert data.provenance.removed["label list that is not 3 marks of 0 and 1, as those of train are"] == bad


def test_marks_of_many_lengths_are_asked_about(tmp_path):
    path = write(tmp_path / "data", "jsonl", {"train": [[0, 0], [1, 0, 1], [1, 0, 1, 0], [1, 1, 1, 1, 1], [1]]})
    with pytest.raises(UserError, match=r"lists of 0 and 1 in 'label' are of many lengths.*neither marks"):
        given(path)


def test_marks_that_are_not_given_are_missing_labels(tmp_path):
    """[1, -1, 0] made the column one of ids, -1 among them."""
    path = write(tmp_path / "data", "jsonl", {"train": [*MARKS, [1, -1, 0]]})
    with pytest.raises(UserError, match=r"line 5: no label \(12 such rows\)"):
        given(path)
    data = given(path, on_bad_row="skip")
    assert gold(data, "train", 2) == [["1"], ["0", "2"]]


def test_marks_take_class_names_one_for_each_place(tmp_path):
    path = write(tmp_path / "data", "jsonl", {"train": MARKS})
    data = given(path, class_names=["정치", "경제", "사회"])
    assert gold(data, "train", 2) == [["경제"], ["정치", "사회"]]
    assert any("0 is 정치, 1 is 경제, 2 is 사회" in note for note in data.provenance.notes)
    with pytest.raises(UserError, match="gives 2 names, and lists of 3 marks need one for each"):
        given(path, class_names=["정치", "경제"])


WRITTEN = {
    "Python": ("['a', 'b']", ["a", "b"]),
    "Python, one name": ("['a']", ["a"]),
    "JSON": ('["a", "b"]', ["a", "b"]),
    "numpy": ("['a' 'b']", ["a", "b"]),
    "a set": ("{'a', 'b'}", ["a", "b"]),
    "a tuple": ("('a', 'b')", ["a", "b"]),
    "a tuple of one": ("('a',)", ["a"]),
    "an empty set": ("set()", []),
    "numbers": ("[8, 20]", ["8", "20"]),
    "truth values": ("[True, False]", ["true", "false"]),
    "nothing": ("[]", []),
    "None among them": ("['a', None]", ["a", ""]),
    "a comma within": ("['a, b', 'c']", ["a, b", "c"]),
    "Korean": ("['경제', '사회']", ["경제", "사회"]),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_lists_as_programs_write_them(name):
    cell, items = WRITTEN[name]
    assert parse_list(cell, "list") == items


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["<python><pandas>", "<python>", "<c++>"], [["pandas", "python"], ["python"], ["c++"]]),
        (["[a, b]", "[a]", "[b, c]"], [["a", "b"], ["a"], ["b", "c"]]),
        (["{'a', 'b'}", "{'b'}", "set()"], [["a", "b"], ["b"], []]),
        (["{a, b}", "{a}", "{c}"], [["a", "b"], ["a"], ["c"]]),
        (["('a', 'b')", "('b',)"], [["a", "b"], ["b"]]),
        (["[경제, IT]", "[IT]"], [["IT", "경제"], ["IT"]]),
        (["#a #b", "#b", "#c, #a"], [["#a", "#b"], ["#b"], ["#a", "#c"]]),
        (["010", "101", "001"], [["1"], ["0", "2"], ["2"]]),
        (
            ['{"choices": ["늦음", "무례"]}', "늦음", '{"choices": ["무례", "기타"]}'],
            [["늦음", "무례"], ["늦음"], ["기타", "무례"]],
        ),
        (["[True, False, True]", "[False, False, True]"], [["0", "2"], ["2"]]),
    ],
)
def test_lists_written_in_words_are_several_labels(tmp_path, cells, expected):
    data = given(write(tmp_path / "data", "csv", {"train": cells}))
    assert [sorted(row) for row in gold(data, "train", len(cells))] == expected


def test_a_mark_that_is_the_same_in_every_row_is_a_name():
    assert written_lists({"010": 3, "100": 2}, "label") == "bits"
    assert written_lists({"010": 5}, "label") is None


@pytest.mark.parametrize("cells", [["{'a': 1, 'b': 0}", "{'a': 0, 'b': 1}"], ['{"label": "a"}', '{"label": "b"}']])
def test_objects_in_words_are_refused(tmp_path, cells):
    with pytest.raises(UserError, match=r"holds objects .*one column of 0 and 1 for each label"):
        given(write(tmp_path / "data", "csv", {"train": cells}))


def test_class_names_of_which_none_occurs_are_refused(tmp_path):
    path = write(tmp_path / "data", "csv", {"train": ["좋음", "나쁨", "좋음"]})
    with pytest.raises(UserError, match="None of the labels found is among --class_names: 나쁨, 좋음"):
        given(path, class_names=["good", "bad"])


def test_a_word_among_written_lists_is_a_bad_row(tmp_path):
    """One such cell made each list the name of a class."""
    path = write(tmp_path / "data", "csv", {"train": ["['a']", "['a', 'b']", "['c']", "a"]})
    with pytest.raises(UserError, match=r"train\.csv, line 5: label that is no list.*Found 'a' in 'label'"):
        given(path)
    write(tmp_path / "data", "csv", {"test": ["['a']", "b"]})
    data = given(path, on_bad_row="skip")
    assert gold(data, "train", 3) == [["a"], ["a", "b"], ["c"]]
    assert len(data.splits["test"]) == 6
    few = write(tmp_path / "few", "csv", {"train": ["['a', 'b']", "a", "b", "c"]})
    with pytest.raises(UserError, match=r"Some cells of .* are lists \(\['a', 'b'\]\), most are none \(a\)"):
        given(few)


def test_bars_between_names_that_all_recur_are_read_as_what_they_are(tmp_path):
    data = given(write(tmp_path / "data", "csv", {"train": ["코미디|액션", "드라마", "코미디", "액션|드라마"]}))
    assert gold(data, "train", 4) == [["액션", "코미디"], ["드라마"], ["코미디"], ["드라마", "액션"]]
    assert any("separated by '|'; --label_separator none" in note for note in data.provenance.notes)


JOINED = {
    ",": ["a,b", "b,c", "a", "c"],
    "|": ["a|b", "b", "a"],
    ";": ["경제;사회", "사회", "경제"],
    " ": ["python pandas", "python", "pandas", "pandas numpy", "numpy", "python numpy"],
    "_": ["a_b", "b_c", "a_c", "a", "b", "c"],
    "/": ["Comedy/Drama", "Drama/War", "Comedy/War", "Comedy", "Drama", "War"],
}


@pytest.mark.parametrize("mark", JOINED)
def test_names_joined_in_one_cell_are_refused_with_their_separator(tmp_path, mark):
    """They became combined classes in silence."""
    cells = JOINED[mark]
    path = write(tmp_path / "data", "csv", {"train": cells})
    with pytest.raises(UserError) as refused:
        given(path)
    assert "holds several labels in one cell" in str(refused.value)
    assert f"--label_separator '{mark}'" in str(refused.value)
    parted = given(path, label_separator=mark)
    assert gold(parted, "train", len(cells)) == [sorted(cell.split(mark)) for cell in cells]
    assert gold(given(path, label_separator="none"), "train", len(cells)) == cells


def test_names_that_are_made_of_parts_in_their_places_are_one_label_each_with_a_line(tmp_path):
    """A competition's classes, of four answers each, had to be said to be what they are."""
    times = ("과거", "현재", "미래")
    names = [f"{kind}-{pole}-{time}" for kind in ("사실", "추론") for pole in ("긍정", "부정") for time in times]
    path = write(tmp_path / "data", "csv", {"train": names})
    read = given(path)
    assert gold(read, "train", len(names)) == names
    assert any("look like several (" in note and "--label_separator '-'" in note for note in read.provenance.notes)
    mixed = write(tmp_path / "mixed", "csv", {"train": [*names, "사실", "긍정", "과거"]})
    with pytest.raises(UserError, match="several labels in one cell"):
        given(mixed)


@pytest.mark.parametrize("cells", [["2,5", "8", "1"], ["2 5", "8"]])
def test_joined_numbers_get_the_separator_as_advice(tmp_path, cells):
    """`2,5` beside `8` got the advice --class_names, which cannot work."""
    mark = next(c for c in ", " if c in cells[0])
    path = write(tmp_path / "data", "csv", {"train": cells})
    with pytest.raises(UserError, match=r"several labels in one cell.*--label_separator"):
        given(path)
    assert gold(given(path, label_separator=mark), "train", 1) == [cells[0].split(mark)]


@pytest.mark.parametrize(
    ("mark", "cells"),
    [
        ("|", ["2|5", "3"]),
        (";", ["1;2", "2;3"]),
        (",", ["2,5,8", "8", "2"]),
        ("|", ["sport|late", "late", "sport", "late|home", "home"]),
        (", ", ["rude, late", "late", "rude", "late, rude"]),
        (" ", ["cs.CL cs.LG", "cs.CL", "cs.LG", "cs.LG stat.ML", "stat.ML"]),
        (" ", ["hep-ph math.CO", "hep-ph", "math.CO", "math.CO cs.CG", "cs.CG"]),
    ],
)
def test_labels_joined_in_the_only_possible_way_are_read_with_a_line(tmp_path, mark, cells):
    loaded = given(write(tmp_path / "data", "csv", {"train": cells}))
    assert gold(loaded, "train", len(cells)) == [sorted(cell.split(mark)) for cell in cells]
    assert any(f"separated by {mark.strip() or ' '!r}; --label_separator none" in n for n in loaded.provenance.notes)


@pytest.mark.parametrize(
    "names",
    [
        {"very negative", "negative", "neutral", "positive", "very positive"},
        {"Extremely Negative", "Negative", "Neutral", "Positive", "Extremely Positive"},
        {"strongly agree", "agree", "neither agree nor disagree", "disagree", "strongly disagree"},
        {"world_news", "sports_news", "business_news"},
        {"comp.sys.mac.hardware", "comp.sys.ibm.pc.hardware", "sci.med"},
        {"R&B", "hip-hop", "rock"},
        {"Sci/Tech", "World", "Sports"},
        {"card_arrival", "card_linking", "top_up_failed", "top_up_limits", "lost_or_stolen_card"},
        {"light red", "dark red", "light blue", "dark blue"},
        {"18-25", "26-35", "36-45"},
        {"ENTY:animal", "ENTY:body", "HUM:ind"},
        {"생활/문화", "정치", "IT/과학"},
    ],
)
def test_names_of_several_words_are_one_label(names):
    assert joined_note(names, None) == []


NAMES = {
    " Positive ": "Positive",
    "Posi\u00adtive": "Positive",
    "\ufeffPositive": "Positive",
    "Posi\u200btive": "Positive",
    "Positive\u200f": "Positive",
    "Positive\u200d": "Positive",
    "very\u00a0good": "very good",
    "very  good": "very good",
    "very\ngood": "very good",
    unicodedata.normalize("NFD", "사회"): "사회",
    "می\u200cخواهم": "می\u200cخواهم",  # the joiner is spelling there
    "👨\u200d👩\u200d👧": "👨\u200d👩\u200d👧",
}


@pytest.mark.parametrize("written", NAMES)
def test_what_cannot_be_seen_is_no_part_of_a_name(written):
    assert clean_name(written) == NAMES[written]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Positive", "positive", True),
        ("01", "1", True),
        ("+1", "1", True),
        ("1.0", "1", True),
        ("+1", "-1", False),
        ("-1", "1", False),
        ("C", "C++", False),
        ("C#", "C++", False),
        ("e-mail", "email", True),
        ("sci fi", "sci_fi", True),
        ("Ｐｏｓ", "pos", True),
        ("'pos'", "pos", True),
        ("pos.", "pos", True),
        ("경제", "경제 ", True),
        ("경제", "사회", False),
        ("❤️", "❤", True),
        (":)", ":(", False),
        ("1", "10", False),
    ],
)
def test_names_that_differ_in_spelling_only(one, other, same):
    assert (alike_key(one) == alike_key(other)) is same


def test_labels_that_differ_in_spelling_only_are_told_and_joined_when_asked(tmp_path):
    cells = {"train": ["Positive", "Positive", "positive", "Neg", "POSITIVE "], "test": ["positive", "neg"]}
    path = write(tmp_path / "data", "csv", cells)
    data = load_splits(DataArguments(dataset=path, drop_unseen_labels=True))
    said = " ".join(data.provenance.notes)
    assert "'Positive' (24) and 'POSITIVE' (12) and 'positive' (12)" in said
    assert "--merge_labels alike" in said
    joined = load_splits(DataArguments(dataset=path, merge_labels=["alike"]))
    assert LabelSpace.from_features(joined.splits["test"].features).names == ("Neg", "Positive")
    assert gold(joined, "test", 2) == ["Positive", "Neg"]
    assert any("Joined under the most frequent spelling" in note for note in joined.provenance.notes)


def test_an_unseen_label_that_is_spelt_otherwise_in_train_is_told(tmp_path):
    path = write(tmp_path / "data", "csv", {"train": ["Positive", "Negative"], "test": ["positive", "Negative"]})
    with pytest.raises(UserError, match=r"never occur in train: positive.*'Positive' of train.*--merge_labels alike"):
        load_splits(DataArguments(dataset=path))


def test_labels_are_joined_by_name(tmp_path):
    path = write(tmp_path / "data", "csv", {"train": ["postive", *["positive"] * 57, "bad", "worse"]})
    notes = given(path).provenance.notes
    assert any("'postive' (1) is nearly 'positive'" in note and "postive=positive" in note for note in notes)
    data = given(path, merge_labels=["postive=positive", "worse=bad"])
    assert "Joined (--merge_labels): postive to positive, worse to bad." in data.provenance.notes
    assert LabelSpace.from_features(data.splits["train"].features).names == ("bad", "positive")
    with pytest.raises(UserError, match=r"no such label\. Did you mean 'worse'\?"):
        given(path, merge_labels=["wors=bad"])
    with pytest.raises(UserError, match="--merge_labels takes VALUE=NAME"):
        given(path, merge_labels=["worse"])


@pytest.mark.parametrize("cells", [["1E400", "2", "3"], ["1e400", "a"], ["Infinity", "1"], ["9" * 400, "a"]])
def test_numbers_beyond_all_bounds_end_in_a_sentence_or_are_names(tmp_path, cells):
    """They ended in an OverflowError."""
    try:
        given(write(tmp_path / "data", "csv", {"train": cells}))
    except UserError as refused:
        assert "mixed type" in str(refused)
    assert number("1E400") is None


def test_large_whole_numbers_keep_their_digits(tmp_path):
    cells = ["12345678901234567890", "12345678901234567891"]
    assert gold(given(write(tmp_path / "data", "csv", {"train": cells})), "train", 2) == cells


MEANINGS = [
    # numbers found in train, names, the meaning or None where it is not certain
    ("0 1 2", "a b c", "0=a 1=b 2=c"),
    ("1 2 3", "a b c", "1=a 2=b 3=c"),
    ("-1 0 1", "a b c", "-1=a 0=b 1=c"),
    ("0 4", "neg pos", "0=neg 4=pos"),
    ("10 20 30", "a b c", "10=a 20=b 30=c"),
    ("1 2 4 5", "a b c d e", "1=a 2=b 3=c 4=d 5=e"),
    ("0 1 3", "a b c d", "0=a 1=b 2=c 3=d"),
    ("1 2 3 4", "a b c d e", None),
    ("2 3 4 5", "a b c d e", None),
    ("0 1 2 3", "a b c d e", None),
    ("0 1", "neg neu pos", None),
    ("-1 1", "neg neu pos", None),
    ("0 2", "neg neu pos", None),
    ("0 1 2", "a b", None),
    ("1 2", "a b c", None),
    ("-1 0 1", "a b", "0=a 1=b"),
]


@pytest.mark.parametrize(("found", "names", "expected"), MEANINGS)
def test_what_numbers_mean_is_certain_or_asked(found, names, expected):
    """Names for 1..5 over a file of 1..4 were taken to count from 0."""
    if expected is None:
        with pytest.raises(UserError, match=r"which number is which name is not certain\. Say it for each"):
            meaning_of_numbers(found.split(), names.split())
    else:
        assert meaning_of_numbers(found.split(), names.split()) == dict(p.split("=") for p in expected.split())


def test_each_number_can_be_given_its_name(tmp_path):
    path = write(tmp_path / "data", "csv", {"train": [1, 2, 3, 4], "test": [4, 5]})
    said = ["1=나쁨", "2=보통", "3=좋음", "4=아주 좋음", "5=최고"]
    data = given(path, class_names=said)
    assert LabelSpace.from_features(data.splits["train"].features).names == (
        "나쁨",
        "보통",
        "좋음",
        "아주 좋음",
        "최고",
    )
    assert gold(data, "train", 4) == ["나쁨", "보통", "좋음", "아주 좋음"]
    assert gold(data, "test", 2) == ["아주 좋음", "최고"]
    assert any("1 is 나쁨, 2 is 보통" in note for note in data.provenance.notes)
    joined = given(path, class_names=["1=bad", "2=bad", "3=good", "4=good"], on_bad_row="skip")
    assert gold(joined, "train", 4) == ["bad", "bad", "good", "good"]
    assert joined.provenance.removed == {"label that is not among the names given": 6}
    with pytest.raises(UserError, match="gives names to 7, 8, and the labels of train are 1, 2, 3, 4"):
        given(path, class_names=["7=a", "8=b"])
    with pytest.raises(UserError, match="gives '1' two names"):
        given(path, class_names=["1=a", "1=b"])


def test_pairs_and_names_alone_are_not_mixed(tmp_path):
    """`0=neg pos` gave a class the name `0=neg`."""
    path = write(tmp_path / "a", "csv", {"train": [0, 1]})
    with pytest.raises(UserError, match="says what '0=neg' is, and not what 'pos' is; give VALUE=NAME for all"):
        given(path, class_names=["0=neg", "pos"])


def test_negative_numbers_can_be_given_names_on_the_command_line(tmp_path):
    path = write(tmp_path / "data", "csv", {"train": [-1, 0, 1]})
    words = [f"--dataset={path}", "--class_names", "-1=bad", "0=so-so", "1=good"]
    (arguments,) = parse(build_parser([DataArguments]), words)
    assert gold(load_as_given(arguments), "train", 3) == ["bad", "so-so", "good"]


def with_minus_one(tmp_path, column, cells):
    rows = [f"{text},{cells[i % len(cells)]}\n" for i, text in enumerate(texts("train", 60))]
    path = tmp_path / f"{column}.csv"
    path.write_text(f"text,{column}\n{''.join(rows)}", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("column", ["sentiment", "Tweet Polarity", "category", "stance", "감정", "情感倾向"])
@pytest.mark.parametrize("cells", [[-1, 0, 1], [-1, 0, 1, 2, 2]])
def test_minus_one_is_a_class_of_opinions(tmp_path, column, cells):
    data = given(with_minus_one(tmp_path, column, cells), label_columns=[column])
    assert LabelSpace.from_features(data.splits["train"].features).names == tuple(map(str, sorted(set(cells))))
    others = " ".join(map(str, sorted({*cells} - {-1})))
    said = f"read as a class like the other numbers. If it says that a label is not given: --class_names {others} --on"
    assert any(said in note for note in data.provenance.notes)


@pytest.mark.parametrize("column", ["toxic", "label", "is_spam", "class"])
def test_minus_one_beside_no_and_yes_is_asked_about_and_either_answer_works(tmp_path, column):
    """Where nobody had looked was a class of its own."""
    path = with_minus_one(tmp_path, column, [-1, 0, 1, 0])
    with pytest.raises(
        UserError, match=r"holds -1 \(15 rows\) beside 0 and 1.*--class_names -1 0 1 .*names 0 1 --on_bad"
    ):
        given(path)
    (three,) = parse(build_parser([DataArguments]), [f"--dataset={path}", "--class_names", "-1", "0", "1"])
    assert gold(load_as_given(three), "train", 4) == ["-1", "0", "1", "0"]
    two = given(path, class_names=["0", "1"], on_bad_row="skip")
    assert two.provenance.sizes == {"train": 45}
    assert LabelSpace.from_features(two.splits["train"].features).names == ("0", "1")


def test_minus_one_beside_one_alone_is_a_class_without_advice_that_leaves_one(tmp_path):
    data = given(with_minus_one(tmp_path, "label", [-1, 1]))
    assert gold(data, "train", 2) == ["-1", "1"]
    assert "-1 (30 rows) is read as a class like the other numbers." in data.provenance.notes


def test_a_rare_minus_one_is_a_label_that_is_not_given(tmp_path):
    path = with_minus_one(tmp_path, "toxic", [-1, *[0, 1] * 15])
    with pytest.raises(UserError, match=r"no label.*-1 says that a label is not given; if it is a class"):
        given(path)


def test_the_meaning_of_numbers_is_decided_on_train_alone(tmp_path):
    path = write(tmp_path / "data", "csv", {"train": [1, 2, 3, 4], "test": [1, 2, 3, 4, 5]})
    with pytest.raises(UserError, match="labels of train are 1, 2, 3, 4: which number is which name is not certain"):
        given(path, class_names=["a", "b", "c", "d", "e"])


@pytest.mark.parametrize("shown", [[1, 2, 3, 4], [2, 5], ["1.0", "3.0"], ["one", "five"]])
def test_later_data_is_read_as_the_run_read_its_own(tmp_path, shown):
    """eval.py took the numbers of a file of 1 to 4 to count from 0: accuracy 0.0."""
    names = ["one", "two", "three", "four", "five"]
    run = given(write(tmp_path / "run", "csv", {"train": [1, 2, 3, 4, 5]}), class_names=names)
    recorded = json.loads(json.dumps(run.provenance.to_dict()["label_reading"]))
    later = write(tmp_path / "later", "csv", {"train": shown})
    data = load_as_given(DataArguments(dataset=later), recorded)
    expected = [name if name in names else names[int(float(name)) - 1] for name in map(str, shown)]
    assert gold(data, "train", len(shown)) == expected
    if shown[0] != "one":
        assert any("as in the model's own data: " in note and "is" in note for note in data.provenance.notes)


def test_later_data_is_read_from_the_columns_of_the_run_where_it_has_them(tmp_path):
    """eval.py asked which column was meant, of a file that is the run's own."""
    rows = {"text": [f"소식 {i}" for i in range(40)], "topic": list("abcd") * 10, "mood": list("xyyxx") * 8}
    path = tmp_path / "rows.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    run = load_as_given(DataArguments(dataset=str(path), label_columns=["mood"]))
    data = json.loads(json.dumps(run.provenance.to_dict()))
    recorded = label_reading(data)
    with pytest.raises(UserError, match="topic, mood"):
        load_as_given(DataArguments(dataset=str(path)))
    later = load_as_given(DataArguments(dataset=str(path)), recorded)
    assert later.provenance.label_columns == ("mood",)
    assert "As the model's own data has them, 'text', 'mood' are read." in later.provenance.notes
    named = load_as_given(DataArguments(dataset=str(path), label_columns=["topic"]), recorded)
    assert named.provenance.label_columns == ("topic",), "what the user names stands above it"
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "evaluation.json").write_text(json.dumps({"data": data}), encoding="utf-8")
    look_first(["--dataset", str(path)], model=str(tmp_path / "run"))
    with pytest.raises(UserError, match="topic, mood"):
        look_first(["--dataset", str(path)])
    pd.DataFrame({"text": rows["text"], "label": rows["topic"]}).to_csv(path, index=False)
    assert load_as_given(DataArguments(dataset=str(path)), recorded).provenance.label_columns == ("label",)


def test_later_names_that_look_joined_are_one_name_each_where_the_run_took_them_so(tmp_path):
    names = ["arts|film", "arts|music", "film|music|stage", "arts", "film", "music", "stage"]
    run = given(write(tmp_path / "a", "csv", {"train": names}), label_separator="none")
    later = write(tmp_path / "b", "csv", {"train": names})
    assert gold(given(later), "train", 1) == [["arts", "film"]], "read as several without the run's own reading"
    assert gold(load_as_given(DataArguments(dataset=later), run.provenance.label_reading), "train", 7) == names


def test_later_lists_and_separated_names_are_read_as_the_run_read_its_own(tmp_path):
    run = given(write(tmp_path / "a", "jsonl", {"train": MARKS}), class_names=["x", "y", "z"])
    later = write(tmp_path / "b", "jsonl", {"train": [[0, 1, 1]]})
    assert gold(load_as_given(DataArguments(dataset=later), run.provenance.label_reading), "train", 1) == [["y", "z"]]
    pair = given(write(tmp_path / "c", "jsonl", {"train": [[0, 1], [1, 0], [1, 1]]}))
    later = write(tmp_path / "d", "jsonl", {"train": [[0, 1]]})
    assert gold(load_as_given(DataArguments(dataset=later), pair.provenance.label_reading), "train", 1) == [["1"]]
    run = given(write(tmp_path / "e", "csv", {"train": ["a;b", "b;c", "a"]}), label_separator=";")
    later = write(tmp_path / "f", "csv", {"train": ["a;c", "b"]})
    data = load_as_given(DataArguments(dataset=later), run.provenance.label_reading)
    assert gold(data, "train", 2) == [["a", "c"], ["b"]]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_lists_that_hold_one_name_each_are_one_label_and_stay_it_later(tmp_path, kind):
    """They were read as several labels, of which every row had one."""
    if kind == "parquet":
        table = pa.table({"text": texts("train", 60), "label": [["a"], ["b"], ["c"]] * 20})
        pq.write_table(table, tmp_path / "rows.parquet")
        place = str(tmp_path / "rows.parquet")
    else:
        place = write(tmp_path / "a", kind, {"train": [["a"], ["b"], ["c"]]})
    run = given(place)
    assert gold(run, "train", 3) == ["a", "b", "c"]
    assert "Each list in 'label' holds one label." in run.provenance.notes
    later = write(tmp_path / "b", "jsonl", {"train": [["a"], ["b", "c"]]})
    with pytest.raises(UserError, match="line 2: label list of several, where those of train hold one each"):
        load_as_given(DataArguments(dataset=later), run.provenance.label_reading)


def test_later_lists_of_one_name_each_are_several_labels_to_a_run_that_has_several(tmp_path):
    run = given(write(tmp_path / "a", "jsonl", {"train": [["a"], ["b", "c"]]}))
    later = write(tmp_path / "b", "jsonl", {"train": [["a"], ["c"]]})
    data = load_as_given(DataArguments(dataset=later), run.provenance.label_reading)
    assert gold(data, "train", 2) == [["a"], ["c"]]


def test_names_that_the_run_joined_are_joined_later(tmp_path):
    run = given(write(tmp_path / "a", "csv", {"train": ["Pos", "Pos", "pos", "neg"]}), merge_labels=["alike"])
    later = write(tmp_path / "b", "csv", {"train": ["pos", "neg"]})
    data = load_as_given(DataArguments(dataset=later), run.provenance.label_reading)
    assert gold(data, "train", 2) == ["Pos", "neg"]


def parquet(path, ids, names, several=False, start=0):
    label = datasets.ClassLabel(names=names)
    features = datasets.Features(text=datasets.Value("string"), label=datasets.List(label) if several else label)
    cells = [[i] for i in ids] if several else list(ids)
    rows = {"text": [f"{path.stem} {start + i}" for i in range(len(ids))], "label": cells}
    datasets.Dataset.from_dict(rows, features=features).to_parquet(path)


@pytest.mark.parametrize("several", [False, True])
def test_files_that_declare_names_in_another_order_are_read_by_their_own(tmp_path, several):
    """Only the first file's names were read: half of the labels came out wrong."""
    parquet(tmp_path / "train-0.parquet", [0, 1] * 20, ["neg", "pos"], several)
    parquet(tmp_path / "train-1.parquet", [0, 1, 2] * 10, ["pos", "neutral", "neg"], several)
    parquet(tmp_path / "test.parquet", [0, 1] * 5, ["pos", "neg"], several)
    data = given(str(tmp_path))
    as_cell = (lambda name: [name]) if several else str
    assert gold(data, "train", 2) == [as_cell("neg"), as_cell("pos")]
    assert gold(data, "train", 43)[40:] == [as_cell("pos"), as_cell("neutral"), as_cell("neg")]
    assert gold(data, "test", 2) == [as_cell("pos"), as_cell("neg")]
    assert any(
        "train-1.parquet declares the names of 'label' in an order of its own" in n for n in data.provenance.notes
    )


@pytest.mark.parametrize("split", ["train", "test"])
def test_ids_outside_the_declared_names_are_bad_rows(tmp_path, split):
    """They ended in an IndexError."""
    for name in ("train", "test"):
        parquet(tmp_path / f"{name}.parquet", [0, 1] * 10, ["a", "b"])
    table = pq.read_table(tmp_path / f"{split}.parquet")
    ids = pa.array([0, 1] * 9 + [0, 7], table.schema.field("label").type)
    pq.write_table(table.set_column(1, table.schema.field("label"), ids), tmp_path / f"{split}.parquet")
    with pytest.raises(
        UserError, match=rf"{split}\.parquet, row 20: label id outside the 2 names .*Found 7 in 'label'"
    ):
        given(str(tmp_path))
    assert len(given(str(tmp_path), on_bad_row="skip").splits[split]) == 19


def test_numbers_of_a_file_that_declares_nothing_count_the_names_of_train(tmp_path):
    parquet(tmp_path / "train.parquet", [0, 1] * 10, ["zebra", "ant"])
    pq.write_table(pa.table({"text": texts("test", 4), "label": [1, 0, 1, 0]}), tmp_path / "test.parquet")
    data = given(str(tmp_path))
    assert gold(data, "test", 2) == ["ant", "zebra"]
    assert "The numbers in test count the names that train declares." in data.provenance.notes


def test_a_column_of_truth_values_is_the_same_in_every_kind_of_file(tmp_path):
    (tmp_path / "data").mkdir()
    pq.write_table(
        pa.table({"text": texts("train", 20), "label": [True, False] * 10}), tmp_path / "data/train.parquet"
    )
    write(tmp_path / "data", "csv", {"test": ["True", "false", "FALSE"]})
    assert gold(given(str(tmp_path / "data")), "test", 3) == ["true", "false", "false"]


def test_a_word_in_test_does_not_change_how_the_numbers_of_test_are_written(tmp_path):
    path = write(tmp_path / "data", "csv", {"train": ["1.0", "2.0"], "test": ["1.0", "2.0", "unknown"]})
    data = load_splits(DataArguments(dataset=path, drop_unseen_labels=True))
    assert gold(data, "test", 2) == ["1", "2"]
    assert data.provenance.removed == {"label that never occurs in train": 4}


def test_a_class_called_as_missing_values_are_written_is_told(tmp_path):
    notes = given(write(tmp_path / "data", "csv", {"train": ["pos", "neg", "nan"]})).provenance.notes
    assert any("A class is called 'nan'" in note for note in notes)
    notes = given(write(tmp_path / "b", "csv", {"train": ["none", "offensive", "hate"]})).provenance.notes
    assert not any("A class is called" in note for note in notes)


def test_one_author_is_one_group_however_the_name_is_written(tmp_path):
    """Group values were neither composed nor stripped: one author stood in two splits."""
    names = ["사회부", unicodedata.normalize("NFD", "사회부"), " 사회부", "사회부\u200b"]
    rows = [(f"글 {i}", "ab"[i % 2], names[i % 4] if i < 40 else f"기자 {i % 7}") for i in range(160)]
    with (tmp_path / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label", "author"), *rows])
    data = load_splits(DataArguments(dataset=str(tmp_path / "rows.csv"), group_column="author"))
    of_society = {text for text, _, author in rows if "기자" not in author}
    inside = [split for split, each in data.splits.items() if of_society & set(each["text"])]
    assert len(inside) == 1


def test_numbers_stand_in_front_of_words_by_their_value():
    assert sort_names(["다", "10", "b", "9", "-1", "1.5"]) == ["-1", "1.5", "9", "10", "b", "다"]


def test_what_names_are_is_asked_of_those_that_say_something():
    assert writing(["1", "", "NaN", "2.0"]) == "numbers"
    assert writing(["True", "", "false"]) == "truths"
    assert writing(["", "nan"]) == writing(["1", "둘"]) == writing([]) == "words"


def test_a_slip_is_nearly_the_frequent_name_and_no_other_rare_one():
    notes = alike_notes({"economy": 500, "econmy": 10, "education": 4, "Economy": 2}, merged=False)
    assert ["'econmy' (10) is nearly 'economy' (500)" in note for note in notes] == [False, True]
    assert "econmy=economy" in notes[1]
    assert "education" not in "".join(notes)
    assert alike_notes({"economy": 500, "education": 4}, merged=False) == []
    assert len(alike_notes({"economy": 500, "Economy": 2}, merged=False)) == 1  # joined by --merge_labels alike


@pytest.mark.parametrize(("count", "dots"), [(3, ("NAME", "")), (4, ("NAME ...", "")), (11, ("NAME ...", ", ..."))])
def test_what_is_left_out_of_a_list_of_numbers_is_shown_by_dots(count, dots):
    numbers = [str(3 * place) for place in range(count)]
    with pytest.raises(UserError) as refused:
        meaning_of_numbers(numbers, ["a", "b"])
    said = str(refused.value)
    assert said.endswith(f"--class_names 0=NAME 3=NAME 6={dots[0]}")
    assert f"are {', '.join(numbers[:10])}{dots[1]}: which" in said


def test_ten_numbers_are_listed_whole():
    with pytest.raises(UserError, match=r"21, 24, 27: which"):
        meaning_of_numbers([str(3 * place) for place in range(10)], ["a", "b"])
