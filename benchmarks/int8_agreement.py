"""Does int8 decide as torch's fp32 does, on rows and data that had no part in choosing how int8 is made?

    python -m benchmarks.int8_agreement RUN [RUN ...]

RUN is a finished, exported run; its test rows are scored by int8 and compared with torch's scores of them in
`predictions/`. Writes results/int8_agreement.md.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np

from textclf.evaluation.predictions import read_predictions
from textclf.evaluation.report import report_on
from textclf.evaluation.score_intervals import wilson
from textclf.inference.answers import Text
from textclf.inference.classifier import Classifier
from textclf.inference.onnx_classifier import OnnxClassifier, available_threads, open_session
from textclf.inference.onnx_folder import open_exported
from textclf.run_folder import RunFolder

from .speed_machine import machine_line

RESULTS = Path(__file__).parent / "results"
ALONE = 200  # texts that are scored alone, too, and in batches that are padded
BATCH = 32


def main(argv: list[str] | None = None) -> None:
    """Measure every run and write the table."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    args = parser.parse_args(argv)
    lines = [
        "# Agreement of int8 with fp32",
        "",
        f"Test rows of runs of MiniLM, {date.today().isoformat()}. {machine_line()} The metric is macro-F1, with "
        "several labels micro-F1, at each engine's own cuts; differences are of scores, in the last column of logits.",
        "",
        "| run | texts | same decision | 95 % lower bound | F1 torch / int8 | largest difference | 99 % quantile | "
        "alone and among others | padded in batches of 32 |",
        "|---|---:|---:|---:|---:|---:|---:|---|---:|",
        *(row(RunFolder(path)) for path in args.runs),
    ]
    text = "\n".join(lines) + "\n"
    (RESULTS / "int8_agreement.md").write_text(text, encoding="utf-8")
    print(text)


def row(run: RunFolder) -> str:
    """Return a run's row of the table."""
    torch, int8 = Classifier.load(run.path, device="cpu"), OnnxClassifier(open_exported(run.path, "onnx-int8"))
    kept = read_predictions(run, "test", torch.labels)
    scores = int8.scores(kept.texts)
    reports = [
        report_on(each, kept.gold, torch.labels, engine.thresholds, draws=0)
        for each, engine in ((kept.scores, torch), (scores, int8))
    ]
    same = float((reports[0].predicted == reports[1].predicted).mean())
    metric = "f1_micro" if torch.labels.multi_label else "f1_macro"
    before, after = (report.metrics[metric]["value"] for report in reports)
    apart = np.abs(scores - kept.scores).max(axis=1)
    some = kept.texts[:ALONE]
    alone = np.concatenate([int8.scores([text]) for text in some])
    said = (
        "equal" if np.array_equal(alone, scores[: len(some)]) else f"{np.abs(alone - scores[: len(some)]).max():.1e}"
    )
    return (
        f"| {run.path.name} | {len(kept.texts)} | {same:.4f} | {wilson(same, len(kept.texts))[0]:.4f} | {before:.4f} "
        f"/ {after:.4f} | {apart.max():.3f} | {np.quantile(apart, 0.99):.3f} | {said} | {padded(int8, some):.1e} |"
    )


def padded(int8: OnnxClassifier, texts: Sequence[Text]) -> float:
    """Return how far a logit moves, at most, in the padded batches that a server of others makes."""
    largest = 0.0
    session = open_session(int8.file, available_threads())
    names = [each.name for each in session.get_inputs()]
    for start in range(0, len(texts), BATCH):
        rows = int8.inputs_of(texts[start : start + BATCH])
        longest = max(row["input_ids"].shape[1] for row in rows)
        batch = {
            name: np.concatenate([np.pad(row[name], ((0, 0), (0, longest - row[name].shape[1]))) for row in rows])
            for name in names
        }
        apart = np.abs(session.run(["logits"], batch)[0] - int8.logits(texts[start : start + BATCH]))
        largest = max(largest, float(apart.max()))
    return largest


if __name__ == "__main__":
    main()
