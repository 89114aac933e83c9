"""What became of a model's promises on texts: on test, and on new data in `eval.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from .thresholds import RARE

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
    """Say in a line each whether a run's splits are alike, what its cuts lacked, and what became of its promises."""
    shared = shared_cut_line(evaluation.get("thresholds"))
    return [*drift_line(evaluation["split_drift"]), *shared, *promise_lines(evaluation["promises"], "test")]


def shared_cut_line(thresholds: Mapping[str, Any] | None) -> list[str]:
    """Return the line that says how rare labels come to cuts of their own, where validation had too few of them."""
    if not thresholds or not thresholds["pooled_labels"] or thresholds["chosen_on"] != "validation":
        return []
    rare, of = len(thresholds["pooled_labels"]), len(thresholds["cuts"])
    return [
        f"Labels that fewer than {RARE} validation texts carry share one cut ({rare} of {of} here): --folds 5 scores "
        "the training rows out of fold and finds them cuts of their own."
    ]


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
            for_labels = f" for {_some(on['promised'])}" if "promised" in on else ""
            broken = f" (broken for {_some(on['broken'])})" if on.get("broken") else ""
            lines.append(
                f"Promise ({promised} confidence{for_labels}): {verdict} on {split}{broken}. Answered "
                f"{_told_share(on['answered'])}, of these wrong {_told_share(on['wrong'])}."
            )
        if without := abstain.get("without_promise"):
            lines.append(f"No promise is made for {_some(without)}.")
    if sets := (found or {}).get("label_sets"):
        on = sets["test"]
        lines.append(
            f"Label sets (coverage {percent(sets['coverage'])}): {on['coverage']['value']:.4f} on {split}, "
            f"{on['mean_size']:.2f} labels a set on average."
        )
    return lines


def _some(names: Sequence[str]) -> str:
    """Return the first names of a list, and how many more there are."""
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN:,} more labels" if len(names) > SHOWN else "")


def _no_label_has_one(abstain: Mapping[str, Any]) -> str:
    """Say of all labels together that none can be promised anything, and which of them is nearest to it."""
    names, found = list(abstain["why_not"]), abstain["guarantee"]
    within_reach = [name for name in names if found[name]["rows_needed"]]
    nearest = min(within_reach, key=lambda name: found[name]["rows_needed"], default=None)
    hint = (
        f"{nearest} takes fewest: about {found[nearest]['rows_needed']:,}, as validation shows"
        if nearest is not None
        else "no number would do: the surest answers are wrong too often"
    )
    rows = found[names[0]]["n"]
    return (
        f"No guarantee of at most {percent(abstain['risk'])} wrong at {percent(abstain['confidence'])} confidence can "
        f"be given for {_some(names)} with {rows:,} rows; {hint}. evaluation.json has each one's reason."
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
    """Return how much of test is answered, how much of that is wrong, and whether the promise held there.

    Several labels: over the labels with a promise together; it held where each of them kept it.
    """
    wrong, sure = test.predicted != test.gold, ~promises.unsure(test.scores, test.predicted)
    if not test.labels.multi_label:
        found = _outcome(np.ones(test.n, dtype=bool), sure, wrong)
        return found | {"held": _keeps(found, risk)}
    given, names = test.predicted == 1, test.labels.names
    by_label = {name: _outcome(given[:, k], sure[:, k], wrong[:, k]) for k, name in enumerate(names)}
    cuts = promises.stated.get("abstain", {}).get("score_below", {})
    promised = list(cuts) if isinstance(cuts, dict) else list(names)
    here = [names.index(name) for name in promised]
    broken = [name for name in promised if by_label[name]["answered"]["count"] and not _keeps(by_label[name], risk)]
    found = _outcome(given[:, here], sure[:, here], wrong[:, here])
    of_labels = {"promised": promised, "broken": broken, "by_label": by_label}
    return found | of_labels | {"held": bool(found["answered"]["count"]) and not broken}


def _outcome(given: NDArray[np.bool_], sure: NDArray[np.bool_], wrong: NDArray[np.bool_]) -> dict[str, Any]:
    """Return the share of what is given that is answered, and the share of the answers that is wrong."""
    answered = given & sure
    n = int(answered.sum())
    return {"answered": share_of(n, int(given.sum())), "wrong": share_of(int((answered & wrong).sum()), n)}


def _keeps(outcome: Mapping[str, Any], risk: float) -> bool:
    n = outcome["answered"]["count"]
    return bool(n) and outcome["wrong"]["count"] <= risk * n


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
