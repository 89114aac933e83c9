"""Rows of a text file under a dialect: what separates their cells, what quotes mean, where rows begin."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Literal, NamedTuple

from .encodings import TextFile

DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars (|)", " ": "spaces"}
STAND_IN = "\x1f"
Quoting = Literal[0, 3]  # csv.QUOTE_MINIMAL, csv.QUOTE_NONE
MINIMAL: Quoting = 0
NONE: Quoting = 3
# The csv module refuses cells beyond 131,072 characters; whole documents are longer. The limit is a C long.
LONGEST_CELL = 2**31 - 1
HEADING = re.compile(r"#{3}\s*\S+\s*")  # above some rows: a document's number, and no row
ESCAPED_QUOTE = re.compile(r'(?<!\\)((?:\\\\)*)\\"')


class Dialect(NamedTuple):
    """What `csv` has to know about a file."""

    delimiter: str
    quoting: Quoting = MINIMAL
    spaced: bool = False
    """Whether a space may stand between a delimiter and a quote."""
    escaped: bool = False
    """Whether a quote inside a quoted cell is escaped with a backslash."""
    skip: int = 0
    """Lines in front of the first row that say how the others are to be read."""
    long: str = ""
    """A delimiter of several characters, for which `delimiter` stands in."""
    loose: Literal["", "first", "last"] = ""
    """Which column's cells may hold the delimiter without being quoted."""
    width: int = 0
    """The number of columns, where one is loose."""
    quote: Literal['"', "'"] = '"'
    headed: bool = False
    """Whether lines such as `###123` stand above some rows."""
    titled: bool = False
    """Whether the skipped lines are a title, or comments, above the table."""
    surveyed: bool = False
    """Whether the two rows below the names are a survey tool's: the questions, and ids of its own."""
    wrapped: bool = False
    """Whether each line is one quoted cell that holds a whole row: a CSV that a spreadsheet has saved as CSV again."""

    @property
    def words(self) -> str:
        """Return what separates the columns, in words."""
        return f"{self.long!r}" if self.long else DELIMITERS[self.delimiter]


class Record(NamedTuple):
    """One row: its cells (or why it has none), the line on which it starts, the lines that it was read from."""

    line: int
    cells: list[str]
    lines: list[str]
    error: str = ""


def records(file: TextFile, dialect: Dialect, limit: int | None = None) -> Iterator[Record]:
    """Yield a file's rows under a dialect, empty lines left out; `limit` is the number of lines looked at."""
    for number, record in enumerate(_every_record(file, dialect, limit)):
        if not (dialect.surveyed and number in (1, 2)):
            yield record


def _every_record(file: TextFile, dialect: Dialect, limit: int | None) -> Iterator[Record]:
    csv.field_size_limit(LONGEST_CELL)
    with file.open() as opened:
        source = islice(opened, dialect.skip, None if limit is None else dialect.skip + limit)
        taken: list[str] = []

        def lines() -> Iterator[str]:
            for line in source:
                taken.append(line)
                if dialect.headed and HEADING.fullmatch(line):
                    line = "\n"
                if dialect.long:
                    line = line.replace(dialect.long, STAND_IN)
                yield ESCAPED_QUOTE.sub(r'\1""', line) if dialect.escaped else line

        reader = csv.reader(
            lines(),
            delimiter=dialect.delimiter,
            quotechar=dialect.quote,
            quoting=dialect.quoting,
            strict=True,
            skipinitialspace=dialect.spaced,
        )
        line = dialect.skip + 1
        while True:
            taken.clear()
            try:
                cells = next(reader)
                error = ""
            except StopIteration:
                return
            except csv.Error as found:
                cells, error = [], str(found)
            if dialect.loose or dialect.wrapped:
                cells, error = _cut_again(cells, error, taken, dialect)
            if cells or error:
                yield Record(line, cells, list(taken), error)
            line += len(taken)


def _cut_again(cells: list[str], error: str, lines: Sequence[str], dialect: Dialect) -> tuple[list[str], str]:
    """Cut a row in which one cell holds delimiters, or which is one cell in quotes."""
    if dialect.loose and len(cells) > dialect.width and len(lines) == 1 and '"' not in lines[0]:
        cut = lines[0].rstrip("\r\n").split if dialect.loose == "last" else lines[0].rstrip("\r\n").rsplit
        return cut(dialect.delimiter, dialect.width - 1), error
    if dialect.wrapped and len(cells) == 1:
        try:
            return next(csv.reader(cells, delimiter=dialect.delimiter, strict=True), []), ""
        except csv.Error as found:
            return [], str(found)
    return cells, error
