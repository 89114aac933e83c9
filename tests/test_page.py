"""evaluation.html: one file, everything inside, texts escaped."""

import json
import re
import unicodedata

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value
from scipy.special import expit, softmax

from textclf.evaluation.mistakes import findings
from textclf.evaluation.page.interactive import script_json
from textclf.evaluation.page.writing import readable, write_page
from textclf.evaluation.report import report_on
from textclf.labels import LabelSpace
from textclf.run_folder import RunFolder

KOREAN = "정말 최고예요. 이렇게 좋은 서비스는 처음입니다"
ENGLISH = "This is bad, really bad, the worst service I have ever had"
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & 'quotes\" \x00\x1b[31m"
OUTSIDE = re.compile(r'<(script|link|img|iframe)[^>]*\s(src|href)="?(https?:)?//', re.IGNORECASE)


def page_of(folder, names, multi_label=False, n=60, pairs=False, **more):
    """Write a page about random scores on made texts; return its HTML."""
    rng = np.random.default_rng(0)
    labels = LabelSpace(tuple(names), multi_label)
    size = len(names)
    reports, splits = [], DatasetDict()
    for split in ("validation", "test"):
        texts = [
            (KOREAN, unicodedata.normalize("NFD", KOREAN), ENGLISH, HOSTILE, "")[i % 5] * (1 + i % 3) for i in range(n)
        ]
        if multi_label:
            gold = (rng.random((n, size)) < 0.4).astype(np.int64)
            scores = expit(rng.normal(size=(n, size)) + gold).astype(np.float32)
            ids = [np.flatnonzero(row).tolist() for row in gold]
        else:
            gold = rng.integers(size, size=n)
            scores = softmax(rng.normal(size=(n, size)) + np.eye(size)[gold], axis=1).astype(np.float32)
            ids = gold.tolist()
        feature = ClassLabel(names=list(names))
        features = Features({"text": Value("string"), "labels": List(feature) if multi_label else feature})
        columns = {"text": texts, "labels": ids}
        if pairs:
            features["text_pair"] = Value("string")
            columns["text_pair"] = ["둘째 글" if i % 2 else None for i in range(n)]
        splits[split] = Dataset.from_dict(columns, features=features)
        reports.append(report_on(scores, gold, labels, np.full(size, 0.4) if multi_label else None, 5))
    validation, test = reports
    evaluation = {
        "split": "test",
        "n": n,
        "labels": list(names),
        "data": {"name": "demo <data>"},
        **test.to_dict(),
        "validation": {"n": n, "metrics": validation.metrics},
        **findings(validation, test, splits),
        **more,
    }
    path = write_page(RunFolder(folder), evaluation, test, validation, splits["validation"])
    assert path == folder / "evaluation.html"
    return path.read_text(encoding="utf-8")


def chart_data(html):
    found = re.search(r'<script type="application/json" id="chart-data">(.*?)</script>', html, re.DOTALL)
    return {chart["id"]: chart for chart in json.loads(found[1])}


FULL = {
    "baselines": {"tfidf_svm": {"chosen": {}, "metrics": {"accuracy": {"value": 0.5}}}},
    "against_baseline": {"verdict": "The model does not beat the baseline tfidf_svm in f1_macro on these texts."},
    "selection": {"metric": "f1_macro", "epoch": 1.0},
    "calibration": {"method": "temperature", "temperature": 1.5},
    "test_scored": 2,
}


