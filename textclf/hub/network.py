"""Talking to the Hub: a limit for its silence, bounded and visible retries, one sentence for each way it can fail."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx2
from huggingface_hub import constants, get_token, set_client_factory
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled, RepositoryNotFoundError
from huggingface_hub.utils._http import default_client_factory, parse_ratelimit_headers

from ..errors import UserError

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

WAITS = (1.0, 3.0, 9.0)  # seconds before the second, third and fourth try
LONGEST_WAIT = 60.0  # a rate limit that asks for more ends the push: the same command goes on later
_PASSING = {408, 409, 429, 500, 502, 503, 504}  # states of the Hub that may be over in a moment
# What breaks on the way: the client's own, those of hf_xet (a builtin ConnectionError), a proxy's page for JSON.
FAILURES = (HfHubHTTPError, httpx2.TransportError, ConnectionError, json.JSONDecodeError)
_NEW_TOKEN = (
    "Make a token with write permission at https://huggingface.co/settings/tokens, "
    "then set HF_TOKEN or run `hf auth login`."
)


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Let no request of huggingface_hub wait for a silent server longer than this; its own uploads wait for ever.

    The limit is for one read or write, not for the whole transfer. hf_xet has limits of its own.
    """

    def factory() -> httpx2.Client:
        client = default_client_factory()
        client.timeout = httpx2.Timeout(seconds, connect=min(seconds, 10.0))
        client.event_hooks["response"].append(_Conflicts())
        return client

    client_log = logging.getLogger("huggingface_hub")
    level = client_log.level
    client_log.setLevel(logging.WARNING)  # the client's own retries are announced there
    set_client_factory(factory)
    try:
        yield
    finally:
        set_client_factory(default_client_factory)
        client_log.setLevel(level)


class _Conflicts:
    """Slows down and bounds what `create_repo` repeats at once and for ever: 409, another operation in progress."""

    def __init__(self) -> None:
        self.met = 0

    def __call__(self, response: httpx2.Response) -> None:
        if response.status_code != 409 or not response.request.url.path.endswith("/api/repos/create"):
            return
        response.read()
        if "another conflicting operation is in progress" not in response.text:
            return
        if self.met == len(WAITS):
            raise UserError("The Hub is busy with another operation on this account (409). Try again in a minute.")
        logger.warning(
            "The Hub is busy with another operation on this account; trying again in %g s.", WAITS[self.met]
        )
        time.sleep(WAITS[self.met])
        self.met += 1


def persist(action: Callable[[], Result], doing: str, repo_id: str) -> Result:
    """Run an action, again after a failure that may pass: at most three times more, each announced in the log.

    The action must do no harm when its first try succeeded and only the answer was lost. `doing` reads on from
    "while": "creating the repo".

    Raises:
        UserError: the last failure, in one sentence.
    """
    for wait in (*WAITS, None):
        try:
            return action()
        except FAILURES as error:
            pause = _pause(error, wait)
            if pause is None:
                raise explain(error, doing, repo_id) from error
            logger.warning("%s Trying again in %g s.", explain(error, doing, repo_id), pause)
            time.sleep(pause)
    raise AssertionError("the last try has no wait, so it returned or raised")


@contextmanager
def explained(doing: str, repo_id: str) -> Iterator[None]:
    """Turn a failure inside into one sentence, without another try: the client has made its own."""
    try:
        yield
    except FAILURES as error:
        raise explain(error, doing, repo_id) from error


def explain(error: Exception, doing: str, repo_id: str) -> UserError:
    """Return what happened while `doing`, and what to do now, in one sentence or two that never hold the token."""
    if isinstance(error, OfflineModeIsEnabled):
        return UserError("HF_HUB_OFFLINE is set, so nothing goes to the Hub. Unset it to publish.")
    if isinstance(error, HfHubHTTPError) and error.response is not None:
        return UserError(_answer(error, doing, repo_id))
    if isinstance(error, httpx2.TimeoutException):
        return UserError(f"The Hub did not answer in time while {doing} ({repo_id}). {_AGAIN}")
    if isinstance(error, (httpx2.ConnectError, httpx2.ProxyError)):
        return UserError(
            f"The Hub at {constants.ENDPOINT} could not be reached while {doing} ({repo_id}). "
            "Check the connection (and HF_ENDPOINT and HTTPS_PROXY, if set), then run the same command again."
        )
    if isinstance(error, json.JSONDecodeError):
        return UserError(f"What answered while {doing} ({repo_id}) was not the Hub; a proxy's page, perhaps. {_AGAIN}")
    reason = scrubbed(str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__)
    return UserError(f"The connection to the Hub broke while {doing} ({repo_id}): {reason}. {_AGAIN}")


