"""`textclf COMMAND ...`, or `python -m textclf COMMAND ...` (behind `accelerate launch -m`, say)."""

import sys
from importlib import import_module

from .errors import UserError, did_you_mean, run_command
from .house import COMMANDS


def usage() -> str:
    """Return the list of commands, each with an example."""
    lines = [f"  {name:<9} {each.about:<52} textclf {name} {each.example}" for name, each in COMMANDS.items()]
    shells = f"  {'completion bash|zsh|fish|tcsh':<62} textclf completion bash > FILE"
    rest = "  --version\n\ntextclf COMMAND --help lists a command's options."
    return "\n".join(["usage: textclf COMMAND ...", "", *lines, "", shells, rest])


def main(argv: list[str]) -> None:
    """Hand the words behind a command's name over to it.

    Raises:
        UserError: there is no such command; or whatever the command itself finds.
    """
    name, words = (argv[0], argv[1:]) if argv else ("--help", [])
    if name in {"-h", "--help", "help"}:
        print(usage())
    elif name == "--version":
        from . import __version__

        print(f"textclf {__version__}")
    elif name == "completion":
        from .commands.completion import completion

        print(completion(words[0] if words else ""))
    elif name in COMMANDS:
        import_module(f".commands.{name}", __package__).main(words)
    else:
        known = [*COMMANDS, "completion"]
        raise UserError(f"There is no command {name!r}.{did_you_mean(name, known)} textclf --help lists them.")


def run() -> None:
    """Run as the installed command."""
    run_command(main, sys.argv[1:])


if __name__ == "__main__":
    run()