@pytest.fixture(scope="module")
def full_page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    lines = [
        {"step": 1, "loss": 0.9, "learning_rate": 1e-5, "epoch": 0.5},
        {"step": 2, "eval_loss": 0.7, "epoch": 1.0},
    ]
    (folder / "training_log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return page_of(folder, ["정치", "경제", "<b>sport</b>"], pairs=True, **FULL)


def test_nothing_is_fetched_and_the_plotting_library_is_there_once(full_page):
    assert not OUTSIDE.search(full_page)
    assert full_page.count("plotly.js v") == 1
    assert "default-src 'none'" in full_page
    assert not re.search(r"@import|url\(\s*['\"]?https?:", full_page[: full_page.index("</style>")])


def test_texts_and_names_are_escaped(full_page):
    before_scripts = full_page[: full_page.index('<script type="application/json"')]
    assert "<script>alert(1)" not in full_page
    assert "<img src=x" not in full_page
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in before_scripts
    assert "demo &lt;data&gt;" in before_scripts
    assert "<b>sport</b>" not in before_scripts
    assert "\x00" not in full_page
    assert "\x1b" not in full_page


def test_every_section_and_chart_is_there(full_page):
    assert set(chart_data(full_page)) == {"confusion", "roc", "precision-recall", "reliability", "training", "slices"}
    for chart in chart_data(full_page):
        assert full_page.count(f'id="chart-{chart}"') == 1
    for section in ("baselines", "labels", "pairs", "mistakes", "suspects"):
        assert f'id="{section}"' in full_page
    assert "does not beat the baseline" in full_page
    assert "scored 2 times" in full_page
    assert "둘째 글" in full_page


def test_a_slice_without_an_interval_is_an_empty_dot_without_whiskers_that_says_why(tmp_path):
    """It was drawn as a figure that is sure."""
    plain, balanced = chart_data(page_of(tmp_path, [f"주제 {i}" for i in range(7)]))["slices"]["choices"]
    assert (plain["name"], balanced["name"]) == ("accuracy", "balanced_accuracy")
    for choice, symbol, said in ((plain, "circle", " ["), (balanced, "circle-open", "<br>no interval: on average")):
        for dots in choice["data"]:
            assert set(dots["marker"]["symbol"]) == {symbol}
            assert all(text.startswith(said) for text in dots["text"])
            ends = [*dots["error_x"]["array"], *dots["error_x"]["arrayminus"]]
            assert all(end is None for end in ends) if symbol == "circle-open" else min(ends) > 0
            assert "%{text}" in dots["hovertemplate"]


def test_hangul_is_shown_composed(full_page):
    assert KOREAN in full_page
    assert unicodedata.normalize("NFD", KOREAN) not in full_page


def test_several_labels_have_thresholds_and_no_confusion_matrix(tmp_path):
    thresholds = {"aim": "f1", "n": 60, "baked": False, "pooled_labels": ["corn"], "aim_missed": ["wheat"]}
    html = page_of(tmp_path, ["grain", "wheat", "corn", "oilseed", "밀"], multi_label=True, thresholds=thresholds)
    charts = chart_data(html)
    assert "confusion" not in charts
    assert {choice["name"] for choice in charts["thresholds"]["choices"]} == {
        "grain",
        "wheat",
        "corn",
        "oilseed",
        "밀",
    }
    assert "with all rare labels" in html
    assert "aim out of reach" in html


def test_a_page_needs_nothing_but_the_reports(tmp_path):
    html = page_of(tmp_path, ["a", "b"], selection=None, calibration=None, thresholds=None, against_baseline=None)
    assert set(chart_data(html)) == {"confusion", "roc", "precision-recall", "reliability", "slices"}


def test_confusion_chart_has_the_counts(full_page):
    shares, counts = chart_data(full_page)["confusion"]["choices"]
    cells = np.array([[cell[2] for cell in row] for row in counts["data"][0]["customdata"]])
    assert cells.sum() == 60
    assert shares["data"][0]["z"] == pytest.approx(cells / cells.sum(axis=1, keepdims=True), abs=1e-3)


def test_a_confusion_chart_leaves_its_cells_room_beside_long_names(tmp_path):
    """On a phone one long name took the width of six labels' cells: a figure did not fit into them."""
    for place, (names, least) in enumerate(
        (
            (["no", "yes"], 0),
            (["정치", "경제", "사회", "문화", "국제 관계와 외교 안보 문제를 다루는 기사", "체육"], 6 * 38 + 26 * 7),
        )
    ):
        (tmp_path / str(place)).mkdir()
        assert least < chart_data(page_of(tmp_path / str(place), names))["confusion"]["least_width"] < least + 170


def test_a_long_text_is_cut_and_a_strange_one_cleaned():
    assert readable("가" * 5000) == "가" * 700 + " …"
    assert readable("a\tb\n\nc\x03") == "a b c"
    assert readable(unicodedata.normalize("NFD", "한글")) == "한글"


def test_json_cannot_end_its_script_element():
    written = script_json({"</script>": "\u2028<!--"})
    assert "<" not in written
    assert "\u2028" not in written
    assert json.loads(written) == {"</script>": "\u2028<!--"}
