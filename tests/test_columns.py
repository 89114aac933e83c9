"""Columns and labels: found where one reading is possible, else asked for; every way to write labels is understood."""

import json
import unicodedata

import datasets
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from textclf.arguments import DataArguments
from textclf.data.labelling.column_names import pieces
from textclf.data.labelling.column_signs import _numbers_of_classes
from textclf.data.labelling.columns import choose_columns
from textclf.data.loading import load_splits
from textclf.data.reading.raw_split import RawSplit
from textclf.errors import UserError
from textclf.labels import LabelSpace

FERRIES = [f"nobody knew where the ferry of {i} went that night" for i in range(40)]
MADE = [f"nobody_knew where the_ferry of {i} went that_night" for i in range(40)]
WORDS = ["정부가 내년 예산안을 발표했다", "the match ended in a draw", "shares fell again today", "새 영화가 개봉했다"]


def chosen(columns, features=None, dataset="x", **arguments):
    rows = 40
    table = pa.table({name: (values * rows)[:rows] for name, values in columns.items()})
    found = choose_columns(RawSplit(table, features or {}), DataArguments(dataset=dataset, **arguments))
    return found.text, found.labels


def numbered(values):
    return [f"{value} {i}" for i in range(10) for value in values]


def load(tmp_path, labels, n=60, **arguments):
    """Load rows whose label column(s) repeat the given values, from JSON Lines."""
    columns = labels if isinstance(labels, dict) else {"label": labels}
    lines = [
        json.dumps({"text": f"text {i}", **{name: values[i % len(values)] for name, values in columns.items()}})
        for i in range(n)
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return load_splits(DataArguments(dataset=str(path), **arguments))


def load_csv(tmp_path, labels, n=60, **arguments):
    columns = labels if isinstance(labels, dict) else {"label": labels}
    frame = pd.DataFrame({"text": [f"text {i}" for i in range(n)]})
    for name, values in columns.items():
        frame[name] = [values[i % len(values)] for i in range(n)]
    frame.to_csv(tmp_path / "rows.csv", index=False)
    return load_splits(DataArguments(dataset=str(tmp_path / "rows.csv"), **arguments))


def names(loaded):
    return LabelSpace.from_features(loaded.splits["train"].features).names


def by_text(loaded):
    """Every text's label names, over all splits."""
    space = LabelSpace.from_features(loaded.splits["train"].features)
    gold = {}
    for split in loaded.splits.values():
        for row in split:
            ids = row["labels"]
            gold[row["text"]] = [space.names[i] for i in ids] if space.multi_label else space.names[ids]
    return gold


@pytest.mark.parametrize(
    ("columns", "text", "labels"),
    [
        ({"text": WORDS, "label": ["a", "b"]}, ("text",), ("label",)),
        ({"text": WORDS, "text_pair": WORDS, "labels": ["a", "b"]}, ("text", "text_pair"), ("labels",)),
        ({"title": WORDS, "cleanBody": WORDS, "category": ["a", "b"]}, ("title", "cleanBody"), ("category",)),
        ({"index": list(range(40)), "title": WORDS, "topic_idx": [0, 1, 2]}, ("title",), ("topic_idx",)),
        ({"UserName": [1, 2], "OriginalTweet": WORDS, "Sentiment": ["a", "b"]}, ("OriginalTweet",), ("Sentiment",)),
        ({"id": list(range(40)), "문장": numbered(WORDS), "분류": ["가", "나"]}, ("문장",), ("분류",)),
        ({"제목": WORDS, "본문": WORDS, "분류": ["가", "나"], "주소": WORDS}, ("제목", "본문"), ("분류",)),
        ({"id": list(range(40)), "comment_text": WORDS, "toxic": [0, 1], "insult": [1, 0, 0]},
         ("comment_text",), ("toxic", "insult")),
        ({"premise": WORDS, "hypothesis": WORDS, "label": [0, 1]}, ("premise", "hypothesis"), ("label",)),
    ],
)  # fmt: skip
def test_columns_that_can_only_be_meant_one_way_are_found(columns, text, labels):
    assert chosen(columns) == (text, labels)


ABROAD = {
    "German": ("Überschrift, Inhalt", "Ressort", "Autor"),
    "German, one text": ("Rezension", "Bewertung", "Marke"),
    "French": ("titre, contenu", "catégorie", "auteur"),
    "French, stars": ("avis", "note", "film"),
    "French, a label beside a subject": ("texte", "étiquette", "sujet"),
    "Spanish": ("Título, Opinión", "Calificación", "Ciudad"),
    "Spanish, one text": ("reseña", "sentimiento", "producto"),
    "Portuguese": ("Título, texto", "rótulo", "assunto"),
    "Italian": ("testo", "argomento", "autore"),
    "Dutch": ("tekst", "onderwerp", "bron"),
    "Polish": ("opinia", "ocena", "produkt"),
    "Russian": ("заголовок, содержание", "рубрика", "автор"),
    "Turkish": ("Görüş", "Durum", "yazar"),
    "Indonesian": ("judul, isi", "kategori", "penulis"),
    "Vietnamese": ("nội dung", "nhãn", "chủ đề"),
    "Arabic": ("المراجعة", "التقييم", "الفندق"),
    "Hindi": ("पाठ", "भावना", "author"),
    "Japanese": ("件名, 本文", "カテゴリ", "投稿者"),
    "Japanese, one text": ("投稿", "感情極性", "媒体"),
    "Chinese": ("新闻标题, 新闻内容", "类型", "来源"),
    "Chinese, one text": ("微博中文内容", "情感倾向", "发布人账号"),
    "Chinese, traditional": ("標題, 內容", "類別", "author"),
    "Korean": ("민원제목, 민원내용", "분야", "처리상태"),
    "Korean, one text": ("상품평", "만족도", "상품"),
}


@pytest.mark.parametrize("language", ABROAD)
def test_columns_are_known_by_their_names_in_other_languages(language):
    """Beside a column of few values that names something else, label columns called so were asked about."""
    text, label, fact = ABROAD[language]
    texts = text.split(", ")
    stars = label in {"Bewertung", "note", "Calificación", "ocena", "التقييم", "만족도"}
    columns = {name: numbered(WORDS) for name in texts}
    columns |= {label: [1, 2, 3, 4, 5] if stars else ["a", "b", "c"], fact: ["k", "l"]}
    if len(texts) == 2:
        columns[texts[1]] = [f"{cell} {cell} {cell}" for cell in numbered(WORDS)]
    assert chosen(columns) == (tuple(texts), (label,))


@pytest.mark.parametrize(("name", "words"), [("étiquette_finale", ["etiquette", "finale"]), ("भावना", ["भावना"]),
                                             ("Größe", ["grosse"]), ("評価2", ["評価", "2"])])  # fmt: skip
def test_a_name_in_letters_with_accents_keeps_its_words_whole(name, words):
    """`étiquette` fell into `tiquette` and a letter of its own."""
    assert pieces(name) == words


@pytest.mark.parametrize("column", ["category_id", "intentId", "label_name", "topic code"])
def test_a_column_called_after_the_number_or_name_of_a_label_is_one(column):
    """`category_id` was refused as an id, although it was the only column of few values."""
    assert chosen({"utterance": numbered(WORDS), column: [1, 2, 3], "user_id": [7, 9]}) == (("utterance",), (column,))


def test_a_question_and_the_comment_on_it_are_a_pair():
    columns = {"question": [f"should the city {word} more often, and why so" for word in ("build", "plan", "save")]}
    columns |= {"comment": numbered(WORDS), "label": ["FAVOR", "AGAINST"], "topic": ["a", "b", "c"]}
    assert chosen(columns) == (("question", "comment"), ("label",))


def test_the_column_that_test_rows_lack_is_the_label(tmp_path):
    """Kind and effectiveness of parts of essays were asked about, although test rows have no effectiveness."""
    rows = [f"{text} {i},{'claim' if i % 2 else 'lead'},{'ab'[i % 3 % 2]}" for i, text in enumerate(WORDS * 12)]
    (tmp_path / "train.csv").write_text("\n".join(["part,kind,effect", *rows]), encoding="utf-8")
    lacking = [row.rpartition(",")[0] for row in rows[:9]]
    (tmp_path / "test.csv").write_text("\n".join(["part,kind", *lacking]), encoding="utf-8")
    found = load_splits(DataArguments(dataset=str(tmp_path))).provenance
    assert found.label_columns == ("effect",)
    assert any("have no 'effect'" in note and "--label_columns kind" in note for note in found.notes)


def test_a_topic_stands_before_tags_however_few_they_are():
    columns = {"title": numbered(WORDS), "text": [f"{cell} " * 3 for cell in numbered(WORDS)]}
    assert chosen(columns | {"topic": ["a", "b"], "tags": ["p", "n", "n"]}) == (("title", "text"), ("topic",))


def test_of_two_titles_above_one_body_the_plainer_is_read():
    columns = {"headline": numbered(WORDS), "content": [f"{cell} " * 9 for cell in numbered(WORDS)]}
    columns |= {"title": [f"{cell} 2" for cell in numbered(WORDS)], "label": ["a", "b"]}
    assert chosen(columns) == (("title", "content"), ("label",))


@pytest.mark.parametrize(
    ("columns", "text", "label"),
    [
        ({"review": FERRIES, "review_tokenize": MADE, "label": ["a", "b"]}, "review", "label"),
        ({"text": FERRIES, "class": [0, 1], "topic": ["a", "b", "c"]}, "text", "class"),
        ({"Body": FERRIES, "Tags": ["<a>", "<b>", "<c>"], "Y": ["HQ", "LQ"]}, "Body", "Y"),
        ({"Tweet": FERRIES, "Tokanize_tweet": MADE, "Label": [-1, 0, 1]}, "Tweet", "Label"),
    ],
)
def test_what_a_program_made_of_a_text_and_what_a_text_is_about_are_left(columns, text, label):
    assert chosen(columns) == ((text,), (label,))


def test_the_finer_of_two_levels_is_read_where_the_data_is_called_after_it():
    columns = {"facts": FERRIES, "casetype": ["civil", "civil", "criminal"], "casename": ["loan", "rent", "theft"]}
    assert chosen(columns)[1] == ("casetype",)
    assert chosen(columns, dataset="data/casename.jsonl")[1] == ("casename",)


def test_a_question_and_its_answer_are_a_pair_where_the_label_says_yes_or_no():
    columns = {"question": FERRIES, "answer": [f"it went by the {i}. canal to the old harbour" for i in range(40)]}
    assert chosen(columns | {"target": [0, 1]}) == (("question", "answer"), ("target",))
    with pytest.raises(UserError, match="could be meant: question, answer"):
        chosen(columns | {"topic": ["a", "b", "c"]})


def test_the_kind_of_a_room_is_no_rival_of_stars():
    columns = {"review": FERRIES, "rating": [1, 2, 4, 5], "room type": ["suite", "single"], "nights": ["one", "two"]}
    assert chosen(columns) == (("review",), ("rating",))


def test_rows_in_which_text_and_label_are_nan_are_left_out_with_a_line(tmp_path):
    """A file that pandas wrote with `nan` in all cells of a row gave a class of that name."""
    rows = [f"{text},{'ab'[i % 2]}" for i, text in enumerate(FERRIES)] + ["nan,nan"] * 8
    (tmp_path / "rows.csv").write_text("\n".join(["app,text,label", *(f"x,{row}" for row in rows)]), encoding="utf-8")
    found = load_splits(DataArguments(dataset=str(tmp_path / "rows.csv")))
    assert names(found) == ("a", "b")
    assert "8 rows left out: label nan, as programs write what is missing." in found.provenance.notes


def test_a_class_that_is_called_nan_beside_texts_stays_one(tmp_path):
    found = load_csv(tmp_path, {"label": ["a", "nan"], "kind": ["x", "y", "z"]})
    assert names(found) == ("a", "nan")


@pytest.mark.parametrize(
    ("columns", "text", "label"),
    [
        # what a comment answers, and what only some rows have
        ({"label": [0, 1], "comment": FERRIES, "parent_comment": MADE}, "comment", "label"),
        ({"tweet": FERRIES, "rephrase": ["", "", "", *FERRIES[:1]], "label": [0, 1]}, "tweet", "label"),
        # three persons and the majority of them
        ({"comentario": FERRIES, "anotator1": [0, 1], "anotator2": [0, 1, 1], "label_final": [0, 1]},
         "comentario", "label_final"),
        # yes, and in what way
        ({"tweet": FERRIES, "sarcastic": [1, 0], "irony": ["0", "", "1", ""], "satire": ["1", "", "1", "", "0", ""]},
         "tweet", "sarcastic"),
    ],
)  # fmt: skip
def test_what_stands_beside_the_text_and_its_label_is_neither(columns, text, label):
    assert chosen(columns) == ((text,), (label,))


def test_minus_one_beside_tweets_is_a_class_with_a_line(tmp_path):
    found = load_csv(tmp_path, {"label": [-1, 0, 1], "tweet_id": list(range(60))})
    assert names(found) == ("-1", "0", "1")
    assert any("--class_names 0 1 --on_bad_row skip" in note for note in found.provenance.notes)


def test_numbered_comments_beside_a_title_are_no_second_text():
    columns = {"title": numbered(WORDS)} | {
        f"comment_{i}": [f"{cell} {i}" for cell in numbered(WORDS)] for i in "12345"
    }
    assert chosen(columns | {"label": ["a", "b"]}) == (("title",), ("label",))


def test_columns_that_have_the_loaders_own_names_are_not_announced(tmp_path):
    """Every dataset script began with "Labels are read from 'labels'", where nothing had been found."""
    plain = load_csv(tmp_path, {"labels": ["a", "b"]})
    assert not any("read from" in note for note in plain.provenance.notes)
    assert any("read from 'label'" in note for note in load_csv(tmp_path, ["a", "b"]).provenance.notes)


def test_a_declared_target_of_zero_and_one_is_no_aspect():
    features = {name: datasets.ClassLabel(names=["0", "1"]) for name in ("target", "feat_Joy")}
    columns = {"text": WORDS, "target": [0, 1], "feat_Joy": [0, 0, 1]}
    assert chosen(columns, features) == (("text",), ("target",))


def test_a_declared_class_label_is_found_under_any_name():
    features = {"mood": datasets.ClassLabel(names=["a", "b"])}
    assert chosen({"body": WORDS, "mood": [0, 1], "week": [1, 2]}, features) == (("body",), ("mood",))


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (
            {"review": WORDS, "summary": WORDS, "comment": WORDS, "label": [0, 1]},
            "Which column holds the text.*review",
        ),
        ({"text": WORDS, "bias": ["a", "b"], "hate": ["c", "d"]}, "could be meant: bias, hate. Give --label_columns"),
        ({"text": WORDS, "category": ["a", "b"], "genre": ["c", "d"]}, "could be meant: category, genre"),
        ({"text": WORDS, "id": list(range(40))}, "Which column holds the label.*none of id looks like it"),
        ({"label": [0, 1], "number": [1, 2]}, "Which column holds the text"),
    ],
)
def test_columns_that_could_be_meant_in_several_ways_are_asked_for(columns, sentence):
    with pytest.raises(UserError, match=sentence):
        chosen(columns)


