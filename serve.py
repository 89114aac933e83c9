"""Serve a classifier over HTTP: the Hub's inference protocol, TEI's, decisions with thresholds, metrics, a page.

python serve.py MODEL [--host 0.0.0.0] [--port 8000] [--engine auto] [--no-ui] ...     MODEL: a run folder or a Hub id

A bearer token is set by the variable TEXTCLF_API_TOKEN.
"""

from textclf.errors import UserError, run_command
from textclf.flags import build_parser, parse
from textclf.recipe import show_help
from textclf.run_folder import refuse_missing_folder
from textclf.serving.serve_arguments import ServeArguments

USAGE = "python serve.py MODEL [--host H] [--port P] [--engine E] [--no-ui] [--key value ...]"


def main(argv: list[str]) -> None:
    """Read the options, start the model in a process of its own, and serve it."""
    if show_help(argv, USAGE, [ServeArguments]):
        return
    if not argv or argv[0].startswith("-"):
        raise UserError(f"Give a run folder or a Hub id first: {USAGE}")
    words = ["--ui=false" if word in ("--no-ui", "--no_ui") else word for word in argv[1:]]
    (options,) = parse(build_parser([ServeArguments]), words)
    refuse_missing_folder(argv[0])

    from textclf.serving.engine import ModelProcess

    held = ModelProcess(argv[0], options.engine, revision=options.revision, trust_code=options.trust_remote_code)

    from textclf.serving.server import serve  # FastAPI and uvicorn: imported while the model is loaded

    serve(held, options)


if __name__ == "__main__":
    run_command(main)
