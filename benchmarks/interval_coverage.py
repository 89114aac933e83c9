"""How often the 95 % intervals of a report hold the truth, and how often equal scorers are told apart.

python -m benchmarks.interval_coverage [--sets 1000] [--drawn_sets 1000] [--pairs 1000] [--output FILE.md]

Texts are drawn from a large population that a made scorer has decided on: one label a text, four labels of 40, 30, 20
and 10 %, neighbouring labels more alike; or five labels of 40 to 5 %, of which a text may have several and which
belong together, with texts that are harder than others in all of their labels. The scorer's distance between right and
wrong is set so that accuracy (several labels: micro F1) is .76 or .96 of the population. The truth is the figure of
the whole population; of averages over labels, over the labels that the drawn texts carry.
"""

from __future__ import annotations

import argparse
import platform
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax
from scipy.stats import norm

from textclf.evaluation.comparison import compare, outcome
from textclf.evaluation.intervals import all_bounds, resampled
from textclf.evaluation.report import report_on
from textclf.evaluation.score_intervals import share_interval
from textclf.labels import LabelSpace
from textclf.metrics.text_classification.text_classification import Rows

SIZES, AIMS = (20, 50, 200, 1000), (0.76, 0.96)
POPULATION = 100_000
SHARES = np.array([0.4, 0.3, 0.2, 0.1])
CARRIED = np.array([0.4, 0.3, 0.2, 0.1, 0.05])
OF_A_LABEL = {"F1 of a label": "f1", "precision of a label": "precision", "recall of a label": "recall"}
SHOWN = {
    False: ("accuracy", "f1_macro", "precision_macro", "balanced_accuracy", "f1_weighted"),
    True: (
        "f1_micro", "precision_micro", "recall_micro", "f1_macro", "precision_macro", "recall_macro", "f1_weighted",
        "subset_accuracy", "f1_samples",
    ),
}  # fmt: skip
DRAWN = {
    False: ("roc_auc", "average_precision", "mcc", "log_loss", "brier"),
    True: ("roc_auc_macro", "average_precision_macro", "average_precision_micro", "log_loss", "brier"),
}
TESTED = {False: ("accuracy", "f1_macro", "log_loss"), True: ("f1_micro", "f1_macro", "log_loss")}
AVERAGED = {"f1_macro": "f1", "precision_macro": "precision", "balanced_accuracy": "recall", "recall_macro": "recall"}
AREAS = {"roc_auc": 0, "average_precision": 1, "roc_auc_macro": 0, "average_precision_macro": 1}
DRAWS = 200


class Population(NamedTuple):
    """Many texts: gold and decided labels, scores."""

    gold: NDArray[np.int64]
    predicted: NDArray[np.int64]
    scores: NDArray[np.float64]


def one_label(distance: float, seed: int = 0) -> Population:
    """Return texts of one label each, with calibrated scores of a scorer that is `distance` away from guessing."""
    rng = np.random.default_rng(seed)
    gold = rng.choice(len(SHARES), p=SHARES, size=POPULATION)
    alike = np.eye(4) + 0.4 * np.eye(4, k=1) + 0.4 * np.eye(4, k=-1)
    logits = rng.normal(size=(POPULATION, 4)) @ (alike / np.sqrt((alike**2).sum(axis=0))) + 0.5 * np.log(SHARES)
    logits[np.arange(POPULATION), gold] += distance
    return Population(gold, logits.argmax(axis=1), softmax(distance * logits, axis=1))


def several_labels(distance: float, seed: int = 0) -> Population:
    """Return texts of several labels, harder ones among them."""
    rng = np.random.default_rng(seed)
    topic, size = rng.normal(size=(POPULATION, 1)), (POPULATION, len(CARRIED))
    gold = (np.sqrt(0.2) * topic + np.sqrt(0.8) * rng.normal(size=size) > norm.ppf(1 - CARRIED)).astype(np.int64)
    noise = rng.normal(size=size) * np.exp(0.6 * rng.normal(size=(POPULATION, 1)))
    logits = distance * (2 * gold - 1) + noise + 0.5 * norm.ppf(CARRIED)
    return Population(gold, (logits > 0).astype(np.int64), expit(2 * distance * logits))


