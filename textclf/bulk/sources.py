"""Where rows come from: files, folders, globs or a Hub data set become sources that give any stretch of their rows.

Parquet is read where it lies; text formats are converted once into a memory-mapped table of the local cache, so that
every format gives any of its rows at once and none is held in memory.
"""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from ..data.provenance import hash_file
from ..errors import UserError, did_you_mean

TEXT_KINDS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json")
KINDS = (*TEXT_KINDS, ".parquet")
LINE_COLUMN = "__line__"  # beside the file's own columns: where a row starts
_MARK = 4  # bytes of Parquet's magic, at its end behind the length of the footer


class BadRow(NamedTuple):
    """A row that gets no label: where it stands, and why."""

    place: str
    reason: str


@dataclass(frozen=True)
class Source:
    """A file, or a split of a Hub data set: `rows` rows that can be read, any stretch of them at once."""

    name: str
    identity: str
    """Equal as long as the rows are: a hash of the bytes, or of Parquet's footer, or a commit."""
    rows: int
    schema: pa.Schema
    read: Callable[[int, int, int], Iterator[pa.Table]]
    """(first, n, size) -> those n rows, in tables of `size` rows (the last one may be shorter)."""
    unit: str = "row"
    unreadable: tuple[BadRow, ...] = ()
    """Rows that no reader can make sense of; they are not counted in `rows`."""
    nested: frozenset[str] = field(default_factory=frozenset)
    """Columns whose objects and mixed values are kept as JSON text."""

    def place(self, row: int) -> str:
        """Say where a row stands."""
        if LINE_COLUMN in self.schema.names:
            return f"{self.name}, {self.unit} {next(self.read(row, 1, 1))[LINE_COLUMN][0].as_py()}"
        return f"{self.name}, row {row + 1}"


def find_sources(inputs: Sequence[str], split: str | None, config: str | None, revision: str | None) -> list[Source]:
    """Return the sources of files, folders, globs, or of one Hub id, in order.

    Raises:
        UserError: there is nothing of that name, a kind that cannot be read, or columns that differ between files.
    """
    found = {name: _paths(name) for name in inputs}
    paths = [path for name in inputs for path in found[name]]
    absent = [name for name in inputs if not found[name]]
    if absent and len(inputs) > 1:
        raise UserError(f"{absent[0]} is no file or folder here; a Hub data set is labelled alone, not beside others.")
    if absent:
        sources = [_hub_source(absent[0], split, config, revision)]
    else:
        if split or config or revision:
            raise UserError("--split, --dataset_config and --dataset_revision are for Hub data sets; leave them out.")
        sources = [_file_source(path) for path in paths]
    _check_same_columns(sources)
    return sources


def all_files(inputs: Sequence[str]) -> bool:
    """Say whether all inputs are files, folders and patterns of files; the others may be on the Hub.

    Raises:
        UserError: there is nothing of that name, or nothing in it that can be read.
    """
    return all([bool(_paths(name)) for name in inputs])  # a list: each is looked for


def columns_of(source: Source) -> list[str]:
    """Return the names of the columns that are the source's own."""
    return [name for name in source.schema.names if name != LINE_COLUMN]


