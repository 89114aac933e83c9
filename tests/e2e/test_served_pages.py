"""The pages of serve.py in a real browser: the documentation tries a call, the page at /ui labels a text."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.client_process import HANGING
from tests.e2e.test_space_page import assert_agrees, opened, scores_on
from textclf.inference.classifier import Classifier

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.browser
KOREAN = "배송이 빠르고 포장도 꼼꼼해요"


@contextmanager
def serving(model):
    """serve.py as people start it; at the end it stops in order, whatever pages are open."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "serve.py", str(model), "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"})
    try:
        address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + HANGING
        while True:
            try:
                urllib.request.urlopen(f"{address}/ready", timeout=60)
                break
            except OSError:
                assert process.poll() is None, "the server ended"
                assert time.monotonic() < deadline, "the server did not start"
                time.sleep(0.3)
        yield address
        process.send_signal(signal.SIGTERM)
        assert process.wait(HANGING) in (0, -signal.SIGTERM)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def address(made):
    with serving(made("multi").path) as address:
        yield address


def test_the_documentation_needs_no_other_host_and_tries_a_call(browser, address, made):
    with opened(browser, f"{address}/docs", "#operations-default-classify_v1_classify_post") as page:
        page.get_by_text("Decisions").click()
        page.get_by_role("button", name="Try it out").click()
        page.locator("textarea").fill(json.dumps({"text": KOREAN}))
        with page.expect_response("**/v1/classify") as answered:
            page.get_by_role("button", name="Execute").click()
        (found,) = answered.value.json()["predictions"]
        page.locator(".live-responses-table").get_by_text('"truncated"').first.wait_for()
    (expected,) = Classifier.load(made("multi").path).predict([KOREAN])
    assert found["labels"] == expected.labels
    assert found["scores"] == pytest.approx(expected.scores, abs=1e-5)


def test_the_page_at_ui_gives_the_servers_scores(browser, address, made):
    with opened(browser, f"{address}/ui/") as page:
        page.locator("textarea").fill(KOREAN)
        page.get_by_role("button", name="Classify").click()
        assert_agrees(scores_on(page), made("multi"), KOREAN)
