"""The Gradio page at /ui, over the server's own model; it is built while the first calls are answered."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import numpy as np
from fastapi import FastAPI
from numpy.typing import NDArray

from ..evaluation.text_profile import Measured
from ..hub.space_folder import FOLDER, load_module
from ..inference.answers import activate
from ..inference.onnx_folder import GATE
from ..inference.promises import KEYS
from .facts import Ready
from .guard import App, Receive, Scope, Send
from .scoring import Scoring

PATH = "/ui"


class LazyPage:
    """An ASGI middleware: what goes to /ui goes to the page, which is built behind the back of the first calls.

    Importing gradio takes longer than loading a small model: nobody who wants an answer waits for it.
    """

    def __init__(self, app: App, *, scoring: Scoring, calls: set[asyncio.Task[None]]) -> None:
        """Take the app behind it, what scores, and where calls of the page are kept while they last."""
        self._calls = calls
        self._app, self._scoring = app, scoring
        self._page: App | None = None
        self._building = asyncio.Lock()
        self._open = AsyncExitStack()

    @staticmethod
    def possible() -> bool:
        """Say whether the page can be built here: it needs gradio, and the folder space/."""
        return importlib.util.find_spec("gradio") is not None and (FOLDER / "app.py").exists()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a call on to the page or to the app."""
        path = scope.get("path", "")
        if scope["type"] == "lifespan":
            building = asyncio.create_task(self._built())
            try:
                await self._app(scope, receive, send)
            finally:
                building.cancel()
        elif path == PATH or path.startswith(f"{PATH}/"):
            await self._until_the_end(await self._built(), scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _until_the_end(self, page: App, scope: Scope, receive: Receive, send: Send) -> None:
        """Run a call of the page; its streams never end by themselves, so that a shutdown ends them."""
        call: asyncio.Task[None] = asyncio.ensure_future(_run(page, scope, receive, send))
        self._calls.add(call)
        try:
            await asyncio.wait({call})
            if not call.cancelling():
                call.result()
            elif scope["type"] == "http":
                with contextlib.suppress(Exception):  # the caller may be gone, or the answer was complete
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            call.cancel()
            self._calls.discard(call)

    async def _built(self) -> App:
        async with self._building:
            if self._page is None:
                self._page = await self._build()
            return self._page

    async def _build(self) -> App:
        """Build the page in a thread and start it, as gradio does when an app starts."""
        loop = asyncio.get_running_loop()
        inner = await asyncio.to_thread(self._mounted, loop)
        await self._open.enter_async_context(inner.router.lifespan_context(inner))
        return inner

    def _mounted(self, loop: asyncio.AbstractEventLoop) -> FastAPI:
        page, describing, weighing = (load_module(name) for name in ("page", "describing", "weighing"))
        import gradio

        ready = self._scoring.ready

        def score(texts: Sequence[tuple[str, str]]) -> list[Any]:  # Any: Scored, of a module found at run time
            scored = asyncio.run_coroutine_threadsafe(self._scoring.score(texts), loop).result()
            return _named(scored.logits, scored.measured, ready)

        def weigh(texts: Sequence[tuple[str, str]]) -> list[Any]:  # no visitor sent these: the metrics leave them out
            return _named(self._scoring.held.logits(list(texts))[0], [None] * len(texts), ready)

        def explain(text: str, pair: str, label: str) -> dict[str, Any]:
            if ready.engine != "torch":
                weighed: dict[str, Any] = weighing.leave_out(weigh, text, pair, label)
                return weighed
            asked = self._scoring.attributions((text, pair) if pair else text, label)
            return asyncio.run_coroutine_threadsafe(asked, loop).result()

        evaluation = describing.read_json(ready.model, "evaluation.json")
        about = describing.describe(ready.model, ready.config, evaluation, limit=ready.max_length)
        about["copy"] = describing.copy_of(describing.read_json(ready.model, GATE), ready.engine)
        about |= {key: ready.promises.stated.get(key) for key in KEYS}  # an engine may have its own, cuts too
        if ready.thresholds is not None:
            about["thresholds"] = dict(zip(ready.labels.names, map(float, ready.thresholds), strict=True))
        built = page.build_page(score, about, explain)
        inner = FastAPI()
        gradio.mount_gradio_app(
            inner,
            built,
            PATH,
            theme=page.theme(),
            css_paths=FOLDER / "style.css",
            footer_links=[],
            max_file_size="20mb",
            run_history=False,  # or the visitors' texts would be kept in their browsers
            ssr_mode=False,
        )
        return inner


def _named(logits: NDArray[np.float32], measured: Sequence[Measured | None], ready: Ready) -> list[Any]:
    """Return what the page takes of texts: scores by label, and sizes."""
    scored = load_module("answering").Scored
    sizes = [(0, 0.0) if each is None else (each.tokens, each.unknown) for each in measured]
    rows = activate(logits, ready.labels)
    named = [dict(zip(ready.labels.names, map(float, row), strict=True)) for row in rows]
    return [scored(scores, *size) for scores, size in zip(named, sizes, strict=True)]


async def _run(page: App, scope: Scope, receive: Receive, send: Send) -> None:
    await page(scope, receive, send)
