"""Registry, cache, folder and command of the data sets; what each builder reads stands in test_dataset_rows.py."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from datasets import ClassLabel, List, load_dataset

import dataset_scripts
from dataset_scripts.__main__ import main
from textclf.arguments import DataArguments
from textclf.data.loading import load_splits
from textclf.errors import UserError
from textclf.hub.leaks import secrets_in

ROOT = Path(dataset_scripts.__file__).parents[1]
ARTICLE = (
    '<REUTERS TOPICS="YES" LEWISSPLIT="{}" NEWID="1"><TOPICS>{}</TOPICS><TEXT><TITLE>T</TITLE></TEXT></REUTERS>\n'
)


@pytest.fixture
def headlines(tmp_path, monkeypatch):
    """A raw folder of two Korean headlines; every cache of `datasets` lies in the test's folder."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = tmp_path / "raw"
    folder.mkdir()
    (folder / "train_data.csv").write_text("index,title,topic_idx\n0,첫 제목,0\n1,둘째 제목,6\n", encoding="utf-8")
    return folder


def convert(tmp_path, name, *options, raw="raw"):
    arguments = [
        "--data_dir",
        str(tmp_path / raw),
        "--output",
        str(tmp_path / "out"),
        "--cache-dir",
        str(tmp_path / "c"),
    ]
    return main([name, *arguments, *options])


def load(tmp_path, *config, **options):
    return load_dataset(str(tmp_path / "out"), *config, cache_dir=str(tmp_path / "loaded"), **options)


def test_importing_the_package_loads_no_datasets():
    code = "import sys, dataset_scripts; dataset_scripts.names(); sys.exit('datasets' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_every_data_set_documents_source_licence_labels_and_faults():
    assert dataset_scripts.names() == [
        "coronavirus_tweets",
        "hate_speech",
        "korean_comments",
        "korean_news_titles",
        "news_sample",
        "reuters_topics",
    ]
    for name in dataset_scripts.names():
        metadata = dataset_scripts.card_metadata(name)
        assert metadata.source and metadata.licence and metadata.languages and metadata.description
        about = sys.modules[f"dataset_scripts.{name}"].__doc__
        assert all(f"- {topic}" in about for topic in ("Source:", "Licence:", "Language:", "Labels", "Known faults:"))
        faults = dataset_scripts.builder_class(name).known_faults()
        english = about.split("Known faults:")[1].split("- 알려진 결함:")[0]
        assert " ".join(english.split()) == faults, "the last point, whole, on one line"
        korean = dataset_scripts.builder_class(name).known_faults("알려진 결함")
        assert korean is not None or "ko" not in metadata.languages, "data in Korean says it in Korean too"
        assert not list(secrets_in([faults])), "it stands in cards"


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        ("hate-speach", None, "Unknown data set 'hate-speach'.*Did you mean 'hate_speech'"),
        ("_builder", None, "Unknown data set '_builder'"),
        ("news_sample", "corean", "Unknown configuration 'corean' of news_sample.*Did you mean 'korean'"),
    ],
)
def test_unknown_names_are_answered_with_the_nearest(name, config, message):
    with pytest.raises(ValueError, match=message):
        dataset_scripts.build(name, config=config)


