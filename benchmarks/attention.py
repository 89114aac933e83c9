"""How texts attend on a processor, by their length: side by side, in pieces, by the flash kernel without dropout.

    python -m benchmarks.attention

Decides `LONG` in textclf/models/attention.py. Writes results/attention.md. One thread's processor time: others on the
machine cost less of it than of the clock's, by their part of the caches.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

from benchmarks.speed_machine import machine_line
from textclf.models.attention import Attention, Layout, side_by_side, without_dropout
from textclf.models.long_attention import Setting, attend_in_pieces
from textclf.training.memory import kept_memory

HEADS, WIDTH = 12, 32  # MiniLM's
LENGTHS = (32, 64, 96, 128, 192, 256, 384, 512)
TOKENS = 2048  # of a batch
SPREAD = 0.1  # of the lengths in a batch, as bucketing leaves them
DROPOUT = 0.1


def in_pieces(layout: Layout, query: Tensor, key: Tensor, value: Tensor, scale: float, dropout: float) -> Tensor:
    """Attend text by text, in pieces."""
    return attend_in_pieces(query, key, value, Setting(layout.lengths, scale, dropout, 1))


WAYS: dict[str, tuple[Attention, float]] = {
    "side by side": (side_by_side, DROPOUT),
    "in pieces": (in_pieces, DROPOUT),
    "side by side, dropout 0": (side_by_side, 0.0),
    "flash, dropout 0": (without_dropout, 0.0),
}


def measure(length: int, rounds: int) -> dict[str, float]:
    """Return each way's microseconds a token, forward and backward; the ways take turns."""
    texts = max(1, TOKENS // length)
    lengths = torch.linspace(length * (1 - SPREAD), length, texts).round().long()
    layout = Layout.of((torch.arange(length) < lengths[:, None]).long())
    tokens = int(lengths.sum())
    parts = [torch.randn(tokens, HEADS, WIDTH, requires_grad=True) for _ in range(3)]
    ahead = torch.randn(tokens, HEADS, WIDTH)
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(rounds + 1):
        for way, (attention, dropout) in WAYS.items():
            seconds[way].append(_timed(lambda: attention(layout, *parts, WIDTH**-0.5, dropout).backward(ahead)))  # noqa: B023
    return {way: median(each[1:]) / tokens * 1e6 for way, each in seconds.items()}


def _timed(run: Callable[[], None]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def main() -> None:
    """Measure all lengths and write the table."""
    parser = ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    parser.add_argument("--rounds", type=int, default=5, help="rounds, in which the ways take turns")
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    with kept_memory(True):
        found = dict(zip(LENGTHS, map(partial(measure, rounds=rounds), LENGTHS), strict=True))
    lines = [
        "# Attention on a processor",
        "",
        f"{date.today()}. {machine_line()}",
        "Microseconds of processor time (one thread) a token of one layer's attention, forward and backward, float32,",
        f"{HEADS} heads of {WIDTH}, {TOKENS} tokens a batch, texts from {1 - SPREAD:.0%} of the length on; medians of "
        f"{rounds} rounds in turn.",
        "",
        f"| tokens of the longest text | {' | '.join(WAYS)} | in pieces / side by side |",
        "|---|" + "---|" * (len(WAYS) + 1),
    ]
    for length, of in found.items():
        ratio = of["in pieces"] / of["side by side"]
        lines.append(f"| {length} | " + " | ".join(f"{of[way]:.1f}" for way in WAYS) + f" | {ratio:.2f} |")
    text = "\n".join(lines) + "\n"
    (Path(__file__).parent / "results" / "attention.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
