"""The study file: keys of recipes, in which lists of values expand to runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from ..arguments import OWN_GROUPS
from ..errors import UserError, did_you_mean
from ..flags import build_parser, flag_names, parse
from ..house import recipe_path
from .plan import Study, StudyOptions, Words, as_flags
from .space import search_settings

LONGEST_NAME = 80
_OWN_KEYS = {"recipe", "runs", "folds", "seeds", "trials", "search", "sampler", "pruner", "learning_curve"}


def read_study(path: Path, options: StudyOptions, rest: list[str]) -> Study:
    """Read a study file: keys of recipes, in which lists of values expand, and what says which kind it is."""
    content = _read(path)
    known = flag_names(build_parser(OWN_GROUPS))
    variants = content.pop("runs", None) or {}
    if not isinstance(variants, dict) or any(not isinstance(each, dict | None) for each in variants.values()):
        raise UserError(
            f"{path}: `runs` takes a name and settings for each run, as `plain: {{}}` or `focal: {{loss: focal}}`."
        )
    own = {key: content.pop(key) for key in list(content) if key in _OWN_KEYS}
    for key in (*content, *(key for each in variants.values() for key in each or {})):
        if key not in known and not _is_trainers(key):
            raise UserError(f"Unknown key in {path}: {key}.{did_you_mean(key, known | _OWN_KEYS)}")
    words = _shared_words(path, own.pop("recipe", None), rest)
    _check_nulls(path, words, variants, content)
    kinds = [key for key in ("folds", "seeds", "trials", "learning_curve") if own.get(key) not in (None, "false")]
    if len(kinds) > 1:
        raise UserError(f"{path} asks for {' and '.join(kinds)}; a study is of one kind. Leave one out.")
    if not kinds:
        if own:
            raise UserError(f"{path} has {', '.join(sorted(own))}, but no `trials: N`. Add that, or leave it out.")
        return Study("grid", words, options, _expanded(path, variants, content))
    return _of_kind(path, kinds[0], own, content, variants, words, options)


def _of_kind(
    path: Path, kind: str, own: Words, content: Words, variants: Words, words: list[str], options: StudyOptions
) -> Study:
    """Return a study file's folds, seeds, trials or learning curve over one recipe."""
    runs = _expanded(path, variants, content)
    if len(runs) > 1:
        raise UserError(f"{path} has `{kind}` and lists of values too; a study is of one kind. Leave one out.")
    words = [*words, *as_flags(next(iter(runs.values())))]
    given = own.pop(kind)
    given = ",".join(given) if isinstance(given, list) else given
    filled, *_ = parse(build_parser((StudyOptions,)), [f"--{kind}={given}"])
    filled.shard, filled.share = options.shard, options.share
    if kind != "trials" and own:
        raise UserError(f"{path} has {', '.join(sorted(own))}, which go with `trials: N`. Leave them out.")
    seeds: dict[str, Words] = {f"seed-{seed}": {"seed": seed} for seed in filled.seed_list}
    return Study(kind, words, filled, seeds, search_settings(own) if kind == "trials" else {})


def _shared_words(path: Path, recipe: Any, rest: list[str]) -> list[str]:  # Any: whatever stands in the file
    if rest and not rest[0].startswith("-"):
        raise UserError(f"A study file names its own `recipe`; found {rest[0]} beside {path}. Leave one out.")
    if recipe is None:
        return rest
    beside = path.parent / str(recipe)
    return [str(beside if beside.exists() else recipe), *rest]


def _check_nulls(path: Path, words: list[str], variants: Words, content: Words) -> None:
    """Refuse a null where the recipe has a value, which it would leave: two runs of other names would be one."""
    nulls = {key for each in (*variants.values(), content) for key, value in (each or {}).items() if _has_null(value)}
    recipe = recipe_path(words[0]) if nulls and words and not words[0].startswith("-") else None
    if recipe is None or not recipe.is_file():  # what is wrong with a recipe says its own reader
        return
    kept = set(re.findall(r"^(\w+): *[^\s#]", recipe.read_text(encoding="utf-8", errors="replace"), re.MULTILINE))
    for key in sorted(nulls & kept):
        meant = "none" if key == "clean" else "the value that is meant"
        raise UserError(f"{path} has {key}: null, which leaves {key} as {recipe} sets it. Write {meant} there.")


