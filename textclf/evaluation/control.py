"""Whether clusters helped: a run beside the same run without them, on the same test texts, and epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasets import DatasetDict

from textclf.metrics.text_classification.text_classification import LOWER_IS_BETTER

from ..arguments import MeasureArguments
from ..inference.classifier import Classifier
from ..recipe import Recipe, without_folders
from ..run_folder import RunFolder
from .baselines.fitted import metric_of_both
from .comparison import compare, outcome
from .curves import read_training
from .decisions import settle
from .names import Words, metric_name
from .report import Report, measure

NAME = "without_clusters"  # the control's folder in the run's, and its name in evaluation.json
LOG = "training_log.jsonl"


def beside_control(
    run: RunFolder, splits: DatasetDict, test: Report, recipe: Recipe, metric: str
) -> dict[str, Any] | None:
    """Settle the control on validation as the run was, measure it on the same test texts and compare both.

    `metric` chose the checkpoints. None where the run has no clusters, or no control.
    """
    folder, fit, options = run.path / NAME, recipe.fit, recipe.measure
    if fit.cluster_inject == "none":
        return None
    found: dict[str, Any] = {
        "inject": fit.cluster_inject,
        "k": fit.cluster_k,
        "encoder": without_folders(fit.cluster_encoder),
    }
    if not folder.is_dir():
        return found
    control = _measured(RunFolder(folder), splits, options)
    name = metric_of_both(metric, test, control)
    compared = compare(test, control, NAME, name)
    value = control.metrics[name]
    return found | {"control": value, "compared": compared, "epochs": epochs(run.path / LOG, folder / LOG, metric)}


def _measured(control: RunFolder, splits: DatasetDict, options: MeasureArguments) -> Report:
    settle(control, splits["validation"], options)
    return measure(Classifier.load(control.path), splits["test"], draws=options.bootstrap_draws)


def epochs(log: Path, control_log: Path, metric: str) -> dict[str, Any] | None:
    """Return the control's best validation score by `metric`, the epoch of it, and when the run first reached it.

    `reached` is None where it never did; None altogether where a log says nothing of the metric.
    """
    curves = [read_training(path) for path in (log, control_log)]
    points = [curve.validation.get(metric) if curve else None for curve in curves]
    own, control = points
    if not own or not control:
        return None
    sign = -1 if metric in {"loss", *LOWER_IS_BETTER} else 1
    best = max(sign * value for value in control[1])
    first = next(at for at, value in zip(*control, strict=True) if sign * value >= best)
    reached = next((at for at, value in zip(*own, strict=True) if sign * value >= best), None)
    return {"metric": metric, "value": sign * best, "control": first, "reached": reached}


def clusters_said(evaluation: Mapping[str, Any], say: Words) -> list[str]:
    """Return in sentences whether clusters helped; none for a run without them."""
    found = evaluation.get("clusters")
    if not found:
        return []
    kind = {"inject": found["inject"], "k": found["k"]}
    compared = found.get("compared")
    if compared is None:
        return [say["clusters_alone"].format(**kind)]
    by = f"{compared['difference']:+.4f}"
    if compared["low"] is not None:
        by += f" [{compared['low']:+.4f}, {compared['high']:+.4f}]"
    words = kind | {"by": by, "metric": metric_name(compared["metric"], say), "p": f"{compared['p_value']:.4f}"}
    said = [say[f"clusters_{outcome(compared)}"].format(**words)]
    if at := found["epochs"]:
        named = {"metric": metric_name(at["metric"], say), "value": f"{at['value']:.4f}"}
        when = "never" if at["reached"] is None else "epochs"
        numbers = {key: f"{at[key] or 0:g}" for key in ("control", "reached")}
        said.append(say[f"clusters_{when}"].format(**named, **numbers))
    return [*said, say["clusters_seed"]]
