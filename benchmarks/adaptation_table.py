"""What the adaptation benchmark found, arm by arm: means over the seeds, paired differences, and the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.adaptation_trial import DRAWS, Trial
from textclf.evaluation.intervals import percentiles
from textclf.evaluation.report import Report, report_on

MIB = 2**20
NAMES = {
    "full": "full fine-tuning",
    "lora": "LoRA",
    "rslora": "rsLoRA",
    "dora": "DoRA",
}
MEANS = ("seconds", "processor_seconds", "memory_before_mib", "memory_mib", "checkpoint_bytes", "adapter_bytes")


def headline(metrics: dict[str, Any]) -> tuple[str, str]:
    """Return the two figures of the table: accuracy (several labels: micro-F1) and macro-F1."""
    return ("accuracy" if "accuracy" in metrics else "f1_micro"), "f1_macro"


def compare_arms(trials: Sequence[Trial], against: str = "full", names: Sequence[str] = ()) -> dict[str, Any]:
    """Return each arm's means over its seeds, and its figures' differences to those of one arm.

    The figures are `names`, or those of the table.

    The interval of a mean is the bootstrap's over the test texts, of the mean over the seeds: every trial's draws
    resample the same texts, so that differences are paired. It does not hold what other seeds would have given.
    """
    reports: dict[str, list[Report]] = {}
    rows: dict[str, list[dict[str, Any]]] = {}
    for trial in trials:
        report = report_on(trial.scores, trial.gold, trial.labels, trial.thresholds, draws=DRAWS)
        reports.setdefault(trial.row["arm"], []).append(report)
        rows.setdefault(trial.row["arm"], []).append(trial.row)
    found = {}
    for arm, own in reports.items():
        figures = {name: _mean(own, name) for name in names or headline(own[0].metrics)}
        found[arm] = {
            "seeds": [row["seed"] for row in rows[arm]],
            **{name: {**_figure(*figures[name]), "each": _each(own, name)} for name in figures},
            **{name: float(np.mean([row[name] for row in rows[arm]])) for name in MEANS},
            "trained_parameters": rows[arm][0]["trained_parameters"],
            "model_parameters": rows[arm][0]["model_parameters"],
        }
        if arm != against and against in reports:
            other = {name: _mean(reports[against], name) for name in figures}
            found[arm][f"against_{against}"] = {
                name: _figure(figures[name][0] - other[name][0], figures[name][1] - other[name][1]) for name in figures
            }
    return found


def _each(reports: Sequence[Report], name: str) -> list[float]:
    return [report.metrics[name]["value"] for report in reports]


def _mean(reports: Sequence[Report], name: str) -> tuple[float, np.ndarray]:
    """Return a figure's mean over trials, and that mean in every draw [draws]."""
    return float(np.mean(_each(reports, name))), np.mean([report.draws[name] for report in reports], axis=0)


def _figure(value: float, draws: np.ndarray) -> dict[str, float]:
    bounds = percentiles(draws)
    return {"value": value} | ({} if bounds is None else {"low": bounds[0], "high": bounds[1]})


def write_page(content: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    arms, first = content["arms"], content["trials"][0]
    names = headline(first["metrics"])
    options, data, versions = first["options"], first["data"], first["training"]["versions"]
    machine = content["machine"]
    seeds = arms[first["arm"]]["seeds"]
    sizes = ", ".join(f"{count:,} {split}" for split, count in data["sizes"].items())
    rates = {row["arm"]: row["learning_rate"] for row in content["trials"]}
    settings = (
        f"{options['epochs']:g} epoch(s), batch {options['batch']}, learning rate "
        + ", ".join(f"{rate:g} ({NAMES[arm]})" for arm, rate in rates.items())
        + f"; adapters of rank {options['lora_r']}, alpha {options['lora_alpha']}, dropout {options['lora_dropout']}, "
        "on all linear layers of the encoder, the head trained in full"
    )
    return f"""# LoRA, rsLoRA and DoRA beside full fine-tuning

`{content["command"]}`, {content["date"]}.

- Data: {data["name"]} ({sizes}). Figures: the merged, reloaded checkpoint on n = {first["n"]} test texts, 95 %
  bootstrap interval over the texts; the best epoch is chosen on validation.
- Model: {options["model"]}, {arms[first["arm"]]["model_parameters"]:,} parameters; {settings}.
- Seeds: {", ".join(map(str, seeds))}{"; all columns are means over them" if len(seeds) > 1 else ""}.
- Machine: {machine["processor"]}, {machine["cores"]} cores, {machine["memory_gib"]} GiB\
{", " + machine["gpu"] if machine["gpu"] else ""}; threads: {first["training"]["threads"]}, precision:
  {first["training"]["precision"]}. {_sharing(content["shared_machine"])}
- Versions: {", ".join(f"{name} {number}" for name, number in versions.items())}.

{_figures_table(arms, names)}
{_cost_table(arms)}
Seconds are those of the training (validation and checkpoints included), by the clock and of the processor. Memory is
the highest resident memory of a process by the end of training, libraries and data included; the other column is what
it was just before, model loaded. Every run folder holds the whole model, adapters merged in; `adapter/` comes on top
and is what could be handed on alone.

An adapter saves the gradients and Adam's two moments of what it does not train, 12 bytes a parameter, here \
{12 * max(_untrained(arm) for arm in arms.values()) / MIB:,.0f} MiB
at most. It does not save activations, which are most of what a small encoder needs, and it adds some of its own.
"""


def _untrained(arm: dict[str, Any]) -> int:
    return int(arm["model_parameters"] - arm["trained_parameters"])


def _sharing(shared: bool) -> str:
    if shared:
        return "Others used the machine meanwhile, more at some times than at others: compare processor seconds."
    return "Nothing else ran."


def _figures_table(arms: dict[str, Any], names: tuple[str, str]) -> str:
    many = len(next(iter(arms.values()))["seeds"]) > 1
    head = "| arm | " + " | ".join(f"{name} | minus full" for name in names) + (" | each seed |" if many else " |")
    lines = [head, "|---|" + "---|" * (2 * len(names) + many)]
    for arm, found in arms.items():
        cells = [NAMES[arm]]
        for name in names:
            cells += [shown(found[name]), shown(found["against_full"][name], "+") if "against_full" in found else ""]
        if many:
            cells.append(f"{names[0]} " + ", ".join(f"{value:.4f}" for value in found[names[0]]["each"]))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cost_table(arms: dict[str, Any]) -> str:
    lines = [
        "| arm | trained parameters | seconds | processor seconds | peak MiB | before training | checkpoint MiB "
        "| adapter MiB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for arm, found in arms.items():
        share = found["trained_parameters"] / found["model_parameters"]
        adapter = f"{found['adapter_bytes'] / MIB:.1f}" if found["adapter_bytes"] else ""
        lines.append(
            f"| {NAMES[arm]} | {found['trained_parameters']:,} ({share:.1%}) | {found['seconds']:.0f} "
            f"| {found['processor_seconds']:.0f} | {found['memory_mib']:,.0f} | {found['memory_before_mib']:,.0f} "
            f"| {found['checkpoint_bytes'] / MIB:.1f} | {adapter} |"
        )
    return "\n".join(lines) + "\n"


def shown(figure: dict[str, float], sign: str = "") -> str:
    """Return a figure with its interval."""
    if "low" not in figure:
        return f"{figure['value']:{sign}.4f}"
    return f"{figure['value']:{sign}.4f} [{figure['low']:{sign}.4f}, {figure['high']:{sign}.4f}]"
