"""How fast training is, beside what users would run instead: arms in turn, on the same rows and model.

    python -m benchmarks.train_speed --data hate_speech --data_dir DIR
    python -m benchmarks.train_speed --data reuters_topics --data_dir DIR --lengths 128 512
    python -m benchmarks.train_speed --data short long --model base --lengths 128 512      (a CUDA machine, no data)
    python -m benchmarks.train_speed --data full --lengths 512 --no_memory             (then again with --add_memory)

Writes results/train_speed-<name>.json and .md. Run it on a quiet machine; the load at the start is noted.
"""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification, PreTrainedModel, set_seed

from benchmarks.speed_arms import ARMS, Clock, Round, arms
from benchmarks.speed_ceiling import ceiling, weights_without_embeddings
from benchmarks.speed_data import LENGTHS, Rows, made_rows, real_rows
from benchmarks.speed_machine import describe_machine
from benchmarks.speed_table import RESULTS, as_markdown, write
from textclf.training import machine

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
# Drawn at random: bert-base's shape, and that of FacebookAI/xlm-roberta-base (its config.json).
SHAPES: dict[str, dict[str, Any]] = {
    "base": {"model_type": "bert"},
    "multilingual": {
        "model_type": "xlm-roberta",
        "vocab_size": 250002,
        "max_position_embeddings": 514,
        "type_vocab_size": 1,
        "layer_norm_eps": 1e-5,
    },
}


def main(argv: list[str]) -> None:
    """Measure every data set at every length and write the results."""
    args = read_arguments(argv)
    use_cpu = not machine.accelerator_found()
    if args.processor_time:
        args.threads, Clock.now = 1, staticmethod(time.process_time)
    torch.set_num_threads(args.threads or machine.available_cores())
    if args.add_memory:
        add_memory(args)
        return
    found = []
    for name in args.data:
        for length in args.lengths:
            rows = _rows(name, args, length)
            if args.memory_of:
                _one_arm(rows, args, use_cpu)
                return
            found.append(measure(rows, args, use_cpu))
            print(as_markdown([found[-1]]), flush=True)
    content = {"date": str(date.today()), "machine": describe_machine(), "versions": machine.library_versions()}
    content |= {"rounds": args.rounds, "processor_time": args.processor_time, "results": found}
    write(content, _name(args))


def read_arguments(argv: list[str]) -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    kinds = ", ".join(LENGTHS)
    parser.add_argument("--data", nargs="+", default=["hate_speech"], help=f"data sets, or made-up texts: {kinds}")
    parser.add_argument("--data_dir", help="where the data set's raw files are")
    parser.add_argument("--model", default=MINILM, help=f"a model, or a shape: {', '.join(SHAPES)}")
    parser.add_argument("--lengths", nargs="+", type=int, default=[128], help="tokens that texts are cut to")
    parser.add_argument("--rows", type=int, default=512, help="texts of a round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each arm, behind one that warms up")
    parser.add_argument("--batch_size", type=int, default=32, help="texts of an optimiser step")
    parser.add_argument("--threads", type=int, default=0, help="processor threads (0: all cores)")
    parser.add_argument("--arms", nargs="+", choices=ARMS, help="compared with the plain Trainer (default: all)")
    parser.add_argument("--name", default="", help="of the result files (default: the data sets)")
    parser.add_argument("--processor_time", action="store_true", help="count one thread's: for a machine with others")
    parser.add_argument("--no_memory", action="store_true", help="no peak memory, for which each arm runs again")
    parser.add_argument("--add_memory", action="store_true", help="put it into earlier results, on a busy machine too")
    parser.add_argument("--memory_of", choices=ARMS, help="one round of this arm alone; prints its peak memory")
    return parser.parse_args(argv)


def _rows(name: str, args: Namespace, length: int) -> Rows:
    if name in LENGTHS:
        return made_rows(name, args.rows, length)
    return real_rows(name, args.data_dir, args.model, args.rows, length)