def _paths(name: str) -> list[Path]:
    """Return the files that a path, a folder or a pattern means; nothing for what may be a Hub id."""
    path = Path(name).expanduser()
    if path.is_file():
        return [path]
    if path.is_dir():
        found = sorted(p for p in path.rglob("*") if p.is_file() and p.suffix.lower() in KINDS)
        found = [p for p in found if not any(part.startswith((".", "_")) for part in p.relative_to(path).parts)]
        if not found:
            raise UserError(f"{path} holds no data files; expected files that end in {', '.join(KINDS)}.")
        return found
    if glob.has_magic(name):
        matched = sorted(Path(each) for each in glob.glob(str(path), recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
        if not matched:
            raise UserError(f"No file matches {name}.")
        return [file for each in matched for file in _paths(str(each))]
    looks_local = path.suffix.lower() in KINDS or path.is_absolute() or name.startswith((".", "~"))
    if looks_local or name.count("/") > 1:
        beside = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        raise UserError(f"The file {path} does not exist.{did_you_mean(path.name, beside)}")
    return []


def _file_source(path: Path) -> Source:
    if path.suffix.lower() == ".parquet":
        return _parquet_source(path)
    from ..data.reading.files import read_rows  # `datasets`: only where its cache is needed
    from ..data.reading.tables import ReadOptions

    stored = read_rows(path, ReadOptions(kept_whole=True))
    return Source(
        name=path.name,
        identity=hash_file(path),
        rows=len(stored.table),
        schema=stored.table.schema,
        read=_slices_of(stored.table),
        unit=stored.unit,
        unreadable=tuple(BadRow(f"{path.name}, {stored.unit} {f.line}", f.reason) for f in stored.faults),
        nested=frozenset(stored.mixed),
    )


def _parquet_source(path: Path) -> Source:
    try:
        file = pq.ParquetFile(path, memory_map=True)
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(f"{path.name} is not a Parquet file that can be read: {error}.") from None
    starts = [0]
    for group in range(file.num_row_groups):
        starts.append(starts[-1] + file.metadata.row_group(group).num_rows)

    def read(first: int, n: int, size: int) -> Iterator[pa.Table]:
        groups = [i for i in range(file.num_row_groups) if starts[i] < first + n and starts[i + 1] > first]
        try:
            batches = file.iter_batches(batch_size=size, row_groups=groups) if groups else iter(())
            yield from _cut(batches, file.schema_arrow, first - (starts[groups[0]] if groups else 0), n, size)
        except (pa.ArrowInvalid, OSError) as error:
            raise UserError(f"{path.name} is a damaged Parquet file: {error}.") from error

    return Source(path.name, _footer_hash(path), starts[-1], file.schema_arrow, read)


def _cut(batches: Iterator[pa.RecordBatch], schema: pa.Schema, skip: int, n: int, size: int) -> Iterator[pa.Table]:
    """Leave out the first `skip` rows of batches and give the next n in tables of `size` rows."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        begin = min(skip, len(batch))
        skip -= begin
        held.append(batch.slice(begin, min(n, len(batch) - begin)))
        n -= len(held[-1])
        while (ready := sum(map(len, held))) >= size or (n == 0 and ready):
            table = pa.Table.from_batches(held, schema=schema)
            yield table.slice(0, size)
            held = table.slice(size).to_batches()
        if n == 0:
            return


def _slices_of(table: pa.Table) -> Callable[[int, int, int], Iterator[pa.Table]]:
    def read(first: int, n: int, size: int) -> Iterator[pa.Table]:
        for start in range(first, first + n, size):
            yield table.slice(start, min(size, first + n - start))

    return read


def _footer_hash(path: Path) -> str:
    """Return a SHA-256 over the size and the footer of a Parquet file: where its pages lie, and their statistics."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(size - _MARK - 4)
        length = int.from_bytes(file.read(4), "little")
        file.seek(size - _MARK - 4 - length)
        return hashlib.sha256(str(size).encode() + file.read(length)).hexdigest()


def _hub_source(name: str, split: str | None, config: str | None, revision: str | None) -> Source:
    from ..data.reading.hub_source import load_from_hub
    from ..data.reading.raw_split import from_dataset

    loaded = load_from_hub(name, config, revision, [])
    if split is None and len(loaded.splits) > 1:
        raise UserError(f"{name} has several splits; choose one with --split: {', '.join(loaded.splits)}.")
    chosen = split or next(iter(loaded.splits))
    if chosen not in loaded.splits:
        raise UserError(f"{name} has no split {chosen!r}; found: {', '.join(loaded.splits)}.")
    dataset = loaded.splits[chosen]
    table = from_dataset(dataset, chosen).table
    identity = f"{loaded.revision or dataset._fingerprint}/{config or ''}/{chosen}"
    return Source(f"{name}/{chosen}", identity, len(table), table.schema, _slices_of(table))


def _check_same_columns(sources: Sequence[Source]) -> None:
    first = sources[0]
    for other in sources[1:]:
        if columns_of(other) != columns_of(first):
            raise UserError(
                f"The columns of {other.name} ({', '.join(columns_of(other))}) differ from those of {first.name} "
                f"({', '.join(columns_of(first))}). Label them apart, or make them alike."
            )
