"""Parts of labelling by themselves, over many small inputs: what is said of each stands in a file that was read."""

from collections import defaultdict
from itertools import combinations, permutations

import numpy as np
import pyarrow as pa
import pytest
from datasets import ClassLabel, List

from tests.approved import check_approved
from tests.test_approved_readings import COLUMNS, DISTINCT, ODD, ONE, ROWS, SEVERAL, raw
from textclf.arguments import DataArguments
from textclf.data.labelling import column_names, label_evidence
from textclf.data.labelling.column_signs import _are_stars, _flag, _numbers_of_classes, fractions, look, same_texts
from textclf.data.labelling.columns import choose_columns
from textclf.data.labelling.joined_labels import _joined_by, joined_labels, joined_note, shown
from textclf.data.labelling.label_names import alike_notes, clean_name, number, sort_names, written_as
from textclf.data.labelling.label_numbers import is_minus_one_a_class, meaning_of_numbers
from textclf.data.labelling.written_lists import parse_list
from textclf.errors import UserError


def told(call, *args, **options):
    try:
        return str(call(*args, **options))
    except UserError as error:
        return f"refused: {error}"


def test_columns_look_as_was_looked_at():
    lines = {}
    for case, table in {**ONE, **SEVERAL, **COLUMNS, **ODD, **DISTINCT}.items():
        split = raw(*(table if isinstance(table, tuple) else (table,)))
        for name in split.columns:
            signs = look(split, name)
            more = f"{' fact' * signs.other_fact}{' fractions' * fractions(split, name)}"
            lines.setdefault(f"{signs}{more}", f"{case}: {name}")
    check_approved("signs.txt", "\n".join(f"{case}\n    {said}" for said, case in lines.items()))


_NAMES = (
    "text texts Text label labels gold_label labelText category_id intent_name topic "
    "topics news_title newsBody title body headline abstract summary summaries "
    "stories story id ID uuid url link date created_at user author lang language "
    "split set fold score scores rating ratings stars votes n_votes count is_spam "
    "spam toxic verified_purchase question answer response reply prompt utterance "
    "selected_text clean_text review_title reviewText 본문 기사본문 제목 분류 감정라벨 지역 종교 类别 标题 "
    "文本 étiquette texte titre description_1 description1 label_1 label1 cat1 level_2 "
    "coarse_label fine_label label_coarse parent child sub_category subcategory "
    "main_topic kind type entity_type sentiment sentiment_score emotion stance target "
    "aspect aspect_term airline airline_sentiment brand country confidence "
    "airline:confidence "
)
_PAIRED = (
    "title titles body summaries stories news_title newsBody review_title review_text "
    "제목 본문 description_1 description label_1 label_2 label1 label2 cat1 cat2 level_1 "
    "level_2 coarse_label fine_label category sub_category main_topic sub_topic "
    "parent child question response "
)
NAMES, PAIRED = _NAMES.split(), _PAIRED.split()
QUESTIONS = (
    "says_another_fact is_request is_reply ends_in_text called_text ends_in_label numbers_labels plain_fact about"
)
EVIDENCE = "ends_in_topic is_measured"


def test_names_of_columns_mean_what_was_looked_at():
    asked = [(name, getattr(column_names, name)) for name in QUESTIONS.split()]
    asked += [(name, getattr(label_evidence, name)) for name in EVIDENCE.split()]
    lines = [
        f"{name} {column_names.pieces(name)} {column_names.plain(name)} {column_names._singular(name)}: "
        + ", ".join(question for question, call in asked if call(name))
        for name in NAMES
    ]
    for question in ("leads", "title_and_body", "of_one_thing"):
        call = getattr(column_names, question)
        lines += [f"{question}: {a}, {b}" for a, b in permutations(PAIRED, 2) if call(a, b)]
    lines += [
        f"called like {source}: {[name for name in NAMES if label_evidence.called_like(name, source, NAMES)]}"
        for source in ("news_topics.csv", "sentiment", "spam-detection", "airlines.json", "data")
    ]
    for kind in ("label", "text", "group"):
        for candidates, names in (([], []), ([], NAMES[:2]), (NAMES[:1], NAMES[:3]), (NAMES[8:11], NAMES)):
            lines.append(column_names.which_column(kind, candidates, names))
    lines.append(column_names.which_column("label", [], ["a"], " x y"))
    check_approved("names_of_columns.txt", "\n".join(lines))


CELLS = ("a", "b", "c", "a+b", "b+c", "c+a", "b+a", "d+e", "a+b+c")


