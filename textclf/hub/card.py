"""The model card: `model_card.md` filled with what the run folder says; nothing in it is made up or left empty."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import ModelCard
from jinja2 import Environment, StrictUndefined

from ..evaluation.control import clusters_said
from ..evaluation.data_words import said_of_data
from ..evaluation.names import Words, differences, languages_of_run, metric_name, split_word
from ..house import HOUSE
from ..run_folder import VALIDATION_LEARNED, RunFolder, is_clustered
from . import card_tables as tables
from .card_engines import elsewhere, engines_promises, engines_table
from .card_facts import audit_lines, base_model, card_metadata, facts, failures, faults_of_data, training_facts
from .card_figures import figures_of
from .card_promises import promises
from .card_sample import sample_of
from .push_arguments import PushArguments
from .wording import WORDING, neutral_sentences

TEMPLATE = HOUSE / "model_card.md"


def render_card(run: RunFolder, arguments: PushArguments | None = None) -> ModelCard:
    """Return the card of a run; without a repo id it speaks of the folder.

    Headings are Korean or English by `--language`, else by the data's own note, else by the texts.
    """
    arguments = arguments or PushArguments()
    evaluation, recipe = run.read_json("evaluation.json"), read_recipe_values(run)
    language = language_of_run(run, arguments)
    environment = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, autoescape=False
    )
    environment.filters["code"] = tables.code
    environment.filters["escaped"] = tables.escaped
    environment.filters["quoted"] = shlex.quote
    environment.filters["tojson_text"] = lambda text: json.dumps(text, ensure_ascii=False)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    data = card_metadata(run, arguments, evaluation, recipe, language)
    text = template.render(metadata=data.to_yaml(), **_content(run, arguments, evaluation, recipe, language))
    return ModelCard(text)


def read_recipe_values(run: RunFolder) -> dict[str, Any]:
    """Return the keys of `recipe.yaml`."""
    values: dict[str, Any] = yaml.safe_load((run.path / "recipe.yaml").read_text(encoding="utf-8")) or {}
    return values


def language_of_run(run: RunFolder, arguments: PushArguments) -> list[str]:
    """Return the languages as asked for, as the data's source says, or as its texts look; empty if unknown."""
    return arguments.languages or languages_of_run(run, run.read_json("evaluation.json"))


def examples_of_run(run: RunFolder, arguments: PushArguments, language: list[str]) -> list[str]:
    """Return the example texts that the user gave, else three neutral sentences; never texts of the data."""
    given = arguments.examples or read_recipe_values(run).get("examples")
    return list(given) if given else neutral_sentences("ko" if language[:1] == ["ko"] else "en")


def card_example(run: RunFolder, arguments: PushArguments) -> dict[str, Any]:
    """Return what the card's snippet sends to the model: `example`, and `example_pair` where `pair`."""
    language = language_of_run(run, arguments)
    say = WORDING["ko" if language[:1] == ["ko"] else "en"]
    between = read_recipe_values(run).get("join_text")
    return _use(run.read_json("evaluation.json"), between, examples_of_run(run, arguments, language), say)


def _content(
    run: RunFolder, arguments: PushArguments, evaluation: dict[str, Any], recipe: dict[str, Any], language: list[str]
) -> dict[str, Any]:
    """Return what the template prints."""
    say = WORDING["ko" if language[:1] == ["ko"] else "en"]
    shown = Path(os.path.relpath(run.path)).as_posix()  # from here, without the machine's own folders
    examples = examples_of_run(run, arguments, language)
    use = _use(evaluation, recipe.get("join_text"), examples, say)
    quoted = (run.path / "recipe.yaml").read_text(encoding="utf-8").strip()
    return {
        "say": say,
        "failures": failures(run, evaluation, say),
        "data": evaluation["data"],
        "title": (arguments.repo_id or run.path.resolve().name).split("/")[-1],
        "labels": evaluation["labels"],
        "model_id": arguments.repo_id or shown,
        "trusted": is_clustered(run.path),
        "repo_id": arguments.repo_id,
        "recipe_path": "recipe.yaml" if arguments.repo_id else f"{shown}/recipe.yaml",
        "max_length": _max_length(run),
        "figures": figures_of(run, evaluation, say),
        "data_table": _data_facts(evaluation["data"], say),
        "limits": _limits(run, evaluation, say),
        "procedure": _procedure(run, evaluation, recipe, say),
        "recipe": quoted,
        "fence": "`" * max(3, 1 + max(map(len, re.findall("`+", quoted)), default=0)),
        "environment": training_facts(evaluation.get("training") or {}, say),
        "elsewhere": elsewhere(run, evaluation, arguments.repo_id or shown, use["pair"], say),
        "sample": sample_of(evaluation, use),
        **use,
        **_measured(evaluation, say),
    }


