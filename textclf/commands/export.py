"""What `export.py` and `textclf export` do."""

from ..arguments import ExportOptions
from ..errors import UserError
from ..flags import build_parser, parse
from ..recipe import show_help
from ..run_folder import RunFolder

USAGE = "python export.py RUN [--engine onnx|onnx-int8]"


def main(argv: list[str]) -> None:
    """Read the options and export."""
    if show_help(argv, USAGE, (ExportOptions,)):
        return
    if not argv or argv[0].startswith("-"):
        raise UserError(f"Give a run folder first: {USAGE}")
    (options,) = parse(build_parser((ExportOptions,)), argv[1:])
    run = RunFolder.open(argv[0])
    # torch: only once --help and faulty options are out of the way
    from ..evaluation.exporting import export_run
    from ..evaluation.table import show_gate
    from ..hub.publish import write_card
    from ..inference.onnx_folder import FILES

    show_gate(export_run(run, list(FILES) if options.engine == "all" else [options.engine]), run.path)
    write_card(run)