def build(model: str, rows: Rows) -> PreTrainedModel:
    """Return the model with a head for the rows' labels, from weights or from a shape."""
    set_seed(1)
    if model in SHAPES:
        labels = {"num_labels": len(rows.labels), "problem_type": rows.labels.problem_type}
        config = AutoConfig.for_model(**SHAPES[model], **labels)
        return AutoModelForSequenceClassification.from_config(config, dtype=torch.float32)
    from textclf.models.weights import locate  # only with weights: needs the Hub's client

    return AutoModelForSequenceClassification.from_pretrained(
        locate(model, None).path_or_id,
        num_labels=len(rows.labels),
        problem_type=rows.labels.problem_type,
        dtype=torch.float32,
    )


def measure(rows: Rows, args: Namespace, use_cpu: bool) -> dict[str, Any]:
    """Run the arms in turn, each on its own copy of the model, and return the figures."""
    model = build(args.model, rows)
    compared = {arm: ARMS[arm] for arm in ["plain Trainer", *args.arms]} if args.arms else arms(use_cpu)
    models = {arm: copy.deepcopy(model) for arm in compared}
    rounds: dict[str, list[Round]] = {arm: [] for arm in compared}
    for seed in range(args.rounds + 1):
        for arm, run in compared.items():
            rounds[arm].append(run(models[arm], rows, args.batch_size, use_cpu, seed))
    tokens = int(rows.texts.lengths.sum())
    precision = machine.choose_precision("auto", use_cpu)
    dtype, device = (
        (torch.bfloat16 if precision == "bf16" else torch.float32),
        next(models["ours"].parameters()).device,
    )
    most = ceiling(model, max(1, tokens * args.batch_size // len(rows.texts)), dtype, device)
    per_token = 6 * weights_without_embeddings(model)
    figures = {}
    for arm, done in rounds.items():
        seconds = median(each.seconds for each in done[1:])
        figures[arm] = {
            "examples_per_second": len(rows.texts) / seconds,
            "tokens_per_second": tokens / seconds,
            "share_of_ceiling": per_token * tokens / seconds / most,
            "seconds": [round(each.seconds, 3) for each in done[1:]],
            "loss": [round(each.loss, 4) for each in done],
            "peak_gigabytes": max(each.gigabytes for each in done)
            or (0.0 if args.no_memory else _memory(arm, rows.name, args)),
        }
    return {
        "data": rows.name,
        "texts": len(rows.texts),
        "tokens": tokens,
        "model": args.model,
        "batch_size": args.batch_size,
        "precision": precision,
        "ceiling_tflops": most / 1e12,
        "arms": figures,
    }


def _memory(arm: str, rows: str, args: Namespace) -> float:
    """Return the peak memory in GB of an arm over the rows of that name, in a process of its own."""
    name, length = rows.removeprefix("made up, ").split(", cut to ")
    command = [sys.executable, "-m", "benchmarks.train_speed", "--memory_of", arm, "--data", name]
    command += ["--lengths", length]
    for key in ("model", "rows", "batch_size", "threads", "data_dir"):
        if getattr(args, key):
            command += [f"--{key}", str(getattr(args, key))]
    root = Path(__file__).parent.parent
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return float(re.findall(r"peak_gigabytes ([0-9.]+)", done.stdout)[-1])


def _one_arm(rows: Rows, args: Namespace, use_cpu: bool) -> None:
    ARMS[args.memory_of](build(args.model, rows), rows, args.batch_size, use_cpu, 0)
    # Not getrusage: its maximum begins with what the process had that started this one.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    print("peak_gigabytes", int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1e6)


def add_memory(args: Namespace) -> None:
    """Measure the peak memory of every arm of earlier results, and write them again with it."""
    content = json.loads((RESULTS / f"train_speed-{_name(args)}.json").read_text(encoding="utf-8"))
    for each in content["results"]:
        for arm, of in each["arms"].items():
            of["peak_gigabytes"] = _memory(arm, each["data"], args)
    write(content, _name(args))


def _name(args: Namespace) -> str:
    return str(args.name or "-".join(args.data))


if __name__ == "__main__":
    main(sys.argv[1:])
