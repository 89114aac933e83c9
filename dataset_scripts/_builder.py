"""The `datasets` builder behind every data set here: columns, splits, label checks; what differs stands in each file.

A subclass says where the raw files of each split are (`raw_files`, and `downloaded` where they can be fetched) and
turns them into rows (`rows`). Every row has `id`, `text` and `labels` (a name, or a list of names).
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import datasets

from textclf.errors import did_you_mean

from ._metadata import DatasetMetadata
from ._raw_files import MissingDataError, RawDataError

# A row's cells are strings, its labels a string or a list of strings.
Row = dict[str, Any]
SplitFiles = Mapping[str, Sequence[Path]]


@dataclass
class TextConfig(datasets.BuilderConfig):
    """One way to label the rows: the names in label order, and whether a row may carry several."""

    label_names: tuple[str, ...] = ()
    multi_label: bool = False


class TextBuilder(datasets.GeneratorBasedBuilder):
    """Labelled texts from a publisher's raw files."""

    VERSION = datasets.Version("1.0.0")
    BUILDER_CONFIG_CLASS = TextConfig
    METADATA: ClassVar[DatasetMetadata]
    EXTRA_COLUMNS: ClassVar[tuple[str, ...]] = ()
    URLS: ClassVar[Mapping[str, str]] = {}
    BUNDLED_FOLDER: ClassVar[Path | None] = None

    @classmethod
    def metadata_of(cls, config_name: str | None) -> DatasetMetadata:
        """Return what a card says of one configuration (None: the default one); most differ in nothing."""
        return cls.METADATA

    @classmethod
    def known_faults(cls, heading: str = "Known faults") -> str | None:
        """Return what the docstring of the data set's file says of its faults, on one line; None if nothing.

        Data sets in Korean say it in Korean too, under "알려진 결함".
        """
        documented = sys.modules[cls.__module__].__doc__ or ""
        found = re.search(rf"^- {heading}: (.+?)(?=^- |\Z)", documented, flags=re.MULTILINE | re.DOTALL)
        return " ".join(found[1].split()) if found else None

    @classmethod
    def raw_files(cls, folder: Path, config_name: str) -> SplitFiles:
        """Return the raw files of each split in `folder`.

        Raises:
            MissingDataError: If files are missing.
        """
        raise NotImplementedError

    @classmethod
    def columns(cls) -> list[str]:
        """Return the names of the columns, known before any row is read."""
        return ["id", "text", *cls.EXTRA_COLUMNS, "labels"]

    def downloaded(self, manager: datasets.DownloadManager) -> SplitFiles:
        """Fetch the raw files of each split; by default one file a split, from `URLS`."""
        return {split: (Path(manager.download(url)),) for split, url in self.URLS.items()}

    def rows(self, split: str, files: Sequence[Path]) -> Iterator[Row]:
        """Yield the rows of one split."""
        raise NotImplementedError

    def _info(self) -> datasets.DatasetInfo:
        label = datasets.ClassLabel(names=list(self.config.label_names))
        features = {column: datasets.Value("string") for column in self.columns()}
        features["labels"] = datasets.List(label) if self.config.multi_label else label
        return datasets.DatasetInfo(description=self.METADATA.description, features=datasets.Features(features))

    def _split_generators(self, dl_manager: datasets.DownloadManager) -> list[datasets.SplitGenerator]:
        if self.config.data_dir:
            files = self.raw_files(Path(self.config.data_dir), self.config.name)
        else:
            files = self._download(dl_manager)
        return [
            datasets.SplitGenerator(name=split, gen_kwargs={"split": split, "files": tuple(paths)})
            for split, paths in files.items()
        ]

    def _download(self, manager: datasets.DownloadManager) -> SplitFiles:
        try:
            return self.downloaded(manager)
        except MissingDataError:  # says it all
            raise
        except (ConnectionError, FileNotFoundError) as error:
            # The first with HF_HUB_OFFLINE=1; fsspec finds nothing where nothing answers.
            raise MissingDataError(
                f"{self.METADATA.pretty_name} could not be downloaded ({error}). "
                f"Get the files from {self.METADATA.source} and pass their folder: --data_dir FOLDER."
            ) from error

    def _generate_examples(self, split: str, files: Sequence[Path]) -> Iterator[tuple[str, Row]]:
        seen: set[str] = set()
        for row in self.rows(split, files):
            key = row["id"]
            if key in seen:  # `datasets` does not look for repeated keys
                raise RawDataError(f"The id {key!r} stands twice in the {split} split; expected every id once.")
            seen.add(key)
            if self.config.multi_label:
                # Publishers repeat a label now and then; it is still one.
                labels: Any = list(dict.fromkeys(self._label(name, key) for name in row["labels"]))
            else:
                labels = self._label(row["labels"], key)
            texts = {column: cell.strip() for column, cell in row.items() if column != "labels"}
            yield key, {**texts, "labels": labels}
        if not seen:
            read = ", ".join(path.name for path in files[:3]) + (", ..." if len(files) > 3 else "")
            raise RawDataError(f"Expected rows for the {split} split in {read}; found none. Are all files complete?")

    def _label(self, name: str, key: str) -> str:
        # Korean label names arrive decomposed from some file systems and editors; the label space is composed.
        name = unicodedata.normalize("NFC", name.strip())
        known = self.config.label_names
        if name not in known:
            shown = ", ".join(known[:10]) + (", ..." if len(known) > 10 else "")
            raise RawDataError(
                f"Row {key!r} has the unknown label {name!r}; known: {shown}.{did_you_mean(name, known)}"
            )
        return name