def _use(evaluation: dict[str, Any], between: str | None, examples: list[str], say: Words) -> dict[str, Any]:
    """Return what the card says about using the model."""
    columns = evaluation["data"].get("text_columns") or []
    several = evaluation["task"] == "multi_label_classification"
    summary = say["several" if several else "one"].format(n=len(evaluation["labels"]))
    two, joined = len(columns) == 2, len(columns) == 2 and between is not None
    if two:
        fields = {"first": tables.code(columns[0]), "second": tables.code(columns[1])}
        summary += " " + say["joined" if joined else "pair"].format(**fields, between=repr(between)[1:-1])
    thresholds = evaluation.get("thresholds") or {}
    first, _, second = examples[0].partition("\n")  # of two fields each has its line
    second = second or examples[-1]
    example = f"{first}{between}{second}" if joined else first if two else examples[0]
    return {
        "summary": summary,
        "pair": two and not joined,
        "example": example,
        "example_pair": second,
        "thresholds": bool(thresholds) and not thresholds.get("baked"),
        "baked": bool(thresholds.get("baked")),
    }


def _measured(evaluation: dict[str, Any], say: Words) -> dict[str, Any]:
    """Return the card's figures."""
    scored, windows = evaluation.get("test_scored", 1), evaluation.get("long_text")
    times = say["once"] if scored == 1 else say["times"].format(times=scored)
    return {
        "measured": say["measured"].format(
            split=split_word(evaluation["split"], say), n=evaluation["n"], scored=times
        ),
        "results": tables.results(evaluation, say),
        "against": " ".join(filter(None, [tables.against(evaluation, say), *clusters_said(evaluation, say)])),
        "long_text": windows and {"n": windows["n"], "table": tables.long_text_table(evaluation, say)},
        "intervals": tables.intervals(evaluation, say),
        "per_label": tables.per_label(evaluation, say),
        "aim": tables.aim(evaluation, say),
        "confusion": tables.confusion(evaluation, say),
        "calibration": tables.calibration(evaluation, say),
        "promises": promises(evaluation, say),
        "engines": engines_table(evaluation, say),
        "engines_promises": engines_promises(evaluation, say),
    }


def _max_length(run: RunFolder) -> int | None:
    """Return the tokens that the tokenizer cuts at."""
    length: int | None = run.read_json("tokenizer_config.json").get("model_max_length")
    return length if length and length < 1_000_000 else None  # tokenizers say 1e30 where they know no limit


def _data_facts(data: dict[str, Any], say: Words) -> str:
    return facts(
        {
            say["name"]: data["name"],
            say["source"]: data.get("source"),
            say["configuration"]: data.get("config"),
            say["revision"]: data.get("revision"),
            say["licence"]: data.get("licence"),
            say["texts_of"]: {split_word(name, say): n for name, n in (data.get("sizes") or {}).items()},
            say["splits"]: said_of_data(data.get("how_split") or "", say),
            say["removed"]: [
                f"{said_of_data(reason, say)}: {count}" for reason, count in (data.get("removed") or {}).items()
            ],
            say["files"]: [file["name"] for file in data.get("files") or []],
            say["fingerprint"]: data.get("fingerprint"),
        }
    )


def _limits(run: RunFolder, evaluation: dict[str, Any], say: Words) -> list[str]:
    """Return what to beware of: few test texts, rare labels, and what the audit of the data found."""
    lines = [say["limit_size"].format(n=evaluation["n"])]
    rare = tables.rare_labels(evaluation)
    if rare:
        lines.append(say["limit_rare"].format(labels=", ".join(rare)))
    differ = differences(evaluation.get("split_drift"), say)
    lines += [say["limit_drift"].format(parts=differ)] if differ else []
    audit = run.read_json("audit.json")
    lines += faults_of_data(evaluation["data"], korean=say["lang"] == "ko")
    lines += audit_lines(audit, say)
    removed = sum((audit.get("removed_from_train") or {}).values())
    return [*lines, say["left_train"].format(n=removed)] if removed else lines


def _procedure(run: RunFolder, evaluation: dict[str, Any], recipe: dict[str, Any], say: Words) -> str:
    chosen = evaluation["selection"]
    base = base_model(recipe) or Path(str(recipe["model"])).name if recipe.get("model") else None
    revision = recipe.get("model_revision")
    lines = []
    if base:
        way = say.get(f"base_{recipe.get('family')}", say["base"])
        lines.append(way.format(base=tables.code(base) + (f" ({tables.escaped(revision)})" if revision else "")))
    training = evaluation.get("training") or {}
    if training.get("label_names_read"):
        lines.append(say["label_names_read"])
    if pieces := training.get("own_pieces"):
        lines.append(say["own_pieces"].format(n=pieces))
    if scaled := training.get("residual_scale"):
        lines.append(say["residual_scale"].format(**scaled))
    if (run.path / "adapter").is_dir():
        lines.append(say["adapter"].format(kind=recipe["lora"], rank=recipe["lora_r"]))
    linear = training.get("linear")
    if linear:
        lines.append(say[f"linear_{linear['model']}"].format(pooling=say[f"pooling_{linear['pooling']}"]))
    sentence = "selection_usual_c" if chosen.get("usual_C") else "selection_c" if linear else "selection"
    lines.append(
        say[sentence].format(
            c=f"{linear['C']:.3g}" if linear else "",
            metric=metric_name(chosen["metric"], say),
            split=split_word(chosen["split"], say),
            value=tables.number(chosen["value"]),
        )
    )
    if learned := training.get(VALIDATION_LEARNED):
        lines.append(say["validation_learned"].format(n=learned))
    return " ".join(lines)
