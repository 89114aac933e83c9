"""Whole outputs beside files of tests/approved/, each of which somebody has read and found right.

After a change that is meant: `APPROVE=1 pytest TEST_FILE` writes them anew; read `git diff tests/approved` line by
line before it is committed. A figure there is worth as much as that reading, so arithmetic is tested elsewhere, too.
"""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import Any

APPROVED = Path(__file__).parent / "approved"


def check_approved(name: str, text: str) -> None:
    """Fail, with the lines that differ, where a text is not that of `approved/<name>`; of numbers 10 digits count."""
    path, text = APPROVED / name, re.sub(r"(\d\.\d{9})\d+", r"\1", text)
    if os.environ.get("APPROVE"):
        path.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
    known = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = difflib.unified_diff(known.splitlines(), text.rstrip("\n").splitlines(), "approved", "found", "", "", 1)
    told = f"{path}\nIf that is meant: APPROVE=1 pytest writes it anew; read the difference before it is committed.\n"
    assert known.splitlines() == text.rstrip("\n").splitlines(), told + "\n".join(lines)


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
