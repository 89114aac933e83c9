"""uvicorn as a server in front of strangers needs it: a port in use is said, a shutdown answers what was accepted."""

from __future__ import annotations

import asyncio
import socket
import sys

import uvicorn

from ..errors import UserError
from .api import create_app
from .engine import ModelProcess
from .serve_arguments import ServeArguments


def serve(held: ModelProcess, options: ServeArguments) -> None:
    """Serve until SIGTERM or Ctrl-C; what was accepted is answered first.

    Raises:
        UserError: the model cannot be loaded, or the port cannot be had.
    """
    try:
        listening = _listen(options)
        app = create_app(held, options)
    except UserError:
        held.close()
        raise
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # it would name callers; /metrics counts them
        timeout_keep_alive=75,
        timeout_graceful_shutdown=int(options.drain_seconds),
        server_header=False,
    )
    ready = held.ready()
    where = f"http://{options.host}:{options.port}"
    print(f"{ready.name} ({ready.engine}) is served at {where} (docs: {where}/docs; Ctrl-C ends it).", file=sys.stderr)
    _Server(config, app.state.page_calls).run(sockets=[listening])


class _Server(uvicorn.Server):
    """Ends the page's streams when it shuts down; they would last as long as the visitor's browser is open."""

    def __init__(self, config: uvicorn.Config, calls: set[asyncio.Task[None]]) -> None:
        super().__init__(config)
        self._calls = calls

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for call in [*self._calls]:
            call.cancel()
        await super().shutdown(sockets)


def _listen(options: ServeArguments) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((options.host, options.port))
    except OSError as error:
        raise UserError(
            f"{options.host}:{options.port} cannot be listened on ({error.strerror or error}). "
            "Choose another --port, or end what is using it."
        ) from error
    listening.set_inheritable(True)
    return listening