def test_names_are_joined_where_was_looked_at():
    """Of all sets of up to five of CELLS: whether each mark joins several labels, surely, certainly, or maybe."""
    found = defaultdict(list)
    for size in range(1, 6):
        for chosen in combinations(CELLS, size):
            if chosen[-1] in "abc":
                continue
            said = []
            for mark in (";", ",", "/", " "):
                one = _joined_by(mark, {cell.replace("+", mark) for cell in chosen})
                how = "not" if one is None else "sure" if one.sure else "certain" if one.certain else "maybe"
                said.append(f"{mark!r} {how}")
            found["  ".join(said)].append(" ".join(chosen))
    lines = [line for said, sets in found.items() for line in [said, *(f"    {each}" for each in sets)]]
    check_approved("joined.txt", "\n".join(lines))


def test_the_example_of_joined_names_is_the_plainest():
    assert joined_note(["b|a|c", "a|b", "a", "b", "x"], None) == [
        "Some labels look like several (a|b): if they are, give --label_separator '|'."
    ]
    assert joined_note(["b|a|c", "a|b", "a", "b", "x"], "|") == []
    assert joined_note(["b|a|c", "a|b", "a", "b", "x"], "none") == []
    assert joined_note(["b|a|c", "a|b", "a", "b", "x"], ";") != []
    assert joined_note(["a", "b"], None) == []
    assert [shown(mark) for mark in ("\t", "\n", ";", "'")] == ["$'\\t'", "$'\\n'", "';'", '"\'"']
    assert _joined_by(",", {"2,5", "8"}).sure is False
    assert _joined_by(",", {"2,5,1", "8"}).sure is True
    assert _joined_by(";", {"2;5", "8"}).sure is True
    assert _joined_by(";", {"2;5", "x"}) is None
    assert _joined_by("/", {"2/5", "8"}) is None
    assert _joined_by(" ", {"2 5", "8"}).certain is True
    with pytest.raises(UserError, match=r"several labels in one cell \('c# .net' beside"):
        joined_labels(["c# .net", "c#", "java .net"], "Tags")
    for cells, column in (
        (["c# .net", "c#", "java .net"], "kind"),
        (["c# .net", "c#", "Java .net"], "tags"),
        (["c# .net", "java"], "tags"),
        (["c#", "java"], "tags"),
    ):
        assert joined_labels(cells, column) is None


def test_numbers_stand_for_what_was_looked_at():
    lines = []
    for numbers in (
        ["0", "1"],
        ["1", "2", "5"],
        ["-1", "0", "1"],
        ["-1", "1"],
        ["-2", "-1"],
        ["0.0", "1.0"],
        ["0.5", "1"],
        ["3"],
        ["1", "3", "5"],
        ["-1", "0", "1", "2"],
        [str(i) for i in range(11)],
    ):
        for count in (1, 2, 3, 4, 5, 11):
            lines.append(f"{numbers} {count}: {told(meaning_of_numbers, numbers, list('abcdefghijk')[:count])}")
    for others in (["0", "1"], ["1"], ["0"], ["-2", "0"], ["0", "1", "2"], ["0", "5"], ["3", "4", "5"], ["0", "6"]):
        for rows in (0, 19, 20, 49, 50, 99, 100, 333, 334, 400, 500, 501, 600, 666, 667, 800, 801, 900, 901):
            rest, more = divmod(1000 - rows, len(others))
            counts = dict.fromkeys(others, rest) | {others[0]: rest + more} | ({"-1": rows} if rows else {})
            said = [
                told(is_minus_one_a_class, counts, column, opinions).split(":")[0]
                for column in ("label", "sentiment")
                for opinions in (False, True)
            ]
            lines.append(f"-1 {rows} of 1000 beside {others}: {' '.join(said)}")
    lists = (
        [],
        [1.0],
        [1, 2],
        [1, 5],
        [1, 2, 5],
        [2, 5],
        [1, 2, 3, 4, 5],
        [1, 10],
        [1, 5, 10],
        [1, 2, 3, 8, 10],
        [1, 6],
        [1, 2, 3, 4, 7],
        [0, 5],
        [1.5, 5],
        [1, 2, 3, 4, 5, 6],
        [1, 3, 5, 11],
        list(range(1, 11)),
    )
    lines += [f"{each}: stars {_are_stars([*map(float, each)])}" for each in lists]
    for few in (5, 19, 20, 21, 30, 31, 49, 50, 51, 100, 101, 499, 500, 501):
        given = {
            "dense": range(few),
            "from 1": range(1, few + 1),
            "from 2": range(2, few + 2),
            "gaps": range(0, 2 * few, 2),
            "some gaps": [round(1.4 * i) for i in range(few)],
            "from -1": range(-1, few - 1),
        }
        lines.append(f"{few}: {[name for name, each in given.items() if _numbers_of_classes([*map(float, each)])]}")
    for words in (
        [],
        ["-1"],
        ["0"],
        ["0", "1"],
        ["0", "1", "-1"],
        ["yes"],
        ["yes", "no"],
        ["y", "n"],
        ["y", "no"],
        ["true"],
    ):
        lines.append(f"{words}: flag {_flag(set(words))!r}")
    check_approved("numbers_of_labels.txt", "\n".join(lines))


