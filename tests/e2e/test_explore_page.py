"""The page of explore.py in a real browser: light, dark, on a phone; nothing fetched or sent, all of it works."""

import csv

import pytest
from playwright.sync_api import expect

from tests.tiny_models import ENGLISH, KOREAN
from textclf.arguments import DataArguments
from textclf.data.loading import load_splits
from textclf.exploration.explore import explore
from textclf.exploration.explore_options import ExploreOptions
from textclf.exploration.render import write_page

pytestmark = pytest.mark.browser
MARKUP = '<img src=x onerror="document.title=1"> <b>bold</b> <a href="https://evil.example/">x</a>'
SCRIPT = '</script><img src=x onerror="document.title = 1">'


def many_labels():
    """14 labels (more than there are colours) of two fields, hostile texts among them."""
    names = [f"label {i} {MARKUP if i == 0 else '아주 긴 이름의 분류 항목'}" for i in range(14)]
    rows = [("title", "body", "label")]
    for i, text in enumerate(ENGLISH * 6):
        rows.append((f"{text} {MARKUP} {i}", f"{KOREAN[i % 20]} {ENGLISH[(i * i + i // 20) % 20]}", names[i % 14]))
    return rows, {}


def several_labels():
    """Titles in English, bodies in Korean, tags; some of them try to break out of the page."""
    tags = ["스포츠|늦음", "경제", "", f"{SCRIPT}|경제"]
    rows = [("title", "body", "tags")]
    for i, (title, body) in enumerate(zip(ENGLISH * 5, KOREAN * 5, strict=True)):
        rows.append((f"{title} {i}", f"{body} {SCRIPT} {i * 7}", tags[i % 4]))
    return rows, {"label_columns": ["tags"], "label_separator": "|"}


@pytest.fixture(scope="module")
def pages(tiny_model, tmp_path_factory):
    made = {}
    for kind, make in (("many", many_labels), ("several", several_labels)):
        folder, (rows, options) = tmp_path_factory.mktemp(kind), make()
        with (folder / f"{kind}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        args = DataArguments(dataset=str(folder / f"{kind}.csv"), **options)
        found = explore(load_splits(args), args, ExploreOptions(model=str(tiny_model("bert"))))
        made[kind] = folder / "page.html"
        write_page(found, made[kind])
    return made


@pytest.fixture
def opened(open_page, pages):
    """Return `opened(kind="many", width=1200, scheme="light")`: the page of a data set, its charts drawn."""
    return lambda kind="many", **screen: open_page(pages[kind], "#map-chart svg.main-svg", **screen)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_everything_is_drawn_within_the_width(opened, scheme, width):
    page = opened(width=width, scheme=scheme)
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
    page = opened(scheme="dark")
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


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (390, "dark")])
def test_a_text_that_closes_the_script_breaks_nothing(opened, width, scheme):
    page = opened("several", width=width, scheme=scheme)
    assert page.title() != "1"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page itself scrolls sideways"
    shade = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]")
    assert (shade < 128) == (scheme == "dark")


def test_no_chart_can_be_uploaded(opened):
    """plotly.js 3 put "Share chart" on every chart: a click away from texts on somebody's server."""
    page = opened("several")
    buttons = page.locator(".modebar-btn").evaluate_all("all => all.map(each => each.dataset.title)")
    assert "Zoom" in buttons
    assert not [title for title in buttons if "cloud" in title.lower() or "share" in title.lower()]


def test_a_text_is_read_by_pointing_at_it(opened):
    page = opened("several")
    chart = page.locator("#map-chart")
    chart.scroll_into_view_if_needed()
    point = chart.locator(".scatterlayer .point").last.bounding_box()
    page.mouse.move(point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
    expect(page.locator("#map-text")).to_contain_text("img src=x")
    assert page.title() != "1"


def test_every_cluster_of_the_map_is_in_its_legend(opened):
    """Of 32 clusters in colours of their own the legend named 16."""
    page = opened("several")
    for k in page.locator("#map-colour option").evaluate_all("all => all.map(each => each.value).slice(1)"):
        page.select_option("#map-colour", k)
        assert page.locator("#map-legend button").count() == int(k)
    page.locator("#map-legend button").last.click()
    assert page.locator("#map-legend button[aria-pressed=true]").count() == 1
    page.get_by_role("button", name="PCA").click()
    page.get_by_role("button", name="body", exact=True).click()
