"""Where the time goes once training is over: every stage of train.py from the last step to the table.

    python -m benchmarks.after_training recipes/reuters_topics.yaml --data_dir DIR [--key value ...] [--rows N]

Trains for one step only: what comes after it takes as long as after a whole training. Writes
results/after_training-NAME.json, NAME from --as. Processor time of one thread, so that others on the machine matter
less; the cache of baselines is not used.
"""

from __future__ import annotations

import contextlib
import cProfile
import io
import json
import pstats
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import set_seed

from benchmarks.speed_machine import describe_machine
from textclf.data.cleaning import normalizer
from textclf.data.loading import load_splits
from textclf.data.preparation import prepare
from textclf.data.provenance import remarks
from textclf.evaluation import verdict
from textclf.evaluation.figures.drawing import draw_figures
from textclf.evaluation.page.writing import write_page
from textclf.evaluation.report import quick_metrics
from textclf.evaluation.table import show_results
from textclf.labels import LabelSpace
from textclf.models.checkpoint import prepare_tokenizer
from textclf.models.encoder import build
from textclf.models.limits import longest_input
from textclf.recipe import read_recipe, recipe_text
from textclf.run_folder import RunFolder
from textclf.training.fit import fit

# Function -> the stage that its time is shown as; each contains none of the others, but for the model in both.
STAGES = {
    "_all_logits": "the model on validation and test",
    "fit_baselines": "baselines fitted and settled",
    "_beside_baselines": "baselines on test",
    "resampled": "resamples behind the intervals",
    "draw_figures": "figures",
    "write_page": "page",
}


def main(argv: list[str]) -> None:
    """Go through the stages and write what each took."""
    words, rows, name = _own_options(argv)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        stages = _stages([*words, "--max_steps", "1", "--threads", "1", "--output_dir", f"{folder}/run"], rows)
        profile, start = cProfile.Profile(time.process_time), time.process_time()
        with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
            profile.runcall(stages)
        seconds = time.process_time() - start
    found = {STAGES[key[2]]: round(row[3], 2) for key, row in pstats.Stats(profile).stats.items() if key[2] in STAGES}
    content = {"date": str(date.today()), "machine": describe_machine(), "words": words, "rows": rows}
    content |= {"seconds": round(seconds, 2), "of which": found}
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    (Path(__file__).parent / "results" / f"after_training-{name}.json").write_text(text, encoding="utf-8")
    print(text)


def _own_options(argv: list[str]) -> tuple[list[str], int, str]:
    """Take `--rows N` and `--as NAME` out of the words."""
    words, own = [], {"--rows": "0", "--as": "run"}
    given = iter(argv)
    for word in given:
        if word in own:
            own[word] = next(given)
        else:
            words.append(word)
    return words, int(own["--rows"]), own["--as"]


def _stages(words: list[str], rows: int) -> Any:
    """Do all that comes before and return what comes after, a function without arguments."""
    recipe = read_recipe(words)
    args = recipe.fit
    splits, provenance = load_splits(recipe.data)
    if rows:
        splits = type(splits)({name: _first(split, rows) for name, split in splits.items()})
    labels = LabelSpace.from_features(splits["train"].features)
    set_seed(args.seed)
    model, tokenizer = build(recipe.model, labels)
    prepare_tokenizer(tokenizer, normalizer(recipe.data.clean))
    limit = longest_input(model.config, tokenizer)
    prepared = prepare(splits, tokenizer, recipe.data, limit=limit, seed=args.seed)
    parts = prepared.splits
    options = {"max_length": prepared.max_length, "metrics": quick_metrics}
    fitted = fit(model, tokenizer, parts["train"], parts["validation"], args, **options)
    run = RunFolder(fitted.path)

    def after() -> None:
        run.write_text("recipe.yaml", recipe_text(recipe, remarks(provenance)))
        run.write_json("audit.json", prepared.audit)
        facts = verdict.Facts(provenance.to_dict(), fitted.training, fitted.selection)
        found = verdict.conclude(run, parts, facts, recipe)
        draw_figures(run, found.evaluation, found.test, found.validation)
        write_page(run, found.evaluation, found.test, found.validation, parts)
        show_results(found.evaluation, run.path)

    return after


def _first(split: Dataset, rows: int) -> Dataset:
    return split.shuffle(seed=0).select(range(min(rows, len(split))))


if __name__ == "__main__":
    main(sys.argv[1:])
