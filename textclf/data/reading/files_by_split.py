"""Files of one folder sorted into splits by their names: which are parts of one split, and which something else."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ...errors import UserError
from .files import DATA, could_hold_rows, read_rows
from .headers import USUAL
from .joining import by_split_column, from_files, joined_splits
from .other_kinds import in_shell
from .parallel_files import join_labels
from .raw_split import RawSplit
from .side_files import speaks_of_split
from .split_names import split_name
from .split_parts import columns_of, is_nameless, labels_of_test_in, one_format, place_without_split, version_of
from .tables import OWN_COLUMNS, ReadOptions

FILES_NAMED = 5
PART = re.compile(r"\d{5}-of-\d{5}")  # as the Hub numbers the parts of one file
FEWEST_ROWS = 10  # of a split beside which a smaller table of other columns is a list of something


class FilesBySplit:
    """The tables of one folder on their way to splits; `notes` are added to."""

    def __init__(
        self, folders: tuple[Path, Path], options: ReadOptions, skip_bad_rows: bool, notes: list[str]
    ) -> None:
        """Take the folder as the user gave it, and the one below which its files lie, unpacked."""
        self.folder, self.root = folders
        self.options, self.skip, self.notes = options, skip_bad_rows, notes

    def files(self, paths: Sequence[Path], options: ReadOptions | None = None) -> RawSplit:
        """Read files one below the other."""
        names = [path.relative_to(self.root).as_posix() for path in paths]
        return from_files(paths, names, self.skip, options or self.options)

    def _parts(self, paths: Sequence[Path]) -> RawSplit:
        """Read files one below the other, and say so."""
        names = [path.relative_to(self.root).as_posix() for path in paths]
        if len({PART.sub("", name) for name in names}) > 1:
            line = f"{len(names)} files are read one below the other: {', '.join(names[:FILES_NAMED])}"
            line += f" and {len(names) - FILES_NAMED} more." if len(names) > FILES_NAMED else "."
            self.notes.append(line)
        return self.files(paths, self._one_naming(paths))

    def _one_naming(self, paths: Sequence[Path]) -> ReadOptions:
        """Return options by which parts without column names get those of most: a few rows alone may not show them."""
        named = [tuple(columns_of(path, self.options)) for path in paths if is_nameless(path, self.options)]
        if len(named) < len(paths) or len({*map(len, named)}) > 1 or len({*named}) == 1:
            return self.options
        (most, _), *_ = Counter(named).most_common(1)
        return self.options._replace(no_header=True, column_names=most)

    def read(self, paths: Sequence[Path]) -> dict[str, RawSplit]:
        """Sort files into splits by their names; where no name speaks of a split, all of them are training rows."""
        by_split: dict[str, list[Path]] = defaultdict(list)
        for path in paths:
            by_split[speaks_of_split(path, self.root) or ""].append(path)
        nameless = by_split.pop("", [])
        if not by_split:
            return by_split_column(self.files(nameless)) if len(nameless) == 1 else {"train": self._same(nameless)}
        if "train" not in by_split and nameless:
            nameless = self._taken_as_training(nameless, by_split)
        labels_of_test = labels_of_test_in(by_split)
        by_split = self._without_bare_texts(dict(by_split))
        by_split = one_format(by_split, self.folder, self.notes)
        by_split = {split: self._without_lists(files) for split, files in by_split.items()}
        self._check_places(by_split)
        splits = {split: self._parts(files) for split, files in by_split.items() if files}
        splits = self._with_one_header(splits, by_split)
        if labels_of_test and "test" in splits and "train" in splits:
            joined = join_labels(splits["test"], labels_of_test, splits["train"], self.options)
            splits["test"] = joined or joined_splits([splits["test"], self.files([labels_of_test])])
        self._check_nameless(nameless, splits, by_split)
        return splits

    def _taken_as_training(self, nameless: Sequence[Path], by_split: dict[str, list[Path]]) -> list[Path]:
        """Take, where no file is called train, those with the columns of the named ones; return the others."""
        (first, *_) = next(iter(by_split.values()))
        wanted = set(columns_of(first, self.options))
        train: list[Path] = []
        for path in filter(could_hold_rows, nameless):
            with suppress(UserError):  # it is no table at all
                train += [path] if wanted <= set(columns_of(path, self.options)) else []
        if train:
            by_split["train"] = train
            self.notes.append(f"No file is called train; taken as training rows: {_some_names(train)}.")
        return [path for path in nameless if path not in train]

    def _without_bare_texts(self, by_split: dict[str, list[Path]]) -> dict[str, list[Path]]:
        """Leave out files of texts alone where a table of another format lies beside them (titles, more comments)."""
        kinds = {path.suffix.lower() for files in by_split.values() for path in files}
        if not {".txt", ""} & kinds or not kinds & {".csv", ".tsv"}:
            return by_split
        tables = {
            path.parent for files in by_split.values() for path in files if path.suffix.lower() in {".csv", ".tsv"}
        }
        bare = {
            path
            for files in by_split.values()
            for path in files
            if path.suffix.lower() in {".txt", ""}
            and (path.parent not in tables or len(columns_of(path, self.options)) == 1)  # a folder of documents
        }
        if bare:
            self.notes.append(f"Left out, for they hold texts alone: {_some_names(sorted(bare))}.")
        return {split: [path for path in files if path not in bare] for split, files in by_split.items()}

    def _without_lists(self, files: list[Path]) -> list[Path]:
        """Leave out tables of a few rows in other columns than the rows of a split have: its prompts, its topics."""
        if len(files) < 2 or len({frozenset(columns_of(path, self.options)) for path in files}) == 1:
            return files
        kept = [path for path in files if len(read_rows(path, self.options).table) >= FEWEST_ROWS]
        if len(kept) == 1:
            left = _some_names([path for path in files if path not in kept])
            self.notes.append(f"Left out, for a few rows of other columns: {left}.")
            return kept
        return files

    def _same(self, paths: Sequence[Path]) -> RawSplit:
        """Read files that are parts of one table."""
        columns = {path: columns_of(path, self.options) for path in paths}
        kinds = {frozenset(names) for names in columns.values()}
        most = max(kinds, key=lambda kind: sum(frozenset(names) == kind for names in columns.values()))
        same = [path for path in paths if frozenset(columns[path]) == most]
        if len(kinds) == 1:
            return self._parts(same)
        others = [path for path in paths if path not in same]
        if len(same) == len(others) or all(len(path.parts) != len(same[0].parts) for path in same[1:]):
            named = ", ".join(path.relative_to(self.root).as_posix() for path in paths[:10])
            raise UserError(
                f"{self.folder} holds files of different columns ({named}). Say which to read: --train_file."
            )
        self.notes.append(f"Left out, for they have other columns: {', '.join(path.name for path in others)}.")
        return self._parts(same)

    def _with_one_header(
        self, splits: dict[str, RawSplit], by_split: Mapping[str, Sequence[Path]]
    ) -> dict[str, RawSplit]:
        """Read all files of a table without column names as such: a few rows alone may not show it."""
        train = splits.get("train")
        if train is None or not is_nameless(by_split["train"][0], self.options):
            return splits
        options = self.options._replace(no_header=True, column_names=tuple(train.columns))
        for split, paths in by_split.items():
            alike = len(splits[split].columns) == len(train.columns)
            named = any(map(USUAL.fullmatch, splits[split].columns)) and not is_nameless(paths[0], self.options)
            if splits[split].columns != train.columns and alike and split != "train" and not named:
                splits[split] = self.files(paths, options)
        return splits

    def _check_places(self, by_split: Mapping[str, Sequence[Path]]) -> None:
        """Refuse files of one split that are no parts of it: of several data sets, or several versions of one."""
        for files in by_split.values():
            folders = {place_without_split(path.parent, self.root) for path in files}
            if len(folders) > 1:
                one = self.folder / min(folders, key=lambda each: (each == ".", each))
                raise UserError(
                    f"{self.folder} holds several data sets ({', '.join(sorted(folders)[:10])}). "
                    f"Give one of them: --dataset {in_shell(one)}."
                )
            named = [path for path in files if split_name(path.stem)]
            if len({version_of(path) for path in named}) > 1:
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
