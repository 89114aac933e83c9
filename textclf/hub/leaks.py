"""What must not stand in a published text file: tokens, addresses, paths of this machine, rows of the data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml
from huggingface_hub import get_token

_WINDOW = 30  # letters and digits that agree: shorter coincidences happen
_UNSPEAKABLE = {
    "a Hub token": re.compile(r"\bhf_[A-Za-z0-9]{30,}"),
    "a secret key": re.compile(r"\b(?:sk-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{30,}|AKIA[0-9A-Z]{16})\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
}
_PERSONAL = {
    "an e-mail address": re.compile(r"[\w.+-]+@(?:[\w-]+\.)+[A-Za-z]{2,}"),
    "a home directory": re.compile(r"(?<![\w/])~/[\w.]|\$HOME\b|%USERPROFILE%"),
    "an absolute path": re.compile(
        r"file://|(?<![\w:/.<~])/(?:[\w.@+-]+/)+[\w.@+-]+|(?<!\w)[A-Za-z]:\\{1,2}\w|\\\\\w+\\\w"
    ),
}


def strings_of(name: str, text: str) -> list[str]:
    """Return the pieces of text in a file: every key and value of JSON and YAML, else the file as it is.

    Escapes are undone that way: a colon and a line end in JSON do not look like a Windows path.
    """
    try:
        if name.endswith(".json"):
            return list(_leaves(json.loads(text)))
        if name.endswith(".yaml"):
            return [*_leaves(yaml.safe_load(text)), *re.findall(r"#.*", text)]
    except (ValueError, yaml.YAMLError):
        pass  # not what its name says: looked at as plain text
    return [text]


def secrets_in(strings: Iterable[str]) -> Iterator[str]:
    """Yield what was found, once a kind; secrets are named, never shown."""
    token, home = get_token(), str(Path.home())
    text = "\n".join(strings)
    if token and token in text:
        yield "holds the Hub token of this machine"
    yield from (f"holds {kind}" for kind, pattern in _UNSPEAKABLE.items() if pattern.search(text))
    if len(home) > 1 and re.search(re.escape(home) + r"(?![\w-])", text):
        yield f"holds a home directory: {home}"
    for kind, pattern in _PERSONAL.items():
        if match := pattern.search(text):
            yield f"holds {kind}: {match[0]}"


class DataTexts:
    """The texts of a run's predictions, to be recognised in other files by their letters and digits alone."""

    def __init__(self, run: Path) -> None:
        """Read `predictions/*.parquet` of a run folder; texts of fewer than 30 letters and digits are left out."""
        self._starts: dict[str, str] = {}
        for path in sorted((run / "predictions").glob("*.parquet")):
            columns = pq.read_table(path, columns=["text", "text_pair"]).to_pydict()
            for text in (text for column in columns.values() for text in column if text):
                plain = _plain(text)
                if len(plain) >= _WINDOW:
                    self._starts[plain[:_WINDOW]] = text
                    self._starts[plain[-_WINDOW:]] = text

    def found_in(self, strings: Sequence[str]) -> str | None:
        """Return the first text of the data whose beginning or end stands in one of the strings."""
        for plain in map(_plain, strings):
            for i in range(len(plain) - _WINDOW + 1):
                if (text := self._starts.get(plain[i : i + _WINDOW])) is not None:
                    return text
        return None


def _leaves(value: Any) -> Iterator[str]:  # Any: whatever JSON or YAML holds
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif isinstance(value, str):
        yield value


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)
