"""The static page decides, warns and reads tables as the Gradio page does; its files fit together and are checked."""

import base64
import json
import re
import shutil
import subprocess
import unicodedata

import pytest

from tests.javascript_runs import HERE
from textclf.errors import UserError
from textclf.hub import browser_runtime
from textclf.hub.space_folder import BROWSER, STATIC, load_module
from textclf.hub.static_page import write_page
from textclf.hub.uploads import Upload

deciding, describing, batch = (load_module(name) for name in ("deciding", "describing", "batch"))
WORDS = describing.WORDS
ABOUT = {"language": "en", "languages": ["en"], "scripts": ["Latin"], "thresholds": None, "abstain": None}
ABOUT |= {"label_sets": None}
SEVERAL = {"thresholds": {"a": 0.021, "b": 0.0345, "c": 0.04}}
DECISIONS = [
    (ABOUT, {"a": 0.7, "b": 0.2, "c": 0.1}),
    (ABOUT, {"a": 0.130, "b": 0.128, "c": 0.00031}),
    (ABOUT | {"language": "ko"}, {"a": 0.5, "b": 0.5, "c": 0.0}),
    (ABOUT | SEVERAL, {"a": 0.0304, "b": 0.0121, "c": 0.0399}),
    (ABOUT | SEVERAL, {"a": 0.0, "b": 0.0, "c": 0.0}),
    (ABOUT | SEVERAL | {"abstain": {"score_below": {"a": 0.9}}}, {"a": 0.5, "b": 0.7, "c": 0.01}),
    (ABOUT | {"abstain": {"score_below": 0.8}}, {"a": 0.7, "b": 0.2, "c": 0.1}),
    (ABOUT | {"label_sets": {"cut": 0.15, "coverage": 0.9}}, {"a": 0.7, "b": 0.2, "c": 0.1}),
    (ABOUT | {"label_sets": {"cuts": {"a": 0.9, "b": 0.3}, "coverage": 0.955}}, {"a": 0.7, "b": 0.2, "c": 0.1}),
    (ABOUT | {"label_sets": {"cut": 0.95, "coverage": 0.9}, "language": "ko"}, {"a": 0.7, "b": 0.3}),
]
TABLES = [
    "text,title\nGood.,One\n",
    '\ufefftext;title\r\n"Good; really";One\r\n"two\nlines";"a ""word"""\r\n',
    "글\t번호\n방이 깨끗해요\t1\n\n택배가 늦었어요\t2\n".encode("cp949"),
    "id|TEXT\n1|=1+1\n2|-5\n3|@x\n",
    'text\n""\nx\n',
    "text,title\nonly one\n",
    "text,title\n",
    "",
    "text,text\na,b\n",
    'text\n"never closed\nx\n',
    'text\n"a"b\n',
    b"\x00\x01\x02\xff",
    "text\n" + "x\n" * (batch.MOST_ROWS + 1),
    b"x" * (batch.MOST_BYTES + 1),
    "text,note,label\n<script>alert(1)</script>,\u202egnp.exe,+82 10 1234\n",
]
CELLS = [
    "=1+1",
    "+1",
    "-5",
    "-5.5%",
    "-x",
    "@SUM(A1)",
    " =1",
    "\t=1",
    "\r=1",
    "plain",
    "",
    "a=b",
    "＝1+1",
    "+82 10 1234",
    "1-2",
]
TEXTS = [
    ("This is the best service.", 0.0),
    ("정말 최고예요.", 0.0),
    (unicodedata.normalize("NFD", "정말 최고예요."), 0.0),
    ("Это лучший", 0.0),
    ("Das ist nicht der beste Service", 0.0),
    ("C'est une très bonne idée", 0.0),
    ("👍 👍", 0.6),
    ("", 0.0),
]  # fmt: skip


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    if shutil.which("node") is None:
        pytest.skip("The static page's tests need Node.js.")
    contents = [each if isinstance(each, bytes) else each.encode() for each in TABLES]
    asked = {
        "tables": [base64.b64encode(each).decode() for each in contents],
        "columns": ["text"],
        "cells": CELLS,
        "decisions": [{"about": about, "scores": scores} for about, scores in DECISIONS],
        "about": ABOUT,
        "texts": TEXTS,
    }
    place = tmp_path_factory.mktemp("pages")
    (place / "jobs.json").write_text(json.dumps(asked), encoding="utf-8")
    command = ["node", "pages.mjs", str(place / "jobs.json"), str(place / "answers.json")]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads((place / "answers.json").read_text("utf-8"))


def test_both_pages_say_the_same_of_scores(answers):
    for (about, scores), found in zip(DECISIONS, answers["decisions"], strict=True):
        ours = deciding.decide(about, WORDS[about["language"]], scores)
        bars = [tuple(bar.get(key) for key in ("label", "score", "cut", "chosen")) for bar in found["bars"]]
        assert bars == [tuple(bar) for bar in ours.bars]
        for name in ("heading", "notes", "shown", "top", "chosen", "unsure"):
            assert found[name] == getattr(ours, name), name


