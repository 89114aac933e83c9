"""The page of the Space gives the scores of the run, says what it cut, and its files fit together."""

import importlib.util
import json
import re
import socket
import sys
from pathlib import Path
from urllib.request import urlopen

import pyarrow.parquet as pq
import pytest
import yaml
from transformers import AutoTokenizer

from tests.made_runs import LABELS, MAX_LENGTH, make_run
from textclf.errors import UserError
from textclf.hub.push_arguments import PushArguments
from textclf.hub.space import FOLDER, PARTS, check_space, examples_for_space, space_files

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def app():
    specification = importlib.util.spec_from_file_location("space_app", FOLDER / "app.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return {kind: make_run(folder / kind, kind) for kind in ("single", "pair", "multi", "korean")}


@pytest.fixture(scope="module")
def demos(app, runs):
    return {kind: app.load(str(run.path)) for kind, run in runs.items()}


def rows_of(run):
    return pq.read_table(run.path / "predictions" / "test.parquet").to_pylist()


@pytest.mark.parametrize("kind", ["single", "pair", "multi", "korean"])
def test_the_page_gives_the_scores_that_were_measured(app, runs, demos, kind):
    rows = rows_of(runs[kind])
    shown, scores = app.score(demos[kind], [row["text"] for row in rows], [row["text_pair"] or "" for row in rows])
    for row, given, page in zip(rows, scores, shown, strict=True):
        assert [given[label] for label in LABELS[kind]] == pytest.approx(row["scores"], abs=1e-5)
        predicted = row["predicted"] if kind == "multi" else [row["predicted"]]
        heading = re.search("<h2>(.+?)</h2>", page)[1]
        if predicted:
            assert set(heading.split(", ")) == set(predicted)
        else:
            assert heading == "No label reaches its threshold"


def test_a_batch_may_hold_texts_with_and_without_a_pair_and_empty_ones(app, demos):
    texts = ["The museum is open.", "  ", "Voters go to the polls.", "x" * 20_001]
    shown, scores = app.score(demos["pair"], texts, ["", "lonely", "The outcome is open.", ""])
    assert [bool(given) for given in scores] == [True, False, True, False]
    assert "There is no text yet" in shown[1]
    assert "20,001 characters" in shown[3]
    alone = app.score(demos["pair"], texts[2:3], ["The outcome is open."])[1][0]
    assert scores[2] == pytest.approx(alone, abs=1e-5)


def test_a_long_text_is_said_to_be_cut_and_a_short_one_is_not(app, demos, runs):
    long, short = "The museum shows paintings. " * 30, "The museum shows paintings."
    shown, _ = app.score(demos["single"], [long, short], ["", ""])
    tokens = len(AutoTokenizer.from_pretrained(runs["single"].path)(long)["input_ids"])
    assert f"The model reads {MAX_LENGTH} tokens; this text has {tokens:,}." in shown[0]
    assert "tokens" not in shown[1]


def test_names_of_labels_cannot_break_the_page(app, demos):
    evil = {"<script>alert(1)</script>": 0.7, "a & b": 0.3}
    page = app.render(demos["single"], evil, 5)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "a &amp; b" in page


def test_many_labels_fold_away(app, demos):
    page = app.render(demos["single"], {f"label {i}": i / 100 for i in range(40)}, 5)
    assert page.index("label 39") < page.index("label 28") < page.index("<details>") < page.index("label 27")
    assert "28 more labels" in page


def test_thresholds_are_marked_with_several_labels_only(app, demos):
    page = app.score(demos["multi"], ["The new phone is fast."], [""])[0][0]
    cuts = demos["multi"].thresholds
    assert [float(width) / 100 for width in re.findall(r"left:([\d.]+)%", page)] == pytest.approx(
        [cuts[name] for name in re.findall(r'class="name">(.+?)<', page)], abs=1e-4
    )
    assert "left:" not in app.score(demos["single"], ["The new phone is fast."], [""])[0][0]


def test_the_page_speaks_the_language_of_the_model(app, demos):
    assert demos["korean"].words["run"] == "분류하기"
    assert demos["korean"].examples[0] == ["회의는 아홉 시에 이층 큰 방에서 시작합니다."]
    assert "아직 글이 없습니다" in app.score(demos["korean"], [""], [""])[0][0]
    assert app.WORDS["ko"].keys() == app.WORDS["en"].keys()
    for word, english in app.WORDS["en"].items():
        if isinstance(english, str):
            fields = re.findall(r"{(\w+)", english)
            assert sorted(re.findall(r"{(\w+)", app.WORDS["ko"][word])) == sorted(fields)


def test_two_columns_make_two_boxes_with_their_names(demos):
    assert demos["pair"].fields == ["title", "body"]
    assert [len(row) for row in demos["pair"].examples] == [2, 2, 2]
    assert demos["single"].fields == ["Text"]
    assert [len(row) for row in demos["single"].examples] == [1, 1, 1]


def test_the_examples_of_the_recipe_are_shown(app, tmp_path):
    run = make_run(tmp_path / "run", "single")
    run.write_text("recipe.yaml", (run.path / "recipe.yaml").read_text() + 'examples: [Lovely!, "A\\nB"]\n')
    assert app.examples_of(str(run.path), app.WORDS["en"], 1) == [["Lovely!"], ["A\nB"]]
    assert app.examples_of(str(run.path), app.WORDS["en"], 2) == [["Lovely!", ""], ["A", "B"]]


def test_a_model_that_cannot_be_loaded_is_named_with_the_way_out(app):
    page = app.build_failure("alice/secret", OSError("alice/secret is not a local folder\nmore"))
    text = json.dumps(page.get_config_file())
    assert "alice/secret could not be loaded: alice/secret is not a local folder" in text
    assert "HF_TOKEN" in text


def test_a_port_in_use_is_said_without_a_traceback(app, runs, monkeypatch, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        monkeypatch.setattr(sys, "argv", ["app.py", "--model", str(runs["single"].path), "--port", port])
        with pytest.raises(SystemExit) as ended:
            app.main()
    assert ended.value.code == 2
    assert "the port is in use; choose another one with --port" in capsys.readouterr().err


def test_the_address_is_said_once_the_page_is_up(app, runs, monkeypatch, capsys):
    answers = []

    def visited(page):
        answers.append((page.local_url, urlopen(page.local_url).status))
        page.close()

    monkeypatch.setattr(sys, "argv", ["app.py", "--model", str(runs["single"].path)])
    monkeypatch.setattr(app.gr.Blocks, "block_thread", visited)
    app.main()
    ((address, status),) = answers
    assert status == 200
    assert f"The page is at {address} (Ctrl-C ends it)." in capsys.readouterr().out.splitlines()


def test_the_app_serves_batches_and_keeps_nobody_waiting_unseen(app, demos):
    page = app.build_page(demos["single"])
    (public,) = [f for f in page.fns.values() if f.api_visibility == "public"]
    assert (public.api_name, public.batch, public.max_batch_size) == ("classify", True, app.BATCH)
    assert page.enable_queue is not False
    assert page.analytics_enabled is False


def test_the_pins_of_the_space_are_those_of_the_project():
    project = dict(line.split("==") for line in (ROOT / "requirements.txt").read_text().split() if "==" in line)
    space = dict(line.split("==") for line in (FOLDER / "requirements.txt").read_text().split())
    header = yaml.safe_load((FOLDER / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert space.items() <= project.items()
    assert header["sdk_version"] == project["gradio"]
    assert header["python_version"] == "3.11"
    assert len(header["short_description"]) <= 60
    assert (FOLDER / header["app_file"]).exists()


def test_the_files_of_a_space_name_its_model(runs):
    arguments = PushArguments(repo_id="alice/news-topics", license="mit", space="alice/demo")
    files = {upload.path: upload.data().decode() for upload in space_files(runs["single"], arguments)}
    assert set(files) == {*PARTS, "README.md"}
    header = yaml.safe_load(files["README.md"].split("---\n")[1])
    assert (header["title"], header["models"], header["license"]) == ("news topics", ["alice/news-topics"], "mit")
    assert header["sdk"] == "gradio"


def test_examples_come_from_the_user_or_by_permission_from_validation(runs):
    assert examples_for_space(runs["single"], PushArguments()) == []
    assert examples_for_space(runs["single"], PushArguments(examples=["One.", "Two."])) == [["One."], ["Two."]]
    assert examples_for_space(runs["pair"], PushArguments(examples=["A\nB"])) == [["A", "B"]]
    shown = examples_for_space(runs["pair"], PushArguments(examples_from_validation=True))
    validation = pq.read_table(runs["pair"].path / "predictions" / "validation.parquet").to_pylist()
    pairs = [(row["text"], row["text_pair"]) for row in validation]
    assert 1 <= len(shown) <= 3
    assert all((*row, None)[:2] in pairs or (*row, "")[:2] in pairs for row in shown)


def test_an_example_with_an_address_is_refused(runs):
    arguments = PushArguments(repo_id="alice/x", examples=["Write to kim@example.org."])
    with pytest.raises(UserError, match=r"An example text of the Space holds an e-mail address"):
        space_files(runs["single"], arguments)


def test_unknown_hardware_is_refused_with_the_nearest():
    with pytest.raises(UserError, match="Did you mean 't4-small'"):
        check_space(PushArguments(repo_id="alice/x", space="alice/demo", space_hardware="t4-smal"))


def test_the_page_says_that_the_model_was_made_for_other_languages(app, tmp_path):
    for count, shown in ((0, False), (12, True)):
        found = {"findings": {"made_for_other_languages": {"count": count}}}
        (tmp_path / "audit.json").write_text(json.dumps(found), encoding="utf-8")
        demo = app.describe(str(tmp_path), {"label2id": {"a": 0, "b": 1}}, limit=8, score=lambda texts: [])
        assert demo.foreign is shown
        page = str(app.build_page(demo).get_config_file())
        assert ("made for other languages" in page) is shown
    (tmp_path / "audit.json").write_text("[]", encoding="utf-8")
    assert app.made_for_others(str(tmp_path)) is False
    assert app.made_for_others(str(tmp_path / "nowhere")) is False
