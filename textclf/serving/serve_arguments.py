"""The arguments of `serve.py`; `uvicorn --factory` reads the same ones from the environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from ..arguments import _say
from ..errors import UserError

PREFIX = "TEXTCLF_"  # TEXTCLF_MODEL, TEXTCLF_PORT ...: how a container is told
TOKEN = f"{PREFIX}API_TOKEN"  # the bearer token: from the environment only, so that no list of processes shows it


@dataclass
class ServeArguments:
    """Where the server listens, what computes, and what it takes at most."""

    _argument_group_name = "serve (where it listens, what computes, what it takes at most)"

    host: str = _say("the address to listen on; 0.0.0.0 lets other machines in", "127.0.0.1")
    port: int = _say("the port", 8000)
    engine: str = _say("torch, onnx, onnx-int8; auto: the fastest one that the model folder proves right", "auto")
    revision: str | None = _say("commit, branch or tag of a Hub id")
    ui: bool = _say("serve the page at /ui, where gradio is installed", True)
    max_texts: int = _say("texts a call may hold", 32)
    max_characters: int = _say("characters a text (with its pair) may have", 20_000)
    max_body_bytes: int = _say("bytes a request may have", 4_000_000)
    max_waiting: int = _say("texts that may wait; beyond it calls are sent away with 503 and Retry-After", 1024)
    max_batch_tokens: int = _say("tokens computed at once, padding included", 4096)
    max_batch_ms: int = _say("milliseconds that one batch is meant to take at most; longer queues wait", 250)
    body_seconds: float = _say("seconds in which a request must have arrived", 10.0)
    answer_seconds: float = _say("seconds in which a call is answered, or given up with 504", 30.0)
    drain_seconds: float = _say("seconds for what was accepted to be answered after SIGTERM", 30.0)
    trust_remote_code: bool = _say("run code that comes with the model (read it first)", False)

    def __post_init__(self) -> None:
        """Check ranges."""
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, (int, float)) and not isinstance(value, bool) and value <= 0:
                raise UserError(f"--{each.name} must be above 0; found {value}.")


def from_environment(environment: Mapping[str, str]) -> tuple[str, ServeArguments]:
    """Return the model and the options that TEXTCLF_* variables name; needs no command line, and no library for it.

    Raises:
        UserError: TEXTCLF_MODEL is missing, or a value is of the wrong kind.
    """
    model = environment.get(f"{PREFIX}MODEL")
    if not model:
        raise UserError(f"Set {PREFIX}MODEL to a run folder or a Hub id.")
    given = {}
    for each in fields(ServeArguments):
        name = PREFIX + each.name.upper()
        if name in environment:
            given[each.name] = _read(name, environment[name], each.default)
    return model, ServeArguments(**given)


def _read(name: str, value: str, default: Any) -> Any:  # Any: of the kind of the default
    kinds: dict[type, tuple[str, Callable[[str], Any]]] = {
        bool: ("true or false", _boolean),
        int: ("a whole number", int),
        float: ("a number", float),
    }
    expected, read = kinds.get(type(default), ("a text", str))
    try:
        return read(value)
    except ValueError:
        raise UserError(f"{name} takes {expected}; found {value!r}.") from None


def _boolean(value: str) -> bool:
    if value.lower() not in ("true", "false", "1", "0", "yes", "no"):
        raise ValueError(value)
    return value.lower() in ("true", "1", "yes")
