"""How long the audit takes: `python -m benchmarks.audit_speed [ROWS]` writes results/audit_speed.md."""

from __future__ import annotations

import os
import platform
import resource
import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import date
from pathlib import Path

from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

from benchmarks.made_texts import made_texts
from benchmarks.speed_machine import processor
from textclf.data.auditing import duplicate_checks, label_checks, text_checks
from textclf.data.auditing.audit import MOST_ROWS, audit
from textclf.data.auditing.sampling import TextSample

CLEAN = ["lowercase", "strip_urls", "strip_mentions", "strip_punctuation", "collapse_spaces"]
RESULT = Path(__file__).parent / "results" / "audit_speed.md"


def make_splits(rows: int) -> DatasetDict:
    """Make train (80 %), validation and test (10 % each) with four labels."""
    texts = [text for batch in made_texts(rows, words=40) for text in batch]
    features = Features({"text": Value("string"), "labels": ClassLabel(names=["a", "b", "c", "d"])})
    parts = {"train": range(8), "validation": range(8, 9), "test": range(9, 10)}
    chosen = {name: [row for row in range(rows) if row // 7 % 10 in part] for name, part in parts.items()}
    columns = {name: {"text": [texts[r] for r in at], "labels": [r % 4 for r in at]} for name, at in chosen.items()}
    return DatasetDict({name: Dataset.from_dict(each, features=features) for name, each in columns.items()})


def time_parts(splits: DatasetDict) -> dict[str, float]:
    """Time each part of the audit by itself, in seconds of processor time."""
    sample = TextSample(splits, MOST_ROWS)
    parts: dict[str, Callable[[], object]] = {
        "duplicates, exact and near": lambda: duplicate_checks.check(sample),
        "labels": lambda: label_checks.check(splits),
        "characters, scripts, cleaning": lambda: text_checks.check(sample, CLEAN),
    }
    seconds = {}
    for name, part in parts.items():
        started = time.process_time()
        part()
        seconds[name] = time.process_time() - started
    return seconds


def main(rows: int) -> None:
    load = os.getloadavg()[0]
    splits = make_splits(rows)
    letters = sum(map(len, splits["train"]["text"])) / len(splits["train"])
    seconds = time_parts(splits)
    started, busy = time.perf_counter(), time.process_time()
    found = audit(splits, clean=CLEAN)
    whole, busy = time.perf_counter() - started, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    count = {finding.name: f"{finding.count:,}" for finding in found.findings}
    table = "".join(f"| {name} | {value:.1f} |\n" for name, value in seconds.items())
    RESULT.write_text(
        f"""# Audit: {rows:,} texts in {whole:.1f} s

`python -m benchmarks.audit_speed {rows}`, {date.today()}, {processor()}, Python {platform.python_version()}, one
process; load average before the start {load:.2f}.

Made-up English and Korean texts ({letters:.0f} characters on average), four labels, split 80/10/10, with cleaning
({", ".join(CLEAN)}).
Found: {count["exact_duplicates"]} exact and {count["near_duplicates"]} near duplicates within splits,
{count["exact_leaks"]} exact and {count["near_leaks"]} near leaks.

| part | seconds of processor time |
|---|---|
{table}| **whole audit** | **{busy:.1f}**; {whole:.1f} by the clock |

Peak memory of the process, texts included: {peak:,.0f} MiB. Beyond {MOST_ROWS:,} rows texts are looked into in a
random sample; exact duplicates and leaks are looked for on every row.
""",
        encoding="utf-8",
    )
    print(RESULT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=100_000)
    main(parser.parse_args().rows)
