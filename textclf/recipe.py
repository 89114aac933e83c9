"""Reading a recipe: a flat YAML file, flags, or both, into the argument groups; flags win.

Loads neither torch nor the Trainer before it has to: `--help` is quick.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import fields, make_dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_type_hints

import yaml

from .arguments import (
    OWN_GROUPS,
    DataArguments,
    FitOptions,
    MeasureArguments,
    ModelArguments,
    PublishArguments,
)
from .errors import UserError, missing_recipe, process_index
from .flags import JSON_FIELDS, OWNED, Parser, build_parser, check_key, flag_names, parse, print_help
from .house import HOUSE, recipe_path

if TYPE_CHECKING:
    from .training.fit_arguments import FitArguments


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


DEFAULT_RECIPE = HOUSE / "recipes" / "news_sample.yaml"
CONTRAST_RATE = 1e-5  # of few texts that are read many times (benchmarks/results/few_labels.md)
_NAMES_DATA = ("--dataset", "--train_file", "--train-file", "--unlabelled")


def read_recipe(argv: Sequence[str]) -> Recipe:
    """Read `[RECIPE.yaml] [--key value ...]` into the argument groups; flags win over the file.

    Without a recipe and without data it is the embedded default that is read.

    Raises:
        UserError: an unknown key (with the nearest known one), a value of the wrong type, a field that is not ours
            to set, a recipe that cannot be read.
    """
    words = list(argv)
    from .training.fit_arguments import FitArguments  # torch: kept away from --help

    groups = (DataArguments, ModelArguments, FitArguments, MeasureArguments, PublishArguments)
    parser = build_parser(groups)
    values: dict[str, Any] = {}  # Any: whatever type each field has
    if words and not words[0].startswith("-"):
        values = _recipe_values(recipe_path(words.pop(0)), parser)
    elif not any(word.startswith(_NAMES_DATA) for word in words):
        values = _recipe_values(DEFAULT_RECIPE, parser)
    parser.set_defaults(**values)
    recipe = Recipe(*parse(parser, words))
    if recipe.fit.family == "few_shot":  # again, with its own default
        parser.set_defaults(**{"learning_rate": CONTRAST_RATE} | values)
        recipe = Recipe(*parse(parser, words))
    return recipe


def show_help(argv: Sequence[str], usage: str, groups: Sequence[type] = OWN_GROUPS) -> bool:
    """Print help if it is asked for (`--help`: our options; `--help-all`: the Trainer's too); say if it was."""
    if not any(word in {"-h", "--help", "--help-all", "--help_all"} for word in argv):
        return False
    whole = FitOptions in groups and any(word in {"--help-all", "--help_all"} for word in argv)
    if process_index() == 0:
        print_help([*groups, _trainer_fields()] if whole else groups, usage, owned=whole)
    return True


def _trainer_fields() -> type:
    """Return a dataclass of the Trainer's fields that are neither among our options nor decided by us."""
    from .training.fit_arguments import FitArguments

    known, hints = {f.name for f in fields(FitOptions)} | OWNED.keys(), get_type_hints(FitArguments)
    own = [(f.name, hints[f.name], copy(f)) for f in fields(FitArguments) if f.init and f.name not in known]
    return make_dataclass(
        "TrainerFields", own, namespace={"_argument_group_name": "fit (what else the Trainer takes)"}
    )


def _recipe_values(path: Path, parser: Parser) -> dict[str, Any]:
    """Read a flat YAML recipe: each key's value as its field takes it, of the words as they are written there.

    So `on`, `no` and `010` are the words that they look like, and not what YAML 1.1 makes of them; and a word that
    looks like a flag is a word.
    """
    try:
        content = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except FileNotFoundError:
        raise UserError(missing_recipe(path)) from None
    except IsADirectoryError:
        raise UserError(f"The recipe {path} is a folder; expected a YAML file.") from None
    except UnicodeDecodeError as error:
        raise UserError(f"The recipe {path} is not UTF-8 (byte {error.start}). Save it as UTF-8.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)  # of errors that have a place
        where = f", line {mark.line + 1}" if mark else ""
        found = getattr(error, "problem", None) or str(error).replace("\n", " ")
        raise UserError(f"The recipe {path}{where} is not YAML of `key: value` lines: {found}.") from error
    if not isinstance(content, yaml.MappingNode):
        kind = "nothing" if content is None else "a list" if isinstance(content, yaml.SequenceNode) else "one value"
        raise UserError(f"The recipe {path} must hold `key: value` lines; found {kind}.")
    values: dict[str, Any] = {}  # Any: whatever type each field has
    seen: set[str] = set()
    for key, value in content.value:
        name, line = str(key.value).replace("-", "_"), key.start_mark.line + 1
        check_key(name, flag_names(parser), f"key in {path}: ")
        if name in seen:
            raise UserError(f"The recipe {path} sets {name} twice, the second time in line {line}.")
        seen.add(name)
        if value.tag != "tag:yaml.org,2002:null":
            field, given = parser.value_of(name, _as_written(value), f"The recipe {path}, line {line}: ")
            values[field] = given
    return values


def _as_written(node: yaml.Node) -> Any:  # Any: words, lists of words, and mappings as JSON has them
    """Return a scalar's own text, a list of such texts, or whatever else stands there."""
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.SequenceNode) and all(isinstance(item, yaml.ScalarNode) for item in node.value):
        return [item.value for item in node.value]
    return yaml.SafeLoader("").construct_document(node)


# Fields that name files or folders of one machine: a recipe keeps their last part only.
_PATHS = (
    *("train_file", "validation_file", "test_file", "data_dir", "dataset"),
    *("model", "unlabelled", "teacher", "cluster_encoder"),
)
# Where it was written and published, and what the machine or another field decides.
_NOT_KEPT = {"output_dir", "resume_from_checkpoint", "push", "space", "public"}
_NOT_KEPT |= {"use_cpu", "threads", "save_steps", "logging_nan_inf_filter", "dataloader_pin_memory"}


def without_folders(name: str) -> str:
    """Return a Hub id as it is, and of a path on this machine its last part: its folders concern nobody else."""
    return Path(name).resolve().name if Path(name).expanduser().exists() else name


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
            plain = isinstance(value, str | int | float | bool) or f.name in JSON_FIELDS
            differs = f.init and value != f.default and plain
            if (f.name in own or differs) and f.name not in OWNED and f.name not in _NOT_KEPT:
                kept[f.name] = value.value if isinstance(value, Enum) else value
    for name in _PATHS:
        if kept.get(name):
            kept[name] = without_folders(kept[name])
    given = {name: value for name, value in kept.items() if value is not None and value != []}
    head = "".join(f"# {line}\n" for line in remarks)
    return head + yaml.safe_dump(given, allow_unicode=True, sort_keys=False)
