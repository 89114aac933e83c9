"""Finished runs beside each other: figures with intervals, who is better than whom, where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from textclf.metrics.text_classification.text_classification import LOWER_IS_BETTER

from ..errors import UserError, did_you_mean
from ..evaluation.baselines.fitted import deciding_metric
from ..evaluation.comparison import compare, outcome
from ..evaluation.names import metric_name
from ..evaluation.predictions import read_predictions
from ..evaluation.slices import holm
from ..inference.answers import Text
from ..labels import LabelSpace
from ..run_folder import RunFolder, refuse_missing_runs
from .aligned_runs import MeasuredRows, OtherRowsError, Run, as_one, in_order, read_runs, short_names
from .plan import PLAN

MOST_TEXTS = 200  # on which runs differ, that a page lists
NAMED = 3


class Difference(NamedTuple):
    """A validation text on which runs decide differently."""

    text: str
    gold: Any  # a label's name, or a list of names
    predicted: list[Any]  # likewise, one a run


@dataclass(frozen=True)
class SideBySide:
    """Runs measured on the same test rows, and what the tests between them and the reference came to."""

    runs: list[Run]
    reference: int  # the run that is best on validation, which the others are compared with
    metric: str
    tests: dict[str, dict[str, Any]]  # run's name -> `compare` of it with the reference, p-values by Holm's method
    differences: list[Difference]
    different: int | None  # validation texts on which runs differ; None: their validation rows are not the same
    notes: list[str]
    same_rows: bool = True  # without them there are figures alone: no tests, nothing label by label

    @property
    def labels(self) -> LabelSpace:
        """Return the label space of all runs."""
        return self.runs[0].test.labels


def runs_of(folder: Path) -> list[Path]:
    """Return the runs that a folder stands for: itself, or those of a study; of folds the run on all rows.

    Raises:
        UserError: it does not exist, or holds no finished run.
    """
    refuse_missing_runs([folder])
    if not (folder / PLAN).exists():
        return [folder]
    plan = yaml.safe_load((folder / PLAN).read_text(encoding="utf-8"))
    order = [*plan["runs"], "refit"]
    found = [each.parent for each in folder.glob("*/evaluation.json") if not each.parent.name.startswith("fold-")]
    if not found:
        raise UserError(f"The study {folder} has no finished run yet. Type the command that began it to go on.")
    return sorted(found, key=lambda path: (order.index(path.name) if path.name in order else len(order), path.name))


def side_by_side(
    folders: Sequence[Path], metric: str | None = None, draws: int = 1000, *, refuse: bool = True
) -> SideBySide:
    """Read finished runs and compare each with the one that is best on validation.

    Without `refuse`, runs on other labels or other test rows come back with their figures alone: the table of a study
    whose runs read other columns, say.

    Raises:
        UserError: fewer than two runs, a run that is not finished, other labels or other test rows, unknown metric.
    """
    paths = list(dict.fromkeys(path for folder in folders for path in runs_of(folder)))
    if len(paths) < 2:
        raise UserError(f"A comparison takes two runs or more; found {', '.join(map(str, paths))} alone.")
    try:
        runs, same_rows = read_runs(paths, draws), True
    except OtherRowsError as error:
        if refuse:
            raise
        runs, same_rows = [run for path in paths for run in read_runs([path], draws)], False
        runs = [run._replace(name=name) for run, name in zip(runs, short_names(paths), strict=True)]
        why = f"Nothing compares these runs text by text. {error}"
    chosen = _metric(metric, runs)
    reference, note = _reference(runs)
    if not same_rows:
        return SideBySide(runs, reference, chosen, {}, [], None, [*note, why], same_rows)
    if any(run.by_place for run in runs):
        note = [*note, "The runs read other columns of the same files, split alike: rows are matched by their place."]
    differences, different = _differences(runs)
    return SideBySide(runs, reference, chosen, _tests(runs, reference, chosen), differences, different, [*note])


def verdict_on(found: SideBySide, name: str) -> str:
    """Say what the comparison of a run with the reference came to, without dressing it up."""
    test, best = found.tests[name], found.runs[found.reference].name
    came_to = outcome(test)
    if came_to == "unclear":
        return "no difference shown"
    return f"better than {best}" if came_to == "wins" else f"worse than {best}"


def size_of(run: Run) -> int:
    """Return the bytes of a run's weights; 0 where they are not kept."""
    return sum(path.stat().st_size for path in run.path.glob("*.safetensors"))


