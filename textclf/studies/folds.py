"""Cross-validation: every training row scored by a model that has not seen it, then the recipe on all of them.

Validation and test stay what they are in a single run: validation chooses each fold's checkpoint, and test is scored
once, by the run on all training rows.
"""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from datasets import Dataset, DatasetDict
from numpy.typing import NDArray
from scipy.special import logit

from ..data.auditing.audit import audit
from ..data.folds import assign_folds
from ..data.loading import LoadedData
from ..evaluation.curves import SMALLEST, scores_before_calibration
from ..evaluation.predictions import write_predictions
from ..evaluation.report import Report
from ..evaluation.verdict import Facts, conclude
from ..hub.publish import write_card
from ..recipe import Recipe, read_recipe
from ..run_folder import RunFolder
from .fold_pages import tell_folds
from .fold_report import Fold, FoldReport, fold_report, record
from .one_run import ENDED, illustrate, make_ready, measure_run, run_recipe, tell, train_ready, without_promises
from .plan import Study
from .shared import OnceScreen, SharedData, Silent, nothing_found

SCORED = "out_of_fold.npz"  # of a fold's folder: written last, with it a fold counts as finished
BASELINE = "logits of "  # and the name: a baseline's array in that file
REFIT = "refit"


class Partition(NamedTuple):
    """The training rows and the fold of each."""

    rows: Dataset  # N, without leaks
    numbers: NDArray[np.int64]  # [N], their places in the train split as loaded
    fold: NDArray[np.int64]  # [N], from 0


def cross_validate(study: Study, folder: Path, shared: SharedData, screen: OnceScreen) -> None:
    """Train and score fold after fold, then train on all rows, with what the folds have told, and measure on test."""
    recipe, folds = read_recipe(study.words), study.options.folds or 0
    if not (folder / REFIT / ENDED).exists():  # what is wrong with model or rows is said before the first fold
        make_ready(run_recipe(study.words, folder / REFIT), shared.load(recipe).loaded, screen, shared.look)
    part = partition(recipe, shared, folds)
    for fold in range(folds):
        if study.mine(fold) and not (fold_folder(folder, fold) / SCORED).exists():
            held = int((part.fold == fold).sum())
            screen.show([f"\nFold {fold + 1} of {folds}: {held:,} of {len(part.rows):,} training rows held out"])
            run_fold(study, fold_folder(folder, fold), fold, part, shared)
            gc.collect()
    undone = [fold + 1 for fold in range(folds) if not (fold_folder(folder, fold) / SCORED).exists()]
    if undone or study.options.share is not None:
        left = f"; still to come: {', '.join(map(str, undone))}" if undone else ""
        screen.show([f"This shard is done{left}. When all are, the same command without --shard trains on all rows."])
        return
    found = fold_report([read_fold(fold_folder(folder, fold)) for fold in range(folds)], part.rows)
    refit(study, folder, found, shared, screen)
    tell_folds(folder, found, part.numbers)
    tell(recipe, RunFolder(folder / REFIT), screen)


def partition(recipe: Recipe, shared: SharedData, folds: int) -> Partition:
    """Return the training rows that leak from no split, in folds that follow from the split seed."""
    rows, numbers = shared.training_rows(recipe)
    groups = shared.load(recipe).groups["train"]
    groups = None if groups is None else groups[numbers]
    return Partition(rows, numbers, assign_folds(rows, folds, recipe.data.split_seed, groups, recipe.data.clean))


def fold_folder(folder: Path, fold: int) -> Path:
    """Return where a fold is written."""
    return folder / f"fold-{fold + 1}"


def run_fold(study: Study, folder: Path, fold: int, part: Partition, shared: SharedData) -> None:
    """Train a fresh model on the other folds, with augmentation of their own, and score the rows of this one.

    What the model is needed for is done then: its figures and scores stay, its weights go.
    """
    whole = shared.load(read_recipe(study.words)).loaded
    recipe = without_promises(run_recipe(study.words, folder))
    splits = {
        "train": part.rows.select(np.flatnonzero(part.fold != fold)),
        "validation": whole.splits["validation"],
        "test": part.rows.select(np.flatnonzero(part.fold == fold)),
    }
    look = audit if recipe.data.drop_near_duplicates else nothing_found
    ready = make_ready(recipe, LoadedData(DatasetDict(splits), whole.provenance), Silent(), look)
    fitted = train_ready(recipe, ready)
    facts = Facts(whole.provenance.to_dict(), fitted.training, fitted.selection)
    run = RunFolder(fitted.path)
    verdict = conclude(run, ready.prepared.splits, facts, recipe)
    run.write_json("evaluation.json", verdict.evaluation | {"split": f"fold {fold + 1}"})
    scored: dict[str, NDArray[Any]] = {
        "rows": np.flatnonzero(part.fold == fold),
        "scores": verdict.test.scores,
        "predicted": verdict.test.predicted,
        "logits": uncalibrated_logits(verdict.test, verdict.evaluation),
    }
    for name, report in verdict.baselines.items():
        scored[BASELINE + name] = uncalibrated_logits(report, verdict.evaluation["baselines"][name]["chosen"])
    run.write(SCORED, lambda path: _save(path, scored))
    for weights in [*run.path.glob("*.safetensors"), *run.path.glob("checkpoints/*.safetensors")]:
        weights.unlink()


def uncalibrated_logits(report: Report, evaluation: dict[str, Any]) -> NDArray[np.float32]:
    """Return logits [N, L] of a report's scores as they were before calibration, up to a constant a row."""
    before = scores_before_calibration(report, evaluation)
    scores = report.scores.astype(np.float64) if before is None else before
    if report.labels.multi_label:
        return logit(np.clip(scores, SMALLEST, 1 - SMALLEST)).astype(np.float32)
    return np.log(np.maximum(scores, SMALLEST)).astype(np.float32)


def read_fold(folder: Path) -> Fold:
    """Read what a finished fold has left."""
    with np.load(folder / SCORED, allow_pickle=False) as kept:
        arrays = {name: kept[name] for name in kept.files}
    baselines = {name.removeprefix(BASELINE): arrays.pop(name) for name in kept.files if name.startswith(BASELINE)}
    return Fold(folder, RunFolder(folder).read_json("evaluation.json"), **arrays, baselines=baselines)


def refit(study: Study, folder: Path, found: FoldReport, shared: SharedData, screen: OnceScreen) -> None:
    """Train on all training rows, settle with what the folds have told, measure on test."""
    if (folder / REFIT / ENDED).exists():
        return
    recipe = run_recipe(study.words, folder / REFIT)
    screen.show([f"\nAll {found.pooled.n:,} training rows"])
    ready = make_ready(recipe, shared.load(recipe).loaded, screen, shared.look)
    fitted = train_ready(recipe, ready)
    run = RunFolder(fitted.path)
    verdict = measure_run(recipe, ready, fitted, found.told)
    evaluation = verdict.evaluation
    evaluation |= {"out_of_fold": record(found), "notes": [*evaluation["notes"], found.in_words()]}
    run.write_json("evaluation.json", evaluation)
    write_predictions(run, "out_of_fold", found.rows, found.pooled)
    illustrate(run, verdict, ready.validation)
    write_card(run)


def _save(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    with path.open("wb") as file:  # by its name alone, numpy would add an ending
        np.savez(file, allow_pickle=False, **arrays)
