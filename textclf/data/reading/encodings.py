"""Which encoding a text file is in: UTF-8 where it can be, else what its bytes look like, else a question.

Detectors are compared in benchmarks/encodings.py: `chardet`, shown only the lines that are not ASCII and asked only
about encodings that people still meet, is taken; where it cannot tell two of them apart, the user is asked.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from pathlib import Path
from typing import IO, NamedTuple

import ftfy.bad_codecs  # noqa: F401 - registers windows-1252 as browsers read it, without holes

from ...errors import UserError
from .byte_guesses import AHEAD, AS_BROWSERS_DO, PIECE, guesses_of, telling_lines
from .other_kinds import in_shell

LEAST_SCORE = 0.03
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip


class TextFile(NamedTuple):
    """A file of text, and how its bytes become characters."""

    path: Path
    encoding: str
    note: str | None = None
    """What is to be said where the encoding is not UTF-8."""

    @property
    def name(self) -> str:
        """Return the file's name, for messages."""
        return self.path.name

    def open(self) -> IO[str]:
        """Open the file with its line ends as they are, and without a byte order mark."""
        return self.path.open(encoding=self.encoding, newline="")


def text_file(path: Path, encoding: str | None = None) -> TextFile:
    """Find out how a file is encoded, by all of its bytes; `encoding` says it instead.

    Raises:
        UserError: it is not in the encoding said, or in none that can be told; says what to type.
    """
    if encoding is not None:
        return TextFile(path, _as_said(path, encoding))
    with path.open("rb") as file:
        head = file.read(1 << 16)
    marked = next((name for mark, name in MARKS.items() if head.startswith(mark)), None)
    if marked and _first_fault(path, marked) is None:
        return TextFile(path, marked, None if marked == "utf-8-sig" else f"{path.name} is read as {marked.upper()}.")
    wide = _wide(head)
    if wide and _first_fault(path, wide) is None:
        return TextFile(path, wide, f"{path.name} is read as {wide.upper()}, which it does not say itself.")
    if re.search(rb"\x1b\$[@B]", head) and _first_fault(path, "iso2022_jp") is None:  # its bytes are ASCII
        return TextFile(path, "iso2022_jp", f"{path.name} is read as ISO-2022-JP.")
    line = _first_fault(path, "utf-8")
    if line is None:
        return TextFile(path, "utf-8-sig")
    return _detected(path, line)


def decode_all(paths: list[Path]) -> tuple[str, str | None]:
    """Return one encoding for many small files (one a text), and what is to be said about it."""
    odd = [path for path in paths if _first_fault(path, "utf-8") is not None]
    if not odd:
        return "utf-8-sig", None
    sample = b"\n".join(line for path in odd for line in telling_lines(path))
    found = guesses_of(sample)
    encoding = AS_BROWSERS_DO.get(found[0][0], found[0][0]) if found else "sloppy-windows-1252"
    return encoding, f"{len(odd):,} of {len(paths):,} files are not UTF-8 and are read as {_shown(encoding)}."


def _as_said(path: Path, encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise UserError(
            f"--encoding takes the name of an encoding, cp949 or utf-16 say; found {encoding!r}."
        ) from None
    name = {"utf-8": "utf-8-sig", "cp1252": "sloppy-windows-1252"}.get(name, name)
    line = _first_fault(path, name)
    if line is not None:
        raise UserError(f"{path.name} is not {encoding} (line {line}). Leave --encoding out to have it found.")
    return name


def _first_fault(path: Path, encoding: str) -> int | None:
    """Return the first line that is not in an encoding, or None where all of them are."""
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    with path.open("rb") as file:
        while True:
            piece = file.read(PIECE)
            try:
                decoder.decode(piece, final=not piece)
            except UnicodeDecodeError as error:
                return lines + bytes(error.object[: error.start]).count(b"\n")
            if not piece:
                return None
            lines += piece.count(b"\n")


def _wide(head: bytes) -> str | None:
    """Return the UTF-16 that a file without a mark is in: its line ends, digits and commas have a zero byte each."""
    if b"\0" not in head:
        return None
    best, most = None, 0.9
    for encoding in ("utf-16-le", "utf-16-be"):
        text = head[: len(head) // 2 * 2].decode(encoding, "replace")
        usual = sum(unicodedata.category(c)[0] != "C" or c in "\r\n\t" for c in text) / max(len(text), 1)
        common = sum(c in "\n ,\t;0123456789" or c.isalpha() for c in text) / max(len(text), 1)
        if "\0" not in text and {"\n", "\r"} & {*text} and min(usual, common + 0.3) > most:
            best, most = encoding, usual
    return best


def _detected(path: Path, line: int) -> TextFile:
    telling = list(telling_lines(path))
    good = sum(_is_utf8(each) for each in telling)
    if good > len(telling) / 2:
        raise UserError(
            f"{path.name} is UTF-8 in most lines, but not in line {line}. Leave out the broken characters: "
            f"`iconv -c -f UTF-8 -t UTF-8 {in_shell(path)} > {in_shell(path.with_stem(path.stem + '-utf8'))}`; "
            "or say what it is: --encoding."
        )
    guesses = [each for each in guesses_of(b"\n".join(telling)) if _fits(path, each[0])]
    if not guesses:
        raise UserError(
            f"{path.name} is not UTF-8 (line {line}), nor anything known. Say what it is: --encoding cp949."
        )
    (best, score), *others = guesses
    near = bool(others) and score < AHEAD * others[0][1]
    if others and (score < LEAST_SCORE or (near and best != "windows-1252")):
        raise UserError(
            f"{path.name} is not UTF-8 (line {line}); it could be {_shown(best)} ({score:.2f}) or "
            f"{_shown(others[0][0])} ({others[0][1]:.2f}). Say which: --encoding {best} or --encoding {others[0][0]}."
        )
    against = f", next {_shown(others[0][0])} {others[0][1]:.2f}" if others else ""
    sure = "unsure" if near else "sure"
    note = (
        f"{path.name} is not UTF-8; read as {_shown(best)} ({sure}: score {score:.2f}{against}). "
        "--encoding says otherwise."
    )
    return TextFile(path, AS_BROWSERS_DO.get(best, best), note)


def _fits(path: Path, encoding: str) -> bool:
    return _first_fault(path, AS_BROWSERS_DO.get(encoding, encoding)) is None


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _shown(encoding: str) -> str:
    return encoding.removeprefix("sloppy-").upper()
