"""What is read of many small tables, line by line: columns, labels, notes, rows left out, or the refusal."""

from datetime import date, datetime
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from datasets import ClassLabel, List

from tests.approved import check_approved
from textclf.arguments import DataArguments
from textclf.data import loading
from textclf.data.labelling.label_ids import LabelIds
from textclf.data.reading.raw_split import RawSplit, Segment
from textclf.errors import UserError

ROWS = 24
SENTENCES = [
    "정부가 내년 예산안을 발표했다",
    "the match ended in a draw tonight",
    "shares fell again",
    "새 영화가 개봉했다",
]
SENTENCES += [
    "a",
    "it was a long and rather windy day out there on the hills of the north",
    "좋아요",
    "never mind what",
]


def cells(values, rows=ROWS):
    return [values[row % len(values)] for row in range(rows)]


def texts(rows=ROWS):
    return [f"{SENTENCES[row % len(SENTENCES)]} {row}" for row in range(rows)]


def raw(columns, features=None, rows=ROWS, mixed=None, name="a.csv"):
    table = pa.table({key: values if isinstance(values, pa.Array) else pa.array(cells(values, rows))
                      for key, values in columns.items()})  # fmt: skip
    return RawSplit(table, features or {}, (Segment(name, rows, "line"),), mixed or {})


def labels(values, **more):
    return {"text": texts(), "label": values, **more}


