"""What the Hub reads from a README and a config.json: front matter, its faults, tags, task and library."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import yaml

from .repository import Blob
from .wire import Json, Kind

_LANGUAGE_ERROR = (
    '"language" with id "{}" is not valid. It must be an ISO 639-1, 639-2 or 639-3 code (two/three letters), or a '
    'special value like "code", "multilingual". If you want to use BCP-47 identifiers, you can specify them in '
    "language_bcp47."
)
COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
_TASKS = {"ForSequenceClassification": "text-classification", "ForMaskedLM": "fill-mask",
          "ForTokenClassification": "token-classification", "ForCausalLM": "text-generation"}  # fmt: skip


def front_matter(text: str) -> dict[str, Json]:
    """Return the YAML block at the top of a card, empty if there is none.

    Raises:
        ValueError: the block is not YAML, or not a mapping.
    """
    lines = text.lstrip("\ufeff").splitlines()
    if not lines or lines[0].strip() != "---":
        return {}
    ends = [number for number, line in enumerate(lines[1:], start=1) if line.strip() == "---"]
    if not ends:
        return {}
    try:
        data = yaml.safe_load("\n".join(lines[1 : ends[0]]))
    except yaml.YAMLError as error:
        raise ValueError(f"Invalid YAML: {error}") from error
    if data is not None and not isinstance(data, dict):
        raise ValueError("The metadata must be a mapping")
    return data or {}


def check_card(text: str, kind: Kind) -> tuple[list[str], list[str]]:
    """Return the errors and the warnings of a card; a small part of what the Hub checks."""
    try:
        data = front_matter(text)
    except ValueError as error:
        return [str(error)], []
    errors = []
    for key in ("tags", "model-index", "datasets"):
        if key in data and not isinstance(data[key], list if key != "datasets" else (list, str)):
            errors.append(f'"{key}" must be an array')
    errors += [_LANGUAGE_ERROR.format(code) for code in _as_list(data.get("language")) if not _is_language(code)]
    if kind == "space":
        errors += _space_errors(data)
    index = data.get("model-index")
    for entry in index if isinstance(index, list) else []:
        if not isinstance(entry, dict) or "name" not in entry or not isinstance(entry.get("results"), list):
            errors.append('"model-index[0].name" and "model-index[0].results" are required')
    return errors, [] if data else ["empty or missing yaml metadata in repo card"]


def _is_language(code: str) -> bool:
    return code in ("code", "multilingual") or re.fullmatch("[a-z]{2,3}", code) is not None  # the Hub knows them all


def _space_errors(data: Mapping[str, Json]) -> list[str]:
    errors = []
    if data.get("sdk") not in ("gradio", "docker", "static", "streamlit"):
        errors.append('"sdk" must be one of [gradio, docker, static, streamlit]')
    for key in ("colorFrom", "colorTo"):
        if data.get(key, "red") not in COLOURS:
            errors.append(f'"{key}" must be one of [{", ".join(COLOURS)}]')
    if len(str(data.get("short_description", ""))) > 60:
        errors.append('"short_description" length must be less than or equal to 60 characters long')
    return errors


def derived_metadata(files: Mapping[str, Blob], kind: Kind) -> dict[str, Json]:
    """Return the fields of a repository's information that come from its files."""
    try:
        card = front_matter(files["README.md"].content.decode()) if "README.md" in files else {}
    except ValueError:
        card = {}
    tags = [str(tag) for tag in card.get("tags") or []]
    data: dict[str, Json] = {"cardData": json.loads(json.dumps(card, default=str)) or None, "tags": tags}
    if kind == "space":
        return data | {"models": _as_list(card.get("models")), "datasets": _as_list(card.get("datasets"))}
    for key in ("language", "license"):
        tags += [value if key == "language" else f"{key}:{value}" for value in _as_list(card.get(key))]
    if kind == "dataset":
        return data
    config = _config(files)
    architecture = (config.get("architectures") or [""])[0]
    inferred = next((task for ending, task in _TASKS.items() if architecture.endswith(ending)), None)
    library = card.get("library_name") or ("peft" if "adapter_config.json" in files else None)
    data["library_name"] = library or ("transformers" if "model_type" in config else None)
    data["pipeline_tag"] = card.get("pipeline_tag") or inferred
    data["config"] = {key: config[key] for key in ("architectures", "model_type") if key in config}
    data["model-index"] = card.get("model-index")
    tags += [tag for tag in (data["library_name"], data["pipeline_tag"]) if tag and tag not in tags]
    return data


def _config(files: Mapping[str, Blob]) -> dict[str, Json]:
    try:
        config = json.loads(files["config.json"].content)
    except (KeyError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}


def _as_list(value: Json) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
