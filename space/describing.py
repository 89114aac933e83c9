"""What both pages say of a model: from its config, its evaluation and its card, as plain values ready for JSON."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import ModelCard, constants, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError

HERE = Path(__file__).parent
WORDS: dict[str, dict[str, Any]] = json.loads((HERE / "words.json").read_text(encoding="utf-8"))  # by language
# A dozen frequent little words of each language in Latin script: they tell that a text is of another one.
LITTLE_WORDS: dict[str, list[str]] = json.loads((HERE / "little_words.json").read_text(encoding="utf-8"))
METRICS = ("accuracy", "f1_macro", "f1_micro", "average_precision_micro")  # shown after the one that chose the model
MOST_METRICS = 3
KNOWN_FROM = 0.01  # share of the training texts from which a script counts as one that the model was made for
UNKNOWN_FROM = 0.2  # share of unknown tokens from which a text is said to be strange to the model
OWN_SCRIPT = 0.5  # share of a text's letters that makes a script the text's own
LANGUAGE_WORDS = 2  # little words of another language, and none of the model's, that make a text foreign


def describe(
    model: str,
    config: Mapping[str, Any],
    evaluation: Mapping[str, Any] | None,
    *,
    limit: int,
    languages: list[str] | None = None,
) -> dict[str, Any]:
    """Return what the pages say of a model.

    Args:
        model: a run folder or a Hub id, for its card and its examples.
        config: the content of its config.json.
        evaluation: that of its evaluation.json, None for a model of somebody else.
        limit: tokens that it reads.
        languages: those of its texts, where the card does not say them.
    """
    local = Path(model).is_dir()
    card = _card(model)
    languages = _languages(card) if languages is None else languages
    language = next((code for code in languages if code in WORDS), "en")
    columns = list(config.get("text_columns") or [])  # written by the project that trained the model
    fields = columns if len(columns) == 2 else [WORDS[language]["text"]]
    several = config.get("problem_type") == "multi_label_classification"
    labels = [str(config["id2label"][key]) for key in sorted(config["id2label"], key=int)]
    cuts = config.get("thresholds") or {}
    data = (card.get("datasets") or [None])[0]
    return {
        "name": Path(model).resolve().name if local else model.split("/")[-1],
        "card": None if local else f"{constants.ENDPOINT}/{model}",
        "data": f"{constants.ENDPOINT}/datasets/{data}" if isinstance(data, str) and "/" in data else None,
        "language": language,
        "languages": languages,
        "fields": fields,
        "columns": columns or ["text"],
        "examples": examples_of(model, WORDS[language], len(fields)),
        "limit": limit,
        "labels": labels,
        "thresholds": {label: cuts.get(label, 0.5) for label in labels} if several else None,
        "abstain": config.get("abstain"),
        "label_sets": config.get("label_sets"),
        "scripts": _scripts((evaluation or {}).get("training_profile"), languages),
        "foreign": made_for_others(model),
        "facts": facts_of(evaluation, WORDS[language]),
    }


def made_for_others(model: str) -> bool:
    """Say whether the audit of the model's data found that its tokenizer was made for other languages."""
    found = read_json(model, "audit.json")
    try:
        return bool((found or {})["findings"]["made_for_other_languages"]["count"])
    except (KeyError, TypeError):  # no model of this project, or an older one
        return False


