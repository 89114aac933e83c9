"""The ASGI application of one port: journal, faults and routes around each request."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from .faults import Answer, CutDownload, CutUpload, Delay, Drop, Fault, FlipByte, LoseAnswer, Wait, first_striking
from .journal import Journal, Origin, Request
from .routing import Router, Visit
from .store import Store
from .wire import Call, Refusal, Reply

Message = MutableMapping[str, Any]  # ASGI leaves the types of the values to the kind of message
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass
class Application:
    """Answers all requests of one port; both ports run in one event loop, so nothing here needs a lock."""

    origin: Origin
    store: Store
    router: Router
    journal: Journal
    faults: list[Fault]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Take one request from its first byte to the end of its answer, or to the end of its connection."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        method, path, query = scope["method"], scope["raw_path"].decode(), scope["query_string"].decode()
        request = self.journal.open(
            self.origin, method, path, query, headers.get("authorization"), self.store.accounts
        )
        fault = first_striking(self.faults, method, path)
        effect = fault.effect if fault is not None else None
        connection = _Connection(scope, receive, send, request, fault)

        body = await connection.read(effect.after if isinstance(effect, CutUpload) else None)
        if body is None:
            return
        if isinstance(effect, Drop):
            await connection.drop()
            return
        if isinstance(effect, Delay):
            connection.count()
            await asyncio.sleep(effect.seconds)
        if isinstance(effect, Wait):
            connection.count()
            await asyncio.to_thread(effect.until.wait, 1800)  # seconds, against hanging
        if isinstance(effect, Answer):
            connection.count()
            reply = Reply(effect.status, effect.body, effect.headers)
        else:
            reply = self.answer(Call(method, path, query, headers, body), request)
        if isinstance(effect, LoseAnswer):
            await connection.drop()
            return
        await connection.answer(reply)

    def answer(self, call: Call, request: Request) -> Reply:
        """Find and run the handler of a call; a crash of the stand-in is noted and answered with 500."""
        try:
            found = self.router.find(call.method, call.path)
            if self.origin == "cdn" and self._holds_token(call):
                self.journal.leaks.append(request)
                raise Refusal(400, "A token of the Hub was sent to the CDN")
            if found is None:
                self.journal.unknown_routes.append(f"{self.origin}: {call.method} {call.path}")
                raise Refusal(404, f"Not a route of the stand-in Hub: {call.method} {call.path}")
            handler, parts = found
            token = self.store.accounts.authenticate(call.headers.get("authorization"))
            return handler(Visit(self.store, call, token, parts))
        except Refusal as refusal:
            return refusal.reply()
        except Exception:  # the test has to see it: it fails on `crashes`
            self.journal.crashes.append(traceback.format_exc())
            return Reply(500, b"The stand-in Hub crashed")

    def _holds_token(self, call: Call) -> bool:
        text = f"{call.path}?{call.query_string} {call.headers.values()}"
        return "authorization" in call.headers or any(token in text for token in self.store.accounts.tokens)


@dataclass
class _Connection:
    """One request's side of the connection, with the means to break it."""

    scope: Message
    receive: Receive
    send: Send
    request: Request
    fault: Fault | None

    def count(self) -> None:
        """Note that the fault has really been met."""
        assert self.fault is not None
        self.fault.met += 1
        self.request.fault = type(self.fault.effect).__name__

    async def read(self, limit: int | None) -> bytes | None:
        """Read the body; None when the client went away, or was cut off above `limit` bytes."""
        body = bytearray()
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            self.request.received = len(body)
            if limit is not None and len(body) > limit:
                await self.drop()
                return None
            if not message.get("more_body"):
                return bytes(body)

    async def drop(self) -> None:
        """Close the connection at once."""
        self.count()
        self.scope["state"]["transport"].abort()
        await self._closed()

    async def answer(self, reply: Reply) -> None:
        """Send an answer, whole or damaged by the fault."""
        body = reply.body if self.request.method != "HEAD" else b""
        effect = self.fault.effect if self.fault is not None else None
        if isinstance(effect, FlipByte) and effect.offset < len(body):
            body = body[: effect.offset] + bytes([body[effect.offset] ^ 0xFF]) + body[effect.offset + 1 :]
            self.count()
        headers = [(name.encode(), value.encode("latin-1")) for name, value in reply.headers.items()]
        headers.append((b"Content-Length", str(len(reply.body)).encode()))
        self.request.status = reply.status
        await self.send({"type": "http.response.start", "status": reply.status, "headers": headers})
        if isinstance(effect, CutDownload) and effect.after < len(body):
            self.count()
            self.request.sent = effect.after
            await self.send({"type": "http.response.body", "body": body[: effect.after], "more_body": True})
            self.scope["state"]["transport"].close()  # unlike abort(), after what has been sent
            await self._closed()
            return
        self.request.sent = len(body)
        await self.send({"type": "http.response.body", "body": body})

    async def _closed(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
