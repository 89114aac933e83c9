"""Provenance: where a data set's rows come from and what was done to them, as plain values for `evaluation.json`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

# Beyond this many files their names say nothing; one entry stands for all of them.
MANY_FILES = 20


class FileRecord(NamedTuple):
    """A file that was read: its name (never its path) and the SHA-256 of its bytes."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Origin:
    """What a source knows about itself before any row is looked at."""

    name: str
    config: str | None = None
    revision: str | None = None
    files: tuple[FileRecord, ...] = ()
    licence: str | None = None
    languages: tuple[str, ...] = ()
    source: str | None = None
    known_faults: str | None = None  # in the words of who prepared it
    known_faults_in_korean: str | None = None
    text_fields: tuple[str, ...] = ()  # the publisher's names of what the text columns hold


@dataclass(frozen=True)
class Provenance:
    """Everything needed to say, and to check, which rows a model has seen."""

    origin: Origin
    fingerprint: str
    """SHA-256 over the final columns of all splits: equal rows in equal order, equal fingerprint."""
    sizes: Mapping[str, int]
    how_split: str
    text_columns: Sequence[str]
    label_columns: Sequence[str]
    label_reading: Mapping[str, Any] = field(default_factory=dict)
    """How labels were read (`LabelReader.record`), so that later data is read likewise."""
    removed: Mapping[str, int] = field(default_factory=dict)
    """Reason -> number of rows that left for it."""
    notes: Sequence[str] = ()
    """Lines for the screen: columns found, labels dropped, splits carved."""

    @property
    def name(self) -> str:
        """Return the data set's name."""
        return self.origin.name

    @property
    def config(self) -> str | None:
        """Return the data set's configuration, where it has several."""
        return self.origin.config

    @property
    def revision(self) -> str | None:
        """Return the commit of a Hub data set."""
        return self.origin.revision

    @property
    def files(self) -> tuple[FileRecord, ...]:
        """Return the files that were read."""
        return self.origin.files

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        origin = asdict(self.origin)
        origin["files"] = [record._asdict() for record in self.origin.files]
        origin["languages"] = list(self.origin.languages)
        del origin["text_fields"]  # said by text_columns
        return {
            **origin,
            "fingerprint": self.fingerprint,
            "sizes": dict(self.sizes),
            "how_split": self.how_split,
            "text_columns": list(self.text_columns),
            "label_columns": list(self.label_columns),
            "label_reading": dict(self.label_reading),
            "removed": dict(self.removed),
            "notes": list(self.notes),
        }


def remarks(provenance: Provenance) -> list[str]:
    """Return the lines that a recipe cannot say as keys: which files were meant, by their hashes."""
    lines = [f"{record.name}: sha256 {record.sha256}" for record in provenance.files]
    return [*lines, f"rows of all splits: sha256 {provenance.fingerprint}"]


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record_files(paths: Sequence[Path], root: Path) -> tuple[FileRecord, ...]:
    """Hash files and name them relative to `root`; many files become one entry."""
    records = [FileRecord(path.relative_to(root).as_posix(), hash_file(path)) for path in sorted(paths)]
    if len(records) <= MANY_FILES:
        return tuple(records)
    digest = hashlib.sha256("".join(f"{name}\0{sha256}\n" for name, sha256 in records).encode())
    return (FileRecord(f"{len(records)} files", digest.hexdigest()),)
