"""Faults that a test injects into the stand-in Hub: which requests they hit, and what happens to those."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Answer:
    """Answer with this status instead of doing the work."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Drop:
    """Read the request, do nothing, and close the connection without an answer."""


@dataclass(frozen=True)
class LoseAnswer:
    """Do the work, then close the connection without an answer."""


@dataclass(frozen=True)
class Delay:
    """Wait before doing the work."""

    seconds: float


@dataclass(frozen=True)
class Wait:
    """Do the work when the test says so, by `until.set()`."""

    until: threading.Event


@dataclass(frozen=True)
class CutUpload:
    """Close the connection as soon as more than `after` bytes of the request body have come in."""

    after: int


@dataclass(frozen=True)
class CutDownload:
    """Close the connection after `after` bytes of the response body."""

    after: int


@dataclass(frozen=True)
class FlipByte:
    """Invert one byte of the response body; the length and the headers stay right."""

    offset: int = 0


Effect = Answer | Drop | LoseAnswer | Delay | Wait | CutUpload | CutDownload | FlipByte


@dataclass
class Fault:
    """An effect with the requests that it hits, and the count of what came of it.

    Args:
        method: the HTTP method.
        path: shell pattern of the percent-encoded path without query; `*` crosses slashes.
        hits: which of the matching requests are hit, counted from 1 (`range(1, 4)`: the first three); None = all.
    """

    method: str
    path: str
    effect: Effect
    hits: Collection[int] | None = (1,)
    seen: int = 0  # requests that matched
    met: int = 0  # requests that really suffered: a body too short to be cut does not count

    def strikes(self, method: str, path: str) -> bool:
        """Count a request if it matches, and say whether it is to be hit."""
        if method != self.method or not fnmatchcase(path, self.path):
            return False
        self.seen += 1
        return self.hits is None or self.seen in self.hits


def first_striking(faults: Collection[Fault], method: str, path: str) -> Fault | None:
    """Return the first fault that hits a request; all matching ones count it."""
    striking = [fault for fault in faults if fault.strikes(method, path)]
    return striking[0] if striking else None
