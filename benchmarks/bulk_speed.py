"""Rows a second of predict.py beside `pipeline(batch_size=32)` over the same texts, arms in turn, several rounds.

    python -m benchmarks.bulk_speed RUN --texts TEXTS.csv [--times 2] [--rounds 3] [--engines torch onnx-int8]

Each arm scores all texts in this process, with the model loaded; reading, tokenising and writing are part of ours
(`label`), but no part of the pipeline's.
"""

import argparse
import csv
import json
import logging
import os
import statistics
import tempfile
import time
from pathlib import Path

from transformers import pipeline
from transformers.utils import logging as transformers_logging

from benchmarks.serving_load import RESULTS, read_texts
from textclf.bulk.bulk_arguments import BulkArguments
from textclf.bulk.labelling import label, set_up


def seconds_of_pipeline(classify, texts):
    began = time.monotonic()
    for _ in classify(texts, batch_size=32, top_k=None, truncation=True):
        pass
    return time.monotonic() - began


def seconds_of_ours(model, path, engine, folder, number):
    options = BulkArguments(output=str(folder / f"{engine}-{number}.csv"), engine=engine, text_columns=["text"])
    work = set_up(str(model), [str(path)], options)
    began = time.monotonic()
    label(work)
    return time.monotonic() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model")
    parser.add_argument("--texts", required=True)
    parser.add_argument("--column", default="text")
    parser.add_argument("--times", type=int, default=1, help="how often the texts are repeated")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engines", nargs="+", default=["torch", "onnx-int8"])
    parser.add_argument("--name", help="write benchmarks/results/NAME.json and .md")
    args = parser.parse_args()
    transformers_logging.set_verbosity_error()
    logging.disable(logging.WARNING)
    texts = read_texts(args.texts, args.column, 10**9) * args.times
    classify = pipeline("text-classification", model=args.model)
    taken = {"pipeline(batch_size=32)": [], **{engine: [] for engine in args.engines}}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "texts.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["text"], *([text] for text in texts)])
        seconds_of_pipeline(classify, texts[:64])
        for number in range(args.rounds):
            taken["pipeline(batch_size=32)"].append(seconds_of_pipeline(classify, texts))
            for engine in args.engines:
                taken[engine].append(seconds_of_ours(args.model, path, engine, folder, number))
    base = statistics.median(taken["pipeline(batch_size=32)"])
    lines = ["| arm | rows/s | rows/s/core | x pipeline | rounds, s |", "|---|---|---|---|---|"]
    for arm, seconds in taken.items():
        middle = statistics.median(seconds)
        shown = ", ".join(f"{each:.1f}" for each in seconds)
        speed = len(texts) / middle
        lines.append(f"| {arm} | {speed:.1f} | {speed / os.cpu_count():.1f} | {base / middle:.2f} | {shown} |")
    print("\n".join([f"{len(texts)} texts, {os.cpu_count()} cores", *lines]))
    if args.name:
        (RESULTS / f"{args.name}.json").write_text(json.dumps({"n": len(texts), "seconds": taken}, indent=1) + "\n")
        (RESULTS / f"{args.name}.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
