"""Every PNG figure as it is drawn: what stands where, in which colour and size, line by line."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_hex

from tests.approved import check_approved
from tests.test_figures import LOG, several, single, write_log
from textclf.evaluation.figures import drawing, style
from textclf.evaluation.figures.curve_figures import threshold_curves
from textclf.evaluation.figures.style import INK
from textclf.evaluation.wording import words_of
from textclf.run_folder import RunFolder

SAY = words_of("en")
SELECTED = {"selection": {"metric": "f1_macro", "epoch": 1.0}}
TEMPERATURE = {"calibration": {"method": "temperature", "temperature": 1.5}}
MANY = [f"label {i}" for i in range(70)]
LONGER_LOG = [*LOG, {"step": 40, "eval_loss": 0.8, "eval_f1_macro": 0.5, "eval_accuracy": 0.55, "epoch": 2.0}]


def figures_of(monkeypatch, folder, evaluation, test, validation):
    """Return {name: figure} of all that a run gets, unwritten."""
    kept = {}
    monkeypatch.setattr(drawing, "_write", lambda run, name, figure: kept.setdefault(name, figure))
    drawing.draw_figures(RunFolder(folder), evaluation, test, validation)
    return kept


def told(figures, shown=12):
    return "\n".join(line for name, figure in figures.items() for line in [f"# {name}", *lines_of(figure, shown), ""])


def lines_of(figure, shown):
    yield f"{numbers(figure.get_size_inches())} inches, {figure.dpi:g} dots"
    if figure._suptitle:
        yield f"title {styled(figure._suptitle)}"
    yield from (legend_of(each) for each in figure.legends)
    for axes in figure.axes:
        if not axes.axison:
            yield "## empty panel"
            continue
        yield f"## {axes.get_title('left') or axes.get_title()!r}, size {axes._left_title.get_fontsize():g}"
        place = axes.get_subplotspec()
        shares = place and place.get_gridspec().get_height_ratios()
        yield f"panel {place and tuple(map(int, place.get_geometry()))}, heights {shares}, box {axes.get_box_aspect()}"
        for name, axis, limits in (("x", axes.xaxis, axes.get_xlim()), ("y", axes.yaxis, axes.get_ylim())):
            places = [place for place in axis.get_majorticklocs() if min(limits) <= place <= max(limits)][:shown]
            labels = axis.get_major_formatter().format_ticks(places)
            yield f"{name} {axis.get_label_text()!r} {axis.get_scale()} {numbers(limits)} ticks {labels}"
            for tick in axis.get_major_ticks()[:1]:
                size, turned = tick.label1.get_fontsize(), tick.label1.get_rotation()
                length, grid = tick.tick1line.get_markersize(), tick.gridline.get_visible()
                yield f"{name} ticks' size {size:g}, turned {turned:g}, long {length:g}, grid {grid}"
        edges = {side: to_hex(spine.get_edgecolor()) for side, spine in axes.spines.items() if spine.get_visible()}
        yield f"edges {edges}"
        if axes.get_legend():
            yield legend_of(axes.get_legend())
        drawn = [*map(line_of, axes.lines), *map(patch_of, axes.patches), *map(marks_of, axes.collections)]
        drawn += [f"image {numbers(np.asarray(each.get_array()).ravel())} {each.get_cmap().name} {each.get_clim()} "
                  f"aspect {axes.get_aspect()}" for each in axes.images]  # fmt: skip
        drawn += [f"text {numbers(text.get_position())} {styled(text)}" for text in axes.texts]
        yield from drawn[: 3 * shown]


def numbers(values, most=14):
    values = np.atleast_1d(np.ma.filled(values, np.nan)).astype(float)
    shown = " ".join(f"{value:.4g}" for value in values[:most])
    return f"[{shown}]" if len(values) <= most else f"[{shown} ... {len(values)}, mean {values.mean():.5g}]"


def styled(text):
    return f"{text.get_text()!r} {text.get_fontsize():g} {text.get_fontweight()} {to_hex(text.get_color())} " + (
        f"{text.get_ha()} {text.get_va()}"
    )


def legend_of(legend):
    texts = [text.get_text() for text in legend.get_texts()]
    outside = getattr(legend, "_outside_loc", None)
    if legend.axes:  # a corner, or a box beside it, in parts of the axes
        box = legend.get_bbox_to_anchor().transformed(legend.axes.transAxes.inverted())
        outside = f"{numbers(box.get_points().ravel())} {legend.get_alignment()}"
    return f"legend {texts} at {legend._loc} {outside} columns {legend._ncols} title {legend.get_title().get_text()!r}"


def line_of(line):
    return (
        f"line {line.get_label()!r} {to_hex(line.get_color())} {line.get_linestyle()} {line.get_linewidth():g} "
        f"{line.get_marker()} {line.get_markersize():g} {line.get_drawstyle()} above {line.get_zorder():g} "
        f"x {numbers(line.get_xdata())} y {numbers(line.get_ydata())}"
    )


def patch_of(patch):
    box = (patch.get_x(), patch.get_y(), patch.get_width(), patch.get_height())
    return f"bar {numbers(box)} {to_hex(patch.get_facecolor(), keep_alpha=True)}"


def marks_of(marks):
    places = (
        marks.get_offsets() if not hasattr(marks, "get_segments") else np.concatenate(marks.get_segments() or [[]])
    )
    colours = sorted({to_hex(colour, keep_alpha=True) for colour in [*marks.get_facecolor(), *marks.get_edgecolor()]})
    return (
        f"marks {marks.get_label()!r} {numbers(np.asarray(places).ravel())} sizes {numbers(marks.get_sizes())} "
        if hasattr(marks, "get_sizes") and not hasattr(marks, "get_segments")
        else f"bars {numbers(np.asarray(places).ravel())} wide {numbers(marks.get_linewidth())} "
    ) + f"{colours} above {marks.get_zorder():g} clipped {marks.get_clip_on()}"


@pytest.mark.parametrize(
    ("kind", "evaluation", "report", "shown"),
    [
        ("single", SELECTED | TEMPERATURE, single(["정치", "$5", "sport"], 40), 12),
        ("several", {}, several(["grain", "wheat", "corn", "밀"], 40), 12),
        ("twelve", {}, single(MANY[:12], 60), 12),
        ("seventy", {}, single(MANY, 140), 5),
        ("binary", {}, single(["no", "yes"], 30), 12),
        ("fourteen_several", {}, several(MANY[:14], 40), 4),
    ],
)
def test_figures_are_those_that_were_looked_at(kind, evaluation, report, shown, tmp_path, monkeypatch):
    if evaluation:
        write_log(tmp_path, LONGER_LOG)
    figures = figures_of(monkeypatch, tmp_path, evaluation, report, report)
    check_approved(f"figures_{kind}.txt", told(figures, shown))


def test_sizes_follow_the_number_of_labels_as_was_looked_at():
    """Of matrices and bars at each limit: size, names level or slanted, counts alone or with shares, marks."""
    lines = []
    drawn = {drawing.confusion_heat_map: (4, 5, 6, 7, 10, 11, 20, 21), drawing.per_label_bars: (25, 26, 61)}
    for draw, sizes in drawn.items():
        for size in sizes:
            report = single([f"name {k}" for k in range(size)], 3 * size)
            told = "\n".join(lines_of(draw(report, SAY), 1)).splitlines()
            lines += [f"# {draw.__name__} of {size}", *told[:12]]
            lines += [line for line in told[12:] if line.startswith(("text", "marks"))]
    for width in (15, 16):
        names = [chr(97 + k) * width for k in range(5)]
        lines += [f"# names of {width}", *list(lines_of(drawing.confusion_heat_map(single(names, 20), SAY), 1))[:6]]
    check_approved("figures_by_size.txt", "\n".join(lines))


def test_cells_are_written_in_white_above_a_share_and_not_at_it():
    _, (axes,) = drawing.canvas(1, 1, 3)
    shares = np.array([[drawing.DARK, drawing.DARK + 1e-6], [0.0, 1.0]])
    drawing._number_cells(axes, np.array([[11, 9], [0, 1234]]), shares)
    assert [(text.get_text().split("\n")[0], text.get_color()) for text in axes.texts] == [
        ("11", INK), ("9", "white"), ("1,234", "white"),
    ]  # fmt: skip
    assert [text.get_position() for text in axes.texts] == [(0, 0), (1, 0), (1, 1)]


def test_cuts_are_drawn_of_labels_that_validation_carries():
    report = several(["a", "b", "c"], 40)
    assert threshold_curves(replace(report, gold=report.gold * 0), SAY) is None
    alone = replace(report, gold=report.gold * [0, 1, 0])
    figure = threshold_curves(alone, SAY)
    assert len(figure.axes) == 1
    assert [text.get_text() for text in figure.legends[0].get_texts()][-1] == SAY["chosen_cut"]
    assert threshold_curves(single(["a", "b"], 20), SAY) is None


def test_of_a_fonts_faces_the_regular_one_tells_its_characters(monkeypatch):
    faces = [("italic", 400, "i"), ("normal", 700, "b"), ("normal", 100, "t"), ("normal", "regular", "r")]
    entries = [SimpleNamespace(name="Own Font", style=style, weight=weight, fname=at) for style, weight, at in faces]
    monkeypatch.setattr(style, "fontManager", SimpleNamespace(ttflist=[SimpleNamespace(name="Other"), *entries]))
    monkeypatch.setattr(style, "get_font", lambda name: SimpleNamespace(get_charmap=lambda: {ord(name): 1}))
    assert style._characters_of("Own Font") == {ord("r")}
    style._characters_of.cache_clear()
