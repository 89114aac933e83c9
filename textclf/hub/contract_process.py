"""Run by `contract.py` in a process of its own: load a model as a stranger would, and compare it with its figures.

Usage: python -I contract_process.py REQUEST.json

Stands alone: it imports nothing of this project, and blocks its being imported. Prints a JSON list of what differs.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

for name in ("textclf", "dataset_scripts", "metrics"):
    sys.modules[name] = None  # type: ignore[assignment]  # any import of it fails from here on

from huggingface_hub import HfApi, RepoFile, hf_hub_download  # noqa: E402
from transformers import pipeline  # noqa: E402
from transformers.utils import logging  # noqa: E402

Request = dict[str, Any]  # Any: parsed JSON, as contract.py wrote it


def main(path: str) -> None:
    """Compare files, then labels and scores, and print what differs."""
    request = json.loads(Path(path).read_text(encoding="utf-8"))
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    differences = differing_files(request)
    found, largest = differing_scores(request)
    print(json.dumps({"differences": differences + found, "largest": largest}, ensure_ascii=False))


def differing_files(request: Request) -> list[str]:
    """Compare the Hub's checksum of every file, and the bytes that arrive of those that a pipeline loads."""
    repo_id, revision, files = request["repo_id"], request["revision"], request["files"]
    rows = HfApi().get_paths_info(repo_id, [file["path"] for file in files], revision=revision)
    there = {row.path: row for row in rows if isinstance(row, RepoFile)}
    differences = []
    for file in files:
        row = there.get(file["path"])
        if row is None:
            differences.append(f"{file['path']} is missing in the repo")
            continue
        stored = row.lfs.sha256 if row.lfs is not None else row.blob_id
        if stored != (file["sha256"] if row.lfs is not None else file["git"]):
            differences.append(f"{file['path']} has another checksum in the repo than in the run folder")
        elif "/" not in file["path"] and file["path"].endswith((".json", ".safetensors")):
            with Path(hf_hub_download(repo_id, file["path"], revision=revision)).open("rb") as arrived:
                found = hashlib.file_digest(arrived, "sha256").hexdigest()
            if found != file["sha256"]:
                differences.append(f"{file['path']} was damaged on the way down")
    return differences


def differing_scores(request: Request) -> tuple[list[str], float]:
    """Compare the pipeline's labels and scores with the predictions; also return the largest difference seen."""
    settings = {name: request[name] for name in ("revision", "trust_remote_code")}
    classify = pipeline("text-classification", model=request["repo_id"], device="cpu", **settings)
    id2label = classify.model.config.id2label
    names = [id2label[i] for i in range(len(id2label))]
    if names != request["labels"]:
        return [f"its labels are {', '.join(names)}; expected {', '.join(request['labels'])}"], 0.0
    cuts = getattr(classify.model.config, "thresholds", None) or {}
    differences, largest = [], 0.0
    for row in request["rows"]:
        text = {"text": row["text"], "text_pair": row["text_pair"]} if row["text_pair"] else row["text"]
        given = {answer["label"]: answer["score"] for answer in classify(text, top_k=None, truncation=True)}
        scores = [given[name] for name in names]
        gap = max(abs(a - b) for a, b in zip(scores, row["scores"], strict=True))
        largest = max(largest, gap)
        where = f"row {row['row']} of predictions/test.parquet"
        if gap > request["tolerance"]:
            differences.append(f"{where} has scores {row['scores']}; the pipeline gives {scores}")
        elif row["decided"] and predicted(names, scores, cuts, request["several"]) != row["predicted"]:
            differences.append(f"{where} is labelled {row['predicted']}; the pipeline's scores say otherwise")
    return differences, largest


def predicted(names: list[str], scores: list[float], cuts: dict[str, float], several: bool) -> list[str]:
    """Decide as config.json says: the best label, or every one that reaches its threshold."""
    if several:
        return [name for name, score in zip(names, scores, strict=True) if score >= cuts.get(name, 0.5)]
    return [names[scores.index(max(scores))]]


if __name__ == "__main__":
    main(sys.argv[1])
