"""What a model promises: fitted on rows that nothing else saw, measured on test, written into `config.json`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from datasets import Dataset, DatasetDict
from numpy.typing import NDArray

from ..arguments import MeasureArguments
from ..data.shaping import GUARANTEE
from ..errors import UserError
from ..inference.classifier import Classifier
from ..inference.promises import Promises
from ..labels import LabelSpace
from ..run_folder import RunFolder
from .abstention import Outcome, Promise, Sequence, area_under_risk_coverage, find_cut, risk_coverage
from .drift import drift_between_splits
from .label_sets import covered, cuts_by_label, marginal_cut
from .report import Report, measure
from .shares import share

RESPLITS = 200  # of guarantee and test together: how often the promise would have failed
CURVE_POINTS = 100  # of the risk-coverage curve, for the page


@dataclass(frozen=True)
class Fitted:
    """The keys that go into `config.json`, and what `evaluation.json` records of how they came about."""

    config: dict[str, Any]
    record: dict[str, Any]
    guarantee: Report | None = None  # the rows that the promises were fitted on; None: they were read from a folder


def check_promises(options: MeasureArguments) -> None:
    """Refuse shares that promise nothing.

    Raises:
        UserError: a share out of (0, 1), or a part of a promise that is not asked for.
    """
    usual = MeasureArguments()
    for name in ("abstain_risk", "abstain_confidence", "set_coverage"):
        share = getattr(options, name)
        if share is not None and not 0 < share < 1:
            raise UserError(f"--{name} is a share between 0 and 1; found {share}. Usual: {USUAL[name]}.")
    if options.abstain_risk is None and options.abstain_confidence != usual.abstain_confidence:
        raise UserError("--abstain_confidence goes with --abstain_risk, which is missing. Usual: --abstain_risk 0.05.")
    if options.set_by_label and options.set_coverage is None:
        raise UserError("--set_by_label goes with --set_coverage, which is missing. Usual: --set_coverage 0.9.")


KEYS = ("abstain", "label_sets")  # of config.json
USUAL = {"abstain_risk": 0.05, "abstain_confidence": 0.95, "set_coverage": 0.9}


def allowed(options: MeasureArguments, splits: DatasetDict) -> list[str]:
    """Say what the guarantee part allows, before any training; nothing where no promise is asked for."""
    if GUARANTEE not in splits:
        return []
    rows = len(splits[GUARANTEE])
    lines = []
    if options.abstain_risk is not None:
        promise = Promise(options.abstain_risk, options.abstain_confidence)
        most = int(promise.most_wrong(np.array([rows]))[0])
        least = promise.least_rows
        said = f"{least} answered rows without an error are the least for {_percent(promise.risk)} wrong at "
        said += f"{_percent(promise.confidence)} confidence; "
        said += f"{rows:,} rows allow {most} errors if all are answered." if most >= 0 else f"{rows:,} are too few."
        lines.append(f"Abstention: {said}")
    if options.set_coverage is not None:
        least = int(np.ceil(round(1 / (1 - options.set_coverage), 9))) - 1
        known = f"{rows:,} rows give " if rows >= least else f"{rows:,} rows are too few, every label will be in it: "
        width = np.sqrt(options.set_coverage * (1 - options.set_coverage) / max(1, rows))
        lines.append(
            f"Label sets: {known}coverage {_percent(options.set_coverage)} on average, give or take "
            f"{_percent(2 * width)} from one draw of the rows to another."
        )
    return lines


def fit_promises(options: MeasureArguments, validation: Report, guarantee: Report) -> Fitted:
    """Find the cuts of the promises that are asked for; what cannot be promised is recorded and not stored."""
    config: dict[str, Any] = {}
    record: dict[str, Any] = {"n": guarantee.n}
    if options.abstain_risk is not None:
        promise = Promise(options.abstain_risk, options.abstain_confidence)
        stated = {"risk": promise.risk, "confidence": promise.confidence, "n": guarantee.n}
        outcomes = abstention_outcomes(promise, validation, guarantee)
        kept = {name: outcome.cut for name, outcome in outcomes.items() if outcome.cut is not None}
        if kept:
            config["abstain"] = {"score_below": kept if guarantee.labels.multi_label else kept[""], **stated}
        record["abstain"] = {**stated, "stored": bool(kept), **_told(outcomes, guarantee.labels, promise)}
    if options.set_coverage is not None:
        by_label, labels = options.set_by_label, guarantee.labels
        arrays = guarantee.scores, guarantee.gold, labels, options.set_coverage
        cuts = cuts_by_label(*arrays) if by_label else np.array([marginal_cut(*arrays)])
        named = {"cuts": dict(zip(labels.names, map(float, cuts), strict=True))} if by_label else {"cut": cuts[0]}
        config["label_sets"] = {**named, "coverage": options.set_coverage, "n": guarantee.n}
        record["label_sets"] = {**config["label_sets"], "every_label": int((cuts == 0).sum())}
    return Fitted(config, record, guarantee)


def abstention_outcomes(promise: Promise, validation: Report, guarantee: Report) -> dict[str, Outcome]:
    """Return the outcome of each label's given texts, {label: outcome}; of one label a text, {"": outcome}."""
    sequences, here = cut_sequences(validation), answers(guarantee)
    return {name: find_cut(promise, sequences[name], *here[name], guarantee.n) for name in here}


def cut_sequences(validation: Report) -> dict[str, Sequence]:
    """Return the order in which each label's cuts are tested."""
    return {name: Sequence.from_validation(*rows, validation.n) for name, rows in answers(validation).items()}


