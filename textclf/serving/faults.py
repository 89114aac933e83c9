"""What can go wrong with a call: one status, one sentence each, in the body that clients of TEI and the Hub read."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # FastAPI takes most of a second: the model's process is started before it is loaded
    from fastapi import FastAPI, Request, Response
    from fastapi.exceptions import RequestValidationError
    from pydantic_core import ErrorDetails
    from starlette.exceptions import HTTPException


class CallError(Exception):
    """A call that gets no answer: its status, the kind of fault in TEI's words, and a sentence."""

    def __init__(self, status: int, kind: str, sentence: str, retry_after: int | None = None) -> None:
        """Keep what the response is made of; `retry_after` in seconds."""
        super().__init__(sentence)
        self.status, self.kind, self.sentence, self.retry_after = status, kind, sentence, retry_after

    @property
    def body(self) -> dict[str, str]:
        """Return the body, ready for JSON."""
        return {"error": self.sentence, "error_type": self.kind}

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that go with it."""
        headers = {} if self.retry_after is None else {"retry-after": str(self.retry_after)}
        return headers | ({"www-authenticate": "Bearer"} if self.status == HTTPStatus.UNAUTHORIZED else {})


def too_large(sentence: str) -> CallError:
    """More texts, bytes or tokens than the server takes."""
    return CallError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Validation", sentence)


def not_understood(sentence: str) -> CallError:
    """A body of other fields, types or values than the protocol has."""
    return CallError(HTTPStatus.UNPROCESSABLE_ENTITY, "Tokenizer", sentence)


def malformed(sentence: str) -> CallError:
    """A body that is no JSON."""
    return CallError(HTTPStatus.BAD_REQUEST, "Empty", sentence)


def overloaded(waiting: int, retry_after: int) -> CallError:
    """More texts wait than may."""
    sentence = f"{waiting} texts are waiting already; try again in {retry_after} s."
    return CallError(HTTPStatus.SERVICE_UNAVAILABLE, "Overloaded", sentence, retry_after)


def unavailable(sentence: str, retry_after: int = 5) -> CallError:
    """There is no model at the moment."""
    return CallError(HTTPStatus.SERVICE_UNAVAILABLE, "Unhealthy", sentence, retry_after)


def broken(sentence: str) -> CallError:
    """The model failed on this text."""
    return CallError(HTTPStatus.INTERNAL_SERVER_ERROR, "Backend", sentence)


_NEVER_SHOWN = ("function-", "model-", "list[", "constrained-str", "str", "TextAndPair")


def explain(errors: list[ErrorDetails], body: Any = None, expected: Mapping[str, str] | None = None) -> CallError:
    """Turn what pydantic found into one sentence; no value of the request is repeated in it.

    Args:
        errors: of a request's body.
        body: as JSON reads it (hence Any).
        expected: what fields take that take several shapes, of which pydantic complains one by one.
    """
    if any(error["type"] == "json_invalid" for error in errors):
        where = next(error for error in errors if error["type"] == "json_invalid")
        reason = (where.get("ctx") or {}).get("error", "it ends too early")
        return malformed(f"The body is not valid JSON: {reason}.")
    if errors[0]["loc"] == ("body",) and not isinstance(body, dict):
        return not_understood(f"The body: expected an object; found {_kind(body)}.")
    objects = any("TextAndPair" in error["loc"] for error in errors)
    found = []
    for error in errors:
        field = str(error["loc"][1]) if len(error["loc"]) > 1 else ""
        shapes = (expected or {}).get(field)
        if shapes is None or field not in body:
            found.append(f"{_place(error)}{_reason(error)}")
        elif not (objects and isinstance(body[field], dict)):
            found.append(f"{field}: expected {shapes}; found {_kind(body[field])}")
        elif "TextAndPair" in error["loc"]:  # what is wrong with the object, not that it is no string
            found.append(f"{_place(error)}{_reason(error)}")
    return not_understood("; ".join(list(dict.fromkeys(found))[:3]) + ".")


def _kind(value: Any) -> str:  # Any: whatever JSON holds
    if isinstance(value, list):
        kinds = dict.fromkeys("a list" if isinstance(each, list) else _kind(each) for each in value)
        return f"a list of {len(value)} ({', '.join(kinds)})" if kinds else "an empty list"
    names = {bool: "true or false", int: "a number", float: "a number", str: "a string", dict: "an object"}
    return names.get(type(value), "null")


def _place(error: ErrorDetails) -> str:
    names = [str(part) for part in error["loc"] if part != "body" and not str(part).startswith(_NEVER_SHOWN)]
    return f"{'.'.join(names)}: " if names else ""


def _reason(error: ErrorDetails) -> str:
    message = error["msg"].removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def add_faults(app: FastAPI) -> None:
    """Give every error of an app, known or not, the same body."""
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse
    from starlette.exceptions import HTTPException

    from .protocols import EXPECTED

    def respond(error: CallError) -> Response:
        return JSONResponse(error.body, error.status, error.headers)

    @app.exception_handler(CallError)
    async def known(request: Request, error: CallError) -> Response:
        return respond(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        if "json" not in request.headers.get("content-type", ""):
            return respond(not_understood("The body is read as JSON: send the header Content-Type: application/json."))
        expected = EXPECTED.get(request.url.path, {})
        return respond(explain(list(error.errors()), error.body, expected))

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> Response:
        said = "The body cannot be read as JSON." if error.status_code == 400 else str(error.detail)
        kind = "Validation" if error.status_code < 500 else "Backend"
        return JSONResponse({"error": said, "error_type": kind}, error.status_code, error.headers)

    @app.exception_handler(Exception)
    async def bug(request: Request, error: Exception) -> Response:
        said = "The server failed on this call; its log says where."
        return JSONResponse({"error": said, "error_type": "Backend"}, 500)
