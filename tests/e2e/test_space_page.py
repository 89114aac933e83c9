"""The Gradio page in a real browser: type a text, read the scores, by day, by night and on a phone."""

from __future__ import annotations

import csv
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest

from tests.e2e.client_process import HANGING, MISSING
from tests.made_runs import LABELS, make_run
from textclf.hub.space_folder import load_module
from textclf.inference.classifier import Classifier

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.browser
TEXT = "The new phone is fast and its battery lasts all day."
CONTRASTS = "e => getComputedStyle(e).{}.match(/[\\d.]+/g).slice(0, 3).map(Number).reduce((a, b) => a + b) / 3"


@contextmanager
def command(model):
    """Serve the page of a model by the command that people type, and give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "space/app.py", "--model", str(model), "--port", str(port)]
    process = subprocess.Popen(words, cwd=ROOT, env=environment)
    try:
        address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + HANGING
        while True:
            try:
                with urllib.request.urlopen(address, timeout=60) as answer:
                    if b'id="said"' not in answer.read():  # not the page that tells to wait
                        break
            except OSError:
                assert process.poll() is None, "the app ended"
            assert time.monotonic() < deadline, "the app did not start"
            time.sleep(0.3)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=600)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Return `served(kind) -> (address, run)`: several labels and 200 texts by the command, others in this process."""
    app, page = load_module("app"), load_module("page")
    folder, made, started, pages = tmp_path_factory.mktemp("runs"), {}, [], []

    def serve(kind):
        if kind in made:
            return made[kind]
        run = make_run(folder / kind, kind, tested=200 if kind == "multi" else 34)
        if kind == "multi":
            started.append(command(run.path))
            made[kind] = (started[-1].__enter__(), run)
            return made[kind]
        pages.append(page.build_page(*app.load(str(run.path))))
        look = {"theme": page.theme(), "css_paths": ROOT / "space" / "style.css", "footer_links": []}
        ways = {"run_history": False, "ssr_mode": False, "quiet": True, "prevent_thread_lock": True}
        _, address, _ = pages[-1].launch(server_name="127.0.0.1", **look, **ways)
        made[kind] = (address.rstrip("/"), run)
        return made[kind]

    yield serve
    for each in pages:
        each.close()
    for each in started:
        each.__exit__(None, None, None)


@contextmanager
def opened(browser, address, drawn="textarea", **options):
    """Open the page; at the end nothing may have been asked of any other machine, and no script have failed."""
    context = browser.new_context(**options)
    page = context.new_page()
    page.set_default_timeout(MISSING * 1000)
    asked, failed = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.on("console", lambda message: failed.append(message.text) if message.type == "error" else None)
    page.goto(address)
    page.wait_for_selector(drawn)
    yield page
    context.close()
    here = "/".join(address.split("/")[:3])
    outside = [url for url in asked if not url.startswith((here, "data:", "blob:"))]
    assert not outside, f"asked of others: {outside}"
    assert not failed


def scores_on(page):
    """Wait for scores and read them as people do: {label: score}."""
    page.wait_for_selector(".scores li")
    return {
        row.locator(".name").inner_text().removeprefix("✓ "): float(row.locator(".score").inner_text())
        for row in page.locator(".scores li").all()
    }


def assert_agrees(shown, run, text):
    expected = Classifier.load(run.path).predict([text])[0].scores
    assert shown == pytest.approx(expected, abs=6e-4)  # three decimals are shown


