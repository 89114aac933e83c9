"""`StandInHub`: a Hub on two ports of 127.0.0.1 with its state in memory, and all that a test asks of it."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType

from . import (
    account_routes,
    commit_routes,
    content_routes,
    discussion_routes,
    file_routes,
    ref_routes,
    space_routes,
)
from .accounts import MemberRole, Permission, TokenRole
from .application import Application
from .faults import Effect, Fault
from .journal import Journal, Request
from .repository import Repository
from .routing import Router
from .server import BackgroundServer
from .store import Store, Uploads
from .wire import Kind

_MODULES = (
    account_routes,
    content_routes,
    commit_routes,
    discussion_routes,
    file_routes,
    ref_routes,
    space_routes,
)
# Settings of a developer's shell that must not reach a test: own token, cache, endpoint, proxy.
_FOREIGN = ("HF_", "HUGGING", "TRANSFORMERS_", "DATASETS_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


class StandInHub:
    """A Hub for tests; use it as a context manager, before the clients are started.

    Args:
        uploads: "lfs" for clients that run without xet, "inline" for those that run with it. The clients take no
            hint from the server here: with hf_xet at work every LFS upload goes to a xet store, which this is not.
            `datasets` can push by "lfs" only: it deletes its files before an inline commit would read them.
        page_size: rows of a page of a listing; small values make a small repository have several pages.
        port, cdn_port: fixed ports for a demonstration; 0 takes free ones.
    """

    def __init__(self, *, uploads: Uploads = "lfs", page_size: int = 1000, port: int = 0, cdn_port: int = 0) -> None:
        self._server = BackgroundServer([port, cdn_port])
        self.endpoint, self.cdn = self._server.addresses
        self.store = Store(uploads=uploads, page_size=page_size, endpoint=self.endpoint, cdn=self.cdn)
        self.journal = Journal()
        self.faults: list[Fault] = []

    def start(self) -> None:
        """Begin to answer."""
        api = Router([route for module in _MODULES for route in module.ROUTES])
        cdn = Router(file_routes.CDN_ROUTES)
        self._server.start(
            [
                Application("api", self.store, api, self.journal, self.faults),
                Application("cdn", self.store, cdn, self.journal, self.faults),
            ]
        )

    def stop(self) -> None:
        """Stop answering; the state can still be looked at."""
        self._server.stop()

    def __enter__(self) -> StandInHub:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def token(self, user: str, role: TokenRole = "write", *, scopes: Mapping[str, Permission] | None = None) -> str:
        """Issue a token, and with it the user; `scopes` (namespace or repository id) are for "fineGrained" ones."""
        return self.store.accounts.issue(user, role, scopes or {})

    def take_plan(self, user: str) -> None:
        """Make a user one who pays nothing; all others are PRO."""
        self.store.accounts.without_plan.add(user)

    def organisation(self, name: str, members: Mapping[str, MemberRole]) -> None:
        """Found an organisation."""
        self.store.accounts.organisations[name] = dict(members)

    def create(
        self,
        kind: Kind,
        repo_id: str,
        *,
        private: bool = False,
        sdk: str | None = None,
        files: Mapping[str, bytes | str] | None = None,
    ) -> Repository:
        """Make a repository that is there before the test begins."""
        author = repo_id.split("/")[0]
        repository = self.store.create(kind, repo_id, author=author, private=private, sdk=sdk)
        if files:
            self.store.seed(repository, files)
        return repository

    def repo(self, kind: Kind, repo_id: str) -> Repository:
        """Return a repository to assert on; KeyError if there is none."""
        return self.store.repositories[kind, repo_id]

    def fail(self, method: str, path: str, effect: Effect, *, hits: Collection[int] | None = (1,)) -> Fault:
        """Inject a fault; see `Fault` for the arguments. Assert on its `met` at the end."""
        fault = Fault(method, path, effect, hits)
        self.faults.append(fault)
        return fault

    @property
    def requests(self) -> list[Request]:
        """All requests on both ports so far."""
        return self.journal.requests

    def asked(self, method: str, path: str) -> list[Request]:
        """Return the requests whose path matches a shell pattern."""
        return list(self.journal.matching(method, path))

    @property
    def unknown_routes(self) -> list[str]:
        """What was asked for that the stand-in does not know."""
        return self.journal.unknown_routes

    @property
    def leaks(self) -> list[Request]:
        """Requests that brought a token to the CDN."""
        return self.journal.leaks

    def assert_sound(self) -> None:
        """Fail if the stand-in crashed, was asked for what it does not know, or got a token where none belongs."""
        assert not self.journal.crashes, "\n".join(self.journal.crashes)
        assert not self.unknown_routes, f"unknown routes: {self.unknown_routes}"
        assert not self.leaks, f"tokens at the CDN: {self.leaks}"

    def environment(self, home: Path, *, token: str | None = None) -> dict[str, str]:
        """Return a clean environment for a subprocess whose only Hub is this one.

        Args:
            home: the HF_HOME; give each process that has to download something a fresh one.
            token: the HF_TOKEN, if the process is to have one.
        """
        environment = {name: value for name, value in os.environ.items() if not name.upper().startswith(_FOREIGN)}
        environment |= {
            "HF_ENDPOINT": self.endpoint,
            "HF_HOME": str(home),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_UPDATE_DOWNLOAD_COUNTS": "0",
            "DISABLE_SAFETENSORS_CONVERSION": "1",
            "GRADIO_ANALYTICS_ENABLED": "False",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }
        if self.store.uploads == "lfs":
            environment["HF_HUB_DISABLE_XET"] = "1"
        if token is not None:
            environment["HF_TOKEN"] = token
        return environment
