"""Export a finished run for ONNX Runtime, browsers and servers: `onnx/`, each engine behind its gate.

python export.py RUN [--engine onnx|onnx-int8]     both without --engine
"""

from textclf.arguments import ExportOptions
from textclf.errors import UserError, run_command
from textclf.flags import build_parser, parse
from textclf.recipe import show_help
from textclf.run_folder import RunFolder

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
    from textclf.evaluation.exporting import export_run
    from textclf.evaluation.table import show_gate
    from textclf.hub.publish import write_card
    from textclf.inference.onnx_folder import FILES

    show_gate(export_run(run, list(FILES) if options.engine == "all" else [options.engine]), run.path)
    write_card(run)


if __name__ == "__main__":
    run_command(main)
