"""The PNG figures and the arrays behind them."""

import json
import logging
import re
import unicodedata
import warnings
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from matplotlib.text import Text
from scipy.special import expit, logit, softmax
from sklearn.metrics import average_precision_score, roc_auc_score

from textclf.evaluation.curves import (
    POINTS,
    precision_recall,
    read_training,
    reliability,
    roc,
    scores_before_calibration,
    threshold_curve,
    truth_of,
)
from textclf.evaluation.figures import drawing as drawing_module
from textclf.evaluation.figures import style as figure_style
from textclf.evaluation.figures.curve_figures import reliability_diagram, threshold_curves, training_curves
from textclf.evaluation.figures.drawing import _BLUES, DARK, draw_figures, per_label_bars, shown_labels
from textclf.evaluation.report import report_on
from textclf.evaluation.wording import words_of
from textclf.labels import LabelSpace
from textclf.run_folder import RunFolder

SAY = words_of("en")
ALWAYS = {"per_label", "reliability", "roc_curves", "precision_recall_curves"}


def single(names, n=300, seed=0, strength=2.0):
    rng = np.random.default_rng(seed)
    gold = rng.integers(len(names), size=n)
    logits = rng.normal(size=(n, len(names)))
    logits[np.arange(n), gold] += strength
    return report_on(softmax(logits, axis=1).astype(np.float32), gold, LabelSpace(tuple(names), False), None, 5)


def several(names, n=300, seed=0):
    rng = np.random.default_rng(seed)
    gold = (rng.random((n, len(names))) < 0.25).astype(np.int64)
    scores = expit(rng.normal(size=gold.shape) + 3.0 * gold - 2.0).astype(np.float32)
    return report_on(scores, gold, LabelSpace(tuple(names), True), np.full(len(names), 0.4), 5)


def names_of(written):
    return {name.removeprefix("figures/").removesuffix(".png") for name in written}


