"""Is it worth choosing what to label next? `predict.py --to_label` beside random picking, on hate speech.

python -m benchmarks.next_labels --data_dir FOLDER [--seeds 5]

FOLDER holds annotations_metadata.csv and its texts. 50 random training texts are labelled, then 50 more in each of
seven rounds, by each way of choosing; a logistic regression on the frozen states of MiniLM is trained after each and
measured on test. Frozen, so that a round takes seconds. Uncertainty alone is what small-text calls BreakingTies.
Writes benchmarks/results/next_labels.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student
from sklearn.preprocessing import StandardScaler

from benchmarks.speed_machine import machine_line
from textclf.arguments import DataArguments, ModelArguments
from textclf.bulk.to_label import farthest_first, uncertainty
from textclf.data.loading import load_splits
from textclf.inference.answers import Text, activate
from textclf.inference.classifier import texts_of
from textclf.labels import LabelSpace
from textclf.metrics.text_classification.text_classification import Rows
from textclf.models.encoder_features import FrozenEncoder
from textclf.models.linear import logistic

FIRST, STEP, ROUNDS = 50, 50, 7
RESULT = Path(__file__).parent / "results" / "next_labels.md"
Places = NDArray[np.int64]


class Texts(NamedTuple):
    """Training texts to choose among, and test texts, as features and labels."""

    labels: LabelSpace
    texts: Sequence[Text]
    train: NDArray[np.float32]
    gold: NDArray[np.int64]
    test: NDArray[np.float32]
    gold_test: NDArray[np.int64]


def at_random(unsure: NDArray[np.float64], texts: Sequence[Text], rng: np.random.Generator) -> Places:
    """Choose at random."""
    return rng.choice(len(texts), STEP, replace=False)


def least_sure(unsure: NDArray[np.float64], texts: Sequence[Text], rng: np.random.Generator) -> Places:
    """Choose by uncertainty alone."""
    return np.argsort(-unsure, kind="stable")[:STEP]


def unsure_and_apart(unsure: NDArray[np.float64], texts: Sequence[Text], rng: np.random.Generator) -> Places:
    """Choose as `--to_label` does."""
    return np.array(farthest_first(unsure, texts, STEP))


WAYS: dict[str, Callable[[NDArray[np.float64], Sequence[Text], np.random.Generator], Places]] = {
    "random": at_random,
    "least sure": least_sure,
    "--to_label": unsure_and_apart,
}


def read(folder: Path) -> Texts:
    """Read the data set and turn its texts into MiniLM's states."""
    splits, _ = load_splits(DataArguments(dataset="hate_speech", data_dir=str(folder)))
    labels, encoder = LabelSpace.from_features(splits["train"].features), FrozenEncoder(ModelArguments())
    texts = texts_of(splits["train"])[:]
    scaler = StandardScaler()
    train = scaler.fit_transform(encoder(texts))
    test = scaler.transform(encoder(texts_of(splits["test"])[:]))
    return Texts(labels, texts, train, labels.gold(splits["train"]), test, labels.gold(splits["test"]))


def follow(data: Texts, way: str, seed: int) -> list[float]:
    """Return macro F1 on test after each round, [ROUNDS + 1]."""
    rng = np.random.default_rng(seed)
    known = rng.choice(len(data.texts), FIRST, replace=False)  # the same for every way
    found = []
    for turn in range(ROUNDS + 1):
        model = logistic(data.train[known], data.gold[known], data.labels, 0.001, 0)
        decided = model.logits(data.test).argmax(axis=1)
        figures = Rows(data.gold_test, decided, None, len(data.labels)).figures(np.ones((1, len(decided))))
        found.append(float(figures["f1_macro"][0]))
        if turn < ROUNDS:
            left = np.setdiff1d(np.arange(len(data.texts)), known)
            unsure = uncertainty(activate(model.logits(data.train[left]), data.labels), data.labels, None)
            chosen = WAYS[way](unsure, [data.texts[place] for place in left], rng)
            known = np.concatenate([known, left[chosen]])
    return found


def main() -> None:
    """Follow every way from the same beginnings, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_dir", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    data = read(args.data_dir)
    found = {way: np.array([follow(data, way, seed) for seed in range(args.seeds)]) for way in WAYS}
    RESULT.write_text(table(found, data), encoding="utf-8")
    print(RESULT.read_text(encoding="utf-8"))


def table(found: dict[str, NDArray[np.float64]], data: Texts) -> str:
    """Return the results in Markdown: means over seeds, and the mean over all rounds less that of random picking."""
    sizes = [FIRST + STEP * turn for turn in range(ROUNDS + 1)]
    seeds = len(found["random"])
    lines = [
        "# What to label next",
        "",
        f"{machine_line()}. Macro F1 on {len(data.gold_test)} test texts, mean of {seeds} seeds;",
    ]
    lines += [f"{len(data.texts):,} training texts to choose among.", ""]
    lines += [
        f"| way | {' | '.join(f'{n} labels' for n in sizes)} | less random, mean of rounds |",
        "|---" * (len(sizes) + 2) + "|",
    ]
    for way, values in found.items():
        gain = values[:, 1:].mean(axis=1) - found["random"][:, 1:].mean(axis=1)
        reach = student.ppf(0.975, seeds - 1) * gain.std(ddof=1) / np.sqrt(seeds)
        said = (
            "" if way == "random" else f"{gain.mean():+.4f} [{gain.mean() - reach:+.4f}, {gain.mean() + reach:+.4f}]"
        )
        lines.append(f"| {way} | {' | '.join(f'{v:.3f}' for v in values.mean(axis=0))} | {said} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
