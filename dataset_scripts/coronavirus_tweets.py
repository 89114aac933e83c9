"""English tweets of March and April 2020 about the coronavirus, labelled with a sentiment.

- Source: https://www.kaggle.com/datasets/datatattle/covid-19-nlp-text-classification (it asks for a login, so there is
  no download here: pass the folder)
- Licence: not stated by the publisher in the files
- Language: English
- Layout: `Corona_NLP_train.csv` (41,157 tweets) and `Corona_NLP_test.csv` (3,798), with UserName, ScreenName,
  Location, TweetAt, OriginalTweet, Sentiment. The splits whose file exists are given; one file is enough.
- Labels: Extremely Negative, Negative, Neutral, Positive, Extremely Positive -> 0 to 4. Configuration `three_class`
  joins each extreme with its milder neighbour: Negative, Neutral, Positive -> 0 to 2.
- Known faults: the labels look machine-made, by a word list over the text: read every score with that in mind. The
  train file is not UTF-8 and reads as Latin-1; in both files marks and accents were encoded twice ("Â’" for an
  apostrophe), which is repaired here; emoji became question marks, which cannot be. Line ends inside a tweet come as
  CR CR LF and are given as one line feed. HTML entities (`&amp;`) and links stay as they are. `ScreenName` is a
  number, not a person: no grouped split is possible.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import datasets

from ._builder import Row, SplitFiles, TextBuilder, TextConfig
from ._metadata import DatasetMetadata
from ._raw_files import MissingDataError, missing_files, read_table, unix_newlines

_FILES = {"train": "Corona_NLP_train.csv", "test": "Corona_NLP_test.csv"}
# The 32 places where Windows-1252 and Latin-1 differ; five of them are empty in the former.
_WINDOWS = {chr(byte): bytes([byte]).decode("cp1252", errors="ignore") or chr(byte) for byte in range(0x80, 0xA0)}
_LATIN = {mark: control for control, mark in _WINDOWS.items()}
_CONTROLS = {ord(control): mark for control, mark in _WINDOWS.items()}
# Two bytes of UTF-8, read as Latin-1 (train) or as Windows-1252 (test).
_TWICE_ENCODED = re.compile(f"[ÂÃ][\x80-\xbf{''.join(_LATIN)}]")


class CoronavirusTweets(TextBuilder):
    """The Kaggle coronavirus tweets with five or three sentiments."""

    METADATA = DatasetMetadata(
        pretty_name="Coronavirus tweets",
        description="Tweets about the coronavirus, labelled with a sentiment.",
        languages=("en",),
        licence="unknown",
        source="https://www.kaggle.com/datasets/datatattle/covid-19-nlp-text-classification",
        task_ids=("sentiment-classification",),
    )
    DEFAULT_CONFIG_NAME = "five_class"
    BUILDER_CONFIGS: ClassVar = [
        TextConfig(
            name="five_class",
            label_names=("Extremely Negative", "Negative", "Neutral", "Positive", "Extremely Positive"),
        ),
        TextConfig(name="three_class", label_names=("Negative", "Neutral", "Positive")),
    ]

    @classmethod
    def raw_files(cls, folder: Path, config_name: str) -> SplitFiles:
        """Return the file of each split that exists."""
        found = {split: (folder / name,) for split, name in _FILES.items() if (folder / name).is_file()}
        if not found:
            raise missing_files(folder, " or ".join(_FILES.values()), cls.METADATA.source)
        return found

    def downloaded(self, manager: datasets.DownloadManager) -> SplitFiles:
        """Say where the files are: Kaggle gives them to people who are logged in."""
        raise MissingDataError(
            f"Expected {' or '.join(_FILES.values())}, but Kaggle has no open download. "
            f"Get the files from {self.METADATA.source} and pass their folder: --data_dir FOLDER."
        )

    def rows(self, split: str, files: Sequence[Path]) -> Iterator[Row]:
        """Yield one row a tweet."""
        joined = self.config.name == "three_class"
        for row in read_table(files[0], ("UserName", "OriginalTweet", "Sentiment")):
            label = row["Sentiment"].removeprefix("Extremely ") if joined else row["Sentiment"]
            text = unix_newlines(_repair(row["OriginalTweet"]))
            yield {"id": row["UserName"], "text": text, "labels": label}


def _repair(text: str) -> str:
    def decode(found: re.Match[str]) -> str:
        lead, mark = found[0][0], found[0][1]
        return (lead + _LATIN.get(mark, mark)).encode("latin-1").decode("utf-8")

    return _TWICE_ENCODED.sub(decode, text).translate(_CONTROLS)
