"""evaluation.html in a real browser: light, dark, on a phone; nothing fetched, nothing cut off, everything works."""

import json

import pytest
from playwright.sync_api import expect

from tests.test_page import FULL, page_of

pytestmark = pytest.mark.browser

KOREAN_LABELS = ["IT과학", "경제", "사회", "생활문화", "세계", "스포츠", "정치"]
TOPICS = [f"주제 {i} topic-{i}" for i in range(44)]
LONG = ["국제 관계와 외교 안보 문제를 다루는 기사", "A label that is a sentence of its own, as in surveys", "가" * 120]
THRESHOLDS = {"aim": "f1", "n": 200, "baked": False, "pooled_labels": [], "aim_missed": []}
CASES = {
    "one label": {"names": KOREAN_LABELS, "pairs": True, **FULL},
    "many labels": {"names": TOPICS, "n": 900},
    "long names": {"names": LONG},
    "several labels": {"names": TOPICS, "n": 200, "multi_label": True, "thresholds": THRESHOLDS},
}


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


@pytest.fixture
def opened(open_page, pages):
    """Return `opened(case, width=1200, scheme="light")`: the report of a case, its charts drawn."""
    return lambda case, **screen: open_page(pages[case], "#chart-roc svg.main-svg", **screen)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (1200, "dark"), (390, "light"), (360, "dark")])
def test_a_page_is_whole_and_fetches_nothing(opened, case, width, scheme):
    page = opened(case, width=width, scheme=scheme)
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


def test_charts_follow_when_the_colours_of_the_system_change(opened):
    page = opened("one label")
    tick = page.locator("#chart-roc .xtick text").first
    expect(tick).to_have_css("fill", "rgb(28, 36, 48)")
    page.emulate_media(color_scheme="dark")
    expect(tick).to_have_css("fill", "rgb(230, 234, 239)")


def test_switches_tables_and_lists_work(opened):
    page = opened("one label")
    first = page.locator("#chart-confusion .heatmap-label").first
    expect(first).to_contain_text("%")
    page.get_by_role("button", name="count", exact=True).click()
    expect(first).not_to_contain_text("%")
    page.get_by_role("button", name="support").click()
    cells = page.locator("#labels tbody tr td:nth-child(2)").all_text_contents()
    assert [int(c) for c in cells] == sorted((int(c) for c in cells), reverse=True)
    page.select_option("select[data-filters=mistake-list]", "정치")
    left = page.locator("#mistake-list > li:visible")
    assert left.count() > 0
    assert all("정치" in text for text in left.all_text_contents())


def test_long_lists_show_their_first_texts_and_more_on_demand(opened):
    page = opened("several labels")
    visible = page.locator("#mistake-list > li:visible")
    assert visible.count() == 15
    page.locator("#mistake-list + button.more").click()
    assert visible.count() == 45


def test_each_label_has_its_threshold_curves(opened):
    page = opened("several labels")
    name = page.locator("#chart-thresholds .legendtext", has_text="chosen cut")
    expect(name).to_have_text("chosen cut 0.400")
    curve = page.locator("#chart-thresholds .scatterlayer .js-line").first
    before = curve.get_attribute("d")
    page.select_option("#controls-thresholds select", "7")
    expect(curve).not_to_have_attribute("d", before)


def test_no_chart_can_be_uploaded(opened):
    """plotly.js 3 put "Share chart" on every chart: a click away from a data set's figures on somebody's server."""
    buttons = opened("one label").locator(".modebar-btn").evaluate_all("all => all.map(each => each.dataset.title)")
    assert "Zoom" in buttons
    assert not [title for title in buttons if "cloud" in title.lower() or "share" in title.lower()]
