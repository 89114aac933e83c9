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
TOPICS = ["tariff", "reef", "ballot", "sonata", "glacier", "vaccine", "orbit"]
TOPICS += ["harvest", "novel", "goal", "harbour", "tunnel", "museum", "bakery"]
SCRIPT = '</script><img src=x onerror="document.title = 1">'


def many_labels():
    """14 labels (more than there are colours) of two fields, hostile texts among them."""
    names = [f"label {i} {MARKUP if i == 0 else '아주 긴 이름의 분류 항목'}" for i in range(14)]
    rows = [("title", "body", "label")]
    for i, text in enumerate(ENGLISH * 6):
        own = f"{TOPICS[i % 14]} {TOPICS[i % 14]}s"  # words that stand out in the texts of a label
        body = f"{KOREAN[i % 20]} {ENGLISH[(i * i + i // 20) % 20]}"
        rows.append((f"{text} {own} {MARKUP} {i}", body, names[i % 14]))
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
    return lambda kind="many", **screen: open_page(pages[kind], "#map-chart svg[role=img]", **screen)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_everything_is_drawn_within_the_width(opened, scheme, width):
    page = opened(width=width, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for chart in ("chart-tail", "chart-lengths", "map-chart"):
        box = page.locator(f"#{chart} svg[role=img]").bounding_box()
        assert box["width"] > 250
        assert box["height"] > 150
    assert page.locator("#word-cards .card").count() == 12
    small = page.evaluate(
        "[...document.querySelectorAll('svg text')]"
        ".map(text => parseFloat(getComputedStyle(text).fontSize)).filter(size => size < 12)"
    )
    assert small == []
    shade = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (shade == "rgb(20, 24, 29)") == (scheme == "dark")


@pytest.mark.parametrize("width", [1280, 390])
def test_no_word_of_a_chart_is_cut(opened, width):
    """The last number of an axis up to 1000 lost its last zero."""
    page = opened("many", width=width)
    page.evaluate("""() => {
        const [x, y] = [100000, 250000].map((end) => ({ title: "an axis", range: [0, end] }));
        const line = { x: [0, 100000], y: [0, 250000], name: "a line", colour: "red" };
        const box = document.getElementById("chart-lengths"), shown = { lines: [line], marks: [], x, y };
        drawChart(box, { id: "lengths", title: "" }, shown, say, () => {});
    }""")
    outside = """() => [...document.querySelectorAll(".chart svg[role=img] text")].filter((text) => {
        const [word, frame] = [text, text.ownerSVGElement].map((each) => each.getBoundingClientRect());
        return word.left < frame.left - 1 || word.right > frame.right + 1 || word.bottom > frame.bottom + 1;
    }).map((text) => text.textContent)"""
    assert page.evaluate(outside) == []


@pytest.mark.parametrize("kind", ["many", "several"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(opened, faults_of, kind, scheme):
    page = opened(kind, scheme=scheme)
    page.locator("#word-cards .card ol button").first.click()
    assert faults_of(page) == []


def test_texts_are_shown_as_they_are(opened):
    page = opened()
    page.get_by_label("search in texts").fill("<b>bold</b>")
    expect(page.locator("#rows .text").first).to_contain_text("<b>bold</b>")
    page.locator("#map-chart circle").last.dispatch_event("pointerover")
    expect(page.locator("#map-text")).to_contain_text("<b>bold</b>")
    assert "onerror" in page.locator(".card h3").all_text_contents().__str__()
    assert page.title() == "many: a look at the data"


def test_texts_are_searched_filtered_and_put_in_order(opened):
    page = opened()
    found, rows = page.locator("#found"), page.locator("#rows > li")
    total = int(found.inner_text().split(" of ")[1].split(" ")[0])
    expect(rows).to_have_count(10)
    page.locator("#more").click()
    expect(rows).to_have_count(30)
    assert page.evaluate("document.activeElement.closest('#rows') !== null"), "focus goes to the first new text"
    page.locator("#filter-label").select_option(index=2)
    label = page.locator("#filter-label option:checked").inner_text()
    assert all(label in what for what in page.locator("#rows .what").all_text_contents())
    assert int(found.inner_text().split(" of ")[0]) < total
    page.get_by_role("button", name="clear all filters").click()
    expect(found).to_have_text(f"{total} of {total} texts")
    page.get_by_label("sort by").select_option("long")
    lengths = [len(text) for text in page.locator("#rows .text").all_text_contents()]
    assert lengths == sorted(lengths, reverse=True)


def test_a_word_shows_where_it_stands(opened):
    page = opened()
    word = page.locator("#word-cards .card ol button").first
    word.click()
    assert word.get_attribute("aria-expanded") == "true"
    places = page.locator("#word-cards .card").first.locator(".places")
    assert 1 <= places.locator("li").count() <= 3
    hits = places.locator("mark").all_text_contents()
    assert all(hits)
    places.get_by_role("button").click()
    expect(page.locator("#filter-search")).to_have_value(hits[0])
    assert all(hits[0].lower() in text.lower() for text in page.locator("#rows .text").all_text_contents())
    word.click()
    assert word.get_attribute("aria-expanded") == "false"


def test_map_colours_and_highlights(opened):
    page = opened()
    points = page.locator("#map-chart circle")
    everything = points.count()
    assert page.locator("#map-legend button").count() == 8
    assert "other labels" in page.locator("#map-legend").inner_text()
    page.locator("#map-legend button").nth(2).click()
    assert page.locator("#map-legend button").nth(2).get_attribute("aria-pressed") == "true"
    assert page.evaluate("document.activeElement.dataset.group") is not None, "focus stays on what was pressed"
    assert points.count() == everything
    page.get_by_role("button", name="PCA").click()
    page.get_by_role("button", name="body", exact=True).click()
    page.get_by_role("button", name="zoom in").click()
    assert points.count() == everything


def test_points_of_the_map_are_reached_as_a_list_and_found_again(opened):
    page = opened()
    page.locator("#map-legend button").first.click()
    count = page.locator("#map-list").inner_text().split("read the ")[1].split(" ")[0]
    page.locator("#map-list").click()
    expect(page.locator("#found")).to_contain_text(f"{count} of ")
    page.get_by_role("button", name="show on the map").first.click()
    assert page.locator("#map-chart circle[fill=none]").count() == 1
    assert page.locator("#map-text b").count() == 1


def test_words_lengths_and_clusters_can_be_switched(opened):
    page = opened()
    page.get_by_role("button", name="frequent", exact=True).click()
    page.get_by_role("button", name="pairs").click()
    assert " " in page.locator(".card ol button span").first.text_content()
    page.select_option("#word-filter", "all")
    assert page.locator("#word-cards .card").count() == 14
    page.select_option("#word-filter", "3")
    assert page.locator("#word-cards .card").count() == 1
    page.get_by_role("button", name="characters").click()
    assert "characters" in page.locator("#chart-lengths svg[role=img]").get_attribute("aria-label")
    assert page.locator("#cluster-cards .card").count() == 8
    page.get_by_role("button", name="k = 16").click()
    cards = page.locator("#cluster-cards .card")
    assert cards.count() == 16
    size = cards.first.get_by_role("button").inner_text().split("its ")[1].split(" ")[0]
    cards.first.get_by_role("button").click()
    expect(page.locator("#found")).to_contain_text(f"{size} of ")


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (390, "dark")])
def test_a_text_that_closes_the_script_breaks_nothing(opened, width, scheme):
    page = opened("several", width=width, scheme=scheme)
    assert page.title() != "1"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page itself scrolls sideways"


def test_every_cluster_of_the_map_is_in_its_legend(opened):
    """Of 32 clusters in colours of their own the legend named 16."""
    page = opened("several")
    for k in page.locator("#map-colour option").evaluate_all("all => all.map(each => each.value).slice(1)"):
        page.select_option("#map-colour", k)
        assert page.locator("#map-legend button").count() == int(k)
    page.locator("#map-legend button").last.click()
    assert page.locator("#map-legend button[aria-pressed=true]").count() == 1
