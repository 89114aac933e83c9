"""Memory and time of a large data set: `python -m benchmarks.large_data [--rows N] [--model M] [--predict N]`.

Writes a Parquet file of made-up labelled texts, then loads, prepares, tokenises and predicts as `train.py` does, and
writes results/large_data.md. Anonymous memory is what counts: memory-mapped files are dropped when memory is short.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.audit_speed import processor
from benchmarks.made_texts import made_texts

LABELS = ["politics", "economy", "sport", "culture"]
RESULT = Path(__file__).parent / "results" / "large_data.md"


class Stage(NamedTuple):
    """What one stage took: seconds, and the highest memory in MiB, anonymous and file-backed."""

    name: str
    seconds: float
    anonymous: float
    mapped: float


def memory() -> dict[str, float]:
    """Return this process's and its children's resident memory in MiB, by kind (Linux)."""
    total = {"RssAnon": 0.0, "RssFile": 0.0}
    for process in [os.getpid(), *_children(os.getpid())]:
        try:
            lines = Path(f"/proc/{process}/status").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
        for line in lines:
            kind, _, rest = line.partition(":")
            if kind in total:
                total[kind] += int(rest.split()[0]) / 1024
    return total


def _children(process: int) -> list[int]:
    """Return the processes that this one and its threads have started and not yet ended."""
    try:
        tasks = list(Path(f"/proc/{process}/task").iterdir())
        found = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return found + [grandchild for child in found for grandchild in _children(child)]


@contextmanager
def measured(name: str, stages: list[Stage]) -> Iterator[None]:
    """Measure a stage by looking at the memory twenty times a second."""
    peak, done = memory(), threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            peak.update({kind: max(peak[kind], now) for kind, now in memory().items()})

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    try:
        yield
    finally:
        seconds = time.perf_counter() - started
        done.set()
        watcher.join()
        stages.append(Stage(name, seconds, peak["RssAnon"], peak["RssFile"]))
        print(
            f"{name}: {seconds:.1f} s, {peak['RssAnon']:,.0f} MiB, mapped files {peak['RssFile']:,.0f} MiB", flush=True
        )


def write_parquet(path: Path, rows: int) -> None:
    """Write `rows` labelled texts, 10,000 to a row group."""
    schema = pa.schema({"text": pa.string(), "label": pa.string()})
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for texts in made_texts(rows):
            names = [LABELS[len(text) % len(LABELS)] for text in texts]
            writer.write_table(pa.table({"text": texts, "label": names}, schema=schema))


def run_stages(file: Path, folder: Path, model_id: str, slice_rows: int) -> tuple[list[Stage], dict[str, Any]]:
    """Go through the stages of training up to the first batch, and predict a slice of test."""
    stages: list[Stage] = []
    with measured("importing the libraries", stages):
        from textclf.arguments import DataArguments, ModelArguments
        from textclf.data.loading import load_splits
        from textclf.data.preparation import prepare
        from textclf.inference.classifier import Classifier
        from textclf.labels import LabelSpace
        from textclf.models import checkpoint, encoder, limits
        from textclf.training.encoding import encode
    args = DataArguments(train_file=str(file), text_columns=["text"], label_columns=["label"])
    with measured("loading and splitting", stages):
        splits = load_splits(args).splits
    model, tokenizer = encoder.build(
        ModelArguments(model=model_id), LabelSpace.from_features(splits["train"].features)
    )
    limit = limits.longest_input(model.config, tokenizer)
    with measured("audit and max_length", stages):
        prepared = prepare(splits, tokenizer, args, limit=limit, seed=0)
    with measured("tokenising train", stages):
        encoded = encode(prepared.splits["train"], tokenizer, prepared.max_length)
    facts = {
        "train": len(prepared.splits["train"]),
        "max_length": prepared.max_length,
        "tokens": int(encoded.lengths.sum()),
        "lines": prepared.lines,
    }
    del encoded
    checkpoint.save(model, tokenizer, folder, max_length=prepared.max_length)
    classifier = Classifier.load(folder)
    rows = min(slice_rows, len(splits["test"]))
    with measured(f"predicting {rows:,} texts", stages):
        classifier.scores(splits["test"]["text"][:rows])
    return stages, facts


def report(rows: int, size: float, model: str, stages: list[Stage], facts: dict[str, Any]) -> str:
    """Write the figures as Markdown."""
    table = "".join(f"| {s.name} | {s.seconds:,.1f} | {s.anonymous:,.0f} | {s.mapped:,.0f} |\n" for s in stages)
    found = "".join(f"- {line}\n" for line in facts["lines"])
    peak = max(stage.anonymous for stage in stages)
    return f"""# Large data: {rows:,} rows, {peak:,.0f} MiB at most

`python -m benchmarks.large_data --rows {rows}`, {date.today()}, {processor()}, model {Path(model).name}.

A Parquet file of {size:,.0f} MiB with made-up English and Korean texts of about 20 words; {facts["train"]:,} training
rows with {facts["tokens"]:,} tokens, `max_length` {facts["max_length"]}. Memory is that of the process and its
children: anonymous memory must be there, memory-mapped files are dropped by the system when it runs short.

| stage | seconds | peak anonymous MiB | peak mapped MiB |
|---|---|---|---|
{table}
What the audit said:

{found}"""


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--model", default="sentence-transformers/all-MiniLM-L6-v2")
    parser.add_argument("--predict", type=int, default=20_000, help="test texts to predict")
    parser.add_argument("--folder", type=Path, help="where data and caches go (default: the temporary folder)")
    parser.add_argument("--output", type=Path, default=RESULT)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        os.environ["HF_DATASETS_CACHE"] = str(folder / "cache")  # before `datasets` is imported
        file = folder / "rows.parquet"
        write_parquet(file, options.rows)
        stages, facts = run_stages(file, folder / "run", options.model, options.predict)
        text = report(options.rows, file.stat().st_size / 2**20, options.model, stages, facts)
    options.output.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
