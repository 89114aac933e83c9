"""What each builder makes of its publisher's layout, dirt included; the layouts are written here, line by line."""

import csv
import json
import unicodedata
from pathlib import Path

import pytest

import dataset_scripts

NFC_TITLE = "인천→핀란드 항공기 결항"
NFD_TITLE = unicodedata.normalize("NFD", "국회 예산안 처리")


def build(name, tmp_path, config=None):
    return dataset_scripts.build(name, config=config, data_dir=tmp_path / "raw", cache_dir=tmp_path / "cache")


def write(tmp_path, name, content):
    path = tmp_path / "raw" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


def rows(dataset):
    names = dataset.features["labels"]
    return [{**row, "labels": _names(names, row["labels"])} for row in dataset]


def _names(feature, value):
    return [feature.feature.int2str(label) for label in value] if isinstance(value, list) else feature.int2str(value)


def write_hate_speech(tmp_path):
    header = "\ufefffile_id,user_id,subforum_id,num_contexts,label\r\n"
    write(
        tmp_path, "annotations_metadata.csv", header + "1_1,77,1,0,noHate\r\n1_2,77,1,0,hate\r\n2_1,8,1,0,noHate\r\n"
    )
    write(tmp_path, "sampled_train/1_1.txt", "\ufeffA sentence .\r\n")
    write(tmp_path, "sampled_train/1_2.txt", "Caf\xe9 .".encode("latin-1"))
    write(tmp_path, "sampled_test/2_1.txt", "Another one .")


def test_hate_speech_joins_sentences_with_their_labels_and_users(tmp_path):
    write_hate_speech(tmp_path)
    splits = build("hate_speech", tmp_path)
    assert rows(splits["train"]) == [
        {"id": "1_1", "text": "A sentence .", "user_id": "77", "labels": "noHate"},
        {"id": "1_2", "text": "Café .", "user_id": "77", "labels": "hate"},
    ]
    assert rows(splits["test"]) == [{"id": "2_1", "text": "Another one .", "user_id": "8", "labels": "noHate"}]


def test_a_sentence_without_a_metadata_line_is_named(tmp_path):
    write_hate_speech(tmp_path)
    write(tmp_path, "sampled_test/9_9.txt", "Who wrote this ?")
    with pytest.raises(dataset_scripts.RawDataError, match=r"9_9\.txt of the test split has no line"):
        build("hate_speech", tmp_path)


def test_contest_headlines_keep_their_unicode_form(tmp_path):
    write(tmp_path, "train_data.csv", f'\ufeffindex,title,topic_idx\r\n0,{NFC_TITLE},4\r\n1,"{NFD_TITLE}, 왜",6\r\n')
    assert rows(build("korean_news_titles", tmp_path)["train"]) == [
        {"id": "0", "text": NFC_TITLE, "labels": "세계"},
        {"id": "1", "text": f"{NFD_TITLE}, 왜", "labels": "정치"},
    ]


def test_klue_release_wins_over_the_contest_file_and_dev_becomes_test(tmp_path):
    write(tmp_path, "train_data.csv", "index,title,topic_idx\n0,x,0\n")
    record = {"guid": "a", "title": NFD_TITLE, "predefined_news_category": "사회", "label": "IT과학"}
    # A label in decomposed Hangul is still that label; the text stays as it came.
    decomposed = {"guid": "b", "title": NFC_TITLE, "label": unicodedata.normalize("NFD", "스포츠")}
    write(tmp_path, "ynat-v1.1_train.json", "\ufeff" + json.dumps([record, decomposed], ensure_ascii=False))
    write(tmp_path, "ynat-v1.1_dev.json", json.dumps([record]))
    splits = build("korean_news_titles", tmp_path)
    assert rows(splits["train"]) == [
        {"id": "a", "text": NFD_TITLE, "labels": "IT과학"},
        {"id": "b", "text": NFC_TITLE, "labels": "스포츠"},
    ]
    assert len(splits["test"]) == 1


