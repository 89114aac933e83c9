"""A model's card, read: its front matter, its model index and the claims of its text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, HFValidationError
from huggingface_hub.repocard import REGEX_YAML_BLOCK
from huggingface_hub.repocard_data import EvalResult, model_index_to_eval_results

from ...errors import UserError
from ..network import explained
from .claim import Claim, DataNamed, make_claim, without_repeats
from .text import claims_in_text
from .wording import Named, number_in, split_in

# What cards call data that are on no Hub: the kind of file that `datasets` was handed.
FILE_KINDS = {"csv", "json", "text", "parquet", "arrow", "tsv", "xlsx", "custom", "generator", "local", "pandas"}


@dataclass(frozen=True)
class Card:
    """What a card claims, and what in it could not be understood."""

    claims: list[Claim]
    notes: list[str]


def read_card(model: str, revision: str | None = None) -> Card:
    """Read the card of a run folder or a Hub id.

    Raises:
        UserError: there is no such repo, it has no card, or the Hub is away.
    """
    try:
        text = _card_file(model, revision).read_text(encoding="utf-8-sig", errors="replace")
    except (EntryNotFoundError, FileNotFoundError) as error:
        raise UserError(f"{model} has no README.md, so there is no claim to check.") from error
    found = REGEX_YAML_BLOCK.search(text)
    notes: list[str] = []
    matter = _front_matter(found[2] if found else "", notes)
    body = text[found.end() :] if found else text
    index = _indexed(matter.get("model-index"), notes)
    named = _datasets(matter)
    written = [_placed(claim, named, index) for claim in claims_in_text(body, model.rpartition("/")[2], named)]
    return Card(without_repeats([*index, *written]), notes)


def _card_file(model: str, revision: str | None) -> Path:
    if Path(model).is_dir():
        return Path(model) / "README.md"
    try:
        with explained("reading the card", model):
            return Path(hf_hub_download(model, "README.md", revision=revision))
    except HFValidationError as error:
        raise UserError(f"{model!r} is no folder here and no id of the Hub (NAMESPACE/NAME).") from error
    except UserError as error:
        if isinstance(error.__cause__, EntryNotFoundError):
            raise error.__cause__ from error
        raise


def _front_matter(block: str, notes: list[str]) -> Mapping[str, Any]:  # Any: whatever YAML holds
    """Return the front matter with every value as it is written: 0.90 has two digits, which a float forgets."""
    try:
        matter = yaml.load(block, Loader=yaml.BaseLoader)
    except yaml.YAMLError:
        notes.append("The front matter of the card is no YAML, so that its model index could not be read.")
        return {}
    return matter if isinstance(matter, Mapping) else {}


def _datasets(matter: Mapping[str, Any]) -> list[str]:
    named = matter.get("datasets")
    named = [named] if isinstance(named, str) else named
    return [name for name in named if isinstance(name, str) and name] if isinstance(named, list) else []


def _indexed(entries: Any, notes: list[str]) -> list[Claim]:  # Any: as above
    """Return the claims of a model index, each result read by itself so that a broken one hides no other."""
    claims: list[Claim] = []
    entries = entries if isinstance(entries, list) else [entries] if entries else []
    for entry in entries:
        results = entry.get("results") if isinstance(entry, Mapping) else None
        if not isinstance(results, list):
            notes.append("A part of the model index has no list of results.")
            continue
        for result in results:
            try:
                read = model_index_to_eval_results([{"name": "", "results": [result]}])[1]
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                notes.append(f"A result of the model index could not be read: it lacks {error}.")
                continue
            claims += [claim for each in read if (claim := _of_result(each, notes))]
    return claims


def _of_result(result: EvalResult, notes: list[str]) -> Claim | None:
    """Return the claim of one figure of a model index."""
    written = str(result.metric_value)
    number = number_in(written)
    if number is None:
        notes.append(f"The model index gives {written[:40]!r} for {result.metric_type}, which is no number.")
        return None
    kind = result.metric_type or ""
    called = result.metric_name or kind
    config, split = _words(result.dataset_config), _words(result.dataset_split)
    if config is None and (args := _words(result.dataset_args)) and args != "default":
        config = args
    name = _words(result.dataset_type)
    if (name or "").lower() in FILE_KINDS and "/" in (result.dataset_name or ""):
        name = result.dataset_name
    data = DataNamed(name, config, split or split_in(called), _words(result.dataset_revision))
    claim = make_claim(kind, written, number, data, "model index")
    if claim.named is None and (by_name := make_claim(called, written, number, data, "model index")).named:
        claim = by_name
    claim = replace(claim, named=_averaged(claim.named, result, called), task=result.task_type)
    return replace(claim, metric=called) if claim.named else claim


def _averaged(named: Named | None, result: EvalResult, called: str) -> Named | None:
    """Let the metric's arguments say how labels are averaged, else its name, else its configuration."""
    if named is None or named.average:
        return named
    arguments = result.metric_args if isinstance(result.metric_args, Mapping) else {}
    words = " ".join(filter(None, [str(arguments.get("average") or ""), called, _words(result.metric_config)]))
    found = re.search(r"(?<![a-z])(macro|micro|weighted|samples|binary)(?![a-z])", words.lower())
    return Named(named.base, found[1] if found else None)


def _words(value: Any) -> str | None:  # Any: as above
    return value.strip() or None if isinstance(value, str) and value.strip().lower() not in {"null", "none"} else None


def _placed(claim: Claim, named: Sequence[str], index: Sequence[Claim]) -> Claim:
    """Say what a claim of the text is of, where the card names one data set only."""
    data = claim.data
    if data.dataset is None:
        only = set(named) or {each.data.dataset for each in index if each.data.dataset}
        data = replace(data, dataset=only.pop() if len(only) == 1 else None)
    alike = {(each.data.config, each.data.revision) for each in index if each.data.dataset == data.dataset}
    if data.dataset and len(alike) == 1:
        config, revision = alike.pop()
        data = replace(data, config=data.config or config, revision=data.revision or revision)
    splits = {each.data.split for each in index if each.data.dataset == data.dataset}
    if data.dataset and data.split is None and len(splits) == 1:
        data = replace(data, split=splits.pop())
    return replace(claim, data=data)
