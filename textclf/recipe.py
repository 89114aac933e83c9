"""Reading a recipe: a flat YAML file, flags, or both, into the argument groups; flags win.

Imports neither torch nor the Trainer before it has to: `--help` is quick.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import fields
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import yaml

from .arguments import (
    OWN_GROUPS,
    OWNED,
    RENAMED,
    DataArguments,
    FitOptions,
    MeasureArguments,
    ModelArguments,
    PublishArguments,
)
from .errors import UserError, did_you_mean

if TYPE_CHECKING:
    from transformers import HfArgumentParser

    from .training.arguments import FitArguments


class Recipe(NamedTuple):
    """Everything that one command line and its YAML file say, in the groups that the stages take."""

    data: DataArguments
    model: ModelArguments
    fit: FitArguments
    measure: MeasureArguments
    publish: PublishArguments

    @property
    def name(self) -> str:
        """Return a short name for the run: the data's and the model's."""
        return f"{self.data.name}-{Path(self.model.model).name}"


DEFAULT_RECIPE = Path(__file__).parent.parent / "recipes" / "news_sample.yaml"
_NAMES_DATA = ("--dataset", "--train_file", "--train-file")


def read_recipe(argv: Sequence[str]) -> Recipe:
    """Read `[RECIPE.yaml] [--key value ...]` into the argument groups; flags win over the file.

    Without a recipe and without data it is the embedded default that is read.

    Raises:
        UserError: an unknown key (with the nearest known one), a value of the wrong type, a field that is not ours
            to set, a recipe that cannot be read.
    """
    words = list(argv)
    from .training.arguments import FitArguments  # torch: kept away from --help

    groups = (DataArguments, ModelArguments, FitArguments, MeasureArguments, PublishArguments)
    parser = build_parser(groups)
    recipe_words: list[str] = []
    if words and not words[0].startswith("-"):
        recipe_words = _recipe_words(Path(words.pop(0)), _flags(parser))
    elif not any(word.startswith(_NAMES_DATA) for word in words):
        recipe_words = _recipe_words(DEFAULT_RECIPE, _flags(parser))
    return Recipe(*parse(parser, recipe_words + words))


def show_help(argv: Sequence[str], usage: str, groups: Sequence[type] = OWN_GROUPS) -> bool:
    """Print help if it is asked for (`--help`: our options; `--help-all`: the Trainer's too); say if it was."""
    if not any(word in {"-h", "--help", "--help-all", "--help_all"} for word in argv):
        return False
    if any(word.startswith(("--help-all", "--help_all")) for word in argv):
        from .training.arguments import FitArguments

        groups = [FitArguments if group is FitOptions else group for group in groups]
    parser = build_parser(groups)
    parser.usage = usage
    parser.print_help(sys.stdout)
    return True


def build_parser(groups: Sequence[type]) -> HfArgumentParser:
    """Return a parser over dataclasses that raises `UserError` and takes no abbreviated flags."""
    from transformers.hf_argparser import HfArgumentParser as Base

    class Parser(Base):
        def error(self, message: str) -> NoReturn:
            raise UserError(f"{message[0].upper()}{message[1:]}. Type --help for the list of options.")

    return Parser(list(groups), allow_abbrev=False)


def parse(parser: HfArgumentParser, words: list[str]) -> tuple[Any, ...]:  # Any: one instance of each group
    """Parse words into the parser's dataclasses; unknown and foreign keys end with what to type instead."""
    known = _flags(parser)
    for word in words:
        if word.startswith("--"):
            _check_key(word[2:].split("=")[0].replace("-", "_"), known, "option --")
    groups = parser.parse_args_into_dataclasses(words, return_remaining_strings=True, look_for_args_file=False)
    if groups[-1]:
        raise UserError(f"Not understood: {' '.join(groups[-1])}. Options are written --key value.")
    return tuple(groups[:-1])


def _flags(parser: ArgumentParser) -> set[str]:
    return {option[2:].replace("-", "_") for action in parser._actions for option in action.option_strings}


def _check_key(key: str, known: set[str], kind: str) -> None:
    """Refuse keys that are unknown or not the user's to set."""
    if key in OWNED:
        raise UserError(f"The {kind}{key} is not set here: {OWNED[key]}.")
    if key in RENAMED:
        raise UserError(f"The {kind}{key} is gone in transformers 5; it is now {RENAMED[key]}.")
    if key not in known:
        raise UserError(f"Unknown {kind}{key}.{did_you_mean(key, known)} Type --help for the list of options.")


def _recipe_words(path: Path, known: set[str]) -> list[str]:
    """Read a flat YAML recipe as the command-line words it stands for."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"The recipe {path} does not exist. `ls recipes/` shows those that come with it.") from None
    except UnicodeDecodeError as error:
        raise UserError(f"The recipe {path} is not UTF-8 (byte {error.start}). Save it as UTF-8.") from error
    except (IsADirectoryError, yaml.YAMLError) as error:
        raise UserError(f"The recipe {path} is not a YAML file of `key: value` lines: {error}") from error
    if not isinstance(content, dict):
        raise UserError(f"The recipe {path} must hold `key: value` lines; found {type(content).__name__}.")
    words: list[str] = []
    for key, value in content.items():
        name = str(key).replace("-", "_")
        _check_key(name, known, f"key in {path}: ")
        words += _as_words(name, value)
    return words


def _as_words(name: str, value: Any) -> list[str]:  # Any: whatever YAML holds
    if value is None:
        return []
    if isinstance(value, bool):
        return [f"--{name}={str(value).lower()}"]
    if isinstance(value, list):
        return [f"--{name}", *map(str, value)] if value else []
    if isinstance(value, dict):
        return [f"--{name}={json.dumps(value)}"]
    return [f"--{name}={value}"]


# Fields that name files or folders of one machine: a recipe keeps their last part only.
_PATHS = ("train_file", "validation_file", "test_file", "data_dir", "dataset", "model")
# Where it was written and published, and what the machine or another field decides.
_NOT_KEPT = {"output_dir", "resume_from_checkpoint", "push", "space", "public"}
_NOT_KEPT |= {"use_cpu", "threads", "save_steps", "logging_nan_inf_filter", "dataloader_pin_memory"}


def recipe_text(recipe: Recipe, remarks: Sequence[str] = ()) -> str:
    """Return the recipe as resolved, in YAML that `read_recipe` reads, under comment lines with what it cannot say.

    Our own fields are all written, the Trainer's where they differ from its defaults. Local files and folders appear
    by name; `remarks` is the place for their hashes.
    """
    own = {f.name for group in OWN_GROUPS for f in fields(group)}
    kept: dict[str, Any] = {}  # Any: whatever a field holds
    for group in recipe:
        for f in fields(group):
            value = getattr(group, f.name)
            differs = f.init and value != f.default and isinstance(value, str | int | float | bool)
            if (f.name in own or differs) and f.name not in OWNED and f.name not in _NOT_KEPT:
                kept[f.name] = value.value if isinstance(value, Enum) else value
    for name in _PATHS:
        value = kept.get(name)
        if value and Path(value).expanduser().exists():
            kept[name] = Path(value).resolve().name
    given = {name: value for name, value in kept.items() if value is not None and value != []}
    head = "".join(f"# {line}\n" for line in remarks)
    return head + yaml.safe_dump(given, allow_unicode=True, sort_keys=False)
