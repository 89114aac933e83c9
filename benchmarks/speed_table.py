"""Training speed as a table, and the files that hold it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def as_markdown(found: list[dict[str, Any]]) -> str:
    """Return the figures as tables; ratios are to the plain Trainer and to its best flags."""
    lines = []
    for each in found:
        arms = each["arms"]
        slow = arms["plain Trainer"]["examples_per_second"]
        fast = arms["best flags"]["examples_per_second"] if "best flags" in arms else float("nan")
        lines += [
            f"## {each['data']}: {each['model']}, batch {each['batch_size']}, {each['precision']}",
            "",
            f"{each['texts']} texts, {each['tokens']} tokens. "
            f"Matrix products alone: {each['ceiling_tflops']:.3f} TFLOP/s.",
            "",
            "| arm | texts/s | tokens/s | x plain | x best flags | of the ceiling | peak GB | loss, first and last |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for arm, of in arms.items():
            speed = of["examples_per_second"]
            lines.append(
                f"| {arm} | {speed:.3g} | {of['tokens_per_second']:.0f} | {speed / slow:.2f} | {_ratio(speed / fast)} "
                f"| {of['share_of_ceiling']:.2f} | {_gigabytes(of['peak_gigabytes'])} "
                f"| {of['loss'][0]:.4f}, {of['loss'][-1]:.4f} |"
            )
        lines.append("")
    return "\n".join(lines)


def _gigabytes(peak: float) -> str:
    return f"{peak:.2f}" if peak else ""  # not measured


def _ratio(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"  # that arm was left out


def write(content: dict[str, Any], name: str) -> None:
    """Write both forms of the result."""
    text = json.dumps(content, indent=2) + "\n"
    (RESULTS / f"train_speed-{name}.json").write_text(text, encoding="utf-8")
    machine_line = ", ".join(f"{key} {value}" for key, value in content["machine"].items() if value is not None)
    clock = "Processor time of one thread; m" if content["processor_time"] else "M"
    head = [
        "# Training speed",
        "",
        f"{content['date']}. {machine_line}.",
        f"torch {content['versions']['torch']}. {clock}edians of {content['rounds']} rounds in which the arms",
        "take turns; every arm sees every text once a round. Of the ceiling: 6 x parameters without embeddings x real",
        "tokens/s, over what matrix products alone reach at the model's own shapes.",
        "",
    ]
    markdown = "\n".join(head) + "\n" + as_markdown(content["results"])
    (RESULTS / f"train_speed-{name}.md").write_text(markdown, encoding="utf-8")