@pytest.mark.parametrize(
    "name", ["hate_speech", "korean_comments", "korean_news_titles", "reuters_topics", "news_sample"]
)
def test_missing_files_are_named_with_the_way_to_get_them(name, tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(FileNotFoundError, match=r"Expected .* found notes\.txt.* pass their folder: --data_dir"):
        if name == "news_sample":
            (tmp_path / "english").mkdir()
            (tmp_path / "notes.txt").rename(tmp_path / "english" / "notes.txt")
        dataset_scripts.build(name, data_dir=tmp_path, cache_dir=tmp_path / "cache")


def test_kaggle_files_have_no_download(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"^Expected Corona_NLP_train\.csv .* Kaggle has no open download"):
        dataset_scripts.build("coronavirus_tweets", cache_dir=tmp_path)


def test_an_archive_is_read_from_the_folder_inside_it(tmp_path, monkeypatch):
    inside = tmp_path / "zipped" / "hate-speech-dataset-abc"
    inside.mkdir(parents=True)
    (inside / "annotations_metadata.csv").write_text("file_id,user_id,label\n1_1,7,hate\n2_1,8,noHate\n")
    for split, name in (("train", "1_1"), ("test", "2_1")):
        (inside / f"sampled_{split}").mkdir()
        (inside / f"sampled_{split}" / f"{name}.txt").write_text(split)
    archive = shutil.make_archive(str(tmp_path / "archive"), "zip", inside.parent)
    monkeypatch.setattr(dataset_scripts.builder_class("hate_speech"), "ARCHIVE_URL", archive)
    splits = dataset_scripts.build("hate_speech", cache_dir=tmp_path / "c")
    assert {split: rows["text"][0] for split, rows in splits.items()} == {"train": "train", "test": "test"}


def test_an_unknown_label_names_row_and_nearest_label(headlines, tmp_path):
    (headlines / "train_data.csv").write_text("index,title,topic_idx\n5,제목,스포오츠\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"Row '5' has the unknown label '스포오츠'.*Did you mean '스포츠'"):
        dataset_scripts.build("korean_news_titles", data_dir=headlines, cache_dir=tmp_path / "c")


def test_a_split_without_rows_is_refused(headlines, tmp_path):
    (headlines / "train_data.csv").write_text("index,title,topic_idx\n", encoding="utf-8")
    with pytest.raises(dataset_scripts.RawDataError, match=r"rows for the train split in train_data\.csv; found none"):
        dataset_scripts.build("korean_news_titles", data_dir=headlines, cache_dir=tmp_path / "c")


def test_a_repeated_id_is_refused(headlines, tmp_path):
    (headlines / "train_data.csv").write_text("index,title,topic_idx\n5,제목,0\n5,제목,1\n", encoding="utf-8")
    with pytest.raises(dataset_scripts.RawDataError, match="The id '5' stands twice in the train split"):
        dataset_scripts.build("korean_news_titles", data_dir=headlines, cache_dir=tmp_path / "c")


def test_a_changed_raw_file_is_never_served_from_the_cache(headlines, tmp_path):
    """`datasets` names the cache of an imported builder without looking at the files behind it."""
    raw = headlines / "train_data.csv"
    before = raw.stat()
    first = dataset_scripts.build("korean_news_titles", data_dir=headlines, cache_dir=tmp_path / "c")
    raw.write_bytes(raw.read_bytes().replace(b",6\n", b",5\n"))
    os.utime(raw, ns=(before.st_atime_ns, before.st_mtime_ns))
    second = dataset_scripts.build("korean_news_titles", data_dir=headlines, cache_dir=tmp_path / "c")
    assert (list(first["train"]["labels"]), list(second["train"]["labels"])) == ([0, 6], [0, 5])


def test_written_folder_reads_back_with_label_names(headlines, tmp_path, capsys):
    assert convert(tmp_path, "korean-news-titles") == 0
    printed = capsys.readouterr()
    rows, written = printed.out.splitlines()
    assert rows == "default  train  2 rows: IT과학 1, 경제 0, 사회 0, 생활문화 0, 세계 0, 스포츠 0, 정치 1"
    assert written == f"Written to {tmp_path / 'out'}: load_dataset({str(tmp_path / 'out')!r}) reads it."
    assert printed.err == ""  # "Generating train split: 0 examples [00:00" and a dozen lines like it
    train = load(tmp_path)["train"]
    assert isinstance(train.features["labels"], ClassLabel)
    assert train.features["labels"].int2str(list(train["labels"])) == ["IT과학", "정치"]
    streamed = load(tmp_path, "default", split="train", streaming=True)
    assert [row["text"] for row in streamed] == ["첫 제목", "둘째 제목"]
    readme = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "license: cc-by-sa-4.0" in readme and "num_examples: 2" in readme and "| 정치 | 1 |" in readme
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "loaded", "out", "raw"]


def test_multi_label_lists_survive_the_folder(tmp_path):
    (tmp_path / "raw").mkdir()
    articles = ARTICLE.format("TRAIN", "<D>grain</D><D>corn</D>") + ARTICLE.format("TEST", "")
    of_one_topic = ARTICLE.format("TRAIN", "<D>earn</D>") + ARTICLE.format("TEST", "<D>ship</D>")
    (tmp_path / "raw" / "reut2-000.sgm").write_text(articles + of_one_topic.replace('NEWID="1"', 'NEWID="2"'))
    convert(tmp_path, "reuters_topics")
    splits = load(tmp_path, "modapte")
    feature = splits["train"].features["labels"]
    assert isinstance(feature, List)
    assert [feature.feature.int2str(label) for label in splits["train"][0]["labels"]] == ["grain", "corn"]
    streamed = next(iter(load(tmp_path, "modapte", streaming=True)["test"]))
    assert streamed == {"id": "1", "text": "T", "text_pair": "", "labels": []}
    single = load(tmp_path, "eight_topics")["test"]
    assert [single.features["labels"].int2str(label) for label in single["labels"]] == ["ship"]


def test_an_output_written_anew_is_not_read_stale(headlines, tmp_path):
    """The cache of `load_dataset` looks at README.md alone, which therefore names the content."""
    convert(tmp_path, "korean_news_titles")
    assert list(load(tmp_path)["train"]["labels"]) == [0, 6]
    raw = headlines / "train_data.csv"
    raw.write_bytes(raw.read_bytes().replace(b",6\n", b",5\n"))
    convert(tmp_path, "korean_news_titles")
    assert list(load(tmp_path)["train"]["labels"]) == [0, 5]


def test_a_folder_of_someone_else_is_refused_and_left_alone(headlines, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match=r"found thesis\.txt\. Pass another --output"):
        convert(tmp_path, "korean_news_titles")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]


def test_a_failed_run_leaves_the_earlier_output_whole(headlines, tmp_path):
    convert(tmp_path, "korean_news_titles")
    (headlines / "train_data.csv").write_text("index,title,topic_idx\n0,제목,9\n", encoding="utf-8")
    with pytest.raises(UserError, match="unknown label '9'"):
        convert(tmp_path, "korean_news_titles")
    assert len(load(tmp_path)["train"]) == 2


def test_the_command_lists_the_data_sets_and_ends_mistakes_without_a_trace(tmp_path):
    run = [sys.executable, "-m", "dataset_scripts"]
    listed = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)
    assert [line.split()[0] for line in listed.stdout.splitlines()] == dataset_scripts.names()
    command = [*run, "hate_speech", "--data_dir", str(tmp_path), "--output", str(tmp_path / "out")]
    failed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert failed.returncode == 2
    assert "Expected annotations_metadata.csv" in failed.stderr and "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    ("read", "said"),
    [((), ("title", "body")), (("text",), ("title",)), (("text_pair",), ("body",)), (("text_pair", "text"), None)],
)
def test_a_card_names_the_fields_that_were_read_and_no_others(read, said, tmp_path, monkeypatch):
    """A model of titles alone said that it read title and body."""
    monkeypatch.chdir(tmp_path)
    provenance = load_splits(DataArguments(dataset="news_sample", text_columns=list(read))).provenance
    assert tuple(provenance.text_columns) == (said or ("body", "title"))
