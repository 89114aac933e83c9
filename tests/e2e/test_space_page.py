"""The Space's page in a real browser: type a text, read the scores, by day, by night and on a phone."""

from __future__ import annotations

import csv
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.e2e.client_process import HANGING
from tests.made_runs import LABELS, make_run
from textclf.inference.classifier import Classifier

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.browser
TEXT = "The new phone is fast and its battery lasts all day."


@contextmanager
def served(model):
    """Serve the page of a model by the command that people type, and give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "space/app.py", "--model", str(model), "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 1800
        while True:
            try:
                urllib.request.urlopen(address, timeout=60)
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
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return {kind: make_run(folder / kind, kind) for kind in ("multi", "korean", "pair")}


@contextmanager
def opened(browser, address, drawn="textarea", **options):
    """Open the page; at the end nothing may have been asked of any other machine, and no script have failed."""
    context = browser.new_context(**options)
    page = context.new_page()
    page.set_default_timeout(HANGING * 1000)
    asked, failed = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: failed.append(str(error)))
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


def test_a_typed_text_gets_its_scores(browser, runs):
    with served(runs["multi"].path) as address:
        with opened(browser, address, color_scheme="light") as page:
            page.get_by_role("button", name="Classify").click()
            page.get_by_text("There is no text yet").wait_for()
            page.locator("textarea").fill(TEXT)
            page.get_by_role("button", name="Classify").click()
            shown = scores_on(page)
            assert set(shown) == set(LABELS["multi"])
            assert_agrees(shown, runs["multi"], TEXT)
            assert page.locator(".scores .cut").count() == len(LABELS["multi"])

            page.get_by_role("button", name="Show the words that matter").click()
            page.wait_for_selector(".words span")
            assert page.locator(".words p").first.locator("span").all_inner_texts() == TEXT.split()
            page.locator("textarea").press("End")
            page.keyboard.type("!")
            page.get_by_text("The text has changed.").wait_for()
            page.keyboard.press("Shift+Enter")
            assert_agrees(scores_on(page), runs["multi"], f"{TEXT}!")
            assert page.locator(".result").first.get_attribute("aria-live") == "polite"

            before = page.locator(".scores").inner_text()
            page.get_by_text("She read the letter twice").click()
            page.wait_for_function("before => document.querySelector('.scores').innerText !== before", arg=before)
            assert_agrees(scores_on(page), runs["multi"], page.locator("textarea").input_value())

        with opened(browser, address, viewport={"width": 360, "height": 740}, color_scheme="dark") as page:
            page.locator("textarea").fill(TEXT)
            page.get_by_role("button", name="Classify").click()
            scores_on(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, "no sideways scrolling on a phone"
            light = "e => getComputedStyle(e).{}.match(/[\\d.]+/g).slice(0, 3).map(Number).reduce((a, b) => a + b) / 3"
            assert page.locator(".scores").first.evaluate(light.format("backgroundColor")) < 80
            assert page.locator(".scores .name").first.evaluate(light.format("color")) > 180


def test_a_file_is_labelled(browser, runs, tmp_path):
    rows = pq.read_table(runs["multi"].path / "predictions" / "test.parquet").to_pylist()
    with (tmp_path / "texts.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["sentence", "formula"], *([row["text"], "=1+1"] for row in rows)])
    (tmp_path / "broken.csv").write_text("text,b\na\n")
    with served(runs["multi"].path) as address, opened(browser, address) as page:
        page.get_by_role("tab", name="Many texts").click()
        page.set_input_files("input[type=file]", tmp_path / "broken.csv")
        page.get_by_text("Row 2 has 1 cells, the header 2.").wait_for()
        page.get_by_role("button", name="Clear").or_(page.get_by_label("Clear")).first.click()
        page.set_input_files("input[type=file]", tmp_path / "texts.csv")
        page.get_by_text("Row 2 has 1 cells, the header 2.").wait_for(state="detached")
        page.get_by_role("button", name="Classify the file").click()
        page.get_by_text(f"{len(rows)} rows are labelled.").wait_for()
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Save the labelled CSV").click()
        with waiting.value.path().open(newline="", encoding="utf-8-sig") as file:
            labelled = list(csv.DictReader(file))
    assert [set(filter(None, row["label"].split("; "))) for row in labelled] == [set(row["predicted"]) for row in rows]
    assert {row["formula"] for row in labelled} == {"'=1+1"}


def test_korean_and_two_fields(browser, runs):
    text = "방이 깨끗하고 직원이 친절하며 아침 식사도 아주 맛있었어요!"
    with served(runs["korean"].path) as address, opened(browser, address) as page:
        page.locator("textarea").fill(text)
        page.get_by_role("button", name="분류하기").click()
        assert_agrees(scores_on(page), runs["korean"], text)
    with served(runs["pair"].path) as address, opened(browser, address) as page:
        page.get_by_label("title").fill("Voters go to the polls")
        page.get_by_label("body").fill(TEXT)
        page.get_by_role("button", name="Classify").click()
        assert_agrees(scores_on(page), runs["pair"], ("Voters go to the polls", TEXT))
