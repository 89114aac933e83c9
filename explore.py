"""Look at a data set before training: one interactive page, and the main figures on the screen.

python explore.py SOURCE [--data_dir DIR] [--text_columns T [T2]] [--label_columns L] [--output page.html]

SOURCE is a dataset script's name, a file, a folder or a Hub id; the options of the data are those of train.py.
"""

from textclf.arguments import DataArguments
from textclf.data.first_look import look_first
from textclf.errors import run_command
from textclf.exploration.explore_options import ExploreOptions, refuse_training_options
from textclf.flags import build_parser, parse
from textclf.recipe import show_help

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
    from textclf.data.loading import load_splits
    from textclf.exploration.explore import explore as look
    from textclf.exploration.render import page_path, write_page
    from textclf.exploration.summary import show_summary
    from textclf.screen import Screen

    refuse_training_options(args)
    screen = Screen()
    page = page_path(options.output, args.name)
    data = load_splits(args)
    screen.show(data.provenance.notes)
    found = look(data, args, options)
    screen.show(found.notes)
    write_page(found, page)
    show_summary(found, page)


if __name__ == "__main__":
    run_command(main)
