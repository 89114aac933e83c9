"""Runs of `train.py` on tiny models and small files, each trained at most once a session.

Once, too, where the session has several processes.

The fixture `trained` of conftest.py gives `trained("pair") -> Trained`: the run folder, the workspace it was trained
in (data files, the model's folder) and what the command had shown. Read only: copy what is to be changed.
"""

import contextlib
import csv
import io
import json
import random
import shutil
import unicodedata
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from tests.tiny_models import ENGLISH, KOREAN, SENTENCES
from textclf.commands import train
from textclf.recipe import read_recipe
from textclf.run_folder import RunFolder

COMMON = ["--num_train_epochs", "1", "--per_device_train_batch_size", "16", "--learning_rate", "1e-3"]
COMMON += ["--bootstrap_draws", "200", "--threads", "1", "--baselines", "majority"]


class Trained(NamedTuple):
    run: RunFolder
    workspace: Path
    shown: str

    @property
    def evaluation(self):
        return self.run.read_json("evaluation.json")

    def predictions(self, split="test"):
        return pq.read_table(self.run.path / "predictions" / f"{split}.parquet")


def follow(workspace, argv):
    """Run train.py in a workspace, in this process, and return what it shows."""
    shown = io.StringIO()
    with contextlib.chdir(workspace), contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
        train.train(read_recipe(argv))
    return shown.getvalue()


def train_once(name, folder, tiny_model):
    """Train one of the CASES below `folder`, unless another process of the session has, or is about to."""
    folder.mkdir(parents=True, exist_ok=True)
    workspace, shown = folder / "work", folder / "shown.txt"
    with FileLock(folder / "lock"):
        if not shown.exists():  # written last
            shutil.rmtree(workspace, ignore_errors=True)  # of a process that failed half-way
            shown.write_text(train_case(name, workspace, tiny_model).shown, encoding="utf-8")
    return Trained(RunFolder.open(workspace / "run"), workspace, shown.read_text(encoding="utf-8"))


def train_case(name, folder, tiny_model):
    """Train one of the CASES in a folder of its own."""
    family, prepare = CASES[name]
    folder.mkdir(parents=True)
    shutil.copytree(tiny_model(family), folder / "tiny")
    argv = prepare(folder)
    shown = follow(folder, [*COMMON, "--model", "tiny", "--output_dir", "run", *argv])
    return Trained(RunFolder.open(folder / "run"), folder, shown)


def texts(count, seed, source=SENTENCES, most=3):
    """Distinct texts of one to `most` sentences."""
    generator = random.Random(seed)
    found = {}
    while len(found) < count:
        found[" ".join(generator.sample(source, generator.randint(1, most)))] = None
    return list(found)


def write_csv(path, header, rows, delimiter=","):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([header, *rows])


def write_json_lines(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _topics(text):
    """Several labels that follow from the text."""
    return [name for name, holds in (("long", len(text) > 90), ("en", text[0].isascii()), ("e", "e" in text)) if holds]


def _single(folder):
    labels = ("bad", "good", "neither | nor")
    rows = [(t, labels[min(2, len(t) // 80)]) for t in texts(90, 1, ENGLISH)]  # learnable: calibration keeps it apart
    write_csv(folder / "rows.csv", ["text", "label"], rows)
    return ["--dataset", "rows.csv", "--num_train_epochs", "3", "--baselines", "majority", "prior", "tfidf_svm"]


def _separator(folder):
    for split, count, seed in (("train", 60, 2), ("validation", 20, 3), ("test", 20, 4)):
        rows = [{"text": t, "topics": ";".join(_topics(t) or ["e"])} for t in texts(count, seed)]
        write_json_lines(folder / f"{split}.jsonl", rows)
    files = [f"--{split}_file={split}.jsonl" for split in ("train", "validation", "test")]
    return [*files, "--label_separator", ";"]


def _flags(folder):
    rows = texts(80, 5)
    columns = {name: pa.array([int(name in _topics(t)) for t in rows]) for name in ("long", "en", "e")}
    pq.write_table(pa.table({"comment": rows, **columns}), folder / "rows.parquet")
    return ["--dataset", "rows.parquet", "--label_columns", "long", "en", "e", "--loss", "asymmetric"]


def _pair(folder):
    titles, bodies = texts(80, 6, most=2), texts(80, 7)
    rows = [
        (a, "" if i % 4 == 0 else b, "sport" if len(b) > 70 else "politics") for i, (a, b) in _numbered(titles, bodies)
    ]
    write_csv(folder / "rows.tsv", ["title", "body", "category"], rows, delimiter="\t")
    # Uncalibrated: what a tiny model cannot learn, a temperature flattens until all scores are alike.
    return ["--dataset", "rows.tsv", "--text_columns", "title", "body", "--calibrate", "false"]


def _numbered(*columns):
    return list(enumerate(zip(*columns, strict=True)))


def _korean(folder):
    """Integer labels; every second text is typed in decomposed form (NFD)."""
    rows = [
        {"document": unicodedata.normalize("NFD" if i % 2 else "NFC", t), "label": int(len(t) > 50)}
        for i, t in enumerate(texts(80, 8, KOREAN))
    ]
    write_json_lines(folder / "rows.jsonl", rows)
    return ["--dataset", "rows.jsonl", "--class_names", "부정", "긍정"]


def _cleaned(folder):
    """Long texts with addresses in them, cut to 24 tokens."""
    rows = [(f"SEE https://example.org/{i} {t}", "en" if t[0].isascii() else "ko") for i, t in enumerate(texts(80, 9))]
    write_csv(folder / "rows.csv", ["text", "label"], rows)
    return ["--dataset", "rows.csv", "--clean", "lowercase", "strip_urls", "--max_length", "24"]


def _adapter(folder):
    write_csv(folder / "rows.csv", ["text", "label"], [(t, "es"[len(t) > 90]) for t in texts(80, 10)])
    return ["--dataset", "rows.csv", "--lora", "lora"]


def _windows(folder):
    write_csv(folder / "rows.csv", ["text", "label"], [(t, "es"[len(t) > 90]) for t in texts(80, 11)])
    return ["--dataset", "rows.csv", "--max_length", "16", "--long_text", "windows"]


def _korean_pair(folder):
    first, second = texts(80, 12, KOREAN, 2), texts(80, 13, KOREAN, 2)
    rows = [
        {"sentence1": a, "sentence2": b, "label": ("다름", "같음")[len(b) > 50]}
        for _, (a, b) in _numbered(first, second)
    ]
    write_json_lines(folder / "rows.jsonl", rows)
    return ["--dataset", "rows.jsonl"]


CASES = {  # name -> family of the tiny model, and what writes the data and returns the options
    "single": ("bert", _single),
    "separator": ("roberta", _separator),
    "flags": ("electra", _flags),
    "pair": ("bert", _pair),
    "korean": ("bert", _korean),
    "cleaned": ("modernbert", _cleaned),
    "adapter": ("deberta-v2", _adapter),
    "windows": ("distilbert", _windows),
    "korean_pair": ("xlm-roberta", _korean_pair),
}