def population_of(several: bool, aim: float) -> Population:
    """Return the population whose accuracy (several labels: micro F1) is `aim`, by halving."""
    make: Callable[[float], Population] = several_labels if several else one_label
    name, low, high = SHOWN[several][0], 0.0, 8.0
    for _ in range(14):
        middle = (low + high) / 2
        low, high = (middle, high) if figures_of(rows_of(make(middle)))[name] < aim else (low, middle)
    return make(middle)


def rows_of(population: Population, scored: bool = False) -> Rows:
    """Return all rows of a population, with their scores where figures of those are asked for."""
    scores = population.scores if scored else None
    return Rows(population.gold, population.predicted, scores, population.scores.shape[1], 10_000)


def figures_of(rows: Rows) -> dict[str, float]:
    """Return every figure of rows."""
    return {name: float(v[0]) for name, v in rows.figures(np.ones((1, len(rows.gold)))).items()}


class Tally:
    """How often intervals held the truth, lay above or below it, and were none."""

    def __init__(self) -> None:
        """Start with nothing counted."""
        self.found: dict[str, list[tuple[float | None, float | None, float]]] = defaultdict(list)

    def add(self, name: str, low: float | None, high: float | None, truth: float) -> None:
        """Count an interval."""
        self.found[name].append((low, high, truth))

    def row(self, name: str) -> dict[str, float]:
        """Return coverage of the intervals there were, their width, shares of sets with none, with a miss."""
        given = np.array([each for each in self.found[name] if each[0] is not None], dtype=np.float64)
        if not len(given):
            return {"none": 1.0}
        low, high, truth = given.T
        held = (low <= truth + 1e-9) & (truth - 1e-9 <= high)
        none = 1 - len(given) / len(self.found[name])
        found = {"coverage": float(held.mean()), "width": float((high - low).mean())}
        return found | {"none": none, "missed": float((~held).sum() / len(self.found[name]))}


def measured(several: bool, aim: float, n: int, sets: int, drawn_sets: int) -> Tally:
    """Draw data sets of n texts and count how their intervals fare; of the first some, those that need draws too."""
    population = population_of(several, aim)
    rng, tally, size = np.random.default_rng(n), Tally(), population.scores.shape[1]
    everybody = rows_of(population, scored=True)
    whole, truth = everybody.per_label(), figures_of(everybody)
    areas = np.array([ranking.areas(np.ones((POPULATION, 1))) for ranking in everybody.rankings])[:size, :, 0]
    for number in range(sets):
        chosen = rng.integers(POPULATION, size=n)
        with_draws = number < drawn_sets
        scores = population.scores[chosen] if with_draws else None
        rows = Rows(population.gold[chosen], population.predicted[chosen], scores, size)
        values = figures_of(rows)
        names = SHOWN[several] + (DRAWN[several] if with_draws else ())
        wanted = {name: values[name] for name in names if not np.isnan(values[name])}
        draws = resampled(rows, n, DRAWS, number) if with_draws else {}
        own = rows.per_label()
        carried = own["support"] > 0
        for name, bounds in all_bounds(rows, wanted, draws).items():
            true = truth[name]
            if name in AVERAGED:
                true = float(whole[AVERAGED[name]][carried].mean())
            if name in AREAS:
                true = float(areas[carried, AREAS[name]].mean())
            tally.add(name, bounds.low, bounds.high, true)
        for name, figure in OF_A_LABEL.items():
            for k in np.flatnonzero(carried):
                share, trials, true = own[figure][k], own[f"{figure}_trials"][k], float(whole[figure][k])
                low, high = (float(end) for end in share_interval(share, trials)) if trials else (None, None)
                for title in (name, *([f"{name}, the rarest"] if k == size - 1 else ())):
                    tally.add(title, low, high, true)
    return tally


