"""The gate: does an exported engine decide as torch's fp32 does? Measured on validation, before its file is kept."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from textclf.metrics.text_classification.text_classification import LOWER_IS_BETTER

from .comparison import compare
from .report import Report
from .score_intervals import Z_SQUARED, wilson

AGREEMENT = 0.97  # the lower bound of the share of equal decisions
LOSS = 0.01  # of the selection metric: one point
SAME = 1e-4  # scores no further apart are the same numbers, computed in another order: nothing is left to estimate


class Judgement(NamedTuple):
    """What the gate found out about one engine: figures and reason go into gate.json as they are."""

    outcome: str  # "passed", "unproven" or "failed"
    reason: str  # one sentence
    figures: dict[str, Any]


def judge(report: Report, reference: Report, metric: str, *, learned: bool = False) -> Judgement:
    """Compare an engine's report with torch's on the same validation rows.

    *passed*: the agreement's lower bound reaches AGREEMENT and the paired difference's interval stays above -LOSS.
    *failed*: the figures themselves miss that, on enough texts to pass. *unproven*: too few texts to tell. Rows that
    the model has `learned` prove nothing of others, unless the scores are the same.
    """
    same = (report.predicted == reference.predicted).astype(np.float64)
    agreement = float(same.mean())
    # Cells of one text go together: with several labels, too, it is the texts that are counted.
    low = float(wilson(agreement, report.n)[0])
    name = metric if metric in report.metrics and metric in reference.metrics else "f1_macro"
    found = compare(report, reference, "torch", name)
    sign = -1 if name in LOWER_IS_BETTER else 1
    gain = sign * found["difference"]
    end = found.get("low" if sign > 0 else "high")
    worst = -math.inf if end is None else sign * end
    largest = float(np.abs(report.scores - reference.scores).max())
    figures = {
        "n": report.n,
        "agreement": {"value": agreement, "low": low, "of": "label cells" if report.labels.multi_label else "texts"},
        "difference": {
            "metric": name,
            "value": found["difference"],
            "low": found.get("low"),
            "high": found.get("high"),
        },
        "worst_label_recall": _worst_recall(report, reference),
        "ece": report.metrics["ece"]["value"],
        "ece_torch": reference.metrics["ece"]["value"],
        "largest_difference": largest,
    }
    if largest <= SAME:
        return Judgement("passed", f"Its scores are torch's: the largest difference is {largest:.1e}.", figures)
    at_worst = "with an unknown worst case" if end is None else f"in the worst case {end:+.4f}"
    told = (
        f"Agreement {agreement:.4f}, at least {low:.4f} (needed: {AGREEMENT}); {name} {found['difference']:+.4f}, "
        f"{at_worst} (needed: within {LOSS} of torch's), on {report.n} validation texts."
    )
    if not learned and low >= AGREEMENT and worst > -LOSS:
        return Judgement("passed", told, figures)
    enough = texts_needed(agreement, gain, gain - worst, report.n)
    if enough is None and report.n >= FEWEST:
        return Judgement("failed", told, figures)
    if learned:
        figures["learned"] = True
        return Judgement("unproven", f"{told} The model has learned these: other texts would have to tell.", figures)
    figures["enough"] = enough or FEWEST
    return Judgement("unproven", f"{told} With figures like these {enough or FEWEST} texts would be enough.", figures)


FEWEST = math.ceil(Z_SQUARED * AGREEMENT / (1 - AGREEMENT))  # texts from which full agreement proves it: 125


def texts_needed(agreement: float, gain: float, reach: float, n: int) -> int | None:
    """Return how many texts would prove figures like these; None where no number would.

    `gain` is the difference in the metric (above 0: better than torch), `reach` how far its interval goes below it.
    """
    if agreement <= AGREEMENT or gain <= -LOSS:
        return None
    power = 1 if agreement == 1 else 2  # where no decision differs, the interval shrinks with n, else with its root
    enough = max(n, FEWEST, math.ceil(n * (reach / (gain + LOSS)) ** power) if math.isfinite(reach) else FEWEST)
    while wilson(agreement, enough)[0] < AGREEMENT:
        enough = math.ceil(enough * 1.01) + 1
    return enough


def _worst_recall(report: Report, reference: Report) -> dict[str, Any] | None:
    """Return the label that lost most of its recall, with its recall by engine and by torch."""
    pairs = [
        (row["recall"]["value"], reference.per_label[name]["recall"]["value"], name)
        for name, row in report.per_label.items()
        if row["support"] and row["recall"] and reference.per_label[name]["recall"]
    ]
    if not pairs:
        return None
    value, torch, name = min(pairs, key=lambda pair: (pair[0] - pair[1], pair[0]))
    return {"label": name, "value": value, "torch": torch}
