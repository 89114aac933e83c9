"""Are cuts of several labels better when out-of-fold training rows help validation to choose them?

    python -m benchmarks.fold_cuts --reuters_topics FOLDER

Five times a quarter of the rows is put aside at random; of the rest, 15 % are validation, and five folds of the other
rows are scored by models that were fitted without them. Both arms have one model (a linear SVM on TF-IDF of words,
C = 1) and differ in the rows that its cuts are chosen on (best F1). The test split is not read.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from datasets import Dataset, concatenate_datasets
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import t as student
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline

from textclf.data.folds import assign_folds
from textclf.data.loading import load_splits
from textclf.data.model_text import join_columns
from textclf.evaluation.thresholds import choose
from textclf.labels import LabelSpace
from textclf.models.linear import LinearModel, support_vectors
from textclf.models.text_features import WordNgrams
from textclf.recipe import read_recipe

from .speed_machine import describe_machine

RESULT = Path(__file__).parent / "results" / "fold_cuts.md"
SEEDS, FOLDS, ASIDE, VALIDATION = 5, 5, 0.25, 0.15
BINS = ((0, 5), (5, 20), (20, 100), (100, 10**9))  # validation texts of a label


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reuters_topics", required=True, help="folder with the raw files")
    words = [
        "--dataset",
        "reuters_topics",
        "--data_dir",
        parser.parse_args().reuters_topics,
        "--min_label_count",
        "20",
    ]
    splits = join_columns(load_splits(read_recipe(words).data).splits, "\n")
    rows = concatenate_datasets([splits["train"], splits["validation"]])
    found = [trial(rows, seed) for seed in range(SEEDS)]
    RESULT.write_text(table(found, len(rows)), encoding="utf-8")
    print(RESULT.read_text(encoding="utf-8"))


def trial(rows: Dataset, seed: int) -> list[list[float]]:
    """Return for either arm micro F1, macro F1 and the mean F1 of each bin of labels, on the quarter put aside."""
    labels = LabelSpace.from_features(rows.features)
    order = np.random.default_rng(seed).permutation(len(rows))
    aside, rest = np.split(order, [int(len(rows) * ASIDE)])
    validation, train = np.split(rest, [int(len(rest) * VALIDATION)])
    gold, texts = labels.gold(rows), list(rows["text"])
    fold = assign_folds(rows.select(train), FOLDS, seed)
    held = [(train[fold != k], train[fold == k]) for k in range(FOLDS)]
    told = np.concatenate([scores(texts, gold, labels, fit_on, [score])[0] for fit_on, score in held])
    own, judged = scores(texts, gold, labels, train, [validation, aside])
    truth = gold[np.concatenate([score for _, score in held])]
    counts = gold[validation].sum(axis=0)
    arms = [
        choose(own, gold[validation], "f1").cuts,
        choose(np.concatenate([own, told]), np.concatenate([gold[validation], truth]), "f1").cuts,
    ]
    return [figures(judged >= cuts, gold[aside], counts) for cuts in arms]


def scores(
    texts: list[str],
    gold: NDArray[np.int64],
    labels: LabelSpace,
    train: NDArray[np.int64],
    parts: Sequence[NDArray[np.int64]],
) -> list[NDArray[np.float64]]:
    """Fit on some rows, vocabulary included; return the scores of others, [n, L] each."""
    features = make_pipeline(WordNgrams(1), TfidfTransformer(sublinear_tf=True))
    fitted: LinearModel = support_vectors(
        features.fit_transform([texts[i] for i in train]), gold[train], labels, 1.0, 0
    )
    return [expit(fitted.logits(features.transform([texts[i] for i in part])).astype(np.float64)) for part in parts]


def figures(decided: NDArray[np.bool_], gold: NDArray[np.int64], counts: NDArray[np.int64]) -> list[float]:
    """Return micro F1, macro F1, and the mean F1 of the labels of each bin."""
    each = f1_score(gold, decided, average=None, zero_division=0)
    bins = [each[(counts >= low) & (counts < high)].mean() for low, high in BINS]
    return [f1_score(gold, decided, average="micro"), each.mean(), *bins]


def table(found: list[list[list[float]]], n: int) -> str:
    """Return the means of the arms and of their difference, with 95 % intervals (Student's t over the draws)."""
    values = np.array(found)  # [seeds, arms, figures]
    names = ["micro F1", "macro F1", *(f"F1, labels with {low} to {high - 1}" for low, high in BINS[:-1])]
    names.append(f"F1, labels with {BINS[-1][0]} or more")
    machine = describe_machine()["processor"]
    lines = [
        "# Cuts of several labels, chosen on validation alone and with out-of-fold rows beside it",
        "",
        f"Newswire, 44 topics, {n:,} training and validation articles, a quarter put aside {SEEDS} times; linear SVM "
        f"on TF-IDF of words. {machine}, {time.strftime('%Y-%m-%d')}. Mean over the draws, difference with its "
        "95 % interval; labels by the validation articles that carry them.",
        "",
        "| | validation alone | with out-of-fold rows | difference |",
        "|---|---|---|---|",
    ]
    for place, name in enumerate(names):
        alone, helped = values[:, 0, place], values[:, 1, place]
        less = helped - alone
        half = student.ppf(0.975, len(less) - 1) * less.std(ddof=1) / len(less) ** 0.5
        lines.append(f"| {name} | {alone.mean():.4f} | {helped.mean():.4f} | {less.mean():+.4f} ± {half:.4f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
