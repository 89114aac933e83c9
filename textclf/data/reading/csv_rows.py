"""Reading CSV, TSV and their kin: every cell stays the text it is, every row knows the line it starts on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ...errors import UserError
from .column_look import ROWS_KEPT, ColumnLook
from .dialects import guess_dialect
from .encodings import TextFile
from .headers import USUAL, Header, name_columns
from .records import MINIMAL, NONE, Dialect, Record, records
from .tables import Fault, Reading, ReadOptions, text_columns

UNCLOSED = "a quote opens here and is never closed"
ESCAPES = r"\" is read as a quote inside a cell."
STRIDE = 97  # beyond the first rows, each so manieth is looked at: labels may be sorted


@dataclass
class _Look:
    """What one pass over a file finds, without keeping its rows."""

    first: list[str] = field(default_factory=list)
    sizes: Counter[int] = field(default_factory=Counter)
    columns: list[ColumnLook] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    joined: list[Record] = field(default_factory=list)
    """Rows of several lines, each of which could be a row of its own."""

    @property
    def width(self) -> int:
        return self.sizes.most_common(1)[0][0] if self.sizes else len(self.first)


def read_table(file: TextFile, options: ReadOptions, named_table: bool = True) -> Reading | None:
    """Read a table of separated values (RFC 4180 and what else people write); None where the file is none.

    Cells are never taken for numbers or for missing values: `NA`, `null` and `007` stay what they are.

    Raises:
        UserError: it has no first row, its names cannot be used, or a quote that opens is never closed.
    """
    dialect = guess_dialect(file, named_table, options.quotes)
    if dialect is None:
        return None
    notes = _unusual(file, dialect, options.quotes == "auto")
    look = _look(file, dialect)
    if options.quotes == "auto" and dialect.quoting == MINIMAL:
        dialect, look, said = _with_other_quotes(file, dialect, look)
        notes += said
    if dialect.delimiter in ",;" and not look.errors:
        dialect, look, said = _with_loose_texts(file, dialect, look)
        notes += said
    if not look.first:
        raise UserError(f"{file.name} holds empty lines only; expected a table of texts and labels.")
    header = _header(file, look, options)
    faults: list[Fault] = []  # filled while the batches are used up
    first = look.first if header.in_first_row else None
    rows = _rows(file, dialect, (header.names, first), _swallowed(look, dialect), faults)
    reading = text_columns(header.names, rows)
    reading.faults, reading.notes, reading.nameless = faults, [*notes, *header.notes], not header.in_first_row
    return reading


def _unusual(file: TextFile, dialect: Dialect, found: bool) -> list[str]:
    """Say in what a dialect differs from plain CSV; what its quotes mean only where that was `found`."""
    notes = []
    if dialect.delimiter != "," and file.path.suffix.lower() not in {".tsv", ".tab"}:
        notes.append(f"columns are separated by {dialect.words}.")
    if found and dialect.quoting == NONE and not dialect.long:
        notes.append("quotes do not pair up and are read as plain characters.")
    if dialect.escaped and dialect.delimiter != " ":
        notes.append(ESCAPES)
    if dialect.quote == "'":
        notes.append("single quotes stand around cells; --quotes csv reads double ones alone as such.")
    if dialect.titled:
        notes.append(f"the table begins on line {dialect.skip + 1}; what stands above it is left out.")
    if dialect.surveyed:
        notes.append("the questions and ids below the names are a survey tool's, and are left out.")
    if dialect.wrapped:
        notes.append("each line is one quoted cell that holds a row, and is read as that row.")
    if dialect.headed:
        notes.append("lines such as ###123 stand above rows and are left out.")
    return [f"{file.name}: {note}" for note in notes]


def _rows(
    file: TextFile,
    dialect: Dialect,
    names_and_header: tuple[Sequence[str], list[str] | None],
    swallowed: set[int],
    faults: list[Fault],
) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the rows; those that cannot be read go to `faults`."""
    names, header = names_and_header
    found = records(file, dialect)
    if header is not None:
        next(found, None)
    last = ""
    for record in found:
        last = record.error
        if record.error:
            faults.append(Fault(record.line, _quote_reason(record.error)))
        elif len(record.cells) != len(names):
            hint = f"; a cell that holds {dialect.words} must be quoted" if len(record.cells) > len(names) else ""
            faults.append(Fault(record.line, f"expected {len(names)} columns, found {len(record.cells)}{hint}"))
        elif record.cells == header:
            faults.append(Fault(record.line, "the column names once more"))
        elif record.line in swallowed:
            reason = (
                f"quotes join {len(record.lines)} lines that look like rows (--quotes plain takes them as characters)"
            )
            faults.append(Fault(record.line, reason))
        else:
            yield record.line, record.cells
    if last and _quote_reason(last) == UNCLOSED:  # it swallowed the rest: never to be skipped
        raise UserError(
            f"{file.name}, line {faults[-1].line}: {UNCLOSED}. Close it, or --quotes plain reads quotes as characters."
        )


