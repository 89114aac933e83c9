"""Files of rows, whatever they are called: known by their content, read once, kept as Arrow by the content's hash."""

from __future__ import annotations

import errno
import functools
import hashlib
import json
import os
import re
import secrets
import shutil
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from huggingface_hub.constants import HF_HOME

from ...errors import UserError, did_you_mean
from ..provenance import hash_file
from .columnar import read_arrow, read_orc, read_parquet
from .csv_rows import read_table
from .encodings import TextFile, text_file
from .json_rows import read_json, read_json_lines
from .line_rows import labelled_lines, plain_lines
from .other_kinds import NO_DATA, kind_not_read, refusal
from .other_tasks import refuse_other_tasks
from .ruled_tables import ruled_table
from .sheets import is_sheet, read_sheet
from .tables import Fault, Reading, ReadOptions

TABLES = {".csv", ".tsv", ".tab", ".psv"}
SHEETS = {".xlsx", ".xls", ".xlsb", ".ods"}
DATA = {*TABLES, *SHEETS, ".jsonl", ".ndjson", ".json", ".parquet", ".arrow", ".feather", ".orc"}
TEXTS = {"", ".txt", ".data", ".dat", ".train", ".test", ".dev", ".all", ".lst", ".ft", ".label"}


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


@functools.cache
def readers_digest(room: Path = Path(__file__).parent) -> str:
    """Return the SHA-256 of a room's code, so that a mended reader reads again what an older one has converted."""
    modules = sorted(room.glob("*.py"))
    return hashlib.sha256(repr([(module.name, hash_file(module)) for module in modules]).encode()).hexdigest()


def read_rows(path: Path, options: ReadOptions = ReadOptions()) -> StoredRows:  # noqa: B008 - immutable
    """Convert a file (or find it converted, by the hash of its bytes) and map its rows into memory.

    Raises:
        UserError: the file is missing, empty, of an unknown kind, in an unknown encoding, or no table.
    """
    if not path.is_file():
        raise UserError(missing_file(path))
    if path.stat().st_size == 0:
        raise UserError(f"{path.name} is empty; expected a table of texts and labels.")
    how = hashlib.sha256(repr((path.name, options, readers_digest())).encode()).hexdigest()[:12]
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
        head = file.read(64)
    if head.startswith(b"PAR1") or suffix == ".parquet":
        return read_parquet(path, options.kept_whole)
    if head.startswith(b"ARROW1") or suffix in {".arrow", ".feather"}:
        return read_arrow(path, options.kept_whole)
    if suffix == ".orc" or (head.startswith(b"ORC") and b"\0" in head):
        return read_orc(path, options.kept_whole)
    if is_sheet(path, head):
        return read_sheet(path, options)
    refused = kind_not_read(path, head)
    if refused:
        raise UserError(refused)
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
    with file.open() as opened:
        head = opened.read(1 << 12).lstrip()
    if suffix not in TABLES and head[:1] in {"[", "{"}:
        try:
            return read_json(file, options)
        except UserError:
            pass  # prose that begins with a bracket
    element = re.match(r"<(\w+)[^<>]*>", head)
    if suffix not in TABLES and element and _ends_with(file, f"</{element[1]}>"):
        raise UserError(refusal(file.path, "XML"))
    ruled = ruled_table(file)
    if ruled is not None:
        return ruled
    if suffix in {".md", ".markdown"}:
        raise UserError(refusal(file.path, "Markdown"))
    refuse_other_tasks(file)
    reading = None if suffix in TABLES else labelled_lines(file)
    reading = reading or read_table(file, options, named_table=suffix in TABLES)
    return reading or plain_lines(file, options)


def _ends_with(file: TextFile, words: str) -> bool:
    with file.path.open("rb") as opened:
        opened.seek(max(0, file.path.stat().st_size - 1000))
        return opened.read().decode(file.encoding, "replace").rstrip().endswith(words)


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
