"""What `compare.py` and `textclf compare` do."""

from pathlib import Path

from ..errors import UserError
from ..flags import build_parser, parse
from ..recipe import show_help
from ..run_folder import refuse_missing_runs
from ..studies.plan import CompareOptions

USAGE = "python compare.py RUN RUN ... [--metric M] [--output FILE.html|.md|.txt]"


def main(argv: list[str]) -> None:
    """Read the runs, compare, show, and write where --output says."""
    if show_help(argv, USAGE, (CompareOptions,)):
        return
    first = next((place for place, word in enumerate(argv) if word.startswith("--")), len(argv))
    if not first:
        raise UserError(f"Give runs first, or the folder of a study: {USAGE}.")
    (options,) = parse(build_parser((CompareOptions,)), argv[first:])
    folders = [Path(word) for word in argv[:first]]
    refuse_missing_runs(folders)
    # numpy and the rooms: only once --help, faulty options and missing folders are out of the way
    from ..screen import Screen
    from ..studies.showing import check_output, show, write
    from ..studies.side_by_side import side_by_side

    Screen()
    check_output(options.output)
    found = side_by_side(folders, options.metric, options.bootstrap_draws)
    show(found)
    if options.output:
        write(found, Path(options.output))
