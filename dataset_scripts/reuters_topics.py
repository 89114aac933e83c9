"""Reuters newswire of 1987, labelled with any number of economic topics (Reuters-21578, ModApte split).

- Source: https://kdd.ics.uci.edu/databases/reuters21578/reuters21578.html (Lewis 1997)
- Licence: Reuters-21578 Distribution 1.0, free for research; copyright Reuters Ltd. and Carnegie Group, Inc.
- Language: English
- Layout: 22 SGML files, `reut2-000.sgm` to `reut2-021.sgm`.
- Split: ModApte, that is LEWISSPLIT TRAIN or TEST among the articles with TOPICS="YES": 9,603 train, 3,299 test.
- Fields: `text` is the title, `text_pair` the body. 1,063 articles are a title alone (empty `text_pair`); 68 are
  unprocessed, without title and body tags, and give their whole text as `text`.
- Labels: configuration `modapte` (the default) has the 118 topics that occur in the split, alphabetical. 25 never
  occur in test, three never in train (cottonseed, f-cattle, sfr). 1,828 train and 280 test articles have no topic,
  which is an empty list: TOPICS="YES" says that an indexer read them. `eight_topics` has the eight that most articles
  with a single topic have, one an article, and of each at most the first 225 of train and 95 of test: 1,445 and 574.
- Known faults: one stray byte in reut2-017.sgm is not UTF-8; control characters, written as `&#3;` and the like, mark
  the ends of texts and stand in for characters lost on the wire (they become spaces here); articles are repeated as
  updates, so near-duplicates stand on both sides; two articles name a topic twice
  (given once); most bodies end in the signature "Reuter".
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import datasets

from ._builder import Row, SplitFiles, TextBuilder, TextConfig
from ._metadata import DatasetMetadata
from ._raw_files import RawDataError, missing_files, read_text, unix_newlines

_TOPICS = """
acq alum austdlr barley bop can carcass castor-oil castorseed citruspulp cocoa coconut coconut-oil coffee copper
copra-cake corn corn-oil cornglutenfeed cotton cotton-oil cottonseed cpi cpu crude cruzado dfl dkr dlr dmk earn
f-cattle fishmeal fuel gas gnp gold grain groundnut groundnut-oil heat hog housing income instal-debt interest
inventories ipi iron-steel jet jobs l-cattle lead lei lin-meal lin-oil linseed lit livestock lumber meal-feed
money-fx money-supply naphtha nat-gas nickel nkr nzdlr oat oilseed orange palladium palm-oil palmkernel peseta
pet-chem platinum plywood pork-belly potato propane rand rape-meal rape-oil rapeseed red-bean reserves retail rice
ringgit rubber rupiah rye saudriyal sfr ship silver skr sorghum soy-meal soy-oil soybean stg strategic-metal sugar
sun-meal sun-oil sunseed tapioca tea tin trade veg-oil wheat wool wpi yen zinc
"""
_EIGHT = ("acq", "crude", "earn", "grain", "interest", "money-fx", "ship", "trade")
_MOST_OF_A_TOPIC = {"train": 225, "test": 95}
_ARTICLE = re.compile(r"<REUTERS\b(?P<attributes>[^>]*)>(?P<content>.*?)</REUTERS>", re.DOTALL)
_ATTRIBUTE = re.compile(r'(\w+)="(.*?)"')
_TOPIC = re.compile(r"<D>(.*?)</D>", re.DOTALL)
# As a reference or as itself; tab, line feed and carriage return are text.
_CONTROL = re.compile(r"&#(?:[0-8]|1[124-9]|2\d|3[01]|127);|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TAG = re.compile(r"</?[A-Z]+(?:\s[^>]*)?>")


class ReutersTopics(TextBuilder):
    """Reuters-21578 in the ModApte split."""

    METADATA = DatasetMetadata(
        pretty_name="Reuters-21578 topics (ModApte)",
        description="Newswire articles of 1987, labelled with any number of economic topics.",
        languages=("en",),
        licence="other",
        licence_name="reuters-21578-distribution-1.0",
        licence_link="https://kdd.ics.uci.edu/databases/reuters21578/README.txt",
        source="https://kdd.ics.uci.edu/databases/reuters21578/reuters21578.html",
        task_ids=("topic-classification", "multi-label-classification"),
        text_fields=("title", "body"),
    )
    DEFAULT_CONFIG_NAME = "modapte"
    BUILDER_CONFIGS: ClassVar = [
        TextConfig(name="modapte", label_names=tuple(_TOPICS.split()), multi_label=True),
        TextConfig(name="eight_topics", label_names=_EIGHT),
    ]
    EXTRA_COLUMNS = ("text_pair",)
    ARCHIVE_URL: ClassVar[str] = "https://kdd.ics.uci.edu/databases/reuters21578/reuters21578.tar.gz"

    @classmethod
    def raw_files(cls, folder: Path, config_name: str) -> SplitFiles:
        """Return every SGML file for both splits: an attribute of the article names its split."""
        files = sorted(folder.glob("reut2-*.sgm"))
        if not files:
            raise missing_files(folder, "reut2-000.sgm to reut2-021.sgm", cls.METADATA.source)
        return {"train": files, "test": files}

    def downloaded(self, manager: datasets.DownloadManager) -> SplitFiles:
        """Fetch the archive."""
        return self.raw_files(Path(manager.download_and_extract(self.ARCHIVE_URL)), self.config.name)

    def rows(self, split: str, files: Sequence[Path]) -> Iterator[Row]:
        """Yield one row an article of the split that an indexer has read, or the first of those with one topic."""
        read = self._read(split, files)
        if self.config.multi_label:
            return read
        return self._of_eight_topics(read, _MOST_OF_A_TOPIC[split])

    @staticmethod
    def _of_eight_topics(read: Iterator[Row], most: int) -> Iterator[Row]:
        counted: Counter[str] = Counter()
        for row in read:
            topic = row["labels"][0] if len(row["labels"]) == 1 else ""
            counted[topic] += 1
            if topic in _EIGHT and counted[topic] <= most:
                yield row | {"labels": topic}

    @staticmethod
    def _read(split: str, files: Sequence[Path]) -> Iterator[Row]:
        for path in files:
            for article in _ARTICLE.finditer(unix_newlines(read_text(path))):
                attributes = dict(_ATTRIBUTE.findall(article["attributes"]))
                if attributes.get("TOPICS") == "YES" and attributes.get("LEWISSPLIT") == split.upper():
                    if "NEWID" not in attributes:
                        raise RawDataError(f"An article in {path} has no NEWID: <REUTERS{article['attributes']}>.")
                    yield {"id": attributes["NEWID"], **_fields(article["content"])}


def _fields(content: str) -> Row:
    title, body = _element("TITLE", content), _element("BODY", content)
    if title is None and body is None:
        title = _TAG.sub(" ", _element("TEXT", content) or "")
    return {
        "text": _plain(title or ""),
        "text_pair": _plain(body or ""),
        "labels": [_plain(topic) for topic in _TOPIC.findall(_element("TOPICS", content) or "")],
    }


def _element(name: str, content: str) -> str | None:
    found = re.search(rf"<{name}(?:\s[^>]*)?>(.*?)</{name}>", content, re.DOTALL)
    return found[1] if found else None


def _plain(markup: str) -> str:
    # Controls first: html.unescape drops their references without leaving a space between two words.
    return html.unescape(_CONTROL.sub(" ", markup)).strip()
