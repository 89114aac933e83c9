"""The page of the Space gives the scores of the run, says what it cut, and its files fit together."""

import json
import math
import re
import shutil
import socket
import sys
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from urllib.request import urlopen

import gradio_client
import pyarrow.parquet as pq
import pytest
import yaml
from transformers import AutoTokenizer

from tests.made_runs import LABELS, MAX_LENGTH, make_run
from textclf.errors import UserError
from textclf.evaluation.exporting import export_run
from textclf.hub.push_arguments import PushArguments
from textclf.hub.space import check_space
from textclf.hub.space_content import Form, engine_for, examples_for_space, space_files
from textclf.hub.space_folder import FOLDER, GRADIO, REQUIREMENTS, load_module
from textclf.inference.classifier import Classifier
from textclf.inference.onnx_folder import FILES
from textclf.run_folder import RunFolder

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def app():
    return load_module("app")


page, page_html, describing, deciding = (load_module(n) for n in ("page", "page_html", "describing", "deciding"))
answering, batch, scoring, waiting, weighing = (
    load_module(name) for name in ("answering", "batch", "scoring", "waiting", "weighing")
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return {kind: make_run(folder / kind, kind) for kind in ("single", "pair", "multi", "korean")}


@pytest.fixture(scope="module")
def demos(app, runs):
    return {kind: app.load(str(run.path)) for kind, run in runs.items()}


def shown(demo, texts, pairs=None):
    """Return each text's HTML, and its scores."""
    answers = answering.answer(demo.score, demo.about, texts, pairs or [""] * len(texts))
    return [answering.shown(each, demo.about) for each in answers], [
        each.scored and each.scored.scores for each in answers
    ]


ARGUMENTS = PushArguments(repo_id="alice/x", space="alice/demo")
ABOUT = {
    "language": "en",
    "languages": ["en"],
    "scripts": ["Latin"],
    "thresholds": None,
    "abstain": None,
    "label_sets": None,
    "limit": 48,
    "foreign": False,
}


def decided(scores, **more):
    return deciding.decide(ABOUT | more, describing.WORDS["en"], scores)


def rows_of(run):
    return pq.read_table(run.path / "predictions" / "test.parquet").to_pylist()


@pytest.mark.parametrize("kind", ["single", "pair", "multi", "korean"])
def test_the_page_gives_the_scores_that_were_measured(runs, demos, kind):
    rows = rows_of(runs[kind])
    pages, scores = shown(demos[kind], [row["text"] for row in rows], [row["text_pair"] or "" for row in rows])
    for row, given, html in zip(rows, scores, pages, strict=True):
        assert [given[label] for label in LABELS[kind]] == pytest.approx(row["scores"], abs=1e-5)
        predicted = row["predicted"] if kind == "multi" else [row["predicted"]]
        assert set(re.findall(r"✓ (.+?)<", html)) == set(predicted)
        if not predicted:
            assert "<h2>No label reaches its cut</h2>" in html


@pytest.fixture(scope="module")
def exported(runs, tmp_path_factory):
    """A run of two fields with onnx/ in fp32 and int8."""
    folder = tmp_path_factory.mktemp("exported") / "run"
    shutil.copytree(runs["pair"].path, folder)
    export_run(RunFolder.open(folder), list(FILES), draws=30)
    return RunFolder.open(folder)


def test_onnx_runtime_shows_the_scores_that_were_measured(app, exported):
    assert scoring.choose(str(exported.path), "auto") == "onnx"
    assert scoring.choose(str(exported.path), "auto", gpu=True) == "torch"
    demo, rows = app.load(str(exported.path)), rows_of(exported)
    assert (demo.explain, demo.about["copy"], demo.about["limit"]) == (None, None, MAX_LENGTH)
    torch = app.load(str(exported.path), engine="torch")
    texts, pairs = [row["text"] for row in rows], [row["text_pair"] or "" for row in rows]
    pages, scores = shown(demo, texts, pairs)
    for row, given in zip(rows, scores, strict=True):
        assert [given[label] for label in LABELS["pair"]] == pytest.approx(row["scores"], abs=1e-5)
    assert pages == shown(torch, texts, pairs)[0], "warnings and cuts too"


def test_an_int8_copy_says_how_often_it_decides_as_the_measured_model(app, exported):
    demo = app.load(str(exported.path), engine="onnx-int8")
    agreement = exported.read_json("onnx/gate.json")["engines"]["onnx-int8"]["agreement"]
    said = unescape(page_html.facts(demo.about, describing.WORDS["en"]))
    assert (
        f"it gives {100 * agreement['value']:.1f} % the full model's label (at least {100 * agreement['low']:.1f} %"
        in said
    )


def test_an_engine_that_cannot_run_is_refused_with_what_to_type(app, runs, exported, monkeypatch, tmp_path):
    with pytest.raises(ValueError, match=r"has no file for the engine onnx-int8. To make it: python export.py"):
        app.load(str(runs["single"].path), engine="onnx-int8")
    monkeypatch.setattr(scoring, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"needs the engine torch, which is not installed here\. pip install torch"):
        app.load(str(exported.path))
    monkeypatch.undo()
    shutil.copytree(exported.path, tmp_path / "run")
    (tmp_path / "run" / "config.json").write_text(json.dumps(exported.read_json("config.json") | {"more": 1}))
    with pytest.raises(ValueError, match=r"config.json is not the file that was measured in onnx/gate.json"):
        app.load(str(tmp_path / "run"))


def test_a_space_installs_onnx_runtime_only_where_it_can_be_used(exported, runs):
    there = {"onnx/model.onnx", "onnx/gate.json", "model.safetensors"}
    assert engine_for(exported, None, there) == engine_for(exported, "cpu-upgrade", there) == "onnx"
    assert engine_for(exported, "zero-a10g", there) == engine_for(exported, "t4-small", there) == "torch"
    assert engine_for(exported, None, there - {"onnx/gate.json"}) == "torch", "nobody pushed it"
    assert engine_for(runs["single"], None, there) == "torch", "never exported"
    files = {each.path: each.data().decode() for each in space_files(exported, ARGUMENTS, Form(engine="onnx"))}
    assert "onnxruntime" in files["requirements.txt"]
    assert "torch" not in files["requirements.txt"]
    assert "attribution.py" not in files, "it needs torch"


def test_words_are_weighed_by_leaving_each_out():
    def score(texts):
        """Log-odds: 1 for each "good", -2 for "not", of the text or its pair."""
        sums = [" ".join(each).split() for each in texts]
        odds = [each.count("good") - 2 * each.count("not") for each in sums]
        return [answering.Scored({"a": 1 / (1 + math.exp(-x)), "b": 0.0}, 3, 0.0) for x in odds]

    found = weighing.leave_out(score, "good, good day", "not 好", "a")
    assert [(word["text"], word["part"]) for word in found["words"]] == [
        ("good,", 0), ("good", 0), ("day", 0), ("not", 1), ("好", 1)
    ]  # fmt: skip
    assert [word["score"] for word in found["words"]] == pytest.approx([0, 1, 0, -2, 0])
    assert [found["texts"][word["part"]][word["start"] : word["end"]] for word in found["words"]] == [
        word["text"] for word in found["words"]
    ]
    long = weighing.leave_out(score, "good day " * 100, "", "a")
    assert long["grouped"]
    assert all(len(group) == 1 for group in map(set, zip(*[iter(w["score"] for w in long["words"])] * 4, strict=True)))
    html = page_html.shaded(found, describing.WORDS["en"])
    assert "Each word was left out once" in html


def test_a_batch_may_hold_texts_with_and_without_a_pair_and_empty_ones(demos):
    texts = ["The museum is open.", "  ", "Voters go to the polls.", "x" * 20_001, " "]
    pages, scores = shown(demos["pair"], texts, ["", "lonely", "The outcome is open.", "", "\n"])
    assert [bool(given) for given in scores] == [True, True, True, False, False]
    assert "20,001 characters" in pages[3]
    assert "There is no text yet" in pages[4]
    alone = shown(demos["pair"], texts[2:3], ["The outcome is open."])[1][0]
    assert scores[2] == pytest.approx(alone, abs=1e-5)


def test_a_pair_whose_first_field_is_empty_is_scored_as_training_read_it(runs, demos):
    """It was refused."""
    scores = shown(demos["pair"], [""], ["The outcome is open."])[1][0]
    assert scores == pytest.approx(
        Classifier.load(runs["pair"].path).predict([("", "The outcome is open.")])[0].scores
    )


def test_a_long_text_is_said_to_be_cut_and_a_short_one_is_not(demos, runs):
    long, short = "The museum shows paintings. " * 30, "The museum shows paintings."
    pages, _ = shown(demos["single"], [long, short])
    tokens = len(AutoTokenizer.from_pretrained(runs["single"].path)(long)["input_ids"])
    assert f"The model reads {MAX_LENGTH} tokens; this text has {tokens:,}." in pages[0]
    assert "tokens" not in pages[1]


def test_names_of_labels_cannot_break_the_page():
    html = page_html.render(decided({"<script>alert(1)</script>": 0.7, "a & b": 0.3}), describing.WORDS["en"], ["<b>"])
    assert "<script>" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;" in html
    assert "a &amp; b" in html


def test_other_labels_fold_away_and_chosen_ones_never():
    """Of 22 chosen labels 12 were shown."""
    html = page_html.render(decided({f"label {i}": i / 100 for i in range(40)}), describing.WORDS["en"])
    assert html.index("label 39") < html.index("label 28") < html.index("<details>") < html.index("label 27")
    assert "28 more labels" in html
    scores = {f"label {i}": 0.5 if i < 22 else 0.01 for i in range(40)}
    html = page_html.render(decided(scores, thresholds=dict.fromkeys(scores, 0.05)), describing.WORDS["en"])
    assert html.split("<details>")[0].count("✓") == 22
    assert "18 more labels" in html


def test_small_cuts_are_printed_and_the_bars_scaled_to_them():
    """Cuts of .01 to .07 could not be seen on a bar from 0 to 1."""
    found = decided({"a": 0.0304, "b": 0.0121}, thresholds={"a": 0.021, "b": 0.0345})
    assert (found.top, found.chosen) == (0.05, ["a"])
    html = page_html.render(found, describing.WORDS["en"])
    assert "left:42.00%" in html
    assert "left:69.00%" in html
    assert "cut 0.0210" in html
    assert "cut 0.0345" in html
    assert "The bars go from 0 to 0.05." in html
    assert "left:" not in page_html.render(decided({"a": 0.9, "b": 0.1}), describing.WORDS["en"])


def test_a_near_tie_is_no_firm_heading():
    assert decided({"a": 0.130, "b": 0.128, "c": 0.05}).heading == "Close: a or b"
    assert decided({"a": 0.130, "b": 0.100, "c": 0.05}).heading == "a"


def test_what_the_model_does_not_promise_is_said_in_words():
    single = decided({"a": 0.6, "b": 0.4}, abstain={"score_below": 0.8})
    assert (single.heading, single.unsure) == ("Not sure; perhaps a", True)
    assert not decided({"a": 0.9, "b": 0.1}, abstain={"score_below": 0.8}).unsure
    several = {"thresholds": {"a": 0.5, "b": 0.5}, "abstain": {"score_below": {"a": 0.9}}}
    some = decided({"a": 0.6, "b": 0.7}, **several)
    assert some.heading == "b, a"
    assert some.notes[0].startswith("Not sure of a:")
    sets = decided({"a": 0.6, "b": 0.3, "c": 0.1}, label_sets={"cut": 0.2, "coverage": 0.9})
    assert "One of a, b. In 90 % of such texts" in sets.notes[0]


@pytest.mark.parametrize(
    ("text", "unknown", "said"),
    [
        ("This is the best service I have ever had.", 0.0, None),
        ("정말 최고예요. 이렇게 좋은 서비스는 처음입니다.", 0.0, "strange_script"),
        ("Это лучший сервис, который у меня был.", 0.0, "strange_script"),
        ("Das ist nicht der beste Service, aber wir waren sehr zufrieden.", 0.0, "strange_language"),
        ("Great 👍 👍 👍", 0.6, "strange_words"),
        ("12 3", 0.0, None),
        ("Wow!!", 0.0, None),
    ],
)
def test_a_text_that_the_model_was_not_made_for_gets_a_word(text, unknown, said):
    assert describing.strange(ABOUT, text, unknown) == said


def test_scripts_come_from_the_training_texts_else_from_the_card():
    profile = {"scripts": {"Hangul": 950, "Latin": 4, "mixed scripts": 40, "no letters": 6}}
    assert describing._scripts(profile, ["en"]) == ["Hangul", "Latin"]
    assert describing._scripts({"scripts": {"Hangul": 995, "Latin": 5}}, ["en"]) == ["Hangul"]
    assert describing._scripts(None, ["ko"]) == ["Hangul"]
    assert describing._scripts(None, ["ru"]) is None


def test_the_page_speaks_the_language_of_the_model(demos):
    demo = demos["korean"]
    assert (demo.about["language"], demo.about["examples"][0]) == (
        "ko",
        ["회의는 아홉 시에 이층 큰 방에서 시작합니다."],
    )
    assert "아직 글이 없습니다" in shown(demo, [""])[0][0]
    words = describing.WORDS
    assert words["ko"].keys() == words["en"].keys()
    for word, english in words["en"].items():
        if isinstance(english, str):
            fields = re.findall(r"{(\w+(?::,)?)}", english)
            assert sorted(re.findall(r"{(\w+(?::,)?)}", words["ko"][word])) == sorted(fields)


def test_two_columns_make_two_boxes_with_their_names(demos):
    assert demos["pair"].about["fields"] == ["title", "body"]
    assert [len(row) for row in demos["pair"].about["examples"]] == [2, 2, 2]
    assert demos["single"].about["fields"] == ["Text"]
    assert [len(row) for row in demos["single"].about["examples"]] == [1, 1, 1]


def test_the_examples_of_the_recipe_are_shown(tmp_path):
    run = make_run(tmp_path / "run", "single")
    run.write_text("recipe.yaml", (run.path / "recipe.yaml").read_text() + 'examples: [Lovely!, "A\\nB"]\n')
    assert describing.examples_of(str(run.path), describing.WORDS["en"], 1) == [["Lovely!"], ["A\nB"]]
    assert describing.examples_of(str(run.path), describing.WORDS["en"], 2) == [["Lovely!", ""], ["A", "B"]]


def test_the_facts_are_those_of_the_evaluation(runs):
    evaluation = runs["single"].read_json("evaluation.json")
    facts = describing.facts_of(evaluation, describing.WORDS["en"])
    figure = evaluation["metrics"]["f1_macro"]
    assert facts["n"] == 34
    assert facts["rows"][0][:2] == [
        "F1, macro",
        f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]",
    ]
    assert facts["rows"][0][2].startswith(f"{evaluation['baselines']['prior']['metrics']['f1_macro']['value']:.3f}")
    assert describing.facts_of({"metrics": []}, describing.WORDS["en"]) is None


