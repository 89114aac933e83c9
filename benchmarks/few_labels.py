"""What is the best way with 8, 16, 32 or 64 texts a class: few_shot, SetFit, features, fine-tuning, TF-IDF?

    pip install --no-deps --target SETFIT -r requirements-setfit.txt
    python -m benchmarks.few_labels --hate_speech D --korean_news_titles D --setfit SETFIT --sizes 8 16 --seeds 5

Every arm gets the same texts. Ours take a validation part out of them (an eighth, one text a class at 8), which
few_shot learns in the end; SetFit, which has no use for one, trains on all. Each cell is written when it is done and
never computed twice; the table is made of what is there.
Time is processor time of one thread, imports left out; memory is the highest beyond what the process held before.
Where test texts are few, the texts that the draw left and those of validation are tested besides, in lines of their
own (`..._rest`), and all of them together (`..._unseen`).
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset, DatasetDict, concatenate_datasets
from sklearn.metrics import f1_score

from textclf.data.loading import LoadedData, load_splits
from textclf.data.model_text import join_columns
from textclf.evaluation.baselines.fitted import fit_baselines
from textclf.inference.classifier import Classifier
from textclf.labels import LabelSpace
from textclf.models.weights import packaged_folder
from textclf.recipe import read_recipe
from textclf.studies.one_run import make_ready, train_ready
from textclf.studies.shared import Silent, nothing_found

from .speed_machine import describe_machine

RESULTS = Path(__file__).parent / "results"
MODEL = "sentence-transformers/all-MiniLM-L6-v2"
MOST_TEST = 1000  # test texts, drawn once; the small test splits are whole
FEW_TEST = 500  # below so many, two arms that disagree on a tenth differ by .014 by chance: the rest is tested, too
# Fine-tuning on few texts: 20 epochs (Mosbach et al. 2021, "On the Stability of Fine-tuning BERT").
OURS = {
    "few_shot": ["--family", "few_shot"],
    "features": ["--family", "features"],
    "fine-tuning": ["--num_train_epochs", "20", "--per_device_train_batch_size", "16"],
}
# SetFit's defaults train on as many pairs as there are unequal ones, twice: quadratic in the texts. Where that takes
# hours a draw, SetFit as published stands in: R = 20 pairs of either kind a text (Tunstall et al. 2022, section 3).
SETFIT, PUBLISHED = "SetFit 1.2", "SetFit R=20"
# SetFit on the texts that ours train on: what is left between them is the method, the rest what validation costs.
PART = " on 7/8"
# SetFit on the same texts from another seed: how far apart its own two means are.
AGAIN = " again"
THEIRS = (SETFIT, PUBLISHED, *(each + how for how in (PART, AGAIN) for each in (SETFIT, PUBLISHED)))
Predict = Callable[[Sequence[str]], np.ndarray]  # N texts to the numbers of their classes, [N]
Cells = dict[str, dict[str, Any]]  # "data size draw arm" -> figures
ARMS = ("few_shot", *THEIRS, "features", "fine-tuning", "TF-IDF")


def main() -> None:
    """Compute what is missing, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("hate_speech", "korean_news_titles"):
        parser.add_argument(f"--{name}", help="folder with its raw files")
    parser.add_argument("--setfit", help="folder that setfit was installed into")
    parser.add_argument("--sizes", type=int, nargs="+", default=[8, 16, 32, 64])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--arms", nargs="+", default=[arm for arm in ARMS if arm not in THEIRS[1:]], choices=ARMS)
    parser.add_argument("--data", nargs="+", default=["hate_speech", "news_sample", "korean_news_titles"])
    args = parser.parse_args()
    if args.setfit:
        sys.path.append(args.setfit)
    logging.disable(logging.WARNING)
    cells = RESULTS / "few_labels.json"
    found = json.loads(cells.read_text(encoding="utf-8")) if cells.exists() else {}
    for size in args.sizes:
        for name in args.data:
            loaded = data_of(name, getattr(args, name, None))
            for seed in range(args.seeds):
                drawn = few(loaded.splits["train"], size, seed)
                if drawn is None:
                    continue
                for arm in args.arms:
                    key = f"{name} {size} {seed} {arm}"
                    if key not in found and (args.setfit or arm not in THEIRS):
                        found[key] = cell(arm, *drawn, loaded, seed)
                        print(key, found[key], flush=True)
                        cells.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (RESULTS / "few_labels.md").write_text(table(found), encoding="utf-8")


