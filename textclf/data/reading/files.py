"""Files of rows, whatever they are called: known by their content, read once, kept as Arrow by the content's hash."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from huggingface_hub.constants import HF_HOME

from ...errors import UserError, did_you_mean
from ..provenance import hash_file
from .archives import is_archive
from .csv_rows import read_table
from .encodings import TextFile, text_file
from .json_rows import read_json, read_json_lines
from .line_rows import labelled_lines, plain_lines
from .other_tasks import refuse_other_tasks
from .sheets import is_sheet, read_sheet
from .tables import ROWS_PER_BATCH, Fault, Reading, ReadOptions

# Part of the cache key: change it when a reader reads the same bytes differently.
READER_VERSION = "7"
TABLES = {".csv", ".tsv", ".tab", ".psv"}
DATA = {*TABLES, ".jsonl", ".ndjson", ".json", ".parquet", ".arrow", ".feather", ".xlsx", ".xls", ".ods", ".xlsb"}
TEXTS = {"", ".txt", ".data", ".dat", ".train", ".test", ".dev", ".all", ".lst", ".ft", ".label"}
# fmt: off
NO_DATA = {
    ".md", ".rst", ".html", ".htm", ".py", ".ipynb", ".r", ".sh", ".js", ".css", ".yaml", ".yml", ".toml", ".cfg",
    ".ini", ".log", ".pdf", ".doc", ".docx", ".ppt", ".pptx", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".exe", ".bin",
    ".pt", ".pth", ".safetensors", ".npy", ".npz", ".pkl", ".pickle", ".joblib", ".h5", ".db", ".sqlite", ".sql",
    ".tex", ".bib", ".lock", ".feat", ".vocab", ".vec", ".mat", ".rds", ".rdata", ".sav", ".dta", ".license", ".pyc",
}
# fmt: on
KNOWN = "csv, tsv, txt, jsonl, json, parquet, arrow, xlsx, or one of these as gz, zip or zst"
CONVERT = {
    ".xml": "`python -c \"import pandas; pandas.read_xml('{name}').to_csv('{stem}.csv', index=False)\"`",
    ".pkl": "write it as CSV or Parquet where it was made (a pickle can run code, so it is not opened here)",
    ".sqlite": "`sqlite3 -header -csv '{name}' 'select * from TABLE' > '{stem}.csv'`",
}
# A file of a chat bot's intents (Rasa) is the YAML that holds texts with labels.
INTENTS = (
    "If it lists a chat bot's intents: `python -c \"import csv, sys, yaml; w = csv.writer(sys.stdout); "
    "w.writerow(['text', 'label']); [w.writerow([t[2:], i['intent']]) for i in yaml.safe_load(open('{name}'))['nlu'] "
    "if 'intent' in i for t in i['examples'].splitlines()]\" > {stem}.csv`."
)
CONVERT |= {".pickle": CONVERT[".pkl"], ".joblib": CONVERT[".pkl"], ".db": CONVERT[".sqlite"]}


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
    nameless: bool
    """Whether the file names no columns, so that their names were made."""


def store_folder() -> Path:
    """Return the folder in the cache of `datasets` where converted rows are kept, without loading that library."""
    return Path(os.environ.get("HF_DATASETS_CACHE") or Path(HF_HOME, "datasets")) / "textclf"


def read_rows(path: Path, options: ReadOptions = ReadOptions()) -> StoredRows:  # noqa: B008 - immutable
    """Convert a file (or find it converted, by the hash of its bytes) and map its rows into memory.

    Raises:
        UserError: the file is missing, empty, of an unknown kind, in an unknown encoding, or no table.
    """
    if not path.is_file():
        raise UserError(missing_file(path))
    if path.stat().st_size == 0:
        raise UserError(f"{path.name} is empty; expected a table of texts and labels.")
    how = hashlib.sha256(repr((path.name, options, READER_VERSION)).encode()).hexdigest()[:12]
    entry = store_folder() / "files" / f"{hash_file(path)}-{how}"
    if not (entry / "rows.arrow").exists():
        _convert(_reading(path, options), entry)
    said = json.loads((entry / "reading.json").read_text(encoding="utf-8"))
    said["faults"] = [Fault(*fault) for fault in said["faults"]]
    return StoredRows(pa.ipc.open_stream(pa.memory_map(str(entry / "rows.arrow"))).read_all(), **said)


def could_hold_rows(path: Path) -> bool:
    """Say whether a file in a folder is data by its name."""
    return path.suffix.lower() in DATA | TEXTS or (path.suffix.lower() not in NO_DATA and path.suffix[1:].isdigit())


def _reading(path: Path, options: ReadOptions) -> Reading:
    """Choose a reader by what the file holds; its name decides where that says nothing."""
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith(b"PAR1") or suffix == ".parquet":
        return _read_parquet(path)
    if head.startswith(b"ARROW1") or suffix in {".arrow", ".feather"}:
        return _read_arrow(path)
    if is_sheet(path, head):
        return read_sheet(path, options)
    if suffix in CONVERT or head.startswith((b"SQLite format 3", b"<?xml")):
        raise UserError(_not_read(path, head))
    if suffix in NO_DATA or is_archive(path):
        intents = " " + INTENTS.format(name=path.name, stem=path.stem) if suffix in {".yml", ".yaml"} else ""
        raise UserError(f"{path.name} is of no kind that can be read; expected {KNOWN}.{intents}")
    text = text_file(path, options.encoding)
    reading = _read_text(text, suffix, options)
    reading.notes = [*([text.note] if text.note else []), *reading.notes]
    return reading


def _read_text(file: TextFile, suffix: str, options: ReadOptions) -> Reading:
    if options.lines:
        return plain_lines(file, options)
    if suffix in {".jsonl", ".ndjson"}:
        return read_json_lines(file, options)
    if suffix == ".json":
        return read_json(file, options)
    first = _first_character(file)
    if suffix not in TABLES and first in "[{" and first:
        try:
            return read_json(file, options)
        except UserError:
            pass  # prose that begins with a bracket
    if suffix not in TABLES and first == "<":
        raise UserError(_not_read(file.path, b"<?xml"))
    refuse_other_tasks(file)
    reading = None if suffix in TABLES else labelled_lines(file)
    reading = reading or read_table(file, options, named_table=suffix in TABLES)
    return reading or plain_lines(file, options)


def _first_character(file: TextFile) -> str:
    with file.open() as opened:
        return opened.read(1 << 12).lstrip()[:1]


def _read_parquet(path: Path) -> Reading:
    """Read a Parquet file batch by batch; dictionary columns (pandas categories) and string views are decoded."""
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise UserError(f"{path.name} is not a Parquet file that can be read: {error}.") from None
    return _of_arrow(path, file.schema_arrow, file.iter_batches(batch_size=ROWS_PER_BATCH), "Parquet")


def _read_arrow(path: Path) -> Reading:
    """Read an Arrow file, in either of its two forms (Feather is one of them)."""
    source = pa.memory_map(str(path))
    try:
        file = pa.ipc.open_file(source)
        return _of_arrow(path, file.schema, (file.get_batch(i) for i in range(file.num_record_batches)), "Arrow")
    except pa.ArrowInvalid:
        source.seek(0)
    try:
        stream = pa.ipc.open_stream(source)
    except pa.ArrowInvalid as error:
        raise UserError(f"{path.name} is not an Arrow file that can be read: {error}.") from None
    return _of_arrow(path, stream.schema, iter(stream), "Arrow")


def _of_arrow(path: Path, found: pa.Schema, source: Iterator[pa.RecordBatch], kind: str) -> Reading:
    schema = pa.schema([pa.field(each.name, _decoded(each.type)) for each in found], metadata=found.metadata)

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            for batch in source:
                columns = [column.cast(each.type) for column, each in zip(batch.columns, schema, strict=True)]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)
        except (pa.ArrowInvalid, OSError) as error:
            raise UserError(f"{path.name} is a damaged {kind} file: {error}.") from error

    return Reading(schema, batches(), unit="row")


def _decoded(arrow_type: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(arrow_type):
        return arrow_type.value_type
    return pa.large_string() if pa.types.is_string_view(arrow_type) else arrow_type


def _convert(reading: Reading, entry: Path) -> None:
    """Write a cache entry whole or not at all; of two processes that write the same one, either may win."""
    unfinished = entry.with_name(f".{secrets.token_hex(4)}-{entry.name}")
    unfinished.mkdir(parents=True, exist_ok=True)
    try:
        with pa.OSFile(str(unfinished / "rows.arrow"), "wb") as sink, pa.ipc.new_stream(sink, reading.schema) as out:
            for batch in reading.batches:
                out.write_batch(batch)
        said = {name: getattr(reading, name) for name in ("faults", "notes", "mixed", "unit", "nameless")}
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


def _not_read(path: Path, head: bytes) -> str:
    kind = ".sqlite" if head.startswith(b"SQLite") else path.suffix.lower()
    kind = kind if kind in CONVERT else ".xml"
    how = CONVERT[kind].format(name=path.name, stem=path.stem)
    named = {".xml": "XML"}.get(kind, f"a {kind[1:]} file")
    return f"{path.name} is {named}, which is not read; expected {KNOWN}. Convert it: {how}."
