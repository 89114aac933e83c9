"""What goes up of a run: one file of an upload, and the list of what belongs to a published model."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

# Everything that is part of a published model. `*` does not cross folders.
PATTERNS = (
    *("README.md", "config.json", "evaluation.json", "audit.json", "recipe.yaml", "figures/*.png"),
    *("model.safetensors", "model-*-of-*.safetensors", "model.safetensors.index.json"),
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.txt", "vocab.json", "merges.txt", "spm.model", "spiece.model", "sentencepiece.bpe.model"),
    *("adapter/README.md", "adapter/adapter_config.json", "adapter/adapter_model.safetensors"),
    *("onnx/*.onnx", "onnx/*.onnx_data", "onnx/*.json"),
    "clustered.py",  # of a model with clusters at its input, and its sentence encoder
    *(
        f"cluster_encoder/{inside}*.{kind}"
        for inside in ("", "*/")
        for kind in ("json", "safetensors", "txt", "model")
    ),
)
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Upload:
    """One file of an upload: its path in the repo and what it holds, on disk or in memory."""

    path: str
    content: Path | bytes

    @property
    def size(self) -> int:
        """Return the size in bytes."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size

    @property
    def sha256(self) -> str:
        """Return the SHA-256 of the content, as the Hub names files outside git."""
        return self._digests[0]

    @property
    def git_id(self) -> str:
        """Return git's name of the content, as the Hub gives it for files in git."""
        return self._digests[1]

    @cached_property
    def _digests(self) -> tuple[str, str]:
        """Read the content once, block by block: weights may be larger than the memory."""
        sha256, git = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % self.size, usedforsecurity=False)
        for block in self._blocks():
            sha256.update(block)
            git.update(block)
        return sha256.hexdigest(), git.hexdigest()

    def _blocks(self) -> Iterator[bytes]:
        if isinstance(self.content, bytes):
            yield self.content
            return
        with self.content.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block

    def data(self) -> bytes:
        """Return the content."""
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()

    @contextmanager
    def mapped(self) -> Iterator[Any]:  # Any: bytes or mmap, which are looked through alike
        """Give the content without reading a large file into memory."""
        if isinstance(self.content, bytes) or self.size == 0:
            yield self.data()
            return
        with self.content.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield content


def is_listed(name: str) -> bool:
    """Say whether a path belongs to a published model."""
    return any(name.count("/") == pattern.count("/") and fnmatchcase(name, pattern) for pattern in PATTERNS)


def shown_size(size: int) -> str:
    """Return a size for people: `91.0 MB`."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"
