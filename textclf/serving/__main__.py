"""`python -m textclf.serving`: serve.py told by TEXTCLF_* variables alone, as a container is."""

from __future__ import annotations

import os

from ..errors import run_command
from .engine import ModelProcess
from .serve_arguments import from_environment


def main(argv: list[str]) -> None:
    """Start the model in a process of its own, and serve it."""
    model, options = from_environment(os.environ)
    held = ModelProcess(model, options.engine, revision=options.revision, trust_code=options.trust_remote_code)

    from .server import serve  # FastAPI and uvicorn: imported while the model is loaded

    serve(held, options)


if __name__ == "__main__":
    run_command(main)
