"""Searching for the best settings: Optuna proposes, validation chooses, test is scored for the winner alone.

Trials are kept in a journal in the study's folder, so that a killed search goes on and machines can share one.
"""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState

from textclf.metrics.text_classification.text_classification import LOWER_IS_BETTER

from ..errors import UserError
from ..evaluation.baselines.fitted import deciding_metric
from ..evaluation.names import metric_name
from ..evaluation.report import quick_metrics
from ..hub.publish import write_card
from ..labels import LabelSpace
from ..recipe import Recipe, read_recipe
from ..run_folder import RunFolder
from ..training.fit import Fitted
from ..training.selection import Metrics
from .one_run import ENDED, Ready, illustrate, make_ready, measure_run, run_recipe, tell, train_ready
from .plan import Study, as_flags
from .shared import OnceScreen, SharedData
from .space import Space
from .tables import WordTable, markdown_table, page, show_tables

JOURNAL = "trials.log"
# All settings are named: Optuna's defaults differ from version to version (5 made TPE multivariate).
SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "tpe": lambda seed: TPESampler(
        seed=seed, multivariate=True, group=False, constant_liar=True, n_startup_trials=10, n_ei_candidates=24
    ),
    "random": lambda seed: RandomSampler(seed=seed),
}
PRUNERS: dict[str, Callable[[], BasePruner]] = {
    "median": lambda: MedianPruner(n_startup_trials=5, n_warmup_steps=0, interval_steps=1, n_min_trials=1),
    "hyperband": lambda: HyperbandPruner(min_resource=1, max_resource="auto", reduction_factor=3),
    "none": NopPruner,
}


def search(study: Study, folder: Path, shared: SharedData, screen: OnceScreen) -> None:
    """Do the trials that are not there yet, then measure the winner on test.

    Raises:
        UserError: settings that no training takes, or no trial came to an end.
    """
    recipe, space = read_recipe(study.words), Space.of(study.settings)
    space.check(lambda words: read_recipe([*study.words, *as_flags(words)]))
    labels = LabelSpace.from_features(shared.load(recipe).loaded.splits["train"].features)
    metric = deciding_metric(recipe.fit.metric_for_best_model, labels)
    found = _optuna_study(folder, study, metric, recipe.fit.seed)
    this = _Search(study, folder, shared, screen, found, metric)
    this.take_up()
    while this.ended() < this.wanted:
        this.try_next()
        gc.collect()
    if study.options.share is not None:
        screen.show(["This shard is done. When all are, the same command without --shard measures the winner."])
    else:
        this.conclude()


def _optuna_study(folder: Path, study: Study, metric: str, seed: int) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = JournalStorage(JournalFileBackend(str(folder / JOURNAL)))
    direction = StudyDirection.MINIMIZE if metric in LOWER_IS_BETTER else StudyDirection.MAXIMIZE
    found = optuna.create_study(study_name="search", storage=storage, direction=direction, load_if_exists=True)
    # A sampler that begins anew with the same seed would propose the same trials again.
    begun = 1000 * (study.options.share or (0, 1))[0] + len(found.get_trials(deepcopy=False))
    found.sampler = SAMPLERS[study.settings["sampler"]](seed + begun)
    found.pruner = PRUNERS[study.settings["pruner"]]()
    return found


