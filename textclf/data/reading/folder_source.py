"""Folders of data: files named after their splits, a data set repository's clone, or what `save_to_disk` wrote."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

import datasets
import yaml
from huggingface_hub import DatasetCard

from ...errors import UserError, did_you_mean
from ..provenance import FileRecord, record_files
from .files import READERS, store_folder
from .raw_split import RawSplit, from_dataset, from_files

# What other people call the three splits.
SPLIT_NAMES = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev", "eval"),
    "test": ("test", "testing"),
}


def read_folder(
    folder: Path, config: str | None, skip_bad_rows: bool
) -> tuple[dict[str, RawSplit], tuple[FileRecord, ...]]:
    """Read a folder's splits, under the names they have there, and record its files.

    Raises:
        UserError: there is nothing in it that can be read, or it has several configurations and none is chosen.
    """
    if (folder / "dataset_dict.json").exists() or (folder / "state.json").exists():
        return _read_saved(folder)
    if _lists_configs(folder / "README.md"):
        return _read_repository(folder, config)
    if config is not None:
        inner = folder / config
        if not inner.is_dir():
            here = [path.name for path in folder.iterdir() if path.is_dir()]
            raise UserError(f"{folder} has no configuration {config!r}.{did_you_mean(config, here)}")
        folder = inner
    paths = [path for path in _visible_files(folder) if path.suffix.lower() in READERS]
    if not paths:
        kinds = ", ".join(suffix[1:] for suffix in READERS)
        raise UserError(f"{folder} holds no data files; expected train, validation and test files ({kinds}).")
    splits = {}
    for name, files_of_split in _by_split(paths, folder).items():
        names = [path.relative_to(folder).as_posix() for path in files_of_split]
        splits[name] = from_files(files_of_split, names, skip_bad_rows)
    return splits, record_files(paths, folder)


def split_name(words: str) -> str | None:
    """Return the split that a file's or a split's name speaks of (`data/dev-00000-of-00001` is validation)."""
    found = set(re.split(r"[^a-z]+", words.lower()))
    for split, names in SPLIT_NAMES.items():
        if found & set(names):
            return split
    return None


def _visible_files(folder: Path) -> list[Path]:
    """Return a folder's files, however deep, without hidden ones (`.git`, `.cache`, `_old`), in a stable order."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return [p for p in paths if not any(part.startswith((".", "_")) for part in p.relative_to(folder).parts)]


def _by_split(paths: Iterable[Path], folder: Path) -> dict[str, list[Path]]:
    """Sort files into splits by their names; where no name speaks of a split, all of them are training rows."""
    by_split: dict[str, list[Path]] = {}
    for path in paths:
        name = split_name(path.relative_to(folder).with_suffix("").as_posix())
        by_split.setdefault(name or "", []).append(path)
    nameless = by_split.pop("", [])
    if nameless and by_split:
        names = ", ".join(path.name for path in nameless)
        raise UserError(
            f"{folder} holds files named after their splits and others ({names}). "
            "Say which is which: --train_file, --validation_file, --test_file."
        )
    by_split = by_split or {"train": nameless}
    for files in by_split.values():
        different = {path.suffix.lower(): path.name for path in files}
        if len(different) > 1:  # the same rows in two formats, most likely: they would be read twice
            raise UserError(
                f"{folder} holds one split in several formats ({', '.join(different.values())}). "
                "Say which to read: --train_file, --validation_file, --test_file."
            )
    return by_split


def _read_saved(folder: Path) -> tuple[dict[str, RawSplit], tuple[FileRecord, ...]]:
    try:
        saved = datasets.load_from_disk(str(folder))
    except (OSError, ValueError, KeyError) as error:  # parts are missing or damaged
        raise UserError(f"{folder} looks as if save_to_disk had written it, but cannot be read: {error}") from error
    splits = saved if isinstance(saved, datasets.DatasetDict) else {"train": saved}
    files = record_files([path for path in folder.rglob("*") if path.is_file()], folder)
    return {name: from_dataset(split, name) for name, split in splits.items()}, files


def _lists_configs(card: Path) -> bool:
    """Say whether a README begins with metadata that name configurations; most begin with a title."""
    if not card.is_file():
        return False
    content = card.read_text(encoding="utf-8-sig", errors="replace")
    if not content.startswith("---"):
        return False
    try:
        return bool(DatasetCard(content, ignore_metadata_errors=True).data.to_dict().get("configs"))
    except (yaml.YAMLError, ValueError, TypeError) as error:
        found = " ".join(str(error).split())
        raise UserError(f"{card}: expected YAML between the two lines of ---; found: {found}.") from error


def _read_repository(folder: Path, config: str | None) -> tuple[dict[str, RawSplit], tuple[FileRecord, ...]]:
    """Read a folder whose README lists its configurations, as `load_dataset` understands it."""
    try:
        splits, files = _load_repository(folder, config)
    except datasets.exceptions.DatasetsError as error:  # generation errors hide what happened in their cause
        raise UserError(f"{folder} is not as its README.md says: {error.__cause__ or error}") from error
    return {name: from_dataset(split, name) for name, split in splits.items()}, files


def _load_repository(folder: Path, config: str | None) -> tuple[datasets.DatasetDict, tuple[FileRecord, ...]]:
    known = datasets.get_dataset_config_names(str(folder))
    if config is not None and config not in known:
        raise UserError(
            f"{folder} has no configuration {config!r}; known: {', '.join(known)}.{did_you_mean(config, known)}"
        )
    if config is None and len(known) > 1 and datasets.get_dataset_default_config_name(str(folder)) is None:
        raise UserError(f"{folder} has several configurations; choose one with --dataset_config: {', '.join(known)}.")
    files = record_files(_visible_files(folder), folder)
    # Here `load_dataset` looks neither at the files' content nor at their age: a cache of their own for each content.
    content = hashlib.sha256(repr(files).encode()).hexdigest()
    splits = datasets.load_dataset(
        str(folder),
        config,
        cache_dir=str(store_folder() / "repositories" / content),
        verification_mode="no_checks",
    )
    return splits, files
