"""Folders of data: what `save_to_disk` wrote, a data set repository's clone, or files as their owners keep them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from ...errors import UserError, did_you_mean
from ..provenance import record_files
from .archives import laid_out
from .class_folders import about_the_data, class_files, class_folders, read_documents, with_labels
from .files import DATA, KNOWN, NO_DATA, could_hold_rows, read_rows
from .keyed_documents import read_keyed
from .raw_split import RawSplit, by_split_column, from_files, joined_splits
from .saved_folders import FolderRows, lists_configs, read_repository, read_saved, visible_files
from .side_files import class_names, is_submission, join_labels, parallel_files, read_pair, speaks_of_split
from .split_names import split_name, without_split
from .tables import OWN_COLUMNS, ReadOptions

# The order in which one of several formats of the same rows is taken.
FORMATS = (".parquet", ".arrow", ".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".tab", ".txt", "")

FILES_NAMED = 5


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
        classes = class_folders(files, self.root)
        if classes is not None:
            splits = read_documents(classes, self.root, self.options, self.notes)
        else:
            splits = read_keyed(files, self.root, self.options, self.notes)
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
            raise UserError(f"{self.folder} holds no data files; expected train, validation and test files ({KNOWN}).")
        return self._of_splits(rows)

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
            pair = read_pair(texts, labels, self.options)
            if pair is not None:
                splits[speaks_of_split(texts, self.root) or "train"] = pair
        return splits

    def _of_classes(self, labels: Mapping[Path, str]) -> dict[str, RawSplit]:
        by_split: dict[str, list[Path]] = defaultdict(list)
        for path in labels:
            by_split[speaks_of_split(path, self.root) or "train"].append(path)
        self.notes.append(f"Each file is a class: {', '.join(dict.fromkeys(labels.values()))}.")
        options = self.options
        return {
            split: with_labels(self._files(paths, options), [labels[path] for path in paths])
            for split, paths in by_split.items()
        }

    def _files(self, paths: Sequence[Path], options: ReadOptions | None = None) -> RawSplit:
        names = [path.relative_to(self.root).as_posix() for path in paths]
        return from_files(paths, names, self.skip, options or self.options)

    def _of_splits(self, paths: Sequence[Path]) -> dict[str, RawSplit]:
        """Sort files into splits by their names; where no name speaks of a split, all of them are training rows."""
        by_split: dict[str, list[Path]] = defaultdict(list)
        for path in paths:
            by_split[speaks_of_split(path, self.root) or ""].append(path)
        nameless = by_split.pop("", [])
        if not by_split:
            return by_split_column(self._files(nameless)) if len(nameless) == 1 else {"train": self._same(nameless)}
        labels_of_test = _labels_of_test(by_split)
        by_split = self._without_bare_texts(dict(by_split))
        by_split = _one_format(by_split, self.folder, self.notes)
        self._check_places(by_split)
        splits = {split: self._files(files) for split, files in by_split.items() if files}
        splits = self._with_one_header(splits, by_split)
        if labels_of_test and "test" in splits and "train" in splits:
            joined = join_labels(splits["test"], labels_of_test, splits["train"], self.options)
            splits["test"] = joined or joined_splits([splits["test"], self._files([labels_of_test])])
        self._check_nameless(nameless, splits, by_split)
        return splits

    def _without_bare_texts(self, by_split: dict[str, list[Path]]) -> dict[str, list[Path]]:
        """Leave out files of texts alone where a table of another format lies beside them (titles, more comments)."""
        kinds = {path.suffix.lower() for files in by_split.values() for path in files}
        if not {".txt", ""} & kinds or not kinds & {".csv", ".tsv"}:
            return by_split
        bare = {
            path
            for files in by_split.values()
            for path in files
            if path.suffix.lower() in {".txt", ""} and len(_columns(path, self.options)) == 1
        }
        if bare:
            self.notes.append(f"Left out, for they hold texts alone: {_some_names(sorted(bare))}.")
        return {split: [path for path in files if path not in bare] for split, files in by_split.items()}

    def _same(self, paths: Sequence[Path]) -> RawSplit:
        """Read files that are parts of one table."""
        columns = {path: _columns(path, self.options) for path in paths}
        kinds = {frozenset(names) for names in columns.values()}
        most = max(kinds, key=lambda kind: sum(frozenset(names) == kind for names in columns.values()))
        same = [path for path in paths if frozenset(columns[path]) == most]
        if len(kinds) == 1:
            return self._files(same)
        others = [path for path in paths if path not in same]
        if len(same) == len(others) or all(len(path.parts) != len(same[0].parts) for path in same[1:]):
            named = ", ".join(path.relative_to(self.root).as_posix() for path in paths[:10])
            raise UserError(
                f"{self.folder} holds files of different columns ({named}). Say which to read: --train_file."
            )
        self.notes.append(f"Left out, for they have other columns: {', '.join(path.name for path in others)}.")
        return self._files(same)

    def _with_one_header(
        self, splits: dict[str, RawSplit], by_split: Mapping[str, Sequence[Path]]
    ) -> dict[str, RawSplit]:
        """Read all files of a table without column names as such: a few rows alone may not show it."""
        train = splits.get("train")
        if train is None or not _is_nameless(by_split["train"][0], self.options):
            return splits
        options = self.options._replace(no_header=True, column_names=tuple(train.columns))
        for split, paths in by_split.items():
            alike = len(splits[split].columns) == len(train.columns)
            if splits[split].columns != train.columns and alike and split != "train":
                splits[split] = self._files(paths, options)
        return splits

    def _check_places(self, by_split: Mapping[str, Sequence[Path]]) -> None:
        """Refuse files of one split that are no parts of it: of several data sets, or several versions of one."""
        for files in by_split.values():
            folders = {_unsplit(path.parent, self.root) for path in files}
            if len(folders) > 1:
                raise UserError(
                    f"{self.folder} holds several data sets ({', '.join(sorted(folders)[:10])}). "
                    f"Give one of them: --dataset {self.folder}/{min(folders, key=lambda each: (each == '.', each))}."
                )
            named = [path for path in files if split_name(path.stem)]
            if len({_version(path) for path in named}) > 1:
                raise UserError(
                    f"{self.folder} holds {', '.join(path.name for path in named[:10])}, which could be parts or "
                    "versions of one split. Say which to read: --train_file, --validation_file, --test_file."
                )

    def _check_nameless(
        self, nameless: Sequence[Path], splits: Mapping[str, RawSplit], by_split: Mapping[str, Sequence[Path]]
    ) -> None:
        """Leave out what cannot be rows of the splits; ask about what can."""
        deepest = max(len(path.parts) for files in by_split.values() for path in files)
        left, rows = [], sum(len(split.table) for split in splits.values())
        train = splits.get("train") or next(iter(splits.values()))
        for path in nameless:
            if len(path.parts) > deepest or path.suffix.lower() not in {*DATA, ".txt"}:
                left.append(path.name)
                continue
            try:
                found = read_rows(path, self.options)
            except UserError:
                left.append(path.name)
                continue
            columns = {name for name in found.table.column_names if name not in OWN_COLUMNS}
            whole = len(splits) > 1 and len(found.table) == rows  # all splits once more
            if columns != set(train.columns) or whole:
                left.append(path.name)
                continue
            raise UserError(
                f"{self.folder} holds files named after their splits and others ({path.name}). "
                "Say which is which: --train_file, --validation_file, --test_file."
            )
        if left:
            shown = _some_names([Path(name) for name in left])
            self.notes.append(f"Left out, for neither name nor columns say that they are rows of a split: {shown}.")


def _some_names(paths: Sequence[Path]) -> str:
    more = f" and {len(paths) - FILES_NAMED} more" if len(paths) > FILES_NAMED else ""
    return ", ".join(path.name for path in paths[:FILES_NAMED]) + more


def _columns(path: Path, options: ReadOptions) -> list[str]:
    return [name for name in read_rows(path, options).table.column_names if name not in OWN_COLUMNS]


def _is_nameless(path: Path, options: ReadOptions) -> bool:
    return read_rows(path, options).nameless


def _unsplit(place: Path, root: Path) -> str:
    return "/".join(part for part in place.relative_to(root).parts if not split_name(part)) or "."


def _version(path: Path) -> str:
    """Return what a file's name says beside its split and the number of its part."""
    stem = re.sub(r"-[0-9a-f]{16}$", "", path.stem)  # the Hub ends the names of parts with a hash
    words = [word for word in without_split(stem).split("_") if word not in {"of", "part", "shard", "chunk"}]
    return re.sub(r"\d+(_\d+)*", "#", "_".join(words))


def _labels_of_test(by_split: dict[str, list[Path]]) -> Path | None:
    """Take out the file in which the labels of the test rows stand alone (Kaggle's `test_labels.csv`)."""
    files = by_split.get("test", [])
    found = [path for path in files if re.search(r"(?i)label|answer|gold|solution", path.stem)]
    if len(files) == 2 and len(found) == 1:
        files.remove(found[0])
        return found[0]
    return None


def _one_format(by_split: Mapping[str, list[Path]], folder: Path, notes: list[str]) -> dict[str, list[Path]]:
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
