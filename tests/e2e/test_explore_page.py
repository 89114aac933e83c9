"""The exploration page in a real browser: light and dark, on a desk and on a phone, nothing fetched."""

import csv
import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.tiny_models import ENGLISH, KOREAN
from textclf.arguments import DataArguments
from textclf.data.loading import load_splits
from textclf.exploration.arguments import ExploreOptions
from textclf.exploration.explore import explore
from textclf.exploration.render import write_page

CHROMIUM = shutil.which("chromium")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no chromium")]
HOSTILE = '<img src=x onerror="document.title=1"> <b>bold</b> <a href="https://evil.example/">x</a>'


@pytest.fixture(scope="module")
def page_file(tiny_model, tmp_path_factory):
    """A page with 14 labels (more than there are colours) of two fields, hostile texts among them."""
    folder = tmp_path_factory.mktemp("page")
    names = [f"label {i} {HOSTILE if i == 0 else '아주 긴 이름의 분류 항목'}" for i in range(14)]
    rows = [
        (f"{text} {HOSTILE}", f"{KOREAN[i % 20]} {ENGLISH[(i * i + i // 20) % 20]}", names[i % 14])
        for i, text in enumerate(ENGLISH * 6)
    ]
    with (folder / "many.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [("title", "body", "label"), *((f"{t} {i}", b, n) for i, (t, b, n) in enumerate(rows))]
        )
    args = DataArguments(dataset=str(folder / "many.csv"))
    found = explore(load_splits(args), args, ExploreOptions(model=str(tiny_model("bert"))))
    write_page(found, folder / "page.html")
    return folder / "page.html"


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield started
        started.close()


@pytest.fixture
def opened(browser, page_file):
    """Return `open(scheme, width)`; the page must neither complain nor ask for anything but itself."""
    contexts, complaints, requests = [], [], []

    def open_page(scheme="light", width=1280):
        phone = width < 600
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 800}, is_mobile=phone, has_touch=phone
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(page_file.as_uri())
        page.wait_for_selector("#cluster-chart .main-svg")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(("data:", "blob:"))] == [page_file.as_uri()] * len(contexts)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_everything_is_drawn_within_the_width(opened, scheme, width):
    page = opened(scheme, width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for chart in ("count-chart", "tail-chart", "length-chart", "length-by-label", "map-chart", "cluster-chart"):
        box = page.locator(f"#{chart} .main-svg").first.bounding_box()
        assert box["width"] > 300
        assert box["height"] > 150
    assert page.locator(".card").count() == 12
    small = page.evaluate(
        "[...document.querySelectorAll('.main-svg text')]"
        ".map(text => parseFloat(getComputedStyle(text).fontSize)).filter(size => size < 12)"
    )
    assert small == []


def test_dark_pages_have_light_text_in_charts(opened):
    page = opened("dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 29)"
    tick = page.locator("#count-chart .ytick text").first
    expect(tick).to_have_css("fill", "rgb(230, 234, 239)")
    page.emulate_media(color_scheme="light")
    expect(tick).to_have_css("fill", "rgb(28, 36, 48)")


def test_texts_are_shown_as_they_are(opened):
    page = opened()
    page.locator("#map-chart").scroll_into_view_if_needed()
    place = "(() => { const r = document.querySelector('#map-chart .points path').getBoundingClientRect();"
    x, y = page.evaluate(place + " return [r.x + r.width / 2, r.y + r.height / 2]; })()")
    page.mouse.move(x, y)
    page.wait_for_selector("#map-chart .hovertext")
    assert "<b>bold</b>" in page.locator("#map-text").text_content()
    assert page.locator("#map-chart .hovertext a, #map-chart .ytick a").count() == 0
    assert "onerror" in page.locator(".card h3").all_text_contents().__str__()
    assert page.title() == "many: a look at the data"


def test_map_colours_and_highlights(opened):
    page = opened()
    points = "document.querySelectorAll('#map-chart .points path').length"
    everything = page.evaluate(points)
    assert page.locator("#map-legend button").count() == 11  # ten labels with a colour, and the others
    page.locator("#map-legend button").nth(2).click()
    assert page.locator("#map-legend button").nth(2).get_attribute("aria-pressed") == "true"
    assert page.locator("#map-chart .scatterlayer .trace").count() == 2
    assert page.evaluate(points) == everything
    page.select_option("#map-colour", "8")
    assert page.locator("#map-legend button").count() == 8
    page.get_by_role("button", name="PCA").click()
    page.get_by_role("button", name="body", exact=True).click()
    assert page.evaluate(points) == everything


def test_words_lengths_and_clusters_can_be_switched(opened):
    page = opened()
    page.get_by_role("button", name="frequent", exact=True).click()
    page.get_by_role("button", name="pairs").click()
    assert " " in page.locator(".card li span").first.text_content()
    page.select_option("#word-filter", "all")
    assert page.locator(".card").count() == 14
    page.select_option("#word-filter", "3")
    assert page.locator(".card").count() == 1
    page.get_by_role("button", name="characters").click()
    assert page.locator("#length-chart .xtitle").text_content() == "characters"
    columns = "document.getElementById('cluster-chart').data[0].x.length"
    assert page.evaluate(columns) == 8
    page.get_by_role("button", name="k = 16").click()
    assert page.evaluate(columns) == 16