def test_a_missing_column_names_the_nearest():
    with pytest.raises(UserError, match=r"no column 'tilte'; found: title, label\. Did you mean 'title'\?"):
        chosen({"title": WORDS, "label": [0, 1]}, text_columns=["tilte"])


def test_a_decomposed_column_name_is_the_same_name():
    column = unicodedata.normalize("NFD", "제목")
    assert chosen({"제목": WORDS, "label": [0, 1]}, text_columns=[column]) == (("제목",), ("label",))


def test_a_column_cannot_be_text_and_label():
    with pytest.raises(UserError, match="used once"):
        chosen({"title": WORDS, "label": ["a", "b"]}, text_columns=["label"], label_columns=["label"])


def test_words_are_sorted_and_decomposed_ones_composed(tmp_path):
    labels = ["사회", "경제", unicodedata.normalize("NFD", "사회"), " 경제 "]
    loaded = load_csv(tmp_path, labels)
    assert names(loaded) == ("경제", "사회")
    assert by_text(loaded)["text 2"] == "사회"


def test_numbers_are_sorted_as_numbers(tmp_path):
    assert names(load_csv(tmp_path, [10, 9, 1, 2])) == ("1", "2", "9", "10")
    assert names(load(tmp_path, [10, 9, 1, 2])) == ("1", "2", "9", "10")


