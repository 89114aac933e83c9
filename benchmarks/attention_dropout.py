"""What attention dropout is worth on long texts: quality, time and memory of training with it, without, and padded.

    python -m benchmarks.attention_dropout --data_dir DIR [--seeds 1 2 3] [--rows 500 250 1000] [--keep FOLDER]

Trains recipes/reuters_topics.yaml on so many of its training articles, cut to 512 tokens, with every seed, each
training in a process of its own. Takes train.py's options too. `--keep` remembers finished trainings, to go on with
after a stop. Writes results/attention_dropout.json and .md.
"""

from __future__ import annotations

import json
import multiprocessing
import pickle
import sys
import tempfile
from argparse import ArgumentParser
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.adaptation_trial import Trial, run_trial

RESULTS = Path(__file__).parent / "results"
# A small part of the articles has to do, so that three seeds take minutes: smaller steps, a higher rate.
WORDS = ["recipes/reuters_topics.yaml", "--max_length", "512", "--num_train_epochs", "2"]
WORDS += ["--per_device_train_batch_size", "16", "--learning_rate", "3e-4"]
ARMS = {
    "attention dropout 0.1": ["--attention_dropout", "0.1"],
    "attention dropout 0": ["--attention_dropout", "0"],
    "0.1, padded, the library's attention": ["--attention_dropout", "0.1", "--padding_free", "off"],
}
AGAINST = "attention dropout 0.1"
FIGURES = ("f1_micro", "f1_macro", "log_loss")


def main() -> None:
    """Train every arm with every seed, arms in turn, and write what came of it."""
    parser = ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3], help="each arm is trained with each")
    sizes = "articles for training, validation and test"
    parser.add_argument("--rows", nargs=3, type=int, default=[500, 250, 1000], help=sizes)
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS)[:2], help="what to compare")
    parser.add_argument("--keep", type=Path, help="a folder for finished trainings")
    own, words = parser.parse_known_args()
    keep = own.keep or Path(tempfile.mkdtemp())
    keep.mkdir(parents=True, exist_ok=True)
    trials = []
    for seed in own.seeds:
        for arm in own.arms:
            done = keep / f"{list(ARMS).index(arm)}-{seed}.pickle"  # our own file, on this machine only
            if not done.exists():
                done.write_bytes(
                    pickle.dumps(_trial([*WORDS, *words, *ARMS[arm], "--seed", str(seed)], tuple(own.rows)))
                )
            trial: Trial = pickle.loads(done.read_bytes())
            trials.append(trial._replace(row=trial.row | {"arm": arm}))
            print(arm, seed, {name: round(trial.row["metrics"][name]["value"], 4) for name in FIGURES}, flush=True)
    _write(trials, own.rows)


def _trial(words: list[str], rows: tuple[int, ...]) -> Trial:
    """Follow a command line in a new process."""
    print(*words, file=sys.stderr, flush=True)
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(1, mp_context=context) as process:
        return process.submit(run_trial, words, f"{folder}/run", rows).result()


def _write(trials: list[Trial], rows: list[int]) -> None:
    from benchmarks.adaptation_table import compare_arms, shown  # heavy: after the trials, see adaptation_trial
    from benchmarks.speed_machine import describe_machine, machine_line

    arms = compare_arms(trials, AGAINST, FIGURES)
    first = trials[0].row
    content = {"date": str(date.today()), "machine": describe_machine(), "words": WORDS, "rows": rows, "arms": arms}
    content |= {"trials": [trial.row for trial in trials]}
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    (RESULTS / "attention_dropout.json").write_text(text, encoding="utf-8")
    seeds = ", ".join(map(str, arms[first["arm"]]["seeds"]))
    lines = [
        "# What attention dropout is worth on long texts",
        "",
        f"{date.today()}. {machine_line()}",
        f"`{' '.join(WORDS)}`, {rows[0]} training articles, the best epoch chosen on {rows[1]} of validation, n =",
        f"{first['n']} test articles; means over seeds {seeds} with the 95 % bootstrap interval over the test",
        f"articles, and their paired differences to {AGAINST}. Processor seconds of the training (with validation;",
        "one thread, a machine that others used too) and the highest resident memory, libraries and data included.",
        "",
        "| arm | "
        + " | ".join(f"{name} | minus {AGAINST.split()[-1]}" for name in FIGURES)
        + " | seconds | peak MiB |",
        "|---|" + "---|" * (2 * len(FIGURES) + 2),
    ]
    lines += [_line(arm, found, shown) for arm, found in arms.items()]
    lines += ["", "Each seed's f1_micro: "]
    lines += [
        f"- {arm}: " + ", ".join(f"{value:.4f}" for value in found["f1_micro"]["each"]) for arm, found in arms.items()
    ]
    page = "\n".join(lines) + "\n"
    (RESULTS / "attention_dropout.md").write_text(page, encoding="utf-8")
    print(page)


def _line(arm: str, found: dict[str, Any], shown: Any) -> str:
    cells = [arm]
    for name in FIGURES:
        difference = found.get(f"against_{AGAINST}")
        cells += [shown(found[name]), shown(difference[name], "+") if difference else ""]
    return "| " + " | ".join([*cells, f"{found['processor_seconds']:.0f}", f"{found['memory_mib']:,.0f}"]) + " |"


if __name__ == "__main__":
    main()
