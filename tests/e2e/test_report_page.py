"""evaluation.html in a real browser: light, dark, on a phone; nothing fetched, nothing cut off, everything works."""

import json
import re

import pytest
from playwright.sync_api import expect
from transformers import AutoConfig, BertConfig

from tests.test_page import FULL, page_of
from textclf.run_folder import STATE_MAPS, RunFolder

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


def followed(rows):
    """The record of a training of two epochs whose states were followed."""
    isotropy = {"mean_cosine": 0.5, "iso_score": None, "dimensions": 384, "dimensions_90": 80}
    places = {"x": [i / 30 for i in range(len(rows))], "y": [-i / 30 for i in range(len(rows))]}
    return {
        "rows": list(rows),
        "of": 60,
        "epochs": [{"epoch": float(epoch), **isotropy} for epoch in range(3)],
        "maps": [{"epoch": float(epoch), "variance": 0.2, **places} for epoch in range(3)],
    }


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    made = {}
    for name, case in CASES.items():
        folder = tmp_path_factory.mktemp("report")
        log = [{"step": i, "loss": 1 / i, "learning_rate": 1e-5, "epoch": i / 5} for i in range(1, 10)]
        log.append({"step": 10, "eval_loss": 0.7, "eval_f1_macro": 0.5, "epoch": 1.0})
        (folder / "training_log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in log), encoding="utf-8")
        if name == "one label":
            RunFolder(folder).write_json(STATE_MAPS, followed(range(0, 60, 2)))
        page_of(folder, **case)
        made[name] = folder / "evaluation.html"
    return made


@pytest.fixture
def opened(open_page, pages):
    """Return `opened(case, width=1200, scheme="light")`: the report of a case, its charts drawn."""
    return lambda case, **screen: open_page(pages[case], "#chart-roc svg[role=img]", **screen)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (1200, "dark"), (390, "light"), (360, "dark")])
def test_a_page_is_whole_and_fetches_nothing(opened, case, width, scheme):
    page = opened(case, width=width, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page itself scrolls sideways"
    boxes = page.locator(".chart").all()
    assert len(boxes) >= 3
    for box in boxes:
        assert box.locator("svg[role=img]").get_attribute("aria-label")
        assert box.locator("svg[role=img]").bounding_box()["height"] > 150
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 29)"
    assert dark == (scheme == "dark")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(opened, faults_of, case, scheme):
    assert faults_of(opened(case, scheme=scheme)) == []


def test_a_click_on_a_cell_shows_its_texts(opened):
    page = opened("one label")
    page.get_by_role("button", name="validation", exact=True).click()
    page.get_by_role("button", name="count", exact=True).click()
    cell = page.locator("#matrix td button").first
    count = int(cell.inner_text())
    gold, said = (KOREAN_LABELS[int(place)] for place in cell.get_attribute("data-at").split())
    cell.click()
    expect(page.locator("#found")).to_have_text(f"{count} of 60 texts")
    expect(page.locator("#rows > li")).to_have_count(min(count, 20))
    for text in page.locator("#rows .what").all_text_contents():
        assert text.startswith(f"gold {gold}predicted {said}")


def test_states_that_were_followed_are_maps_with_a_point_a_text(opened):
    page = opened("one label")
    maps = page.locator("#state-maps svg[role=img]")
    assert maps.count() == 3
    for svg in maps.all():
        assert svg.locator("circle").count() == 30
        assert "30 validation texts" in svg.get_attribute("aria-label")
    assert page.locator("#states tbody tr").count() == 3
    assert page.locator("#states tbody tr", has_text="kept checkpoint").count() == 1
    assert opened("many labels").locator("#states").count() == 0


def test_a_large_matrix_keeps_its_names_in_sight_and_says_that_it_goes_on(opened):
    page = opened("many labels")
    box = page.locator("#matrix")
    assert "goes-down" in box.get_attribute("class")
    box.evaluate("box => { box.scrollTop = box.scrollHeight; box.scrollLeft = box.scrollWidth; }")
    expect(box).not_to_have_class(re.compile("goes-(down|on)"))
    corner, top = (page.locator(f"#matrix {place}").last.bounding_box() for place in ("tbody th", "thead th"))
    frame = box.bounding_box()
    assert corner["x"] == pytest.approx(frame["x"], abs=3)
    assert top["y"] == pytest.approx(frame["y"], abs=3)


def test_of_several_labels_each_decision_is_right_or_wrong_by_itself(opened):
    page = opened("several labels")
    first = page.locator("#rows > li").first
    gold, said = first.locator(".what > span").all()[:2]
    carried = set(gold.locator("b").all_text_contents())
    for name in said.locator("b").all():
        assert name.get_attribute("class") == ("good" if name.inner_text() in carried else "wrong")
    scores = [float(score) for score in re.findall(r"\d\.\d{3}", said.inner_text())]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == said.locator("b").count()


def test_arrow_keys_move_between_cells_and_one_is_a_stop(opened):
    page = opened("one label")
    assert page.locator("#matrix button[tabindex='0']").count() == 1
    first = page.locator("#matrix button[tabindex='0']")
    before = first.get_attribute("data-at")
    first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.at") != before
    assert page.locator("#matrix button[tabindex='0']").count() == 1


def test_the_table_is_searched_filtered_and_put_in_order(opened):
    page = opened("one label")
    rows, found = page.locator("#rows > li"), page.locator("#found")
    page.get_by_role("button", name="all", exact=True).click()
    expect(found).to_have_text("60 of 60 texts")
    expect(rows).to_have_count(20)
    page.locator("#more").click()
    expect(rows).to_have_count(60)
    page.get_by_label("search in texts").fill("정말 최고")
    expect(found).to_have_text("24 of 60 texts")
    page.get_by_label("outcome").select_option("wrong")
    page.get_by_label("sort by").select_option("surest")
    scores = [float(text.split("score ")[1].split(" ")[0]) for text in page.locator("#rows .what").all_text_contents()]
    assert scores == sorted(scores, reverse=True)
    page.get_by_role("button", name="clear all filters").click()
    expect(found).to_have_text("60 of 60 texts")


def test_tables_of_labels_sort_and_fold(opened):
    page = opened("many labels")
    visible = page.locator("#labels tbody tr:visible")
    assert visible.count() == 30
    page.get_by_role("button", name="show all 44 labels").click()
    assert visible.count() == 44
    page.locator("#labels thead").get_by_role("button", name="texts").click()
    cells = page.locator("#labels tbody tr td:nth-child(3)").all_text_contents()
    assert [int(c) for c in cells] == sorted((int(c) for c in cells), reverse=True)


def test_a_moved_cut_changes_figures_and_says_what_to_type(opened, pages):
    page = opened("several labels")
    folder = pages["several labels"].parent
    BertConfig(id2label=dict(enumerate(TOPICS))).save_pretrained(folder)
    slider, totals = page.locator("#cut-table input").first, page.locator("#cut-totals")
    before = totals.inner_text()
    slider.fill("90")
    expect(totals).not_to_have_text(before)
    exec(page.locator("#cut-ship code").inner_text(), {})  # what the page says to type is typed
    cuts = AutoConfig.from_pretrained(folder).thresholds
    label = page.locator("#cut-table tbody tr").first.locator("th, td").first.inner_text()
    assert cuts == dict.fromkeys(TOPICS, 0.5) | {label: 0.9}
    page.get_by_role("button", name="back to the shipped cuts").click()
    expect(totals).to_have_text(before)
    expect(page.locator("#cut-ship")).to_be_hidden()
