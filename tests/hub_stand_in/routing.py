"""From the raw, percent-encoded path of a request to the function that answers it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from .accounts import Token
from .repository import Repository
from .store import Store
from .wire import Call, Kind, Reply

_KINDS: Mapping[str, Kind] = {"datasets": "dataset", "spaces": "space"}
_PLACEHOLDERS = {
    "{kinds}": r"(?P<kinds>models|datasets|spaces)",
    "{spaces}": r"(?P<kinds>spaces)",
    "{prefix}": r"(?P<prefix>(?:datasets/|spaces/)?)",  # the web address of a model has no prefix
    "{id}": r"(?P<id>[^/]+/[^/]+|[^/]+)",  # one name alone: old ids as `gpt2`, always missing here
}


@dataclass(frozen=True)
class Visit:
    """One request that found its route; `parts` are the decoded placeholders of the route."""

    store: Store
    call: Call
    token: Token | None
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """The kind of repository that the path speaks of."""
        return _KINDS.get(self.parts.get("kinds") or self.parts.get("prefix", "").rstrip("/"), "model")

    def repository(self) -> Repository:
        """Return the repository that the path names, if the token may see it."""
        return self.store.find(self.call, self.kind, self.parts["id"], self.token)

    def own_repository(self) -> Repository:
        """Return the repository that the path names, if the token may write to it."""
        repository = self.repository()
        self.store.require_write(repository, self.token)
        return repository


Handler = Callable[[Visit], Reply]
Route = tuple[str, str, Handler]


class Router:
    """Routes of one port: (methods divided by blanks, path template, handler); the first match wins.

    `{name}` stands for one segment, in which a slash is written as %2F; `{name*}` for one or more.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = [(methods.split(), _pattern(template), handler) for methods, template, handler in routes]

    def find(self, method: str, path: str) -> tuple[Handler, dict[str, str]] | None:
        """Return the handler and the decoded placeholders, None for an unknown route."""
        for methods, pattern, handler in self._routes:
            match = pattern.fullmatch(path)
            if match is not None and method in methods:
                return handler, {name: unquote(value) for name, value in match.groupdict().items()}
        return None


def _pattern(template: str) -> re.Pattern[str]:
    def replace(match: re.Match[str]) -> str:
        known = _PLACEHOLDERS.get(match[0])
        return known or f"(?P<{match[0].strip('{*}')}>{'.+' if '*' in match[0] else '[^/]+'})"

    parts = re.split(r"(\{[^}]+\})", template)
    return re.compile(
        "".join(re.sub(r"\{[^}]+\}", replace, part) if "{" in part else re.escape(part) for part in parts)
    )
