"""The Gradio page at /ui, over the server's own model; gradio is imported when the page is first asked for."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import ModuleType

from fastapi import FastAPI

from ..inference.answers import activate
from .guard import App, Receive, Scope, Send
from .scoring import Scoring

FOLDER = Path(__file__).parent.parent.parent / "space"
PATH = "/ui"


class LazyPage:
    """An ASGI middleware: what goes to /ui goes to the page, which is built at the first visit."""

    def __init__(self, app: App, *, scoring: Scoring) -> None:
        """Take the app behind it and what scores."""
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
        if scope["type"] == "lifespan" or not (path == PATH or path.startswith(f"{PATH}/")):
            await self._app(scope, receive, send)
            return
        async with self._building:
            if self._page is None:
                self._page = await self._build()
        await self._page(scope, receive, send)

    async def _build(self) -> App:
        """Build the page in a thread and start it, as gradio does when an app starts."""
        loop = asyncio.get_running_loop()
        inner = await asyncio.to_thread(self._mounted, loop)
        await self._open.enter_async_context(inner.router.lifespan_context(inner))
        return inner

    def _mounted(self, loop: asyncio.AbstractEventLoop) -> FastAPI:
        space = load_space()
        import gradio

        def score(texts: Sequence[tuple[str, str]]) -> list[tuple[dict[str, float], int]]:
            future = asyncio.run_coroutine_threadsafe(self._scoring.score(texts), loop)
            scored = future.result()
            rows = activate(scored.logits, self._scoring.ready.labels)
            tokens = [0 if each is None else each.tokens for each in scored.measured]
            names = self._scoring.ready.labels.names
            return [(dict(zip(names, map(float, row), strict=True)), n) for row, n in zip(rows, tokens, strict=True)]

        ready = self._scoring.ready
        demo = space.describe(ready.model, ready.config, limit=ready.max_length, score=score)
        inner = FastAPI()
        gradio.mount_gradio_app(
            inner,
            space.build_page(demo),
            PATH,
            theme=space.theme(),
            css_paths=FOLDER / "style.css",
            footer_links=[],
            run_history=False,  # or the visitors' texts would be kept in their browsers
            ssr_mode=False,
        )
        return inner


def load_space() -> ModuleType:
    """Import space/app.py, which is no part of a package: as a Space it stands alone."""
    specification = importlib.util.spec_from_file_location("textclf_space", FOLDER / "app.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
