"""The same run without clusters, trained beside a run with them: what says whether they helped."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from pathlib import Path

from ..arguments import TeachingOptions
from ..data.loading import LoadedData
from ..evaluation.control import NAME
from ..recipe import Recipe
from .one_run import make_ready, train_ready
from .shared import Silent

CLUSTERS = ("cluster_inject", "cluster_k", "cluster_encoder", "cluster_weight")


def train_control(recipe: Recipe, loaded: LoadedData, run: Path) -> None:
    """Train the control into the run's folder, where clusters and a control are asked for; go on where it stopped."""
    if recipe.fit.cluster_inject == "none" or not recipe.fit.cluster_control:
        return
    folder, usual, fit = run / NAME, TeachingOptions(), copy(recipe.fit)
    for name in CLUSTERS:
        setattr(fit, name, getattr(usual, name))
    fit.output_dir, fit.report_to = str(folder), "none"
    fit.resume_from_checkpoint = str(folder) if folder.exists() else None
    alone = recipe._replace(fit=fit, model=replace(recipe.model), data=replace(recipe.data))
    train_ready(alone, make_ready(alone, loaded, Silent()))
