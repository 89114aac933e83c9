"""The page's table of predictions: every validation text with what it is and what the model says, within bounds.

Mistakes, confused pairs and suspected label errors are views of this one table.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from ...inference.classifier import texts_of
from ..label_errors import find_suspects
from ..mistakes import surest_mistakes
from ..report import Report
from ..slices import ways_of_slicing

# row: {"label": id, "parts": [[[text, share in [-1, 1]], ...] of each field]}, of `shading.shaded_mistakes`
Shades = dict[int, dict[str, Any]]
MOST_ROWS = 50_000
MOST_CHARACTERS = 4_000_000  # of all texts together: 12 MB at most in Hangul, 4 in Latin letters
CUTS = (700, 400, 240, 160, 120, 80)  # characters of a text that are shown, the longest that fits all
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def readable(text: str, longest: int = CUTS[0]) -> str:
    """Return a text as it is shown: composed, on one line, without control characters, cut where it is long."""
    line = " ".join(_CONTROL.sub(" ", unicodedata.normalize("NFC", text)).split())
    return line if len(line) <= longest else line[:longest].rstrip() + " …"


def prediction_rows(report: Report, split: Dataset) -> dict[str, Any]:
    """Return what the table shows of a split and its report, as JSON.

    Each row is `[number, [texts], gold, predicted, [scores], surest, suspect, [slices]]`: labels by their ids (a list
    of them with several labels a text); the scores are those of the predicted label and, of a mistake, of the gold one
    (with several labels, of all labels given or carried); `surest` is how sure a mistake is, in [0, 1], 0 of a right
    decision; `suspect` is `[given, suggested, carried]` or 0. Beyond MOST_ROWS the surest mistakes come first.
    """
    texts = [[part for part in ([t] if isinstance(t, str) else t) if part and part.strip()] for t in texts_of(split)]
    surest = _surest(report)
    suspects: dict[int, list[int]] = {}
    for suspect in find_suspects(report):
        suspects.setdefault(suspect.row, [suspect.given, suspect.suggested, int(suspect.carried)])
    slices, places = _slices(split)
    shown = np.sort(np.lexsort((np.arange(report.n), -surest))[:MOST_ROWS])
    lengths = np.array([sum(map(len, texts[row])) for row in shown])
    fits = (cut for cut in CUTS if np.minimum(lengths, cut).sum() <= MOST_CHARACTERS)
    longest = next(fits, CUTS[-1])
    rows = [
        [
            int(row),
            [readable(part, longest) for part in texts[row]],
            *_decision(report, row),
            round(float(surest[row]), 4),
            suspects.get(int(row), 0),
            [int(place) for place in places[row]],
        ]
        for row in shown
    ]
    return {"n": report.n, "longest": longest, "slices": slices, "rows": rows}


def _surest(report: Report) -> NDArray[np.float64]:
    """Return how sure the surest mistake of each row is [N], 0 where all of it is right."""
    surest = np.zeros(report.n)
    for mistake in surest_mistakes(report, report.gold.size):
        surest[mistake.row] = max(surest[mistake.row], mistake.confidence, 1e-4)
    return surest


def _decision(report: Report, row: int) -> list[Any]:
    """Return gold, predicted and their scores."""
    scores = report.scores[row]
    if not report.labels.multi_label:
        gold, predicted = int(report.gold[row]), int(report.predicted[row])
        return [gold, predicted, [_short(scores[k]) for k in dict.fromkeys((predicted, gold))]]
    gold_ids, given = (np.flatnonzero(each[row]).tolist() for each in (report.gold, report.predicted))
    return [gold_ids, given, [_short(scores[k]) for k in sorted({*gold_ids, *given})]]


def _short(score: float) -> float:
    return float(f"{score:.3g}")


def _slices(split: Dataset) -> tuple[list[list[str]], list[list[int]]]:
    """Return [way, name] of each slice of the split, and the slices that each row is in."""
    ways = ways_of_slicing(split)
    keys = [(of, name) for of, names in ways.items() for name in dict.fromkeys(names)]
    if not keys:
        return [], [[] for _ in range(len(split))]
    at = {key: place for place, key in enumerate(keys)}
    places = [[at[of, name] for of, name in zip(ways, row, strict=True)] for row in zip(*ways.values(), strict=True)]
    return [list(key) for key in keys], places
