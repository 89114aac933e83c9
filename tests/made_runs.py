"""Complete run folders of tiny random models, made by the project's own stages in a second or two.

    run = make_run(tmp_path / "run", kind="pair")

Kinds: "single", "pair", "multi" (several labels, thresholds), "korean" (Hangul, one label), "adapter" (LoRA, merged).
The figures are real: measured on the saved folder. They are bad, as the models are random.
"""

import random
from pathlib import Path

import numpy as np
import yaml
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.tiny_models import ENGLISH, KOREAN, make_tiny
from textclf.arguments import MeasureArguments, ModelArguments
from textclf.data.auditing.audit import audit
from textclf.data.cleaning import normalizer
from textclf.evaluation.comparison import compare
from textclf.evaluation.decisions import settle
from textclf.evaluation.predictions import write_predictions
from textclf.evaluation.report import measure
from textclf.hub.card import render_card
from textclf.hub.data_texts import remember_texts
from textclf.inference.classifier import Classifier
from textclf.labels import LabelSpace
from textclf.models import checkpoint
from textclf.models.lora import adapt
from textclf.run_folder import RunFolder

LABELS = {
    "single": ("bad", "good", "neither | nor"),
    "pair": ("politics", "sport"),
    "multi": ("economy", "it", "society", "culture"),
    "korean": ("부정", "긍정"),
    "adapter": ("bad", "good"),
}
FAMILIES = {"single": "bert", "pair": "bert", "multi": "roberta", "korean": "bert", "adapter": "bert"}
FILES = {"README.md", "audit.json", "config.json", "evaluation.json", "model.safetensors", "recipe.yaml"}
FILES |= {"tokenizer.json", "tokenizer_config.json", "textclf.json"}  # what goes up of these runs, without adapters
SIZES = {"train": 40, "validation": 30, "test": 34}
MAX_LENGTH = 48


class LabelPrior:
    """The baseline of these runs: every text gets the labels' shares as scores."""

    def __init__(self, labels, shares):
        self.labels, self.thresholds, self.shares = labels, None, shares

    def scores(self, texts):
        return np.tile(self.shares.astype(np.float32), (len(texts), 1))


def make_run(folder, kind="single", *, seed=0, clean=(), calibrate=True, tested=SIZES["test"]):
    """Write a finished run into `folder` and return it as a RunFolder; `clean`: steps inside its tokenizer.

    What a random model cannot know, calibration flattens until all scores are alike.
    """
    folder = Path(folder)
    base = make_tiny(FAMILIES[kind], folder.parent / f"{folder.name}-base", labels=LABELS[kind], seed=seed)
    model = AutoModelForSequenceClassification.from_pretrained(base)
    tokenizer = checkpoint.prepare_tokenizer(AutoTokenizer.from_pretrained(base), normalizer(list(clean)))
    model.config.problem_type = "multi_label_classification" if kind == "multi" else "single_label_classification"
    model.config.text_columns = ["title", "body"] if kind == "pair" else ["sentence"]
    run = RunFolder(folder)
    folder.mkdir(parents=True)
    if kind == "adapter":
        model.config._name_or_path = "someone/tiny-bert"
        model = adapt(model, ModelArguments(lora="lora"), fresh=())
    checkpoint.save(model, tokenizer, folder, max_length=MAX_LENGTH)
    sizes = {**SIZES, "test": tested}
    splits = {name: _split(kind, name, seed, rows) for name, rows in sizes.items()}
    run.write_text("recipe.yaml", _recipe(kind))
    run.write_json("audit.json", audit(DatasetDict(splits)).to_dict())
    remember_texts(run, DatasetDict(splits), ["sentence", "label"])
    run.write_text("training_log.jsonl", '{"epoch": 1, "loss": 0.7}\n')
    run.write_json("evaluation.json", _evaluate(run, kind, splits, calibrate))
    run.write_text("README.md", str(render_card(run)))
    (folder / "checkpoints").mkdir(exist_ok=True)  # settling leaves the last layer there
    (folder / "checkpoints" / "optimizer.pt").write_bytes(b"\x80\x04 stays at home")
    return run


