"""Are promises kept? `python -m benchmarks.promises --hate_speech D --korean_news_titles D --reuters_topics D`.

A TF-IDF + SVM baseline is trained on a part of each data set; all its other rows are resplit 500 times into
validation, guarantee and new texts. Counted are the resplits in which the new texts break what the guarantee rows
promised. Writes results/promises.md.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from datasets import concatenate_datasets
from numpy.typing import NDArray
from scipy.stats import betabinom

from benchmarks.speed_machine import processor
from textclf.arguments import DataArguments
from textclf.data.loading import load_splits
from textclf.evaluation.abstention import Promise, find_cut
from textclf.evaluation.baselines.fitted import fit_baselines
from textclf.evaluation.label_sets import covered, cuts_by_label, marginal_cut
from textclf.evaluation.promises import answers, cut_sequences
from textclf.evaluation.report import Report
from textclf.inference.classifier import texts_of
from textclf.labels import LabelSpace

RESULT = Path(__file__).parent / "results" / "promises.md"
RESPLITS = 500
RISKS = (0.05, 0.1, 0.2)
COVERAGE = 0.9
TRAIN_SHARE = 0.4  # of all rows; the others are scored once and resplit
FEWEST = 100  # answers of a label among all scored rows, for its promise to be watched


class Pool(NamedTuple):
    """Scored rows that the baseline never saw."""

    name: str
    labels: LabelSpace
    scores: NDArray[np.float32]  # [N, L]
    gold: NDArray[np.int64]  # [N], or 0/1 [N, L]
    thresholds: NDArray[np.float64] | None

    def part(self, rows: NDArray[np.int64]) -> Report:
        """Return some rows as a report without figures."""
        scores, gold = self.scores[rows], self.gold[rows]
        predicted = self.labels.decide(scores, self.thresholds)
        empty: dict[str, Any] = {"metrics": {}, "per_label": {}, "confusion": None, "draws": {}}
        return Report(self.labels, gold, scores, predicted, self.thresholds, **empty)


def pools(args: Namespace) -> Iterator[Pool]:
    """Train a baseline on a part of each data set that is at hand, and score all other rows."""
    for name in ("hate_speech", "korean_news_titles", "reuters_topics"):
        if not (folder := getattr(args, name)):
            continue
        kept = {"min_label_count": 20} if name == "reuters_topics" else {}
        splits = load_splits(DataArguments(dataset=name, data_dir=folder, **kept)).splits
        labels = LabelSpace.from_features(splits["train"].features)
        rows = concatenate_datasets([splits["train"], splits["test"]]).shuffle(seed=0)
        cut = int(TRAIN_SHARE * len(rows))
        (baseline,) = fit_baselines(["tfidf_svm"], rows.select(range(cut)), splits["validation"], labels)
        unseen = rows.select(range(cut, len(rows)))
        yield Pool(name, labels, baseline.scores(texts_of(unseen)), labels.gold(unseen), baseline.thresholds)


def resplits(pool: Pool, size: int) -> Iterator[tuple[Report, Report]]:
    """Yield a guarantee part of `size` rows, and all other rows but the validation part, RESPLITS times."""
    rng = np.random.default_rng(0)
    for _ in range(RESPLITS):
        order = size + rng.permutation(len(pool.scores) - size)
        yield pool.part(order[:size]), pool.part(order[size:])


def risk_row(pool: Pool, promise: Promise, size: int) -> list[str]:
    """Return a row of the table of abstention: how often a cut was given, how often new texts broke it."""
    watched = {
        name for name, (scores, _) in answers(pool.part(np.arange(len(pool.scores)))).items() if len(scores) >= FEWEST
    }
    given = broken = tries = 0
    answered = []
    sequences = cut_sequences(pool.part(np.arange(size)))  # the rows are in random order
    for guarantee, new in resplits(pool, size):
        unseen, here = answers(new), answers(guarantee)
        for name in watched:
            outcome = find_cut(promise, sequences[name], *here[name], size)
            tries += 1
            if outcome.cut is None:
                continue
            given += 1
            scores, wrong = unseen[name]
            kept = scores >= outcome.cut
            answered.append(kept.mean() if len(kept) else np.nan)
            broken += bool(kept.any() and wrong[kept].mean() > promise.risk)
    noise = 2 * np.sqrt((1 - promise.confidence) * promise.confidence / RESPLITS)
    coverage = f"{np.nanmean(answered):.3f}" if given else "-"
    what = "answers" if not pool.labels.multi_label else f"given labels ({len(watched)} labels)"
    return [
        pool.name,
        what,
        f"{size:,}",
        f"{promise.risk:.2f}",
        f"{given / tries:.3f}",
        coverage,
        f"{broken / tries:.4f}",
        f"{1 - promise.confidence + noise:.4f}",
    ]


def coverage_row(pool: Pool, size: int, by_label: bool) -> list[str]:
    """Return a row of the table of label sets: mean coverage, its spread, and what the theorem expects of both."""
    found, sizes = [], []
    worst = []
    for guarantee, new in resplits(pool, size):
        arrays = guarantee.scores, guarantee.gold, pool.labels, COVERAGE
        cut = cuts_by_label(*arrays) if by_label else marginal_cut(*arrays)
        sets = new.scores >= cut
        found.append(covered(sets, new.gold).mean())
        sizes.append(sets.sum(axis=1).mean())
        carries = new.gold if pool.labels.multi_label else np.eye(len(pool.labels), dtype=int)[new.gold]
        enough = carries.sum(axis=0) >= FEWEST
        worst.append(((sets & (carries == 1)).sum(axis=0)[enough] / carries.sum(axis=0)[enough]).min())
    new_rows = len(pool.scores) - 2 * size
    band, inside = "-", "-"
    if not (by_label or pool.labels.multi_label):  # the law of coverage on m new texts (Vovk 2012; Angelopoulos 2021)
        misses = int(np.floor((1 - COVERAGE) * (size + 1)))
        law = betabinom(new_rows, size + 1 - misses, misses)
        low, high = law.ppf([0.025, 0.975]) / new_rows
        band = f"{low:.3f} to {high:.3f}"
        inside = f"{np.mean((np.array(found) >= low) & (np.array(found) <= high)):.3f}"
    return [
        pool.name,
        "by label" if by_label else "on average",
        f"{size:,}",
        f"{np.mean(found):.4f}",
        f"{np.quantile(found, 0.025):.3f} to {np.quantile(found, 0.975):.3f}",
        band,
        inside,
        f"{np.mean(worst):.3f}",
        f"{np.mean(sizes):.2f} of {len(pool.labels)}",
    ]


def table(head: str, rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    columns = head.split("|")
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(part.strip() for part in line)} |" for line in lines)


def main(args: Namespace) -> None:
    """Resplit every data set at hand and write both tables."""
    risks, coverages, sizes_of = [], [], []
    for pool in pools(args):
        n = len(pool.scores)
        sizes_of.append(f"{pool.name} {n:,}")
        for size in (n // 10, n // 4):
            for risk in RISKS:
                risks.append(risk_row(pool, Promise(risk, 0.95), size))
                print(risks[-1], flush=True)
            for by_label in (False, True):
                coverages.append(coverage_row(pool, size, by_label))
                print(coverages[-1], flush=True)
    text = (
        f"# Are promises kept?\n\n{RESPLITS} resplits of {', '.join(sizes_of)} rows that a TF-IDF + SVM "
        f"baseline never saw; {processor()}, {date.today()}.\n\n## Abstention, 95 % confidence\n\n"
        "*broken*: of all tries, those in which more than the risk of the new texts' answers were wrong.\n\n"
        + table("data | of | guarantee rows | risk | cut given | answered | broken | at most, with noise", risks)
        + f"\n\n## Label sets, coverage {COVERAGE}\n\n*by theory*: the 95 % band of the beta-binomial law.\n\n"
        + table(
            "data | kept | guarantee rows | mean coverage | 95 % of resplits | by theory | inside it | worst label "
            "| labels in a set",
            coverages,
        )
        + "\n"
    )
    RESULT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    for data in ("hate_speech", "korean_news_titles", "reuters_topics"):
        parser.add_argument(f"--{data}", metavar="FOLDER")
    main(parser.parse_args())