def write_log(folder, lines):
    (folder / "training_log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


LOG = [
    {"step": 10, "loss": 0.9, "grad_norm": 1.0, "learning_rate": 1e-5, "epoch": 0.5},
    {"step": 15, "loss": "nan", "grad_norm": "inf", "learning_rate": 1e-5, "epoch": 0.75},
    {"step": 20, "eval_loss": 0.7, "eval_f1_macro": 0.6, "eval_runtime": 2.0, "epoch": 1.0},
    {"step": 20, "train_runtime": 9.0, "train_loss": 0.8, "epoch": 1.0},
]


def test_a_run_with_one_label_a_text_gets_every_figure_but_the_thresholds(tmp_path):
    write_log(tmp_path, LOG)
    report = single(["정치", "경제", "sport"])
    evaluation = {
        "calibration": {"method": "temperature", "temperature": 1.5},
        "selection": {"metric": "f1_macro", "epoch": 1.0},
    }
    written = draw_figures(RunFolder(tmp_path), evaluation, report, report)
    assert names_of(written) == ALWAYS | {"confusion_matrix", "training_curves"}
    assert {p.name for p in (tmp_path / "figures").iterdir()} == {name.removeprefix("figures/") for name in written}


def test_several_labels_get_threshold_curves_and_no_confusion_matrix(tmp_path):
    report = several(["grain", "wheat", "corn", "밀"])
    written = draw_figures(
        RunFolder(tmp_path), {"calibration": None}, report, several(["grain", "wheat", "corn", "밀"], 80)
    )
    assert names_of(written) == ALWAYS | {"threshold_curves"}


def test_figures_are_opaque_white_so_that_dark_pages_show_them_too(tmp_path):
    report = single(["a", "b"])
    for name in draw_figures(RunFolder(tmp_path), {}, report, report):
        pixels = imread(tmp_path / name)
        assert (pixels[[0, -1]][:, [0, -1]] == 1).all(), name
        assert pixels[..., 3].min() == 1, name
        assert 600 <= pixels.shape[1] <= 2000, name
        assert (pixels[..., :3].min(axis=2) < 0.5).mean() > 0.001, f"{name} is empty"


@pytest.mark.parametrize(
    "names",
    [
        ["_hidden", "$5 to $10"],
        pytest.param(["<b>&", "a\nb", "x" * 200], marks=pytest.mark.slow),
        [unicodedata.normalize("NFD", "한글 라벨"), "긴 이름 " * 20, "日本語"],
        pytest.param([f"label {i}" for i in range(70)], marks=pytest.mark.slow),
    ],
    ids=["underscore and dollars", "markup and length", "NFD, long Hangul and Japanese", "more than can be shown"],
)
def test_any_label_name_can_be_drawn(tmp_path, names):
    report = single(names, n=150, strength=4.0)
    assert names_of(draw_figures(RunFolder(tmp_path), {}, report, report)) >= ALWAYS
    both = several(names, 120)
    assert "threshold_curves" in names_of(draw_figures(RunFolder(tmp_path), {}, both, both))


def test_a_split_with_one_class_has_no_roc_curve(tmp_path):
    scores = np.tile(np.array([[0.7, 0.3]], dtype=np.float32), (5, 1))
    report = report_on(scores, np.zeros(5, dtype=np.int64), LabelSpace(("a", "b"), False), None, 5)
    written = names_of(draw_figures(RunFolder(tmp_path), {}, report, report))
    assert "roc_curves" not in written
    assert "precision_recall_curves" not in written
    assert "confusion_matrix" in written


def test_characters_that_no_font_has_are_said_once(tmp_path, caplog):
    private = chr(0x10FFFD)  # for private use: in no ordinary font
    report = single([f"a{private}", "b"])
    with caplog.at_level(logging.WARNING):
        draw_figures(RunFolder(tmp_path), {}, report, report)
    assert len(caplog.records) == 1
    assert private in caplog.text


def test_latin_names_need_no_other_font(caplog):
    assert figure_style.fonts_for("sport économie $ _") == ([], set())
    assert not caplog.records


def test_curves_have_the_areas_of_scikit_learn_and_stay_small():
    rng = np.random.default_rng(3)
    truth = rng.integers(2, size=20_000)
    scores = rng.random(20_000) * 0.6 + 0.4 * truth * rng.random(20_000)
    ranking, recalled = roc(truth, scores), precision_recall(truth, scores)
    assert ranking.area == pytest.approx(roc_auc_score(truth, scores))
    assert recalled.area == pytest.approx(average_precision_score(truth, scores))
    assert len(ranking.x) <= POINTS + 2
    assert np.trapezoid(ranking.y, ranking.x) == pytest.approx(ranking.area, abs=0.003)  # the thinned curve, too
    assert roc(np.ones(4, dtype=int), np.arange(4.0)) is None
    assert precision_recall(np.zeros(4, dtype=int), np.arange(4.0)) is None


def test_threshold_curve_by_hand():
    """Scores .9 (gold), .6 (not), .3 (gold): at the cut .3 all are decided, precision 2/3, recall 1."""
    curve = threshold_curve(np.array([1, 0, 1]), np.array([0.9, 0.6, 0.3]))
    assert curve.cut == pytest.approx([0.3, 0.6, 0.9])
    assert curve.precision == pytest.approx([2 / 3, 1 / 2, 1])
    assert curve.recall == pytest.approx([1, 1 / 2, 1 / 2])
    assert curve.f1 == pytest.approx([0.8, 0.5, 2 / 3])


@pytest.mark.parametrize("report", [single("abc"), several("abcd")], ids=["one label", "several"])
def test_reliability_has_the_calibration_error_of_the_report(report):
    bins = reliability(report, report.scores)
    assert bins.error == pytest.approx(report.metrics["ece"]["value"], abs=1e-6)
    assert bins.size.sum() == (report.n * len(report.labels) if report.labels.multi_label else report.n)


def test_calibration_is_undone_exactly():
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(50, 3)) * 3
    labels, gold = LabelSpace(("a", "b", "c"), False), rng.integers(3, size=50)
    report = report_on(softmax(logits / 2.5, axis=1).astype(np.float32), gold, labels, None, 2)
    record = {"calibration": {"method": "temperature", "temperature": 2.5}}
    assert scores_before_calibration(report, record) == pytest.approx(softmax(logits, axis=1), abs=1e-4)
    both = report_on(
        expit(1.7 * logits - 0.4).astype(np.float32),
        (logits > 0).astype(np.int64),
        LabelSpace(labels.names, True),
        None,
        2,
    )
    scales = {"method": "platt", "scale": dict.fromkeys("abc", 1.7), "shift": dict.fromkeys("abc", -0.4)}
    assert scores_before_calibration(both, {"calibration": scales}) == pytest.approx(expit(logits), abs=1e-4)
    cuts = {"a": 0.2, "b": 0.5, "c": 0.9}
    baked = report_on(
        expit(1.7 * logits - 0.4 - logit(list(cuts.values()))).astype(np.float32), both.gold, both.labels, None, 2
    )
    thresholds = {"baked": True, "cuts": cuts}
    record = {"calibration": scales, "thresholds": thresholds}
    assert scores_before_calibration(baked, record) == pytest.approx(expit(logits), abs=1e-4)
    assert scores_before_calibration(both, {"calibration": None}) is None


