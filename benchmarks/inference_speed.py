"""How fast texts are scored, beside what users would run instead: arms in turn, on the same texts and model.

    python -m benchmarks.inference_speed RUN [RUN ...] [--texts 384] [--rounds 5] [--name NAME]

RUN is a finished, exported run (train.py, export.py); its own test texts are scored, as many as --texts. Writes
results/inference_speed-<name>.json and .md. Run it on a quiet machine; the load at the start is noted.
"""

from __future__ import annotations

import json
import os
import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch
from transformers import pipeline

from textclf.inference.answers import Text
from textclf.inference.classifier import Classifier
from textclf.inference.onnx_classifier import OnnxClassifier, available_threads
from textclf.inference.onnx_folder import FILES, GATE, open_exported
from textclf.training import machine

RESULTS = Path(__file__).parent / "results"
SINGLE = 64  # texts of the one-at-a-time arms a round: enough for a median
Score = Callable[[Sequence[Text]], object]


def main(argv: list[str] | None = None) -> None:
    """Measure every run and write the results."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--texts", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--name", default="all")
    args = parser.parse_args(argv)
    torch.set_num_threads(available_threads())
    found = {
        "date": date.today().isoformat(),
        "processor": machine.device_name(torch.device("cpu")),
        "instruction_set": [name for name, there in torch.cpu.get_capabilities().items() if there is True],
        "threads": available_threads(),
        "load": round(os.getloadavg()[0], 2),
        "runs": [measure(run, args.texts, args.rounds) for run in args.runs],
    }
    (RESULTS / f"inference_speed-{args.name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (RESULTS / f"inference_speed-{args.name}.md").write_text(as_markdown(found), encoding="utf-8")
    print(as_markdown(found))


def measure(run: Path, count: int, rounds: int) -> dict[str, Any]:
    """Time every arm of one run, in turn."""
    texts = texts_of_run(run, count)
    bulk, single = arms(run)
    for score in (*bulk.values(), *single.values()):
        score(texts[:8])
    seconds: dict[str, list[float]] = {name: [] for name in bulk}
    latencies: dict[str, list[float]] = {name: [] for name in single}
    for number in range(rounds):
        for name, score in bulk.items():
            seconds[name].append(timed(score, texts))
        alone = texts[number * SINGLE % len(texts) :][:SINGLE]
        for name, score in single.items():
            latencies[name] += [timed(score, [text]) for text in alone]
        print(f"{run.name}: round {number + 1} of {rounds}", flush=True)
    rates = {name: len(texts) / median(values) for name, values in seconds.items()}
    spread = {name: [len(texts) / max(values), len(texts) / min(values)] for name, values in seconds.items()}
    p50 = {name: 1000 * median(values) for name, values in latencies.items()}
    p95 = {name: 1000 * float(np.quantile(values, 0.95)) for name, values in latencies.items()}
    gate = json.loads((run / GATE).read_text(encoding="utf-8"))["engines"]
    return {
        "name": run.name,
        "texts": len(texts),
        "tokens_a_text": tokens_a_text(run, texts),
        "rounds": rounds,
        "texts_per_second": rates,
        "slowest_and_fastest": spread,
        "p50_ms": p50,
        "p95_ms": p95,
        "gate": {name: row["outcome"] for name, row in gate.items()},
    }


def arms(run: Path) -> tuple[dict[str, Score], dict[str, Score]]:
    """Return what scores many texts, and what scores one, by name."""
    classify = pipeline("text-classification", model=str(run), device="cpu", top_k=None)
    torch_fp32 = Classifier.load(run, device="cpu")
    bulk: dict[str, Score] = {
        "pipeline, a text a call": lambda texts: [classify(as_input(t), truncation=True) for t in texts],
        "pipeline(batch_size=32)": lambda texts: classify(list(map(as_input, texts)), truncation=True, batch_size=32),
        "torch fp32": torch_fp32.scores,
    }
    single: dict[str, Score] = {
        "pipeline": lambda texts: classify(as_input(texts[0]), truncation=True),
        "torch fp32": torch_fp32.scores,
    }
    if machine.bf16_is_fast(use_cpu=True):
        bulk["torch bf16"] = single["torch bf16"] = as_bf16(run)
    for engine in reversed(FILES):
        if (run / FILES[engine]).exists():
            exported = OnnxClassifier(open_exported(run, engine))
            bulk[engine] = single[engine] = exported.scores
    return bulk, single


def as_bf16(run: Path) -> Score:
    """Return our classifier with its weights in bfloat16, for processors that compute it."""
    classifier = Classifier.load(run, device="cpu")
    classifier.model.to(torch.bfloat16)
    return classifier.scores


def as_input(text: Text) -> str | dict[str, str | None]:
    """Return a text as `pipeline()` takes it."""
    return text if isinstance(text, str) else {"text": text[0], "text_pair": text[1]}


def texts_of_run(run: Path, count: int) -> list[Text]:
    """Return test texts of a run, evenly spread."""
    rows = pq.read_table(run / "predictions" / "test.parquet", columns=["text", "text_pair"]).to_pydict()
    texts = [(text, pair) if pair else text for text, pair in zip(rows["text"], rows["text_pair"], strict=True)]
    return [texts[i] for i in np.linspace(0, len(texts) - 1, min(count, len(texts))).astype(int)]


def tokens_a_text(run: Path, texts: Sequence[Text]) -> float:
    """Return the mean number of tokens that the model reads."""
    rows = OnnxClassifier(open_exported(run, "onnx")).inputs_of(texts)
    return round(float(np.mean([row["input_ids"].shape[1] for row in rows])), 1)


def timed(score: Score, texts: Sequence[Text]) -> float:
    """Return the seconds that scoring takes."""
    began = time.perf_counter()
    score(texts)
    return time.perf_counter() - began


def as_markdown(found: dict[str, Any]) -> str:
    """Return the results for people."""
    width = "VNNI" if any("vnni" in name for name in found["instruction_set"]) else "no VNNI"
    lines = [
        "# Inference speed",
        "",
        f"{found['processor']} ({width}), {found['threads']} threads, load {found['load']} at the start, "
        f"{found['date']}; arms in turn, medians.",
    ]
    for run in found["runs"]:
        rates, alone = run["texts_per_second"], run["p50_ms"]
        calls, batches = rates["pipeline, a text a call"], rates["pipeline(batch_size=32)"]
        lines += [
            "",
            f"## {run['name']}: {run['texts']} texts of {run['tokens_a_text']} tokens, {run['rounds']} rounds",
            "",
            "| in bulk | texts/s | slowest to fastest round | x pipeline(batch_size=32) | x pipeline, a text a call |",
            "|---|---:|---:|---:|---:|",
        ]
        for name, rate in rates.items():
            low, high = run["slowest_and_fastest"][name]
            lines.append(
                f"| {name} | {rate:.0f} | {low:.0f} to {high:.0f} | {rate / batches:.2f} | {rate / calls:.2f} |"
            )
        lines += ["", "| one text at a time | p50 ms | p95 ms | pipeline's p50 / this |", "|---|---:|---:|---:|"]
        for name, value in alone.items():
            lines.append(f"| {name} | {value:.1f} | {run['p95_ms'][name]:.1f} | {alone['pipeline'] / value:.2f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
