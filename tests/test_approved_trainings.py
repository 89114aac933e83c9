"""Whole trainings of a tiny model: every step's loss, rate and norm, what was chosen, what was kept, and the answers.

The numbers are those of float32 on a processor, without dropout. They were read: rates that follow their schedule,
epochs and steps, the line of the log that was chosen and the logits that go with it.
"""

import json

import numpy as np
import pytest
from datasets import ClassLabel, Value

from tests.approved import check_approved
from tests.training_runs import accuracy, arguments, built, rows, without_dropout
from textclf.inference.classifier import Classifier, texts_of
from textclf.run_folder import STATE_MAPS
from textclf.training.few_shot import fit_few_shot
from textclf.training.fit import fit
from textclf.training.linear_fit import fit_features, fit_fine_tuned_features
from textclf.training.teaching import add_vectors

LOGGED = {"step", "epoch", "loss", "grad_norm", "learning_rate", "C", "eval_loss", "eval_f1_macro"}
OF_THE_MACHINE = {"seconds", "examples_per_second", "tokens_per_second", "device", "versions"}


def in_figures(value):
    """Write what a run holds, floating point numbers with three places, rates and Cs below 0.01 with four figures."""
    if isinstance(value, dict):
        return " ".join(f"{name} {in_figures(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return f"[{' '.join(map(in_figures, value))}]"
    small = isinstance(value, float) and 0 < abs(value) < 0.01
    return f"{value:.3e}" if small else f"{value:.3f}" if isinstance(value, float) else str(value)


def told(run, validation):
    """A run in lines: its log, its facts, the files that are left, and the logits that its folder gives."""
    log = [json.loads(line) for line in (run.path / "training_log.jsonl").read_text(encoding="utf-8").splitlines()]
    lines = [in_figures({name: row[name] for name in row if name in LOGGED}) for row in log]
    facts = {name: value for name, value in run.training.items() if name not in OF_THE_MACHINE}
    lines += [f"training: {in_figures(facts)}", f"selection: {in_figures(run.selection)}"]
    lines += sorted(str(path.relative_to(run.path)) for path in (run.path / "checkpoints").rglob("*.*"))
    if (run.path / STATE_MAPS).exists():
        found = json.loads((run.path / STATE_MAPS).read_text(encoding="utf-8"))
        lines += [in_figures({"rows": found["rows"], "of": found["of"]}), *map(in_figures, found["epochs"])]
        lines += map(in_figures, found["maps"])
    logits = Classifier.load(run.path).logits(texts_of(validation))
    return "\n".join([*lines, *("logits" + "".join(f" {value:.3f}" for value in row) for row in logits)])


def taught(count):
    """Rows with all that can be learned beside labels; the labels of every third are only filled in."""
    split, draws = rows(count), np.random.default_rng(4)
    opinions, vectors = draws.dirichlet([1, 1], size=count), draws.normal(size=(count, 3))
    opinions[::5] = -1
    split = split.add_column("cluster", [row % 3 for row in range(count)], feature=ClassLabel(num_classes=3))
    split = add_vectors(split, "opinion", opinions.astype(np.float32))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    split = add_vectors(split, "embedding", vectors.astype(np.float32))
    return split.add_column("labelled", [row % 3 > 0 for row in range(count)], feature=Value("bool"))


def unequal(count):
    """Rows of which one in four is English."""
    split = rows(count * 4)
    of_label = [[row for row, label in enumerate(split["labels"]) if label == wanted] for wanted in (0, 1)]
    return split.select(sorted([*of_label[0][: count - count // 4], *of_label[1][: count // 4]]))


def several(count, seed=0):
    return rows(count, multi_label=True, seed=seed)


LINEAR = {"head": "linear", "pooling": "mean"}
RUNS = {
    "followed": {"follow_states": 5},
    "batches_summed": {"gradient_accumulation_steps": 2, "per_device_train_batch_size": 4, "warmup_steps": 0.5,
                       "lr_scheduler_type": "cosine"},
    "by_tokens_head_first": {"tokens_per_batch": 130, "warmup_steps": 2, "freeze_encoder_epochs": 1,
                             "compact_vocabulary": False},
    "lower_layers_slower": {"layer_decay": 0.5, "weight_decay": 0.3, "max_steps": 4, "eval_delay": 1},
    "patience": {"early_stopping_patience": 1, "num_train_epochs": 5, "keep_last": True},
    "plateau_by_steps": {"eval_strategy": "steps", "eval_steps": 1, "metric_for_best_model": "loss",
                         "lr_scheduler_type": "reduce_lr_on_plateau", "lr_scheduler_kwargs": {"patience": 0}},
    "taught": {"rows": taught, "teacher": "x", "teacher_weight": 0.3, "cluster_inject": "target",
               "cluster_weight": 0.2, "cluster_k": 3},
    "adapter_weighted": {"rows": unequal, "class_weights": ["balanced"], "label_smoothing_factor": 0.1,
                         "model": {"lora": "lora", "lora_r": 4}},
    "several": {"rows": several, "loss": "focal", "class_weights": ["balanced"]},
    "features": {"fit": fit_features, "model": LINEAR, "linear_model": "logistic"},
    "several_features": {"fit": fit_features, "model": LINEAR, "rows": several},
    "fine_tuned_features": {"fit": fit_fine_tuned_features, "model": LINEAR, "num_train_epochs": 1},
    "few_shot": {"fit": fit_few_shot, "family": "few_shot", "model": LINEAR, "count": 10},
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_a_training_is_the_one_that_was_looked_at(name, tiny_model, tmp_path):
    options = {"learning_rate": 2e-3, "logging_steps": 1, "precision": "fp32"} | RUNS[name]
    call, made, wanted = (options.pop(key, usual) for key, usual in (("fit", fit), ("rows", rows), ("model", {})))
    train, validation = made(options.pop("count", 24)), several(10, seed=3) if made is several else rows(10, seed=3)
    model, tokenizer = built(tiny_model("bert"), train, **wanted)
    run = call(
        without_dropout(model), tokenizer, train, validation, arguments(tmp_path / "run", **options),
        max_length=64, metrics=accuracy,
    )  # fmt: skip
    check_approved(f"training_{name}.txt", told(run, validation))
