"""Folders of data: what `save_to_disk` wrote, a data set repository's clone, or files as their owners keep them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from ...errors import UserError, did_you_mean
from ..provenance import record_files
from .archives import laid_out
from .class_folders import about_the_data, class_files, class_folders, read_documents, with_labels
from .files import DATA, could_hold_rows
from .files_by_split import FilesBySplit
from .intent_files import read_intents
from .keyed_documents import read_json_documents, read_keyed
from .other_kinds import KNOWN, NO_DATA, kind_not_read
from .parallel_files import parallel_files, read_parallel
from .raw_split import RawSplit
from .saved_folders import FolderRows, lists_configs, read_repository, read_saved, visible_files
from .side_files import class_names, is_submission, speaks_of_split
from .tables import ReadOptions


def read_folder(
    folder: Path,
    config: str | None,
    skip_bad_rows: bool,
    options: ReadOptions = ReadOptions(),  # noqa: B008
) -> FolderRows:
    """Read a folder's splits and record its files.

    Raises:
        UserError: there is nothing in it that can be read, several readings are possible, or it has several
            configurations and none is chosen.
    """
    if (folder / "dataset_dict.json").exists() or (folder / "state.json").exists():
        return read_saved(folder)
    if lists_configs(folder / "README.md"):
        return read_repository(folder, config)
    if config is not None:
        inner = folder / config
        if not inner.is_dir():
            here = [path.name for path in folder.iterdir() if path.is_dir()]
            raise UserError(f"{folder} has no configuration {config!r}.{did_you_mean(config, here)}")
        folder = inner
    with ExitStack() as stack:
        return _Folder(folder, options, skip_bad_rows).read(stack)


class _Folder:
    """The files of one folder on their way to splits."""

    def __init__(self, folder: Path, options: ReadOptions, skip_bad_rows: bool) -> None:
        self.folder, self.options, self.skip = folder, options, skip_bad_rows
        self.notes: list[str] = []
        self.names: list[str] = []

    def read(self, stack: ExitStack) -> FolderRows:
        """Try the layouts, those that are told apart by names first."""
        everything = visible_files(self.folder)
        files, self.root = laid_out(everything, self.folder, stack)
        intents = read_intents(files, self._by_split())
        classes = None if intents else class_folders(files, self.root)
        if intents:
            splits = intents
        elif classes is not None:
            splits = read_documents(classes, self.root, self.options, self.notes)
        else:
            splits = read_keyed(files, self.root, self.options, self.notes)
            splits = splits or read_json_documents(files, self.root, self.options, self.notes)
            splits = splits or self._tables([path for path in files if not about_the_data(path)])
        return FolderRows(splits, record_files(everything, self.folder), self.notes, self.names)

    def _tables(self, files: list[Path]) -> dict[str, RawSplit]:
        files = self._without_side_files(files)
        pairs = self._pairs(files)
        if pairs:
            return pairs
        rows = [path for path in files if could_hold_rows(path)]
        labels = None
        if not any(path.suffix.lower() in DATA and speaks_of_split(path, self.root) for path in files):
            odd = [path for path in files if path.suffix.lower() not in NO_DATA]
            labels = class_files(odd, self.root, self.options)
        if labels:
            return self._of_classes(labels)
        if not rows:
            kinds = Counter(path.suffix.lower() or path.name for path in files)
            found = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(3)) or "nothing"
            wanted = f"expected train, validation and test files ({KNOWN})"
            raise UserError(
                f"{self.folder} holds no data files; found {found}: {_of_the_first(files) or wanted + '.'}"
            )
        return self._by_split().read(rows)

    def _by_split(self) -> FilesBySplit:
        return FilesBySplit((self.folder, self.root), self.options, self.skip, self.notes)

    def _without_side_files(self, files: list[Path]) -> list[Path]:
        left = []
        listed: dict[Path, list[str]] = {}
        for path in files:
            names = class_names(path)
            if is_submission(path):
                self.notes.append(f"{path.name} only shows how answers are handed in, and is left out.")
            elif names:
                listed[path] = names
            else:
                left.append(path)
        if not left:  # what looked like lists of names is all there is
            return files
        for path, self.names in list(listed.items())[:1]:
            self.notes.append(f"{path.name} lists {len(self.names)} names, for labels that are numbers.")
        return left

    def _pairs(self, files: Sequence[Path]) -> dict[str, RawSplit]:
        splits: dict[str, RawSplit] = {}
        for texts, labels in parallel_files([path for path in files if path.suffix.lower() not in NO_DATA]):
            pair = read_parallel(texts, labels, self.options)
            if pair is not None:
                splits[speaks_of_split(texts, self.root) or "train"] = pair
        return splits

    def _of_classes(self, labels: Mapping[Path, str]) -> dict[str, RawSplit]:
        by_split: dict[str, list[Path]] = defaultdict(list)
        for path in labels:
            by_split[speaks_of_split(path, self.root) or "train"].append(path)
        self.notes.append(f"Each file is a class: {', '.join(dict.fromkeys(labels.values()))}.")
        tables = self._by_split()
        return {
            split: with_labels(tables.files(paths), [labels[path] for path in paths])
            for split, paths in by_split.items()
        }


def _of_the_first(files: Sequence[Path]) -> str:
    """Return what a file of a kind that is not read would be told by itself: what makes a table of it."""
    for path in files:
        with path.open("rb") as file:
            if said := kind_not_read(path, file.read(64)):
                return said
    return ""
