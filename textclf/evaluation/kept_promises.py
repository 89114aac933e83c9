"""What became of a model's promises on texts: on test, and on new data in `eval.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..inference.promises import Promises
from .abstention import Promise, area_under_risk_coverage, find_cut, risk_coverage
from .drift import drift_line
from .label_sets import covered
from .promises import FittedPromises, answers, cut_sequences, percent
from .report import Report
from .score_intervals import share_of

RESPLITS = 200  # of guarantee and test together: how often the promise would have failed
FEWEST_RESPLITS = 20
MOST_TRIES = 2_000  # of several labels: a few seconds
SHOWN = 3  # labels in one sentence
CURVE_POINTS = 100  # of the risk-coverage curve, for the page


def kept_promises(
    fitted: FittedPromises, validation: Report, test: Report, baselines: dict[str, Report]
) -> dict[str, Any]:
    """Return what evaluation.json records of promises: how they were fitted, and what became of them."""
    found = measure_promises(fitted, test, baselines)
    if "abstain" in found and fitted.guarantee is not None:
        made = Promise(found["abstain"]["risk"], found["abstain"]["confidence"])
        found["abstain"]["resplits"] = failures_over_resplits(made, validation, fitted.guarantee, test)
    return found


def promises_on(promises: Promises, report: Report) -> dict[str, Any] | None:
    """Return what becomes of a loaded checkpoint's promises on other texts; None where it makes none."""
    stated = {key: dict(value) for key, value in promises.stated.items()}
    return measure_promises(FittedPromises(stated, stated), report, {}) if stated else None


def trust_lines(evaluation: Mapping[str, Any]) -> list[str]:
    """Say in a line each whether a run's splits are alike, and what became of its promises on test."""
    return [*drift_line(evaluation["split_drift"]), *promise_lines(evaluation["promises"], "test")]


def promise_lines(found: Mapping[str, Any] | None, split: str) -> list[str]:
    """Say in a line each what was promised and what became of it (a record of this module), for the screen."""
    lines = []
    abstain = (found or {}).get("abstain")
    if abstain and not abstain.get("stored", True):
        lines.append(abstain["why_not"] if isinstance(abstain["why_not"], str) else _no_label_has_one(abstain))
    elif abstain:
        on = abstain["test"]
        promised = f"at most {percent(abstain['risk'])} of the answers wrong at {percent(abstain['confidence'])}"
        if not on["answered"]["count"]:
            lines.append(f"Promise ({promised} confidence): nothing of {split} is answered.")
        else:
            verdict = "held" if on["held"] else "did not hold"
            lines.append(
                f"Promise ({promised} confidence): {verdict} on {split}. Answered {_told_share(on['answered'])}, of "
                f"these wrong {_told_share(on['wrong'])}."
            )
        if without := abstain.get("without_promise"):
            more = f" and {len(without) - SHOWN:,} more" if len(without) > SHOWN else ""
            lines.append(f"No promise is made for {', '.join(without[:SHOWN])}{more}.")
    if sets := (found or {}).get("label_sets"):
        on = sets["test"]
        lines.append(
            f"Label sets (coverage {percent(sets['coverage'])}): {on['coverage']['value']:.4f} on {split}, "
            f"{on['mean_size']:.2f} labels a set on average."
        )
    return lines


def _no_label_has_one(abstain: Mapping[str, Any]) -> str:
    """Say of all labels together that none can be promised anything, and which of them is nearest to it."""
    names, found = list(abstain["why_not"]), abstain["guarantee"]
    shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN:,} more labels" if len(names) > SHOWN else "")
    within_reach = [name for name in names if found[name]["rows_needed"]]
    nearest = min(within_reach, key=lambda name: found[name]["rows_needed"], default=None)
    hint = (
        f"{nearest} takes fewest: about {found[nearest]['rows_needed']:,}, as validation shows"
        if nearest is not None
        else "no number would do: the surest answers are wrong too often"
    )
    return (
        f"No guarantee of at most {percent(abstain['risk'])} wrong at {percent(abstain['confidence'])} confidence can "
        f"be given for {shown} with {found[names[0]]['n']:,} rows; {hint}. evaluation.json has a reason for each."
    )


def _told_share(found: Mapping[str, Any]) -> str:
    return f"{found['count']:,} of {found['of']:,} ({found['value']:.4f} [{found['low']:.4f}, {found['high']:.4f}])"


def measure_promises(fitted: FittedPromises, test: Report, baselines: dict[str, Report]) -> dict[str, Any]:
    """Return what became of the promises on test: figures with exact binomial intervals (Clopper & Pearson 1934)."""
    promises = Promises.of(fitted.config, test.labels)
    record = {key: dict(value) if isinstance(value, dict) else value for key, value in fitted.record.items()}
    if "abstain" in record:
        record["abstain"]["test"] = _answered_on(test, promises, record["abstain"]["risk"]) | {
            "curve": _curve(test),
            "aurc": _aurc(test),
            "aurc_of_baselines": {name: _aurc(report) for name, report in baselines.items()},
        }
    sets = promises.sets(test.scores)
    if sets is not None:
        record["label_sets"]["test"] = _set_figures(sets, test)
    return record