def test_the_page_says_that_the_model_was_made_for_other_languages(tmp_path):
    for count, said in ((0, False), (12, True)):
        found = {"findings": {"made_for_other_languages": {"count": count}}}
        (tmp_path / "audit.json").write_text(json.dumps(found), encoding="utf-8")
        about = describing.describe(str(tmp_path), {"id2label": {"0": "a", "1": "b"}}, None, limit=8)
        assert about["foreign"] is said
        built = str(page.build_page(lambda texts: [], about).get_config_file())
        assert ("made for other languages" in built) is said
    (tmp_path / "audit.json").write_text("[]", encoding="utf-8")
    assert describing.made_for_others(str(tmp_path)) is False
    assert describing.made_for_others(str(tmp_path / "nowhere")) is False


def test_a_model_that_cannot_be_loaded_is_named_with_the_way_out():
    built = page.build_failure("alice/secret", OSError("alice/secret is not a local folder\nmore"))
    text = json.dumps(built.get_config_file())
    assert "alice/secret could not be loaded: alice/secret is not a local folder" in text
    assert "HF_TOKEN" in text


def test_a_model_of_another_task_is_refused_with_its_architecture(app, tiny_model):
    with pytest.raises(ValueError, match="is no text classifier"):
        app.load(str(tiny_model("bert")))


