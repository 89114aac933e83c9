"""A look at the data before any library is loaded: a file or a column that cannot work is said within two seconds."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import MISSING, Field, fields
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from ..arguments import DataArguments
from ..errors import UserError, missing_recipe, process_index
from ..house import recipe_path
from ..run_folder import refuse_missing_folder

MANY_FILES = 500


def look_first(argv: Sequence[str], model: str | None = None) -> None:
    """Read the files that a command line names, and find their columns; what is read is kept for the command itself.

    A `model` that can only be a folder, and is not there, is said too.

    Says nothing about options, nor about data sets that are no files here: the command does, once it is loaded.

    Raises:
        UserError: a file is missing, cannot be read, or its columns cannot be told.
    """
    if model is not None:
        refuse_missing_folder(model)
    asks = {"-h", "--help", "--help-all", "--help_all"} & set(argv)
    args = _data_arguments(argv) if process_index() == 0 and not asks else None
    if args is None:
        return
    from .labelling.columns import as_trained, choose_columns, in_train_only, refuse_missing_columns
    from .labelling.split_column import part_by_column
    from .reading.script_source import script_columns
    from .reading.sources import is_local, read_source

    if any((args.text_columns, args.label_columns, args.group_column, args.source_column)):
        columns = script_columns(args)  # known before its files are read, which takes seconds
        if columns:
            refuse_missing_columns(args, columns)
    if is_local(args) and not _is_large(args):
        source = read_source(args)
        splits, _, column = part_by_column(source.splits, args)
        train = splits["train"]
        recorded = _recorded(model) if model else {}
        if train.table.num_rows and recorded is not None:
            trained, _ = as_trained(args, recorded, train.columns)
            choose_columns(train, trained, column, in_train_only(splits))


def _recorded(model: str) -> dict[str, Any] | None:
    """Return what a run folder says of its data, {} where it says nothing; None for a Hub id, not asked yet."""
    folder = Path(model)
    with suppress(OSError, ValueError, AttributeError):
        return dict(json.loads((folder / "evaluation.json").read_text(encoding="utf-8")).get("data") or {})
    return {} if folder.is_dir() else None


def _is_large(args: DataArguments) -> bool:
    """Say whether it is a folder of so many files that to look into all of them twice costs more than it saves."""
    folder = Path(args.dataset or "").expanduser()
    return (
        bool(args.dataset) and folder.is_dir() and sum(1 for _ in islice(folder.rglob("*"), MANY_FILES)) == MANY_FILES
    )


def _data_arguments(argv: Sequence[str]) -> DataArguments | None:
    """Return what a command line says about the data, or None where only the whole parser can tell."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for each in fields(DataArguments):
        several, truth = each.default_factory is not MISSING, _is_truth(each)
        flags = {f"--{each.name}", f"--{each.name.replace('_', '-')}"}
        parser.add_argument(
            *sorted(flags),
            nargs="+" if several else "?" if truth else None,
            type=_kind(each),
            const=True if truth else None,
            default=argparse.SUPPRESS,
        )
    words = list(argv)
    named = bool(words) and not words[0].startswith("-") and words[0].endswith((".yaml", ".yml"))
    recipe = words.pop(0) if named else None
    said: dict[str, Any] = {}  # Any: whatever type each field has
    with suppress(OSError, yaml.YAMLError, UnicodeDecodeError, AttributeError):
        said = _recipe_values(recipe_path(recipe)) if recipe else {}
    with suppress(argparse.ArgumentError, SystemExit, ValueError, TypeError):
        said |= vars(parser.parse_known_args(words)[0])
        if said.get("dataset") or said.get("train_file"):
            return DataArguments(**said)
    return None


def _is_truth(each: Field[Any]) -> bool:
    return isinstance(each.default, bool) or each.name == "no_header"


def _kind(each: Field[Any]) -> Callable[[str], Any]:
    """Return what makes a field's value, or an item of it, of a word."""
    if _is_truth(each):
        return _truth
    number = isinstance(each.default, int | float) and each.default_factory is MISSING
    return type(each.default) if number else str


def _truth(word: str) -> bool:
    return word.lower() in {"true", "yes", "y", "t", "1"}


def _recipe_values(path: Path) -> dict[str, Any]:
    """Return what a recipe says about the data, of the words as they are written there; a word is never a flag."""
    if not path.exists():
        raise UserError(missing_recipe(path))
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    known = {each.name: each for each in fields(DataArguments)}
    values: dict[str, Any] = {}
    for key, value in content.items():
        each = known.get(str(key).replace("-", "_"))
        if each is None or value in ("", "null", "~"):
            continue
        if each.default_factory is not MISSING:
            values[each.name] = list(map(str, value)) if isinstance(value, list) else [str(value)]
        elif isinstance(value, str):
            with suppress(ValueError):  # the whole parser says what is wrong
                values[each.name] = _kind(each)(value)
    return values
