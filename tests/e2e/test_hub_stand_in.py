"""The real client libraries, each in a process of its own, against the stand-in Hub."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Literal

import pytest

from tests.e2e.client_process import run_client
from tests.hub_stand_in import StandInHub

pytestmark = pytest.mark.hub

UPLOADS = pytest.mark.parametrize("uploads", ["lfs", "inline"])

UPLOAD_FOLDER = """
import sys
from huggingface_hub import HfApi
api = HfApi()
api.create_repo("alice/x", private=True)
api.create_repo("alice/x", exist_ok=True)
info = api.upload_folder(repo_id="alice/x", folder_path=sys.argv[1], commit_message="Upload everything")
again = api.upload_folder(repo_id="alice/x", folder_path=sys.argv[1], commit_message="Nothing new")
result = {"name": api.whoami()["name"], "oid": info.oid, "again": again.oid}
"""
DOWNLOAD = """
from pathlib import Path
from typing import Literal
from huggingface_hub import snapshot_download
folder = Path(snapshot_download("alice/x"))
result = {p.relative_to(folder).as_posix(): p.read_bytes().hex() for p in folder.rglob("*") if p.is_file()}
"""


@UPLOADS
def test_a_folder_comes_back_as_it_was_uploaded(tmp_path: Path, uploads: Literal["lfs", "inline"]) -> None:
    """Names need percent-encoding, one file is LFS by its name, one is empty; downloading has an empty cache."""
    weights = os.urandom(1_000_000)
    content = {
        "설명.txt": "한국어".encode(),
        "sub dir/a#1%.bin": weights,
        "empty.json": b"",
        "README.md": b"# x\n",
    }
    for name, data in content.items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(data)

    with StandInHub(uploads=uploads, page_size=2) as hub:
        token = hub.token("alice")
        answer = run_client(hub, tmp_path, UPLOAD_FOLDER, str(tmp_path / "folder"), token=token)
        downloaded = run_client(hub, tmp_path, DOWNLOAD, token=token)

        repository = hub.repo("model", "alice/x")
        files = {path: data for path, data in repository.files().items() if path != ".gitattributes"}
        assert files == content
        assert {path: bytes.fromhex(text) for path, text in downloaded.items()} == repository.files()
        assert answer == {"name": "alice", "oid": repository.head, "again": repository.head}
        assert [commit.title for commit in repository.commits] == ["Upload everything", "initial commit"]
        assert repository.private
        blobs = repository.at("main").files
        assert [path for path, blob in blobs.items() if blob.lfs] == (["sub dir/a#1%.bin"] if uploads == "lfs" else [])
        assert {request.method for request in hub.requests if request.origin == "cdn"} == (
            {"PUT", "GET"} if uploads == "lfs" else set()
        )
        assert len(hub.asked("GET", f"/api/models/alice/x/tree/{repository.head}")) == 3  # five rows in pages of two
        hub.assert_sound()


TINY_MODEL = """
import sys
from pathlib import Path
from typing import Literal
import torch
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer, pipeline
folder = Path(sys.argv[1])
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film", "##s", "영화", "좋다"]
folder.mkdir()
(folder / "vocab.txt").write_text("\\n".join(words), encoding="utf-8")
tokenizer = BertTokenizer(str(folder / "vocab.txt"))
torch.manual_seed(0)
config = BertConfig(vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
                    intermediate_size=64, id2label={0: "negative", 1: "positive"}, initializer_range=1.0)
config.label2id = {"negative": 0, "positive": 1}
model = BertForSequenceClassification(config).eval()
model.save_pretrained(folder)
model.push_to_hub("alice/tiny", private=True)
tokenizer.push_to_hub("alice/tiny")
classify = pipeline("text-classification", model=model, tokenizer=tokenizer, top_k=None)
result = classify(["good films", "영화 좋다"])
"""
LOAD_MODEL = """
from transformers import pipeline
result = pipeline("text-classification", model="alice/tiny", top_k=None)(["good films", "영화 좋다"])
"""


@pytest.mark.parametrize("uploads", ["lfs", pytest.param("inline", marks=pytest.mark.slow)])
def test_a_pushed_classifier_predicts_the_same_elsewhere(tmp_path: Path, uploads: Literal["lfs", "inline"]) -> None:
    with StandInHub(uploads=uploads) as hub:
        token = hub.token("alice")
        local = run_client(hub, tmp_path, TINY_MODEL, str(tmp_path / "model"), token=token)
        remote = run_client(hub, tmp_path, LOAD_MODEL, token=token)

        repository = hub.repo("model", "alice/tiny")
        assert repository.files()["model.safetensors"] == (tmp_path / "model" / "model.safetensors").read_bytes()
        assert {"config.json", "tokenizer.json", "tokenizer_config.json"} <= repository.files().keys()
        assert [_labels(row) for row in remote] == [_labels(row) for row in local]
        for here, there in zip(_scores(local), _scores(remote), strict=True):
            assert math.isclose(here, there, abs_tol=1e-6)
        hub.assert_sound()


def _labels(row: list[dict[str, object]]) -> list[object]:
    return [entry["label"] for entry in row]


def _scores(rows: list[list[dict[str, float]]]) -> list[float]:
    return [entry["score"] for row in rows for entry in row]


PUSH_DATASET = """
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value
features = Features({"text": Value("string"), "label": ClassLabel(names=["부정", "긍정"])})
rows = {"text": ["나쁘다", "좋다", "아주 좋다"], "label": [0, 1, 1]}
data = Dataset.from_dict(rows, features=features)
DatasetDict(train=data, test=data.select([0])).push_to_hub("alice/reviews", private=True)
DatasetDict(train=data.select([1])).push_to_hub("alice/reviews", "small")
result = None
"""
LOAD_DATASET = """
from datasets import load_dataset
whole, small = load_dataset("alice/reviews"), load_dataset("alice/reviews", "small", split="train")
streamed = load_dataset("alice/reviews", split="test", streaming=True)
result = {"train": whole["train"].to_dict(), "test": list(streamed), "small": small.to_dict(),
          "names": whole["train"].features["label"].names}
"""


def test_a_pushed_dataset_loads_elsewhere(tmp_path: Path) -> None:
    """Only by LFS: datasets 5.2 deletes its parquet files before an inline commit gets to read them."""
    with StandInHub(uploads="lfs") as hub:
        token = hub.token("alice")
        run_client(hub, tmp_path, PUSH_DATASET, token=token)
        loaded = run_client(hub, tmp_path, LOAD_DATASET, token=token)

        assert loaded == {
            "train": {"text": ["나쁘다", "좋다", "아주 좋다"], "label": [0, 1, 1]},
            "test": [{"text": "나쁘다", "label": 0}],
            "small": {"text": ["좋다"], "label": [1]},
            "names": ["부정", "긍정"],
        }
        assert hub.repo("dataset", "alice/reviews").private
        assert not hub.repo("dataset", "alice/reviews").at("main").files["README.md"].lfs
        hub.assert_sound()
