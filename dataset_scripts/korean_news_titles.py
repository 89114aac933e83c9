"""Headlines of Korean news agencies, labelled with one of seven topics (YNAT of the KLUE benchmark).

- Source: https://github.com/KLUE-benchmark/KLUE (Park et al. 2021, https://arxiv.org/abs/2105.09680); the contest
  file: https://dacon.io/competitions/official/235747
- Licence: CC BY-SA 4.0
- Language: Korean
- Layout: `ynat-v1.1_train.json` and `ynat-v1.1_dev.json` of the KLUE release (45,678 and 9,107 headlines), or
  `train_data.csv` of the Dacon contest (index, title, topic_idx; 45,654 headlines, no labelled test). Where a folder
  holds both, the KLUE release is read. KLUE's test labels are not public, so its dev part is given as `test`.
- Labels, in KLUE's order, which is also the contest's `topic_idx`: IT과학, 경제, 사회, 생활문화, 세계, 스포츠, 정치.
- Known faults: the KLUE release holds identical headlines with different labels, which bounds any score from above;
  its `predefined_news_category` is the agency's section and not the label. In the contest file no headline repeats
  exactly, but 34 repeat another one but for spaces, dots or punctuation. Headlines use Hanja
  abbreviations and typographic ellipses.
- 알려진 결함: KLUE 배포판에는 제목이 같고 라벨이 다른 행이 있어 점수에 한계가 있고, 그
  `predefined_news_category`는 통신사의 구분일 뿐 라벨이 아닙니다. 대회 파일에는 똑같은 제목이 없지만, 34건은
  띄어쓰기나 문장 부호만 다릅니다. 제목에는 한자 약어와 줄임표가 쓰입니다.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from ._builder import Row, SplitFiles, TextBuilder, TextConfig
from ._metadata import DatasetMetadata
from ._raw_files import RawDataError, missing_files, read_table, read_text

_LABELS = ("IT과학", "경제", "사회", "생활문화", "세계", "스포츠", "정치")
_RELEASE = {"train": "ynat-v1.1_train.json", "test": "ynat-v1.1_dev.json"}
_CONTEST = "train_data.csv"
_COMMIT = "3efd98708a40ff49251fddde35453f8fbb11f536"
_FOLDER_URL = f"https://raw.githubusercontent.com/KLUE-benchmark/KLUE/{_COMMIT}/klue_benchmark/ynat-v1.1"


class KoreanNewsTitles(TextBuilder):
    """KLUE-YNAT from the KLUE release or from the Dacon contest."""

    METADATA = DatasetMetadata(
        pretty_name="Korean news titles (KLUE-YNAT)",
        description="Korean news headlines, labelled with one of seven topics.",
        languages=("ko",),
        licence="cc-by-sa-4.0",
        source="https://github.com/KLUE-benchmark/KLUE",
        task_ids=("topic-classification",),
    )
    BUILDER_CONFIGS: ClassVar = [TextConfig(name="default", label_names=_LABELS)]
    URLS: ClassVar = {split: f"{_FOLDER_URL}/{name}" for split, name in _RELEASE.items()}

    @classmethod
    def raw_files(cls, folder: Path, config_name: str) -> SplitFiles:
        """Return the two files of the KLUE release, else the one of the contest."""
        release = {split: (folder / name,) for split, name in _RELEASE.items()}
        if all(path.is_file() for paths in release.values() for path in paths):
            return release
        if (folder / _CONTEST).is_file():
            return {"train": (folder / _CONTEST,)}
        raise missing_files(folder, f"{' and '.join(_RELEASE.values())}, or {_CONTEST},", cls.METADATA.source)

    def rows(self, split: str, files: Sequence[Path]) -> Iterator[Row]:
        """Yield one row a headline; a downloaded file has no name, so the content says which layout it is."""
        path = files[0]
        text = read_text(path)
        yield from self._release_rows(text, path) if text.lstrip().startswith("[") else self._contest_rows(path)

    def _release_rows(self, text: str, path: Path) -> Iterator[Row]:
        try:
            for record in json.loads(text):
                yield {"id": record["guid"], "text": record["title"], "labels": record["label"]}
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise RawDataError(
                f"Expected a JSON list with guid, title and label in {path}; found: {error!r}."
            ) from error

    def _contest_rows(self, path: Path) -> Iterator[Row]:
        for row in read_table(path, ("index", "title", "topic_idx")):
            topic = row["topic_idx"]
            # The contest calls each topic by its place in KLUE's list.
            label = _LABELS[int(topic)] if topic.isdecimal() and int(topic) < len(_LABELS) else topic
            yield {"id": row["index"], "text": row["title"], "labels": label}