def test_names_of_labels_are_written_and_read_as_was_looked_at():
    words = [
        "1",
        "1.0",
        "01",
        "1e3",
        "1E400",
        "-0",
        "+5",
        ".5",
        "5.",
        "nan",
        "NaN",
        "",
        "True",
        "a  b",
        " a",
        "a\u200bb",
        "\u1100\u1161",
        "A-B",
        "a b",
        "ａ",
        "1,5",
        "١",
    ]
    lines = [
        f"{word!r}: {clean_name(word)!r} {number(word)} "
        + " ".join(repr(written_as(word, how)) for how in ("numbers", "truths", "words"))
        for word in words
    ]
    lines.append(f"sorted {sort_names(['b', '10', '9', 'a', '-1', '1.5'])}")
    for counts in (
        {"Sport": 5, "sport": 9, "news": 3},
        {"politics": 1000, "politcs": 20},
        {"politics": 1000, "politcs": 21},
        {"label 1": 1000, "label 2": 1},
        {"polit": 1000, "polis": 1},
        {"poli": 1000, "pols": 1},
        {"politics": 100, "xolitics": 1},
        {"sports": 1000, "Sportz": 5, "SPORTS": 3},
        {f"Name{i}".replace("0", "o"): 9 for i in range(20)} | {f"name{i}": 8 for i in range(1, 20)},
    ):
        lines += [f"{len(counts)} names, joined {merged}: {alike_notes(counts, merged)}" for merged in (False, True)]
    cells = [
        "[]",
        "['a']",
        "['a', 'b']",
        '["a"]',
        "[a, b]",
        "[a,,b]",
        "a",
        "<a><b>",
        "<a>",
        "#a #b",
        "011",
        "01x",
        "set()",
        "{'a'}",
        "[None]",
        "[1, 2.5]",
        "['a' 'b']",
        "[true]",
        "[True]",
        '{"choices": ["a"]}',
        '{"choices": [1]}',
        '{"choices": ["a"], "x": 1}',
        '{"a": 1}',
        "{'a': 1}",
        "['it''s']",
        "[[1]]",
        "('a',)",
        "['a'",
        "[ ]",
    ]
    for cell in cells:
        ways = ("list", "bare", "tags", "bits", "choices")
        lines.append(f"{cell}: " + " ".join(f"{how} {told(parse_list, cell, how)}" for how in ways))
    check_approved("names_of_labels.txt", "\n".join(lines))


SIDES = {  # what may stand beside a text, by name
    "label": ["a", "b", "c", "a"],
    "gold_label": ["x", "y"],
    "sentiment": ["positive", "negative", "neutral"],
    "airline_sentiment": ["negative", "positive"],
    "topic": ["x", "y", "z"],
    "category": ["A", "B"],
    "subcategory": ["A1", "A2", "B1", "B2"],
    "intent": ["ask", "tell", "go"],
    "emotion": ["joy", "fear", "anger"],
    "stars": [1, 2, 3, 4, 5],
    "rating": [1, 5, 4],
    "toxic": [0, 1],
    "is_spam": ["yes", "no"],
    "hate": [True, False],
    "stance": ["favor", "against", "none"],
    "target": ["x", "y"],
    "aspect": ["food", "room"],
    "tags": [["a"], ["a", "b"]],
    "verified": ["Y", "N"],
    "label_text": ["no", "yes", "so", "no"],
    "label_id": [0, 1, 2, 0],
    "airline": ["u", "v", "w"],
    "kind": ["k", "l"],
    "entity_type": ["p", "q"],
    "value": [0.5, 1.5],
    "language": ["en", "ko"],
    "columnA": ["m", "n", "o"],
    "opinion": ["긍정", "부정"],
    "verdict": ["true", "false", "mixed"],
    "news_topics": ["s", "t", "u", "v"],
    "annotator1": ["a", "b", "b"],
    "annotator2": ["a", "b", "a"],
    "coarse": ["A", "B", "A", "B"],
    "fine": ["a", "b", "c", "d"],
    "집": ["ㄱ", "ㄴ"],
    "score": [1, 2, 3],
    "flag_a": [0, 1, 0],
    "flag_b": [1, 0, 0],
    "entailment_label": ["e", "n"],
}
WORDS = ("alpha", "beta", "gamma", "delta", "한국어", "zeta")


