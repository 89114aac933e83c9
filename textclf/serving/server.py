"""uvicorn as a server in front of strangers needs it: a port in use is said, headers that do not end are given up, a
shutdown answers what was accepted.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from http import HTTPStatus
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..errors import UserError
from ..house import how_to_install
from .api import create_app
from .engine import ModelProcess
from .faults import CallError
from .page import LazyPage
from .serve_arguments import ServeArguments

HIGHEST_PORT = 65_535
IDLE_SECONDS = 75  # that a connection may stay open without a request
MOST_HEAD_BYTES = 65_536  # of a request line with its headers, which uvicorn does not limit


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
    ready = held.ready()
    where = f"http://{options.host}:{options.port}"
    page = f"page: {where}/ui; " if app.state.page else ""
    said = f"is served at {where} ({page}docs: {where}/docs; Ctrl-C ends it)."
    print(f"{ready.name} ({ready.engine}) {said}", file=sys.stderr)
    if options.ui and not LazyPage.possible():
        print(
            f"It has no page: gradio is not installed here. `{how_to_install('gradio')}` brings it.", file=sys.stderr
        )
    _Server(configured(app, options), app.state.page_calls).run(sockets=[listening])


def configured(app: FastAPI, options: ServeArguments) -> uvicorn.Config:
    """Return what uvicorn is told."""
    return uvicorn.Config(
        app,
        http=type("Paced", (_Paced,), {"head_seconds": options.body_seconds}),
        log_level="warning",
        access_log=False,  # it would name callers; /metrics counts them
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=int(options.drain_seconds),
        server_header=False,
    )


class _Paced(HttpToolsProtocol):
    """A connection whose request line and headers have to arrive in time, and to end; bodies are the guard's."""

    head_seconds: float

    def __init__(self, *args: Any, **options: Any) -> None:  # Any: as uvicorn makes its protocols
        super().__init__(*args, **options)
        self._patience: asyncio.TimerHandle | None = None
        self._head: int | None = None  # bytes of a head that has not ended yet

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._patience = self.loop.call_later(IDLE_SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_patience()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head is not None:
            self._head += len(data)
            if self._head > MOST_HEAD_BYTES:
                self._give_up(CallError(431, "Validation", f"Headers may have {MOST_HEAD_BYTES:,} bytes."))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head = 0
        self._end_patience()
        late = CallError(408, "Validation", f"The request did not arrive within {self.head_seconds:g} s.")
        self._patience = self.loop.call_later(self.head_seconds, self._give_up, late)

    def on_headers_complete(self) -> None:
        self._head = None
        self._end_patience()
        super().on_headers_complete()

    def _end_patience(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self, error: CallError) -> None:
        """Close the connection, with a word unless an answer to an earlier request is on its way."""
        self._end_patience()
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            body = json.dumps(error.body).encode()
            head = f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\ncontent-type: application/json\r\n"
            head += f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            self.transport.write(head.encode() + body)
        self.transport.close()


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
    if options.port > HIGHEST_PORT:
        raise UserError(f"--port takes a number from 1 to {HIGHEST_PORT}; found {options.port}.")
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