@dataclass
class _Search:
    """A search as far as it is."""

    study: Study
    folder: Path
    shared: SharedData
    screen: OnceScreen
    found: optuna.Study
    metric: str

    @property
    def share(self) -> list[int]:
        """Return which of how many parts this call does."""
        return list(self.study.options.share or (0, 1))

    @property
    def wanted(self) -> int:
        """Return how many trials this call is to see done."""
        total = self.study.options.trials or 0
        return len(range(self.share[0], total, self.share[1]))

    def ended(self) -> int:
        """Return how many trials are done: of this shard, or, without one, of all."""
        whole = self.study.options.share is None
        trials = [t for t in self.found.get_trials(deepcopy=False) if whole or t.user_attrs.get("shard") == self.share]
        return sum(map(_told, trials))

    def take_up(self) -> None:
        """Let trials that a kill has left running be tried again, in their folders."""
        for trial in self.found.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if trial.user_attrs.get("shard") == self.share or self.study.options.share is None:
                self.found.tell(trial.number, state=TrialState.FAIL)
                if trial.params:
                    place = trial.user_attrs.get("folder", f"trial-{trial.number}")
                    self.found.enqueue_trial(trial.params, user_attrs={"folder": place})

    def try_next(self) -> None:
        """Train one trial and tell what came of it."""
        trial = self.found.ask()
        trial.set_user_attr("shard", self.share)
        words = Space.of(self.study.settings).suggest(trial)
        place = self.folder / trial.user_attrs.get("folder", f"trial-{trial.number}")
        trial.set_user_attr("folder", place.name)
        self.screen.show([f"\nTrial {trial.number}: {', '.join(f'{key} {value}' for key, value in words.items())}"])
        try:
            fitted = self.fit(words, place, _Reporting(trial, self.metric))
        except optuna.TrialPruned:
            shutil.rmtree(place)
            self.found.tell(trial, state=TrialState.PRUNED)
            self.screen.show([f"Trial {trial.number} is stopped early: others were better by then."])
            return
        except UserError as error:  # it diverged, say: one more thing to know about these settings
            trial.set_user_attr("failed", str(error))
            self.found.tell(trial, state=TrialState.FAIL)
            self.screen.show([f"Trial {trial.number} failed: {error}"])
            return
        trial.set_user_attr("selection", fitted.selection)
        trial.set_user_attr("seconds", fitted.training["seconds"])
        self.found.tell(trial, float(fitted.selection["value"]))
        self.drop_weights()

    def fit(self, words: dict[str, str], place: Path, metrics: Metrics = quick_metrics) -> Fitted:
        """Train one trial, or read what its finished training left."""
        recipe = run_recipe([*self.study.words, *as_flags(words)], place)
        return train_ready(recipe, self.ready(recipe), metrics)

    def ready(self, recipe: Recipe) -> Ready:
        """Return the recipe's model and rows."""
        return make_ready(recipe, self.shared.load(recipe).loaded, self.screen, self.shared.look)

    def drop_weights(self) -> None:
        """Keep the weights of the best finished trial alone."""
        best = self.found.best_trial.number
        for trial in self.found.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
            if trial.number != best:
                for weights in (self.folder / trial.user_attrs["folder"]).rglob("*.safetensors"):
                    weights.unlink()

    def conclude(self) -> None:
        """Measure the winner on test, show all trials, publish where asked for.

        Raises:
            UserError: no trial came to an end.
        """
        trials = self.found.get_trials(deepcopy=False)
        if not any(trial.state == TrialState.COMPLETE for trial in trials):
            failed = next((t.user_attrs["failed"] for t in trials if "failed" in t.user_attrs), "")
            raise UserError(f"No trial came to an end. {failed}".strip())
        best = self.found.best_trial
        run = RunFolder(self.folder / best.user_attrs["folder"])
        words = Space.of(self.study.settings).words(best.params)
        if not (run.path / ENDED).exists():
            recipe = run_recipe([*self.study.words, *as_flags(words)], run.path)
            ready = self.ready(recipe)
            verdict = measure_run(recipe, ready, train_ready(recipe, ready))
            evaluation = verdict.evaluation
            evaluation |= {"notes": [*evaluation["notes"], self.why()]}
            run.write_json("evaluation.json", evaluation)
            illustrate(run, verdict, ready.validation)
            write_card(run)
        _tell(self.found, self.folder, run, self.metric)
        tell(read_recipe(self.study.words), run, self.screen)

    def why(self) -> str:
        """Say how the winner was chosen, for its card."""
        settings = self.study.settings
        return (
            f"Chosen among {self.ended()} trials by {metric_name(self.metric)} on validation, which is therefore "
            f"higher there than on other texts; test was scored for this one alone. Sampler {settings['sampler']}, "
            f"pruner {settings['pruner']} (Optuna {optuna.__version__})."
        )


class _Reporting:
    """Validation metrics that Optuna hears of, and that end a training which it gives up."""

    def __init__(self, trial: Trial, metric: str) -> None:
        """Take the trial to report to, and the figure."""
        self._trial, self._metric, self._calls = trial, metric, 0

    def __call__(self, gold: NDArray[Any], scores: NDArray[Any]) -> dict[str, float]:
        """Return all figures of gold and scores; the first call is on made-up scores, to know the metrics' names."""
        found = quick_metrics(gold, scores)
        if self._calls:
            self._trial.report(found[self._metric], self._calls)
            if self._trial.should_prune():
                raise optuna.TrialPruned
        self._calls += 1
        return found


def _tell(found: optuna.Study, folder: Path, run: RunFolder, metric: str) -> None:
    """Show the trials, the best first, and write study.json, study.md and study.html."""
    sign = 1 if metric in LOWER_IS_BETTER else -1
    trials = [trial for trial in found.trials if _told(trial)]
    trials.sort(key=lambda trial: np.inf if trial.value is None else sign * trial.value)
    keys = list(found.best_trial.params)
    rows = [
        [
            f"trial-{trial.number}" + (" (chosen)" if trial.number == found.best_trial.number else ""),
            "–" if trial.value is None else f"{trial.value:.4f}",
            _state(trial),
            *(_short(trial.params.get(key)) for key in keys),
        ]
        for trial in trials
    ]
    title = f"{len(trials)} trials, {metric_name(metric)} on validation"
    table = WordTable(title, ["trial", "validation", "how it ended", *keys], rows)
    study = RunFolder(folder)
    records = [
        {"name": f"trial-{t.number}", "value": t.value, "state": _state(t), "settings": t.params, **t.user_attrs}
        for t in trials
    ]
    chosen = {"chosen": run.path.name, "why": "best on validation; test was scored for it alone"}
    study.write_json("study.json", {"kind": "trials", "metric": metric, **chosen, "runs": records})
    notes = run.read_json("evaluation.json")["notes"]
    study.write_text("study.md", markdown_table(table) + "\n" + "".join(f"{note}\n\n" for note in notes))
    study.write_text("study.html", page("study.html.j2", title=title, tables=[table], notes=notes, images=[]))
    show_tables([table], notes)


def _told(trial: FrozenTrial) -> bool:
    return trial.state in (TrialState.COMPLETE, TrialState.PRUNED) or "failed" in trial.user_attrs


def _state(trial: FrozenTrial) -> str:
    if "failed" in trial.user_attrs:
        return "failed"
    return "stopped early" if trial.state == TrialState.PRUNED else "finished"


def _short(value: Any) -> str:  # Any: a number or a word
    return f"{value:.3g}" if isinstance(value, float) else "–" if value is None else str(value)