def test_both_pages_warn_of_the_same_texts(answers):
    ours = [describing.strange(ABOUT, text, unknown) for text, unknown in TEXTS]
    assert answers["strange"] == ours
    assert {"strange_script", "strange_words", "strange_language", None} == set(ours)


def test_both_pages_read_and_write_the_same_tables(answers):
    read = 0
    for content, found in zip(TABLES, answers["tables"], strict=True):
        data = content if isinstance(content, bytes) else content.encode()
        try:
            table = batch.read_table(data, WORDS["en"])
        except batch.TableError as error:
            pattern = re.sub(r"\\{\w+(\\:,|:,)?\\}", ".+", re.escape(WORDS["en"][found["error"]]))
            assert re.fullmatch(pattern, str(error))
            continue
        read += 1
        assert (found["header"], found["rows"], found["separator"]) == tuple(table)
        assert found["columns"] == batch.suggested(table.header, ["text"])
        text, made = batch.write_table(table, [["a; b", "0.5000", "=note"]] * len(table.rows))
        assert (found["written"]["text"], found["written"]["made"]) == (text, made)
    assert read == 6


def test_no_cell_is_run_by_a_spreadsheet(answers):
    expected = ["'=1+1", "+1", "-5", "-5.5%", "'-x", "'@SUM(A1)", "' =1", "'\t=1", "'\r=1", "plain", "", "a=b"]
    expected += ["'＝1+1", "+82 10 1234", "1-2"]
    assert [batch.harmless(cell) for cell in CELLS] == expected
    assert answers["cells"] == expected


def test_a_broken_table_is_explained_with_its_row():
    for content, said in [
        (b"text,title\na,b\nonly one\n", "Row 3 has 1 cells, the header 2."),
        (b'text\nx\n"never\nclosed', "A quotation mark that begins in row 3 never ends."),
        (b"\xff\xfe\x00", "This is not a text file in UTF-8 or CP949."),
        (b"text\n", "The file has no rows below its header."),
    ]:
        with pytest.raises(batch.TableError, match=re.escape(said)):
            batch.read_table(content, WORDS["en"])


def test_every_file_that_the_page_asks_for_is_among_its_files():
    files = {*BROWSER, *browser_runtime.NAMES, "page.json", "words.json", "little_words.json", "style.css"}
    for name in BROWSER:
        text = (STATIC / name).read_text(encoding="utf-8")
        for asked in re.findall(r'(?:from "\./|src="|href="|new URL\(")([\w.]+\.\w+)"', text):
            assert asked in files, f"{name} asks for {asked}"
    assert {path.name for path in STATIC.iterdir()} == {*BROWSER, "README.md"}


def test_every_word_of_the_page_is_there():
    text = "".join((STATIC / name).read_text(encoding="utf-8") for name in BROWSER)
    used = set(re.findall(r'words\.(\w+)|data-word="(\w+)"|TableError\("(\w+)"', text))
    assert {word for group in used for word in group if word} - {"filter", "slice", "length", "json"} <= WORDS[
        "en"
    ].keys()


def test_a_runtime_that_was_changed_on_the_way_is_not_kept(tmp_path, monkeypatch):
    """The package is one of ours, packed by the real npm."""
    if shutil.which("npm") is None:
        pytest.skip("This test needs npm.")
    package = tmp_path / "made"
    (package / "dist").mkdir(parents=True)
    (package / "dist" / "a.mjs").write_text("export const a = 1;\n")
    (package / "package.json").write_text(json.dumps({"name": "made", "version": "1.0.0"}))
    monkeypatch.setattr(browser_runtime.constants, "HF_HOME", str(tmp_path / "home"))
    right = Upload("", (package / "dist" / "a.mjs").read_bytes()).sha256
    for digest in ("0" * 64, right):
        pinned = browser_runtime.Package(str(package), {"dist/a.mjs": ("a.mjs", digest)})
        monkeypatch.setattr(browser_runtime, "PACKAGES", (pinned,))
        monkeypatch.setattr(browser_runtime, "NAMES", ("a.mjs",))
        if digest == right:
            (found,) = browser_runtime.runtime_files()
            assert found.sha256 == right
        else:
            with pytest.raises(UserError, match="is not the file that was pinned"):
                browser_runtime.runtime_files()
            assert not list(browser_runtime.runtime_folder().iterdir())


def test_a_page_is_not_written_among_other_peoples_files(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match=r"holds other things than a page\. Name an empty folder"):
        write_page(str(tmp_path / "run"), tmp_path)
    (tmp_path / "page.json").write_text("{}")  # a page of ours, which is written anew
    (tmp_path / "run").mkdir()
    with pytest.raises(UserError, match=r"A static page runs onnx/model_quantized\.onnx, and .* has none"):
        write_page(str(tmp_path / "run"), tmp_path)
