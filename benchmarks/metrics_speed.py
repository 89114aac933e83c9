"""How long every figure with its interval takes: `python -m benchmarks.metrics_speed [ROWS] [DRAWS]` writes a table.

Scores and labels are made up: one label of 8, and 44 labels of which a text has two on average (and, harder for the
rankings, 13).
"""

from __future__ import annotations

import os
import resource
import time
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
from datasets import Dataset, DatasetDict
from numpy.typing import NDArray

from benchmarks.made_texts import made_texts
from benchmarks.speed_machine import processor
from textclf.evaluation.mistakes import findings
from textclf.evaluation.report import report_on
from textclf.labels import LabelSpace

RESULT = Path(__file__).parent / "results" / "metrics_speed.md"


class Case(NamedTuple):
    """What is measured."""

    name: str
    labels: int
    share: float | None  # of the cells that are gold; None: one label a text


CASES = (
    Case("one label of 8", 8, None),
    Case("44 labels, 2 a text", 44, 0.05),
    Case("44 labels, 13 a text", 44, 0.3),
)


def made_scores(case: Case, rows: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Make scores float32 [N, L] that know something of gold, and gold [N] or 0/1 [N, L]."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(rows, case.labels))
    if case.share is None:
        ids = rng.integers(case.labels, size=rows)
        logits[np.arange(rows), ids] += 2
        powers = np.exp(logits)
        return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32), ids
    gold = (rng.random(logits.shape) < case.share).astype(np.int64)
    return (1 / (1 + np.exp(2 - 3 * gold - logits))).astype(np.float32), gold


def measure_case(case: Case, rows: int, draws: int) -> str:
    """Return the table's line of a case."""
    scores, gold = made_scores(case, rows)
    labels = LabelSpace(tuple(f"label {k}" for k in range(case.labels)), case.share is not None)
    split = Dataset.from_dict({"text": [text for batch in made_texts(rows, words=20) for text in batch]})
    began, report = _clocks(), report_on(scores, gold, labels, None, draws)
    between = _clocks()
    findings(report, report, DatasetDict(validation=split, test=split), draws=draws)
    ended = _clocks()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return f"| {case.name} | {_span(began, between)} | {_span(between, ended)} | {peak:.1f} |"


def _clocks() -> tuple[float, float]:
    return time.process_time(), time.perf_counter()


def _span(start: tuple[float, float], end: tuple[float, float]) -> str:
    return f"{end[0] - start[0]:.1f} ({end[1] - start[1]:.1f})"


def main(rows: int, draws: int) -> None:
    """Measure every case and write the table."""
    load = os.getloadavg()[0]
    lines = [measure_case(case, rows, draws) for case in CASES]
    RESULT.write_text(
        f"# Every figure of {rows:,} texts with {draws:,} bootstrap draws\n\n"
        f"`python -m benchmarks.metrics_speed {rows} {draws}`, {date.today()}, {processor()},\n"
        f"one process and thread, load {load:.1f} before it began.\n\n"
        "| | figures and intervals | slices, confused pairs, suspected label errors | peak memory (GB) |\n"
        "|---|---:|---:|---:|\n" + "\n".join(lines) + "\n\n"
        "Seconds of processor time, in brackets by the clock. The peak is the process's so far, libraries and texts "
        "included.\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=100_000)
    parser.add_argument("draws", type=int, nargs="?", default=1_000)
    options = parser.parse_args()
    main(options.rows, options.draws)
