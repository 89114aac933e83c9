"""Reading CSV, TSV and their kin: every cell stays the text it is, every row knows the line it starts on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...errors import UserError
from .column_look import ColumnLook
from .dialects import guess_dialect
from .encodings import TextFile
from .headers import Header, name_columns
from .records import MINIMAL, NONE, Dialect, records
from .table_look import TableLook, joined_by_quotes, look_over
from .table_quotes import ESCAPES, UNCLOSED, quote_reason, with_loose_texts, with_other_quotes
from .tables import Fault, Reading, ReadOptions, text_columns


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
    look = look_over(file, dialect)
    if options.quotes == "auto" and dialect.quoting == MINIMAL:
        dialect, look, said = with_other_quotes(file, dialect, look)
        notes += said
    if dialect.delimiter in ",;" and not look.errors:
        dialect, look, said = with_loose_texts(file, dialect, look)
        notes += said
    if not look.first:
        raise UserError(f"{file.name} holds empty lines only; expected a table of texts and labels.")
    header = _header(file, look, options)
    faults: list[Fault] = []  # filled while the batches are used up
    first = look.first if header.in_first_row else None
    rows = _rows(file, dialect, (header.names, first), joined_by_quotes(look, dialect), faults)
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
            faults.append(Fault(record.line, quote_reason(record.error)))
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
    if last and quote_reason(last) == UNCLOSED:  # it swallowed the rest: never to be skipped
        raise UserError(
            f"{file.name}, line {faults[-1].line}: {UNCLOSED}. Close it, or --quotes plain reads quotes as characters."
        )


def _header(file: TextFile, look: TableLook, options: ReadOptions) -> Header:
    first = look.first
    width = look.width or len(first)
    if len(first) + 1 == width and look.sizes[width] == look.sizes.total():
        # R leaves out the name of its row numbers; others end each row with one delimiter more.
        ends = bool(look.columns) and set(look.columns[-1].values or ()) == {""}
        first = [*first, ""] if ends else ["", *first]
    columns = look.columns if len(look.columns) == len(first) else [ColumnLook() for _ in first]
    return name_columns(file.name, first, columns, options)
