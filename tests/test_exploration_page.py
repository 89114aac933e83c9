"""A whole exploration with a tiny model: what is measured, what the page holds, what it must not hold."""

import csv
import html
import json
import re

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, List, Value
from transformers import AutoTokenizer

from tests.tiny_models import ENGLISH, KOREAN
from textclf.arguments import DataArguments
from textclf.commands import explore as command
from textclf.data.loading import load_splits
from textclf.errors import UserError
from textclf.exploration.explore import explore
from textclf.exploration.explore_options import ExploreOptions
from textclf.exploration.label_counts import indicator
from textclf.exploration.render import page_path, render
from textclf.exploration.text_lengths import measure_lengths
from textclf.exploration.wording import exploration_words
from textclf.labels import LabelSpace

OUTSIDE_LOAD = re.compile(r'<(script|link|img|iframe)[^>]*(src|href)="https?://')
HOSTILE = '</script><script src="https://evil.example/x.js"></script><img src="https://evil.example/i.png">'


def write_csv(path, rows, header=("text", "label")):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def page_data(page):
    return json.loads(re.search(r'<script type="application/json" id="page-data">(.*?)</script>', page, re.S)[1])


@pytest.fixture(scope="module")
def hostile_page(tiny_model, tmp_path_factory):
    """A page of English and Korean texts, some of which try to break out of it, with hostile label names."""
    rows = [
        (f"{text} {HOSTILE if i % 4 == 0 else ''} {i}", "<b>on</b>" if i % 2 else HOSTILE)
        for i, text in enumerate(ENGLISH * 2)
    ]
    rows += [(f"{text} {i}", "한국어") for i, text in enumerate(KOREAN)]
    path = write_csv(tmp_path_factory.mktemp("data") / "hostile.csv", rows)
    args = DataArguments(dataset=str(path))
    found = explore(load_splits(args), args, ExploreOptions(model=str(tiny_model("bert"))))
    return found, render(found)


def test_nothing_is_loaded_from_outside(hostile_page):
    _, page = hostile_page
    assert not OUTSIDE_LOAD.search(page)
    assert "default-src 'none'" in page


def test_texts_cannot_break_out_of_the_page(hostile_page):
    _, page = hostile_page
    assert "evil.example" in page
    assert '<script src="https://evil' not in page
    assert len(re.findall(r"<script[ >]", page)) == len(re.findall(r"</script>", page))


def test_the_page_shows_what_was_found(hostile_page):
    found, page = hostile_page
    data = page_data(page)
    assert sorted(data["labels"]) == sorted(found.labels.names)
    at = data["labels"].index("한국어")
    label = found.labels.label2id["한국어"]
    assert data["total"][at] == sum(int(counts[label]) for counts in found.counts.per_split.values())
    assert data["trainCounts"][at] == found.counts.per_split["train"][label]
    words = {word for word, *_ in data["words"]["1"][at]["frequent"]}
    assert words
    assert all(re.search("[가-힣]", word) for word in words)
    assert page.count("<circle") == 0, "charts are drawn in the browser"
    assert len(page) < 300_000


def test_training_texts_are_there_to_read_with_their_points_of_the_map(hostile_page):
    found, page = hostile_page
    data = page_data(page)
    assert len(data["texts"]) == found.provenance.sizes["train"]
    points = [point for *_, point in data["texts"] if point >= 0]
    assert sorted(points) == list(range(len(data["map"]["fields"]["text"]["pca"][0])))
    for _, _, labels, point in data["texts"]:
        assert data["map"]["labels"][point] == labels
    for clustering in data["clusters"]:
        for cluster, places in enumerate(clustering["central"]):
            assert 1 <= len(places) <= 3
            assert all(clustering["ids"][data["texts"][place][3]] == cluster for place in places)


def test_listed_words_stand_in_texts_of_their_label(hostile_page):
    _, page = hostile_page
    data = page_data(page)
    texts = {row: (text, labels) for row, text, labels, _ in data["texts"]}
    seen = 0
    for length in data["words"].values():
        for label, listed in enumerate(length):
            for word, *_ in (*listed["frequent"], *listed["distinctive"]):
                for row, before, hit, after in data["contexts"][label][word]:
                    text, labels = texts[row]
                    assert label in labels
                    assert hit
                    around = f"{before.lstrip('…')}{hit}{after.rstrip('…')}".strip()
                    assert around in html.unescape(text)
                    seen += 1
    assert seen > 50


def test_a_page_about_korean_texts_is_korean(tiny_model, tmp_path):
    rows = [(f"{text} {i}", ("부정", "긍정")[i % 2]) for i, text in enumerate(KOREAN * 2)]
    args = DataArguments(dataset=str(write_csv(tmp_path / "리뷰.csv", rows, header=("글", "라벨"))))
    page = render(explore(load_splits(args), args, ExploreOptions(model=str(tiny_model("bert")))))
    assert '<html lang="ko">' in page
    shown = re.sub(
        r"<code>.*?</code>|<dl.*?</dl>", " ", page[page.index("<body>") : page.index("<script type")], flags=re.S
    )
    words = set(re.findall("[A-Za-z]{2,}", re.sub(r"<[^>]+>", " ", shown)))
    known = {"PCA", "SNE", "NMI", "AMI", "IsoScore", "Ethayarajh", "Rudman", "Monroe", "explore", "py", "UTC", "csv"}
    known |= {"max", "length", "min", "label", "count", *re.findall("[A-Za-z]+", str(tiny_model("bert")))}
    assert words <= known


