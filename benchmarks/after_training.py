"""Where the time goes once training is over: everything that train.py does behind its last step.

    python -m benchmarks.after_training recipes/reuters_topics.yaml --data_dir DIR [--key value ...] [--rows N]

Follows train.py, which trains for one step only: what comes after it takes as long as after a whole training. Writes
results/after_training-NAME.json, NAME from --as. Processor time of one thread, so that others on the machine matter
less; with `--threads N` time on the clock instead, which wants a quiet machine. The cache of baselines is not used.
`--rows N` takes that many rows of each split.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import torch

from benchmarks.speed_machine import describe_machine
from textclf.commands.train import train
from textclf.inference.classifier import Classifier
from textclf.recipe import read_recipe
from textclf.studies import one_run

RESULTS = Path(__file__).resolve().parent / "results"
# A stage -> where its function is looked up. Without a profiler, under which figures take three times as long.
STAGES = {
    "baselines fitted and settled": "evaluation.verdict.fit_baselines",
    "mistakes, confused pairs, slices, suspects": "evaluation.verdict.findings",
    "the training texts' profile": "evaluation.verdict.profile",
    "figures with intervals": "evaluation.verdict.measure",  # the model on test is in here too
    "hashes of the texts": "hub.data_texts.remember_texts",
    "figures drawn": "studies.one_run.draw_figures",
    "page": "studies.one_run.write_page",
}


def main(argv: list[str]) -> None:
    """Go through all stages and write what those after training took."""
    words, own = _own_options(argv)
    rows, threads = int(own["--rows"]), int(own["--threads"])
    torch.set_num_threads(threads)
    clock = time.process_time if threads == 1 else time.perf_counter
    stages, started = Counter[str](), []
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        recipe = read_recipe([*words, "--max_steps", "1", "--threads", str(threads), "--output_dir", str(run)])
        load_splits, fit = one_run.load_splits, one_run.FAMILIES["fine_tune"]

        def few(*args: Any, **options: Any) -> Any:
            loaded = load_splits(*args, **options)
            for each, split in loaded.splits.items():
                loaded.splits[each] = split.shuffle(seed=0).select(range(min(rows or len(split), len(split))))
            return loaded

        def then_watch(*args: Any, **options: Any) -> Any:
            fitted = fit(*args, **options)
            os.chdir(folder)  # where no cache is
            stages.clear()
            started.append(clock())
            return fitted

        _watch(stages, clock)
        # train.py itself, so that no stage is forgotten.
        one_run.load_splits, one_run.FAMILIES["fine_tune"] = few, then_watch
        with contextlib.redirect_stdout(io.StringIO()):
            train(recipe)
        seconds = clock() - started[0]
        evaluation = json.loads((run / "evaluation.json").read_text(encoding="utf-8"))
    content = {"date": str(date.today()), "machine": describe_machine(), "words": _shown(words), "rows": rows}
    content |= {"n": {"validation": evaluation["validation"]["n"], "test": evaluation["n"]}}
    content |= {"seconds": round(seconds, 2), "of which": {stage: round(took, 2) for stage, took in stages.items()}}
    content["test"] = {key: round(figure["value"], 6) for key, figure in evaluation["metrics"].items()}
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    (RESULTS / f"after_training-{own['--as']}.json").write_text(text, encoding="utf-8")
    print(text)


def _watch(stages: Counter[str], clock: Callable[[], float]) -> None:
    """Let every stage add its time to `stages`; the model's passes are in some of the others too."""
    for stage, place in STAGES.items():
        module, name = place.rsplit(".", 1)
        with contextlib.suppress(ModuleNotFoundError, AttributeError):  # of another version of the project
            holder = importlib.import_module(f"textclf.{module}")
            setattr(holder, name, _timed(getattr(holder, name), stage, stages, clock))
    Classifier._all_logits = _timed(Classifier._all_logits, "the model, wherever", stages, clock)


def _timed(
    work: Callable[..., Any], stage: str, stages: Counter[str], clock: Callable[[], float]
) -> Callable[..., Any]:
    def run(*args: Any, **options: Any) -> Any:
        start = clock()
        try:
            return work(*args, **options)
        finally:
            stages[stage] += clock() - start  # type: ignore[assignment]

    return run


def _own_options(argv: list[str]) -> tuple[list[str], dict[str, str]]:
    """Take what is this benchmark's own out of the words."""
    words, own = [], {"--rows": "0", "--threads": "1", "--as": "run"}
    given = iter(argv)
    for word in given:
        if word in own:
            own[word] = next(given)
        else:
            words.append(word)
    return words, own


def _shown(words: list[str]) -> list[str]:
    """Leave out where the data lies on this machine."""
    return ["DIR" if words[i - 1 : i] == ["--data_dir"] else word for i, word in enumerate(words)]


if __name__ == "__main__":
    main(sys.argv[1:])
