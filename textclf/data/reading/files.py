"""Files of rows: CSV, TSV, JSON Lines, JSON and Parquet become memory-mapped Arrow tables, kept by content hash."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import datasets
import pyarrow as pa
import pyarrow.parquet as pq

from ...errors import UserError, did_you_mean
from ..provenance import hash_file
from .csv_rows import read_csv, read_tsv
from .json_rows import read_json, read_json_lines
from .tables import Fault, Reading

# Part of the cache key: change it when a reader reads the same bytes differently.
READER_VERSION = "3"
ROWS_PER_BATCH = 10_000


class StoredRows(NamedTuple):
    """A file's rows, memory-mapped, with what its reader had to say."""

    table: pa.Table
    faults: list[Fault]
    """Rows that could not be read; they are not in the table."""
    notes: list[str]
    mixed: dict[str, str]
    """Column -> where its values change type, or are of none that a text or a label could have (JSON only)."""
    unit: str
    """What the numbers of rows count: lines of the file, or its rows."""


def read_parquet(path: Path) -> Reading:
    """Read a Parquet file batch by batch; dictionary columns (pandas categories) and string views are decoded."""
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise UserError(f"{path.name} is not a Parquet file that can be read: {error}.") from None
    fields = [pa.field(each.name, _decoded(each.type)) for each in file.schema_arrow]
    schema = pa.schema(fields, metadata=file.schema_arrow.metadata)

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            for batch in file.iter_batches(batch_size=ROWS_PER_BATCH):
                columns = [column.cast(each.type) for column, each in zip(batch.columns, schema, strict=True)]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)
        except (pa.ArrowInvalid, OSError) as error:
            raise UserError(f"{path.name} is a damaged Parquet file: {error}.") from error

    return Reading(schema, batches(), unit="row")


def _decoded(arrow_type: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(arrow_type):
        return arrow_type.value_type
    return pa.large_string() if pa.types.is_string_view(arrow_type) else arrow_type


READERS: dict[str, Callable[[Path], Reading]] = {
    ".csv": read_csv,
    ".tsv": read_tsv,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".json": read_json,
    ".parquet": read_parquet,
}


def store_folder() -> Path:
    """Return the folder in the `datasets` cache where converted rows are kept."""
    return Path(datasets.config.HF_DATASETS_CACHE) / "textclf"


def read_rows(path: Path) -> StoredRows:
    """Convert a file (or find it converted, by the hash of its bytes) and map its rows into memory.

    Raises:
        UserError: the file is missing, empty, of an unknown kind, not UTF-8, or has no header that can be read.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise UserError(_unknown_kind(path))
    if not path.is_file():
        raise UserError(missing_file(path))
    if path.stat().st_size == 0:
        raise UserError(f"{path.name} is empty; expected a table of texts and labels.")
    entry = store_folder() / "files" / f"{hash_file(path)}-{path.suffix[1:].lower()}-{READER_VERSION}"
    if not (entry / "rows.arrow").exists():
        _convert(reader(path), entry)
    said = json.loads((entry / "reading.json").read_text(encoding="utf-8"))
    table = datasets.table.MemoryMappedTable.from_file(str(entry / "rows.arrow")).table
    return StoredRows(table, [Fault(*fault) for fault in said["faults"]], said["notes"], said["mixed"], said["unit"])


def _convert(reading: Reading, entry: Path) -> None:
    """Write a cache entry whole or not at all; of two processes that write the same one, either may win."""
    unfinished = entry.with_name(f".{os.getpid()}-{entry.name}")
    unfinished.mkdir(parents=True, exist_ok=True)
    try:
        with pa.OSFile(str(unfinished / "rows.arrow"), "wb") as sink, pa.ipc.new_stream(sink, reading.schema) as out:
            for batch in reading.batches:
                out.write_batch(batch)
        said = {"faults": reading.faults, "notes": reading.notes, "mixed": reading.mixed, "unit": reading.unit}
        (unfinished / "reading.json").write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
        try:
            unfinished.rename(entry)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def missing_file(path: Path) -> str:
    """Return the sentence for a file that is not there, with the nearest name beside it."""
    if path.is_dir():
        return f"{path} is a folder, not a file; --dataset reads folders."
    beside = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
    return f"The file {path} does not exist.{did_you_mean(path.name, beside)}"


def _unknown_kind(path: Path) -> str:
    known = ", ".join(sorted({suffix[1:] for suffix in READERS}))
    suffix = path.suffix.lower()
    if suffix in {".xlsx", ".xls", ".ods"}:
        return f"{path.name} is a spreadsheet; save it as 'CSV UTF-8' and give that file."
    if suffix in {".gz", ".zip", ".xz", ".bz2", ".zst"}:
        return f"{path.name} is compressed; unpack it and give the file inside ({known})."
    return f"{path.name} is of no kind that can be read; expected a file that ends in one of {known}."
