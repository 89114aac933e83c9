"""The verdict: what a finished run is worth. Decides on validation, then scores the test split, once.

Nothing in `training/` can import this module (tests/test_architecture.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from datasets import Dataset, DatasetDict

from ..arguments import MeasureArguments
from ..data.cleaning import cleaner
from ..data.shaping import GUARANTEE
from ..errors import UserError
from ..inference.classifier import Classifier, texts_of
from ..labels import LabelSpace
from ..recipe import Recipe
from ..run_folder import RunFolder
from .baselines.fitted import FittedBaseline, best_baseline, check_baselines, fit_baselines, metric_of_both
from .baselines.treatment import Treatment
from .comparison import against_best
from .control import beside_control
from .decisions import on_test, settle, validation_learned
from .drift import drift_between_splits
from .fold_scores import FoldScores
from .intervals import check_draws
from .kept_promises import kept_promises
from .known_scores import KnownScores
from .likeness import profile
from .mistakes import findings
from .out_of_fold import suspects_out_of_fold
from .predictions import write_predictions
from .promises import check_promises, promise
from .report import Report, measure, report_on
from .scorings import count_scoring
from .thresholds import parse_aim

CACHE = Path(".cache/baselines")  # of the working folder; keyed by the rows, so it is never stale


class Facts(NamedTuple):
    """What earlier stages know and `evaluation.json` records."""

    data: dict[str, Any]
    training: dict[str, Any]
    selection: dict[str, Any]


class Verdict(NamedTuple):
    """What `evaluation.json` holds, and the reports behind it."""

    evaluation: dict[str, Any]
    validation: Report
    test: Report
    baselines: dict[str, Report]  # on test


def check_options(options: MeasureArguments, labels: LabelSpace) -> None:
    """Refuse, before any training, what would fail or be ignored after it.

    Raises:
        UserError: an unknown baseline or aim, too few draws, or thresholds where each text has one label.
    """
    check_baselines(options.baselines)
    parse_aim(options.threshold_aim)
    check_draws(options.bootstrap_draws)
    check_promises(options)
    changed = options.bake_thresholds or options.threshold_aim != MeasureArguments().threshold_aim
    if changed and not labels.multi_label:
        raise UserError(
            "--threshold_aim and --bake_thresholds are for several labels a text; this data has one label a text, "
            "which is always the one with the highest score. Leave them out."
        )


def conclude(
    run: RunFolder, splits: DatasetDict, facts: Facts, recipe: Recipe, told: FoldScores | None = None
) -> Verdict:
    """Settle on validation, measure the saved folder on test in fp32 beside the baselines, and write it all down.

    `told` are training rows scored out of fold, which help to settle where validation is small.
    Writes `predictions/*.parquet`, `figures/` and `evaluation.json`, and the checkpoint anew with what was settled.
    """
    labels, options = LabelSpace.from_features(splits["train"].features), recipe.measure
    settled = settle(run, splits["validation"], options, told)
    treatment = Treatment(
        metric=facts.selection["metric"],
        calibrate=options.calibrate,
        threshold_aim="f1" if options.threshold_aim == "own" else options.threshold_aim,  # its best, not a handicap
        clean=cleaner(recipe.data.clean),
        seed=recipe.fit.seed,
        model=recipe.model,
        cache=CACHE,
    )
    learned = validation_learned(run) > 0  # then what is said of validation is from before
    baselines = fit_baselines(
        options.baselines, splits["train"], splits["validation"], labels, treatment, told, learn_validation=learned
    )
    classifier = Classifier.load(run.path)
    known = (
        KnownScores(labels, classifier.thresholds, settled.scores)
        if learned
        else KnownScores.of(classifier, splits["validation"], settled.scores)
    )
    validation = measure(known, splits["validation"], draws=options.bootstrap_draws)
    promised = promise(run, classifier, validation, splits.get(GUARANTEE), options)
    beside_own = _out_of_fold(run, splits, recipe)
    scored = count_scoring(run, splits["test"])
    test = measure(classifier, splits["test"], draws=options.bootstrap_draws)
    reports = {"validation": validation, "test": test}
    if promised and promised.guarantee:
        reports[GUARANTEE] = promised.guarantee
    _keep_predictions(run, splits, reports)
    beside = {each.name: measure(each, splits["test"], draws=options.bootstrap_draws) for each in baselines}
    evaluation = {
        "task": labels.problem_type,
        "split": "test",
        "n": test.n,
        "labels": list(labels.names),
        "data": facts.data,
        **test.to_dict(),
        "validation": {"n": validation.n, "metrics": validation.metrics},
        **_beside_baselines(beside, baselines, test, facts.selection["metric"]),
        "clusters": beside_control(run, splits, test, recipe, facts.selection["metric"]),
        "promises": promised and kept_promises(promised, validation, test, beside),
        "split_drift": drift_between_splits(splits, reports),
        "selection": facts.selection,
        **on_test(settled.record, test),
        "long_text": _windows(classifier, splits["test"], options) if recipe.data.long_text == "windows" else None,
        **findings(validation, test, splits, beside_own),
        "test_scored": scored,
        "scored_on": classifier.model.device.type,
        "training": facts.training,
        "training_profile": profile(classifier, splits["train"], validation),
    }
    run.write_json("evaluation.json", evaluation)
    return Verdict(evaluation, validation, test, beside)


def _keep_predictions(run: RunFolder, splits: DatasetDict, reports: dict[str, Report]) -> None:
    """Write what was scored; of the guarantee too: an exported engine with other scores needs cuts of its own."""
    (run.path / "predictions" / f"{GUARANTEE}.parquet").unlink(missing_ok=True)  # of an earlier conclusion
    for name, report in reports.items():
        write_predictions(run, name, splits[name], report)


def _out_of_fold(run: RunFolder, splits: DatasetDict, recipe: Recipe) -> dict[str, Any] | None:
    """Return what a plain model suspects where validation is small, unless training rows are made from each other."""
    data = recipe.data
    if data.augment_crop or data.augment_drop or data.augment_swap:
        return None
    return suspects_out_of_fold(run, splits["train"], splits["validation"], cleaner(data.clean), recipe.fit.seed)


def _beside_baselines(
    reports: dict[str, Report], baselines: list[FittedBaseline], model: Report, metric: str
) -> dict[str, Any]:
    """Return the baselines' figures on the same rows, and the model against the one that was best on validation."""
    found: dict[str, Any] = {
        "baselines": {b.name: {"chosen": b.chosen, "metrics": reports[b.name].metrics} for b in baselines},
        "against_baseline": None,
    }
    if baselines:
        best = best_baseline(baselines, metric).name
        name = metric_of_both(metric, model, reports[best])
        found["against_baseline"] = against_best(model, reports, best, name)
    return found


def _windows(classifier: Classifier, test: Dataset, options: MeasureArguments) -> dict[str, Any]:
    """Return the same texts' figures with overlapping windows instead of truncation."""
    scores = classifier.scores(texts_of(test), windows=True)
    gold = classifier.labels.gold(test)
    report = report_on(scores, gold, classifier.labels, classifier.thresholds, draws=options.bootstrap_draws)
    return {"method": "mean score of half-overlapping windows", "n": report.n, "metrics": report.metrics}