def sentences(words, start=0):
    return [
        " ".join([f"{WORDS[(row + start) % 6]}{row}{start}", *[WORDS[(row * k) % 6] for k in range(words - 1)]])
        for row in range(ROWS)
    ]


TEXTS = {  # columns of words, by name
    "text": 6,
    "title": 4,
    "body": 40,
    "review": 12,
    "comment": 12,
    "headline": 5,
    "summary": 9,
    "question": 6,
    "answer": 15,
    "response": 25,
    "clean_text": 6,
    "context": 60,
    "premise": 12,
    "hypothesis": 6,
    "notes": 3,
    "original": 6,
    "제목": 4,
    "본문": 30,
    "sentence1": 8,
    "sentence2": 8,
    "prompt": 10,
    "quote": 2,
    "news_title": 5,
    "news_body": 30,
    "tweet": 7,
}


def columns_of(table, source="rows.csv", unpublished=()):
    try:
        found = choose_columns(raw(table), DataArguments(dataset=source), None, unpublished)
    except UserError as error:
        return f"refused: {error}"
    notes = [note for note in found.notes if not note.startswith(("Labels are read", "Text is read"))]
    return " ".join([f"{'+'.join(found.text)} -> {'+'.join(found.labels)}", *notes])


def test_of_two_columns_beside_a_text_those_are_labels_that_was_looked_at():
    lines = [f"{one}: {columns_of({'text': sentences(6), one: SIDES[one]})}" for one in SIDES]
    for one, other in [*combinations(SIDES, 2)][::2]:
        lines.append(f"{one}, {other}: {columns_of({'text': sentences(6), one: SIDES[one], other: SIDES[other]})}")
    check_approved("labels_of_two.txt", "\n".join(lines))


def test_of_more_columns_beside_a_text_those_are_labels_that_was_looked_at():
    rng, lines = np.random.default_rng(3), []
    for draw in range(240):
        chosen = [str(name) for name in rng.choice(list(SIDES), size=3 + draw % 3, replace=False)]
        source = ("rows.csv", "sentiment.csv", "news_topics", "spam_detection.tsv")[draw % 4]
        unpublished = chosen[:1] if draw % 5 == 0 else ()
        said = columns_of({"comment": sentences(8)} | {name: SIDES[name] for name in chosen}, source, unpublished)
        lines.append(f"{source} {', '.join(chosen)}{' not in test' * bool(unpublished)}: {said}")
    check_approved("labels_of_more.txt", "\n".join(lines))


def test_of_several_columns_of_words_those_are_texts_that_was_looked_at():
    lines = []
    made = {name: sentences(words, start) for start, (name, words) in enumerate(TEXTS.items())}
    for label in ({"label": ["a", "b"]}, {"intent": ["a", "b"]}, {"correct": ["yes", "no"]}):
        (called,) = label
        asked = {"question", "prompt", "answer", "response"}
        pairs = [
            pair for pair in combinations(TEXTS, 2) if called == "label" or set(pair) <= {*asked, "text", "quote"}
        ]
        lines += [f"{a}, {b}, {called}: {columns_of({a: made[a], b: made[b], **label})}" for a, b in pairs]
    rng = np.random.default_rng(4)
    for draw in range(80):
        chosen = [str(name) for name in rng.choice(list(TEXTS), size=3 + draw % 2, replace=False)]
        lines.append(
            f"{', '.join(chosen)}: {columns_of({name: made[name] for name in chosen} | {'label': ['a', 'b']})}"
        )
    check_approved("texts_of_several.txt", "\n".join(lines))


@pytest.mark.parametrize("equal", [0, 12, 13, 24])
def test_two_columns_are_one_text_where_most_rows_are(equal):
    table = {"a": [f"x{i}" for i in range(ROWS)], "b": [f"x{i}" if i < equal else "y" for i in range(ROWS)]}
    assert same_texts(raw(table), "a", "b") is (equal > 12)


def test_declared_lists_and_structures_are_told_by_their_features():
    nested = {"label": pa.array([[[0]], [[1]]] * (ROWS // 2))}
    assert look(raw(nested, {"label": List(List(ClassLabel(names=["a", "b"])))}), "label").label is False
    one = {"label": pa.array([[0], [1]] * (ROWS // 2))}
    assert look(raw(one, {"label": List(ClassLabel(names=["a", "b"]))}), "label").label is True
