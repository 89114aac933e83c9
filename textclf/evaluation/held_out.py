"""Were the rows that a model is measured on held out from its training? As far as its evaluation.json tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError

from ..data.splits_to_measure import SplitToMeasure
from ..run_folder import VALIDATION_LEARNED


def recorded_data(model: str) -> dict[str, Any] | None:
    """Return what a run folder's or Hub repo's evaluation.json says of the data it was trained on, if there is one."""
    path = Path(model) / "evaluation.json"
    try:
        if not Path(model).is_dir():
            path = Path(hf_hub_download(model, "evaluation.json"))
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, HfHubHTTPError, HFValidationError, json.JSONDecodeError):
        return None  # no run of this project, or not within reach: nothing is known
    found = content.get("data") if isinstance(content, dict) and "test_scored" in content else None
    if not isinstance(found, dict):
        return None
    learned = (content.get("training") or {}).get(VALIDATION_LEARNED)
    return found | {VALIDATION_LEARNED: learned} if learned else found


def label_reading(recorded: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return how the model's run read its labels, and from which columns; None where that is not known.

    Of `Provenance.to_dict`: all of `label_reading`, with `text_columns` and `label_columns` beside it.
    """
    found = (recorded or {}).get("label_reading")
    if not isinstance(found, dict):
        return None
    kinds = {"form": str, "places": int, "names": list, "written": str, "values": dict}
    understood = all(isinstance(found.get(key), kind) for key, kind in kinds.items())
    columns = {kind: (recorded or {}).get(kind) for kind in ("text_columns", "label_columns")}
    return {**found, **columns} if understood and isinstance(found.get("separator"), str | None) else None


def training_note(recorded: dict[str, Any] | None, chosen: SplitToMeasure) -> str | None:
    """Return the sentence that says that rows were trained on, or None where that is not known.

    Args:
        recorded: `recorded_data` of the model.
        chosen: the rows to measure on and where they come from.
    """
    if recorded is None or not _same_source(recorded, chosen):
        return None
    if chosen.name in {"all", "train", *(["validation"] if recorded.get(VALIDATION_LEARNED) else [])}:
        return (
            "These rows include those that the model was trained on; `--split test` with the data options of its "
            "recipe.yaml measures the held-out ones."
        )
    carved = "carved" in chosen.provenance.how_split
    if carved and recorded.get("fingerprint") != chosen.provenance.fingerprint:
        return (
            f"The model was trained on other splits of this data, so that its {chosen.name} split may hold rows that "
            "it was trained on. Give the data options of its recipe.yaml (--split_seed, say) for the held-out ones."
        )
    return None


def _same_source(recorded: dict[str, Any], chosen: SplitToMeasure) -> bool:
    """Say whether the data is what the model's splits were taken from, by its files' hashes, else by its name."""
    provenance = chosen.provenance
    theirs = {file["sha256"] for file in recorded.get("files") or []}
    ours = {file.sha256 for file in provenance.files}
    if not (theirs and ours):
        return bool(recorded.get("name") == provenance.name and recorded.get("config") == provenance.config)
    only_test_file = not theirs <= ours and len(chosen.rows) == (recorded.get("sizes") or {}).get("test")
    return bool(theirs & ours) and not only_test_file
