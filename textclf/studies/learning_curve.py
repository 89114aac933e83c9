"""What more labels would give: the recipe on nested parts of the training rows, and how the curve goes on."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from datasets import Dataset, DatasetDict

from ..data.loading import LoadedData
from ..evaluation.baselines.fitted import deciding_metric
from ..evaluation.intervals import FEWEST_DRAWS
from ..evaluation.verdict import Facts, conclude
from ..hub.publish import write_card
from ..labels import LabelSpace
from ..recipe import read_recipe
from ..run_folder import RunFolder
from .curve_pages import FEWEST_ROWS, WHOLE, Curve, in_words, record, tell_curve
from .one_run import ENDED, illustrate, make_ready, measure_run, run_recipe, tell, train_ready, without_promises
from .plan import Study
from .power_law import FARTHEST, Forecast, forecast
from .shared import OnceScreen, SharedData, Silent, nothing_found
from .subsets import DRAWS, SHARES, nested_order

FEWEST_SIZES = 4  # that a forecast takes
TIMES = (2.0, FARTHEST)


class Part(NamedTuple):
    """A part of the training rows that a run of its own is trained on."""

    name: str
    draw: int  # from 0; it also goes onto the seed
    share: float


def parts(n: int) -> list[Part]:
    """Return the parts of n training rows, the smallest first; the last draw of all rows differs by its seed alone."""
    shares = [share for share in SHARES if share == 1 or share * n >= FEWEST_ROWS]
    return [
        Part(WHOLE if share == 1 and not draw else f"draw-{draw + 1}-{round(100 * share):03d}", draw, share)
        for share in shares
        for draw in range(DRAWS)
    ]


def learning_curve(study: Study, folder: Path, shared: SharedData, screen: OnceScreen) -> None:
    """Train and measure the parts that are not there yet, then say what twice and four times the rows should give."""
    recipe = read_recipe(study.words)
    if not (folder / WHOLE / ENDED).exists():  # what is wrong with model or rows is said before the first part
        make_ready(run_recipe(study.words, folder / WHOLE), shared.load(recipe).loaded, screen, shared.look)
    rows, _ = shared.training_rows(recipe)
    planned = parts(len(rows))
    for number, part in enumerate(planned):
        if study.mine(number) and not _done(folder, part):
            screen.show([f"\nRun {number + 1} of {len(planned)}: {part.share:.0%} of {len(rows):,} training rows"])
            _run_part(study, folder / part.name, part, rows, shared, screen)
            gc.collect()
    undone = [part.name for part in planned if not _done(folder, part)]
    if undone or study.options.share is not None:
        left = f"; still to come: {', '.join(undone)}" if undone else ""
        screen.show([f"This shard is done{left}. When all are, the same command without --shard follows the curve."])
        return
    found = read_curve(folder, planned, rows)
    run = RunFolder(folder / WHOLE)
    evaluation = run.read_json("evaluation.json")
    for line in in_words(found):
        if line not in evaluation["notes"]:
            evaluation["notes"].append(line)
    run.write_json("evaluation.json", evaluation | {"learning_curve": record(found)})
    tell_curve(folder, found)
    tell(recipe, run, screen)


def _done(folder: Path, part: Part) -> bool:
    return (folder / part.name / (ENDED if part.name == WHOLE else "evaluation.json")).exists()


def _run_part(study: Study, folder: Path, part: Part, rows: Dataset, shared: SharedData, screen: OnceScreen) -> None:
    """Train on a part of the rows and measure on test; the run on all rows goes the whole way."""
    recipe = run_recipe(study.words, folder)
    recipe.fit.seed += part.draw
    recipe.fit.learn_validation = False  # each point stands for its training rows alone
    whole = shared.load(recipe).loaded
    if part.name == WHOLE:
        ready = make_ready(recipe, whole, screen, shared.look)
        fitted = train_ready(recipe, ready)
        run = RunFolder(fitted.path)
        illustrate(run, measure_run(recipe, ready, fitted), ready.validation)
        write_card(run)
        return
    order = nested_order(LabelSpace.from_features(rows.features).gold(rows), recipe.data.split_seed + part.draw)
    chosen = np.sort(order[: max(1, round(part.share * len(rows)))])
    splits = DatasetDict({**whole.splits, "train": rows.select(chosen)})
    recipe = without_promises(
        recipe._replace(measure=replace(recipe.measure, baselines=[], bootstrap_draws=FEWEST_DRAWS))
    )
    ready = make_ready(recipe, LoadedData(splits, whole.provenance), Silent(), nothing_found)
    fitted = train_ready(recipe, ready)
    run = RunFolder(fitted.path)
    conclude(run, ready.prepared.splits, Facts(whole.provenance.to_dict(), fitted.training, fitted.selection), recipe)
    for weights in run.path.rglob("*.safetensors"):
        weights.unlink()


def read_curve(folder: Path, planned: Sequence[Part], rows: Dataset) -> Curve:
    """Read what the runs have found, and follow the curve: overall, and for each label."""
    found = [RunFolder(folder / part.name).read_json("evaluation.json") for part in planned]
    sizes = [max(1, round(part.share * len(rows))) for part in planned]
    space = LabelSpace.from_features(rows.features)
    metric = deciding_metric(found[0]["selection"]["metric"], space)
    if not all(metric in each["metrics"] for each in found) or metric in {"log_loss", "brier", "ece", "hamming_loss"}:
        metric = "f1_macro"
    scores = [float(each["metrics"][metric]["value"]) for each in found]
    gold = space.gold(rows)
    counts = gold.sum(axis=0) if space.multi_label else np.bincount(gold, minlength=len(space))
    labels = {}
    for name, count in zip(space.names, counts, strict=True):
        f1 = [
            None if each["per_label"][name]["f1"] is None else each["per_label"][name]["f1"]["value"] for each in found
        ]
        if None not in f1:
            values = [float(value or 0.0) for value in f1]
            now = float(np.mean([value for value, part in zip(values, planned, strict=True) if part.share == 1]))
            labels[name] = (int(count), now, _follow(sizes, values))
    return Curve(metric, sizes, scores, _follow(sizes, scores), labels)


def _follow(sizes: Sequence[int], scores: Sequence[float]) -> list[Forecast]:
    if len(set(sizes)) < FEWEST_SIZES:
        return []
    return [forecast(np.array(sizes), np.array(scores), times) for times in TIMES]
