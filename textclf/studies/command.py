"""Following a study: its runs one after the other, each where it was, then what they come to together."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..errors import UserError
from ..evaluation.names import metric_name
from ..evaluation.table import headline
from ..hub.publish import check_before_training, write_card
from ..recipe import Recipe, read_recipe, recipe_text
from ..run_folder import RunFolder
from .folds import cross_validate
from .learning_curve import learning_curve
from .one_run import ENDED, illustrate, make_ready, measure_run, run_recipe, tell, train_ready
from .plan import Study, begin
from .search import search
from .shared import OnceScreen, SharedData
from .showing import html, notes, tables
from .side_by_side import SideBySide, side_by_side
from .tables import WordTable, markdown_table, show_tables

KINDS: dict[str, Callable[..., None]] = {
    "folds": cross_validate,
    "trials": search,
    "learning_curve": learning_curve,
}


def follow(study: Study) -> None:
    """Run what a study asks for and is not there yet; with all runs there, say what they come to.

    Raises:
        UserError: settings that cannot be, a folder in use, runs that failed (the others are finished).
        KeyboardInterrupt: after Ctrl-C; the same command goes on.
    """
    recipe = read_recipe(study.words)
    if recipe.fit.world_size > 1:
        raise UserError("A study runs in one process; several machines share one by --shard I/N.")
    if recipe.fit.resume_from_checkpoint:
        raise UserError("A study goes on by the command that began it; leave --resume_from_checkpoint out.")
    refuse_twins(study)  # what is wrong with any of them is said before the first begins
    check_before_training(recipe.publish)
    folder = Path(recipe.fit.output_dir or f"runs/{recipe.name}-{study.kind}").expanduser()
    begin(study, folder)
    screen = OnceScreen()
    try:
        KINDS.get(study.kind, run_each)(study, folder, SharedData(screen), screen)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(f"Stopped. Type the same command again: {folder} goes on where it was.") from stop


def refuse_twins(study: Study) -> None:
    """Read the recipe of each run, and refuse two that are one: the second would take as long and tell nothing.

    Raises:
        UserError: settings that cannot be, or two runs of equal settings.
    """
    known: dict[tuple[str, ...], str] = {}
    for name, own in study.runs.items():
        paths = [str(value) for value in own.values() if "/" in str(value)]  # of which a recipe's text has the names
        twin = known.setdefault((recipe_text(read_recipe(study.argv(name))), *paths), name)
        if twin != name:
            raise UserError(f"The runs {twin} and {name} of this study have the same settings. Leave one of them out.")


def run_each(study: Study, folder: Path, shared: SharedData, screen: OnceScreen) -> None:
    """Train and measure each recipe of a grid, or each seed, then compare them."""
    failed: dict[str, str] = {}
    for number, name in enumerate(study.runs):
        if not study.mine(number) or (folder / name / ENDED).exists():
            continue
        screen.show([f"\nRun {number + 1} of {len(study.runs)}: {name}"])
        try:
            whole_run(run_recipe(study.argv(name), folder / name), shared, screen)
        except UserError as error:  # a diverged run, say: the others can be had all the same
            failed[name] = str(error)
            screen.show([f"{name} failed: {error}"])
        _forget()
    if failed:
        raise UserError(
            f"{len(failed)} of {len(study.runs)} runs failed ({', '.join(failed)}); the first: "
            f"{next(iter(failed.values()))} The same command tries them again."
        )
    if study.options.share is None or not missing(study, folder):
        conclude_runs(study, folder, screen)
    else:
        screen.show(["This shard is done. When all are, the same command without --shard compares the runs."])


def missing(study: Study, folder: Path) -> list[str]:
    """Return the names of runs that are not finished."""
    return [name for name in study.runs if not (folder / name / ENDED).exists()]


def whole_run(recipe: Recipe, shared: SharedData, screen: OnceScreen) -> None:
    """Go the whole way with one recipe, as `train.py` does, but for publishing."""
    ready = make_ready(recipe, shared.load(recipe).loaded, screen, shared.look)
    fitted = train_ready(recipe, ready)
    run = RunFolder(fitted.path)
    illustrate(run, measure_run(recipe, ready, fitted), ready.validation)
    write_card(run)


def conclude_runs(study: Study, folder: Path, screen: OnceScreen) -> None:
    """Compare finished runs, say which is chosen and why, write it down, publish the chosen one where asked for."""
    recipe = read_recipe(study.words)
    paths = [folder / name for name in study.runs]
    if len(paths) == 1:
        tell(recipe, RunFolder(paths[0]), screen)
        return
    found = side_by_side(paths, draws=recipe.measure.bootstrap_draws, refuse=False)
    chosen = found.runs[found.reference]
    spread = seed_spread(found) if study.kind == "seeds" else None
    why = f"{chosen.name} is the best of {len(found.runs)} runs on validation; test had no say in it."
    shown = [*([spread] if spread else []), *tables(found)]
    said = [*notes(found), why]
    show_tables(shown, said)
    of_study = RunFolder(folder)
    of_study.write_json("study.json", record(study, found, why))
    text = "\n".join(markdown_table(each) for each in shown) + "\n" + "".join(f"{line}\n\n" for line in said)
    of_study.write_text("study.md", text)
    of_study.write_text("study.html", html(found, extra=[spread] if spread else [], said=[why]))
    run = RunFolder(chosen.path)
    if spread:
        _note_spread(run, spread)
    screen.show([f"The table: {folder / 'study.html'}"])
    tell(recipe, run, screen)


def record(study: Study, found: SideBySide, why: str) -> dict[str, Any]:
    """Return what study.json holds."""
    runs = [
        {
            "name": run.name,
            "settings": study.runs.get(run.name, {}),
            "selection": run.evaluation["selection"],
            "test": {"n": run.test.n, "metrics": run.test.metrics},
            "against_chosen": found.tests.get(run.name),
        }
        for run in found.runs
    ]
    chosen = found.runs[found.reference].name
    return {"kind": study.kind, "metric": found.metric, "chosen": chosen, "why": why, "runs": runs}


def seed_spread(found: SideBySide) -> WordTable:
    """Return mean, standard deviation and range of each figure over seeds, on validation and test."""
    first = found.runs[0]
    metrics = headline({"metrics": first.test.metrics, "confusion_matrix": first.test.confusion})
    rows = []
    for metric in dict.fromkeys([found.metric, *metrics]):
        for split in ("validation", "test"):
            values = [_value(run, split, metric) for run in found.runs]
            known = np.array([value for value in values if value is not None])
            if len(known) > 1:
                figures = [known.mean(), known.std(ddof=1), known.min(), known.max()]
                rows.append([metric_name(metric), split, *(f"{value:.4f}" for value in figures)])
    title = f"{len(found.runs)} seeds: the same recipe, the same rows"
    return WordTable(title, ["metric", "split", "mean", "standard deviation", "least", "most"], rows)


def _value(run: Any, split: str, metric: str) -> float | None:  # Any: a `Run`
    metrics = run.test.metrics if split == "test" else run.evaluation["validation"]["metrics"]
    return float(metrics[metric]["value"]) if metric in metrics else None


def _note_spread(run: RunFolder, spread: WordTable) -> None:
    """Let the published run say how far its figures hang on its seed; its card prints it."""
    metric, _, mean, deviation, least, most = next(row for row in spread.rows if row[1] == "test")
    line = (
        f"{spread.title}: {metric} on test {mean} on average, standard deviation {deviation}, from {least} to {most}; "
        "this run is the seed that was best on validation."
    )
    evaluation = run.read_json("evaluation.json")
    if line not in evaluation["notes"]:
        run.write_json("evaluation.json", evaluation | {"notes": [*evaluation["notes"], line]})


def _forget() -> None:
    """Let go of a run's model before the next is built."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
