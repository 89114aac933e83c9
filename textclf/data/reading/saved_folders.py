"""Folders that libraries wrote: by `save_to_disk`, or as a data set repository whose README lists configurations."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ...errors import UserError, did_you_mean
from ..provenance import FileRecord, record_files
from .files import store_folder
from .raw_split import RawSplit, from_dataset

if TYPE_CHECKING:
    pass  # loaded only where a folder is written by it


class FolderRows(NamedTuple):
    """A folder's splits, under the names they have there, and what is known beside them."""

    splits: dict[str, RawSplit]
    files: tuple[FileRecord, ...]
    notes: list[str]
    class_names: list[str]
    """Names that a file beside the rows gives to integer labels, as `--class_names` takes them."""


def visible_files(folder: Path) -> list[Path]:
    """Return a folder's files, however deep, without hidden ones (`.git`, `.cache`, `_old`), in a stable order.

    Runs and studies that were written beneath it are no data either.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    shown = [p for p in paths if not any(part.startswith((".", "_")) for part in p.relative_to(folder).parts)]
    ours = {path.parents[1] for path in shown if path.as_posix().endswith("/checkpoints/plan.json")}
    ours |= {
        path.parent for path in shown if path.name == "study.json" and any(path.parent in run.parents for run in ours)
    }
    return [path for path in shown if not (ours - {folder}).intersection(path.parents)]


def read_saved(folder: Path) -> FolderRows:
    """Read what `save_to_disk` wrote."""
    import datasets

    try:
        saved = datasets.load_from_disk(str(folder))
    except (OSError, ValueError, KeyError) as error:  # parts are missing or damaged
        raise UserError(f"{folder} looks as if save_to_disk had written it, but cannot be read: {error}") from error
    splits = saved if isinstance(saved, datasets.DatasetDict) else {"train": saved}
    files = record_files([path for path in folder.rglob("*") if path.is_file()], folder)
    return FolderRows({name: from_dataset(split, name) for name, split in splits.items()}, files, [], [])


def lists_configs(card: Path) -> bool:
    """Say whether a README begins with metadata that name configurations; most begin with a title."""
    if not card.is_file():
        return False
    content = card.read_text(encoding="utf-8-sig", errors="replace")
    if not content.startswith("---"):
        return False
    import yaml
    from huggingface_hub import DatasetCard

    try:
        return bool(DatasetCard(content, ignore_metadata_errors=True).data.to_dict().get("configs"))
    except (yaml.YAMLError, ValueError, TypeError) as error:
        found = " ".join(str(error).split())
        raise UserError(f"{card}: expected YAML between the two lines of ---; found: {found}.") from error


def read_repository(folder: Path, config: str | None) -> FolderRows:
    """Read a folder whose README lists its configurations, as `load_dataset` understands it."""
    import datasets

    try:
        splits, files = _load_repository(folder, config)
    except datasets.exceptions.DatasetsError as error:  # generation errors hide what happened in their cause
        raise UserError(f"{folder} is not as its README.md says: {error.__cause__ or error}") from error
    return FolderRows(splits, files, [], [])


def _load_repository(folder: Path, config: str | None) -> tuple[dict[str, RawSplit], tuple[FileRecord, ...]]:
    import datasets

    from .repository_names import read_by_own_names

    known = datasets.get_dataset_config_names(str(folder))
    if config is not None and config not in known:
        raise UserError(
            f"{folder} has no configuration {config!r}; known: {', '.join(known)}.{did_you_mean(config, known)}"
        )
    if config is None and len(known) > 1 and datasets.get_dataset_default_config_name(str(folder)) is None:
        raise UserError(f"{folder} has several configurations; choose one with --dataset_config: {', '.join(known)}.")
    files = record_files(visible_files(folder), folder)
    # Here `load_dataset` looks neither at the files' content nor at their age: a cache of their own for each content.
    content = hashlib.sha256(repr(files).encode()).hexdigest()
    cache = str(store_folder() / "repositories" / content)
    splits = datasets.load_dataset(str(folder), config, cache_dir=cache, verification_mode="no_checks")
    builder = datasets.load_dataset_builder(str(folder), config, cache_dir=cache)
    own = read_by_own_names(builder, splits)
    return own or {name: from_dataset(split, name) for name, split in splits.items()}, files