def test_until_there_is_a_model_a_page_says_how_far_it_is():
    download = waiting.Download()
    download.done, download.total = 30_000_000, 90_000_000
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = free.getsockname()
    with (
        waiting.waiting_page("<alice>", download, describing.WORDS["en"], address),
        urlopen(f"http://127.0.0.1:{address[1]}/") as answer,
    ):
        text = answer.read().decode()
    assert "Loading the model: 30 of 90 MB" in text
    assert 'value="0.333"' in text
    assert "<alice>" not in text


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
        answers.append(Client(page.local_url, verbose=False))
        page.close()

    class Client:
        def __init__(self, address, verbose):
            client = gradio_client.Client(address, verbose=verbose)
            self.endpoints = client.view_api(return_format="dict")["named_endpoints"]
            self.found = client.predict(text="The museum is open.", api_name="/classify")
            self.refused = client.predict(" ", "", api_name="/classify")

    monkeypatch.setattr(sys, "argv", ["app.py", "--model", str(runs["single"].path)])
    monkeypatch.setattr(app.gr.Blocks, "block_thread", visited)
    app.main()
    (address, status), client = answers
    assert status == 200
    assert f"The page is at {address} (Ctrl-C ends it)." in capsys.readouterr().out.splitlines()
    assert list(client.endpoints) == ["/classify"]
    (text, pair) = client.endpoints["/classify"]["parameters"]
    assert (text["parameter_name"], pair["parameter_name"]) == ("text", "text_pair")
    assert (text["parameter_has_default"], pair["parameter_default"]) == (False, "")
    assert set(client.found["scores"]) == set(LABELS["single"])
    assert client.found["labels"] == [max(client.found["scores"], key=client.found["scores"].get)]
    assert "There is no text yet" in client.refused["error"]


