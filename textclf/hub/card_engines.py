"""What a card says of other ways to run the model: exported engines with their gate, and servers that are not ours."""

from __future__ import annotations

from types import SimpleNamespace

from ..evaluation.names import Words, metric_name
from ..evaluation.page.engines import ENGINE_NAMES
from ..inference.promises import KEYS
from ..models.limits import positions
from ..run_folder import RunFolder, is_clustered
from .card_tables import Figures, interval_of, number, table


def engines_table(evaluation: Figures, say: Words) -> str:
    """Return a row an exported engine: what its gate found on validation, beside torch's fp32; empty without any."""
    rows = evaluation.get("engines") or {}
    if not rows:
        return ""
    metric = metric_name(next(iter(rows.values()))["difference"]["metric"], say)
    head = [say["engine"], say["gate"], say["agreement"], say["difference"].format(metric=metric), "ECE", "MB"]
    return table(head, [_row(name, row, say) for name, row in rows.items()])


def engines_promises(evaluation: Figures, say: Words) -> str:
    """Say which of the card's promises int8 makes, by cuts of its own; empty where there are none, or no int8 file."""
    row = (evaluation.get("engines") or {}).get("onnx-int8") or {}
    made = evaluation.get("promises") or {}
    stated = [key for key in KEYS if made.get(key, {}).get("stored", key in made)]
    if not stated or "file" not in row:
        return ""
    own = row.get("promises") or {}
    kept = [say[f"promise_{key}"] for key in stated if key in own]
    missing = [say[f"promise_{key}"] for key in stated if key not in own]
    lines = [say["int8_promises"].format(kept=say["and"].join(kept), n=made["n"])] if kept else []
    lines += [say["int8_promises_none"].format(missing=say["and"].join(missing))] if missing else []
    return " ".join(lines)


def elsewhere(run: RunFolder, evaluation: Figures, model_id: str, pair: bool, say: Words) -> list[str]:
    """Return a line for each other way to the same scores, and what goes wrong there otherwise."""
    if is_clustered(run.path):
        return [say["on_clustered"]]
    several = evaluation["task"] == "multi_label_classification"
    exported = {name: row for name, row in (evaluation.get("engines") or {}).items() if "file" in row}
    limit = run.read_json("tokenizer_config.json").get("model_max_length") or 0
    config = {"pad_token_id": None, "model_type": None} | run.read_json("config.json")
    room = positions(SimpleNamespace(**config))
    lines = []
    if exported:
        lines.append(say["on_onnx"].format(model=model_id))
        lines.append(say["on_web"] if not pair else say["on_web_pairs"])
    cuts = evaluation.get("thresholds") or {}
    if "onnx-int8" in exported and cuts and not cuts.get("baked"):
        lines.append(say["int8_cuts"])
    tei = [say["on_tei_pairs" if pair else "on_tei"]]
    tei += [say["on_tei_several"]] if several else []
    tei += [say["on_tei_length"].format(limit=limit, room=room)] if room and 0 < limit < room else []
    lines.append(" ".join(tei))
    lines.append(say["on_vllm_pairs"] if pair else say["on_vllm"].format(limit=limit or room))
    return lines


def _row(name: str, row: Figures, say: Words) -> list[str]:
    agreement, difference = row["agreement"], row["difference"]
    within = interval_of(difference)
    size = f"{row['bytes'] / 1e6:.1f}" if "bytes" in row else "–"
    shown = f"{number(agreement['value'])}\u00a0(≥\u00a0{number(agreement['low'])})"
    outcome = say["gate_learned" if row.get("learned") else f"gate_{row['outcome']}"].format(enough=row.get("enough"))
    return [ENGINE_NAMES[name], outcome, shown, number(difference["value"]) + within, number(row["ece"]), size]
