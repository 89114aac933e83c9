"""How much of what an encoder's last layers add should a linear model on its states keep?

    python -m benchmarks.last_layers --data_dir FOLDER

FOLDER holds a folder of raw files for each data set. Up to 2,000 training rows of each are read by the encoder as it
comes and with its last layers scaled (`--residual_scale`). `many`: each quarter of the rows is judged by an SVM of the
others, whose C another quarter chose. `few`: a logistic regression of 16 texts a class at the usual C of few_shot is
judged by the rest, ten draws. Arms are compared text by text, or draw by draw. The test splits are not read.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from scipy.stats import t as student
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

from textclf.arguments import ModelArguments
from textclf.labels import LabelSpace
from textclf.models.encoder import build, for_linear_model
from textclf.models.encoder_layers import LAYERS
from textclf.models.last_layers import scale_layers
from textclf.models.linear import logistic, support_vectors
from textclf.training.few_shot import USUAL
from textclf.training.pooled_states import PooledStates

from .few_labels import MODEL, data_of, few
from .speed_machine import describe_machine

RESULT = Path(__file__).parent / "results" / "last_layers.md"
DATA = ("hate_speech", "coronavirus_tweets", "korean_comments", "korean_news_titles", "news_sample")
MOST, QUARTERS, CS, FEW, DRAWS, LENGTH = 2_000, 4, (1e-4, 1e-3, 1e-2), 16, 10, 256


class Arm(NamedTuple):
    """So many of six layers, and how much of what they add is kept."""

    layers: int
    kept: float


WHOLE = Arm(0, 1.0)
ARMS = (WHOLE, Arm(2, 0.5), Arm(3, 0.7), Arm(3, 0.5), Arm(3, 0.3), Arm(4, 0.5))


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", required=True, help="folder of the data sets' folders")
    parser.add_argument("--data", nargs="+", default=list(DATA), choices=DATA)
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    lines = []
    for name in args.data:
        folder = None if name == "news_sample" else str(Path(args.data_dir, name).absolute())
        rows = data_of(name, folder).splits["train"].shuffle(seed=0)
        lines += lines_of(name, rows.select(range(min(MOST, len(rows)))))
        print(*lines[-len(ARMS) :], sep="\n", flush=True)
    RESULT.write_text("\n".join([*head(), *lines]) + "\n", encoding="utf-8")


def lines_of(name: str, rows: Dataset) -> list[str]:
    """Return a data set's lines of the table."""
    labels, gold = LabelSpace.from_features(rows.features), np.array(rows["labels"])
    right = {}
    for arm in ARMS:
        states = states_of(rows, labels, arm)
        right[arm] = (many(states, gold, labels), drawn(states, rows, labels))
    found = []
    for arm, each in right.items():
        cells = [figure(mine, whole, arm) for mine, whole in zip(each, right[WHOLE], strict=True)]
        way = "as it comes" if arm == WHOLE else f"the last {arm.layers}: {arm.kept:g}"
        found.append(f"| {name}, {len(rows):,} | {way} | {' | '.join(cells)} |")
    return found


def figure(mine: NDArray[np.float64], whole: NDArray[np.float64], arm: Arm) -> str:
    """Return the mean of what is right, and how far it is from the encoder as it comes, with a 95 % interval."""
    if arm == WHOLE:
        return f"{mine.mean():.4f} |"
    less = mine - whole
    half = student.ppf(0.975, len(less) - 1) * less.std(ddof=1) / len(less) ** 0.5
    return f"{mine.mean():.4f} | {less.mean():+.4f} ± {half:.4f}"


def states_of(rows: Dataset, labels: LabelSpace, arm: Arm) -> NDArray[np.float64]:
    """Return the states that a linear model reads, [N, d]."""
    model, tokenizer = build(for_linear_model(ModelArguments(model=MODEL), "features"), labels)
    parts = LAYERS[model.config.model_type]
    layers = list(model.get_submodule(parts.layers))[:-1]  # without the one that averages
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        scale_layers(layers[len(layers) - arm.layers :], parts, arm.kept)
        return PooledStates(model, tokenizer, LENGTH).of(rows).astype(np.float64)


def many(states: NDArray[np.float64], gold: NDArray[np.int64], labels: LabelSpace) -> NDArray[np.float64]:
    """Return for each text whether an SVM of the other quarters is right; another quarter chooses its C."""
    quarter = np.empty(len(gold), dtype=int)
    folds = StratifiedKFold(QUARTERS, shuffle=True, random_state=0)
    for number, (_, rows) in enumerate(folds.split(states, gold)):
        quarter[rows] = number
    right = np.empty(len(gold))
    for judged in range(QUARTERS):
        chooses = quarter == (judged + 1) % QUARTERS
        others = (quarter != judged) & ~chooses

        def accuracy(c: float, rows: NDArray[np.bool_], on: NDArray[np.bool_]) -> NDArray[np.bool_]:
            scaler = StandardScaler().fit(states[rows])
            fitted = support_vectors(scaler.transform(states[rows]), gold[rows], labels, c, 0)
            return np.asarray(fitted.logits(scaler.transform(states[on])).argmax(axis=1) == gold[on])

        best = max(CS, key=lambda c: accuracy(c, others, chooses).mean())
        right[quarter == judged] = accuracy(best, quarter != judged, quarter == judged)
    return right


def drawn(states: NDArray[np.float64], rows: Dataset, labels: LabelSpace) -> NDArray[np.float64]:
    """Return for each draw of a few texts how many of the others a logistic regression of them has right."""
    numbered, gold = rows.add_column("row", np.arange(len(rows))), np.array(rows["labels"])
    found = []
    for seed in range(10, 10 + DRAWS):  # few_labels has the draws before
        parts = few(numbered, FEW, seed)
        assert parts is not None
        known, others = (np.array(part["row"]) for part in parts)
        scaler = StandardScaler().fit(states[known])
        fitted = logistic(scaler.transform(states[known]), gold[known], labels, 10.0**USUAL, 0)
        found.append((fitted.logits(scaler.transform(states[others])).argmax(axis=1) == gold[others]).mean())
    return np.array(found)


def head() -> list[str]:
    """Return what stands above the table."""
    machine = "{processor}, {instruction_set}".format(**describe_machine())
    return [
        "# Last layers",
        "",
        f"{machine}, {time.strftime('%Y-%m-%d')}; MiniLM, six layers, not trained. Made by "
        "`python -m benchmarks.last_layers`. Shares of texts that a linear model on its states has right, and "
        "differences with 95 % intervals, over texts (many) and over draws (few, 16 texts a class).",
        "",
        "| training rows | what the layers add | many | less as it comes | few | less as it comes |",
        "|---|---|---|---|---|---|",
    ]


if __name__ == "__main__":
    main()