def told_apart(several: bool, aim: float, n: int, pairs: int) -> dict[str, float]:
    """Return how often two scorers that are equally good are said to differ, by metric; .05 is allowed."""
    first = population_of(several, aim)
    size = first.scores.shape[1]
    labels, rng = LabelSpace(tuple("abcde"[:size]), several), np.random.default_rng(n)
    partner = np.arange(POPULATION)
    kinds = first.gold @ 2 ** np.arange(size) if several else first.gold
    for kind in np.unique(kinds):  # another text of the same labels lends the other scorer's answer
        own = np.flatnonzero(kinds == kind)
        partner[own] = rng.permutation(own)
    other_scores = first.scores[partner]
    found: dict[str, list[bool]] = defaultdict(list)
    for number in range(pairs):
        chosen = rng.integers(POPULATION, size=n)
        reports = [
            report_on(s[chosen].astype(np.float32), first.gold[chosen], labels, draws=DRAWS, seed=number)
            for s in (first.scores, other_scores)
        ]
        for metric in TESTED[several]:
            found[metric].append(outcome(compare(*reports, "other", metric, seed=number)) != "unclear")
    return {metric: float(np.mean(values)) for metric, values in found.items()}


def table(several: bool, tallies: dict[tuple[float, int], Tally]) -> list[str]:
    """Return Markdown lines: a figure a line, coverage for every size and aim."""
    head = " | ".join(f"{aim:.2f}, n = {n:,}" for aim, n in tallies)
    lines = [f"| figure | {head} |", "|---|" + "---:|" * len(tallies)]
    labels = [title for name in OF_A_LABEL for title in (name, f"{name}, the rarest")]
    for name in (*SHOWN[several], *labels, *DRAWN[several]):
        rows = [tally.row(name) for tally in tallies.values()]
        lines.append(f"| {name} | " + " | ".join(_cell(row) for row in rows) + " |")
    return lines


def _cell(row: dict[str, float]) -> str:
    if "coverage" not in row:
        return "none"
    few = f"; none in {row['none']:.0%}, a miss in {row['missed']:.1%}" if row["none"] >= 0.005 else ""
    return f"{row['coverage']:.3f} (width {row['width']:.3f}{few})"


def main() -> None:
    """Measure and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=1000, help="data sets of each size and aim")
    parser.add_argument("--drawn_sets", type=int, default=1000, help="of these, for figures that need resampled rows")
    parser.add_argument("--pairs", type=int, default=1000, help="pairs of equally good scorers of each size and aim")
    parser.add_argument("--processes", type=int, default=2, help="cells of the tables that are measured at a time")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    lines = [
        "# Coverage of the 95 % intervals",
        "",
        f"{options.sets:,} data sets of each size, {options.drawn_sets:,} for figures that need resampled rows, "
        f"{options.pairs:,} pairs of scorers, {DRAWS} resamples each, "
        f"2026-11-28, numpy {np.__version__}, Python {platform.python_version()}; the numbers hang on no machine. "
        f"`python -m benchmarks.interval_coverage --sets {options.sets} --drawn_sets {options.drawn_sets} "
        f"--pairs {options.pairs}` makes all of it. "
        f"Standard error of a coverage of .95: {np.sqrt(0.95 * 0.05 / options.sets):.4f} "
        f"({np.sqrt(0.95 * 0.05 / options.drawn_sets):.4f}).",
    ]
    cells = list(product(AIMS, SIZES))
    with ProcessPoolExecutor(options.processes) as pool:
        for several, kind in ((False, "One label a text"), (True, "Several labels a text")):
            waiting = [pool.submit(measured, several, *cell, options.sets, options.drawn_sets) for cell in cells]
            tallies = {cell: each.result() for cell, each in zip(cells, waiting, strict=True)}
            lines += ["", f"## {kind} (true {SHOWN[several][0]}, texts)", "", *table(several, tallies)]
            _write(lines, options.output)
        lines += ["", "## Equal scorers told apart (at most .050 is allowed)"]
        for several in (False, True):
            waited = [pool.submit(told_apart, several, *cell, options.pairs) for cell in cells]
            lines += [
                "",
                f"| true {SHOWN[several][0]}, texts | {' | '.join(TESTED[several])} |",
                "|---|---:|---:|---:|",
            ]
            for (aim, n), each in zip(cells, waited, strict=True):
                shares = " | ".join(f"{each.result()[metric]:.3f}" for metric in TESTED[several])
                lines.append(f"| {aim:.2f}, n = {n:,} | {shares} |")
            _write(lines, options.output)
    print("\n".join(lines))


def _write(lines: list[str], output: Path | None) -> None:
    if output:
        output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
