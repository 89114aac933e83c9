"""The command line over the argument groups: its flags, its mistakes in one sentence, its help. Loads no torch."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any, NoReturn

from .dataclass_parser import DataclassParser, truth
from .errors import UserError, did_you_mean
from .house import as_typed

# Trainer fields that this project decides itself, and what to type instead.
OWNED = {
    "push_to_hub": "use --push NS/NAME",
    "hub_model_id": "use --push NS/NAME",
    "hub_token": "set the environment variable HF_TOKEN or run `hf auth login`",
    "hub_strategy": "use --push NS/NAME: the finished run goes up in one commit",
    "hub_private_repo": "new repos are private; use --public for the other way",
    "hub_always_push": "use --push NS/NAME",
    "hub_revision": "use push_to_hub.py RUN --revision",
    "remove_unused_columns": "the loader keeps just the columns that the model reads",
    "label_names": "the label column is always 'labels'",
    "load_best_model_at_end": "the best checkpoint on validation is always the one that is saved",
    "greater_is_better": "it follows from --metric_for_best_model",
    "train_sampling_strategy": "batches of similar length are always composed; --tokens_per_batch sets a token budget",
    "length_column_name": "lengths are counted by the tokenizer",
    "bf16": "use --precision bf16",
    "fp16": "use --precision fp16",
    "bf16_full_eval": "figures are always computed in fp32 from the saved folder",
    "fp16_full_eval": "figures are always computed in fp32 from the saved folder",
    "include_for_metrics": "metrics always read scores and labels",
    "eval_do_concat_batches": "metrics always read the whole validation split",
    "batch_eval_metrics": "metrics always read the whole validation split",
    "prediction_loss_only": "validation metrics choose the checkpoint, so scores are needed",
    "do_train": "train.py always trains",
    "do_eval": "train.py always evaluates",
    "do_predict": "the test split is always scored once, at the end",
    "auto_find_batch_size": "running out of memory halves the batch by itself",
    "gradient_checkpointing": "use --activation_checkpointing",
    "gradient_checkpointing_kwargs": "use --activation_checkpointing_kwargs",
    "save_strategy": "checkpoints are kept where validation happens (--eval_steps); --save_steps adds others",
    "save_only_model": "the optimiser's state is what lets a run go on",
    "dataloader_drop_last": "every row is seen exactly once an epoch",
    "data_seed": "use --seed: it decides the order of the rows too",
    "restore_callback_states_from_checkpoint": "a resumed run always goes on with what its callbacks have counted",
    "ignore_data_skip": "a resumed run sees the batches that it would have seen",
    "accelerator_config": "batches are composed for all processes at once and dealt out",
    "parallelism_config": "use `accelerate launch` with a file like those of recipes/accelerate",
    "average_tokens_across_devices": "losses are always averaged over all processes",
    "logging_nan_inf_filter": "a loss that is not a number is always shown; --guards stops on it",
}
# Trainer fields that hold a mapping, written as JSON in a flag.
JSON_FIELDS = frozenset({"lr_scheduler_kwargs", "activation_checkpointing_kwargs", "liger_kernel_config"})
# Fields that transformers 5 took away, and today's names.
RENAMED = {
    "warmup_ratio": "warmup_steps (below 1 it is a share)",
    "evaluation_strategy": "eval_strategy",
    "no_cuda": "use_cpu",
    "group_by_length": "nothing: batches of similar length are always composed",
    "logging_dir": "the environment variable TENSORBOARD_LOGGING_DIR",
    "overwrite_output_dir": "another --output_dir, or delete the old folder",
    "half_precision_backend": "precision",
    "save_safetensors": "nothing: safetensors is the only format",
}
_HELP = "Type --help for the list of options."


class Parser(DataclassParser):
    """A parser over dataclasses that raises `UserError` and takes no abbreviated flags."""

    def error(self, message: str) -> NoReturn:
        """End on what argparse found."""
        said = re.sub(r"^argument (--[^/:]+)[^:]*:", r"\1:", message)
        raise UserError(f"{said[0].upper()}{said[1:]}. {_HELP}")

    def value_of(self, name: str, given: Any, where: str) -> tuple[str, Any]:  # Any: whatever type the field has
        """Return a flag's field, and `given` (a word, a list of words, a mapping) as the value that it takes.

        Raises:
            UserError: it is not of the flag's kind; `where` it stands comes first.
        """
        action = next(each for each in self._actions if f"--{name}" in each.option_strings)
        if isinstance(action, argparse._StoreFalseAction):
            raise UserError(f"{where}{name} is written {name.removeprefix('no_')}: false.")
        try:
            if action.nargs == "+":
                words = given if isinstance(given, list) else [given]
                if not words and action.default:
                    raise UserError(f"{name} takes at least one value; leave it out for the default.")
                return action.dest, [self._read_word(action, word) for word in words]
            return action.dest, given if self._is_json(action, given) else self._read_word(action, given)
        except UserError as error:
            said = str(error).removeprefix("--").removesuffix(f" {_HELP}")
            raise UserError(f"{where}{said}") from None

    def _is_json(self, action: argparse.Action, given: Any) -> bool:  # Any: as above
        return action.dest in JSON_FIELDS and isinstance(given, dict)

    def _read_word(self, action: argparse.Action, word: Any) -> Any:  # Any: as above
        if not isinstance(word, str):
            kind = "a mapping" if isinstance(word, dict) else "a list"
            raise UserError(f"{action.dest} takes {_kind(action)}; found {kind}.")
        value = self._get_value(action, word)
        self._check_value(action, value)
        return value

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:  # Any: whatever type the field has
        if action.dest in JSON_FIELDS and not _is_mapping(arg_string):
            raise UserError(f"{_name(action)} takes JSON such as '{{\"factor\": 0.5}}'; found {arg_string!r}. {_HELP}")
        try:
            return super()._get_value(action, arg_string)
        except argparse.ArgumentError:
            raise UserError(f"{_name(action)} takes {_kind(action)}; found {arg_string!r}. {_HELP}") from None

    def _check_value(self, action: argparse.Action, value: Any) -> None:  # Any: as above
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            raise UserError(f"{_name(action)} takes {_or(known)}; found {value!r}.{did_you_mean(str(value), known)}")


def build_parser(groups: Sequence[type]) -> Parser:
    """Return a parser over dataclasses; `-` and `_` are one in its flags."""
    parser = Parser(list(groups), allow_abbrev=False, formatter_class=_HelpFormatter)
    parser._negative_number_matcher = re.compile(r"^-\d+(\.\d*)?(=.*)?$|^-\.\d+(=.*)?$")  # also -1=negative
    return parser


def parse(parser: Parser, words: Sequence[str]) -> tuple[Any, ...]:  # Any: one instance of each group
    """Parse words into the parser's dataclasses.

    Raises:
        UserError: unknown and foreign keys, values of the wrong type, words that belong to no flag.
    """
    for word in words:
        if word.startswith("--"):
            check_key(word[2:].split("=")[0].replace("-", "_"), flag_names(parser), "option --")
    try:
        groups, left = parser.parse_groups(words)
    except UserError:
        raise
    except (ValueError, ImportError) as error:  # what the Trainer's arguments find out about their own values
        said = str(error).strip().rstrip(".")
        raise UserError(f"{said[0].upper()}{said[1:]}. {_HELP}") from error
    if left:
        recipe = left[0].endswith((".yaml", ".yml"))
        hint = "The recipe stands in front of all options." if recipe else "Options are written --key value."
        raise UserError(f"Not understood: {' '.join(left)}. {hint}")
    return tuple(groups)


def flag_names(parser: Parser) -> set[str]:
    """Return the names of all flags, written with underscores."""
    return {option[2:].replace("-", "_") for action in parser._actions for option in action.option_strings}


def check_key(key: str, known: Iterable[str], kind: str) -> None:
    """Refuse keys that are unknown or not the user's to set; `--no_x` is as little the user's as `--x`.

    Raises:
        UserError: with what to type instead.
    """
    owned = key if key in OWNED else key.removeprefix("no_")
    if owned in OWNED:
        raise UserError(f"The {kind}{key} is not set here: {OWNED[owned]}.")
    if key in RENAMED:
        raise UserError(f"The {kind}{key} is gone in transformers 5; it is now {RENAMED[key]}.")
    if key not in known:
        raise UserError(f"Unknown {kind}{key}.{did_you_mean(key, known)} {_HELP}")


def print_help(groups: Sequence[type], usage: str, owned: bool = False) -> None:
    """Print usage and the flags of each group; with `owned` also the Trainer's fields that are not set here."""
    parser = build_parser(groups)
    parser.usage = as_typed(usage)
    if owned:
        section = parser.add_argument_group("decided by this project, not set here")
        for name, advice in sorted(OWNED.items()):
            section.add_argument(f"--{name}", action="store_true", default=None, help=advice)
    parser.print_help(sys.stdout)


