"""What a request and an answer of the stand-in Hub are: `Call`, `Reply` and the error answer `Refusal`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qs

Kind = Literal["model", "dataset", "space"]
Json = Any  # the value of a JSON document; its shape is the business of the route that reads or writes it

PREFIXES: Mapping[Kind, str] = {"model": "", "dataset": "datasets/", "space": "spaces/"}


@dataclass(frozen=True)
class Reply:
    """An answer that is complete in memory; `body` is also given for HEAD, where only its length is sent."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):  # noqa: N818  # the name of an answer; it is an exception only to get there
    """An error answer, in the form that the clients turn into their typed exceptions.

    `code` becomes `X-Error-Code` (RepoNotFound, RevisionNotFound, EntryNotFound, GatedRepo).
    """

    def __init__(
        self, status: int, message: str, *, code: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = dict(headers or {})

    def reply(self) -> Reply:
        """Render the refusal: a JSON body and the two error headers."""
        headers = {**self.headers, "X-Error-Message": self.message.encode("ascii", "replace").decode()}
        if self.code is not None:
            headers["X-Error-Code"] = self.code
        return json_reply({"error": self.message}, status=self.status, headers=headers)


@dataclass(frozen=True)
class Call:
    """One request: `path` as it was sent (percent-encoded), header names in lower case."""

    method: str
    path: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, list[str]]:
        """The query parameters, each with all its values."""
        return parse_qs(self.query_string, keep_blank_values=True)

    def flag(self, name: str) -> bool:
        """Say whether a query parameter is set to something true; a bare `?name` counts."""
        return self.query.get(name, ["false"])[0].lower() not in ("false", "0")

    def json(self) -> dict[str, Json]:
        """Decode the body as a JSON object.

        Raises:
            Refusal: 400, for anything else.
        """
        try:
            value = json.loads(self.body or b"{}")
        except ValueError as error:
            raise Refusal(400, f"The body is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise Refusal(400, f"Expected a JSON object, found {type(value).__name__}")
        return value


def json_reply(value: Json, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Render a JSON answer."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return Reply(status, body, {"Content-Type": "application/json; charset=utf-8", **(headers or {})})


def now() -> str:
    """Return the current time as the Hub writes it: `2026-01-31T12:00:00.000Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
