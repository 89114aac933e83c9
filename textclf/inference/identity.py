"""Which model this is, exactly: the commit of a Hub id, or a hash of what decides a folder's scores."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

from ..data.provenance import hash_file

# What decides a folder's scores, whichever engine computes them; gate.json holds the checksums of the exported files,
# which are checked before they are opened.
DECIDING = ("config.json", "tokenizer.json", "tokenizer_config.json", "onnx/gate.json")
WEIGHTS = ("*.safetensors", "*.bin")
READ_ONCE = 1_000_000  # bytes from which a file that did not change is hashed once a process: weights take seconds


def model_files(model: str | Path, names: Sequence[str], revision: str | None = None) -> list[Path]:
    """Return those of the files that the model has: in its folder, or downloaded from the Hub."""
    if Path(model).is_dir():
        return [path for path in (Path(model) / name for name in names) if path.is_file()]
    found = []
    for name in names:
        try:
            found.append(Path(hf_hub_download(str(model), name, revision=revision)))
        except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError):
            continue  # the repo has no such file, or it is out of reach
    return found


def model_revision(model: str | Path, revision: str | None = None) -> str:
    """Return the commit of a Hub id, or for a folder the first 16 digits of a SHA-256 over what decides its scores."""
    folder = Path(model)
    if not folder.is_dir():
        paths = model_files(model, ["config.json"], revision)  # <cache>/snapshots/<commit>/config.json
        return paths[0].parent.name if paths else revision or "unknown"
    digest = hashlib.sha256()
    weights = sorted(path for pattern in WEIGHTS for path in folder.glob(pattern))
    for path in [*(folder / name for name in DECIDING), *weights]:
        if path.is_file():
            digest.update(f"{path.relative_to(folder).as_posix()}\0{checksum(path)}\n".encode())
    return digest.hexdigest()[:16]


def checksum(path: Path) -> str:
    """Return a file's SHA-256; of a large one that was read before and did not change since, what it was then."""
    now = path.stat()
    if now.st_size < READ_ONCE:
        return hash_file(path)
    return _remembered(path.resolve(), now.st_size, now.st_mtime_ns, now.st_ctime_ns, now.st_ino)


@cache
def _remembered(path: Path, *state: int) -> str:
    return hash_file(path)


def model_json(model: str | Path, name: str, revision: str | None = None) -> dict[str, Any]:
    """Return one of a model's JSON files, {} where it has none that can be read."""
    paths = model_files(model, [name], revision)
    try:
        content = json.loads(paths[0].read_text(encoding="utf-8")) if paths else {}
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
