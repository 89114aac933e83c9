"""evaluation.html in a real browser: light, dark, on a phone; nothing fetched, nothing cut off, everything works."""

import json
import shutil

import pytest

from tests.test_page import FULL, page_of

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no chromium")]

KOREAN_LABELS = ["IT과학", "경제", "사회", "생활문화", "세계", "스포츠", "정치"]
TOPICS = [f"주제 {i} topic-{i}" for i in range(44)]
THRESHOLDS = {"aim": "f1", "n": 200, "baked": False, "pooled_labels": [], "aim_missed": []}
CASES = {
    "one label": {"names": KOREAN_LABELS, "pairs": True, **FULL},
    "many labels": {"names": TOPICS, "n": 900},
    "several labels": {"names": TOPICS, "n": 200, "multi_label": True, "thresholds": THRESHOLDS},
}


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as running:
        options = {"executable_path": CHROMIUM, "args": ["--no-sandbox", "--disable-background-networking"]}
        opened = running.chromium.launch(**options)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    made = {}
    for name, case in CASES.items():
        folder = tmp_path_factory.mktemp("report")
        log = [{"step": i, "loss": 1 / i, "learning_rate": 1e-5, "epoch": i / 5} for i in range(1, 10)]
        log.append({"step": 10, "eval_loss": 0.7, "eval_f1_macro": 0.5, "epoch": 1.0})
        (folder / "training_log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in log), encoding="utf-8")
        page_of(folder, **case)
        made[name] = folder / "evaluation.html"
    return made


def opened(browser, path, *, width=1200, scheme="light"):
    phone = width < 500
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, has_touch=phone, is_mobile=phone
    )
    page = context.new_page()
    page.said, page.asked = [], []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_selector("#chart-roc svg.main-svg")
    return page


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (1200, "dark"), (390, "light"), (360, "dark")])
def test_a_page_is_whole_and_fetches_nothing(browser, pages, case, width, scheme):
    page = opened(browser, pages[case], width=width, scheme=scheme)
    assert page.said == []
    assert page.asked == [pages[case].as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page itself scrolls sideways"
    boxes = page.locator(".chart").all()
    assert len(boxes) >= 5
    for box in boxes:
        assert box.locator("svg.main-svg").count() > 0
        assert box.bounding_box()["height"] > 150
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 29)"
    assert dark == (scheme == "dark")
    ink = page.evaluate("getComputedStyle(document.querySelector('#chart-roc .xtick text')).fill")
    assert ink == ("rgb(230, 234, 239)" if dark else "rgb(28, 36, 48)")


def test_charts_follow_when_the_colours_of_the_system_change(browser, pages):
    page = opened(browser, pages["one label"])
    tick = page.locator("#chart-roc .xtick text").first
    playwright.expect(tick).to_have_css("fill", "rgb(28, 36, 48)")
    page.emulate_media(color_scheme="dark")
    playwright.expect(tick).to_have_css("fill", "rgb(230, 234, 239)")
    assert page.said == []


def test_switches_tables_and_lists_work(browser, pages):
    page = opened(browser, pages["one label"])
    first = page.locator("#chart-confusion .heatmap-label").first
    playwright.expect(first).to_contain_text("%")
    page.get_by_role("button", name="count", exact=True).click()
    playwright.expect(first).not_to_contain_text("%")
    page.get_by_role("button", name="support").click()
    cells = page.locator("#labels tbody tr td:nth-child(2)").all_text_contents()
    assert [int(c) for c in cells] == sorted((int(c) for c in cells), reverse=True)
    page.select_option("select[data-filters=mistake-list]", "정치")
    left = page.locator("#mistake-list > li:visible")
    assert left.count() > 0
    assert all("정치" in text for text in left.all_text_contents())


def test_long_lists_show_their_first_texts_and_more_on_demand(browser, pages):
    page = opened(browser, pages["several labels"])
    visible = page.locator("#mistake-list > li:visible")
    assert visible.count() == 15
    page.locator("#mistake-list + button.more").click()
    assert visible.count() == 45


def test_each_label_has_its_threshold_curves(browser, pages):
    page = opened(browser, pages["several labels"])
    name = page.locator("#chart-thresholds .legendtext", has_text="chosen cut")
    playwright.expect(name).to_have_text("chosen cut 0.400")
    curve = page.locator("#chart-thresholds .scatterlayer .js-line").first
    before = curve.get_attribute("d")
    page.select_option("#controls-thresholds select", "7")
    playwright.expect(curve).not_to_have_attribute("d", before)
    assert page.said == []