def test_whole_numbers_that_pandas_wrote_as_fractions(tmp_path):
    assert names(load_csv(tmp_path, [1.0, 2.0, 0.0])) == ("0", "1", "2")
    assert names(load(tmp_path, [1.0, 0.0])) == ("0", "1")


def test_class_names_name_integer_labels(tmp_path):
    loaded = load_csv(tmp_path, [2, 0, 1], class_names=["IT", "경제", "사회"])
    assert names(loaded) == ("IT", "경제", "사회")
    assert [by_text(loaded)[f"text {i}"] for i in range(3)] == ["사회", "IT", "경제"]


def test_class_names_of_labels_that_count_from_one_or_minus_one(tmp_path):
    loaded = load_csv(tmp_path, [1, 2, 3], class_names=["bad", "fair", "good"])
    assert by_text(loaded)["text 0"] == "bad"
    assert any("1 is bad" in note for note in loaded.provenance.notes)
    loaded = load_csv(tmp_path, [-1, 0, 1], class_names=["bad", "fair", "good"])
    assert by_text(loaded)["text 0"] == "bad"


def test_class_names_order_words_and_refuse_others(tmp_path):
    assert names(load_csv(tmp_path, ["low", "high", "mid"], class_names=["low", "mid", "high"])) == (
        "low", "mid", "high"
    )  # fmt: skip
    with pytest.raises(UserError, match=r"line 3: label that is not among the names given \(20 such rows\).*'high'"):
        load_csv(tmp_path, ["low", "high", "mid"], class_names=["low", "mid"])
    loaded = load_csv(tmp_path, ["low", "high", "mid"], class_names=["low", "mid"], on_bad_row="skip")
    assert loaded.provenance.removed == {"label that is not among the names given": 20}
    with pytest.raises(UserError, match="which number is which name is not certain"):
        load_csv(tmp_path, [0, 1, 5], class_names=["a", "b"])


def test_declared_names_keep_their_order_and_can_be_renamed(tmp_path):
    features = datasets.Features(text=datasets.Value("string"), label=datasets.ClassLabel(names=["zebra", "ant"]))
    rows = {"text": [f"text {i}" for i in range(40)], "label": [0, 1] * 20}
    datasets.Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "rows.parquet")
    path = str(tmp_path / "rows.parquet")
    assert names(load_splits(DataArguments(dataset=path))) == ("zebra", "ant")
    assert names(load_splits(DataArguments(dataset=path, class_names=["ant", "zebra"]))) == ("ant", "zebra")
    renamed = load_splits(DataArguments(dataset=path, class_names=["striped", "small"]))
    assert by_text(renamed)["text 0"] == "striped"
    reordered = load_splits(DataArguments(dataset=path, class_names=["ant", "zebra"]))
    assert by_text(reordered)["text 0"] == "zebra"


