"""Comments under Korean entertainment news, labelled as harmless, offensive or hateful.

- Source: https://github.com/kocohub/korean-hate-speech (Moon et al. 2020, https://aclanthology.org/2020.socialnlp-1.4)
- Licence: CC BY-SA 4.0
- Language: Korean
- Layout: `train.tsv` and `dev.tsv` (comments, contain_gender_bias, bias, hate), tab-separated; a comment
  that starts with a quotation mark is quoted as in CSV. The labels of the authors' test part are not public, so dev,
  the only labelled evaluation part, is given as `test`.
- Labels, from column `hate`: `none` -> 0, `offensive` -> 1, `hate` -> 2.
- Known faults: annotators saw the headline of the article, a model does not; the classes are graded, so `offensive`
  is confused with both neighbours. Rows have no identifiers: `id` is the split and the row's number.
- 알려진 결함: 주석자는 기사 제목을 보았지만 모델은 보지 못합니다. 세 라벨은 정도의 차이여서 가운데 라벨
  `offensive`는 양옆과 헷갈립니다. 행에 식별자가 없어 `id`는 데이터 이름과 행 번호입니다.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from ._builder import Row, SplitFiles, TextBuilder, TextConfig
from ._metadata import DatasetMetadata
from ._raw_files import missing_files, read_table

_FILES = {"train": "train.tsv", "test": "dev.tsv"}
_COMMIT = "1cc1d82d60ea9835940ac4c72a2976054a5e7a5b"
_FOLDER_URL = f"https://raw.githubusercontent.com/kocohub/korean-hate-speech/{_COMMIT}/labeled"


class KoreanComments(TextBuilder):
    """The labelled part of the Korean hate speech data."""

    METADATA = DatasetMetadata(
        pretty_name="Korean entertainment news comments",
        description="Comments under Korean entertainment news, labelled none, offensive or hate.",
        languages=("ko",),
        licence="cc-by-sa-4.0",
        source="https://github.com/kocohub/korean-hate-speech",
        task_ids=("hate-speech-detection",),
    )
    BUILDER_CONFIGS: ClassVar = [TextConfig(name="default", label_names=("none", "offensive", "hate"))]
    URLS: ClassVar = {split: f"{_FOLDER_URL}/{name}" for split, name in _FILES.items()}

    @classmethod
    def raw_files(cls, folder: Path, config_name: str) -> SplitFiles:
        """Return train.tsv and dev.tsv."""
        if not all((folder / name).is_file() for name in _FILES.values()):
            raise missing_files(folder, " and ".join(_FILES.values()), f"{cls.METADATA.source}/tree/master/labeled")
        return {split: (folder / name,) for split, name in _FILES.items()}

    def rows(self, split: str, files: Sequence[Path]) -> Iterator[Row]:
        """Yield one row a comment."""
        for number, row in enumerate(read_table(files[0], ("comments", "hate"), delimiter="\t")):
            yield {"id": f"{split}-{number}", "text": row["comments"], "labels": row["hate"]}
