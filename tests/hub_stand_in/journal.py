"""What the stand-in Hub saw: every request, and what should not have happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from .accounts import Accounts

Origin = Literal["api", "cdn"]


@dataclass
class Request:
    """One request as it was seen, and as it ended; `status` stays None while it runs and when its answer was lost."""

    origin: Origin
    method: str
    path: str  # percent-encoded, as it was sent
    query: str
    has_token: bool
    user: str | None  # None also for a token that nobody issued
    role: str | None
    received: int = 0  # bytes of the request body
    sent: int = 0  # bytes of the response body
    status: int | None = None
    fault: str | None = None  # the name of the effect that hit it


@dataclass
class Journal:
    """All requests in the order in which they came, and three lists that are empty when all is well."""

    requests: list[Request] = field(default_factory=list)
    unknown_routes: list[str] = field(default_factory=list)
    leaks: list[Request] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)

    def open(
        self, origin: Origin, method: str, path: str, query: str, token: str | None, accounts: Accounts
    ) -> Request:
        """Enter a request whose `Authorization` header is `token`; the token itself is not kept."""
        known = accounts.tokens.get((token or "").removeprefix("Bearer "))
        user, role = (known.user, known.role) if known is not None else (None, None)
        request = Request(origin, method, path, query, token is not None, user, role)
        self.requests.append(request)
        return request

    def matching(self, method: str, path: str) -> Iterator[Request]:
        """Yield the requests of a method whose path matches a shell pattern."""
        return (r for r in self.requests if r.method == method and fnmatchcase(r.path, path))
