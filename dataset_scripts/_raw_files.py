"""Raw files as publishers leave them: finding, decoding, splitting into cells, and naming their content."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from textclf.errors import UserError


class RawDataError(UserError):
    """The raw files exist, but what stands in them is not what their publisher describes."""


class MissingDataError(UserError, FileNotFoundError):
    """The raw files are not there and cannot be fetched."""


def missing_files(folder: Path, expected: str, source: str) -> MissingDataError:
    """Return the error that says what was expected in `folder`, what is there, and where to get the files."""
    if not folder.exists():
        found = "no such folder"
    elif not folder.is_dir():
        found = "a file, not a folder"
    else:
        entries = sorted(path.name for path in folder.iterdir())
        found = ", ".join(entries[:5]) + (", ..." if len(entries) > 5 else "") if entries else "an empty folder"
    return MissingDataError(
        f"Expected {expected} in {folder}; found {found}. "
        f"Get the files from {source} and pass their folder: --data_dir FOLDER."
    )


def read_text(path: Path) -> str:
    """Return a file's text: UTF-8 with or without a byte order mark, else Latin-1, which can read any byte."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def unix_newlines(text: str) -> str:
    """Return `text` with every line end as one line feed; a twice-converted file has CR CR LF."""
    return re.sub(r"\r+\n|\r", "\n", text)


def read_table(path: Path, columns: Sequence[str], *, delimiter: str = ",") -> Iterator[dict[str, str]]:
    """Yield a table's rows as dictionaries.

    Raises:
        RawDataError: If one of `columns` is missing, a row is cut short, or a quotation mark is never closed.
    """
    # newline="" leaves line ends inside quoted cells to the csv module.
    lines = io.StringIO(read_text(path), newline="")
    reader = csv.DictReader(lines, delimiter=delimiter)
    header = list(reader.fieldnames or [])
    if absent := [column for column in columns if column not in header]:
        raise RawDataError(f"Columns {absent} are missing in {path}; found {header}.")
    try:
        for row in reader:
            if any(row[column] is None for column in columns):
                raise RawDataError(f"Line {reader.line_num} of {path} is cut short: expected {len(header)} cells.")
            yield row
    except csv.Error as error:
        raise RawDataError(f"Expected a table in {path}; found near line {reader.line_num}: {error}.") from error


def content_hash(files: Iterable[Path]) -> str:
    """Return a name for the content of `files`: another byte, another file name, another hash."""
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.parent.name}/{path.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:32]
