"""The file by which a repo is known to be filled by this project: which run it shows, and every file put there."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from huggingface_hub import hf_hub_download

from ..run_folder import RunFolder
from .uploads import Upload

NAME = "textclf.json"
_MADE_BY = "textclf"


def with_manifest(run: RunFolder, kind: str, uploads: Sequence[Upload]) -> list[Upload]:
    """Return an upload with its manifest, sorted: the run's identity, and the SHA-256 of each file.

    A name alone proves nothing: many repos hold an `evaluation.json`. What the next push finds listed here is ours to
    replace, and to take away when it is wanted no longer; everything else in the repo belongs to its owner.
    """
    evaluation = (run.path / "evaluation.json").read_bytes()
    content = {
        "made_by": _MADE_BY,
        "kind": kind,
        "run": {"name": run.path.resolve().name, "evaluation": hashlib.sha256(evaluation).hexdigest()},
        "files": {upload.path: upload.sha256 for upload in uploads},
    }
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    return sorted([*uploads, Upload(NAME, text.encode())], key=lambda upload: upload.path)


def read_manifest(repo_id: str, kind: str, revision: str) -> frozenset[str] | None:
    """Return the paths that this project put into a repo, its manifest among them; None if there is no manifest."""
    return paths_in(read_anew(repo_id, NAME, kind, revision), kind)


def read_anew(repo_id: str, name: str, kind: str, revision: str) -> bytes:
    """Return a small file of a repo: a cached one would be taken in silence while the Hub is in trouble."""
    with tempfile.TemporaryDirectory(prefix="textclf-read-") as folder:
        path = hf_hub_download(repo_id, name, repo_type=kind, revision=revision, local_dir=folder)
        return Path(path).read_bytes()


def paths_in(content: bytes, kind: str) -> frozenset[str] | None:
    """Return the paths that a manifest lists and its own; None for a file that only bears its name."""
    try:
        found = json.loads(content)
    except ValueError:
        return None
    if not isinstance(found, dict) or (found.get("made_by"), found.get("kind")) != (_MADE_BY, kind):
        return None
    files, run = found.get("files"), found.get("run")
    if not isinstance(files, dict) or not isinstance(run, dict) or "evaluation" not in run:
        return None
    return frozenset([*files, NAME])