def test_several_names_in_a_cell(tmp_path):
    loaded = load_csv(tmp_path, ["경제; 사회", "사회", "", "정치;경제;경제"], label_separator=";")
    assert names(loaded) == ("경제", "사회", "정치")
    gold = by_text(loaded)
    assert [gold[f"text {i}"] for i in range(4)] == [["경제", "사회"], ["사회"], [], ["경제", "정치"]]


def test_lists_of_names_and_lists_of_numbers(tmp_path):
    gold = by_text(load(tmp_path, [["b", "a"], [], ["b"]]))
    assert [gold[f"text {i}"] for i in range(3)] == [["a", "b"], [], ["b"]]
    loaded = load(tmp_path, [[2, 0], [], [1]], class_names=["x", "y", "z"])
    assert by_text(loaded)["text 0"] == ["x", "z"]


def test_several_columns_of_zeros_and_ones(tmp_path):
    columns = {"toxic": [1, 0, 0], "insult": [1, 1, 0]}
    for loaded in (load_csv(tmp_path, columns), load(tmp_path, columns)):
        assert names(loaded) == ("toxic", "insult")
        gold = by_text(loaded)
        assert [gold[f"text {i}"] for i in range(3)] == [["toxic", "insult"], ["insult"], []]
    loaded = load(tmp_path, {"a": [True, False], "b": [False, True]}, label_columns=["b", "a"])
    assert names(loaded) == ("b", "a")
    with pytest.raises(
        UserError, match=r"rows\.csv, line 4: label that is neither 0 nor 1 \(20 such rows\).*insult: '2'"
    ):
        load_csv(tmp_path, {"toxic": [1, 0, 0], "insult": [1, 1, 2]}, label_columns=["toxic", "insult"])
    with pytest.raises(UserError, match=r"hold 0 or 1; found '7' in 'insult' \(rows\.csv, line 2\)"):
        load_csv(tmp_path, {"toxic": [1, 0, 0], "insult": [7, 8, 9]}, label_columns=["toxic", "insult"])


def test_true_and_false_are_names(tmp_path):
    assert names(load(tmp_path, [True, False])) == ("false", "true")


@pytest.mark.parametrize("values", [[0.5, 1.5, 2.25], [0.1, 1.0]])
def test_fractions_are_regression(tmp_path, values):
    for loader in (load, load_csv):
        with pytest.raises(UserError, match=r"Regression is not supported: rows\.(csv|jsonl), line \d"):
            loader(tmp_path, values)


def test_fractions_that_are_listed_are_classes(tmp_path):
    assert names(load_csv(tmp_path, ["0.5", "1.5"], class_names=["0.5", "1.5"])) == ("0.5", "1.5")


def test_labels_of_mixed_type_name_both_places(tmp_path):
    with pytest.raises(UserError, match=r"mixed type.*rows\.csv, line 3 holds the number 1.*line 2 the word 'a'"):
        load_csv(tmp_path, ["a", "1"])
    with pytest.raises(UserError, match=r"mixed or unknown type.*text on line 1, whole number on line 2"):
        load(tmp_path, ["a", 1])


def test_one_value_a_row_is_no_label(tmp_path):
    with pytest.raises(UserError, match="60 different values in 60 rows"):
        load_csv(tmp_path, [f"n{i}" for i in range(60)])


def test_a_separator_for_a_column_of_lists_is_refused(tmp_path):
    with pytest.raises(UserError, match="--label_separator is for names in the cells"):
        load(tmp_path, [["a"], ["b"]], label_separator=",")


def test_large_strings_and_nulls_in_parquet(tmp_path):
    table = pa.table(
        {
            "title": pa.array([f"title {i}" for i in range(40)], pa.large_string()),
            "body": pa.nulls(40, pa.null()),
            "label": pa.array(["a", "b"] * 20, pa.large_string()),
        }
    )
    pq.write_table(table, tmp_path / "rows.parquet")
    loaded = load_splits(DataArguments(dataset=str(tmp_path / "rows.parquet"), text_columns=["title", "body"]))
    assert set(loaded.splits["train"]["text_pair"]) == {None}


def test_numbers_are_no_text(tmp_path):
    with pytest.raises(UserError, match="text column 'label' of the train split must hold text; found int64"):
        load(tmp_path, {"label": [1, 2], "kind": ["a", "b"]}, text_columns=["label"], label_columns=["kind"])


def test_labels_that_look_like_several_in_one_cell_are_pointed_out(tmp_path):
    """`경제|속보` became a class of its own beside `경제`, without a word."""
    notes = load_csv(tmp_path, ["경제", "경제|속보", "사회"]).provenance.notes
    assert "Some labels look like several (경제|속보): if they are, give --label_separator '|'." in notes
    for fine in (["경제", "사회, 정치", "문화"], ["R&B", "hip-hop|rap"]):
        assert not any("look like several" in note for note in load_csv(tmp_path, fine).provenance.notes)


TEXTS = [f"{i}번째 소식, the market moved again on day {i}" for i in range(40)]
IDS = list(range(40))


