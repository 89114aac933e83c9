"""Two ports of 127.0.0.1, served by uvicorn from one background thread."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Sequence

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from .application import Application

START_LIMIT = 600.0  # seconds, against hanging; a start takes some milliseconds


class _Protocol(H11Protocol):
    """HTTP with the connection within reach of the application, which has to be able to break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class BackgroundServer:
    """Serves applications, each on its port; with port 0 a free one is taken when the object is made."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._sockets = [_bound(port) for port in ports]
        self._servers: list[uvicorn.Server] = []
        self._thread: threading.Thread | None = None

    @property
    def addresses(self) -> list[str]:
        """The address of each port, without a trailing slash: `http://127.0.0.1:40123`."""
        return [f"http://127.0.0.1:{bound.getsockname()[1]}" for bound in self._sockets]

    def start(self, applications: Sequence[Application]) -> None:
        """Serve the applications, in the order of the ports, and return when they answer."""
        self._servers = [uvicorn.Server(_configuration(application)) for application in applications]
        self._thread = threading.Thread(target=self._run, name="hub-stand-in", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_LIMIT
        while not all(server.started for server in self._servers):
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("The stand-in Hub did not start")
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop serving and free the ports; requests in progress have a second to end."""
        for server in self._servers:
            server.should_exit = True
        if self._thread is not None:
            self._thread.join()
        for bound in self._sockets:
            bound.close()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        pairs = zip(self._servers, self._sockets, strict=True)
        await asyncio.gather(*(server.serve(sockets=[bound]) for server, bound in pairs))


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound


def _configuration(application: Application) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_keep_alive=600,  # a client must never meet a connection that was closed for being idle
        timeout_graceful_shutdown=1,
    )
