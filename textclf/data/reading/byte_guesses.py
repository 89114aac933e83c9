"""Which encodings the bytes of a file look like, with a detector's scores."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

PIECE = 1 << 20  # bytes
SHOWN = 20_000  # bytes of each piece that a detector is shown: some of the whole file, however large
# fmt: off
# What people still meet, by the names that chardet has for them; not the Mac's and DOS's, which it takes others for.
CANDIDATES = (
    "cp949", "euc-kr", "cp932", "shift_jis", "euc-jp", "iso-2022-jp", "gb18030", "big5", "big5hkscs", "windows-1252",
    "iso-8859-1", "iso-8859-15", "windows-1250", "iso-8859-2", "windows-1251", "koi8-r", "koi8-u", "iso-8859-5",
    "windows-1254", "iso-8859-9", "windows-1253", "iso-8859-7", "windows-1255", "iso-8859-8", "windows-1256",
    "iso-8859-6", "windows-1257", "windows-1258", "cp874", "tis-620",
)
# fmt: on
# Python's own windows-1252 refuses five bytes that real files hold; latin-1 is read as browsers do: as windows-1252.
AS_BROWSERS_DO = {"windows-1252": "sloppy-windows-1252", "iso-8859-1": "sloppy-windows-1252"}
# The best guess must be ahead by this factor of the next one that would read something else (measured, as above).
AHEAD = 1.25
# No text holds these, and Latin-1 and its kin read a byte of a Windows code page as one.
CONTROLS = re.compile("[\x80-\x84\x86-\x9f]")
ODD_WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")
MOSTLY_WHOLE = 0.9  # of such words without a letter of ASCII


def telling_lines(path: Path) -> Iterator[bytes]:
    """Yield lines that are not ASCII, some from each part of the file."""
    with path.open("rb") as file:
        rest = b""
        while piece := file.read(PIECE):
            *lines, rest = re.split(rb"[\r\n]+", rest + piece)
            left = SHOWN
            for line in lines:
                if left > 0 and not line.isascii():
                    yield line
                    left -= len(line)
        if rest and not rest.isascii():
            yield rest


def _shown_words(sample: bytes) -> bytes:
    """Return the words with bytes beyond ASCII alone, where they have no others: English around them misleads.

    Words of Western languages have letters of both kinds, and are shown with all around them.
    """
    words = ODD_WORD.findall(sample)
    whole = sum(not re.search(rb"[A-Za-z]", word) and len(word) > 1 for word in words)
    return b"\n".join(words) if words and whole >= MOSTLY_WHOLE * len(words) else sample


def guesses_of(sample: bytes) -> list[tuple[str, float]]:
    """Return encodings with chardet's scores, the best first; of those that read the sample alike only the first."""
    import chardet  # half a second, and most files are UTF-8

    found: list[tuple[str, float]] = []
    read: list[str] = []
    guesses = chardet.detect_all(
        _shown_words(sample), ignore_threshold=True, include_encodings=CANDIDATES, max_bytes=4 * PIECE
    )
    scores = [(str(guess["encoding"]).lower(), guess["confidence"]) for guess in guesses]
    western = dict(scores).get("windows-1252", 0.0)
    if western * AHEAD > scores[0][1]:  # nearly as likely by its bytes, and many times more common
        scores = [("windows-1252", scores[0][1]), *(each for each in scores if each[0] != "windows-1252")]
    for name, score in scores:
        try:
            text = sample.decode(AS_BROWSERS_DO.get(name, name))
        except (UnicodeDecodeError, LookupError):
            continue
        if text not in read and not CONTROLS.search(text):
            read.append(text)
            found.append((name, score))
    return found