@pytest.mark.parametrize(
    ("columns", "text", "labels"),
    [
        ({"v1": ["ham", "spam"], "v2": TEXTS, "Unnamed: 2": [None] * 39 + ["x"]}, ("v2",), ("v1",)),
        ({"text": TEXTS, "label": [0, 1], "label_text": ["neg", "pos"]}, ("text",), ("label_text",)),
        ({"title": TEXTS, "category": ["경제", "사회"], "category_id": [7, 8]}, ("title",), ("category",)),
        ({"rating": [1, 2, 3], "title": WORDS, "text": TEXTS, "helpful_vote": [0, 1, 5], "verified_purchase": [True]},
         ("title", "text"), ("rating",)),
        ({"id": IDS, "keyword": ["a", "b"], "location": ["x", "y", None], "text": TEXTS, "target": [0, 1]},
         ("text",), ("target",)),
        ({"content": TEXTS, "date": ["2020-01-01", "2020-01-02"], "kind": ["a", "b"]}, ("content",), ("kind",)),
        ({"テキスト": [f"市場は今日も大きく動いた{i}" for i in IDS], "ラベル": ["経済", "政治"]},
         ("テキスト",), ("ラベル",)),
        ({"neirong": [f"市场今天再次大幅波动{i}" for i in IDS], "leibie": ["经济", "政治"]},
         ("neirong",), ("leibie",)),
        ({"sentence": TEXTS, "lang": ["en", "ko"]}, ("sentence",), ("lang",)),
        ({"article_link": [f"https://a.example/{i}" for i in IDS], "headline": TEXTS, "is_sarcastic": [0, 1]},
         ("headline",), ("is_sarcastic",)),
        ({"text": TEXTS, "label": ["a", "b"], "source": ["x", "y"], "mood": ["c", "d"]}, ("text",), ("label",)),
        ({"review": TEXTS, "sentiment": [["a"], ["b", "a"]]}, ("review",), ("sentiment",)),
        ({"plot": TEXTS, "themes": [["a"], ["b", "a"]]}, ("plot",), ("themes",)),
        # a name that ends in label: of the text, unless it says of what else; what nobody calls a label yields
        ({"text": TEXTS, "language_label": ["en", "ko", "de"], "topic": ["a", "b"]}, ("text",), ("topic",)),
        ({"text": TEXTS, "source_label": ["x", "y", "z"], "mood": ["a", "b"]}, ("text",), ("mood",)),
        ({"text": TEXTS, "majority_label": ["a", "b"], "ann1": ["a", "b", "b"], "ann2": ["b", "a", "a", "b"]},
         ("text",), ("majority_label",)),
        ({"text": TEXTS, "label": ["a", "b"], "topic_label": ["c", "d", "d"]}, ("text",), ("label",)),
        ({"sentence_A": TEXTS, "sentence_B": TEXTS[::-1], "relatedness_score": [1.5, 4.0, 3.2],
          "entailment_label": ["ENTAILMENT", "NEUTRAL"]}, ("sentence_A", "sentence_B"), ("entailment_label",)),
        ({"text": TEXTS, "emotionLabel": ["joy", "fear"], "price": [3, 4, 5]}, ("text",), ("emotionLabel",)),
        ({"문장": TEXTS, "감정라벨": ["기쁨", "슬픔"], "화자": ["가", "나", "다"]}, ("문장",), ("감정라벨",)),
        ({"text": TEXTS, "intent": [0, 1, 2], "intent_label": ["a", "b", "c"]}, ("text",), ("intent_label",)),
        ({"text": TEXTS, "gold": ["a", "b"], "predicted": ["a", "b", "b"]}, ("text",), ("gold",)),
        # titles and bodies by the ends of their names, in whichever order
        ({"청원내용": TEXTS, "청원제목": [f"제목은 이것 {i}" for i in IDS], "분야": ["교통", "보건"]},
         ("청원제목", "청원내용"), ("분야",)),
        ({"news_headline": [f"short and new {i}" for i in IDS], "news_body": TEXTS, "desk": ["a", "b"]},
         ("news_headline", "news_body"), ("desk",)),
        # what a text says, beside what it is about; a label beside its own detail
        ({"ID": IDS, "Target": ["a", "b", "c"], "Tweet": TEXTS, "Stance": ["FAVOR", "AGAINST"]},
         ("Tweet",), ("Stance",)),
        ({"text": TEXTS, "airline_sentiment": ["p", "n"], "airline": ["x", "y", "z"]},
         ("text",), ("airline_sentiment",)),
        ({"text": TEXTS, "rating": [1, 2, 3], "brand": ["x", "y"]}, ("text",), ("rating",)),
        ({"text": TEXTS, "category": ["a", "b"], "subcategory": ["a1", "a2", "b1", "b2"]},
         ("text",), ("category",)),
        ({"text": TEXTS, "fine_label": ["a1", "a2", "b1"], "coarse_label": ["a", "a", "b"]},
         ("text",), ("coarse_label",)),
        ({"문장": TEXTS, "대분류": ["가", "나"], "중분류": ["가1", "가2", "나1"]}, ("문장",), ("대분류",)),
        ({"text": TEXTS, "toxic": [0, 1], "insult": [1, 0, 0], "verified_purchase": [1, 0, 0, 0]},
         ("text",), ("toxic", "insult")),
        ({"text": TEXTS, "star_rating": [1, 2, 3], "product_title": ["x", "y"]}, ("text",), ("star_rating",)),
        ({"제목": ["가", "나"], "감상평": TEXTS, "별점": [1, 2, 3]}, ("감상평",), ("별점",)),
        ({"text": TEXTS, "sentiment": [1, 3, 5], "_golden": [True, False]}, ("text",), ("sentiment",)),
        ({"Review": TEXTS, "Rating": [1, 2, 3], "Total_thumbsup": [0, 1]}, ("Review",), ("Rating",)),
        ({"a": TEXTS, "b": ["Positive", "Negative"], "c": ["x", "y", "z"]}, ("a",), ("b",)),
        ({"문장": TEXTS, "종교": [0, 1], "인종": [0, 1, 1], "혐오": [1, 0, 0], "지역": [0, 0, 1]},
         ("문장",), ("종교", "인종", "혐오", "지역")),
        ({"문장": TEXTS, "종교": [0, 1], "인종": [0, 1, 1], "혐오": [1, 0, 0], "지역": [0, 0, 1],
          "verified_purchase": [1, 0, 0, 0], "나이": [20, 30, 40]}, ("문장",), ("종교", "인종", "혐오", "지역")),
        # two levels of one answer: the coarse one, unless the finer is called as labels are and the coarse is not
        ({"text": TEXTS, "is_rude": ["no", "no", "yes", "yes"], "how": ["a", "a", "b", "c"]}, ("text",), ("is_rude",)),
        ({"review": TEXTS, "rating": [1, 2, 4, 5], "feedback": [0, 0, 1, 1]}, ("review",), ("rating",)),
        ({"text": TEXTS, "offensive_label": ["n", "y", "y", "n"], "target_label": [None, "a", "b", None]},
         ("text",), ("offensive_label",)),
        ({"instruction": TEXTS, "category": ["a", "a", "b", "b"], "intent": ["a1", "a2", "b1", "b2"]},
         ("instruction",), ("intent",)),
        ({"test_case": TEXTS, "label_gold": ["y", "n"], "way": ["a", "b", "c"]}, ("test_case",), ("label_gold",)),
        ({"in.form": TEXTS, "in.of": ["a", "b"], "out.joy": ["True", "False"], "out.fear": ["False"] * 3 + ["True"],
          "out.trust": ["False", "True", "False"]}, ("in.form",), ("out.joy", "out.fear", "out.trust")),
        # what is known of the handling of a row; Korean names end in what they are
        ({"title": TEXTS, "category": ["가", "나", "다"], "answered": [0, 1, 1, 0]}, ("title",), ("category",)),
        ({"제목": TEXTS, "민원분류": ["교통", "세금"], "처리부서": ["가과", "나과", "다과"],
          "처리상태": ["완료", "대기", "대기"]}, ("제목",), ("민원분류",)),
        ({"문장": TEXTS, "감정상태": ["기쁨", "슬픔"], "처리상태": ["완료", "대기", "대기"]},
         ("문장",), ("감정상태",)),
        # what belongs to the texts' own object, plurals, and what answers the texts
        ({"city": ["a", "b", "c"], "style": ["x", "y", "z", "w"], "reviews.text": TEXTS, "reviews.rating": [1, 2, 3]},
         ("reviews.text",), ("reviews.rating",)),
        ({"titles": [f"short and new {i}" for i in IDS], "summaries": TEXTS, "terms": ["a", "b"]},
         ("titles", "summaries"), ("terms",)),
        ({"구분": ["감정/불만", "감정/기쁨"], "유저": TEXTS, "챗봇": [f"그렇군요 {i}번 말씀을 들었어요" for i in IDS]},
         ("유저",), ("구분",)),
        # one text judged about several things
        ({"text": [text for text in TEXTS[:20] for _ in "ab"], "aspect": ["food", "service"], "sentiment": ["p", "n"]},
         ("text", "aspect"), ("sentiment",)),
        ({"text": TEXTS, "aspect": ["food", "service", "price"], "sentiment": ["p", "n"]}, ("text",), ("sentiment",)),
        # an intent is that of whoever asks; a name that ends as topics are called; names beside marks
        ({"instruction": TEXTS, "intent": ["a", "b"], "response": [f"well, {i} times we tried that" for i in IDS]},
         ("instruction",), ("intent",)),
        ({"text": TEXTS, "news_topic": ["a", "b"], "outlet": ["x", "y", "z"]}, ("text",), ("news_topic",)),
        ({"text": TEXTS, "topic": ["a", "b"], "gender": ["x", "y", "y"], "priority": [1, 2, 3]},
         ("text",), ("topic",)),
        ({"text": TEXTS, "label": [[0, 1], [1, 1], [1, 0]], "label_name": [["b"], ["a", "b"], ["a"]]},
         ("text",), ("label_name",)),
        # one name in two states; the longest body under a title; what is many times as long as the rest
        ({"text": TEXTS, "category": [1, 2, 3], "category_raw": ["a/b", "c", "d", "e"]}, ("text",), ("category",)),
        ({"title": WORDS, "summary": TEXTS, "document": [3 * f"{text} " for text in TEXTS], "category": ["a", "b"],
          "press": ["x", "y", "z"]}, ("title", "document"), ("category",)),
        ({"caso": [9 * f"{text} " for text in TEXTS], "diagnostico": [f"migraña leve {i}" for i in IDS],
          "especialidad": ["a", "b"]}, ("caso",), ("especialidad",)),
        ({"text": TEXTS, "label_sexist": ["no", "no", "yes", "yes"], "label_category": ["-", "-", "1. a", "2. b"]},
         ("text",), ("label_sexist",)),
        # words beside numbers in the plural; a measured sentiment is no class
        ({"premise": TEXTS, "hypothesis": TEXTS[::-1], "labels": [0, 1], "label_text": ["other", "follows"]},
         ("premise", "hypothesis"), ("label_text",)),
        ({"body": TEXTS, "sentiment": [0.31, -0.4, 0.0], "topics": [3, 1, 2, 0]}, ("body",), ("topics",)),
        ({"post": TEXTS, "score": [1, 2, 3, 4, 6, 10], "flair": ["q", "d"]}, ("post",), ("flair",)),
        # stars by their values and the end of their name; the only question of a crowd, however long its answers are
        ({"content": TEXTS, "score": [1, 2, 3, 4, 5], "sortOrder": ["newest", "relevant", "newest"]},
         ("content",), ("score",)),
        ({"review_text": TEXTS, "overall_rating": [5, 1, 3, 4], "product_brand": ["a", "b"],
          "review_title": ["ok", "no"], "recommend_to_a_friend": ["Yes", "No", "No"]},
         ("review_text",), ("overall_rating",)),
        ({"_golden": [True, False, False], "is_it_rude": ["This one is not rude at all", "This one is rather rude"],
          "is_it_rude:confidence": [0.5, 1.0, 0.7], "_unit_state": ["golden", "finalized"], "tweet_text": TEXTS},
         ("tweet_text",), ("is_it_rude",)),
        # yes and no in one way are labels together
        ({"text": TEXTS, "toxic": ["y", "n"], "insult": ["n", "n", "y"]}, ("text",), ("toxic", "insult")),
        ({"text": TEXTS, "toxic": ["Yes", "No"], "votes": [0, 1, 1]}, ("text",), ("toxic",)),
        ({"text": TEXTS, "toxic": [0, 1], "checked_by_hand": ["yes"]}, ("text",), ("toxic",)),
    ],
)  # fmt: skip
def test_columns_as_people_have_them_are_found(columns, text, labels):
    assert chosen(columns) == (text, labels)


