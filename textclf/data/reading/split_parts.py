"""What the names and columns of files say of them as parts of a split: other versions, other formats, its labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from ...errors import UserError
from .files import read_rows
from .split_names import split_name, without_split
from .tables import OWN_COLUMNS, ReadOptions

# The order in which one of several formats of the same rows is taken.
FORMATS = (".parquet", ".arrow", ".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".tab", ".txt", "")


def columns_of(path: Path, options: ReadOptions) -> list[str]:
    """Return the names of a file's columns."""
    return [name for name in read_rows(path, options).table.column_names if name not in OWN_COLUMNS]


def is_nameless(path: Path, options: ReadOptions) -> bool:
    """Say whether the names of a file's columns were made."""
    return read_rows(path, options).nameless


def place_without_split(place: Path, root: Path) -> str:
    """Return a folder's path below the root without the folders that name a split."""
    return "/".join(part for part in place.relative_to(root).parts if not split_name(part)) or "."


def version_of(path: Path) -> str:
    """Return what a file's name says beside its split and the number of its part."""
    stem = re.sub(r"-[0-9a-f]{16}$", "", path.stem)  # the Hub ends the names of parts with a hash
    words = [word for word in without_split(stem).split("_") if word not in {"of", "part", "shard", "chunk"}]
    # train_v1 and train_v2 are no parts of one split, nor are train.1k and train.50k
    version = re.search(r"(?i)(?<![a-z])v\d+([._]\d+)*|(?<![a-z\d])\d+(k|m|pct|percent|shot)(?![a-z])", stem)
    return (version[0] if version else "") + re.sub(r"\d+(_\d+)*", "#", "_".join(words))


def labels_of_test_in(by_split: dict[str, list[Path]]) -> Path | None:
    """Take out the file in which the labels of the test rows stand alone (Kaggle's `test_labels.csv`)."""
    files = by_split.get("test", [])
    found = [path for path in files if re.search(r"(?i)label|answer|gold|solution", path.stem)]
    if len(files) == 2 and len(found) == 1:
        files.remove(found[0])
        return found[0]
    return None


def one_format(by_split: Mapping[str, list[Path]], folder: Path, notes: list[str]) -> dict[str, list[Path]]:
    """Take one of several formats in which the same rows lie there.

    Raises:
        UserError: they are not in all of them, so that they could be other rows.
    """
    kinds = {suffix: [p for files in by_split.values() for p in files if p.suffix.lower() == suffix] for suffix in
             {path.suffix.lower() for files in by_split.values() for path in files}}  # fmt: skip
    if all(len({path.suffix.lower() for path in files}) == 1 for files in by_split.values()):
        return dict(by_split)
    stems = {suffix: sorted(path.with_suffix("").as_posix() for path in files) for suffix, files in kinds.items()}
    chosen = min(kinds, key=lambda suffix: FORMATS.index(suffix) if suffix in FORMATS else len(FORMATS))
    if all(each == stems[chosen] for each in stems.values()) and _equally_long(kinds, chosen):
        others = ", ".join(sorted(kinds.keys() - {chosen}))
        notes.append(f"The same rows lie there as {others}; {chosen} is read.")
        return {split: [path for path in files if path.suffix.lower() == chosen] for split, files in by_split.items()}
    (files, *_) = [files for files in by_split.values() if len({path.suffix.lower() for path in files}) > 1]
    different = {path.suffix.lower(): path.name for path in files}
    raise UserError(
        f"{folder} holds one split in several formats ({', '.join(different.values())}). "
        "Say which to read: --train_file, --validation_file, --test_file."
    )


def _equally_long(kinds: Mapping[str, Iterable[Path]], chosen: str) -> bool:
    rows = {suffix: sum(len(read_rows(path).table) for path in paths) for suffix, paths in kinds.items()}
    return all(count == rows[chosen] for count in rows.values())
