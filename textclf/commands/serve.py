"""What `serve.py` and `textclf serve` do."""

from ..errors import UserError
from ..flags import build_parser, parse
from ..recipe import show_help
from ..run_folder import refuse_clustered, refuse_missing_folder
from ..serving.serve_arguments import ServeArguments

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
    refuse_clustered(argv[0], "serve.py")

    from ..serving.engine import ModelProcess

    held = ModelProcess(argv[0], options.engine, revision=options.revision, trust_code=options.trust_remote_code)

    from ..serving.server import serve  # FastAPI and uvicorn: imported while the model is loaded

    serve(held, options)
