"""`textclf completion SHELL`: a script that lets a shell complete commands and options, files and folders."""

from __future__ import annotations

import argparse

import shtab

from ..arguments import OWN_GROUPS, DataArguments, EvalOptions, ExportOptions
from ..bulk.bulk_arguments import BulkArguments
from ..errors import UserError, did_you_mean
from ..exploration.explore_options import ExploreOptions
from ..flags import build_parser
from ..house import COMMANDS
from ..hub.push_arguments import PushArguments
from ..serving.serve_arguments import ServeArguments
from ..studies.plan import CompareOptions, StudyOptions

OPTIONS = {  # command -> the groups of its options
    "train": (*OWN_GROUPS, StudyOptions),
    "eval": (DataArguments, EvalOptions),
    "explore": (DataArguments, ExploreOptions),
    "predict": (BulkArguments,),
    "serve": (ServeArguments,),
    "export": (ExportOptions,),
    "compare": (CompareOptions,),
    "push": (PushArguments,),
}


def completion(shell: str) -> str:
    """Return the script for a shell: bash, zsh, fish or tcsh.

    Raises:
        UserError: another shell.
    """
    known = shtab.SUPPORTED_SHELLS
    if shell not in known:
        hint = did_you_mean(shell, known) if shell else ""
        raise UserError(f"Completion is there for {', '.join(known)}; found {shell or 'none'}.{hint}")
    whole = argparse.ArgumentParser("textclf")
    commands = whole.add_subparsers()
    for name, groups in OPTIONS.items():
        options = build_parser(groups)
        command = commands.add_parser(name, parents=[options], add_help=False, help=COMMANDS[name].about)
        command.add_argument("given", nargs="*").complete = shtab.FILE  # type: ignore[attr-defined]
    choice = commands.add_parser("completion", help="what lets a shell complete all this")
    choice.add_argument("shell", choices=list(known))
    return str(shtab.complete(whole, shell))