def test_on_zero_gpu_what_computes_asks_for_a_gpu(app, monkeypatch):
    asked = []

    def lent(duration):
        return lambda function: asked.append((function.__name__, duration)) or function

    assert app._on_gpu(len) is len
    monkeypatch.setattr(app, "ZERO", True)
    monkeypatch.setattr(app, "spaces", SimpleNamespace(GPU=lent), raising=False)
    app._on_gpu(len)
    assert asked == [("len", app.SECONDS_OF_GPU)]


@pytest.mark.parametrize("name", REQUIREMENTS.values())
def test_the_pins_of_the_space_are_those_of_the_project(name):
    project = dict(line.split("==") for line in (ROOT / "requirements.txt").read_text().split() if "==" in line)
    space = dict(line.split("==") for line in (FOLDER / name).read_text().split())
    header = yaml.safe_load((FOLDER / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert space.items() <= project.items()
    assert header["sdk_version"] == project["gradio"]
    assert header["python_version"] == "3.11"
    assert len(header["short_description"]) <= 60
    assert (FOLDER / header["app_file"]).exists()


def test_the_files_of_a_space_name_its_model(runs):
    arguments = PushArguments(repo_id="alice/news-topics", license="mit", space="alice/demo")
    files = {upload.path: upload.data().decode() for upload in space_files(runs["single"], arguments, Form())}
    assert set(files) == {*GRADIO, "attribution.py", "requirements.txt", "README.md", "textclf.json"}
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
        space_files(runs["single"], arguments, Form())


def test_unknown_hardware_is_refused_with_the_nearest():
    with pytest.raises(UserError, match="Did you mean 't4-small'"):
        check_space(PushArguments(repo_id="alice/x", space="alice/demo", space_hardware="t4-smal"))
