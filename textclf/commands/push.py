"""What `push_to_hub.py` and `textclf push` do."""

from pathlib import Path

from ..errors import UserError
from ..flags import build_parser, parse
from ..hub.push_arguments import PushArguments
from ..recipe import show_help
from ..run_folder import RunFolder

USAGE = "python push_to_hub.py RUN --repo-id NS/NAME [--key value ...]"


def main(argv: list[str]) -> None:
    """Read the arguments, look through the run, push it, check it."""
    if show_help(argv, USAGE, [PushArguments]):
        return
    if not argv or argv[0].startswith("-"):
        raise UserError(f"Give the run folder first: {USAGE}")
    (arguments,) = parse(build_parser([PushArguments]), argv[1:])

    run = RunFolder.open(Path(argv[0]))
    from ..hub.publish import publish_run  # the Hub's client: kept away from --help and faulty arguments

    publish_run(run, arguments)
