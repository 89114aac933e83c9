"""What must not stand in a published file: tokens, keys, addresses and numbers of people, paths of this machine."""

from __future__ import annotations

import contextlib
import json
import os
import re
import struct
import zlib
from calendar import monthrange
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from huggingface_hub import get_token

_UNSPEAKABLE = {
    "a Hub token": r"\b(?:hf|api_org)_[A-Za-z0-9]{30,}",
    "a secret key": r"\b(?:sk-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{22,}|glpat-[\w-]{20,}"
    r"|xox[abprs]-[A-Za-z0-9-]{10,}|AKIA[0-9A-Z]{16}\b|AIza[\w-]{35})",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "an address with a password": r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"']{1,80}:[^\s/@\"']{3,80}@",
}
_DASH = "[- .\u2010-\u2015]"  # dashes of every length, blanks, dots: what stands between groups of digits
_ALONE, _ENDED = r"(?<![\dA-Za-z+])(?<!\d[-.])", r"(?![\dA-Za-z]|[-.]\d)"  # a Hangul particle may follow at once
_PHONE = (
    rf"{_ALONE}010{_DASH}?\d{{4}}{_DASH}?\d{{4}}{_ENDED}"  # Korean mobile numbers of today, with or without dashes
    rf"|{_ALONE}(?:01[016-9]|02|0[3-6]\d|070|080|050\d)(?:{_DASH}|\) ?)\d{{3,4}}{_DASH}\d{{4}}{_ENDED}"
    rf"|(?<![\w+])\+[1-9]\d{{0,2}}(?={_DASH}|\()(?:{_DASH}?\(?\d{{1,4}}\)?){{2,5}}{_ENDED}"
    rf"|(?<![\w+])\+[1-9]\d{{9,14}}{_ENDED}"  # E.164
    rf"|(?<!\w)\(\d{{3}}\) ?\d{{3}}{_DASH}\d{{4}}{_ENDED}"  # North America
)
_LEAST_PHONE = 9  # digits with the country's: a shorter one after a plus is a gain, a version, a price
_RESIDENT = rf"{_ALONE}\d{{6}}(?:{_DASH}| {_DASH} )[0-9]\d{{6}}{_ENDED}"  # whole: thirteen digits in a row are an EAN
_PERSONAL = {
    "a resident registration number": re.compile(_RESIDENT),
    "a phone number": re.compile(_PHONE),
    "an e-mail address": re.compile(r"[\w.+-]+@(?:[\w-]+\.)+[A-Za-z]{2,}"),
    "a home directory": re.compile(r"(?<![\w/])~/[\w.]|\$HOME\b|%USERPROFILE%"),
    "an absolute path": re.compile(
        r"file://|(?<![\w:/.<~])/(?:[\w.@+-]+/)+[\w.@+-]+|(?<!\w)[A-Za-z]:\\{1,2}\w|\\\\\w+\\\w"
    ),
}
_IN_TEXT = {kind: re.compile(pattern) for kind, pattern in _UNSPEAKABLE.items()}
# What is called a key or a password and looks like one (long, letters and digits together): in `NAME=value`, in
# `name: value`, or in JSON, where name and value are strings of their own and come as two lines.
_IN_TEXT["a key by its name"] = re.compile(
    r"(?:(?:api|access|secret|auth|private)[_-]?(?:key|token)|passw(?:or)?d|bearer)[\"']?\s*[:=\s]\s*[\"']?"
    r"(?=[^\s\"']*\d)(?=[^\s\"']*[A-Za-z])[\w+/=.-]{20,}",
    re.IGNORECASE,
)
_IN_BYTES = {kind: re.compile(pattern.encode()) for kind, pattern in _UNSPEAKABLE.items()}
_SECRET_VARIABLE = re.compile(r"(?:TOKEN|API_?KEY|SECRET|PASSWORD|ACCESS_KEY)$", re.IGNORECASE)
_LEAST_SECRET = 12  # characters: the value of a variable that is shorter stands in many a file
_LONGEST_NOTE = 10_000_000  # bytes of a picture's note when it is unpacked


class Found(NamedTuple):
    """Something that should not go up: what is said about it, and what it is; None for what never may."""

    says: str
    evidence: str | None