def test_korean_comments_unquote_cells_and_keep_quotation_marks_inside(tmp_path):
    header = "comments\tcontain_gender_bias\tbias\thate\n"
    write(tmp_path, "train.tsv", header + f'"꺄""~~씨"\tFalse\tnone\tnone\n{NFD_TITLE} "왜"\tTrue\tgender\thate\n')
    write(tmp_path, "dev.tsv", header + "별로\tFalse\tnone\toffensive\n")
    splits = build("korean_comments", tmp_path)
    assert rows(splits["train"]) == [
        {"id": "train-0", "text": '꺄"~~씨', "labels": "none"},
        {"id": "train-1", "text": f'{NFD_TITLE} "왜"', "labels": "hate"},
    ]
    assert rows(splits["test"]) == [{"id": "test-0", "text": "별로", "labels": "offensive"}]


def write_reuters(tmp_path):
    def article(number, split, topics, text, has_topics="YES"):
        listed = "".join(f"<D>{topic}</D>" for topic in topics)
        attributes = f'TOPICS="{has_topics}" LEWISSPLIT="{split}" NEWID="{number}"'
        return f"<REUTERS {attributes}>\n<TOPICS>{listed}</TOPICS>\n<UNKNOWN>&#5;C T</UNKNOWN>\n{text}</REUTERS>\n"

    body = "<BODY>dlr&#127;untied\r\n\x05gr\xfcn\n Reuter\n&#3;</BODY>"
    full = f"<TEXT>&#2;\n<TITLE>A &lt;B> &amp; C</TITLE>\n{body}</TEXT>"
    brief = '<TEXT TYPE="BRIEF">&#2;\n<TITLE>TITLE ALONE</TITLE>\n******\n</TEXT>'
    unprocessed = '<TEXT TYPE="UNPROC">&#2;\nREPORT\n M-1....1\n&#3;\n</TEXT>'
    content = (
        article(1, "TRAIN", ["grain", "corn", "corn"], full)
        + article(2, "TEST", [], brief)
        + article(3, "TRAIN", ["money-supply"], unprocessed)
        + article(4, "TRAIN", ["earn"], full, has_topics="NO")
        + article(5, "NOT-USED", ["earn"], full)
    )
    write(tmp_path, "reut2-000.sgm", b"\xef\xbb\xbf<!DOCTYPE lewis SYSTEM>\r\n" + content.encode("latin-1"))


def test_reuters_reads_the_modapte_split_without_markup_and_control_characters(tmp_path):
    write_reuters(tmp_path)
    splits = build("reuters_topics", tmp_path)
    assert rows(splits["train"]) == [
        {"id": "1", "text": "A <B> & C", "text_pair": "dlr untied\n grün\n Reuter", "labels": ["grain", "corn"]},
        {"id": "3", "text": "REPORT\n M-1....1", "text_pair": "", "labels": ["money-supply"]},
    ]
    assert rows(splits["test"]) == [{"id": "2", "text": "TITLE ALONE", "text_pair": "", "labels": []}]


def test_reuters_with_one_topic_each_takes_the_first_of_each_topic(tmp_path, monkeypatch):
    write_reuters(tmp_path)
    articles = (
        ("11", "TRAIN", ["ship"]),
        ("12", "TRAIN", ["ship", "crude"]),  # two topics
        ("13", "TRAIN", ["cocoa"]),  # none of the eight
        ("14", "TRAIN", ["acq"]),
        ("15", "TRAIN", ["ship"]),
        ("16", "TRAIN", ["ship"]),  # the third of its topic
        ("17", "TEST", ["trade"]),
    )
    content = "".join(
        f'<REUTERS TOPICS="YES" LEWISSPLIT="{split}" NEWID="{number}">\n'
        f"<TOPICS>{''.join(f'<D>{topic}</D>' for topic in topics)}</TOPICS>\n<TEXT>x</TEXT></REUTERS>\n"
        for number, split, topics in articles
    )
    write(tmp_path, "reut2-001.sgm", content.encode())
    monkeypatch.setattr("dataset_scripts.reuters_topics._MOST_OF_A_TOPIC", {"train": 2, "test": 2})
    splits = build("reuters_topics", tmp_path, "eight_topics")
    found = {split: [(row["id"], row["labels"]) for row in rows(splits[split])] for split in splits}
    assert found == {"train": [("11", "ship"), ("14", "acq"), ("15", "ship")], "test": [("17", "trade")]}


TWEETS_HEADER = "UserName,ScreenName,Location,TweetAt,OriginalTweet,Sentiment\r\n"