def _look(file: TextFile, dialect: Dialect) -> _Look:
    """Go over all rows once."""
    look = _Look()
    for number, record in enumerate(records(file, dialect)):
        if record.error:
            look.errors.append(record.error)
            continue
        if number == 0:
            look.first = record.cells
            continue
        look.sizes[len(record.cells)] += 1
        if not look.columns:
            look.columns = [ColumnLook() for _ in record.cells]
        if len(record.cells) != len(look.columns):
            continue
        if len(record.lines) > 1 and _could_be_rows(record, dialect):
            look.joined.append(record)
            continue
        kept = number <= ROWS_KEPT or number % STRIDE == 0
        for cell, column in zip(record.cells, look.columns, strict=True):
            column.add(cell, kept)
    return look


def _could_be_rows(record: Record, dialect: Dialect) -> bool:
    return all(len(cells) == len(record.cells) for cells in _cut(record, dialect))


def _cut(record: Record, dialect: Dialect) -> list[list[str]]:
    return [line.rstrip("\r\n").split(dialect.long or dialect.delimiter) for line in record.lines]


def _swallowed(look: _Look, dialect: Dialect) -> set[int]:
    """Return the lines of rows whose quotes join rows: each of their lines has a label that other rows have too."""
    labels = [j for j, column in enumerate(look.columns) if column.repeats]
    found = set()
    for record in look.joined:
        cut = _cut(record, dialect)
        if labels and all(cells[j].strip(' "') in (look.columns[j].values or ()) for cells in cut for j in labels):
            found.add(record.line)
    return found


def _with_other_quotes(file: TextFile, dialect: Dialect, look: _Look) -> tuple[Dialect, _Look, list[str]]:
    """Read quotes in another way where RFC 4180's does not fit a file: escaped with backslashes, or no quotes."""
    prose = dialect.delimiter in ",;"  # there quotes keep their meaning, for texts hold commas
    if look.errors and prose:
        escaped = _look(file, dialect._replace(escaped=True))
        if len(escaped.errors) < len(look.errors) / 10:
            return dialect._replace(escaped=True), escaped, [f"{file.name}: {ESCAPES}"]
        plain = _look(file, dialect._replace(quoting=NONE))
        whole = plain.sizes.keys() == {len(plain.first)} and not any(column.quoted for column in plain.columns)
        closed = all(_quote_reason(error) != UNCLOSED for error in look.errors)
        if closed and whole:
            said = f"{file.name}: quotes inside cells are read as plain characters."
            return dialect._replace(quoting=NONE), plain, [said]
    swallowed = _swallowed(look, dialect)
    unpaired = bool(look.errors) and not prose
    if not swallowed and not unpaired:
        return dialect, look, []
    plain = _look(file, dialect._replace(quoting=NONE))
    fits = len(plain.sizes) == 1 and plain.width == len(plain.first)
    if unpaired:
        said = f"{file.name}: quotes do not pair up and are read as plain characters."
        return dialect._replace(quoting=NONE), plain, [said]
    if not fits:
        return dialect, look, []
    said = f"{file.name}: quotes would join rows (line {min(swallowed)}), and are read as plain characters."
    return dialect._replace(quoting=NONE), plain, [said]


def _with_loose_texts(file: TextFile, dialect: Dialect, look: _Look) -> tuple[Dialect, _Look, list[str]]:
    """Let the text, where it is the first or the last column, hold delimiters that nobody quoted.

    That is certain where no row has fewer cells than the first line has names, and labels come out beside it.
    """
    width = len(look.first)
    if width < 2 or not look.sizes or min(look.sizes) < width or max(look.sizes) == width:
        return dialect, look, []
    if look.sizes.keys() == {width + 1} and look.columns[0].numbers == 1 and not look.columns[0].repeats:
        return dialect, look, []  # R's row numbers, which its header leaves out
    sides: tuple[tuple[Literal["first", "last"], int], ...] = (("last", width - 1), ("first", 0))
    for side, place in sides:
        if not USUAL.fullmatch(look.first[place].strip()):
            continue
        loose = dialect._replace(loose=side, width=width)
        found = _look(file, loose)
        others = [column for j, column in enumerate(found.columns) if j != place]
        if found.sizes.keys() == {width} and any(column.repeats for column in others):
            name = look.first[place].strip()
            return loose, found, [f"{file.name}: {dialect.words} beyond the {width - 1} others belong to {name!r}."]
    return dialect, look, []


def _header(file: TextFile, look: _Look, options: ReadOptions) -> Header:
    first = look.first
    width = look.width or len(first)
    if len(first) + 1 == width and look.sizes[width] == look.sizes.total():
        # R leaves out the name of its row numbers; others end each row with one delimiter more.
        ends = bool(look.columns) and set(look.columns[-1].values or ()) == {""}
        first = [*first, ""] if ends else ["", *first]
    columns = look.columns if len(look.columns) == len(first) else [ColumnLook() for _ in first]
    return name_columns(file.name, first, columns, options)


def _quote_reason(message: str) -> str:
    if message == "unexpected end of data":
        return UNCLOSED
    return 'a quote inside a quoted cell must be doubled ("")'
