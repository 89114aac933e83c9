"""The page of explore.py in a real browser: light, dark, on a phone; nothing fetched or sent, all of it works."""

import csv
import shutil

import pytest

from tests.tiny_models import ENGLISH, KOREAN
from textclf.arguments import DataArguments
from textclf.data.loading import load_splits
from textclf.exploration.arguments import ExploreOptions
from textclf.exploration.explore import explore
from textclf.exploration.render import write_page

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no chromium")]

HOSTILE = '</script><img src=x onerror="document.title = 1">'


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as running:
        options = {"executable_path": CHROMIUM, "args": ["--no-sandbox", "--disable-background-networking"]}
        opened = running.chromium.launch(**options)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def page_path(tiny_model, tmp_path_factory):
    """Titles in English, bodies in Korean, tags; some of them try to break out of the page."""
    folder = tmp_path_factory.mktemp("explored")
    tags = ["스포츠|늦음", "경제", "", f"{HOSTILE}|경제"]
    with (folder / "news.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["title", "body", "tags"])
        for number, (title, body) in enumerate(zip(ENGLISH * 5, KOREAN * 5, strict=True)):
            rows.writerow([f"{title} {number}", f"{body} {HOSTILE} {number * 7}", tags[number % 4]])
    args = DataArguments(dataset=str(folder / "news.csv"), label_columns=["tags"], label_separator="|")
    found = explore(load_splits(args), args, ExploreOptions(model=str(tiny_model("bert"))))
    write_page(found, folder / "page.html")
    return folder / "page.html"


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
    page.wait_for_selector("#map-chart svg.main-svg")
    return page


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (1200, "dark"), (390, "light"), (390, "dark")])
def test_the_page_is_whole_and_fetches_nothing(browser, page_path, width, scheme):
    page = opened(browser, page_path, width=width, scheme=scheme)
    assert page.said == []
    assert page.asked == [page_path.as_uri()]
    assert page.title() != "1"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page itself scrolls sideways"
    shade = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]")
    assert (shade < 128) == (scheme == "dark")


def test_no_chart_can_be_uploaded(browser, page_path):
    """plotly.js 3 put "Share chart" on every chart: a click away from texts on somebody's server."""
    page = opened(browser, page_path)
    buttons = page.locator(".modebar-btn").evaluate_all("all => all.map(each => each.dataset.title)")
    assert "Zoom" in buttons
    assert not [title for title in buttons if "cloud" in title.lower() or "share" in title.lower()]


def test_a_text_is_read_by_pointing_at_it(browser, page_path):
    page = opened(browser, page_path)
    chart = page.locator("#map-chart")
    chart.scroll_into_view_if_needed()
    point = chart.locator(".scatterlayer .point").last.bounding_box()
    page.mouse.move(point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
    playwright.expect(page.locator("#map-text")).to_contain_text("img src=x")
    assert page.title() != "1"


def test_every_cluster_of_the_map_is_in_its_legend(browser, page_path):
    """Of 32 clusters in colours of their own the legend named 16."""
    page = opened(browser, page_path)
    for k in page.locator("#map-colour option").evaluate_all("all => all.map(each => each.value).slice(1)"):
        page.select_option("#map-colour", k)
        assert page.locator("#map-legend button").count() == int(k)
    page.locator("#map-legend button").last.click()
    assert page.locator("#map-legend button[aria-pressed=true]").count() == 1
    page.get_by_role("button", name="PCA").click()
    page.get_by_role("button", name="body", exact=True).click()
    assert page.said == []
