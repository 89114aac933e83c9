"""A text a file, what is known of it elsewhere: in a table that names the files, or in a JSON file beside each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ...errors import UserError
from .class_folders import read_text
from .encodings import decode_all
from .files import DATA, read_rows
from .raw_split import RawSplit, Segment, is_string
from .side_files import speaks_of_split
from .tables import OWN_COLUMNS, ReadOptions

LEAST_TEXTS = 10
LEAST_KNOWN = 0.9  # of the texts: fewer, and the table or the JSON files are about something else
TEXT = "text"


def read_keyed(files: Sequence[Path], folder: Path, options: ReadOptions, notes: list[str]) -> dict[str, RawSplit]:
    """Read the texts that a table or JSON files beside them know; nothing where the files are something else.

    Raises:
        UserError: the texts are in no known encoding.
    """
    texts = [path for path in files if path.suffix.lower() == ".txt"]
    if len(texts) < LEAST_TEXTS:
        return {}
    by_split: dict[str, dict[str, Path]] = {}
    for path in texts:
        by_split.setdefault(speaks_of_split(path, folder) or "", {})[path.stem] = path
    if "train" not in by_split:
        by_split = {"train": {path.stem: path for path in texts}}
    known = _in_json(texts) or _in_table([path for path in files if path.suffix.lower() in DATA], texts, options)
    if known is None:
        return {}
    where, rows = known
    encoding, said = (options.encoding, None) if options.encoding else decode_all(texts)
    notes += [said] if said else []
    notes.append(f"Each .txt file is a text; {where} says what is known of it, by the file's name.")
    if by_split.pop("", None):
        notes.append("Texts outside of the folders of train and test are left out.")
    return {split: _split(found, rows, folder, str(encoding)) for split, found in by_split.items()}


def _in_json(texts: Sequence[Path]) -> tuple[str, dict[str, dict[str, Any]]] | None:
    rows = {}
    for path in texts:
        beside = path.with_suffix(".json")
        if not beside.exists():
            continue
        with suppress(ValueError):
            cells = json.loads(beside.read_text(encoding="utf-8-sig"))
            if isinstance(cells, dict) and TEXT not in cells:
                rows[path.stem] = {key: value for key, value in cells.items() if not isinstance(value, dict | list)}
    return ("the .json file beside it", rows) if len(rows) >= LEAST_KNOWN * len(texts) else None


def _in_table(
    tables: Sequence[Path], texts: Sequence[Path], options: ReadOptions
) -> tuple[str, dict[str, dict[str, Any]]] | None:
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
            if named >= LEAST_KNOWN * len({each.stem for each in texts}) and pc.count_distinct(keys).as_py() == len(
                keys
            ):
                rows = table.select([name for name in columns if name != column]).to_pylist()
                stems = [key.removesuffix(".txt") if key else "" for key in keys.to_pylist()]
                return path.name, dict(zip(stems, rows, strict=True))
    return None


def _split(found: Mapping[str, Path], rows: Mapping[str, Mapping[str, Any]], folder: Path, encoding: str) -> RawSplit:
    kept = [(path, rows[stem]) for stem, path in found.items() if stem in rows]
    names = list(dict.fromkeys(name for _, cells in kept for name in cells))
    columns = {name: _column([cells.get(name) for _, cells in kept]) for name in names}
    texts = pa.array([read_text(path, encoding) for path, _ in kept], pa.string())
    segments = tuple(Segment(path.relative_to(folder).as_posix(), 1, "text") for path, _ in kept)
    return RawSplit(pa.table({TEXT: texts, **columns}), {}, segments)


def _column(cells: list[Any]) -> pa.Array:
    kinds = {type(cell) for cell in cells if cell is not None}
    return pa.array(cells) if len(kinds) < 2 else pa.array([None if cell is None else str(cell) for cell in cells])
