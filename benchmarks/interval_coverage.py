"""How often the 95 % intervals of a report hold the truth, and how often equal scorers are told apart.

python -m benchmarks.interval_coverage [--sets 1000] [--output benchmarks/results/interval_coverage.md]

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
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax
from scipy.stats import norm

from metrics.text_classification.text_classification import Rows
from textclf.evaluation.comparison import compare, outcome
from textclf.evaluation.intervals import all_bounds, resampled
from textclf.evaluation.report import report_on
from textclf.evaluation.score_intervals import wilson
from textclf.labels import LabelSpace

SIZES, AIMS = (20, 50, 200, 1000), (0.76, 0.96)
POPULATION = 100_000
SHARES = np.array([0.4, 0.3, 0.2, 0.1])
CARRIED = np.array([0.4, 0.3, 0.2, 0.1, 0.05])
SHOWN = {
    False: ("accuracy", "f1_macro", "precision_macro", "balanced_accuracy", "f1_weighted", "F1 of a label"),
    True: ("f1_micro", "f1_macro", "precision_micro", "subset_accuracy", "f1_samples", "F1 of a label"),
}
DRAWN = {
    False: ("roc_auc", "average_precision", "mcc", "log_loss", "brier"),
    True: ("roc_auc_macro", "average_precision_macro", "average_precision_micro", "log_loss", "brier"),
}
AVERAGED = {"f1_macro": "f1", "precision_macro": "precision", "balanced_accuracy": "recall"}


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


def at(make: Callable[[float], Population], name: str, aim: float) -> Population:
    """Return the population whose figure `name` is `aim`, by halving."""
    low, high = 0.0, 8.0
    for _ in range(14):
        middle = (low + high) / 2
        low, high = (middle, high) if truths(make(middle))[name] < aim else (low, middle)
    return make(middle)


def truths(population: Population, scored: bool = False) -> dict[str, float]:
    """Return the figures of a whole population."""
    size = population.scores.shape[1]
    rows = Rows(population.gold, population.predicted, population.scores if scored else None, size, 10_000)
    return {name: float(v[0]) for name, v in rows.figures(np.ones((1, POPULATION))).items()}


class Tally:
    """How often intervals held the truth, lay above or below it, and were none."""

    def __init__(self) -> None:
        """Start with nothing counted."""
        self.found: dict[str, list[tuple[float | None, float | None, float]]] = defaultdict(list)

    def add(self, name: str, low: float | None, high: float | None, truth: float) -> None:
        """Count an interval."""
        self.found[name].append((low, high, truth))

    def row(self, name: str) -> dict[str, float]:
        """Return coverage of the intervals there were, their mean width, the share of sets without one."""
        given = np.array([each for each in self.found[name] if each[0] is not None], dtype=np.float64)
        if not len(given):
            return {"none": 1.0}
        low, high, truth = given.T
        held = (low <= truth + 1e-9) & (truth - 1e-9 <= high)
        none = 1 - len(given) / len(self.found[name])
        return {"coverage": float(held.mean()), "width": float((high - low).mean()), "none": none}


def measured(population: Population, n: int, sets: int, drawn_sets: int) -> Tally:
    """Draw data sets of n texts and count how their intervals fare; of the first some, those that need draws too."""
    rng, tally, size = np.random.default_rng(n), Tally(), population.scores.shape[1]
    several = population.gold.ndim == 2
    whole = Rows(population.gold, population.predicted, None, size).per_label()
    truth = truths(population, scored=True)
    for number in range(sets):
        chosen = rng.integers(POPULATION, size=n)
        gold, predicted = population.gold[chosen], population.predicted[chosen]
        with_draws = number < drawn_sets
        rows = Rows(gold, predicted, population.scores[chosen] if with_draws else None, size)
        values = {k: float(v[0]) for k, v in rows.figures(np.ones((1, n))).items()}
        names = SHOWN[several][:-1] + (DRAWN[several] if with_draws else ())
        wanted = {name: values[name] for name in names if not np.isnan(values[name])}
        draws = resampled(rows, n, 200, number) if with_draws else {}
        own = rows.per_label()
        carried = own["support"] > 0
        for name, bounds in all_bounds(rows, wanted, draws).items():
            true = truth[name]
            if name in AVERAGED:
                true = float(whole[AVERAGED[name]][carried].mean())
            tally.add(name, bounds.low, bounds.high, true)
        for k in np.flatnonzero(carried):
            low, high = wilson(own["f1"][k], own["f1_trials"][k])
            tally.add("F1 of a label", float(low), float(high), float(whole["f1"][k]))
    return tally


def told_apart(aim: float, n: int, pairs: int) -> dict[str, float]:
    """Return how often two scorers that are equally good are said to differ, by metric; .05 is allowed."""
    labels, rng = LabelSpace(tuple("abcd"), False), np.random.default_rng(n)
    first = at(one_label, "accuracy", aim)
    partner = np.arange(POPULATION)
    for label in range(len(SHARES)):  # another text of the same label lends the other scorer's answer
        own = np.flatnonzero(first.gold == label)
        partner[own] = rng.permutation(own)
    other_scores = first.scores[partner]
    found: dict[str, list[bool]] = defaultdict(list)
    for number in range(pairs):
        chosen = rng.integers(POPULATION, size=n)
        reports = [
            report_on(s[chosen].astype(np.float32), first.gold[chosen], labels, draws=200, seed=number)
            for s in (first.scores, other_scores)
        ]
        for metric in ("accuracy", "f1_macro"):
            found[metric].append(outcome(compare(*reports, "other", metric, seed=number)) != "unclear")
    return {metric: float(np.mean(values)) for metric, values in found.items()}


def table(several: bool, tallies: dict[tuple[float, int], Tally]) -> list[str]:
    """Return Markdown lines: a figure a line, coverage for every size and aim."""
    head = " | ".join(f"{aim:.2f}, n = {n:,}" for aim, n in tallies)
    lines = [f"| figure | {head} |", "|---|" + "---:|" * len(tallies)]
    for name in SHOWN[several] + DRAWN[several]:
        if not any(tally.found[name] for tally in tallies.values()):
            continue
        rows = [tally.row(name) for tally in tallies.values()]
        lines.append(f"| {name} | " + " | ".join(_cell(row) for row in rows) + " |")
    return lines


def _cell(row: dict[str, float]) -> str:
    if "coverage" not in row:
        return "none"
    few = f", none in {row['none']:.0%}" if row["none"] >= 0.005 else ""
    return f"{row['coverage']:.3f} (width {row['width']:.3f}{few})"


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=1000, help="data sets of each size and aim")
    parser.add_argument("--drawn_sets", type=int, default=200, help="of these, for figures that need resampled rows")
    parser.add_argument("--pairs", type=int, default=300, help="pairs of equally good scorers")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    lines = [
        "# Coverage of the 95 % intervals",
        "",
        f"{options.sets:,} data sets of each size ({options.drawn_sets:,} for figures that need resampled rows), "
        f"2026-11-28, numpy {np.__version__}, Python {platform.python_version()}; the numbers hang on no machine. "
        "`python -m benchmarks.interval_coverage` makes this file. Standard error of a coverage of .95: "
        f"{np.sqrt(0.95 * 0.05 / options.sets):.3f} ({np.sqrt(0.95 * 0.05 / options.drawn_sets):.3f}).",
    ]
    for several, make, name in ((False, one_label, "accuracy"), (True, several_labels, "f1_micro")):
        tallies: dict[tuple[float, int], Any] = {}
        for aim in AIMS:
            population = at(make, name, aim)
            for n in SIZES:
                tallies[aim, n] = measured(population, n, options.sets, options.drawn_sets)
        kind = "Several labels a text" if several else "One label a text"
        lines += ["", f"## {kind} (true {name}, texts)", "", *table(several, tallies)]
        _write(lines, options.output)
    lines += [
        "",
        "## Equal scorers told apart (at most .050 is allowed)",
        "",
        "| true accuracy, texts | accuracy | f1_macro |",
    ]
    lines += ["|---|---:|---:|"]
    for aim in AIMS if options.pairs else ():
        for n in SIZES[:3]:
            found = told_apart(aim, n, options.pairs)
            lines.append(f"| {aim:.2f}, n = {n} | {found['accuracy']:.3f} | {found['f1_macro']:.3f} |")
        _write(lines, options.output)
    print("\n".join(lines))


def _write(lines: list[str], output: Path | None) -> None:
    if output:
        output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