def data_of(name: str, folder: str | None) -> LoadedData:
    """Return a data set's splits, two fields joined into one, test cut to MOST_TEST texts, `further` ones beside."""
    words = ["--dataset", name, *(["--data_dir", folder] if folder else [])]
    loaded = load_splits(read_recipe(words).data)
    pairs = "text_pair" in loaded.splits["train"].column_names
    splits = join_columns(loaded.splits, "\n") if pairs else loaded.splits
    if (n := len(splits["test"])) > MOST_TEST:
        shuffled = splits["test"].shuffle(seed=0)
        splits["test"], splits["further"] = shuffled.select(range(MOST_TEST)), shuffled.select(range(MOST_TEST, n))
    return LoadedData(splits, loaded.provenance)


def few(train: Dataset, size: int, seed: int) -> tuple[Dataset, Dataset] | None:
    """Return `size` training texts of each class, drawn by a seed, and the others; None where a class has fewer."""
    gold, rng = np.array(train["labels"]), np.random.default_rng(seed)
    classes = [np.flatnonzero(gold == label) for label in range(train.features["labels"].num_classes)]
    if min(map(len, classes)) < size:
        return None
    drawn = np.concatenate([rng.permutation(rows)[:size] for rows in classes])
    return train.select(drawn), train.select(np.setdiff1d(np.arange(len(train)), drawn))


def cell(arm: str, train: Dataset, others: Dataset, loaded: LoadedData, seed: int) -> dict[str, Any]:
    """Train an arm on few texts; return its figures on test, its processor seconds and its memory in MB.

    `rest` are its figures on further texts of test, where there are, and on those that were not drawn and those of
    validation, where test texts are few.
    """
    gc.collect()
    with contextlib.suppress(OSError):
        ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the high-water mark begins anew
    before, started = memory("VmRSS"), time.process_time()
    test = loaded.splits["test"]
    predict = (dict.fromkeys(THEIRS, setfit) | {"TF-IDF": tfidf}).get(arm, ours)(arm, train, loaded, seed)
    figures = figures_of(predict, test)
    figures |= {"seconds": round(time.process_time() - started, 2), "MB": round(memory("VmHWM") - before)}
    figures["machine"] = machine()
    if "further" in loaded.splits:
        figures["rest"] = figures_of(predict, loaded.splits["further"])
    elif len(test) < FEW_TEST:
        figures["rest"] = figures_of(predict, concatenate_datasets([others, loaded.splits["validation"]]))
    return figures


def figures_of(predict: Predict, rows: Dataset) -> dict[str, Any]:
    """Return accuracy and macro F1 on labelled texts, and how many there are."""
    predicted, gold = predict(list(rows["text"])), np.array(rows["labels"])
    macro = float(f1_score(gold, predicted, average="macro"))
    return {"accuracy": float((predicted == gold).mean()), "f1_macro": macro, "n": len(rows)}


def parted(train: Dataset) -> tuple[Dataset, Dataset]:
    """Return the rows without each eighth of a class, and those: training and validation."""
    aside = np.arange(len(train)) % 8 == 7  # the rows stand class by class, drawn at random within
    return train.select(np.flatnonzero(~aside)), train.select(np.flatnonzero(aside))


