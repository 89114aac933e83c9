"""The figures of this project that a claimed metric can mean, and what a claim is worth beside one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ...evaluation.report import Figure, Report
from ...labels import LabelSpace
from .claim import Claim
from .wording import Named

HOLDS, NOISE, FAILS, UNCHECKED = "holds", "within noise", "does not hold", "cannot be checked"
_ONLY_SEVERAL = {"lrap", "subset_accuracy"}
_ONLY_ONE = {"mcc", "balanced_accuracy"}
_AVERAGED = {"f1", "precision", "recall"}


class PossibleFigure(NamedTuple):
    """One figure that a claim can mean: what it is called, and how a report gives it."""

    name: str
    of: Callable[[Report], Figure | None]


def meanings(named: Named, labels: LabelSpace) -> list[PossibleFigure]:
    """Return the figures that a metric's name can mean for such labels, the likeliest first; none: it cannot be given.

    Without a word about averages each of them is meant as likely; with two labels scikit-learn and `evaluate` take
    the figure of the label with id 1 then ("binary").
    """
    base, average, several = named.base, named.average, labels.multi_label
    if base == "accuracy":
        return [_metric("subset_accuracy"), _label_accuracy()] if several else [_metric("accuracy")]
    if base == "error_rate":
        return [_less("error_rate", "subset_accuracy" if several else "accuracy")]
    if base == "hamming_loss" and not several:
        return [_less("error_rate", "accuracy")]
    if base in (_ONLY_ONE if several else _ONLY_SEVERAL):
        return []
    if base in _AVERAGED:
        return _averages(base, average, labels)
    if base in {"roc_auc", "average_precision"} and several:
        return [_metric(f"{base}_{each}") for each in ("macro", "micro") if average in {each, None}]
    return [_metric(base)]


def _averages(base: str, average: str | None, labels: LabelSpace) -> list[PossibleFigure]:
    kinds = ["macro", "weighted", "micro"]
    if labels.multi_label:
        kinds = ["micro", "macro", "weighted", "samples"]
    elif len(labels) == 2:
        kinds = ["binary", *kinds]
    chosen = kinds if average is None else [average] if average in kinds else []
    return [_of_label(base, labels.names[1]) if kind == "binary" else _metric(f"{base}_{kind}") for kind in chosen]


def _metric(name: str) -> PossibleFigure:
    return PossibleFigure(name, lambda report: report.metrics.get(name))


def _of_label(base: str, label: str) -> PossibleFigure:
    return PossibleFigure(f"{base} of {label!r}", lambda report: report.per_label[label][base])


def _less(name: str, other: str) -> PossibleFigure:
    return PossibleFigure(name, lambda report: _one_less(report.metrics.get(other)))


def _label_accuracy() -> PossibleFigure:
    return PossibleFigure("accuracy over all labels", lambda report: _one_less(report.metrics.get("hamming_loss")))


def _one_less(figure: Figure | None) -> Figure | None:
    if figure is None:
        return None
    low, high = (None if end is None else 1 - end for end in (figure["high"], figure["low"]))
    return {**figure, "value": 1 - figure["value"], "low": low, "high": high}


def judged(claim: Claim, figure: Figure) -> str:
    """Return the verdict on a claim beside a measured figure: the same number, one within its interval, or neither."""
    if claim.fits(figure["value"]):
        return HOLDS
    if figure["low"] is None:
        return UNCHECKED
    return NOISE if figure["low"] <= claim.value <= figure["high"] else FAILS


def best_meaning(
    claim: Claim, report: Report, possible: list[PossibleFigure]
) -> tuple[PossibleFigure, Figure, str] | None:
    """Return the meaning by which a claim does best, its figure and the verdict; None where rows define none."""
    order = (HOLDS, NOISE, UNCHECKED, FAILS)
    known = [(each, figure) for each in possible if (figure := each.of(report)) is not None]
    found = [(each, figure, judged(claim, figure)) for each, figure in known]
    return min(found, key=lambda one: order.index(one[2])) if found else None
