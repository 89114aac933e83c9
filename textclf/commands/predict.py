"""What `predict.py` and `textclf predict` do."""

import time
from pathlib import Path

from ..bulk.bulk_arguments import BulkArguments
from ..errors import UserError, process_index
from ..flags import build_parser, parse
from ..house import as_typed
from ..recipe import show_help
from ..run_folder import refuse_missing_folder

USAGE = "python predict.py MODEL INPUT [INPUT ...] --output OUT [--key value ...]   or   --check OUT [INPUT ...]"


def main(argv: list[str]) -> None:
    """Read the options; label, or prove what was labelled."""
    if show_help(argv, USAGE, [BulkArguments]):
        return
    if "--check" in argv:
        prove([word for word in argv if word != "--check"])
        return
    places = next((i for i, word in enumerate(argv) if word.startswith("--")), len(argv))
    if places < 2:
        raise UserError(f"Give a model and what to label first: {USAGE}")
    (options,) = parse(build_parser([BulkArguments]), argv[places:])
    if not options.output:
        raise UserError(f"Say where the labels go, with --output: {USAGE}")
    from ..bulk.sources import all_files  # with Arrow: not for --help

    model, inputs = argv[0], argv[1:places]
    refuse_missing_folder(model)
    here = all_files(inputs) and Path(model).expanduser().is_dir()
    if options.to_label:
        choose(model, inputs, options)
    else:
        label(model, inputs, options, here)


def choose(model: str, inputs: list[str], options: BulkArguments) -> None:
    """Write the texts that are worth most to label next, and say what to do with them."""
    from ..bulk.to_label import lines_of, pick
    from ..screen import Screen

    Screen()
    print(as_typed("\n".join(lines_of(pick(model, inputs, options), model, options))))


def label(model: str, inputs: list[str], options: BulkArguments, here: bool) -> None:
    """Plan, label what is not done, and say what came out; what lies `here` is looked at before libraries load."""
    from ..bulk.labelling import find_rows, label, lines_of, set_up
    from ..screen import Screen

    found = find_rows(model, inputs, options) if here else None
    Screen(quiet=process_index() > 0)
    work = set_up(model, inputs, options, found)
    began = time.monotonic()
    proof = label(work)
    if proof is not None and process_index() == 0:
        print(as_typed("\n".join(lines_of(work, proof, time.monotonic() - began))))


def prove(words: list[str]) -> None:
    """Read an output again and prove that every row is in it exactly once."""
    from ..bulk.checking import check, check_inputs
    from ..bulk.sources import find_sources

    if not words or words[0].startswith("-"):
        raise UserError(f"Say which output: {USAGE}")
    output = Path(words[0])
    proof = check(output)
    if words[1:]:
        check_inputs(output, find_sources(words[1:], None, None, None))
    print(proof.sentence(output))