def test_training_log_becomes_curves_without_its_words_and_times(tmp_path):
    write_log(tmp_path, LOG)
    curves = read_training(tmp_path / "training_log.jsonl")
    assert curves.train["loss"] == ([0.5], [0.9])
    assert curves.validation == {"loss": ([1.0], [0.7]), "f1_macro": ([1.0], [0.6])}
    assert read_training(tmp_path / "none.jsonl") is None
    write_log(tmp_path, [])
    assert read_training(tmp_path / "training_log.jsonl") is None


def test_a_wide_confusion_matrix_keeps_the_labels_with_most_mistakes():
    counts = np.diag(np.full(100, 50))
    counts[99, 3] = 7
    shown = shown_labels(counts)
    assert len(shown) == 60
    assert list(shown[:2]) == [99, 0], "of many labels those with most texts come first"
    assert {3, 99} <= set(shown)
    assert list(shown_labels(counts[:20, :20])) == list(range(20)), (
        "few stay in their own order, which may mean something"
    )


def test_numbers_in_cells_stand_out_from_every_blue():
    """White on the blue of a share of .6 had a contrast of 2 to 1."""

    def luminance(colour):
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3])
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for share in np.linspace(0, 1, 101):
        paper, ink = luminance(to_rgb(_BLUES(share))), luminance(to_rgb("white" if share > DARK else figure_style.INK))
        light, dark = max(paper, ink), min(paper, ink)
        assert (light + 0.05) / (dark + 0.05) > 3.8, share


def test_gold_as_an_indicator():
    report = single("abc", 20)
    assert (truth_of(report).argmax(axis=1) == report.gold).all()
    assert truth_of(report).sum() == 20


def test_the_legend_of_the_reliability_diagram_covers_no_point():
    """It stood in the upper left, where the points of an underconfident model are."""
    report = single(["정치", "경제", "사회"])
    figure = reliability_diagram(report, np.full((300, 3), 1 / 3), SAY)
    figure.draw_without_rendering()
    (legend,) = figure.legends
    assert all(axes.get_legend() is None for axes in figure.axes)
    assert not any(legend.get_window_extent().overlaps(axes.get_window_extent()) for axes in figure.axes)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("국제 관계와 외교 안보 문제를 다루는 기사", "국제 관계와 외교 안…루는 기사"),
        ("a label of thirty-five letters, say", "a label of thirty-f…tters, say"),
        ("정치  경제\n사회", "정치 경제 사회"),
        (unicodedata.normalize("NFD", "생활/건강/의료"), "생활/건강/의료"),
    ],
)
def test_names_are_shortened_by_their_width(name, shown):
    assert figure_style.shortened(name) == shown
    assert figure_style.drawn_width(shown) <= figure_style.LONGEST_NAME


def test_titles_of_threshold_panels_do_not_run_into_each_other():
    """Names were cut by letters, so that Hangul, twice as wide, ran into the next panel and out of the figure."""
    names = [f"{i} 국제 관계와 외교 안보 문제를 다루는 아주 긴 기사" for i in range(6)]
    report = several(names)
    with figure_style.drawing(names):
        figure = threshold_curves(report, SAY)
        FigureCanvasAgg(figure).draw()
        titles = figure.findobj(lambda artist: isinstance(artist, Text) and "\ncut " in artist.get_text())
        first, second, third, *_ = (title.get_window_extent() for title in titles)
    assert first.x1 < second.x0 < second.x1 < third.x0 < third.x1 < figure.bbox.x1


