"""The charts of evaluation.html (curves, confusion matrix, slices, maps of states), as JSON that the page draws."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...run_folder import STATE_MAPS, RunFolder
from ..comparison import ALPHA
from ..curves import TrainingCurves, precision_recall, reliability, roc, scores_before_calibration, truth_of
from ..figures.curve_figures import FEW, MOST_LINES, Ranking, ranked_curves, shown_metrics
from ..figures.drawing import shown_labels
from ..figures.style import own_colours, shortened
from ..names import Words, metric_name, script_name
from ..report import Report
from .interactive import INK, QUIET, SERIES, UNIT, Chart, axis, chart, choice, line


def all_charts(evaluation: dict[str, Any], test: Report, training: TrainingCurves | None, say: Words) -> list[Chart]:
    """Return every curve that there is data for."""
    pr = (say["pr"], say["recall"], say["precision"])
    made = [
        _ranking("roc", test, roc, "AUC", (say["roc"], say["fpr"], say["tpr"]), say),
        _ranking("precision-recall", test, precision_recall, "AP", pr, say),
        _reliability(test, scores_before_calibration(test, evaluation), say),
        _training(training, evaluation, say),
        _risk(evaluation, say),
    ]
    return [each for each in made if each is not None]


def _ranking(
    name: str, report: Report, ranking: Ranking, area: str, words: tuple[str, str, str], say: Words
) -> Chart | None:
    """One curve a label in the label's own colour; of many, those with the lowest F1 in colour and all pooled."""
    curves, colours = ranked_curves(report, ranking), own_colours(report)
    data = []
    for label, curve in sorted(curves, key=lambda pair: (pair[0] in colours, -pair[1].area)):
        told = f"{area} {curve.area:.3f} {shortened(label)}"
        place = colours.get(label)
        more = {"width": 0.8, "legend": False, "faint": True} if place is None else {}
        colour = QUIET if place is None else SERIES[place]
        data.append(line(curve.x, curve.y, told, colour, step=ranking is precision_recall, **more))
    many = len(curves) > MOST_LINES
    pooled = ranking(truth_of(report).ravel(), report.scores.ravel()) if many else None
    if pooled is not None:
        data.append(line(pooled.x, pooled.y, f"{area} {pooled.area:.3f} {say['pooled']}", INK, dash="6 4"))
    if name == "roc" and data:
        data.insert(0, line([0, 1], [0, 1], say["chance"], QUIET, width=1, dash="2 4", legend=False))
    title, x, y = words
    return chart(name, title, [choice("", data, axis(x, UNIT), axis(y, UNIT))])


def _reliability(report: Report, before: NDArray[np.floating[Any]] | None, say: Words) -> Chart | None:
    """What share was right over confidence, after calibration and before; a point's size is its number of texts."""
    after = reliability(report, report.scores)
    seen = [after.confidence]
    told = say["after"] if before is not None else say["scores"]
    data = [line([0, 1], [0, 1], say["perfect"], QUIET, width=1, dash="2 4")]
    if before is not None:
        old = reliability(report, before)
        seen.append(old.confidence)
        name = f"{say['before']}, ECE {old.error:.3f}"
        data.append(line(old.confidence, old.right, name, SERIES[1], dash="6 4", dots=old.size.tolist(), few=FEW))
    name = f"{told}, ECE {after.error:.3f}"
    data.append(line(after.confidence, after.right, name, SERIES[0], dots=after.size.tolist(), few=FEW, reads="score"))
    several = report.labels.multi_label
    x = axis(say["score_of_label" if several else "score_of_predicted"], _fitted(np.concatenate(seen)))
    y = axis(say["share_gold" if several else "share_right"], UNIT)
    return chart("reliability", say["reliability"], [choice("", data, x, y)])


def _fitted(confidence: NDArray[np.floating[Any]]) -> list[float]:
    """Return the part of 0 to 1, in tenths, that the points lie in."""
    low = float(np.floor(max(0.0, confidence.min() - 0.02) * 10) / 10)
    return [low, 1.0] if low < 0.9 else [0.8, 1.0]


def _training(training: TrainingCurves | None, evaluation: dict[str, Any], say: Words) -> Chart | None:
    """Losses; validation metrics; learning rate: over epochs, with the epoch that was kept."""
    if training is None:
        return None
    chosen = evaluation.get("selection") or {}
    losses = [line(x, y, say["train_loss"], QUIET, width=1.3) for x, y in _some(training.train, "loss")]
    losses += [line(x, y, say["split_validation"], SERIES[0], dots=1) for x, y in _some(training.validation, "loss")]
    metrics = [
        line(*training.validation[name], name=metric_name(name, say), colour=colour, dots=1)
        for name, colour in zip(shown_metrics(training, chosen.get("metric")), SERIES, strict=False)
    ]
    rates = [line(x, y, say["rate"], SERIES[2]) for x, y in _some(training.train, "learning_rate")]
    marks = [{"x": chosen["epoch"], "name": say["kept"]}] if chosen.get("epoch") else []
    named = ((say["loss"], losses), (say["metrics"], metrics), (say["rate"], rates))
    x = axis(say["epoch"], whole=True, zero=True)
    return chart("training", say["training_h"], [choice(name, data, x, axis(name), marks) for name, data in named])


