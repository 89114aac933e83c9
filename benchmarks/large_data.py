"""Memory and time of a large data set: `python -m benchmarks.large_data [--rows N] [--predict N]`.

Writes a Parquet file of made-up labelled texts, then loads, prepares, trains and predicts as `train.py` does, and
writes results/large_data.md. Anonymous memory is what counts: memory-mapped files are dropped when memory is short.
"""

from __future__ import annotations

import copy
import os
import tempfile
import threading
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.made_texts import made_texts
from benchmarks.speed_machine import processor

LABELS = ["politics", "economy", "sport", "culture"]
MODEL = "sentence-transformers/all-MiniLM-L6-v2"
STEPS = 100  # of training: enough to draw batches from everywhere
DRAWS = 50
RESULT = Path(__file__).parent / "results" / "large_data.md"


class Stage(NamedTuple):
    """What one stage took: seconds, and the highest memory in MiB, anonymous and file-backed."""

    name: str
    seconds: float
    anonymous: float
    mapped: float


def memory() -> dict[str, float]:
    """Return the resident memory of this process and its children in MiB, by kind; shared pages count once (Linux)."""
    total = {"Pss_Anon": 0.0, "Pss_File": 0.0}
    for process in [os.getpid(), *_children(os.getpid())]:
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError, PermissionError):  # it has just ended
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
    """Measure a stage by looking at the memory ten times a second."""
    peak, done = memory(), threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
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
        stages.append(Stage(name, seconds, peak["Pss_Anon"], peak["Pss_File"]))
        print(
            f"{name}: {seconds:.1f} s, {peak['Pss_Anon']:,.0f} MiB, mapped files {peak['Pss_File']:,.0f} MiB",
            flush=True,
        )


def write_parquet(path: Path, rows: int) -> None:
    """Write `rows` labelled texts, 10,000 to a row group."""
    schema = pa.schema({"text": pa.string(), "label": pa.string()})
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for texts in made_texts(rows):
            names = [LABELS[len(text) % len(LABELS)] for text in texts]
            writer.write_table(pa.table({"text": texts, "label": names}, schema=schema))


def make_model(folder: Path) -> Path:
    """Save a small encoder with random weights and MiniLM's tokenizer: what is measured is what the rows take."""
    from transformers import AutoTokenizer, BertConfig, BertModel

    from textclf.models.weights import locate

    tokenizer = AutoTokenizer.from_pretrained(locate(MODEL, None).path_or_id)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=64, num_hidden_layers=1, num_attention_heads=2, intermediate_size=128
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def run_stages(file: Path, folder: Path, options: Namespace) -> tuple[list[Stage], dict[str, Any]]:
    """Go through the stages of `train.py`; validate on a slice, and predict two slices of test, small and large."""
    stages: list[Stage] = []
    with measured("importing the libraries", stages):
        from textclf.data.loading import load_splits
        from textclf.data.preparation import prepare
        from textclf.evaluation.predictions import write_predictions
        from textclf.evaluation.report import measure, quick_metrics
        from textclf.inference.classifier import Classifier
        from textclf.labels import LabelSpace
        from textclf.models import encoder, limits
        from textclf.recipe import read_recipe
        from textclf.run_folder import RunFolder
        from textclf.screen import Screen
        from textclf.training.fit import fit
    Screen()
    argv = ["--train_file", str(file), "--text_columns", "text", "--label_columns", "label", "--guards", "false"]
    argv += ["--model", str(make_model(folder / "model")), "--output_dir", str(folder / "run")]
    recipe = read_recipe([*argv, "--max_steps", str(STEPS)])
    with measured("loading and splitting", stages):
        splits = load_splits(recipe.data).splits
    model, tokenizer = encoder.build(recipe.model, LabelSpace.from_features(splits["train"].features))
    limit = limits.longest_input(model.config, tokenizer)
    with measured("audit and max_length", stages):
        prepared = prepare(splits, tokenizer, recipe.data, limit=limit, seed=0)
    length = prepared.max_length
    train = prepared.splits["train"]
    validation, test = (prepared.splits[name] for name in ("validation", "test"))
    validation = validation.select(range(min(options.predict // 10, len(validation))))
    fresh = copy.deepcopy(tokenizer)  # as another run would load it: `fit` notes the length in the one it is given
    with measured(f"tokenising train, {STEPS} steps", stages):
        fitted = fit(model, tokenizer, train, validation, recipe.fit, max_length=length, metrics=quick_metrics)
    with measured("the same again, token ids from the cache", stages):
        tokens = int(encode_again(train, fresh, length))
    classifier = Classifier.load(fitted.path)
    for rows in (options.predict // 10, options.predict):
        part = test.select(range(min(rows, len(test))))
        with measured(f"predicting, measuring, writing {len(part):,} texts", stages):
            write_predictions(RunFolder(fitted.path), "test", part, measure(classifier, part, draws=DRAWS))
    return stages, {"train": len(train), "max_length": length, "tokens": tokens, "lines": prepared.lines}


def encode_again(train: Any, tokenizer: Any, max_length: int) -> int:
    """Return the number of tokens of the training rows, tokenised before."""
    from textclf.training.encoding import tokenise

    return int(tokenise(train, tokenizer, max_length).lengths.sum())


def report(options: Namespace, size: float, stages: list[Stage], facts: dict[str, Any]) -> str:
    """Write the figures as Markdown."""
    table = "".join(f"| {s.name} | {s.seconds:,.1f} | {s.anonymous:,.0f} | {s.mapped:,.0f} |\n" for s in stages)
    found = "".join(f"    {line}\n" for line in facts["lines"])
    peak = max(stage.anonymous for stage in stages)
    return f"""# Large data: {options.rows:,} rows, {peak:,.0f} MiB at most

`python -m benchmarks.large_data --rows {options.rows} --predict {options.predict}`, {date.today()}, {processor()},
load average {os.getloadavg()[1]:.1f}.

A Parquet file of {size:,.0f} MiB with made-up English and Korean texts of about 20 words; {facts["train"]:,} training
rows with {facts["tokens"]:,} tokens, `max_length` {facts["max_length"]}. Memory is that of the process and its
children (pages that they share count once): anonymous memory must be there, memory-mapped files are dropped by the
system when it runs short. The model is a single layer with random weights and MiniLM's tokenizer: what a real one
takes comes on top, whatever the number of rows. Two slices of the test rows are predicted, a small and a large one,
validation in training takes {options.predict // 10:,} rows, bootstrap draws are {DRAWS}.

| stage | seconds | peak anonymous MiB | peak mapped MiB |
|---|---|---|---|
{table}
What the audit said:

{found}"""


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--predict", type=int, default=1_000_000, help="test texts to predict, after a tenth of them")
    parser.add_argument("--folder", type=Path, help="where data and caches go (default: the temporary folder)")
    parser.add_argument("--output", type=Path, default=RESULT)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        os.environ["HF_DATASETS_CACHE"] = str(folder / "cache")  # before `datasets` is imported
        file = folder / "rows.parquet"
        write_parquet(file, options.rows)
        stages, facts = run_stages(file, folder, options)
        text = report(options, file.stat().st_size / 2**20, stages, facts)
    options.output.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
