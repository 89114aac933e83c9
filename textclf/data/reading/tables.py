"""What every reader of a file hands back, and the one way a text file is opened: strictly as UTF-8."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from ...errors import UserError

# Beside a file's own columns: where each row starts (see `Reading.unit`), for messages.
LINE_COLUMN = "__line__"


class Fault(NamedTuple):
    """A row that cannot be read: the line on which it starts, and why."""

    line: int
    reason: str


@dataclass
class Reading:
    """A file's rows in the making; `faults`, `notes` and `mixed` are complete once `batches` is used up."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    mixed: dict[str, str] = field(default_factory=dict)
    unit: str = "line"
    """What the numbers of rows count, in faults and in `LINE_COLUMN`: lines of the file, or its rows."""


def check_utf8(path: Path) -> None:
    """Read a file once, in pieces, and refuse it unless it is UTF-8 throughout.

    Raises:
        UserError: the first line that is not UTF-8, and the command that converts the file.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise UserError(_not_utf8(path)) from None


def _not_utf8(path: Path) -> str:
    number, line = 1, b""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):  # noqa: B007 - both are used after the loop
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                break
    converted = f"{path.stem}-utf8{path.suffix}"
    return (
        f"{path.name} is not UTF-8 (line {number}); expected UTF-8. "
        f"Convert it: `iconv -f {_guess_encoding(line)} -t UTF-8 {path.name} > {converted}`."
    )


def _guess_encoding(line: bytes) -> str:
    """Guess the encoding of a line that is not UTF-8, for the suggested command only."""
    if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16"
    try:
        # Korean Windows; in other encodings the same bytes hardly ever come out as Hangul syllables throughout.
        if any("가" <= character <= "힣" for character in line.decode("cp949")):
            return "CP949"
    except UnicodeDecodeError:
        pass
    return "CP1252"