def facts_of(evaluation: Mapping[str, Any] | None, words: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the headline figures with intervals, beside the best baseline; None where nothing was measured."""
    try:
        metrics = (evaluation or {})["metrics"]
        chosen_by = (evaluation or {}).get("selection", {}).get("metric")
        names = [name for name in dict.fromkeys((chosen_by, *METRICS)) if name in metrics]
        if "accuracy" in names and "f1_micro" in names:  # the same number, with one label a text
            names.remove("f1_micro")
        names = names[:MOST_METRICS]
        baselines = (evaluation or {}).get("baselines") or {}
        best = max(baselines, key=lambda name: _value(baselines[name]["metrics"], names[0]), default=None)
        rows = [
            [
                words["metrics"].get(name, name),
                _figure(metrics[name]),
                _figure(baselines[best]["metrics"].get(name)) if best else "",
            ]
            for name in names
        ]
        named = words["baselines"].get(best, best)
        return {"n": int((evaluation or {})["n"]), "rows": rows, "baseline": named} if rows else None
    except (KeyError, TypeError, ValueError, IndexError):  # made by somebody else, or by an older version
        return None


def copy_of(gate: Mapping[str, Any] | None, engine: str) -> dict[str, Any] | None:
    """Return how often an int8 copy decides as the model that was measured, None where that one itself scores.

    `agreement` is a share with a 95 % bound `low`, of `of`: "texts", or "label cells" with several labels a text.
    """
    if engine != "onnx-int8":
        return None
    found = (gate or {})["engines"][engine]
    return {"n": found["n"], **found["agreement"]}


def strange(about: Mapping[str, Any], text: str, unknown: float) -> str | None:
    """Return the key of the sentence that warns of a text which the model was not made for; None if it may be.

    `unknown` is the share of the text's tokens that are the unknown token.
    """
    letters = [character for character in unicodedata.normalize("NFC", text) if character.isalpha()]
    scripts = [_script(character) for character in letters]
    own = max(set(scripts), key=scripts.count) if scripts else None
    if own and about["scripts"] and own not in about["scripts"] and scripts.count(own) >= OWN_SCRIPT * len(scripts):
        return "strange_script"
    if unknown >= UNKNOWN_FROM:
        return "strange_words"
    ours = {word for code in about["languages"] for word in LITTLE_WORDS.get(code, [])}
    used = set(re.findall(r"[^\W\d_]+", text.lower()))
    if ours and all(code in LITTLE_WORDS for code in about["languages"]) and not used & ours:
        others = [words for code, words in LITTLE_WORDS.items() if code not in about["languages"]]
        if any(len(used.intersection(words)) >= LANGUAGE_WORDS for words in others):
            return "strange_language"
    return None


def examples_of(model: str, words: Mapping[str, Any], fields: int) -> list[list[str]]:
    """Return rows of example texts: those beside this file, those of the run's recipe, else neutral sentences."""
    beside, recipe = HERE / "examples.json", Path(model) / "recipe.yaml"
    found: list[Any] = []  # Any: whatever the files hold
    if beside.exists():
        found = json.loads(beside.read_text(encoding="utf-8"))
    elif recipe.exists():
        texts = (yaml.safe_load(recipe.read_text(encoding="utf-8")) or {}).get("examples") or []
        found = [text.split("\n", 1) if fields == 2 else text for text in texts]  # of two fields each has a line
    if not found:
        sentences = words["sentences"]
        found = [[text, sentences[(i + 1) % len(sentences)]] for i, text in enumerate(sentences)]
    rows = [row if isinstance(row, list) else [row, ""] for row in found]
    return [[*row, ""][:fields] for row in rows]


def read_json(model: str, name: str) -> dict[str, Any] | None:
    """Return a JSON file of a folder or a Hub id, None where there is none, or something else under its name."""
    try:
        path = Path(model) / name if Path(model).is_dir() else Path(hf_hub_download(model, name))
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else None
    except (OSError, ValueError, HfHubHTTPError):
        return None


def _card(model: str) -> dict[str, Any]:
    """Return the metadata of a model's card, {} where there is none."""
    try:
        card = ModelCard.load(Path(model) / "README.md" if Path(model).is_dir() else model)
        return dict(card.data.to_dict())
    except (OSError, ValueError):  # no card, or one that is no card
        return {}


def _languages(card: Mapping[str, Any]) -> list[str]:
    stated = card.get("language") or []
    return [str(code) for code in (stated if isinstance(stated, list) else [stated])]


def _scripts(profile: Mapping[str, Any] | None, languages: list[str]) -> list[str] | None:
    """Return the scripts that the model was made for: those of its training texts, else of its card's languages."""
    counts = dict((profile or {}).get("scripts") or {})
    if sum(counts.values()):
        known = [name for name, count in counts.items() if count >= KNOWN_FROM * sum(counts.values())]
        if "mixed scripts" in known:  # Hangul and Latin side by side in one text
            known += ["Hangul", "Latin"]
        return sorted({*known} - {"no letters", "mixed scripts"}) or None
    if languages and all(code == "ko" or code in LITTLE_WORDS for code in languages):
        return sorted({"Hangul" if code == "ko" else "Latin" for code in languages})
    return None


def _script(letter: str) -> str:
    name = unicodedata.name(letter, "")
    return {"HANGUL": "Hangul", "LATIN": "Latin", "FULLWIDTH": "Latin"}.get(name.split(" ")[0], "another script")


def _value(metrics: Mapping[str, Any], name: str) -> float:
    return float((metrics.get(name) or {}).get("value") or 0.0)


def _figure(figure: Mapping[str, Any] | None) -> str:
    """Write a figure with its interval: `.812 [.790, .833]`."""
    if not figure or figure.get("value") is None:
        return ""
    low, high = figure.get("low"), figure.get("high")
    interval = "" if low is None or high is None else f" [{low:.3f}, {high:.3f}]"
    return f"{figure['value']:.3f}{interval}"