def _split(kind, name, seed, rows):
    """Return rows whose texts differ between splits; every fifth is longer than the model reads."""
    labels, rng = LABELS[kind], random.Random(f"{kind} {name} {seed}")
    sentences = KOREAN if kind == "korean" else ENGLISH
    texts, pairs, gold = [], [], []
    for row in range(rows):
        count = 9 if row % 5 == 0 else rng.choice((1, 2))
        texts.append(f"{' '.join(rng.choices(sentences, k=count))} ({name} {row})")
        pairs.append([None, "", *sentences][rng.randrange(2 + len(sentences))] if row % 3 else rng.choice(sentences))
        chosen = sorted(rng.sample(range(len(labels)), k=rng.randrange(len(labels)))) if kind == "multi" else None
        gold.append(row % len(labels) if chosen is None else chosen)
    label = ClassLabel(names=list(labels))
    features = {"text": Value("string"), "labels": List(label) if kind == "multi" else label}
    columns = {"text": texts, "labels": gold}
    if kind == "pair":
        features, columns = features | {"text_pair": Value("string")}, columns | {"text_pair": pairs}
    return Dataset.from_dict(columns, features=Features(features))


def _recipe(kind):
    recipe = {
        "train_file": "reviews.csv",
        "model": "tiny" if kind == "single" else "someone/tiny-bert",
        "model_revision": None if kind == "single" else "0123456789abcdef0123456789abcdef01234567",
        "num_train_epochs": 4.0,
        "learning_rate": 5e-05,
        "seed": 42,
        **({"lora": "lora", "lora_r": 8} if kind == "adapter" else {}),
    }
    return yaml.safe_dump({key: value for key, value in recipe.items() if value is not None}, sort_keys=False)


def _evaluate(run, kind, splits, calibrate):
    """Settle on validation, measure on test, and return what evaluation.json holds."""
    settled = (
        {"calibration": None, "thresholds": None}
        if kind == "adapter"
        else settle(run, splits["validation"], MeasureArguments(calibrate=calibrate)).record
    )
    classifier, labels = Classifier.load(run.path), LabelSpace.from_features(splits["test"].features)
    reports = {name: measure(classifier, splits[name], draws=50) for name in ("validation", "test")}
    for name, report in reports.items():
        write_predictions(run, name, splits[name], report)
    train = labels.gold(splits["train"])
    shares = train.mean(axis=0) if labels.multi_label else np.bincount(train, minlength=len(labels)) / len(train)
    prior = measure(LabelPrior(labels, shares), splits["test"], draws=50)
    metric = "average_precision_micro" if labels.multi_label else "f1_macro"
    test = reports["test"].to_dict()
    return {
        "task": labels.problem_type,
        "split": "test",
        "labels": list(labels.names),
        "data": _data(kind),
        **test,
        "confusion_matrix": test.get("confusion_matrix", reports["test"].confusion),
        "validation": {"n": SIZES["validation"], "metrics": reports["validation"].metrics},
        "baselines": {"prior": {"chosen": {}, "metrics": prior.metrics}},
        "against_baseline": compare(reports["test"], prior, "prior", metric),
        "selection": {
            "metric": metric,
            "split": "validation",
            "value": reports["validation"].metrics[metric]["value"],
            "epoch": 3.0,
        },
        **settled,
        "long_text": None,
        "test_scored": 1,
        "scored_on": classifier.model.device.type,
        "training": {
            "seconds": 61.37,
            "examples_per_second": 104.2,
            "device": "AMD EPYC",
            "precision": "fp32",
            "processes": 1,
            "threads": 2,
            "versions": {"torch": "2.13.0", "transformers": "5.23.0"},
        },
    }


def _data(kind):
    return {
        "name": "reviews",
        "config": None,
        "revision": None,
        "files": [
            {"name": "reviews.csv", "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}
        ],
        "licence": "cc0-1.0",
        "languages": [],
        "source": None,
        "fingerprint": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
        "sizes": SIZES,
        "how_split": "test and validation carved out of the training rows, stratified, seed 13",
        "text_columns": ["title", "body"] if kind == "pair" else ["sentence"],
        "label_columns": ["label"],
        "removed": {"text that stands in test too": 2},
    }
