"""The publishers' own files give the sizes that were published; skipped where TEXTCLF_DATA names no folder of them."""

import os
from pathlib import Path

import pytest

import dataset_scripts

REAL_DATA = os.environ.get("TEXTCLF_DATA")


@pytest.mark.skipif(not REAL_DATA or not Path(REAL_DATA).is_dir(), reason="TEXTCLF_DATA names no folder")
@pytest.mark.parametrize(
    ("name", "folder", "sizes"),
    [
        ("hate_speech", "hate_speech", {"train": 1914, "test": 478}),
        ("korean_news_titles", "korean_news_titles", {"train": 45654}),
        ("korean_comments", "korean_comments", {"train": 7896, "test": 471}),
        ("reuters_topics", "reuters21578", {"train": 9603, "test": 3299}),
        ("coronavirus_tweets", "coronavirus_tweets", {"test": 3798}),
    ],
)
def test_published_files_give_their_published_sizes(name, folder, sizes, tmp_path):
    splits = dataset_scripts.build(name, data_dir=Path(REAL_DATA) / folder, cache_dir=tmp_path)
    assert {split: len(rows) for split, rows in splits.items()} == sizes
    assert all(text for rows in splits.values() for text in rows["text"])
