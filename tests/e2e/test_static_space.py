"""The static page in a real browser: the run's own labels, nothing asked of anybody else, everything by keyboard."""

from __future__ import annotations

import csv
import shutil
import threading
from functools import partial
from http.server import ThreadingHTTPServer

import pyarrow.parquet as pq
import pytest

from tests.e2e.client_process import MISSING
from tests.javascript_runs import HERE
from tests.made_runs import make_run
from textclf.hub import browser_runtime
from textclf.hub.static_page import Handler, write_page
from textclf.inference.engines import load

pytestmark = pytest.mark.browser
PACKED = {
    "ort.mjs": "onnxruntime-web/dist/ort.wasm.bundle.min.mjs",
    "ort.wasm": "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm",
    "tokenizers.mjs": "@huggingface/tokenizers/dist/tokenizers.min.mjs",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Return `served(kind) -> (address, run)`: the page of a run, in `run.path.parent / "page"`, and served."""
    from textclf.evaluation.exporting import export_run

    if not (HERE / "node_modules").is_dir():
        pytest.skip("The static page's runtime is not here: `npm ci` in tests/javascript.")
    home = tmp_path_factory.mktemp("home")
    (home / "textclf" / "browser").mkdir(parents=True)
    for name, source in PACKED.items():
        shutil.copyfile(HERE / "node_modules" / source, home / "textclf" / "browser" / name)
    patch = pytest.MonkeyPatch()
    patch.setattr(browser_runtime.constants, "HF_HOME", str(home))
    patch.setattr(browser_runtime.shutil, "which", lambda name: None)  # nothing is fetched: the files are right
    servers, made = [], {}

    def serve(kind):
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind)
            run = make_run(folder / "run", kind, tested=200 if kind == "multi" else 34)
            export_run(run, ["onnx-int8"], draws=30)
            write_page(str(run.path), folder / "page")
            server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder / "page")))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            servers.append(server)
            made[kind] = (f"http://127.0.0.1:{server.server_port}/index.html", run)
        return made[kind]

    yield serve
    for server in servers:
        server.shutdown()
    patch.undo()


@pytest.fixture
def visit(browser):
    """Return `visit(address, **options)`; nothing may be asked of others, nor anything be said on the console."""
    contexts, asked, said = [], [], []

    def visit(address, **options):
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(MISSING * 1000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        own = address.rsplit("/", 1)[0]
        contexts[-1].on("request", lambda request: asked.append((request.url, own)))
        page.goto(address)
        wait_until_ready(page)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert said == []
    assert [url for url, own in asked if not url.startswith((own, "blob:" + own, "data:"))] == []


def wait_until_ready(page):
    """Wait until the page is drawn and its model loaded."""
    page.wait_for_selector("main")  # hidden at first, and so is what it holds
    page.wait_for_selector("#loading", state="hidden")


def answer(page):
    """Return what the page chose, and all scores."""
    page.wait_for_selector(".scores li")
    rows = page.locator(".scores li").evaluate_all(
        "rows => rows.map(row => [row.querySelector('.name').textContent, row.querySelector('.score').textContent])"
    )
    return (
        {name[2:] for name, _ in rows if name.startswith("✓ ")},
        {name.removeprefix("✓ "): float(score) for name, score in rows},
    )


@pytest.mark.parametrize("kind", ["multi", "pair"])
def test_a_file_gets_the_labels_that_python_gives(visit, served, tmp_path, kind):
    address, run = served(kind)
    rows = pq.read_table(run.path / "predictions" / "test.parquet").to_pylist()
    with (tmp_path / "texts.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["sentence" if kind == "multi" else "title", "body", "formula"])
        writer.writerows([row["text"], row["text_pair"] or "", "=1+1"] for row in rows)
    page = visit(address)
    page.get_by_role("tab", name="Many texts").click()
    page.set_input_files("#file", tmp_path / "texts.csv")
    page.get_by_role("button", name="Classify the file").click()
    page.wait_for_selector("#saved")
    assert (
        f"{len(rows)} rows are labelled. Cells that begin with =, +, - or @: {len(rows)}."
        in page.locator("#file-status").inner_text()
    )
    with page.expect_download() as waiting:
        page.get_by_text("Save the labelled CSV").click()
    with waiting.value.path().open(newline="", encoding="utf-8-sig") as file:
        labelled = list(csv.DictReader(file))
    texts = [(row["text"], row["text_pair"]) if row["text_pair"] else row["text"] for row in rows]
    expected = load(str(run.path), "onnx-int8").predict(texts)
    assert [set(filter(None, row["label"].split("; "))) for row in labelled] == [set(each.labels) for each in expected]
    assert [float(row["score"]) for row in labelled] == pytest.approx(
        [max(each.scores.values()) for each in expected], abs=1e-2
    )  # an activation next to a rounding boundary may fall on its other side in WebAssembly
    if kind == "multi":  # 200 texts; the gate told how often int8 decides as torch, whose labels the file holds
        gate = run.read_json("onnx/gate.json")["engines"]["onnx-int8"]["agreement"]
        names = run.read_json("evaluation.json")["labels"]
        cells = [
            (name in row["label"].split("; ")) == (name in old["predicted"])
            for row, old in zip(labelled, rows, strict=True)
            for name in names
        ]
        assert (len(rows), gate["of"]) == (200, "label cells")
        assert sum(cells) / len(cells) >= gate["low"]
    assert {row["formula"] for row in labelled} == {"'=1+1"}


def test_korean_by_keyboard_alone_on_a_dark_phone(visit, served):
    address, run = served("korean")
    page = visit(address, viewport={"width": 390, "height": 800}, color_scheme="dark")
    assert page.evaluate("document.documentElement.lang") == "ko"
    text = "방이 깨끗하고 직원이 친절하며 아침 식사도 아주 맛있었어요!"
    page.keyboard.insert_text(text)  # the box has the focus
    page.keyboard.press("Shift+Enter")
    chosen, scores = answer(page)
    (expected,) = load(str(run.path), "onnx-int8").predict([text])
    assert chosen == set(expected.labels)
    assert scores == pytest.approx(expected.scores, abs=1e-3)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, "no sideways scrolling on a phone"

    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "why"
    page.keyboard.press("Enter")
    page.wait_for_selector("#words .words")
    shaded = page.locator("#words .words p").first.locator("span").all_inner_texts()
    assert shaded == text.split()

    page.focus("#first")
    page.keyboard.type("a")
    assert "글이 바뀌었습니다" in page.locator("#result").inner_text(), "no old answer beside a new text"
    assert page.locator("#words").inner_text() == ""
    page.focus("#tab-one")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert "테스트 글 34건에서 잰 값" in page.locator("#panel-about").inner_text()


def test_hostile_texts_and_files_are_harmless_and_explained(visit, served, tmp_path):
    address, _ = served("multi")
    page = visit(address)
    for text, said in [
        ("<img src=x onerror=alert(1)><script>alert(1)</script>", None),
        ("\u202egnp.exe \x07\x00\u200b control", None),
        (" \n ", "There is no text yet"),
        ("x" * 1_000_000, "The text has 1,000,000 characters; this page takes up to 20,000."),
    ]:
        page.fill("#first", text)
        page.get_by_role("button", name="Classify", exact=True).click()
        if said:
            page.get_by_text(said).wait_for()
        else:
            answer(page)
    page.get_by_role("tab", name="Many texts").click()
    for name, content, said in [
        ("broken.csv", b"text,b\na\n", "Row 2 has 1 cells, the header 2."),
        ("large.csv", b"text\n" + b"x\n" * 1_000_000, "more than 10,000 rows"),
        ("huge.csv", b"x" * 5_000_001, "The file has 5.0 MB"),
        ("picture.csv", b"\x89PNG\x00\xff", "not a text file"),
    ]:
        (tmp_path / name).write_bytes(content)
        page.set_input_files("#file", tmp_path / name)
        page.get_by_text(said).wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit, served, faults_of, scheme):
    address, _ = served("multi")
    page = visit(address, color_scheme=scheme)
    page.fill("#first", "The new phone is fast and its battery lasts all day.")
    page.keyboard.press("Shift+Enter")
    answer(page)
    assert faults_of(page) == []
    for tab in ("Many texts", "About the model"):
        page.get_by_role("tab", name=tab).click()
        assert faults_of(page) == []


def test_a_second_visit_fetches_neither_model_nor_runtime(visit, served):
    address, _ = served("multi")
    page = visit(address)
    page.wait_for_load_state("networkidle")  # what the first visit asked for is told by now
    page.wait_for_timeout(500)
    asked = []
    page.context.on(
        "requestfinished", lambda request: asked.append((request.url, request.sizes()["responseBodySize"]))
    )
    page.reload()
    wait_until_ready(page)
    page.fill("#first", "The new phone is fast.")
    page.keyboard.press("Shift+Enter")
    answer(page)
    assert not [url for url, _ in asked if "/model/" in url or url.endswith(".wasm")]
    assert sum(size for _, size in asked) < 1_000_000


def test_a_file_that_is_not_the_measured_one_is_refused_and_can_be_tried_again(browser, served):
    address, run = served("multi")
    changed = run.path.parent / "page" / "model" / "tokenizer_config.json"
    right = changed.read_bytes()
    changed.write_bytes(right.replace(b"{", b" {", 1)[: len(right)])
    context = browser.new_context()
    try:
        page = context.new_page()
        page.set_default_timeout(MISSING * 1000)
        page.goto(address)
        page.get_by_text("tokenizer_config.json is not the file that was measured").wait_for()
    finally:
        changed.write_bytes(right)
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector("#loading", state="hidden")
    context.close()