def failures_over_resplits(
    promise: Promise, validation: Report, guarantee: Report, test: Report, *, draws: int = RESPLITS, seed: int = 0
) -> dict[str, Any]:
    """Draw guarantee rows anew from guarantee and test together: how often is the promise broken?

    Broken: at the cut that such a draw gives, more than `risk` of all those rows' answers are wrong. With several
    labels each label is a try of every draw, and the more labels the fewer draws.
    """
    scores = np.concatenate([guarantee.scores, test.scores])
    wrong = np.concatenate([guarantee.predicted != guarantee.gold, test.predicted != test.gold])
    given = np.concatenate([guarantee.predicted, test.predicted]) == 1
    if not test.labels.multi_label:
        scores, wrong, given = scores.max(axis=1)[:, None], wrong[:, None], np.ones((len(scores), 1), dtype=bool)
    rng, sequences = np.random.default_rng(seed), list(cut_sequences(validation).values())
    draws = min(draws, max(FEWEST_RESPLITS, MOST_TRIES // len(sequences)))
    broken = stored = 0
    for _ in range(draws):
        drawn = np.zeros(len(scores), dtype=bool)
        drawn[rng.choice(len(scores), guarantee.n, replace=False)] = True
        for k, sequence in enumerate(sequences):
            here = drawn & given[:, k]
            cut = find_cut(promise, sequence, scores[here, k], wrong[here, k], guarantee.n).cut
            if cut is not None:
                stored += 1
                broken += bool(wrong[given[:, k] & (scores[:, k] >= cut), k].mean() > promise.risk)
    return {"draws": draws, "tries": draws * len(sequences), "stored": stored, "broken": broken}


def _answered_on(test: Report, promises: Promises, risk: float) -> dict[str, Any]:
    """Return how much of test is answered, how much of that is wrong, and whether the promise held there."""
    unsure = promises.unsure(test.scores, test.predicted)
    given = ~unsure if not test.labels.multi_label else (test.predicted == 1) & ~unsure
    wrong = given & (test.predicted != test.gold)
    of = test.n if not test.labels.multi_label else int((test.predicted == 1).sum())
    found = {"answered": share_of(int(given.sum()), of), "wrong": share_of(int(wrong.sum()), int(given.sum()))}
    if test.labels.multi_label:
        found["by_label"] = {
            name: {
                "answered": int(given[:, k].sum()),
                "wrong": share_of(int(wrong[:, k].sum()), int(given[:, k].sum())),
            }
            for k, name in enumerate(test.labels.names)
        }
    return found | {"held": bool(given.sum()) and bool(wrong.sum() <= risk * given.sum())}


def _set_figures(sets: NDArray[np.bool_], report: Report) -> dict[str, Any]:
    """Return coverage (recall with several labels), size and the worst label of sets on test."""
    hit, sizes = covered(sets, report.gold), sets.sum(axis=1)
    carries = report.gold if report.labels.multi_label else np.eye(len(report.labels), dtype=np.int64)[report.gold]
    by_label = {
        name: share_of(int(sets[carries[:, k] == 1, k].sum()), int(carries[:, k].sum()))
        for k, name in enumerate(report.labels.names)
    }
    known = {name: row for name, row in by_label.items() if row["of"]}
    error = 1.96 * hit.std(ddof=1) / np.sqrt(len(hit)) if len(hit) > 1 else np.nan
    pooled = share_of(int(hit.sum()), len(hit))
    if report.labels.multi_label:  # shares of several labels are no yes or no: the usual interval of a mean
        pooled = {"value": float(hit.mean()), "low": None, "high": None}
        if np.isfinite(error):
            pooled |= {"low": max(0.0, float(hit.mean() - error)), "high": min(1.0, float(hit.mean() + error))}
    return {
        "coverage": pooled,
        "mean_size": float(sizes.mean()),
        "sizes": {str(size): int(count) for size, count in enumerate(np.bincount(sizes)) if count},
        "by_label": by_label,
        "worst_label": min(known, key=lambda name: known[name]["value"]) if known else None,
    }


def _pooled(report: Report) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return confidence and wrongness of all answers together; several labels: of all given labels."""
    rows = answers(report).values()
    return np.concatenate([scores for scores, _ in rows]), np.concatenate([wrong for _, wrong in rows])


def _aurc(report: Report) -> float | None:
    area = area_under_risk_coverage(*_pooled(report))
    return None if np.isnan(area) else area


def _curve(report: Report) -> dict[str, list[float]]:
    """Return some points of the risk-coverage curve: shares answered, and of them wrong."""
    risk = risk_coverage(*_pooled(report))
    if not len(risk):
        return {"coverage": [], "risk": []}
    at = np.unique(np.linspace(0, len(risk) - 1, CURVE_POINTS).round().astype(int))
    return {"coverage": ((at + 1) / len(risk)).tolist(), "risk": risk[at].tolist()}