def test_counts_have_no_tick_between_whole_numbers():
    """Of one text the axis said 0, 0, 1."""
    report = single("ab", n=1)
    figure = reliability_diagram(report, None, SAY)
    FigureCanvasAgg(figure).draw()
    ticks = [tick.get_text() for tick in figure.axes[1].get_yticklabels()]
    assert len(set(ticks)) == len(ticks)


def texts_of_figures(run, evaluation, report, monkeypatch):
    """Draw all figures; return all that is written in them, drawn with any missing glyph an error."""
    said = []

    def keep(_, name, figure):
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message=r"Glyph .* missing from font")
            FigureCanvasAgg(figure).draw()
        said.extend(artist.get_text() for artist in figure.findobj(Text))

    monkeypatch.setattr(drawing_module, "_write", keep)
    draw_figures(run, evaluation, report, report)
    return said


def test_figures_of_korean_data_are_korean_and_have_no_boxes(tmp_path, monkeypatch):
    write_log(tmp_path, LOG)
    evaluation = {"data": {"languages": ["ko"]}, "selection": {"metric": "f1_macro", "epoch": 1.0}}
    said = texts_of_figures(RunFolder(tmp_path), evaluation, single(["정치", "경제"]), monkeypatch)
    assert any(text.startswith("혼동 행렬 (글 300건)") for text in said)
    latin = {word for text in said for word in re.findall("[A-Za-z]{3,}", text)}
    assert latin <= {"ROC", "AUC", "ECE", "macro"}


def test_without_a_font_for_hangul_titles_are_english_and_labels_numbers(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(figure_style, "_font_names", list)
    evaluation = {"data": {"languages": ["ko"]}}
    said = texts_of_figures(RunFolder(tmp_path), evaluation, single(["정치", "economy"]), monkeypatch)
    assert any(text.startswith("Confusion matrix (n = 300)") for text in said)
    assert {"label 1", "economy"} <= {text.split("  (")[0] for text in said}
    assert len(caplog.records) == 1


def test_bars_run_downwards_with_as_much_room_above_them_as_below():
    gold = np.arange(60) % 3
    labels = LabelSpace(("정치", "경제", "sport"), multi_label=False)
    axes = per_label_bars(report_on(np.eye(3)[gold] * 0.8 + 0.1, gold, labels, None, 5), SAY).axes[0]
    bottom, top = axes.get_ylim()
    first, last = (axes.patches[k] for k in (0, -1))
    assert top < first.get_y() < last.get_y() < bottom
    assert first.get_y() - top == pytest.approx(bottom - last.get_y() - last.get_height())


def test_marks_of_the_reliability_diagram_are_sized_by_texts_and_few_are_faint():
    report = single(["a", "b", "c"], n=60, strength=1.0)
    bins = reliability(report, report.scores)
    figure = reliability_diagram(report, None, SAY)
    (marks,) = figure.axes[0].collections
    sizes, opacity = marks.get_sizes(), marks.get_facecolors()[:, 3]
    assert np.argsort(sizes, kind="stable").tolist() == np.argsort(bins.size, kind="stable").tolist()
    assert {bool(faint) for faint in bins.size < 10} == {True, False}
    assert ((opacity < 0.5) == (bins.size < 10)).all()


def test_epochs_are_whole_numbers(tmp_path):
    write_log(tmp_path, [{"step": i, "eval_f1_macro": 0.5, "eval_loss": 0.5, "epoch": float(i)} for i in range(1, 4)])
    figure = training_curves(read_training(tmp_path / "training_log.jsonl"), {}, SAY)
    FigureCanvasAgg(figure).draw()
    for axes in figure.axes:
        ticks = [tick.get_text() for tick in axes.get_xticklabels() if tick.get_text()]
        assert all("." not in tick for tick in ticks)
        assert {"1", "2", "3"} <= set(ticks)


def test_a_label_has_the_colour_of_the_page():
    style = (Path(figure_style.__file__).parents[1] / "page" / "template" / "base.css").read_text(encoding="utf-8")
    light = re.findall(r"--series-(\d): (#\w+)", style)[:8]
    assert [colour for _, colour in light] == list(figure_style.PALETTE)
