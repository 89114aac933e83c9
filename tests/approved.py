"""Whole outputs beside files of tests/approved/, each of which somebody has read and found right.

After a change that is meant: `APPROVE=1 pytest TEST_FILE` writes them anew; read `git diff tests/approved` line by
line before it is committed. A figure there is worth as much as that reading, so arithmetic is tested elsewhere, too.
"""

from __future__ import annotations

import difflib
import os
import re
from itertools import zip_longest
from pathlib import Path
from typing import Any

APPROVED = Path(__file__).parent / "approved"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


def check_approved(name: str, text: str) -> None:
    """Fail, with the lines that differ, where a text is not that of `approved/<name>`; numbers as `alike` has them."""
    path, found = APPROVED / name, text.rstrip("\n").splitlines()
    if os.environ.get("APPROVE"):
        path.write_text("\n".join([*found, ""]), encoding="utf-8")
    known = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    shown = [line if alike(line, old) else old for line, old in zip_longest(known, found, fillvalue="")]
    lines = difflib.unified_diff(known, shown, "approved", "found", "", "", 1)
    told = f"{path}\nIf that is meant: APPROVE=1 pytest writes it anew; read the difference before it is committed.\n"
    assert len(known) == len(found) and known == shown, told + "\n".join(lines)


def alike(known: str, found: str) -> bool:
    """Tell whether two lines have the same words, and numbers that two processors may come to.

    Sums are taken in another order there and searches end elsewhere: floating point numbers may differ by 1e-4 of
    their size, those shown with three digits and more by one in the last.
    """
    if NUMBER.sub("#", known) != NUMBER.sub("#", found):
        return False
    return all(map(_near, NUMBER.findall(known), NUMBER.findall(found)))


def _near(known: str, found: str) -> bool:
    if any(each.lstrip("-").isdigit() for each in (known, found)):  # whole numbers are exact
        return known == found
    (_, _, one), (_, _, other) = known.partition("."), found.partition(".")
    last = 1.01 * 10.0 ** -len(one) if len(one) == len(other) and len(one) >= 3 else 0.0
    x, y = float(known), float(found)
    return abs(x - y) <= max(last, 1e-4 * max(abs(x), abs(y)), 1e-9)


def settled(value: Any, digits: int = 6) -> Any:
    """Return JSON with its floating point numbers rounded to as many digits as every processor computes alike."""
    if isinstance(value, dict):
        return {key: settled(inner, digits) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [settled(inner, digits) for inner in value]
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def in_lines(value: Any, name: str = "") -> str:
    """Return JSON as lines `name.of.the.cell: value`, lists of numbers in one line each."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, dict):
        return "\n".join(in_lines(inner, f"{name}.{key}".lstrip(".")) for key, inner in value.items())
    if isinstance(value, list | tuple) and any(isinstance(inner, dict | list | tuple) for inner in value):
        return "\n".join(in_lines(inner, f"{name}.{place}".lstrip(".")) for place, inner in enumerate(value))
    return f"{name}: {settled(value)}"
