"""What a page says of scores: the chosen labels, how firmly, and the bars; the browser's page does the same in JS."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

SHOWN = 12  # labels shown at once; the others fold away, never a chosen one
CLOSE = 0.9  # of the best score: a second one from here on is as good an answer
TOPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # where a scale of bars may end


class Bar(NamedTuple):
    """One label's row."""

    label: str
    score: float
    cut: float | None
    chosen: bool


class Decision(NamedTuple):
    """What is said of one text."""

    heading: str
    notes: list[str]  # sentences below it
    bars: list[Bar]  # the chosen labels first, each group best first
    shown: int  # of them, before the rest folds away
    top: float  # score at which the bars end
    chosen: list[str]
    unsure: bool


def decide(about: Mapping[str, Any], words: Mapping[str, Any], scores: Mapping[str, float]) -> Decision:
    """Return what to say of a text's scores {label: score in [0, 1]}."""
    cuts = about["thresholds"]
    order = sorted(scores, key=lambda label: -scores[label])
    chosen = [label for label in order if scores[label] >= cuts.get(label, 0.5)] if cuts else order[:1]
    doubted = _doubted(about["abstain"], scores, chosen)
    order = chosen + [label for label in order if label not in chosen]
    notes: list[str] = []
    heading = ", ".join(chosen) or words["none"]
    if chosen and len(doubted) == len(chosen):
        heading = words["unsure"].format(labels=", ".join(chosen))
        if not cuts:
            notes.append(words["unsure_why"].format(cut=number(about["abstain"]["score_below"])))
    elif doubted:
        notes.append(words["unsure_of"].format(labels=", ".join(doubted)))
    elif not cuts and len(order) > 1 and scores[order[1]] >= CLOSE * scores[order[0]]:
        heading = words["close"].format(first=order[0], second=order[1])
    if about["label_sets"]:
        notes.append(_set_sentence(about["label_sets"], words["set"], scores) or words["set_empty"])
    top = _top(scores, cuts)
    if cuts:
        notes.append(words["about"])
    if top < 1:
        notes.append(words["scale"].format(top=f"{top:g}"))
    bars = [Bar(each, scores[each], cuts.get(each, 0.5) if cuts else None, each in chosen) for each in order]
    return Decision(heading, notes, bars, max(SHOWN, len(chosen)), top, chosen, bool(doubted))


def number(value: float) -> str:
    """Write a score or a cut, never so short that a small one looks like nothing."""
    return f"{value:.3f}" if value >= 0.0995 or value == 0 else f"{value:.2g}" if value < 0.001 else f"{value:.4f}"


def _doubted(abstain: Mapping[str, Any] | None, scores: Mapping[str, float], chosen: list[str]) -> list[str]:
    """Return the chosen labels that the model's promise does not cover."""
    if not abstain:
        return []
    cut = abstain["score_below"]
    return [label for label in chosen if scores[label] < (cut.get(label, 0) if isinstance(cut, Mapping) else cut)]


def _set_sentence(sets: Mapping[str, Any], sentence: str, scores: Mapping[str, float]) -> str:
    cuts = sets.get("cuts") or {}
    inside = [label for label in scores if scores[label] >= (cuts.get(label, 0) if cuts else sets["cut"])]
    inside.sort(key=lambda label: -scores[label])
    coverage = f"{100 * float(sets['coverage']):g} %"
    return sentence.format(labels=", ".join(inside), coverage=coverage) if inside else ""


def _top(scores: Mapping[str, float], cuts: Mapping[str, float] | None) -> float:
    """Return where the bars end: at 1, or with several labels at the first step above every score and cut."""
    if not cuts:
        return 1.0
    highest = max([*scores.values(), *cuts.values()], default=1.0)
    return next((top for top in TOPS if highest <= top or math.isclose(highest, top)), 1.0)
