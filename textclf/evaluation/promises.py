"""What a model promises: fitted on rows that nothing else saw, measured on test, written into `config.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from datasets import Dataset, DatasetDict
from numpy.typing import NDArray

from ..arguments import MeasureArguments
from ..data.shaping import GUARANTEE
from ..errors import UserError
from ..inference.classifier import Classifier
from ..inference.promises import KEYS, Promises
from ..labels import LabelSpace
from ..run_folder import RunFolder
from .abstention import Outcome, Promise, Sequence, find_cut
from .label_sets import cuts_by_label, marginal_cut
from .report import Report, measure


@dataclass(frozen=True)
class FittedPromises:
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
        said = f"{least} answered rows without an error are the least for {percent(promise.risk)} wrong at "
        said += f"{percent(promise.confidence)} confidence; "
        said += f"{rows:,} rows allow {most} errors if all are answered." if most >= 0 else f"{rows:,} are too few."
        lines.append(f"Abstention: {said}")
    if options.set_coverage is not None:
        least = int(np.ceil(round(1 / (1 - options.set_coverage), 9))) - 1
        known = f"{rows:,} rows give " if rows >= least else f"{rows:,} rows are too few, every label will be in it: "
        width = np.sqrt(options.set_coverage * (1 - options.set_coverage) / max(1, rows))
        lines.append(
            f"Label sets: {known}coverage {percent(options.set_coverage)} on average, give or take "
            f"{percent(2 * width)} from one draw of the rows to another."
        )
    return lines


def fit_promises(options: MeasureArguments, validation: Report, guarantee: Report) -> FittedPromises:
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
    return FittedPromises(config, record, guarantee)


def options_of(stated: Mapping[str, Any]) -> MeasureArguments:
    """Return the options that a checkpoint's promises (the two keys of its `config.json`) were asked for with."""
    abstain, sets = stated.get("abstain"), stated.get("label_sets")
    return MeasureArguments(
        abstain_risk=abstain and abstain["risk"],
        abstain_confidence=abstain["confidence"] if abstain else MeasureArguments().abstain_confidence,
        set_coverage=sets and sets["coverage"],
        set_by_label=sets is not None and "cuts" in sets,
    )


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
) -> FittedPromises | None:
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
        f"about {outcome.rows_needed:,} would be needed at the error rate that validation shows"
        if outcome.rows_needed
        else "no number would do at the error rate that validation shows: the surest answers are wrong too often"
    )
    return (
        f"No guarantee of at most {percent(promise.risk)} wrong at {percent(promise.confidence)} confidence can be "
        f"given with {outcome.n:,} rows ({outcome.wrong} wrong of the {outcome.answered} surest); {enough}."
    )


def percent(part: float) -> str:
    """Return a share as people say it: 5 %."""
    return f"{100 * part:.3g} %"