def strings_of(name: str, data: bytes) -> list[str]:
    """Return the pieces of text in a file: keys and values of JSON and YAML, a picture's notes, else all of it.

    Escapes are undone that way: a colon and a line end in JSON do not look like a Windows path, and an escaped token
    looks like one. Of weights it is the header: names of tensors, and notes.
    """
    if name.endswith(".png"):
        return list(_notes_of_picture(data))
    if name.endswith(".safetensors"):
        (length,) = struct.unpack("<Q", data[:8])
        data = data[8 : 8 + length]
    text = data.decode("utf-8", errors="replace")
    try:
        if name.endswith((".json", ".safetensors")):
            return list(_leaves(json.loads(text, object_pairs_hook=list)))  # a name that stands twice keeps both
        if name.endswith(".yaml"):
            return [*_leaves(yaml.safe_load(text)), *re.findall(r"#.*", text)]
    except (ValueError, yaml.YAMLError):
        pass  # not what its name says: looked at as plain text
    return [text]


def secrets_in(strings: Iterable[str]) -> Iterator[Found]:
    """Yield what was found, each thing once; secrets are named, never shown."""
    home, text = str(Path.home()), "\n".join(strings)
    if any(secret in text for secret in _own_secrets()):
        yield Found("holds a token of this machine", None)
    yield from (Found(f"holds {kind}", None) for kind, pattern in _IN_TEXT.items() if pattern.search(text))
    if len(home) > 1 and re.search(re.escape(home) + r"(?![\w-])", text):
        yield Found(f"holds a home directory: {home}", home)
    for kind, pattern in _PERSONAL.items():
        for match in dict.fromkeys(found[0] for found in pattern.finditer(text)):
            if _may_be(kind, re.sub(r"\D", "", match)):
                yield Found(f"holds {kind}: {match}", match)


def _may_be(kind: str, digits: str) -> bool:
    """Say whether what looks like a number of a person can be one, by its length or by the day of birth in it."""
    if kind == "a phone number":
        return _LEAST_PHONE <= len(digits) <= 15
    if kind == "a resident registration number":  # year, month, day; the seventh digit tells sex and century
        century = {"9": 1800, "0": 1800, "3": 2000, "4": 2000, "7": 2000, "8": 2000}.get(digits[6], 1900)
        year, month, day = century + int(digits[:2]), int(digits[2:4]), int(digits[4:6])
        return 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]
    return True


def secrets_in_bytes(data: Any) -> Iterator[Found]:  # Any: bytes, or a file that is mapped into memory
    """Yield the secrets in a file of any kind, as it lies on the disk."""
    home = str(Path.home()).encode()
    for secret in _own_secrets():
        if any(data.find(secret.encode(encoding)) >= 0 for encoding in ("utf-8", "utf-16-le", "utf-16-be")):
            yield Found("holds a token of this machine", None)
            break
    yield from (Found(f"holds {kind}", None) for kind, pattern in _IN_BYTES.items() if pattern.search(data))
    if len(home) > 1 and re.search(re.escape(home) + rb"/[\w.-]", data):
        yield Found(f"holds a home directory: {home.decode()}", home.decode())


def _own_secrets() -> list[str]:
    """Return the tokens of this machine: the Hub's, and those in variables that are named like one; a path is none."""
    token = get_token()
    long = [v for name, v in os.environ.items() if _SECRET_VARIABLE.search(name) and len(v) >= _LEAST_SECRET]
    named = [value for value in long if not os.path.exists(value)]  # noqa: PTH110, Path.exists raises at long names
    return [*([token] if token else []), *named]


def _leaves(value: Any) -> Iterator[str]:  # Any: whatever JSON or YAML holds
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)
    elif isinstance(value, str):
        yield value


def _notes_of_picture(data: bytes) -> Iterator[str]:
    """Yield what stands in a PNG beside its picture, unpacked (https://www.w3.org/TR/png/#11textinfo)."""
    place = 8
    while place + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        content = data[place + 8 : place + 8 + length]
        if kind in (b"tEXt", b"zTXt", b"iTXt", b"eXIf"):
            rest = content.partition(b"\0")[2]
            yield content.decode("utf-8", errors="replace")
            packed = {b"zTXt": rest[1:], b"iTXt": rest[2:].split(b"\0", 2)[-1]}.get(kind, b"")
            if packed and (kind == b"zTXt" or rest[:1] == b"\1"):
                with contextlib.suppress(zlib.error):  # nobody can read that note
                    yield zlib.decompressobj().decompress(packed, _LONGEST_NOTE).decode("utf-8", errors="replace")
        place += 12 + length