@pytest.mark.parametrize(
    ("source", "columns", "label", "others", "why"),
    [
        # what an opinion says, before what it is about
        ("rows.csv", {"Category": ["a", "b"], "Review": TEXTS, "Liked": [0, 1, 1]}, "Liked", "'Category'", "opinions"),
        ("rows.csv", {"topic": ["a", "b", "c"], "sentiment": ["p", "n"], "TweetText": TEXTS}, "sentiment", "'topic'",
         "'TweetText' holds opinions"),
        ("rows.csv", {"후기": TEXTS, "카테고리": ["가", "나"], "별점": [1, 2, 3]}, "별점", "'카테고리'", "opinions"),
        ("rows.csv", {"product_category": ["a", "b"], "star_rating": [1, 2, 3], "review_body": TEXTS}, "star_rating",
         "'product_category'", "opinions"),
        ("rows.csv", {"댓글": TEXTS, "카테고리": ["가", "나"], "혐오여부": ["Y", "N", "N"]}, "혐오여부", "'카테고리'",
         "opinions"),
        # what a plot is about, before its stars
        ("rows.csv", {"plot": TEXTS, "genre": ["a", "b"], "rating": [1, 2, 3]}, "genre", "'rating'", "tells of"),
        # a sentiment before the stars it may be made of, stars before a recommendation
        ("rows.csv", {"text": TEXTS, "sentiment": ["p", "n", "n"], "rating": [5, 1, 3, 4]}, "sentiment", "'rating'",
         "says more of"),
        ("rows.csv", {"Text": TEXTS, "Rating": [5, 1, 3, 4], "Recommended IND": [1, 0, 0]}, "Rating",
         "'Recommended IND'", "says more of"),
        # a plain name before its variant, an entailment before what it is about
        ("rows.csv", {"text": TEXTS, "entailment": [0, 1], "validated_entailment": [0, 1, 1],
         "target": ["a", "b", "c"]}, "entailment", "'target'", "what is said"),
        # what is said, before what it is said of; a name that labels have, beside names that say nothing of the kind
        ("rows.csv", {"post": TEXTS, "sentiment": ["p", "n", "n"], "target": ["a", "b"]}, "sentiment",
         "'target'", "said"),
        ("rows.csv", {"text": TEXTS, "target": ["soup", "staff", "price"], "opinion": ["positive", "negative"]},
         "opinion", "'target'", "said"),
        ("rows.csv", {"text": TEXTS, "topic": ["a", "b"], "sign": ["x", "y", "y"]}, "topic", "'sign'", "called a"),
        ("rows.csv", {"text": TEXTS, "target": [0, 1], "feat_Joy": [0, 0, 1]}, "target", "'feat_Joy'", "called a"),
        # one verdict among other facts; tags, of which a cell holds several
        ("rows.csv", {"text": TEXTS, "toxic": [0, 1], "is_reply": [1, 0, 0]}, "toxic", "'is_reply'", "a verdict"),
        ("rows.csv", {"text": TEXTS, "fake": ["y", "n"], "house": ["a", "b", "c"]}, "fake", "'house'", "a verdict"),
        ("rows.csv", {"Body": TEXTS, "Tags": [f"<a{i}><b>" for i in IDS], "Y": ["HQ", "LQ"]}, "Y", "'Tags'", "as"),
        # the name of the file, or of its folder
        ("data/stance.csv", {"text": TEXTS, "topic": ["a", "b", "c"], "stance": ["p", "n"]}, "stance", "'topic'",
         "called a"),
        ("topics/train.csv", {"text": TEXTS, "topic": ["a", "b", "c"], "sentiment": ["p", "n"]}, "topic",
         "'sentiment'", "called a"),
        ("Sarcasm_v2.tsv", {"text": TEXTS, "sentiment": ["p", "n"], "is_sarcastic": [0, 1, 1]}, "is_sarcastic",
         "'sentiment'", "called a"),
        ("감정말뭉치.csv", {"문장": TEXTS, "주제": ["가", "나"], "감정": ["기쁨", "슬픔", "슬픔"]}, "감정", "'주제'",
         "called a"),
    ],
)  # fmt: skip
def test_the_better_one_of_several_labels_is_taken_with_a_line(source, columns, label, others, why):
    """Names of file, texts and columns decide where they can; the line names the rest and the flag."""
    rows = pa.table({name: (values * 40)[:40] for name, values in columns.items()})
    found = choose_columns(RawSplit(rows, {}), DataArguments(dataset=source))
    assert found.labels == (label,)
    assert found.notes[0] == f"Labels are read from '{label}'."
    (line,) = [note for note in found.notes if "could be meant too" in note]
    assert why in line and f"{others} is left, which could be meant too: --label_columns " in line


