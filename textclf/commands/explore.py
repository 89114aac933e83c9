"""What `explore.py` and `textclf explore` do."""

from ..arguments import DataArguments
from ..data.first_look import look_first
from ..exploration.explore_options import ExploreOptions, refuse_training_options
from ..flags import build_parser, parse
from ..recipe import show_help

USAGE = "python explore.py SOURCE [--data_dir DIR] [--output page.html] [--key value ...]"
GROUPS = (DataArguments, ExploreOptions)


def main(argv: list[str]) -> None:
    """Read the options and explore."""
    if not show_help(argv, USAGE, GROUPS):
        words = list(argv)
        if words and not words[0].startswith("-"):
            words[0] = f"--dataset={words[0]}"
        look_first(words)
        explore(*parse(build_parser(GROUPS), words))


def explore(args: DataArguments, options: ExploreOptions) -> None:
    """Load the data, look at it from all sides, write the page and show a summary."""
    # torch and the rooms: only once --help and faulty options are out of the way
    from ..data.loading import load_splits
    from ..exploration.explore import explore as look
    from ..exploration.render import page_path, write_page
    from ..exploration.summary import show_summary
    from ..screen import Screen

    refuse_training_options(args)
    screen = Screen()
    page = page_path(options.output, args.name)
    data = load_splits(args)
    screen.show(data.provenance.notes)
    found = look(data, args, options)
    screen.show(found.notes)
    write_page(found, page)
    show_summary(found, page)
