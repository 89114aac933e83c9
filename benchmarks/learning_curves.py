"""Does the interval of a learning curve hold what more data then gives? Predicted from a half, and from a quarter.

python -m benchmarks.learning_curves --data_dir FOLDER [--trials 40]

FOLDER holds a folder for each data set, named as its script. A trial draws rows from a data set's training rows; the
learning curve of a half (or a quarter) of them, with the subsets and draws of `train.py --learning_curve`, predicts
the score of all of them, which is then measured on the same test rows. Frozen features: TF-IDF of words, fitted once a
data set; a linear SVM (C = 0.3). Writes benchmarks/results/learning_curves.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.speed_machine import machine_line
from textclf.arguments import DataArguments
from textclf.data.loading import load_splits
from textclf.evaluation.intervals import Bounds
from textclf.evaluation.score_intervals import wilson
from textclf.inference.classifier import texts_of
from textclf.labels import LabelSpace
from textclf.metrics.text_classification.text_classification import Rows
from textclf.models.linear import support_vectors
from textclf.models.text_features import as_string, bag_of_words
from textclf.studies.power_law import forecast
from textclf.studies.subsets import DRAWS, SHARES, nested_order

SETS = ("hate_speech", "korean_comments", "korean_news_titles", "coronavirus_tweets", "reuters_topics")
MOST_ROWS = 4000  # of a trial: drawn among the training rows, so that trials differ
TIMES = (2, 4)
RESULTS = Path(__file__).parent / "results" / "learning_curves"
Score = Callable[[NDArray[np.int64]], float]


def main() -> None:
    """Run the trials of each data set, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_dir", type=Path, required=True)
    parser.add_argument("--trials", type=int, default=40, help="for each data set and each of 2 and 4 times the data")
    args = parser.parse_args()
    found: dict[str, Any] = {"machine": machine_line(), "trials": args.trials, "sets": {}}
    for name in SETS:
        score, gold = scorer(name, args.data_dir / folder_of(name))
        rows = {times: [trial(score, gold, times, seed) for seed in range(args.trials)] for times in TIMES}
        found["sets"][name] = {"rows": min(MOST_ROWS, len(gold)), **{str(times): rows[times] for times in TIMES}}
        print(name, *(f"{times}x: {np.mean([held(r) for r in rows[times]]):.2f}" for times in TIMES), flush=True)
        RESULTS.with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    RESULTS.with_suffix(".md").write_text(table(found), encoding="utf-8")


def folder_of(name: str) -> str:
    """Return the folder of a data set's raw files."""
    return "reuters21578" if name == "reuters_topics" else name


def scorer(name: str, folder: Path) -> tuple[Score, NDArray[np.int64]]:
    """Return what trains on some training rows and scores on test, and the training rows' gold labels."""
    splits, _ = load_splits(DataArguments(dataset=name, data_dir=str(folder), min_label_count=20))
    labels = LabelSpace.from_features(splits["train"].features)
    features = bag_of_words()
    train = features.fit_transform(list(map(as_string, texts_of(splits["train"]))))
    test = features.transform(list(map(as_string, texts_of(splits["test"]))))
    gold, gold_test = labels.gold(splits["train"]), labels.gold(splits["test"])
    metric = "f1_micro" if labels.multi_label else "f1_macro"

    def score(rows: NDArray[np.int64]) -> float:
        logits = support_vectors(train[rows], gold[rows], labels, 0.3, 0).logits(test)
        decided = (logits >= 0).astype(np.int64) if labels.multi_label else logits.argmax(axis=1)
        return float(Rows(gold_test, decided, None, len(labels)).figures(np.ones((1, len(gold_test))))[metric][0])

    return score, gold


def trial(score: Score, gold: NDArray[np.int64], times: int, seed: int) -> dict[str, float]:
    """Predict the score of rows drawn at random from the learning curve of 1 / `times` of them."""
    rng = np.random.default_rng(seed)
    whole = rng.permutation(len(gold))[:MOST_ROWS]
    known = whole[: len(whole) // times]
    sizes, scores = [], []
    for draw in range(DRAWS):
        order = known[nested_order(gold[known], seed=1000 * seed + draw)]
        for share in SHARES:
            part = order[: round(share * len(known))]
            sizes.append(len(part))
            scores.append(score(part) if share < 1 or not draw else scores[len(SHARES) - 1])
    predicted = forecast(np.array(sizes), np.array(scores), times)
    return {
        "value": predicted.value,
        "low": predicted.low,
        "high": predicted.high,
        "found": score(whole),
        "known": scores[len(SHARES) - 1],
    }


def held(row: dict[str, float]) -> bool:
    """Say whether a trial's interval holds what was found."""
    return row["low"] <= row["found"] <= row["high"]


def table(found: dict[str, Any]) -> str:
    """Return the results in Markdown."""
    lines = ["# Learning curves", "", f"{found['machine']}, {found['trials']} trials for each line.", ""]
    lines += [
        "| data set | rows in all | predicted from | held | width | mean error | gain found |",
        "|---|---|---|---|---|---|---|",
    ]
    for times in TIMES:
        of_all: list[bool] = []
        for name, row in found["sets"].items():
            trials = row[str(times)]
            of_all += [held(each) for each in trials]
            lines.append(_line(name, f"{row['rows']:,}", times, trials))
        low, high = wilson(float(np.mean(of_all)), len(of_all))
        bounds = Bounds(float(low), float(high))
        lines.append(f"| all | | 1/{times} | **{np.mean(of_all):.3f}** [{bounds.low:.3f}, {bounds.high:.3f}] | | | |")
    return "\n".join(lines) + "\n"


def _line(name: str, rows: str, times: int, trials: list[dict[str, float]]) -> str:
    width = np.mean([each["high"] - each["low"] for each in trials])
    off = np.mean([each["value"] - each["found"] for each in trials])
    gain = np.mean([each["found"] - each["known"] for each in trials])
    share = np.mean([held(each) for each in trials])
    return f"| {name} | {rows} | 1/{times} | {share:.3f} | {width:.4f} | {off:+.4f} | {gain:+.4f} |"


if __name__ == "__main__":
    main()