def validation_value(run: Run) -> float | None:
    """Return a run's validation figure by which its checkpoint was chosen; None where it is no number."""
    value = run.evaluation["selection"]["value"]
    return float(value) if isinstance(value, int | float) else None


def _metric(wanted: str | None, runs: Sequence[Run]) -> str:
    """Return the figure that is tested: the one asked for, or the one by which the first run chose its checkpoint."""
    known = set.intersection(*({*run.test.metrics} for run in runs)) - {"ece"}
    name = wanted or deciding_metric(runs[0].evaluation["selection"]["metric"], runs[0].test.labels)
    if wanted is None and name not in known:
        name = "f1_macro"
    if name not in known:
        raise UserError(
            f"--metric {name} cannot be tested.{did_you_mean(name, known)} Known: {', '.join(sorted(known))}."
        )
    return name


def _reference(runs: Sequence[Run]) -> tuple[int, list[str]]:
    """Return the run that is best on validation; the first, where the runs were not chosen by one metric."""
    metrics = {run.evaluation["selection"]["metric"] for run in runs}
    values = [validation_value(run) for run in runs]
    if len(metrics) > 1 or None in values:
        named = ", ".join(sorted(metrics))
        return 0, [
            f"The runs were chosen by other metrics ({named}); the first one, {runs[0].name}, is compared with."
        ]
    sign = -1.0 if metrics & {*LOWER_IS_BETTER, "loss"} else 1.0
    best = int(np.argmax([sign * (value or 0.0) for value in values]))
    name = metric_name(next(iter(metrics)))
    return best, [f"{runs[best].name} is the best on validation ({name}); on test the others are compared with it."]


def _tests(runs: Sequence[Run], reference: int, metric: str) -> dict[str, dict[str, Any]]:
    """Compare every run with the reference; p-values hold for all of them together."""
    best = runs[reference].test
    tests = {
        run.name: compare(run.test, best, runs[reference].name, metric)
        for place, run in enumerate(runs)
        if place != reference
    }
    for key in ("p_value", "mcnemar_p_value"):
        for test, adjusted in zip(tests.values(), holm([test[key] for test in tests.values()]), strict=True):
            test[f"{key}_alone"], test[key] = test[key], adjusted
    for test in tests.values():
        del test["verdict"]  # of the p-value alone
    return tests


def _differences(runs: Sequence[Run]) -> tuple[list[Difference], int | None]:
    """Return validation texts on which runs differ, first those that most get wrong; texts of test stay unseen."""
    first: MeasuredRows | None = None
    texts: list[Text] = []
    decided: list[list[Any]] = []
    for run in runs:
        labels = LabelSpace(tuple(run.evaluation["labels"]), runs[0].test.labels.multi_label)
        if not (run.path / "predictions" / "validation.parquet").exists():
            return [], None
        kept = read_predictions(RunFolder(run.path), "validation", labels)
        named = labels.named(kept.gold)
        rows = MeasuredRows.of(kept.texts, named, run.evaluation)
        if first is None:
            first, texts = rows, kept.texts
        order = rows.order(first)
        if order is None:
            return [], None
        found = labels.named(labels.decide(kept.scores, kept.thresholds)[order])
        decided.append([in_order(each) for each in found])
    gold = first.gold if first else []
    places = [row for row in range(len(texts)) if any(each[row] != decided[0][row] for each in decided)]
    places.sort(key=lambda row: -sum(each[row] != gold[row] for each in decided))
    shown = [Difference(as_one(texts[row]), gold[row], [each[row] for each in decided]) for row in places[:MOST_TEXTS]]
    return shown, len(places)