_AGAIN = "Run the same command again; it goes on where it stopped."


def _answer(error: HfHubHTTPError, doing: str, repo_id: str) -> str:
    """Return a sentence for an answer of the Hub that is no success."""
    status = error.response.status_code
    where = f"while {doing} ({repo_id})"
    if isinstance(error, RepositoryNotFoundError):
        return f"There is no {repo_id} on the Hub, or the token may not see it. Check the name. {_NEW_TOKEN}"
    sentences = {
        401: f"The Hub does not accept the token {where}: it is wrong or has expired (401). {_NEW_TOKEN}",
        402: f"The Hub wants to be paid {where} (402): {_reason(error).rstrip('.')}. A Gradio Space needs a PRO, Team "
        "or Enterprise plan even on cpu-basic, larger hardware a payment method (https://huggingface.co/pricing). "
        "--space-kind static is free, and so are two Spaces with --space-hardware zero-a10g.",
        403: _forbidden(where, _reason(error)),
        404: f"The Hub did not find what it was asked for {where} (404): {_reason(error)}",
        408: f"The Hub gave up waiting {where} (408). {_AGAIN}",
        409: f"The Hub is busy with another operation {where} (409). {_AGAIN}",
        412: f"Somebody else committed to {repo_id} in the meantime (412), so this push changed nothing. "
        "Look at what is there now, then run the same command again.",
        413: f"The Hub finds the upload too large {where} (413). `--dry-run` shows the sizes.",
        429: f"The Hub asks for fewer requests {where} (429). Wait a few minutes. {_AGAIN}",
    }
    if status in sentences:
        return sentences[status]
    if status >= 500:
        return f"The Hub has trouble of its own {where} ({status}). {_AGAIN}"
    return f"The Hub refused the request {where} ({status}): {_reason(error)}"


def _forbidden(where: str, reason: str) -> str:
    """Return what a 403 means: of ZeroGPU it is no matter of the token."""
    said = reason.lower()
    if "@spaces.gpu" in said or "gpu function" in said:
        return (
            f"The Hub finds no function under @spaces.GPU {where} (403), and ZeroGPU needs one. Push with "
            "--space-hardware zero-a10g, which sends the page that has it, or take --space-kind static."
        )
    if "zerogpu" in said or "zero-a10g" in said:
        return (
            f"The account has no ZeroGPU left {where} (403): {reason.rstrip('.')}. A free account hosts two Spaces on "
            "it: delete one, or take --space-kind static."
        )
    if "quota" in said or "limit" in said:  # of private storage, say: the token is not to blame
        return f"The Hub refuses it {where} (403): {reason.rstrip('.')}. Make room, or ask for more, and run it again."
    return f"The token has no permission to write {where} (403). {_NEW_TOKEN}"


def _reason(error: HfHubHTTPError) -> str:
    return scrubbed(error.server_message or error.response.reason_phrase)


def scrubbed(text: str) -> str:
    """Return a text without the token."""
    token = get_token()
    return text.replace(token, "***") if token else text


def _pause(error: Exception, wait: float | None) -> float | None:
    """Return the seconds to wait before another try, or None if there is to be none."""
    if wait is None or isinstance(error, OfflineModeIsEnabled):
        return None
    if not isinstance(error, HfHubHTTPError):
        return wait
    if error.response.status_code not in _PASSING:
        return None
    asked = _asked_to_wait(error.response)
    return None if asked > LONGEST_WAIT else max(wait, asked)


def _asked_to_wait(response: httpx2.Response) -> float:
    """Return the seconds that an answer asks to wait, 0 if it does not."""
    limit = parse_ratelimit_headers(response.headers)
    if limit is not None and limit.remaining == 0:
        return limit.reset_in_seconds + 1.0
    after = response.headers.get("Retry-After", "")
    return float(after) if after.isdigit() else 0.0