def ours(arm: str, train: Dataset, loaded: LoadedData, seed: int) -> Predict:
    """Train as train.py does and return how the saved folder decides."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        words = [
            "--dataset",
            "few.csv",
            "--model",
            MODEL,
            "--output_dir",
            "run",
            "--threads",
            "1",
            "--seed",
            str(seed),
        ]
        recipe = read_recipe([*words, "--disable_tqdm", "true", *OURS[arm]])
        parts = dict(zip(("train", "validation"), parted(train), strict=True))
        rows = DatasetDict(parts | {"test": loaded.splits["test"]})
        ready = make_ready(recipe, LoadedData(rows, loaded.provenance), Silent(), nothing_found)
        train_ready(recipe, ready)
        classifier = Classifier.load("run")
        return lambda texts: classifier.scores(texts).argmax(axis=1)


def setfit(arm: str, train: Dataset, loaded: LoadedData, seed: int) -> Predict:
    """Train SetFit with its defaults, or with the published number of pairs, on all texts or on our training part.

    `again` it trains from another seed.
    """
    from setfit import SetFitModel, Trainer, TrainingArguments

    with tempfile.TemporaryDirectory() as folder:
        model = SetFitModel.from_pretrained(str(packaged_folder()))
        rows = parted(train)[0] if arm.endswith(PART) else train
        rows = rows.rename_column("labels", "label").select_columns(["text", "label"])
        pairs = {"num_iterations": 20} if arm.startswith(PUBLISHED) else {}
        seed += 1_000 if arm.endswith(AGAIN) else 0
        options = TrainingArguments(output_dir=folder, seed=seed, show_progress_bar=False, report_to="none", **pairs)
        Trainer(model=model, args=options, train_dataset=rows).train()
        return lambda texts: np.asarray(model.predict(list(texts), show_progress_bar=False))


def tfidf(arm: str, train: Dataset, loaded: LoadedData, seed: int) -> Predict:
    """Fit the baseline that every run stands beside."""
    labels = LabelSpace.from_features(train.features)
    (fitted,) = fit_baselines(["tfidf_svm"], *parted(train), labels)
    return lambda texts: fitted.scores(texts).argmax(axis=1)


def machine() -> str:
    """Name the processor and what it can do at once."""
    return "{processor}, {instruction_set}".format(**describe_machine())


def memory(field: str) -> float:
    """Return a figure of this process's memory, in MB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def table(found: Cells) -> str:
    """Return the means over seeds with 95 % intervals (Student's t), and each arm less SetFit on the same draws."""
    from scipy.stats import t

    def interval(values: list[float]) -> str:
        if len(values) < 2:
            return f"{values[0]:.4f}" if values else "–"
        half = t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5
        return f"{np.mean(values):.4f} ± {half:.4f}"

    machines = sorted({each["machine"] for each in found.values()})
    letters = dict(zip(machines, "ABCDEFG", strict=False))

    def cost(cells: Iterable[dict[str, Any]], of: str) -> str:
        by_machine: dict[str, list[float]] = {}
        for each in cells:
            by_machine.setdefault(letters[each["machine"]], []).append(each[of])
        return ", ".join(f"{np.median(values):.0f} {letter}" for letter, values in sorted(by_machine.items()))

    named = "; ".join(f"{letter}: {name}" for name, letter in letters.items())
    lines = [
        "# Few labels",
        "",
        f"Machines, {named}; one thread, other work beside (processor time, medians of each machine), "
        f"{time.strftime('%Y-%m-%d')}; MiniLM. Made by `python -m benchmarks.few_labels`; mean over n draws of the "
        "training texts ± half a 95 % interval.",
        "",
        "| data | texts a class | arm | n | accuracy | macro F1 | less SetFit (accuracy) | seconds | MB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    besides: Cells = {}
    for key, each in found.items():
        if "rest" in each:
            besides[key.replace(" ", "_rest ", 1)] = each | each["rest"]
            besides[key.replace(" ", "_unseen ", 1)] = pooled(each)
    found = found | besides
    groups = dict.fromkeys((key.split(" ", 3)[0], int(key.split(" ", 3)[1])) for key in found)
    for name, size in sorted(groups):
        for arm in ARMS:
            mine = {
                k.split(" ")[2]: v for k, v in found.items() if k.startswith(f"{name} {size} ") and k.endswith(arm)
            }
            if not mine:
                continue
            pairs = [(v, rival(found, f"{name} {size} {seed}")) for seed, v in mine.items()]
            less = [v["accuracy"] - other["accuracy"] for v, other in pairs if other]
            known = {metric: [v[metric] for v in mine.values() if metric in v] for metric in ("accuracy", "f1_macro")}
            figures = [interval(values) for values in known.values()]
            costs = [cost(mine.values(), of) for of in ("seconds", "MB")]
            beside = "–" if arm in (SETFIT, PUBLISHED) or not less else interval(less)
            lines.append(f"| {name} | {size} | {arm} | {len(mine)} | {' | '.join([*figures, beside, *costs])} |")
    return "\n".join(lines) + "\n"


def pooled(cell: dict[str, Any]) -> dict[str, Any]:
    """Return accuracy on the test texts of a cell and its others together; macro F1 would need their predictions."""
    parts = [cell, cell["rest"]]
    n = sum(part["n"] for part in parts)
    right = sum(part["n"] * part["accuracy"] for part in parts)
    costs = {key: cell[key] for key in ("seconds", "MB", "machine")}
    return costs | {"accuracy": right / n, "n": n}


def rival(found: Cells, draw: str) -> dict[str, Any] | None:
    """Return SetFit's cell of a draw: with its defaults, where these were run."""
    return found.get(f"{draw} {SETFIT}") or found.get(f"{draw} {PUBLISHED}")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