class _HelpFormatter(argparse.HelpFormatter):
    """Shows the kind of a flag's value once, a default only where there is one, and no `--no_x` beside `--x false`."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=34, width=min(118, shutil.get_terminal_size((120, 24)).columns - 2))

    def add_argument(self, action: argparse.Action) -> None:
        if not isinstance(action, argparse._StoreFalseAction):
            super().add_argument(action)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if action.nargs == 0:
            return ", ".join(action.option_strings)
        value = self._metavar_formatter(action, _placeholder(action))(1)[0]
        shown = {"+": f"{value} ...", "?": f"[{value}]"}.get(str(action.nargs), value)
        return f"{', '.join(action.option_strings)} {shown}"

    def _get_help_string(self, action: argparse.Action) -> str:
        text, default = action.help or "", action.default
        if default in (None, [], "", argparse.SUPPRESS) or "(default" in text:
            return text
        shown = default.value if isinstance(default, Enum) else default
        shown = " ".join(map(str, shown)) if isinstance(shown, list) else shown
        shown = str(shown).lower() if isinstance(shown, bool) else shown
        return f"{text} (default: {str(shown).replace('%', '%%')})"


def _name(action: argparse.Action) -> str:
    return action.option_strings[0]


def _placeholder(action: argparse.Action) -> str:
    kinds = {int: "N", float: "X", truth: "true|false"}
    return kinds.get(action.type, "VALUE")


def _kind(action: argparse.Action) -> str:
    kinds = {int: "a whole number", float: "a number", truth: "true or false"}
    return kinds.get(action.type, "one value")


def _is_mapping(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except json.JSONDecodeError:
        return False


def _or(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]
