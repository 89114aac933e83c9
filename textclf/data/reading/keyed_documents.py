"""A document a file, what is known of it in the same JSON file, in one beside it, or in a table that names it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ...errors import UserError
from .class_folders import read_text
from .encodings import TextFile, decode_all
from .files import DATA, read_rows
from .json_columns import JsonRow
from .json_rows import read_objects
from .json_shapes import lists_within
from .nested_rows import flat
from .raw_split import RawSplit, Segment, is_string
from .side_files import speaks_of_split
from .tables import LINE_COLUMN, OWN_COLUMNS, ReadOptions

LEAST_TEXTS = 10
LEAST_KNOWN = 0.9  # of the texts: fewer, and the table or the JSON files are about something else
TEXT = "text"
Known = dict[Path, dict[str, Any]]  # what is known of each text; Any: whatever cells hold


def read_keyed(files: Sequence[Path], folder: Path, options: ReadOptions, notes: list[str]) -> dict[str, RawSplit]:
    """Read the texts that a table or JSON files beside them know; nothing where the files are something else.

    Raises:
        UserError: the texts are in no known encoding.
    """
    texts = [path for path in files if path.suffix.lower() == ".txt"]
    if len(texts) < LEAST_TEXTS:
        return {}
    known = _in_json(texts, files, folder) or _in_table(
        [path for path in files if path.suffix.lower() in DATA], texts, options
    )
    if known is None:
        return {}
    where, rows = known
    encoding, said = (options.encoding, None) if options.encoding else decode_all(texts)
    notes += [said] if said else []
    notes.append(f"Each .txt file is a text; {where} says what is known of it, by the file's name.")
    by_split: dict[str, list[Path]] = {}
    for path in texts:
        by_split.setdefault(speaks_of_split(path, folder) or "", []).append(path)
    if "train" not in by_split:
        by_split = {"train": texts}
    if by_split.pop("", None):
        notes.append("Texts outside of the folders of train and test are left out.")
    return {split: _split(found, rows, folder, str(encoding)) for split, found in by_split.items()}


def read_json_documents(
    files: Sequence[Path], folder: Path, options: ReadOptions, notes: list[str]
) -> dict[str, RawSplit]:
    """Read JSON files of which each is one row; nothing where they are something else."""
    found = [path for path in files if path.suffix.lower() == ".json"]
    if len(found) < LEAST_TEXTS or any(path.suffix.lower() in DATA for path in files if path not in found):
        return {}
    rows = [_object(path) for path in found[:3]]
    rows = [_object(path) for path in found] if all(rows) else []
    documents = [(path, row) for path, row in zip(found, rows, strict=False) if row]
    if not documents or len(documents) < LEAST_KNOWN * len(found):
        return {}
    common = set(documents[0][1]).intersection(*(row for _, row in documents[1:]))
    if len(common) < 2:
        return {}
    notes.append("Each .json file is a row.")
    by_split: dict[str, list[tuple[Path, dict[str, Any]]]] = {}
    for path, row in documents:
        by_split.setdefault(speaks_of_split(path, folder) or "train", []).append((path, row))
    return {split: _of_objects(each, folder, options) for split, each in by_split.items()}


def _object(path: Path) -> dict[str, Any] | None:
    """Return the object that a JSON file is, or None where it is none, or holds several rows."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError:
        return None
    return content if isinstance(content, dict) and not lists_within(content) else None


def _of_objects(documents: Sequence[tuple[Path, dict[str, Any]]], folder: Path, options: ReadOptions) -> RawSplit:
    rows = [JsonRow(number, row) for number, (_, row) in enumerate(documents, start=1)]
    reading = read_objects(TextFile(folder, "utf-8"), lambda: iter(rows), options, ([], "row", []))
    table = pa.Table.from_batches(list(reading.batches), schema=reading.schema).drop_columns([LINE_COLUMN])
    segments = tuple(Segment(path.relative_to(folder).as_posix(), 1, "document") for path, _ in documents)
    return RawSplit(table, {}, segments, reading.mixed, 0, tuple(reading.notes))


def _in_json(texts: Sequence[Path], files: Sequence[Path], folder: Path) -> tuple[str, Known] | None:
    """Find the JSON file of each text: beside it, or under its name in a folder of the same split."""
    by_name: dict[tuple[str | None, str], list[Path]] = {}
    for path in files:
        if path.suffix.lower() == ".json":
            by_name.setdefault((speaks_of_split(path, folder), path.stem), []).append(path)
    rows: Known = {}
    for path in texts:
        beside = path.with_suffix(".json")
        found = [beside] if beside.exists() else by_name.get((speaks_of_split(path, folder), path.stem), [])
        if len(found) != 1:
            continue
        with suppress(ValueError):
            cells = json.loads(found[0].read_text(encoding="utf-8-sig"))
            if isinstance(cells, dict) and TEXT not in cells:
                rows[path] = {key: value for key, value in flat(cells).items() if not isinstance(value, list)}
    return ("the .json file of each", rows) if len(rows) >= LEAST_KNOWN * len(texts) else None


def _in_table(tables: Sequence[Path], texts: Sequence[Path], options: ReadOptions) -> tuple[str, Known] | None:
    by_stem = {path.stem: path for path in texts}
    if len(by_stem) < len(texts):
        return None  # one name in several folders: which is meant?
    names = pa.array(sorted({name for path in texts for name in (path.stem, path.name)}))
    for path in tables:
        try:
            table = read_rows(path, options).table
        except UserError:
            continue
        columns = [name for name in table.column_names if name not in OWN_COLUMNS]
        for column in columns if TEXT not in columns else ():
            kind = table[column].type
            if not (is_string(kind) or pa.types.is_integer(kind)):
                continue
            keys = table[column].cast(pa.string())
            named = pc.sum(pc.is_in(keys, names)).as_py() or 0
            if named >= LEAST_KNOWN * len(texts) and pc.count_distinct(keys).as_py() == len(keys):
                rows = table.select([name for name in columns if name != column]).to_pylist()
                stems = [key.removesuffix(".txt") if key else "" for key in keys.to_pylist()]
                return path.name, {
                    by_stem[stem]: row for stem, row in zip(stems, rows, strict=True) if stem in by_stem
                }
    return None


def _split(found: Sequence[Path], rows: Known, folder: Path, encoding: str) -> RawSplit:
    kept = [(path, rows[path]) for path in found if path in rows]
    names = list(dict.fromkeys(name for _, cells in kept for name in cells))
    columns = {name: _column([cells.get(name) for _, cells in kept]) for name in names}
    texts = pa.array([read_text(path, encoding) for path, _ in kept], pa.string())
    segments = tuple(Segment(path.relative_to(folder).as_posix(), 1, "text") for path, _ in kept)
    return RawSplit(pa.table({TEXT: texts, **columns}), {}, segments)


def _column(cells: list[Any]) -> pa.Array:
    kinds = {type(cell) for cell in cells if cell is not None}
    return pa.array(cells) if len(kinds) < 2 else pa.array([None if cell is None else str(cell) for cell in cells])
