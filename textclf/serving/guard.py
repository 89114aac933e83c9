"""What stands in front of every route: the bearer token, the size and pace of bodies, callers that have gone.

An ASGI middleware. A body is read whole before a route sees it, so that a slow or endless one holds no route, and a
caller that hangs up stops the work that was begun for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import JSONResponse

from .faults import CallError, malformed, too_large

# ASGI's own types: a scope and messages are dictionaries of whatever the protocol says.
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN_TO_ALL = ("/health", "/ready")  # probes have no token
GONE = 499  # the caller hung up, in nginx's count


class Guard:
    """Checks a request, hands it on whole, and counts what came of it."""

    def __init__(
        self,
        app: App,
        *,
        token: str | None,
        most_bytes: int,
        body_seconds: float,
        finished: Callable[[str, int, float], None],
    ) -> None:
        """Take the bounds, and who is told of each call's path, status and seconds."""
        self._app, self._token, self._finished = app, token, finished
        self._most_bytes, self._body_seconds = most_bytes, body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one call."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 500  # of errors that are answered outside of this middleware

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            self._check_token(scope)
            body = await self._body(scope, receive)
            if body is None or not await self._run(scope, body, receive, watched):
                status = GONE
        except CallError as error:
            headers = error.headers | {"connection": "close"}
            await JSONResponse(error.body, error.status, headers)(scope, receive, watched)
        finally:
            route = scope.get("route")
            self._finished(route.path if route is not None else "other", status, time.monotonic() - began)

    def _check_token(self, scope: Scope) -> None:
        if self._token is None or scope["path"] in OPEN_TO_ALL:
            return
        scheme, _, given = dict(scope["headers"]).get(b"authorization", b"").partition(b" ")
        if not hmac.compare_digest(given.strip(), self._token.encode()) or scheme.lower() != b"bearer":
            raise CallError(401, "Validation", "This server wants its token: Authorization: Bearer TOKEN.")

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """Return the whole body, None if the caller hung up before its end."""
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._most_bytes:
            raise too_large(self._too_many_bytes(int(declared)))
        parts, size = [], 0
        try:
            async with asyncio.timeout(self._body_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > self._most_bytes:
                        raise too_large(self._too_many_bytes(size))
                    if not message.get("more_body"):
                        break
        except TimeoutError:
            sentence = f"The request did not arrive within {self._body_seconds:g} s."
            raise CallError(408, "Validation", sentence) from None
        body = b"".join(parts)
        _check_utf8(body)
        return body

    def _too_many_bytes(self, size: int) -> str:
        return f"The body has {size:,} bytes or more; at most {self._most_bytes:,} are taken. Send fewer texts a call."

    async def _run(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> bool:
        """Run the app on a body that is there; stop it when the caller hangs up. Says whether it came to its end."""
        replayed = False

        async def replay() -> Message:
            nonlocal replayed
            if not replayed:
                replayed = True
                return {"type": "http.request", "body": body, "more_body": False}
            return await asyncio.shield(gone)

        gone = asyncio.ensure_future(_hung_up(receive))
        work = asyncio.ensure_future(self._app(scope, replay, send))
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                return False
            work.result()
            return True
        finally:
            gone.cancel()
            if not work.done():
                work.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await work


async def _hung_up(receive: Receive) -> Message:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return message


def _check_utf8(body: bytes) -> None:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise malformed(f"The body is not UTF-8 (at byte {error.start}); JSON is UTF-8.") from None
