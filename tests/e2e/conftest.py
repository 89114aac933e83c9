"""What the end-to-end tests share: a stand-in Hub, a process that pushes to it, runs to push, and a browser."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.client_process import MISSING
from tests.e2e.push_process import PushProcess
from tests.hub_stand_in import StandInHub
from tests.made_runs import make_run
from textclf.run_folder import RunFolder

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="session")
def running_hub():
    """The Hub that `hub` empties for each test."""
    with StandInHub() as hub:
        yield hub


@pytest.fixture(scope="session")
def process(running_hub, tmp_path_factory):
    """A process with the client libraries loaded; give it a token with each command."""
    with PushProcess(running_hub, tmp_path_factory.mktemp("process")) as process:
        yield process


@pytest.fixture
def hub(running_hub):
    """A Hub on which nothing was ever uploaded, and which has met nothing it did not know at the end."""
    running_hub.store.repositories.clear()
    running_hub.store.lfs.clear()
    running_hub.faults.clear()
    running_hub.store.accounts.without_plan.clear()
    running_hub.journal.requests.clear()
    yield running_hub
    running_hub.assert_sound()


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Return `made(kind) -> RunFolder`: a finished run, made once; read only."""
    runs = {}

    def make(kind):
        if kind not in runs:
            runs[kind] = make_run(tmp_path_factory.mktemp("made", numbered=True) / kind, kind)
        return runs[kind]

    return make


@pytest.fixture
def run(made, tmp_path):
    """A run of the test's own, to be changed."""
    shutil.copytree(made("single").path, tmp_path / "run")
    return RunFolder.open(tmp_path / "run")


@pytest.fixture
def published(hub):
    """Return `published(repo_id="alice/x") -> set[str]`: the files of a model repo but for those of the Hub itself."""
    return lambda repo_id="alice/x": hub.repo("model", repo_id).files().keys() - {".gitattributes"}


@pytest.fixture(scope="module")
def browser():
    """Debian's chromium without a window; where there is none, its tests are skipped."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium: apt-get install chromium")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=MISSING * 1000)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-background-networking"]
        started = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield started
        started.close()


@pytest.fixture(scope="session")
def faults_of():
    """Return `faults_of(page)`: what axe-core finds that shuts people with disabilities out."""
    if not AXE.exists():
        pytest.skip("axe-core is not there: make tests/e2e/node_modules/.ready")
    source = AXE.read_text(encoding="utf-8")

    def faults_of(page):
        page.evaluate(source)
        found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'best-practice']})")["violations"]
        serious = [each for each in found if each["impact"] in ("serious", "critical")]
        return [(each["id"], each["nodes"][0]["html"][:200], each["nodes"][0]["any"][:1]) for each in serious]

    return faults_of


@pytest.fixture
def open_page(browser):
    """Return `open_page(path, drawn, width=1200, scheme="light")`: a page of one file, once `drawn` is on it.

    At the end no such page may have asked for anything but itself, or have said a word on its console.
    """
    contexts, said, asked = [], [], []

    def open_page(path, drawn, *, width=1200, scheme="light"):
        phone = width < 600
        screen = {"viewport": {"width": width, "height": 900}, "is_mobile": phone, "has_touch": phone}
        contexts.append(browser.new_context(color_scheme=scheme, **screen))
        page = contexts[-1].new_page()
        page.set_default_timeout(MISSING * 1000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append((request.url, path.as_uri())))
        page.goto(path.as_uri())
        page.wait_for_selector(drawn)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []
    assert [url for url, itself in asked if url != itself and not url.startswith(("data:", "blob:"))] == []
