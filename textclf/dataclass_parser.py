"""argparse over dataclasses: each field a flag, as the Trainer's users know them.

`transformers.HfArgumentParser` does the same, but transformers takes a second to import and is not there where a model
is only served; this loads the standard library alone. The rules are the same: `-` and `_` are one; a truth value may
stand alone (`--shuffle`) or be written out (`--shuffle false`), and one that is true by default has a `--no_shuffle`
beside it; a list takes several words.
"""

from __future__ import annotations

import argparse
import types
from collections.abc import Sequence
from dataclasses import MISSING, Field, fields
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

YES, NO = ("yes", "true", "t", "y", "1"), ("no", "false", "f", "n", "0")


def truth(word: str) -> bool:
    """Read a truth value.

    Raises:
        ValueError: the word says neither yes nor no.
    """
    if word.lower() not in YES + NO:
        raise ValueError(word)
    return word.lower() in YES


class DataclassParser(argparse.ArgumentParser):
    """A parser whose flags are the fields of dataclasses; `_argument_group_name` heads a class's part of the help."""

    def __init__(self, groups: Sequence[type], **options: Any) -> None:  # Any: as argparse takes them
        """Add each field of each class that can be given."""
        super().__init__(**options)
        self.groups = groups
        for group in groups:
            heading = getattr(group, "_argument_group_name", None)
            section = self if heading is None else self.add_argument_group(heading)
            hints = get_type_hints(group)
            for each in fields(group):
                if each.init:
                    _add_flag(section, each, _single_type(hints[each.name]))

    def parse_groups(self, words: Sequence[str]) -> tuple[list[Any], list[str]]:  # Any: one instance of each class
        """Return an instance of each class, and the words that belong to no flag."""
        found, left = self.parse_known_args(list(words))
        values = vars(found)
        return [group(**{f.name: values[f.name] for f in fields(group) if f.init}) for group in self.groups], left


def _single_type(hint: Any) -> Any:  # Any: a type, as typing has them
    """Return what a word becomes: of `X | None` X, of `Choice | str` the choice, of `dict | str | None` the str."""
    if get_origin(hint) not in (Union, types.UnionType):
        return hint
    members = [member for member in get_args(hint) if member is not type(None)]
    others = [member for member in members if member is not str]
    optional = type(None) in get_args(hint)
    chosen = [member for member in others if not optional or _is_choice(member)]
    return chosen[0] if chosen else str if str in members else members[0]


def _is_choice(kind: Any) -> bool:  # Any: a type
    """Say whether it is an enumeration; `dict[str, bool]` passes for a class on some versions of Python."""
    return get_origin(kind) is None and isinstance(kind, type) and issubclass(kind, Enum)


def _add_flag(section: Any, each: Field[Any], kind: Any) -> None:  # Any: a parser or a group of it; a type
    options: dict[str, Any] = dict(each.metadata)  # the help; the Trainer's also choices, nargs
    options["default"] = each.default if each.default_factory is MISSING else each.default_factory()
    if options["default"] is MISSING:
        options |= {"default": False} if kind is bool else {"default": None, "required": True}
    if kind is bool:
        options["type"] = truth
        if options["default"] is not None:
            options |= {"nargs": "?", "const": True}
    elif get_origin(kind) is list:
        options |= {"type": get_args(kind)[0], "nargs": "+"}
        options["default"] = None if isinstance(options["default"], str) else options["default"]
    elif get_origin(kind) is Literal or _is_choice(kind):
        choices = get_args(kind) if get_origin(kind) is Literal else [choice.value for choice in kind]
        by_word = {str(choice): choice for choice in choices}
        options |= {"choices": choices, "type": lambda word: by_word.get(word, word)}
    else:
        options["type"] = kind
    section.add_argument(*_spellings(f"--{each.name}"), **options)
    if kind is bool and each.default is True:
        no = {"action": "store_false", "dest": each.name, "default": False, "help": options.get("help")}
        section.add_argument(*_spellings(f"--no_{each.name}"), **no)


def _spellings(flag: str) -> list[str]:
    return list(dict.fromkeys([flag, f"--{flag[2:].replace('_', '-')}"]))