LONG = [f"answer number {i} of somebody to the question {i}, which is rather long" for i in range(ROWS)]
IDS = list(range(1000, 1000 + ROWS))
ONE = {
    "words": labels(["a", "b", "c"]),
    "words, spelt unalike": labels(["Sport", "sport", " SPORT ", "news", "news"]),
    "numbers": labels([0, 2, 1]),
    "numbers with a gap": labels([1, 2, 5]),
    "numbers as fractions": labels([0.0, 1.0]),
    "fractions": labels([0.25, 0.5, 0.75]),
    "minus one beside others": labels([-1, 0, 1]),
    "minus one beside 1 alone": labels([-1, 1]),
    "a seldom minus one": labels([0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, -1]),
    "numbers and words": labels(["1", "2", "good"]),
    "truth": labels([True, False]),
    "yes and no": labels(["yes", "no"]),
    "missing ones": labels(["a", "b", None, ""]),
    "nothing at all": labels([None]),
    "no consensus": labels(["yes", "no", "yes", "no", "maybe", "maybe", "-"]),
    "plus and minus": labels(["+", "-"]),
    "one value": labels(["a"]),
    "as many as rows": labels([f"n{i}" for i in range(ROWS)]),
    "declared": (labels([0, 1, 2]), {"label": ClassLabel(names=["x", "y", "z"])}),
    "declared, one outside": (labels([0, 1, 2, 5, -1]), {"label": ClassLabel(names=["x", "y", "z"])}),
    "declared lists": (labels([[0], [0, 1], []]), {"label": List(ClassLabel(names=["x", "y"]))}),
    "dates": labels([f"2024-01-{1 + i:02}" for i in range(8)]),
    "objects": {"text": texts(), "label": pa.array([{"a": i % 3} for i in range(ROWS)])},
}
SEVERAL = {
    "lists of names": labels([["a"], ["a", "b"], []]),
    "lists of ids": labels([[1], [2, 1]]),
    "marks": labels([[1, 0, 1], [0, 1, 0], [0, 0, 1]]),
    "marks and a short one": labels([[1, 0, 1], [0, 1, 1], [0, 0, 1], [1, 1, 0], [1, 0]]),
    "python lists": labels(["['a', 'b']", "['b']", "[]"]),
    "numpy lists": labels(["['a' 'b']", "['b' 'c']"]),
    "json lists": labels(['["a", "b"]', '["b"]']),
    "a python list among names": labels(["['a', 'b']", "b", "c", "a"]),
    "sets": labels(["{'a', 'b'}", "set()"]),
    "bare brackets": labels(["[a, b]", "[b]"]),
    "names in brackets": labels(["[a]", "[b]"]),
    "tags": labels(["<a><b>", "<b>"]),
    "hash tags": labels(["#a #b", "#b"]),
    "bits": labels(["011", "110", "000"]),
    "choices": labels(['{"choices": ["a", "b"]}', '{"choices": ["c"]}']),
    "json objects": labels(['{"a": 1}', '{"a": 2}']),
    "bars": labels(["a|b", "a", "b", "b|c", "c"]),
    "commas": labels(["a, b", "a", "b", "b, c", "c"]),
    "semicolons that recur": labels(["a;b", "b;c", "c;a"]),
    "commas once": labels(["oil, gas", "sport", "news"]),
    "tabs": labels(["a\tb", "a", "b", "b\tc", "c"]),
    "slashes": labels(["a/b", "a", "b", "c/a", "c", "b/c"]),
    "spaces": labels(["cs.CL cs.AI", "cs.CL", "cs.AI", "cs.LG cs.CL", "cs.LG"]),
    "ands": labels(["food and drink", "food", "drink", "arts"]),
    "numbers with commas": labels(["2,5", "8", "1,2,3"]),
    "both orders": labels(["a-b", "b-a", "c"]),
    "tags by name": {"text": texts(), "tags": ["c# .net", "c#", ".net java", "java"]},
    "flags": {"text": texts(), "toxic": [0, 1], "insult": [1, 0, 0], "threat": [0, 0, 0, 1]},
    "flags of an object": {
        "text": texts(),
        "out.joy": [True, False],
        "out.fear": [False, True, True],
        "out.a": [True],
    },
}
COLUMNS = {
    "names known": {"id": IDS, "title": texts(), "topic": ["a", "b"], "date": ["2024-01-01", "2024-01-02"]},
    "title and body": {"news_title": texts(), "news_body": LONG, "category": ["a", "b"]},
    "a pair": {"premise": texts(), "hypothesis": LONG, "gold_label": ["x", "y"]},
    "two strings": {"#1 String": texts(), "#2 String": LONG, "Quality": [0, 1]},
    "two texts": {"comment": texts(), "remark": LONG, "label": ["a", "b"]},
    "a reply": {"utterance": texts(), "response": LONG, "intent": ["a", "b"]},
    "a prompt and its answer": {"prompt": texts(), "response": LONG, "label": ["a", "b"]},
    "an aspect": {"text": cells(["the food was good but the waiter was rude", "한식은 맛있지만 비싸요"]),
                  "aspect": ["food", "food", "waiter", "waiter"], "label": ["pos", "pos", "neg", "neg"]},
    "two answers": {"text": texts(), "sentiment": ["a", "b"], "topic": ["x", "y", "z"]},
    "a label and its number": {"text": texts(), "label": [0, 1, 2], "label_text": ["no", "yes", "maybe"]},
    "coarse and fine": {"text": texts(), "coarse_label": ["A", "B"], "fine_label": ["a", "b", "c", "d"]},
    "category and subcategory": {"text": texts(), "category": ["A", "B"], "subcategory": ["a", "b", "c", "d"]},
    "a label and a brand": {"text": texts(), "label": ["a", "b"], "airline": ["x", "y", "z"]},
    "judgements beside words": {"text": texts(), "column": ["positive", "negative"], "other": ["x", "y", "z"]},
    "stars alone": {"review": texts(), "score": [1, 2, 3, 4, 5]},
    "votes": {"text": texts(), "yes_count": [3, 0], "no_count": [0, 3], "label": ["y", "n"]},
    "facts": {"text": texts(), "verified": [True, False], "country": ["us", "kr"], "opinion": ["a", "b"]},
    "yes and no beside words": {"text": texts(), "toxic": [0, 1], "kind": ["a", "b", "c"]},
    "no label": {"text": texts(), "id": IDS},
    "only scores": {"text": texts(), "value": [i / 10 for i in range(ROWS)]},
    "no text": {"a": [1, 2], "label": ["x", "y"]},
    "options": {"question": texts(), "choice_a": LONG, "choice_b": LONG[::-1], "answer": ["a", "b"]},
    "korean": {"번호": IDS, "본문": texts(), "분류": ["정치", "경제"]},
    "columns without names": {"column_1": texts(), "column_2": ["a", "b", "c"]},
    "split by a column": {"text": texts(), "label": ["a", "b"], "split": ["train", "train", "test", "dev"]},
    "split by a column, empty cells": {"text": texts(), "label": ["a", "b"], "set": ["train", "train", "test", None]},
    "no split after all": {"text": texts(), "label": ["a", "b"], "set": ["red", "blue"]},
    "blank texts": {"text": ["a b c", "", None, "  "], "label": ["a", "b"]},
}  # fmt: skip
ODD = {
    "lists within lists": {"text": texts(), "label": pa.array([[["a"]], [["b"]]] * (ROWS // 2))},
    "lists within lists beside a label": {"text": texts(), "label": ["a", "b"], "tree": pa.array([[[1]]] * ROWS)},
    "dates as they are": {"text": texts(), "label": pa.array([date(2024, 1, 1 + i % 3) for i in range(ROWS)])},
    "neither text nor label": {"a": [1.5, 2.5], "b": LONG, "c": LONG[::-1]},
    "text, its pair and a comment": {"text": texts(), "text_pair": LONG, "comment": LONG[::-1], "label": ["a", "b"]},
    "a source in lists": {"text": texts(), "label": ["a", "b"], "from": pa.array([["x"], ["y"]] * (ROWS // 2))},
    "places and none": labels(["a-b-c", "a-d-c", "e-b"]),
    "times": {"text": texts(), "label": ["a", "b"], "when": pa.array([datetime(2024, 1, 1 + i) for i in range(ROWS)])},
    "numbered texts": {**{f"comment{i}": texts() for i in (1, 2, 3)}, "label": ["a", "b"]},
    "objects of one name": labels([{"name": "a"}, {"name": "b"}]),
    "truth as numbers and words": labels(["0", "1", "true"]),
    "one name in lists": labels([["a"], ["b"]]),
    "lists of one and none": labels([["a"], ["b"], []]),
    "written lists of one": labels(["['a']", "['b']"]),
    "halves of lists": labels(["['a', 'b']", "b", "['c']", "a"]),
    "percent": labels(["10%", "20%", "30%"]),
    "stars in words": labels(["1 star", "2 stars", "5 stars"]),
    "labels with spaces around": labels([" a", "b ", "a", "b"]),
    "decomposed names": labels(["긍정", "\u1100\u1173\u11bc\u110c\u1165\u11bc"]),
}  # fmt: skip
MARKED = {
    "marks not given": labels([[-1, -1], [-1]]),
    "pairs in both orders": labels([[1, 0], [0, 1]]),
    "pairs in one order": labels([[0, 1], [0, 1], [0]]),
    "pairs in both orders and a longer one": labels([[1, 0], [0, 1], [0, 1], [1, 2]]),
    "truth in pairs": labels([[True, False], [False, True]]),
    "truth alone": labels([[True], [False]]),
    "marks of half": labels([[0, 0, 1], [1, 1], [0, 0, 1], [0, 1]]),
    "marks of most": labels([[0, 0, 1]] * 11 + [[1]]),
    "marks of nearly all": labels([[0, 0, 1]] * 23 + [[1, 0]]),
    "marks with what is not given": labels([[1, 0, -1], [0, 0, 1], [1, None, 1], [1, 1, 0], None, [2, 0, 1]]),
    "marks and empty ones": labels([[0, 0, 1], [], [1, 1, 0]]),
    "lists with ids outside": (labels([[0], [1, 0], [2], [-1], [-2, 1], None, [None], [0, 2]]),
                               {"label": List(ClassLabel(names=["x", "y"]))}),
    "flags not given": {"text": texts(), "toxic": [0, 1, None], "insult": [1, 0, -1, 0], "threat": [0, 0, 0, 1]},
    "flags that are others now and then": {"text": texts(), "toxic": [0, 1, 2], "insult": [1, 0, 0], "threat": [0, 1]},
    "flags in words": {"text": texts(), "toxic": ["yes", "no"], "insult": ["no", "yes", "no"], "threat": ["no"]},
    "five flags": {"text": texts(), **{f"is_{name}": [0, 1, 0, i % 2] for i, name in enumerate("abcde")}},
    "five flags and a kind": {"text": texts(), **{f"is_{n}": [0, 1, 0] for n in "abcde"}, "kind": ["a", "b", "c"]},
    "four columns without names": {"text": texts(), **{f"q{i}": [0, 1, 0] for i in range(4)}},
    "written lists, some empty": labels(["['a']", "", None, "['a', 'b']", "[]"]),
    "written lists, one that is none": labels(["['a']"] * 11 + ["a"]),
    "separated, some empty": labels(["a;b", "", None, "b", "a", "b;", ";"]),
    "dashes as often": labels(["yes", "no", "-"]),
    "dashes beside one": labels(["yes", "yes", "yes", "-"]),
    "dashes beside plus": labels(["+", "-", "x", "+", "x", "+", "x"]),
    "dashes beside two, rarer": labels(["a", "b", "a", "b", "a", "b", "-"]),
    "nan beside a text that is": {
        "text": ["nan", *texts()[1:8]], "label": ["nan", *"abababa"], "note": ["nan", *"abcdefg"]
    },
    "nan beside texts": labels(["nan", "a", "b"]),
    "fifty one values of 102": ({"text": texts(102), "label": [f"n{i}" for i in range(51)]}, None, 102),
    "fifty two values of 102": ({"text": texts(102), "label": [f"n{i}" for i in range(52)]}, None, 102),
    "fifty one values of 80": ({"text": texts(80), "label": [f"n{i}" for i in range(51)]}, None, 80),
    "fifty values of 80": ({"text": texts(80), "label": [f"n{i}" for i in range(50)]}, None, 80),
    "a long value": labels(["a" * 199, "b" * 200, "c" * 201, "a"]),
    "a level with gaps": {"text": texts(), "label": ["a", "b"], "detail": ["x", "y", "z", None]},
    "a level in lists": {"text": texts(), "label": ["a", "b"], "detail": [["x"], ["y"], ["z"], ["w"]]},
    "a level": {"text": texts(), "label": ["a", "b"], "detail": ["x", "y", "z", "w"]},
    "asked of some": {"text": texts(), "label": ["a", "b"], "why": ["x", None, "y", None]},
    "asked of nearly all": {"text": texts(), "label": ["a", "b"], "why": ["x", None, "y", "z"]},
    "raw and mended": {"text": texts(), "category": ["a", "b"], "category_raw": ["A!", "b", "a", "B"]},
    "a status and a label": {"text": texts(), "label": ["a", "b"], "label_status": ["ok", "bad", "ok"]},
    "parts by another name": {"text": texts(), "label": ["a", "b"], "my_split": ["train", "test"]},
    "parts of the data": {"text": texts(), "label": ["a", "b"], "dataset": ["train", "dev", "test"]},
    "parts without a name": {"text": texts(), "label": ["a", "b"], "column_3": ["Train", "VAL", "test"]},
    "parts and more": {"text": texts(), "label": ["a", "b"], "split": ["train", "unlabelled"]},
    "parts in numbers": {"text": texts(), "label": ["a", "b"], "split": [0, 1]},
    "parts in many words": {"text": texts(), "label": ["a", "b"], "split": [f"train{i}" for i in range(21)]},
    "train alone as a part": {"text": texts(), "label": ["a", "b"], "split": ["train"]},
}  # fmt: skip
DISTINCT = {f"{d} {what}": {"text": texts(), "thing": [value(i) for i in range(d)]}
            for d in (1, 2, 7, 8, 9, 12, 23)
            for what, value in (("words", lambda i: f"w{i}"), ("numbers", int), ("numbers from 5", lambda i: i + 5),
                                ("tens", lambda i: 10 * i), ("halves", lambda i: i / 2))}  # fmt: skip
JOINED = {f"{name} {mark!r}": labels([cell.replace("+", mark) for cell in given.split()])
          for mark in (",", ", ", ";", "|", "/", " ", "-", " & ")
          for name, given in {
              "each alone too": "a b c a+b b+c", "never alone": "a+b b+c c+a", "once": "x+y u v w",
              "both orders": "a+b b+a c d", "three of four": "a+b c+d e+f a b c d g",
              "four of five": "a+b b+c c+d d+e q+r a b c d e", "three parts": "a+b+c b+c a+c a b c",
              "numbers": "1+2 3 1 2+3", "codes": "a.B+c.D a.B c.D e.F c.D+e.F", "one twice": "a+a b a+b a",
              "two of four, half": "a+b c+d a e", "long": "alpha+beta beta+gamma alpha+gamma delta",
          }.items()}  # fmt: skip
ASKED = [
    ("a source in lists", {"source_column": "from"}),
    ("a source in lists", {"split_column": "from"}),
    ("times", {"source_column": "when", "group_column": "when"}),
    ("words", {"class_names": ["c", "b", "a"]}),
    ("words", {"class_names": ["a", "b"]}),
    ("words", {"class_names": ["a", "b"], "on_bad_row": "skip"}),
    ("words", {"class_names": ["x", "y"]}),
    ("words", {"class_names": ["a=one", "b=two", "c=one"]}),
    ("words", {"class_names": ["d=one"]}),
    ("words", {"merge_labels": ["b=a"]}),
    ("words", {"merge_labels": ["d=a"]}),
    ("words", {"label_separator": ","}),
    ("words", {"label_separator": ""}),
    ("words", {"text_columns": ["label"]}),
    ("words", {"label_columns": ["lable"]}),
    ("words", {"text_columns": ["text"], "label_columns": ["text"]}),
    ("words", {"source_column": "label"}),
    ("words, spelt unalike", {"merge_labels": ["alike"]}),
    ("numbers", {"class_names": ["no", "yes", "maybe"]}),
    ("numbers", {"class_names": ["0=no", "1=yes"]}),
    ("numbers", {"class_names": ["no", "yes"]}),
    ("numbers with a gap", {"class_names": ["one", "two", "five"]}),
    ("numbers", {"label_separator": ","}),
    ("minus one beside others", {"class_names": ["0", "1"], "on_bad_row": "skip"}),
    ("missing ones", {"on_bad_row": "skip"}),
    ("marks", {"class_names": ["x", "y", "z"]}),
    ("marks", {"class_names": ["x", "y"]}),
    ("marks and a short one", {"on_bad_row": "skip"}),
    ("python lists", {"label_separator": "none"}),
    ("bars", {"label_separator": "none"}),
    ("bars", {"label_separator": ";"}),
    ("commas once", {"label_separator": ","}),
    ("declared", {"class_names": ["z", "y", "x"]}),
    ("declared", {"class_names": ["p", "q"]}),
    ("declared", {"class_names": ["p", "q", "r"]}),
    ("declared, one outside", {"on_bad_row": "skip"}),
    ("flags", {"label_columns": ["toxic", "insult"]}),
    ("flags", {"label_columns": ["toxic"]}),
    ("flags", {"label_columns": ["toxic", "text"]}),
    ("two texts", {"text_columns": ["remark", "comment"]}),
    ("split by a column", {"split_column": "none"}),
    ("split by a column", {"split_column": "label"}),
    ("split by a column", {"split_column": "spilt"}),
    ("split by a column, empty cells", {"on_bad_row": "skip"}),
    ("blank texts", {"strict": True}),
    ("names known", {"group_column": "date"}),
    ("missing ones", {"group_column": "label"}),
]
RECORDED = {"form": "several", "separator": "|", "places": 0, "names": ["a", "b", "z"], "written": "words",
            "values": {"c": "z"}}  # fmt: skip
NUMBERS = {"form": "one", "separator": None, "places": 0, "names": ["no", "yes"], "written": "numbers",
           "values": {"0": "no", "1": "yes"}}  # fmt: skip


def read(splits, options=None, recorded=None, class_names=()):
    """Return what is read of splits in memory, or the refusal."""
    splits = {name: each if isinstance(each, RawSplit) else raw(*(each if isinstance(each, tuple) else (each,)))
              for name, each in splits.items()}  # fmt: skip
    origin = SimpleNamespace(name="data")
    before = loading.read_source
    loading.read_source = lambda args: SimpleNamespace(splits=splits, origin=origin, notes=[], class_names=class_names)
    try:
        found = loading._read(DataArguments(dataset="data", **(options or {})), recorded)
    except UserError as error:
        return [f"refused: {error}"]
    finally:
        loading.read_source = before
    reader, columns = found.reader, found.columns
    said = [
        f"text {columns.text} labels {columns.labels} group {columns.group} source {columns.source}",
        f"{reader.form} {reader.space.names} {reader.writing} {dict(reader.meaning)}",
    ]
    for name, rows in found.draft.splits.items():
        ids = [rows.labels.select(np.arange(len(rows)) == row).ids.tolist() for row in range(min(9, len(rows)))]
        groups = "" if rows.groups is None else f" groups {rows.groups[:4].tolist()}"
        said.append(f"{name} {len(rows)} rows from {rows.index[:3].tolist()}: {ids}{groups}")
    return [*said, *found.draft.notes, *[f"left out {n}: {why}" for why, n in found.draft.removed.items() if n]]


def told(cases):
    return "\n".join(line for name, said in cases for line in [f"## {name}", *said])


def test_tables_are_read_as_was_looked_at():
    every = {**ONE, **SEVERAL, **COLUMNS, **ODD, **MARKED}
    plain = [(name, read({"train": table})) for name, table in every.items()]
    asked = [(f"{name} {options}", read({"train": every[name]}, options)) for name, options in ASKED]
    check_approved("readings.txt", told(plain + asked))


@pytest.mark.parametrize(("name", "tables"), [("distinct", DISTINCT), ("joined", JOINED)])
def test_columns_that_differ_in_one_thing_are_read_as_was_looked_at(name, tables):
    """Of each only what is read and why: by how many values there are, and by how names stand together in a cell."""
    lines = []
    for case, table in tables.items():
        head, *said = read({"train": table})
        lines.append("\n    ".join([case, head, *(line for line in said if not line.startswith("train "))]))
    check_approved(f"readings_{name}.txt", "\n".join(lines))


def test_further_splits_and_later_data_are_read_as_train_was():
    words, numbers = raw(ONE["words"]), raw(ONE["numbers"])
    test = {"other": labels(["a", "d", ""]), "none": labels([None]), "minus": labels([-1]), "numbers": labels([0, 1]),
            "lists": labels([["a"]]), "without": {"text": texts()}, "without text": {"label": ["a"]},
            "number text": {"text": [1], "label": ["a"]}}  # fmt: skip
    cases = [(f"words, then {name}", read({"train": words, "test": each})) for name, each in test.items()]
    cases += [(f"numbers, then {name}", read({"train": numbers, "test": test[name]})) for name in ("numbers", "minus")]
    declared = raw(*ONE["declared"])
    cases.append(("declared, then numbers", read({"train": declared, "test": test["numbers"]})))
    mixed = raw(ONE["words"], mixed={"label": "row 3 holds a number, row 1 a word"})
    cases.append(("mixed", read({"train": mixed})))
    cases.append(("mixed text", read({"train": raw(ONE["words"], mixed={"text": "row 3 holds a list"})})))
    for name in ("bars", "words", "lists of names", "numbers"):
        table = raw(SEVERAL.get(name) or ONE[name])
        cases.append((f"{name}, as recorded", read({"train": table}, recorded=RECORDED)))
        cases.append((f"{name}, as recorded of numbers", read({"train": table}, recorded=NUMBERS)))
    for names in (["no", "yes", "maybe"], ["0=no", "1=yes", "2=maybe"], ["1=no"], ["no"]):
        cases.append((f"names beside: {names}", read({"train": numbers}, class_names=names)))
    lists = raw(SEVERAL["lists of names"])
    cases.append(("lists, then numbers", read({"train": lists, "test": test["numbers"]})))
    cases.append(("lists, then words", read({"train": lists, "test": test["other"]})))
    for name in ("marks of most", "marks with what is not given", "lists with ids outside", "flags not given",
                 "flags that are others now and then", "written lists, one that is none"):  # fmt: skip
        table = raw(*MARKED[name]) if isinstance(MARKED[name], tuple) else raw(MARKED[name])
        cases.append((f"{name}, skipped", read({"train": table}, {"on_bad_row": "skip"})))
    for name, each in {
        "minus ones": labels([-1]),
        "none and one outside": labels([None, 7]),
        "sevens": labels([7]),
    }.items():
        declared = raw(*ONE["declared"])
        cases.append((f"declared, then {name}", read({"train": declared, "test": each}, {"on_bad_row": "skip"})))
        features = {"label": ClassLabel(names=["x", "y", "z"])}
        cases.append((f"declared, then {name} declared", read({"train": declared, "test": (each, features)})))
    nothing = raw(labels([None, None]))
    cases.append(("nothing, as recorded of numbers", read({"train": nothing}, recorded=NUMBERS)))
    cases.append(("two columns, as recorded", read({"train": raw(SEVERAL["flags"])}, recorded=RECORDED)))
    in_parts = {"split_column": "set"}
    table = raw({**labels(["a", "b"]), "set": ["train", "test"]})
    cases.append(("split by a column in parts", read({"train": table, "test": table}, in_parts)))
    cases.append(("not split by a column in parts", read({"train": table, "test": table})))
    cases.append(("empty", read({"train": raw(ONE["words"], rows=0)})))
    check_approved("readings_of_splits.txt", told(cases))


def test_ids_of_several_labels_are_taken_by_hand():
    ids = LabelIds(np.array([2, 0, 1, 1]), np.array([0, 2, 2, 4]))
    assert (len(ids), ids.sizes().tolist(), ids.rows.tolist(), ids.counts(4).tolist()) == (
        3, [2, 0, 2], [0, 0, 2, 2], [1, 2, 1, 0],
    )  # fmt: skip
    taken = ids.take(np.array([2, -1, 0]))
    assert (taken.ids.tolist(), taken.offsets.tolist()) == ([1, 1, 2, 0], [0, 2, 2, 4])
    new = ids.renumber(np.array([5, -1, 3]))
    assert (new.ids.tolist(), new.offsets.tolist()) == ([3, 5], [0, 2, 2, 2])
    assert ids.indicator(3).astype(int).tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    one = LabelIds(np.array([1, -1, 0]))
    assert one.renumber(np.array([7, 8])).ids.tolist() == [8, -1, 7]
    assert (one.sizes().tolist(), one.counts(2).tolist()) == ([1, 0, 1], [1, 1])
    assert one.indicator(2).astype(int).tolist() == [[0, 1], [0, 0], [1, 0]]