def test_the_first_file_of_a_folder_says_what_the_data_is_called(tmp_path):
    moods, sarcasm = ["p", "n", "n", "p"] * 10, ["no", "yes", "no", "no", "no"] * 8
    frame = pd.DataFrame({"tweet": TEXTS, "sentiment": moods, "sarcasm": sarcasm})
    frame.to_csv(tmp_path / "ArSarcasm_train.csv", index=False)
    assert load_splits(DataArguments(dataset=str(tmp_path))).provenance.label_columns == ("sarcasm",)
    (tmp_path / "sentiments").mkdir()
    frame.to_csv(tmp_path / "sentiments" / "rows.csv", index=False)
    named = load_splits(DataArguments(dataset=str(tmp_path / "sentiments" / "rows.csv")))
    assert named.provenance.label_columns == ("sentiment",)


@pytest.mark.parametrize("source", ["topic_sentiment.csv", "reviews.csv", "labels/text.csv", "Top.csv", "train.csv"])
def test_a_file_whose_name_says_both_or_neither_leaves_the_question(source):
    rows = pa.table({"text": TEXTS, "topic": ["a", "b", "c", "d"] * 10, "sentiment": ["p", "n", "n", "p", "p"] * 8})
    with pytest.raises(UserError, match="topic, sentiment"):
        choose_columns(RawSplit(rows, {}), DataArguments(dataset=source))


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"Category": ["a", "b"], "passage": TEXTS, "Liked": [0, 1, 1]}, "Category, Liked"),
        ({"text": TEXTS, "opinion": ["a", "b"], "target": ["soup", "staff", "price"]}, "target, opinion"),
        ({"question": ["Why?", "What is it?"], "answer": TEXTS, "label": [0, 1]}, "question, answer"),
        ({"prompt": ["Why?"], "text": ["one", "two"], "reply": TEXTS, "label": [0, 1]}, "could be meant: text, reply"),
        ({"text": TEXTS, "toxic": [0, 1], "insult": [1, 0, 0], "anonymous": [1, 0, 0, 0]},
         r"anonymous\. Give --label_columns toxic insult\."),
        ({"text": TEXTS, "category": ["a", "b"], "mood": ["p", "n", "n"]}, "category, mood"),
        ({"text": TEXTS, "label_1": ["a", "b"], "label_2": ["a", "b", "b"]}, "label_1, label_2"),
        ({"text": TEXTS, "sentiment": ["p", "n"], "sarcastic": [0, 1, 1]}, "sentiment, sarcastic"),
        ({"text": TEXTS, "topic": ["a", "b", "c"], "sentiment": ["p", "n"]}, "topic, sentiment"),
        # an opinion is read for what it says, but of its verdicts no one leads; a headline may be asked for either
        ({"tweet": TEXTS, "sentiment": ["p", "n"], "sarcastic": [0, 1, 1]}, "sentiment, sarcastic"),
        ({"headline": TEXTS, "category": ["a", "b"], "sentiment": ["p", "n", "n"]}, "category, sentiment"),
        ({"review": TEXTS, "category": ["a", "b"], "approved": [1, 0, 0]}, "category, approved"),
        # beside the topic of opinions any column may say what they say
        ({"tweet": TEXTS, "topic": ["a", "b"], "ideology": ["l", "r", "r"]}, "topic, ideology"),
        ({"tweet": TEXTS, "labels_task1_1": ["a", "b"], "labels_task1_2": ["l", "r", "r"]}, "task1_1, labels_task1_2"),
        # a word of the file that other columns have too says nothing
        ({"Date received": ["a"], "Product": ["a", "b"], "Issue": ["x", "y", "y"], "Consumer complaint": TEXTS,
          "Company response to consumer": ["c", "d", "d", "d"]}, "Product, Issue, Company response"),
        # upvotes are no stars
        ({"comment": TEXTS, "score": [1, 2, 3, 9, 12], "house": ["a", "b"], "form": ["c", "d", "d"]}, "house, form"),
        # nothing is learnt of when a row was made, or what it is called
        ({"publish_date": [20030219 + i // 10 for i in IDS], "headline_text": TEXTS}, "none of publish_date looks"),
        ({"row_id": [1, 2, 3, 4], "text": TEXTS}, "none of row_id looks"),
        ({"text": TEXTS, "category": ["a", "b"], "topic": ["p", "n", "n"]}, "category, topic"),
        ({"comments": TEXTS, "bias": ["a", "b"], "hate": ["p", "n", "n"]}, "bias, hate"),
        ({"text": TEXTS, "topic": ["a", "b"], "rating": [1, 2, 3, 4, 5]}, "topic, rating"),
        ({"headline": TEXTS, "short_description": TEXTS[::-1], "body": TEXTS, "label": [0, 1]},
         r"headline, body, short_description\. Give --text_columns headline"),
        ({"text": TEXTS, "author": ["a", "b"], "year": [2001, 2002]}, "author, year"),
        ({"text": TEXTS, "target": [0.1, 0.5, 0.0], "rating": ["kept", "cut"]}, "target, rating.*Fractions as"),
        ({"text": TEXTS, "score": [0.1, 0.5]}, "none of score looks like it"),
        ({"text": TEXTS, "valence": [0.1, 0.5]}, "Fractions as those in 'valence' are not predicted"),
        ({"text": TEXTS, "category": ["a", "b"], "sentiment_label": ["p", "n", "n"]}, "sentiment_label, category"),
        ({"text": TEXTS, "stars": [1, 2, 3, 4, 5], "quality_label": ["p", "n", "n"]}, "quality_label, stars"),
        ({"text": TEXTS, "topic_label": ["a", "b"], "stance_label": ["p", "n", "n"]}, "topic_label, stance_label"),
        ({"text": TEXTS, "sarcasm": [0, 1, 1], "approved": ["yes", "no"]}, "sarcasm, approved"),
        ({"text": TEXTS, "toxic": ["y", "n"], "insult": ["no", "no", "yes"]}, "toxic, insult"),
        ({"prompt": TEXTS, "response": [f"안녕하세요, 답은 {i}번입니다." for i in IDS], "label": ["safe", "unsafe"]},
         "could be meant: prompt, response"),
        # one value throughout is no class above others; a few gaps are no question that follows up
        ({"text": TEXTS, "house": ["x"], "form": ["a", "b"], "style": ["c", "d", "d"]}, "form, style"),
        ({"text": TEXTS, "form": ["a", "b"], "style": ["c", "d", None, "d", "c"]}, "form, style"),
    ],
)  # fmt: skip
def test_columns_of_which_two_readings_are_possible_are_asked_for(columns, sentence):
    with pytest.raises(UserError, match=sentence):
        chosen(columns, dataset="Consumer_Complaints.csv")


def splits_of(tmp_path, name, values, **options):
    frame = pd.DataFrame({"text": [f"소식 {i}" for i in range(60)], "label": ["a", "b"] * 30})
    frame[name] = [values[i % len(values)] for i in range(60)]
    frame.to_csv(tmp_path / "rows.csv", index=False)
    return load_splits(DataArguments(dataset=str(tmp_path / "rows.csv"), **options))


@pytest.mark.parametrize(
    ("name", "values"),
    [("split", ["train", "dev", "test"]), ("Partition", ["TRAIN", "VAL", "TEST"]),
     ("fold", ["training", "validation", "testing"]), ("subset", ["학습", "검증", "평가"]),
     ("set", [" train", "valid ", "test"])],
)  # fmt: skip
def test_a_column_of_splits_makes_the_splits(tmp_path, name, values):
    """120 intents beside a column `split` became the labels train, dev and test."""
    loaded = splits_of(tmp_path, name, values)
    for place, split in enumerate(("train", "validation", "test")):
        assert [int(text.split()[1]) % 3 for text in loaded.splits[split]["text"]] == [place] * 20
    assert any(
        f"Splits are read from '{name}' (20 train, 20 validation, 20 test)" in n for n in loaded.provenance.notes
    )
    assert names(loaded) == ("a", "b")
    ignored = splits_of(tmp_path, name, values, split_column="none")
    assert ignored.provenance.sizes == {"train": 41, "validation": 7, "test": 12}


def test_a_column_of_splits_is_named_and_its_strangers_are_refused(tmp_path):
    loaded = splits_of(tmp_path, "who", ["train", "train", "test"], split_column="who")
    assert loaded.provenance.sizes["test"] == 20
    with pytest.raises(UserError, match=r"--split_column who must say train, validation or test.*found '0', '1'"):
        splits_of(tmp_path, "who", [0, 1], split_column="who")
    with pytest.raises(UserError, match="no column 'whom'"):
        splits_of(tmp_path, "who", [0, 1], split_column="whom")
    with pytest.raises(UserError, match=r"rows\.csv, line 5: no split in 'who'"):
        splits_of(tmp_path, "who", ["train", "test", "train", None], split_column="who")
    skipped = splits_of(
        tmp_path, "who", ["train", "train", "test", "test", None], split_column="who", on_bad_row="skip"
    )
    assert skipped.splits["test"].num_rows == 24
    assert any("12 rows left out: no split in 'who'" in note for note in skipped.provenance.notes)
    assert "label" in splits_of(tmp_path, "fold", ["0", "1"]).provenance.label_columns


def test_bad_rows_of_a_parted_file_keep_their_lines(tmp_path):
    columns = {"text": TEXTS[:12], "label": ["a", None, "b", "a"] * 3, "split": ["train", "test"] * 6}
    frame = pd.DataFrame(columns)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(UserError, match=r"rows\.csv, line 3: no label \(3 such rows\)"):
        load_splits(DataArguments(dataset=str(tmp_path / "rows.csv")))
    frame.to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(UserError, match=r"rows\.parquet, row 2: no label"):
        load_splits(DataArguments(dataset=str(tmp_path / "rows.parquet")))


def test_more_than_fifty_numbers_are_classes_where_they_leave_hardly_a_gap():
    """Prices, counts and years do."""
    assert _numbers_of_classes([float(k) for k in range(60)])
    assert not _numbers_of_classes([float(37 * k) for k in range(60)])
    assert not _numbers_of_classes([float(k) for k in range(501)])
