"""Sentences of a white-supremacy forum, labelled as hate or not.

- Source: https://github.com/Vicomtech/hate-speech-dataset (de Gibert et al. 2018, https://aclanthology.org/W18-5102)
- Licence: CC BY-SA 3.0 ES
- Language: English
- Layout: `annotations_metadata.csv` (file_id, user_id, subforum_id, num_contexts, label) and one text file a sentence
  in `sampled_train/` and `sampled_test/`, the authors' balanced split.
- Labels: `noHate` -> 0, `hate` -> 1. The metadata also knows `relation` and `idk/skip`; no sampled sentence has them.
- Known faults: 3 of the 478 test sentences also stand in train, and 6 train sentences repeat another one. Of the
  396 test users (`user_id`, for grouped splits) 202 also wrote train sentences, and 124 posts give sentences to both.
  Annotators saw the whole post, a model sees one sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import datasets

from ._builder import Row, SplitFiles, TextBuilder, TextConfig
from ._metadata import DatasetMetadata
from ._raw_files import RawDataError, missing_files, read_table, read_text

_METADATA_FILE = "annotations_metadata.csv"
_COMMIT = "fbee2b97d6769951bdb0f7db7cf6c206b54d71c5"


class HateSpeech(TextBuilder):
    """The Vicomtech hate speech data in the authors' balanced train and test."""

    METADATA = DatasetMetadata(
        pretty_name="Hate speech from a white supremacy forum",
        description="Forum sentences, labelled by whether they are hate speech.",
        languages=("en",),
        licence="cc-by-sa-3.0",
        source="https://github.com/Vicomtech/hate-speech-dataset",
        task_ids=("hate-speech-detection",),
    )
    BUILDER_CONFIGS: ClassVar = [TextConfig(name="default", label_names=("noHate", "hate"))]
    EXTRA_COLUMNS = ("user_id",)
    ARCHIVE_URL: ClassVar[str] = f"https://github.com/Vicomtech/hate-speech-dataset/archive/{_COMMIT}.zip"

    @classmethod
    def raw_files(cls, folder: Path, config_name: str) -> SplitFiles:
        """Return, for each split, the metadata file and then its sentences."""
        sentences = {split: sorted((folder / f"sampled_{split}").glob("*.txt")) for split in ("train", "test")}
        if not (folder / _METADATA_FILE).is_file() or not all(sentences.values()):
            expected = f"{_METADATA_FILE}, sampled_train/*.txt and sampled_test/*.txt"
            raise missing_files(folder, expected, cls.METADATA.source)
        return {split: (folder / _METADATA_FILE, *paths) for split, paths in sentences.items()}

    def downloaded(self, manager: datasets.DownloadManager) -> SplitFiles:
        """Fetch the repository's archive, which holds everything in one folder."""
        extracted = Path(manager.download_and_extract(self.ARCHIVE_URL))
        found = sorted(extracted.rglob(_METADATA_FILE))
        return self.raw_files(found[0].parent if found else extracted, self.config.name)

    def rows(self, split: str, files: Sequence[Path]) -> Iterator[Row]:
        """Yield one row a sentence file."""
        metadata_file, *sentences = files
        annotations = {row["file_id"]: row for row in read_table(metadata_file, ("file_id", "user_id", "label"))}
        for path in sentences:
            if path.stem not in annotations:
                raise RawDataError(f"{path.name} of the {split} split has no line in {metadata_file}.")
            annotation = annotations[path.stem]
            text = read_text(path)
            yield {"id": path.stem, "text": text, "user_id": annotation["user_id"], "labels": annotation["label"]}
