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
from textclf.evaluation.page.rows import MOST_CHARACTERS, prediction_rows, readable
from textclf.evaluation.page.summary import collapsed, summary
from textclf.evaluation.page.writing import write_page
from textclf.evaluation.report import report_on
from textclf.evaluation.wording import PAGE_WORDS, words_of
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


def page_data(html):
    found = re.search(r'<script type="application/json" id="page-data">(.*?)</script>', html, re.DOTALL)
    return json.loads(found[1])


def chart_ids(html):
    return {chart["id"] for chart in page_data(html)["charts"]}


FULL = {
    "baselines": {"tfidf_svm": {"chosen": {}, "metrics": {"accuracy": {"value": 0.5, "low": 0.4, "high": 0.6}}}},
    "against_baseline": {
        "name": "tfidf_svm",
        "metric": "f1_macro",
        "difference": 0.01,
        "low": -0.04,
        "high": 0.06,
        "p_value": 0.6,
    },
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


def test_nothing_is_fetched_and_the_page_is_light(full_page):
    assert not OUTSIDE.search(full_page)
    assert "default-src 'none'" in full_page
    assert not re.search(r"@import|url\(\s*['\"]?https?:", full_page[: full_page.index("</style>")])
    assert len(full_page) < 200_000


def test_texts_and_names_are_escaped(full_page):
    before_scripts = full_page[: full_page.index('<script type="application/json"')]
    assert "<script>alert(1)" not in full_page
    assert "<img src=x" not in full_page
    assert "demo &lt;data&gt;" in before_scripts
    assert "<b>sport</b>" not in full_page
    assert "\x00" not in full_page
    assert "\x1b" not in full_page
    texts = [text for row in page_data(full_page)["table"]["rows"] for text in row[1]]
    assert any(text.startswith("</script><script>alert(1)") for text in texts)


def test_every_section_and_chart_is_there(full_page):
    assert chart_ids(full_page) == {"roc", "precision-recall", "reliability", "training"}
    for chart in chart_ids(full_page):
        assert full_page.count(f'id="chart-{chart}"') == 1
    for section in ("summary", "baselines", "labels", "confusion", "predictions", "curves", "slices"):
        assert f'id="{section}"' in full_page
    assert "could be chance" in full_page
    assert "scored 2 times" in full_page
    reliability = lines_of(full_page, "reliability")
    assert reliability["y"]["title"] == PAGE_WORDS["en"]["share_right"]
    assert reliability["x"]["title"] == PAGE_WORDS["en"]["score_of_predicted"]
    assert "둘째 글" in full_page


def lines_of(html, name):
    (found,) = (chart for chart in page_data(html)["charts"] if chart["id"] == name)
    return found["choices"][0]


def test_the_diagonal_of_chance_runs_from_corner_to_corner_under_the_curves(full_page):
    chance = lines_of(full_page, "roc")["lines"][0]
    assert (chance["x"], chance["y"], chance["name"]) == ([0, 1], [0, 1], PAGE_WORDS["en"]["chance"])


def test_a_slice_without_an_interval_is_an_empty_dot_that_says_why(tmp_path):
    """It was drawn as a figure that is sure."""
    html = page_of(tmp_path, [f"주제 {i}" for i in range(7)])
    assert re.search(r'<span class="dot open" title="on average', html)
    assert '<span class="dot" style' in html


def test_hangul_is_shown_composed(full_page):
    assert KOREAN in full_page
    assert unicodedata.normalize("NFD", KOREAN) not in full_page


def test_names_are_words_and_never_raw(full_page):
    shown = full_page[full_page.index("<body>") : full_page.index('<script type="application/json"')]
    assert "F1 (macro)" in shown
    assert "TF-IDF + linear SVM" in shown
    assert "lower is better" in shown
    assert not re.search(r">[^<]*\b[a-z]+\d*_[a-z]+", shown)


def test_a_page_about_korean_data_is_korean(tmp_path):
    html = page_of(tmp_path, ["부정", "긍정"], **FULL | {"data": {"name": "리뷰", "languages": ["ko"]}})
    shown = html[html.index("<body>") : html.index('<script type="application/json"')]
    assert '<html lang="ko">' in html
    known = (
        "F1 macro micro ROC AUC TF IDF SVM MCC json evaluation ECE README AP LRAP Holm confident learning Northcutt"
    )
    words = set(re.findall(r"[A-Za-z]{2,}", re.sub(r"<[^>]+>", " ", shown)))
    strange = (
        words - set(known.split()) - {"parquet", "predictions", "validation", "model", "Common", "Latin", "Hangul"}
    )
    assert strange <= {"run", tmp_path.name, "amp", "lt", "gt", "quot", *re.findall("[A-Za-z]+", tmp_path.name)}


def test_both_languages_have_the_same_words_and_places():
    english, korean = PAGE_WORDS["en"], PAGE_WORDS["ko"]
    assert english.keys() == korean.keys()
    for name, words in english.items():
        places = set(re.findall(r"{\w+}", words))
        assert set(re.findall(r"{\w+}", korean[name])) <= places, name


def test_several_labels_have_counts_at_every_cut_and_no_confusion_matrix(tmp_path):
    thresholds = {"aim": "f1", "n": 60, "baked": False, "pooled_labels": ["corn"], "aim_missed": ["wheat"]}
    html = page_of(tmp_path, ["grain", "wheat", "corn", "oilseed", "밀"], multi_label=True, thresholds=thresholds)
    data = page_data(html)
    assert data["confusion"] is None
    assert {label["name"] for label in data["cuts"]["labels"]} == {"grain", "wheat", "corn", "oilseed", "밀"}
    for label in data["cuts"]["labels"]:
        assert (label["given"][0], label["right"][0]) == (60, label["support"]), "a cut of 0 gives all texts the label"
        assert label["given"] == sorted(label["given"], reverse=True)
        assert label["shipped"] == [label["right"][40], label["given"][40]], "0.4 was shipped"
    assert "chosen with all rare labels: corn" in html
    assert "aim out of reach: wheat" in html
    reliability = lines_of(html, "reliability")
    assert reliability["y"]["title"] == PAGE_WORDS["en"]["share_gold"]
    assert reliability["x"]["title"] == PAGE_WORDS["en"]["score_of_label"]


def test_a_page_needs_nothing_but_the_reports(tmp_path):
    html = page_of(tmp_path, ["a", "b"], selection=None, calibration=None, thresholds=None, against_baseline=None)
    assert chart_ids(html) == {"roc", "precision-recall", "reliability"}


def test_confusion_matrices_have_the_counts_of_both_splits(full_page):
    found = page_data(full_page)["confusion"]
    for split in found["splits"].values():
        counts = np.array(split["counts"])
        assert counts.sum() == 60
        assert counts.sum(axis=1).tolist() == split["rows"]


def predicted_as(scores, gold, names=("bad", "good", "none")):
    gold = np.array(gold)
    labels = LabelSpace(names, False)
    features = Features({"text": Value("string"), "labels": ClassLabel(names=list(names))})
    texts = [f"text {row}" for row in range(len(gold))]
    split = Dataset.from_dict({"text": texts, "labels": gold.tolist()}, features=features)
    return report_on(np.asarray(scores, dtype=np.float32), gold, labels, None, 5), split


def told(report, **more):
    evaluation = {"labels": list(report.labels.names), **report.to_dict(), "test_scored": 1, **more}
    return evaluation, summary(evaluation, {}, words_of("en"))


LOST = {"name": "tfidf_svm", "metric": "f1_macro", "difference": -0.4, "low": -0.5, "high": -0.3, "p_value": 0.0001}


def test_a_collapsed_model_is_said_to_be_one_before_anything_else(tmp_path):
    gold = np.arange(300) % 3
    report, _ = predicted_as(np.tile([0.2, 0.5, 0.3], (300, 1)), gold)
    evaluation, lines = told(report, against_baseline=LOST)
    assert collapsed(evaluation) == "good"
    assert lines[0].came_to == lines[1].came_to == "fail"
    assert lines[0].says.startswith("The model has collapsed: it gives 100 % of the texts the label “good”")
    assert "baseline" in lines[1].says
    assert not any("probabilities" in line.says for line in lines), "nobody asks how calibrated it is"


def test_a_model_for_one_frequent_label_has_not_collapsed():
    gold = np.array([1] * 270 + [0] * 30)
    scores = np.where(np.arange(300)[:, None] < 285, [0.1, 0.9], [0.8, 0.2])
    report, _ = predicted_as(scores, gold, ("rare", "usual"))
    assert collapsed({"labels": ["rare", "usual"], **report.to_dict()}) is None


@pytest.mark.parametrize(
    ("test", "came_to", "said"),
    [
        ({"held": True, "wrong": (9, 300, 0.03, 0.014, 0.056)}, "pass", "held on test: 9 of 300 (3.0 %)"),
        (
            {"held": False, "wrong": (20, 300, 0.067, 0.041, 0.101)},
            "caution",
            "did not hold on test: 20 of 300 (6.7 %)",
        ),
        ({"held": False, "wrong": (60, 300, 0.2, 0.156, 0.25)}, "fail", "did not hold on test: 60 of 300 (20.0 %)"),
        (
            {"held": False, "wrong": (9, 300, 0.03, 0.014, 0.056), "broken": ["b"]},
            "caution",
            "did not hold on test for b",
        ),
    ],
)
def test_what_became_of_a_promise_is_among_the_first_lines(test, came_to, said):
    report, _ = predicted_as(np.eye(3)[np.arange(300) % 3] * 0.8 + 0.1, np.arange(300) % 3)
    wrong = dict(zip(("count", "of", "value", "low", "high"), test["wrong"], strict=True))
    kept = test | {"wrong": wrong, "answered": {"count": 300}}
    covered = {"coverage": {"value": 0.85, "low": 0.8, "high": 0.89}}
    promises = {
        "abstain": {"risk": 0.05, "stored": True, "test": kept},
        "label_sets": {"coverage": 0.9, "test": covered},
    }
    _, lines = told(report, promises=promises)
    assert (came_to, True) in [(line.came_to, said in line.says) for line in lines]
    assert ("caution", "Label sets promise to hold 90 %; on test they hold 85.0 %.") in lines


def test_a_promise_that_could_not_be_made_is_a_caution_and_kept_sets_are_none():
    report, _ = predicted_as(np.eye(3)[np.arange(300) % 3] * 0.8 + 0.1, np.arange(300) % 3)
    for coverage, came_to in (({"value": 0.91, "low": 0.87, "high": 0.94}, "pass"),
                              ({"value": 0.95, "low": None, "high": None}, "pass")):  # fmt: skip
        promises = {
            "abstain": {"risk": 0.025, "stored": False},
            "label_sets": {"coverage": 0.9, "test": {"coverage": coverage}},
        }
        _, lines = told(report, promises=promises)
        assert ("caution", "Asked for at most 2.5 % wrong answers, but no cut could promise that.") in lines
        reached = f"{100 * coverage['value']:.1f}"
        assert (came_to, f"Label sets promise to hold 90 %; on test they hold {reached} %.") in lines


@pytest.mark.parametrize(
    ("found", "removed", "line"),
    [
        ({"exact_leaks": 0, "near_leaks": 0}, {}, ("pass", "No text of test or validation stands in train.")),
        ({"exact_leaks": 4, "near_leaks": 2}, {"exact": 4, "near": 2},
         ("pass", "No text of test or validation stayed in train; taken out of it: 6.")),
        ({"exact_leaks": 4, "near_leaks": 2}, {"exact": 4},
         ("caution", "Texts stand in more than one split: 2 of train that stayed there, 0 of validation in test.")),
        ({"exact_leaks": 4, "validation_in_test": 3}, {"exact": 4},
         ("caution", "Texts stand in more than one split: 0 of train that stayed there, 3 of validation in test.")),
    ],
)  # fmt: skip
def test_what_leaked_is_told_with_how_much_of_it_stayed(found, removed, line):
    report, _ = predicted_as(np.eye(3)[np.arange(300) % 3] * 0.8 + 0.1, np.arange(300) % 3)
    evaluation, _ = told(report)
    audit = {"findings": {name: {"count": count} for name, count in found.items()}, "removed_from_train": removed}
    assert line in summary(evaluation, audit, words_of("en"))


def test_few_texts_rare_labels_and_further_scorings_are_cautions():
    gold = np.array([0] * 191 + [1] * 9)
    report, _ = predicted_as(np.eye(3)[gold] * 0.8 + 0.1, gold)
    _, lines = told(report, test_scored=3)
    assert lines[0].came_to == "caution"
    assert ("pass", "200 test texts.") in lines
    said = [line.says for line in lines if line.came_to == "caution"]
    assert "Labels with under 10 test texts, whose own figures say little (2): good, none." in said
    assert any(line.startswith("The test split was scored 3 times") for line in said)
    fewer, _ = predicted_as(np.eye(3)[gold[1:]] * 0.8 + 0.1, gold[1:])
    _, lines = told(fewer)
    assert ("caution", "Only 199 test texts: read the intervals, not the figures.") in lines
    assert ("pass", "The test split was scored once.") in lines


def test_labels_that_are_never_given_are_named_as_far_as_a_line_goes():
    gold = np.arange(240) % 8
    report, _ = predicted_as(np.eye(8)[np.arange(240) % 2] * 0.8 + 0.02, gold, tuple("abcdefgh"))
    evaluation, lines = told(report)
    never = "Labels that are never given though test texts carry them (6): c, d, e, f, g and 1 more."
    assert ("caution", never) in lines
    foreign = {"findings": {"made_for_other_languages": {"count": 7}}}
    assert any(line.came_to == "fail" and "made for other languages" in line.says
               for line in summary(evaluation, foreign, words_of("en")))  # fmt: skip


def test_of_a_beaten_model_nobody_boasts_how_calibrated_it_is(tmp_path):
    """0.002 stood among the headlines of a model that a baseline beat by .64."""
    html = page_of(tmp_path, ["a", "b"], **FULL | {"against_baseline": LOST})
    assert "calibration error" not in html[html.index('class="figures"') : html.index("<nav")]


def test_pairs_that_were_confused_once_are_no_habit(tmp_path):
    pairs = page_data(page_of(tmp_path, [f"label {i}" for i in range(30)]))["pairs"]
    assert all(pair["count"] > 1 for pair in pairs)


def test_the_page_of_a_beaten_model_hides_what_its_scores_would_accuse(tmp_path):
    html = page_of(tmp_path, ["a", "b"], **FULL | {"against_baseline": LOST})
    assert page_data(html)["collapsed"]
    assert html.index('class="fail"') < html.index('class="caution"')
    assert "probabilities" not in html[: html.index("<nav")]


@pytest.mark.slow
def test_fifty_thousand_rows_stay_within_bounds_and_every_mistake_is_there():
    rng = np.random.default_rng(0)
    gold = rng.integers(3, size=50_000)
    scores = softmax(rng.normal(size=(50_000, 3)) + 2 * np.eye(3)[gold], axis=1)
    report, split = predicted_as(scores, gold)
    split = split.remove_columns("text").add_column("text", ["긴 글입니다 " * 40] * 50_000)
    table = prediction_rows(report, split)
    assert len(table["rows"]) == 50_000
    assert sum(len(text) for row in table["rows"] for text in row[1]) <= MOST_CHARACTERS * 1.05
    assert sum(row[5] > 0 for row in table["rows"]) == (report.gold != report.predicted).sum()
    assert len(script_json(table).encode()) < 16_000_000


def test_rows_hold_what_was_decided_and_how_surely():
    report, split = predicted_as([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.15, 0.6, 0.25]], [0, 2, 1])
    rows = prediction_rows(report, split)["rows"]
    assert [row[:6] for row in rows] == [
        [0, ["text 0"], 0, 0, [0.7], 0.0],
        [1, ["text 1"], 2, 1, [0.8, 0.1], 0.8],
        [2, ["text 2"], 1, 1, [0.6], 0.0],
    ]


def test_a_long_text_is_cut_and_a_strange_one_cleaned():
    assert readable("가" * 5000) == "가" * 700 + " …"
    assert readable("a\tb\n\nc\x03") == "a b c"
    assert readable(unicodedata.normalize("NFD", "한글")) == "한글"


def test_json_cannot_end_its_script_element():
    written = script_json({"</script>": "\u2028<!--"})
    assert "<" not in written
    assert "\u2028" not in written
    assert json.loads(written) == {"</script>": "\u2028<!--"}
