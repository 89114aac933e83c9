"""Page, card and evaluation.json of whole runs agree, figure by figure: one label, several, Korean."""

import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Dataset, Features, List, Value

from tests.made_runs import LABELS, make_run
from tests.test_page import page_data
from textclf.evaluation.mistakes import findings, surest_mistakes
from textclf.evaluation.names import METRIC_NAMES, metric_name
from textclf.evaluation.page import shading, writing
from textclf.evaluation.page.engines import renew_engines
from textclf.evaluation.page.rows import readable
from textclf.evaluation.report import report_on
from textclf.evaluation.table import headline
from textclf.evaluation.wording import words_of
from textclf.hub.card import render_card
from textclf.labels import LabelSpace
from textclf.run_folder import RunFolder

KINDS = ("single", "multi", "korean")
ENGINE = {
    "outcome": "unproven",
    "enough": 1189,
    "n": 30,
    "agreement": {"value": 0.9839, "low": 0.9486},
    "difference": {"metric": "f1_macro", "value": -0.0003, "low": -0.0276, "high": 0.0261},
    "ece": 0.0465,
    "bytes": 24_564_946,
}


class Tables(HTMLParser):
    """The tables of a page, as lists of rows of cells: (text, data-value)."""

    def __init__(self, html):
        super().__init__()
        self.tables, self.cell = [], None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in ("td", "th") and self.tables:
            self.cell = ["", dict(attrs).get("data-value")]
        elif tag == "small" and self.cell:
            self.cell[0] += " "

    def handle_endtag(self, tag):
        if tag in ("td", "th") and self.cell:
            self.tables[-1][-1].append(tuple(self.cell))
            self.cell = None

    def handle_data(self, data):
        if self.cell:
            self.cell[0] += data

    def under(self, heading):
        """Return the rows below the header of the first table whose header starts so, by their first cell."""
        table = next(t for t in self.tables if [cell for cell, _ in t[0]][: len(heading)] == heading)
        return {row[0][0]: row for row in table[1:]}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return `whole(kind)`: a finished run with its page, made once."""
    made = {}

    def make(kind):
        if kind not in made:
            run = make_run(tmp_path_factory.mktemp("whole") / kind, kind)
            evaluation, reports, splits = run.read_json("evaluation.json"), {}, {}
            labels = LabelSpace(tuple(LABELS[kind]), kind == "multi")
            for split in ("validation", "test"):
                reports[split], splits[split] = report_of(run, split, labels)
            evaluation |= findings(reports["validation"], reports["test"], splits)
            run.write_json("evaluation.json", evaluation)
            with pytest.MonkeyPatch.context() as patch:
                for module in (shading, writing):  # what a random model is sure of would be hidden
                    patch.setattr(module, "worthless", lambda _: False)
                shades = shading.shaded_mistakes(run, evaluation, reports["validation"], splits["validation"])
                write = writing.write_page
                write(run, evaluation, reports["test"], reports["validation"], splits["validation"], shades)
            made[kind] = run, reports, splits, shades
        return made[kind]

    return make


def report_of(run, split, labels):
    rows = pq.read_table(run.path / "predictions" / f"{split}.parquet").to_pydict()
    several, ids = labels.multi_label, labels.label2id
    carried = [[ids[name] for name in row] if several else ids[row] for row in rows["labels"]]
    cuts = run.read_json("config.json").get("thresholds") if several else None
    thresholds = np.array([cuts[name] for name in labels.names]) if cuts else None
    report = report_on(np.array(rows["scores"], dtype=np.float32), labels.encode(carried), labels, thresholds, 50)
    feature = ClassLabel(names=list(labels.names))
    features = Features({"text": Value("string"), "labels": List(feature) if several else feature})
    return report, Dataset.from_dict({"text": rows["text"], "labels": carried}, features=features)


def rounded(figure, beside=None):
    """As the page shows it: with 2 digits where the interval, or that of the figure beside it, is wide."""
    if figure is None:
        return "–"
    by = figure if figure["low"] is not None or beside is None else beside
    digits = 3 if by["low"] is None or by["high"] - by["low"] <= 0.05 else 2
    interval = "" if figure["low"] is None else f" {figure['low']:.{digits}f}–{figure['high']:.{digits}f}"
    return f"{figure['value']:.{digits}f}{interval}"


def exact(figure, brackets=False):
    if not figure:
        return "–"
    if figure["low"] is None:
        return f"{figure['value']:.4f}"
    low, high = f"{figure['low']:.4f}", f"{figure['high']:.4f}"
    return f"{figure['value']:.4f}\u00a0[{low},\u00a0{high}]" if brackets else f"{figure['value']:.4f} {low}–{high}"


def card_tables(card):
    """Return the cells of each row of a card's tables, by their first cell."""
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in card.splitlines() if line[:2] == "| "]
    return {row[0].replace("\\", ""): row[1:] for row in reversed(rows)}


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_of_page_and_card_is_that_of_the_evaluation(whole, kind):
    run, reports, _, _ = whole(kind)
    evaluation, say = run.read_json("evaluation.json"), words_of("ko" if kind == "korean" else "en")
    html = (run.path / "evaluation.html").read_text(encoding="utf-8")
    tables, card = Tables(html), card_tables((run.path / "README.md").read_text(encoding="utf-8"))
    agreed = 0
    every = tables.under([say["metric"], say["split_test"], say["split_validation"]])
    for name, figure in evaluation["metrics"].items():
        called, validated = metric_name(name, say), evaluation["validation"]["metrics"].get(name)
        assert every[called][1][0] == exact(figure), name
        assert every[called][2][0] == exact(validated), name
        agreed += 2
        if name in METRIC_NAMES and called in card:
            assert card[called][0] == exact(figure, brackets=True), name
            agreed += 1
    beside = tables.under([say["metric"], say["model"]])
    for name in headline(evaluation):
        if (called := metric_name(name, say)) in beside:
            ours, *others = (cell for cell, _ in beside[called][1:])
            figure = evaluation["metrics"][name]
            assert ours == rounded(figure), name
            digits = len(ours.split()[0].partition(".")[2])
            found = [baseline["metrics"][name]["value"] for baseline in evaluation["baselines"].values()]
            assert others == [f"{value:.{digits}f}" for value in found], "as many digits as the model's figure"
            agreed += 1 + len(others)
    labels = tables.under([say["label"], say["f1"], say["support"]])
    for name, row in evaluation["per_label"].items():
        for place, metric in ((1, "f1"), (3, "precision"), (4, "recall")):
            assert labels[name][place][0] == rounded(row[metric], row["recall"]), (name, metric)
            value = -1 if row[metric] is None else row[metric]["value"]
            assert float(labels[name][place][1]) == value, (name, metric)
        shown = [exact(row[metric], brackets=True) for metric in ("precision", "recall", "f1")]
        cells = next(cells for first, cells in card_rows(run) if first == name and len(cells) >= 4)
        assert cells[:4] == [*shown, str(row["support"])]
        agreed += 7
    data = json.loads(re.search(r'id="page-data">(.*?)</script>', html, re.DOTALL)[1])
    if evaluation["confusion_matrix"] is not None:
        order = data["confusion"]["labels"]
        counts = np.array(evaluation["confusion_matrix"])[np.ix_(order, order)].tolist()
        assert data["confusion"]["splits"]["test"]["counts"] == counts
        agreed += len(order) ** 2
    else:
        validation = reports["validation"]
        for label in data["cuts"]["labels"]:
            column = validation.labels.label2id[label["name"]]
            given = validation.scores[:, column] >= label["cut"]
            assert label["shipped"] == [int((given & (validation.gold[:, column] == 1)).sum()), int(given.sum())]
            agreed += 2
    assert agreed > 50