def _some(curves: dict[str, tuple[list[float], list[float]]], name: str) -> list[tuple[list[float], list[float]]]:
    return [curves[name]] if name in curves else []


def _risk(evaluation: dict[str, Any], say: Words) -> Chart | None:
    """Show the share of wrong answers over the share of texts that are answered on test, where a run promises one."""
    abstain = (evaluation.get("promises") or {}).get("abstain") or {}
    curve = (abstain.get("test") or {}).get("curve")
    if not curve or not curve["coverage"]:
        return None
    places = np.unique(np.linspace(0, len(curve["coverage"]) - 1, 250).astype(int))
    risk = [curve["risk"][place] for place in places]
    data = [line([curve["coverage"][place] for place in places], risk, say["risk"], SERIES[0])]
    if "promised" not in abstain["test"]:  # of several labels each has a promise of its own, the curve is of all
        data.append(
            line([0, 1], [abstain["risk"]] * 2, say["promised" if abstain["stored"] else "asked"], INK, dash="2 4")
        )
    top = min(1.0, 1.1 * max(*risk, abstain["risk"]))
    return chart(
        "risk", say["risk_chart"], [choice("", data, axis(say["coverage"], UNIT), axis(say["risk"], [0, top]))]
    )


def confusion_map(test: Report, validation: Report) -> dict[str, Any] | None:
    """Return counts gold by predicted of both splits, for the labels (by id) that test confuses most.

    `rows` are the gold labels' texts, so that shares are of the whole row; None with several labels.
    """
    if test.confusion is None or validation.confusion is None:
        return None
    shown = shown_labels(np.asarray(test.confusion))
    part = np.ix_(shown, shown)
    splits = {}
    for name, report in (("test", test), ("validation", validation)):
        counts = np.asarray(report.confusion)
        splits[name] = {"counts": counts[part].tolist(), "rows": counts.sum(axis=1)[shown].tolist()}
    return {"labels": shown.tolist(), "of": len(test.labels), "splits": splits}


def slice_tables(
    slices: Sequence[dict[str, Any]], overall: dict[str, dict[str, Any]], say: Words
) -> list[dict[str, Any]]:
    """Return a table a metric: each slice's figure, and where it and its interval lie between the table's ends."""
    tables = []
    for metric in dict.fromkeys(name for entry in slices for name in entry["metrics"]):
        kept = [entry for entry in slices if metric in entry["metrics"]]
        figures = [entry["metrics"][metric] for entry in kept]
        bounds = [f[end] for f in [*figures, overall[metric]] for end in ("low", "value", "high")]
        ends = [value for value in bounds if value is not None]
        low, high = np.floor(min(ends) * 10) / 10, np.ceil(max(ends) * 10) / 10

        def place(value: float, low: float = low, high: float = high) -> float:
            return round(float(100 * (value - low) / max(high - low, 1e-9)), 2)

        rows = [
            {
                "name": slice_name(entry["slice"], say),
                "of": say[entry["of"]],
                "n": entry["n"],
                "figure": figure,
                "at": place(figure["value"]),
                "from": place(figure["value"] if figure["low"] is None else figure["low"]),
                "to": place(figure["value"] if figure["high"] is None else figure["high"]),
                "differs": entry["p_value"] <= ALPHA,
            }
            for entry, figure in zip(kept, figures, strict=True)
        ]
        every = overall[metric]
        tables.append(
            {
                "metric": metric_name(metric, say),
                "all": every,
                "all_at": place(every["value"]),
                "rows": rows,
                "low": f"{low:.1f}",
                "high": f"{high:.1f}",
            }
        )
    return tables


def slice_name(name: str, say: Words) -> str:
    """Return what a slice is called on the page."""
    if name.endswith(" characters"):
        between = re.sub(r"\d{4,}", lambda found: f"{int(found[0]):,}", name.removesuffix("characters"))
        return between + say["characters"]
    named = {"no source": "no_source", "other sources": "other_sources", "no letters": "no_letters"}
    return say[named[name]] if name in named else script_name(name, say)


def state_maps(run: RunFolder, validation: Report) -> dict[str, Any] | None:
    """Return what the page draws of `checkpoints/state_maps.json`; None where no states were followed.

    `inks` is a place in the palette for each text, that of its gold label (of several the first with a colour of its
    own), -1 for grey; `colours` are the labels' names with their places.
    """
    if not (run.path / STATE_MAPS).exists():
        return None
    found = run.read_json(STATE_MAPS)
    if found["of"] != validation.n:  # of another training
        return None
    colours, names = own_colours(validation), validation.labels.names
    gold = validation.labels.named(validation.gold[found["rows"]])
    carried = [[each] if isinstance(each, str) else [name for name in names if name in each] for each in gold]
    inks = [next((colours[name] for name in row if name in colours), -1) for row in carried]
    return found | {"inks": inks, "colours": list(colours.items()), "grey": -1 in inks}
