"""The upload list of a run: files that match a list of patterns, each looked through before it may go."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from ..errors import UserError, did_you_mean
from ..run_folder import RunFolder
from .leaks import DataTexts, secrets_in, strings_of

# Everything that is part of a published model. `*` does not cross folders.
PATTERNS = (
    *("README.md", "config.json", "evaluation.json", "audit.json", "recipe.yaml", "figures/*.png"),
    *("model.safetensors", "model-*-of-*.safetensors", "model.safetensors.index.json"),
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.txt", "vocab.json", "merges.txt", "spm.model", "spiece.model", "sentencepiece.bpe.model"),
    *("adapter/README.md", "adapter/adapter_config.json", "adapter/adapter_model.safetensors"),
    *("onnx/*.onnx", "onnx/*.onnx_data", "onnx/*.json"),
)
# Words of a vocabulary look like anything: addresses, paths, keys.
VOCABULARIES = ("tokenizer.json", "vocab.*", "merges.txt", "*.model", "special_tokens_map.json", "added_tokens.json")
TEXT_FILES = (".md", ".json", ".yaml", ".txt")
# What --allow cannot let through.
NEVER = {
    "predictions/*": "it holds data rows; --dataset-repo publishes a data set",
    "*.parquet": "it holds data rows; --dataset-repo publishes a data set",
    "*.bin": "it is a pickle, and may hold a token; the model goes up as safetensors only",
    "*.p[kty]*": "it is a pickle or code; the model goes up as safetensors only",
    "*.joblib": "it is a pickle; the model goes up as safetensors only",
}
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04")  # torch.save writes a zip


@dataclass(frozen=True)
class Upload:
    """One file of an upload: its path in the repo and what it holds, on disk or in memory."""

    path: str
    content: Path | bytes

    @cached_property
    def size(self) -> int:
        """Return the size in bytes."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size

    @cached_property
    def sha256(self) -> str:
        """Return the SHA-256 of the content, as the Hub names LFS files."""
        if isinstance(self.content, bytes):
            return hashlib.sha256(self.content).hexdigest()
        with self.content.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def data(self) -> bytes:
        """Return the content."""
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()


def collect(run: RunFolder, written: Mapping[str, str], allow: Sequence[str] = ()) -> list[Upload]:
    """Return the files that go up, in order: those of the run on the list, those allowed, and those `written` anew.

    `written` (path -> text) takes the place of the run's own file. Files elsewhere in the folder stay at home.

    Raises:
        UserError: something was found in a file that is not in `allow`; an allowed file is missing or never goes up.
    """
    inside = {path.relative_to(run.path).as_posix(): path for path in sorted(run.path.rglob("*")) if path.is_file()}
    for name in allow:
        _check_allowed(name, inside)
    names = {name for name in inside if name in allow or is_listed(name)} | set(written)
    uploads = [Upload(name, written[name].encode() if name in written else inside[name]) for name in sorted(names)]
    texts = DataTexts(run.path)
    findings = [
        (upload.path, what)
        for upload in uploads
        if upload.path not in allow
        for what in findings_in(upload, run.path, texts)
    ]
    if findings:
        shown = "\n".join(f"  {path} {what}" for path, what in findings[:20])
        raise UserError(
            f"Nothing was uploaded, because of what was found in the files of {run.path}:\n{shown}\n"
            f"Take it out, or add --allow {findings[0][0]} if everybody who sees the repo may see it."
        )
    return uploads


def findings_in(upload: Upload, root: Path, texts: DataTexts) -> Iterator[str]:
    """Yield everything about a file that should not go up."""
    if isinstance(upload.content, Path):
        if not upload.content.resolve().is_relative_to(root.resolve()):
            yield "is a link to a file outside the run folder"
            return
        with upload.content.open("rb") as file:
            if file.read(4).startswith(_PICKLES):
                yield "is a pickle, which runs code when it is loaded"
                return
    name = upload.path.rsplit("/", 1)[-1]
    if name.endswith(TEXT_FILES) and not any(fnmatchcase(name, pattern) for pattern in VOCABULARIES):
        strings = strings_of(name, upload.data().decode("utf-8", errors="replace"))
        yield from secrets_in(strings)
        if (text := texts.found_in(strings)) is not None:
            yield f"holds a text of the data: {text[:40]!r}"


def staying_home(run: RunFolder, uploads: Sequence[Upload]) -> list[str]:
    """Return the files and folders of the run that do not go up, for people to look at."""
    going = {upload.path.split("/")[0] for upload in uploads}
    return sorted(
        f"{path.name}/" if path.is_dir() else path.name for path in run.path.iterdir() if path.name not in going
    )


def shown_size(size: int) -> str:
    """Return a size for people: `91.0 MB`."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def _check_allowed(name: str, inside: Mapping[str, Path]) -> None:
    if name not in inside:
        raise UserError(f"--allow {name}: there is no such file in the run folder.{did_you_mean(name, inside)}")
    for pattern, reason in NEVER.items():
        if fnmatchcase(name, pattern):
            raise UserError(f"--allow {name}: this file never goes up: {reason}.")


def is_listed(name: str) -> bool:
    """Say whether a path belongs to a published model."""
    return any(name.count("/") == pattern.count("/") and fnmatchcase(name, pattern) for pattern in PATTERNS)