def answers(report: Report) -> dict[str, tuple[NDArray[np.float64], NDArray[np.bool_]]]:
    """Return the confidence and wrongness of what a scorer answers, by label as `abstention_outcomes` names them."""
    scores = report.scores.astype(np.float64)
    if not report.labels.multi_label:
        return {"": (scores.max(axis=1), report.predicted != report.gold)}
    given = report.predicted == 1
    return {
        name: (scores[given[:, k], k], report.gold[given[:, k], k] == 0) for k, name in enumerate(report.labels.names)
    }


def promise(
    run: RunFolder, classifier: Classifier, validation: Report, guarantee: Dataset | None, options: MeasureArguments
) -> Fitted | None:
    """Write the promises that are asked for into `config.json`, and let the loaded classifier make them.

    Promises of an earlier conclusion of this run go, whatever is asked for now.
    """
    config = {k: v for k, v in run.read_json("config.json").items() if k not in KEYS}
    fitted = None
    if guarantee is not None:
        fitted = fit_promises(options, validation, measure(classifier, guarantee, draws=0))
        config |= fitted.config
    run.write_json("config.json", config)
    classifier.promises = Promises.of(config, classifier.labels)
    return fitted


def kept_promises(
    fitted: Fitted, splits: DatasetDict, validation: Report, test: Report, baselines: dict[str, Report]
) -> dict[str, Any]:
    """Return what evaluation.json records of promises: how they were fitted, what became of them, and drift."""
    found = measure_promises(fitted, test, baselines)
    if "abstain" in found and fitted.guarantee is not None and not test.labels.multi_label:
        made = Promise(found["abstain"]["risk"], found["abstain"]["confidence"])
        found["abstain"]["resplits"] = failures_over_resplits(made, validation, fitted.guarantee, test)
    scored = {"validation": validation, "test": test, GUARANTEE: fitted.guarantee}
    return found | {"drift": drift_between_splits(splits, {k: v for k, v in scored.items() if v is not None})}


def measure_promises(fitted: Fitted, test: Report, baselines: dict[str, Report]) -> dict[str, Any]:
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
    """Draw guarantee rows anew from guarantee and test together, `draws` times: how often is the promise broken?

    Broken: at the cut that such a draw gives, more than `risk` of all those rows' answers are wrong. One label a text.
    """
    scores, wrong = (np.concatenate(pair) for pair in zip(answers(guarantee)[""], answers(test)[""], strict=True))
    rng, sequence = np.random.default_rng(seed), cut_sequences(validation)[""]
    broken = stored = 0
    for _ in range(draws):
        rows = rng.choice(len(scores), guarantee.n, replace=False)
        cut = find_cut(promise, sequence, scores[rows], wrong[rows], guarantee.n).cut
        if cut is not None:
            stored += 1
            broken += bool(wrong[scores >= cut].mean() > promise.risk)
    return {"draws": draws, "stored": stored, "broken": broken}


def _told(outcomes: dict[str, Outcome], labels: LabelSpace, promise: Promise) -> dict[str, Any]:
    """Return each outcome for the record, and in words where there is no cut."""
    rows = {name: vars(outcome) for name, outcome in outcomes.items()}
    without = [name for name, outcome in outcomes.items() if outcome.cut is None]
    if not labels.multi_label:
        return {"guarantee": rows[""], "why_not": _why_not(outcomes[""], promise) if without else None}
    reasons = {name: _why_not(outcomes[name], promise) for name in without}
    return {"guarantee": rows, "without_promise": without, "why_not": reasons or None}


def _why_not(outcome: Outcome, promise: Promise) -> str:
    """Say that there is no cut, and how many rows would be needed."""
    enough = (
        f"about {outcome.rows_needed:,} would be needed at this error rate"
        if outcome.rows_needed
        else "no number would do at this error rate: the answers it is surest of are wrong too often"
    )
    return (
        f"No guarantee of at most {_percent(promise.risk)} wrong at {_percent(promise.confidence)} confidence can be "
        f"given with {outcome.n:,} rows ({outcome.wrong} of the {outcome.answered} surest are wrong); {enough}."
    )


def _answered_on(test: Report, promises: Promises, risk: float) -> dict[str, Any]:
    """Return how much of test is answered, how much of that is wrong, and whether the promise held there."""
    unsure = promises.unsure(test.scores, test.predicted)
    given = ~unsure if not test.labels.multi_label else (test.predicted == 1) & ~unsure
    wrong = given & (test.predicted != test.gold)
    of = test.n if not test.labels.multi_label else int((test.predicted == 1).sum())
    found = {"answered": share(int(given.sum()), of), "wrong": share(int(wrong.sum()), int(given.sum()))}
    if test.labels.multi_label:
        found["by_label"] = {
            name: {"answered": int(given[:, k].sum()), "wrong": share(int(wrong[:, k].sum()), int(given[:, k].sum()))}
            for k, name in enumerate(test.labels.names)
        }
    return found | {"held": bool(given.sum()) and bool(wrong.sum() <= risk * given.sum())}


def _set_figures(sets: NDArray[np.bool_], report: Report) -> dict[str, Any]:
    """Return coverage (recall with several labels), size and the worst label of sets on test."""
    hit, sizes = covered(sets, report.gold), sets.sum(axis=1)
    carries = report.gold if report.labels.multi_label else np.eye(len(report.labels), dtype=np.int64)[report.gold]
    by_label = {
        name: share(int(sets[carries[:, k] == 1, k].sum()), int(carries[:, k].sum()))
        for k, name in enumerate(report.labels.names)
    }
    known = {name: row for name, row in by_label.items() if row["of"]}
    error = 1.96 * hit.std(ddof=1) / np.sqrt(len(hit)) if len(hit) > 1 else np.nan
    pooled = share(int(hit.sum()), len(hit))
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


def _percent(part: float) -> str:
    return f"{100 * part:.3g} %"
