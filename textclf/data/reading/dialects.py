"""Which dialect a text file is written in: how its rows are cut into cells.

Compared with duckdb's `sniff_csv` and `clevercsv` on the table of cases in benchmarks/layouts: see there why the
rules are our own, and that the cells stay the text they are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice, takewhile

from .encodings import TextFile
from .headers import USUAL
from .records import DELIMITERS, ESCAPED_QUOTE, HEADING, MINIMAL, NONE, STAND_IN, Dialect, Record, records

# Longer ones, each read as one character that no text holds.
LONG_DELIMITERS = ("+++$+++", "_!_", "|||", "@@@", ":::", "::", "\x01")
LINES_LOOKED_AT = 2_000
LEAST_SHARE = 0.9  # of lines with equally many cells: fewer, and a file that is not called a table is none
SAID = re.compile(r"sep=(.)\r?\n?")  # Excel's own first line
SPACED_QUOTE = re.compile(r'"[,;|] +"')
SINGLE_QUOTED = re.compile(r"(?:^|[,;|\t])'[^\n]*'(?:[,;|\t\n]|$)")
SURVEY_ID = '{"ImportId":'  # in the third row of what Qualtrics exports
R_CELL = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"]+')
R_LINE = re.compile(rf'"(?:[^"\\]|\\.)*"(?: (?:{R_CELL.pattern}))+')


def guess_dialect(file: TextFile, named_table: bool, quotes: str = "auto") -> Dialect | None:
    """Return the dialect in which most of the first lines have equally many cells; None where the file is no table.

    A file whose name says that it is a table (`named_table`) is one, of a single column if need be.
    """
    with file.open() as opened:
        head = list(islice(opened, LINES_LOOKED_AT))
    said = SAID.fullmatch(head[0]) if head else None
    skip = 1 if said else 0
    head = [line for line in head[skip:] if line.strip()]
    if said and said[1] in DELIMITERS:
        return Dialect(said[1], NONE if quotes == "plain" else MINIMAL, skip=skip)
    rare = _rare_dialect(head, quotes == "auto" and not named_table)
    if rare is not None:
        return rare
    spaced = sum(bool(SPACED_QUOTE.search(line)) for line in head) > len(head) / 2
    headed = sum(bool(HEADING.fullmatch(line)) for line in head) > 1
    best, most = None, (0.0, False)
    order = [mark for mark in DELIMITERS if mark != " "]
    if file.path.suffix.lower() != ".csv":  # a comma in every text is prose, a tab in every line is none
        order.remove("\t")
        order.insert(0, "\t")
    for delimiter in order:
        for dialect in _with_quotes(delimiter, quotes, spaced, head):
            dialect = dialect._replace(headed=headed)
            sizes = [len(record.cells) for record in records(file, dialect, LINES_LOOKED_AT)]
            found = (round(_share(sizes), 2), bool(sizes) and sizes[0] == _usual(sizes))
            if dialect.quoting == NONE and delimiter in ",;":  # lists of words with commas look like tables too
                found = (found[0] - 0.1, found[1])
            if found > most:
                best, most = dialect, found
    wrapped = _wrapped(file, head, order) if named_table else None
    if wrapped is None and best is not None and (named_table or most[0] >= LEAST_SHARE):
        # commas and semicolons stand in prose: there quotes keep their meaning unless the user says otherwise
        best = best._replace(quoting=MINIMAL) if best.delimiter in ",;" and quotes == "auto" else best
        above = _lines_above(file, best) if most[0] >= LEAST_SHARE else 0
        surveyed = any(cell.startswith(SURVEY_ID) for record in records(file, best, 50) for cell in record.cells)
        return best._replace(skip=above, titled=above > 0, surveyed=surveyed)
    return (wrapped or Dialect(order[0])) if named_table else None


def _lines_above(file: TextFile, dialect: Dialect) -> int:
    """Count the lines of a title, or of comments (#), above a table whose rows have several cells."""
    head = list(records(file, dialect, LINES_LOOKED_AT))
    usual = _usual([len(record.cells) for record in head])
    above = list(takewhile(lambda record: _is_title(record, usual) or _is_comment(record, usual), head))
    rows = all(len(record.cells) == usual and not _is_title(record, usual) for record in above)
    return 0 if usual < 2 or rows or len(above) == len(head) else head[len(above)].line - 1


def _is_title(record: Record, usual: int) -> bool:
    first, *others = [cell.strip() for cell in record.cells]
    alone = not others or (len(record.cells) == usual > 2 and bool(first) and not any(others))
    return alone and not USUAL.fullmatch(first)


def _is_comment(record: Record, usual: int) -> bool:
    """Say whether a line is a comment; a hashtag, or a first name, begins a row."""
    line = record.lines[0]
    return line.startswith("# ") or (line.startswith("#") and len(record.cells) != usual)


def _wrapped(file: TextFile, head: Sequence[str], order: Sequence[str]) -> Dialect | None:
    """Return a dialect of lines that are one quoted cell each, with a row in it."""
    if not (head and head[0].startswith('"') and head[0].rstrip().endswith('"')):
        return None
    for delimiter in order:
        wrapped = Dialect(delimiter, wrapped=True)
        whole = [len(record.cells) for record in records(file, Dialect(delimiter), LINES_LOOKED_AT)]
        sizes = [len(record.cells) for record in records(file, wrapped, LINES_LOOKED_AT)]
        if set(whole) == {1} and _share(sizes) >= LEAST_SHARE and sizes[0] == _usual(sizes):
            return wrapped
    return None


def _with_quotes(delimiter: str, quotes: str, spaced: bool, head: Sequence[str]) -> Iterator[Dialect]:
    """Yield what quotes could mean with one delimiter, escaped and single ones only where there are such."""
    if quotes != "plain":
        yield Dialect(delimiter, MINIMAL, spaced)
    if quotes == "auto" and any(map(ESCAPED_QUOTE.search, head)):
        yield Dialect(delimiter, MINIMAL, spaced, escaped=True)
    if quotes != "csv":
        yield Dialect(delimiter, NONE)
    if quotes == "auto" and any(map(SINGLE_QUOTED.search, head)):
        yield Dialect(delimiter, MINIMAL, quote="'")


def _rare_dialect(head: list[str], words: bool) -> Dialect | None:
    """Return a dialect of long delimiters or, where `words` may be cells, of R's `write.table`; None for others."""
    for long in LONG_DELIMITERS:
        sizes = [line.count(long) + 1 for line in head]
        if head and _share(sizes) >= LEAST_SHARE and sizes[0] == _usual(sizes):  # not between posts in one cell
            return Dialect(STAND_IN, NONE, long=long)
    of_r = words and _share([_cells_of_r(line) for line in head]) >= LEAST_SHARE
    return Dialect(" ", MINIMAL, escaped=True) if of_r else None


def _cells_of_r(line: str) -> int:
    """Count the cells of a line as R's `write.table` writes it: words in quotes, numbers bare, a space between."""
    return len(R_CELL.findall(line)) if R_LINE.fullmatch(line.strip()) else 0


def _usual(sizes: list[int]) -> int:
    return Counter(sizes).most_common(1)[0][0] if sizes else 0


def _share(sizes: list[int]) -> float:
    """Return the share of rows that have the most frequent number of cells, 0 where that is one cell."""
    usual = _usual(sizes)
    return sizes.count(usual) / len(sizes) if usual > 1 else 0.0