def card_rows(run):
    card = (run.path / "README.md").read_text(encoding="utf-8")
    for line in card.splitlines():
        if line.startswith("| "):
            first, *cells = (cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|")))
            yield first.replace("\\", ""), cells


@pytest.mark.parametrize("kind", KINDS)
def test_the_surest_mistakes_are_shaded_word_by_word(whole, kind):
    run, reports, splits, shades = whole(kind)
    first = surest_mistakes(reports["validation"], 1)[0]
    assert first.row in shades
    for row, shade in shades.items():
        (pieces,) = shade["parts"]
        assert "".join(piece for piece, _ in pieces) == readable(splits["validation"]["text"][row])
        shares = [share for _, share in pieces]
        assert max(map(abs, shares)) == 1.0, "the strongest word of a text"
    assert shades[first.row]["label"] == (first.gold if first.predicted is None else first.predicted)
    html = (run.path / "evaluation.html").read_text(encoding="utf-8")
    assert words_of("ko" if kind == "korean" else "en")["shaded_about"].format(n=len(shades)) in html


PROMISES = {
    "n": 60,
    "abstain": {
        "risk": 0.15,
        "confidence": 0.9,
        "n": 60,
        "stored": True,
        "resplits": {"draws": 200, "tries": 200, "stored": 137, "broken": 11},
        "test": {
            "held": True,
            "answered": {"value": 0.7941, "low": 0.6212, "high": 0.913, "count": 27, "of": 34},
            "wrong": {"value": 0.1111, "low": 0.0235, "high": 0.2916, "count": 3, "of": 27},
            "aurc": 0.1234,
            "aurc_of_baselines": {"prior": 0.4567},
            "curve": {"coverage": [0.1, 0.5, 1.0], "risk": [0.0, 0.0625, 0.2353]},
        },
    },
    "label_sets": {
        "coverage": 0.9,
        "n": 60,
        "test": {
            "coverage": {"value": 0.9412, "low": 0.8032, "high": 0.9928},
            "mean_size": 1.73,
            "worst_label": "bad",
            "by_label": {"bad": {"value": 0.8333, "low": 0.5159, "high": 0.9791, "count": 10, "of": 12}},
        },
    },
}


def test_figures_of_promises_and_engines_are_those_of_the_evaluation(whole, tmp_path):
    run, reports, splits, _ = whole("single")
    run = RunFolder(shutil.copytree(run.path, tmp_path / "run"))
    evaluation = run.read_json("evaluation.json") | {"promises": PROMISES, "engines": {"onnx-int8": ENGINE}}
    run.write_json("evaluation.json", evaluation)
    writing.write_page(run, evaluation, reports["test"], reports["validation"], splits["validation"])
    html = (run.path / "evaluation.html").read_text(encoding="utf-8")
    section = re.search(r'<section id="promises">(.*?)</section>', html, re.DOTALL)[1]
    told = re.sub(r"<[^>]+>", " ", section)
    numbers = re.findall(r"\d+(?:\.\d+)?", told)
    known = {60, 15, 90, 27, 34, 3, 200, 137, 11, 0.123, 0.457, 94.1, 1.73, 10, 12}
    assert set(map(float, numbers)) == known, "nothing else, and nothing left out"
    risk = next(chart for chart in page_data(html)["charts"] if chart["id"] == "risk")["choices"][0]["lines"]
    assert (risk[0]["x"], risk[0]["y"]) == ([0.1, 0.5, 1.0], [0.0, 0.0625, 0.2353])
    assert risk[1]["y"] == [0.15, 0.15]
    card = str(render_card(run)).replace("\u00a0", " ")
    for figure in (
        "27 / 34 = 0.7941 [0.6212, 0.9130]",
        "3 / 27 = 0.1111 [0.0235, 0.2916]",
        "0.1234",
        "0.4567",
        "0.9412 [0.8032, 0.9928]",
        "1.73 of 3",
        "10 / 12 = 0.8333 [0.5159, 0.9791]",
        "| 0.9839 (≥ 0.9486) | -0.0003 [-0.0276, 0.0261] | 0.0465 | 24.6 |",
    ):
        assert figure in card, figure


def test_an_export_puts_its_engines_into_a_page_that_is_there(whole):
    run, *_ = whole("single")
    before = (run.path / "evaluation.html").read_text(encoding="utf-8")
    evaluation = run.read_json("evaluation.json")
    assert 'id="engines"' not in before
    run.write_json("evaluation.json", evaluation | {"engines": {"onnx-int8": ENGINE}})
    renew_engines(run)
    with_rows = (run.path / "evaluation.html").read_text(encoding="utf-8")
    cells = Tables(with_rows).under(["engine", "gate"])["ONNX, int8"]
    assert [cell for cell, _ in cells[1:]] == [
        "unproven: 1189 texts would tell",
        "0.9839 at least 0.9486",
        "-0.0003 -0.0276–0.0261",
        "0.0465",
        "24.6",
    ]
    assert with_rows.count('href="#engines"') == 1
    run.write_json("evaluation.json", evaluation)
    renew_engines(run)
    assert (run.path / "evaluation.html").read_text(encoding="utf-8") == before