def test_both_languages_have_the_same_words_and_places():
    english, korean = exploration_words("en"), exploration_words("ko")
    for name, words in english.items():
        if not name.startswith(("metric_", "audit_")):
            places = set(re.findall(r"{\w+}", words))
            assert set(re.findall(r"{\w+}", korean[name])) <= places, name


def test_only_training_texts_are_shown_as_words_and_on_the_map(tiny_model, tmp_path):
    train = write_csv(tmp_path / "train.csv", [(f"{t} {i}", "ab"[i % 2]) for i, t in enumerate(ENGLISH)])
    held_out = write_csv(tmp_path / "held.csv", [(f"zanzibar secret {i}", "ab"[i % 2]) for i in range(8)])
    args = DataArguments(dataset=None, train_file=str(train), validation_file=str(held_out), test_file=str(held_out))
    found = explore(load_splits(args), args, ExploreOptions(model=str(tiny_model("bert"))))
    drawn = json.dumps(page_data(render(found)))
    assert "zanzibar" not in drawn
    assert "stadium" in drawn


def test_several_labels_and_two_fields_give_three_maps(tiny_model, tmp_path):
    rows = [
        (t, k, "sport|late" if i % 3 == 0 else "sport" if i % 3 == 1 else "")
        for i, (t, k) in enumerate(zip(ENGLISH, KOREAN, strict=True))
    ]
    path = write_csv(tmp_path / "tags.csv", rows, header=("title", "body", "tags"))
    args = DataArguments(dataset=str(path), label_separator="|", label_columns=["tags"])
    found = explore(load_splits(args), args, ExploreOptions(model=str(tiny_model("bert")), map_points=10))
    data = page_data(render(found))
    assert list(data["map"]["fields"]) == ["both", "text", "text_pair"]
    assert data["several"]
    assert sum(data["labelsPerText"]) == found.provenance.sizes["train"]
    assert len(found.embedded.texts) == 10
    assert any("stratified sample: 10 of" in remark for remark in found.remarks)
    assert found.notes == [], "how the page was made is no warning"


def test_lengths_are_those_of_the_tokenizer(tiny_model):
    texts = [text[: 10 + 7 * i] for i, text in enumerate(ENGLISH[:12])]
    labels = Features({"text": Value("string"), "labels": ClassLabel(names=["a", "b", "never"])})
    train = Dataset.from_dict({"text": texts, "labels": [i % 2 for i in range(12)]}, features=labels)
    tokenizer = AutoTokenizer.from_pretrained(tiny_model("bert"))
    carried = indicator(train, LabelSpace.from_features(train.features))
    lengths = measure_lengths(train, carried, tokenizer, DataArguments(length_coverage=0.75), limit=128)
    tokens = sorted(len(tokenizer(text)["input_ids"]) for text in texts)
    assert lengths.tokens.covering["0.9"] == tokens[10]  # 11 of 12 are the first to be 90 %
    assert lengths.max_length == tokens[8]
    assert lengths.cut == sum(n > tokens[8] for n in tokens)
    few = measure_lengths(train, carried, tokenizer, DataArguments(length_coverage=0.9), limit=128)
    assert (few.max_length, few.cut) == (128, 0)  # 12 texts do not show what 90 % of all stay below
    asked = measure_lengths(train, carried, tokenizer, DataArguments(max_length="100"), limit=128)
    assert (lengths.few, few.few, asked.few) == (False, True, False)
    assert lengths.characters.covering["1.0"] == max(map(len, texts))
    assert lengths.tokens.counts.sum() + lengths.tokens.beyond == 12
    medians = [np.median([len(text) for text in texts[first::2]]) for first in (0, 1)]
    assert lengths.characters.per_label[:2, 2].tolist() == medians
    assert np.isnan(lengths.characters.per_label[2]).all()


def test_indicators_are_one_hot_or_as_given():
    several = Features({"labels": List(ClassLabel(names=["x", "y", "z"]))})
    split = Dataset.from_dict({"labels": [[0, 2], [], [1]]}, features=several)
    assert indicator(split, LabelSpace.from_features(several)).tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize("output", ["page.pdf", "page", "."])
def test_the_page_must_be_an_html_file(output):
    with pytest.raises(UserError, match=r"--output names the HTML page to write; found .* --output news\.html"):
        page_path(output, "news")


def test_the_page_is_named_after_the_data():
    assert str(page_path(None, "news")) == "news.html"


def test_options_of_training_are_refused(tmp_path):
    with pytest.raises(UserError, match="--resample changes what is trained on"):
        command.main(["news_sample", "--resample", "oversample"])


def test_more_points_than_can_be_told_apart_are_refused():
    with pytest.raises(UserError, match="--map_points takes a number from 2 to 5000; found 9000"):
        command.main(["news_sample", "--map_points", "9000"])


def test_the_command_writes_the_page_and_shows_a_summary(tiny_model, tmp_path, capsys):
    rows = [(text, "english") for text in ENGLISH] + [(text, "한국어") for text in KOREAN]
    path = write_csv(tmp_path / "two.csv", rows)
    page = tmp_path / "deep" / "page.html"
    command.main([str(path), "--model", str(tiny_model("bert")), "--output", str(page)])
    shown = capsys.readouterr()
    assert "suggested max_length" in shown.out
    assert "한국어" in shown.out
    assert "page.html" in shown.out.replace("\n", "")
    assert "two" in page.read_text(encoding="utf-8")
    assert "carved out" in shown.err