def _has_null(value: Any) -> bool:
    return value is None or (isinstance(value, list) and None in value)


def _expanded(path: Path, variants: Words, content: Words) -> dict[str, Words]:
    """Return each combination of the values, of every variant, under a name that says what is its own."""
    fixed, lists = {}, {}
    for key, value in content.items():
        choices = _choices(key, value)
        if len(choices) != 1:
            lists[key] = choices
        elif choices[0] is not None:
            fixed[key] = choices[0]
    runs: dict[str, Words] = {}
    for variant, settings in (variants or {"": {}}).items():
        for values in product(*lists.values()):
            chosen = dict(zip(lists, values, strict=True))
            name = "-".join(filter(None, [variant, *(f"{key}={_shown(value)}" for key, value in chosen.items())]))
            given = {**fixed, **chosen, **(settings or {})}
            runs[_free_name(name or "run", runs)] = {key: value for key, value in given.items() if value is not None}
    if not runs:
        raise UserError(f"{path} has an empty list of values: it asks for no run.")
    return runs


def _choices(key: str, value: Any) -> list[Any]:  # Any: words, lists of words, lists of lists
    """Return the values to try for a key: the elements of a list, but where the field itself takes a list."""
    if not isinstance(value, list):
        return [value]
    takes_list = any(key == action.dest and action.nargs == "+" for action in build_parser(OWN_GROUPS)._actions)
    if takes_list and not any(isinstance(each, list) or each is None for each in value):
        return [value]
    return [[each] if takes_list and isinstance(each, str) else each for each in value]


def _shown(value: Any) -> str:  # Any: a word, a list of words, None
    if value is None or value == []:
        return "default"
    return "+".join(value) if isinstance(value, list) else str(value).rstrip("/").rpartition("/")[2]


def _free_name(name: str, taken: Mapping[str, Any]) -> str:
    """Return a name that a folder can have, and no other run has."""
    plain = re.sub(r"[^\w.=+-]+", "_", name).strip("._")[:LONGEST_NAME] or "run"
    found, number = plain, 1
    while found in taken:
        number += 1
        found = f"{plain}-{number}"
    return found


def _is_trainers(key: str) -> bool:
    """Say whether a key is a field of the Trainer's; only asked where it is none of ours, as it loads torch."""
    from ..training.fit_arguments import FitArguments

    return key in {each.name for each in fields(FitArguments) if each.init}


def _read(path: Path) -> dict[str, Any]:
    """Return a YAML file's mapping, every value as the words that stand there (null: None)."""
    try:
        content = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except FileNotFoundError:
        raise UserError(
            f"The study {path} does not exist. `ls recipes/studies/` shows those that come with it."
        ) from None
    except (IsADirectoryError, UnicodeDecodeError) as error:
        raise UserError(f"The study {path} must be a YAML file in UTF-8; {error}.") from error
    except yaml.YAMLError as error:
        raise UserError(
            f"The study {path} is not YAML of `key: value` lines: {str(error).splitlines()[0]}."
        ) from error
    if not isinstance(content, yaml.MappingNode):
        raise UserError(f"The study {path} must hold `key: value` lines.")
    return {key.replace("-", "_"): value for key, value in _as_written(content, path).items()}


def _as_written(node: yaml.Node, path: Path) -> Any:  # Any: words, lists and mappings of words
    if isinstance(node, yaml.ScalarNode):
        return None if node.tag == "tag:yaml.org,2002:null" else node.value
    if isinstance(node, yaml.SequenceNode):
        return [_as_written(each, path) for each in node.value]
    keys = [str(key.value) for key, _ in node.value]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        raise UserError(f"The study {path} sets {twice} twice.")
    return {key: _as_written(value, path) for key, (_, value) in zip(keys, node.value, strict=True)}
