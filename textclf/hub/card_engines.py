"""What a card says of other ways to run the model: exported engines with their gate, and servers that are not ours."""

from __future__ import annotations

from ..evaluation.names import Words, metric_name
from .card_tables import Figures, number, table

_NAMES = {"onnx": "ONNX, fp32", "onnx-int8": "ONNX, int8"}


def engines_table(evaluation: Figures, say: Words) -> str:
    """Return a row an exported engine: what its gate found on validation, beside torch's fp32; empty without any."""
    rows = evaluation.get("engines") or {}
    if not rows:
        return ""
    metric = metric_name(next(iter(rows.values()))["difference"]["metric"], say)
    head = [say["engine"], say["outcome"], say["agreement"], say["difference"].format(metric=metric), "ECE", "MB"]
    return table(head, [_row(name, row, say) for name, row in rows.items()])


def elsewhere(evaluation: Figures, model_id: str, pair: bool, say: Words) -> list[str]:
    """Return a line for each other way to the same scores, and what goes wrong there otherwise."""
    several = evaluation["task"] == "multi_label_classification"
    exported = [name for name, row in (evaluation.get("engines") or {}).items() if "file" in row]
    lines = []
    if exported:
        lines.append(say["on_onnx"].format(model=model_id))
        lines.append(say["on_web"] if not pair else say["on_web_pairs"])
    lines.append(say["on_tei_several" if several else "on_tei"])
    lines.append(say["on_vllm"])
    return lines


def _row(name: str, row: Figures, say: Words) -> list[str]:
    agreement, difference = row["agreement"], row["difference"]
    within = f" [{number(difference['low'])}, {number(difference['high'])}]" if difference["low"] is not None else ""
    size = f"{row['bytes'] / 1e6:.1f}" if "bytes" in row else "–"
    shown = f"{number(agreement['value'])} (≥ {number(agreement['low'])})"
    outcome = say[f"gate_{row['outcome']}"].format(enough=row.get("enough"))
    return [_NAMES[name], outcome, shown, number(difference["value"]) + within, number(row["ece"]), size]