def test_a_typed_text_gets_its_scores(browser, served):
    address, run = served("multi")
    with opened(browser, address, color_scheme="light") as page:
        page.get_by_role("button", name="Classify", exact=True).click()
        page.get_by_text("There is no text yet").wait_for()
        page.locator("textarea").fill(TEXT)
        page.get_by_role("button", name="Classify", exact=True).click()
        shown = scores_on(page)
        assert set(shown) == set(LABELS["multi"])
        assert_agrees(shown, run, TEXT)
        assert page.locator(".scores .cut").count() == len(LABELS["multi"])

        page.get_by_role("button", name="Show the words that matter").click()
        page.wait_for_selector(".words span")
        assert page.locator(".words p").first.locator("span").all_inner_texts() == TEXT.split()
        page.locator("textarea").press("End")
        page.keyboard.type("!")
        page.get_by_text("The text has changed.").wait_for()
        page.keyboard.press("Shift+Enter")
        assert_agrees(scores_on(page), run, f"{TEXT}!")
        assert page.locator(".result").first.get_attribute("aria-live") == "polite"

        before = page.locator(".scores").inner_text()
        page.get_by_text("She read the letter twice").click()
        page.wait_for_function("before => document.querySelector('.scores').innerText !== before", arg=before)
        assert_agrees(scores_on(page), run, page.locator("textarea").input_value())

    with opened(browser, address, viewport={"width": 360, "height": 740}, color_scheme="dark") as page:
        page.locator("textarea").fill(TEXT)
        page.get_by_role("button", name="Classify", exact=True).click()
        scores_on(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, "no sideways scrolling on a phone"
        assert page.locator(".scores").first.evaluate(CONTRASTS.format("backgroundColor")) < 80
        assert page.locator(".scores .name").first.evaluate(CONTRASTS.format("color")) > 180


@pytest.fixture
def slow(browser, tmp_path):
    """A visitor's page whose answers wait for `answering`, with one on its way for another text than the box holds."""
    app, module = load_module("app"), load_module("page")
    loaded = app.load(str(make_run(tmp_path / "run", "single").path))
    asked, answering, done = threading.Event(), threading.Event(), []

    def score(texts):
        asked.set()
        assert answering.wait(HANGING)
        done.extend(text for text, _ in texts)
        return loaded.score(texts)

    page = module.build_page(score, *loaded[1:])
    ways = {"run_history": False, "ssr_mode": False, "quiet": True, "prevent_thread_lock": True, "footer_links": []}
    _, address, _ = page.launch(server_name="127.0.0.1", **ways)
    try:
        with opened(browser, address.rstrip("/")) as visitor:
            box = visitor.locator("textarea").first
            box.fill("the first text")
            visitor.get_by_role("button", name="Classify").first.click()
            assert asked.wait(HANGING)
            box.press("End")
            visitor.keyboard.type(", longer")
            visitor.get_by_text("The text has changed").wait_for()
            yield SimpleNamespace(visitor=visitor, answering=answering, done=done)
    finally:
        answering.set()
        page.close()


def test_an_answer_that_comes_late_is_not_shown_beside_a_newer_text(slow):
    slow.answering.set()
    deadline = time.monotonic() + HANGING
    while not slow.done and time.monotonic() < deadline:
        time.sleep(0.1)
    assert slow.done == ["the first text"]
    slow.visitor.wait_for_timeout(1500)
    assert slow.visitor.locator(".scores li").count() == 0
    slow.visitor.get_by_role("button", name="Classify").first.click()
    assert set(scores_on(slow.visitor)) == set(LABELS["single"])


def test_a_click_while_an_answer_is_on_its_way_is_answered_after_it(slow):
    """It was dropped: the page said that the text had changed, and went on saying so."""
    slow.visitor.get_by_role("button", name="Classify").first.click()
    slow.visitor.wait_for_timeout(300)
    slow.answering.set()
    assert set(scores_on(slow.visitor)) == set(LABELS["single"])
    assert slow.done == ["the first text", "the first text, longer"]


def test_a_file_gets_the_labels_that_were_measured(browser, served, tmp_path):
    address, run = served("multi")
    rows = pq.read_table(run.path / "predictions" / "test.parquet").to_pylist()
    with (tmp_path / "texts.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["sentence", "formula"], *([row["text"], "=1+1"] for row in rows)])
    (tmp_path / "broken.csv").write_text("text,b\na\n")
    with opened(browser, address) as page:
        page.get_by_role("tab", name="Many texts").click()
        page.set_input_files("input[type=file]", tmp_path / "broken.csv")
        page.get_by_text("Row 2 has 1 cells, the header 2.").wait_for()
        page.get_by_role("button", name="Clear").or_(page.get_by_label("Clear")).first.click()
        page.set_input_files("input[type=file]", tmp_path / "texts.csv")
        page.get_by_text("Row 2 has 1 cells, the header 2.").wait_for(state="detached")
        page.get_by_role("button", name="Classify the file").click()
        page.get_by_text("200 rows are labelled.").wait_for()
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Save the labelled CSV").click()
        with waiting.value.path().open(newline="", encoding="utf-8-sig") as file:
            labelled = list(csv.DictReader(file))
    assert len(rows) == 200
    assert [set(filter(None, row["label"].split("; "))) for row in labelled] == [set(row["predicted"]) for row in rows]
    assert {row["formula"] for row in labelled} == {"'=1+1"}


def test_korean_and_two_fields(browser, served):
    text = "방이 깨끗하고 직원이 친절하며 아침 식사도 아주 맛있었어요!"
    address, run = served("korean")
    with opened(browser, address) as page:
        page.locator("textarea").fill(text)
        page.get_by_role("button", name="분류하기", exact=True).click()
        assert_agrees(scores_on(page), run, text)
        assert page.evaluate("document.documentElement.lang") == "ko"
    address, run = served("pair")
    with opened(browser, address) as page:
        page.get_by_label("body").fill(TEXT)  # training read an empty title too
        page.get_by_label("body").press("Shift+Enter")
        assert_agrees(scores_on(page), run, ("", TEXT))
        before = page.locator(".scores").inner_text()
        page.get_by_label("title").fill("Voters go to the polls")
        page.get_by_label("title").press("Shift+Enter")
        page.wait_for_function(
            "before => ![before, undefined].includes(document.querySelector('.scores')?.innerText)", arg=before
        )
        assert_agrees(scores_on(page), run, ("Voters go to the polls", TEXT))


def test_hostile_texts_and_files_are_harmless_and_explained(browser, served, tmp_path):
    address, _ = served("multi")
    for text, said in [
        ("<img src=x onerror=alert(1)><script>alert(1)</script>", None),
        ("\u202egnp.exe \x07\u200b control", None),
        (" \n ", "There is no text yet"),
        ("x" * 1_000_000, "The text has 1,000,000 characters; this page takes up to 20,000."),
    ]:
        with opened(
            browser, address
        ) as page:  # its own: what stands there answers this text, and no click comes early
            page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
            page.locator("textarea").fill(text)
            page.get_by_role("button", name="Classify", exact=True).click()
            if said:
                page.get_by_text(said).wait_for()
                continue
            page.wait_for_selector(".scores li")
            page.get_by_role("button", name="Show the words that matter").click()
            page.wait_for_selector(".words span")
            assert page.locator(".words img, .words script").count() == 0
    with opened(browser, address) as page:
        page.get_by_role("tab", name="Many texts").click()
        for name, content, said in [
            ("large.csv", b"text\n" + b"x\n" * 1_000_000, "more than 10,000 rows"),
            ("picture.csv", b"\x89PNG\x00\xff", "not a text file"),
        ]:
            (tmp_path / name).write_bytes(content)
            page.set_input_files("input[type=file]", tmp_path / name)
            page.get_by_text(said).wait_for()
            page.get_by_role("button", name="Clear").or_(page.get_by_label("Clear")).first.click()
            page.get_by_text(said).wait_for(state="detached")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser, served, faults_of, scheme):
    address, _ = served("multi")
    with opened(browser, address, color_scheme=scheme) as page:
        page.locator("textarea").fill(TEXT)
        page.keyboard.press("Shift+Enter")
        page.wait_for_selector(".scores li")
        assert faults_of(page) == []
        for tab in ("Many texts", "About the model"):
            page.get_by_role("tab", name=tab).click()
            assert faults_of(page) == []


def test_the_api_says_what_it_takes_and_gives(served):
    address, _ = served("multi")
    with urllib.request.urlopen(f"{address}/gradio_api/info") as answer:
        (endpoint,) = json.load(answer)["named_endpoints"].items()
    name, said = endpoint
    assert name == "/classify"
    assert [(each["parameter_name"], each["python_type"]["type"]) for each in said["parameters"]] == [
        ("text", "str"), ("text_pair", "str")
    ]  # fmt: skip
    assert "labels are chosen by the model's own thresholds" in said["description"]