def test_tweets_keep_line_ends_in_quotes_and_lose_the_double_encoding(tmp_path):
    """The test file is UTF-8 of text read as Windows-1252, the train file has bytes that are no UTF-8."""
    tweet = '1,2,"Z\xfcrich, CH",2/3/2020,"It\u00c2\u2019s ""here""\r\r\nnow &amp; then",Extremely Negative\r\n'
    write(tmp_path, "Corona_NLP_test.csv", "\ufeff" + TWEETS_HEADER + tweet)
    train = "7,8,Malm\xf6,1/3/2020,It\u00c2\u0092s caf\u00c3\u00a9 or caf\u00e9,Positive\r\n"
    write(tmp_path, "Corona_NLP_train.csv", (TWEETS_HEADER + train).encode("latin-1"))
    splits = build("coronavirus_tweets", tmp_path)
    assert rows(splits["test"]) == [
        {"id": "1", "text": 'It’s "here"\nnow &amp; then', "labels": "Extremely Negative"},
    ]
    assert rows(splits["train"]) == [{"id": "7", "text": "It’s café or café", "labels": "Positive"}]
    joined = build("coronavirus_tweets", tmp_path, config="three_class")["test"]
    assert joined.features["labels"].names == ["Negative", "Neutral", "Positive"]
    assert rows(joined)[0]["labels"] == "Negative"


def test_tweets_need_only_one_of_their_files(tmp_path):
    write(tmp_path, "Corona_NLP_test.csv", TWEETS_HEADER + "1,2,,2/3/2020,Hello,Neutral\r\n")
    assert list(build("coronavirus_tweets", tmp_path)) == ["test"]


def write_news_sample(tmp_path):
    topics = ("society", "politics", "international", "economy", "sport", "entertain", "it", "culture")
    for language, title in (("english", "A title\u2028here"), ("korean", NFD_TITLE)):
        for topic in topics:
            article = {"title": title, "body": f"About {topic}.", "category": topic, "tags": ["trade", "ai"]}
            write(tmp_path, f"{language}/{topic}.jsonl", json.dumps(article, ensure_ascii=False) + "\r\n\r\n")
    return list(topics)


def test_news_sample_gives_topics_and_tags_in_a_fixed_order(tmp_path):
    topics = write_news_sample(tmp_path)
    korean = build("news_sample", tmp_path, config="korean")["train"]
    assert korean.features["labels"].names == topics
    society = {"id": "korean/society/0", "text": NFD_TITLE, "text_pair": "About society.", "language": "korean"}
    assert rows(korean)[0] == society | {"labels": "society"}
    tags = build("news_sample", tmp_path, config="all_tags")
    assert list(tags) == ["train"]
    assert len(tags["train"]) == 16
    assert tags["train"].features["labels"].feature.names[:3] == ["ai", "athletics", "baseball"]
    assert rows(tags["train"])[0]["labels"] == ["trade", "ai"]


def test_every_bundled_article_has_known_labels(tmp_path):
    if len(list((Path(dataset_scripts.__file__).parent / "samples").glob("*/*.jsonl"))) < 16:
        pytest.skip("the bundled samples are incomplete")
    for config in ("all", "all_tags"):
        assert len(dataset_scripts.build("news_sample", config=config, cache_dir=tmp_path)["train"]) > 0


def test_a_table_with_a_cell_too_few_is_refused(tmp_path):
    write(tmp_path, "train_data.csv", "index,title,topic_idx\n0,only a title\n")
    with pytest.raises(dataset_scripts.RawDataError, match=r"Line 2 of .* is cut short"):
        build("korean_news_titles", tmp_path)


def test_a_quotation_mark_that_is_never_closed_ends_in_one_sentence(tmp_path):
    """The limit belongs to the whole process: where another reader had raised it, this test wrote gigabytes."""
    limit = csv.field_size_limit(10_000)
    try:
        write(tmp_path, "train_data.csv", 'index,title,topic_idx\n0,"never closed ' + "x" * 10_001)
        with pytest.raises(dataset_scripts.RawDataError, match="Expected a table in"):
            build("korean_news_titles", tmp_path)
    finally:
        csv.field_size_limit(limit)
