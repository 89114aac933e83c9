"""Short news articles written for this project, in English and Korean, with one of eight topics and any of 27 tags.

- Source: `dataset_scripts/samples/`, part of this repository: they make a first run possible without a download
- Licence: CC0 1.0 (public domain dedication): written for this project, item by item
- Language: English and Korean
- Layout: `<language>/<topic>.jsonl` with title, body, category and tags.
- Fields: `text` is the title, `text_pair` the body.
- Labels: configurations `english` (the default), `korean` and `all` give the topic, in this order: society, politics,
  international, economy, sport, entertain, it, culture. `english_tags`, `korean_tags` and `all_tags` give the tags,
  alphabetical over the whole vocabulary, also where a language does not use one.
- Split: `train` alone; whoever trains sets validation and test aside.
- Known faults: invented, tidy and short. Good to see that everything runs, no ground for a claim about real news.
- 알려진 결함: 지어낸 글이며 반듯하고 짧습니다. 모든 것이 돌아가는지 보기에는 좋지만, 실제 뉴스에 대해 주장할
  근거는 되지 않습니다.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from ._builder import Row, SplitFiles, TextBuilder, TextConfig
from ._metadata import DatasetMetadata
from ._raw_files import RawDataError, missing_files, read_text

_TOPICS = ("society", "politics", "international", "economy", "sport", "entertain", "it", "culture")
_TAGS = """
education crime health labour environment transport housing elections courts diplomacy conflict trade markets
companies prices football baseball athletics film music television ai security devices books heritage food
"""
_LANGUAGES = {"english": ("english",), "korean": ("korean",), "all": ("english", "korean")}
_CODES = {"english": "en", "korean": "ko"}


class NewsSample(TextBuilder):
    """The bundled news articles."""

    METADATA = DatasetMetadata(
        pretty_name="News sample",
        description="Short invented news articles, labelled with one of eight topics or with any of 27 tags.",
        languages=("en", "ko"),
        licence="cc0-1.0",
        source="dataset_scripts/samples",
        task_ids=("topic-classification",),
        text_fields=("title", "body"),
    )
    DEFAULT_CONFIG_NAME = "english"
    BUILDER_CONFIGS: ClassVar = [
        *(TextConfig(name=name, label_names=_TOPICS) for name in _LANGUAGES),
        *(
            TextConfig(name=f"{name}_tags", label_names=tuple(sorted(_TAGS.split())), multi_label=True)
            for name in _LANGUAGES
        ),
    ]
    EXTRA_COLUMNS = ("text_pair", "language")
    BUNDLED_FOLDER = Path(__file__).parent / "samples"

    @classmethod
    def metadata_of(cls, config_name: str | None) -> DatasetMetadata:
        """Return the metadata with the languages of the configuration alone."""
        languages = _LANGUAGES[(config_name or cls.DEFAULT_CONFIG_NAME).removesuffix("_tags")]
        return replace(cls.METADATA, languages=tuple(_CODES[language] for language in languages))

    @classmethod
    def raw_files(cls, folder: Path, config_name: str) -> SplitFiles:
        """Return one file a language and topic."""
        languages = _LANGUAGES[config_name.removesuffix("_tags")]
        files = [folder / language / f"{topic}.jsonl" for language in languages for topic in _TOPICS]
        for path in files:
            if not path.is_file():
                raise missing_files(path.parent, path.name, cls.METADATA.source)
        return {"train": files}

    def rows(self, split: str, files: Sequence[Path]) -> Iterator[Row]:
        """Yield one row an article."""
        for path in files:
            language = path.parent.name
            # Not splitlines(): a line separator such as U+2028 may stand inside a JSON string.
            for number, line in enumerate(read_text(path).split("\n")):
                if line.strip():
                    article = _article(line, f"line {number + 1} of {path}")
                    yield {
                        "id": f"{language}/{path.stem}/{number}",
                        "text": article["title"],
                        "text_pair": article["body"],
                        "language": language,
                        "labels": article["tags"] if self.config.multi_label else article["category"],
                    }


def _article(line: str, place: str) -> Row:
    try:
        article: Row = json.loads(line)
        wrong = [key for key in ("title", "body", "category") if not isinstance(article[key], str)]
        if wrong or not isinstance(article["tags"], list):
            raise TypeError(f"{', '.join(wrong) or 'tags'} of the wrong type")
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise RawDataError(
            f"Expected title, body, category and a list of tags in {place}; found: {error!r}."
        ) from error
    return article
