"""LoRA, rsLoRA and DoRA against full fine-tuning: figures, seconds, memory and bytes, each run in its own process.

Usage: python -m benchmarks.adaptation [RECIPE.yaml] [--arms full lora ...] [--seeds 42 ...] [--output NAME]
       [any option of train.py, --data_dir FOLDER say]

Without a recipe and without data it is recipes/hate_speech.yaml. Writes NAME.json and NAME.md. Figures are those of
the merged checkpoint on test; adaptation_trial.py has what is timed, adaptation_table.py how seeds are put together.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.adaptation_trial import Trial, run_trial
from textclf.errors import UserError, did_you_mean, run_command
from textclf.flags import build_parser
from textclf.recipe import show_help

ARMS = ("full", "lora", "rslora", "dora")
RECIPE = "recipes/hate_speech.yaml"
USAGE = "python -m benchmarks.adaptation [RECIPE.yaml] [--key value ...] [any option of train.py]"
_NAMES_DATA = ("--dataset", "--train_file")
_SET_HERE = {"lora": "--arms", "seed": "--seeds", "output_dir": "--output"}


@dataclass
class AdaptationOptions:
    """What is compared; everything else is an option of train.py."""

    arms: list[str] = field(default_factory=lambda: list(ARMS), metadata={"help": f"of {', '.join(ARMS)}"})
    seeds: list[int] = field(default_factory=lambda: [42], metadata={"help": "each arm is trained once with each"})
    adapter_learning_rate: float = field(default=3e-4, metadata={"help": "of the adapters: of PEFT's example"})
    shared_machine: bool = field(default=False, metadata={"help": "note that others used the machine meanwhile"})
    output: str = field(default="benchmarks/results/adaptation", metadata={"help": "the files, less .json and .md"})

    def __post_init__(self) -> None:
        """Check the arms."""
        for arm in self.arms:
            if arm not in ARMS:
                raise UserError(f"--arms {arm} is unknown.{did_you_mean(arm, ARMS)} Known: {', '.join(ARMS)}.")


def read_options(argv: Sequence[str]) -> tuple[AdaptationOptions, list[str]]:
    """Return our options, and the words that go to train.py in every arm.

    Raises:
        UserError: an unknown arm, or an option that differs from arm to arm.
    """
    parser = build_parser((AdaptationOptions,))
    (options,), words = parser.parse_groups(argv)
    for name, instead in _SET_HERE.items():
        if any(word.split("=")[0].replace("-", "_") == f"__{name}" for word in words):
            raise UserError(f"--{name} is set here, trial by trial; use {instead}.")
    named = (words and not words[0].startswith("-")) or any(word.startswith(_NAMES_DATA) for word in words)
    return options, words if named else [RECIPE, *words]


def order_of_trials(arms: Sequence[str], seeds: Sequence[int]) -> list[tuple[str, int]]:
    """Return the arms for each seed, every second time backwards: a machine that slows down slows all alike."""
    return [(arm, seed) for i, seed in enumerate(seeds) for arm in (arms if i % 2 == 0 else list(reversed(arms)))]


def words_of_trial(words: Sequence[str], arm: str, seed: int, adapter_rate: float) -> list[str]:
    """Return one trial's command line: the common words, then what the arm sets, which wins."""
    adapter = [] if arm == "full" else ["--lora", arm, "--learning_rate", str(adapter_rate)]
    return [*words, "--seed", str(seed), *adapter]


def run_trials(options: AdaptationOptions, words: list[str]) -> list[Trial]:
    """Run the trials one after the other, each in a new process, and return them sorted by arm and seed."""
    trials = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (arm, seed) in enumerate(order_of_trials(options.arms, options.seeds)):
            print(f"-- {arm}, seed {seed}", file=sys.stderr, flush=True)
            command = words_of_trial(words, arm, seed, options.adapter_learning_rate)
            with ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")) as process:
                trials.append(process.submit(run_trial, command, f"{folder}/{number}").result())
            row = trials[-1].row
            print(f"   {row['seconds']} s, {row['memory_mib']} MiB, {row['metrics']['f1_macro']}", file=sys.stderr)
    return sorted(trials, key=lambda trial: (options.arms.index(trial.row["arm"]), trial.row["seed"]))


def machine() -> dict[str, Any]:
    """Return what was measured on: processor, cores, memory; no name of a computer."""
    import torch

    from textclf.training.machine import available_cores, device_name

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": device_name(torch.device("cpu")),
        "cores": available_cores(),
        "memory_gib": round(memory),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def shown_command(argv: Sequence[str]) -> str:
    """Return the command line as it is written down: folders of this machine are none of its reader's business."""
    words = ["python -m benchmarks.adaptation"]
    for word in argv:
        key, equals, value = word.partition("=")
        folder = Path(value if equals else word).is_absolute()
        words.append((f"{key}=FOLDER" if equals else "FOLDER") if folder else word)
    return " ".join(words)


def main(argv: list[str]) -> None:
    """Train every arm with every seed, and write what came of it."""
    if show_help(argv, USAGE, (AdaptationOptions,)):
        return
    options, words = read_options(argv)
    output = Path(options.output)
    trials = run_trials(options, words)
    from benchmarks.adaptation_table import compare_arms, write_page  # heavy: after the trials, see adaptation_trial

    content = {
        "benchmark": "adaptation",
        "command": shown_command(argv),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "shared_machine": options.shared_machine,
        "arms": compare_arms(trials),
        "trials": [trial.row for trial in trials],
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
    output.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    output.with_suffix(".md").write_text(write_page(content), encoding="utf-8")
    print(write_page(content))


if __name__ == "__main__":
    run_command(main)
