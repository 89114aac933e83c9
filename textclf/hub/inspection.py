"""Looking through what would go up: no token, key, pickle or link leaves, and no text of the data unseen."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ..errors import UserError, did_you_mean
from ..house import PACKAGE
from ..run_folder import RunFolder
from .data_texts import DataTexts
from .leaks import Found, secrets_in, secrets_in_bytes, strings_of
from .uploads import Upload, is_listed
from .wording import own_words

# Words of a vocabulary look like anything: addresses, paths, texts.
VOCABULARIES = ("tokenizer.json", "vocab.*", "merges.txt", "*.model", "special_tokens_map.json", "added_tokens.json")
READABLE = (".md", ".json", ".yaml", ".txt", ".png", ".safetensors")  # what `strings_of` takes apart
# How files of a kind begin: ONNX with its version, SentencePiece with its first piece.
_BEGINNINGS = {".png": b"\x89PNG\r\n\x1a\n", ".onnx": b"\x08", ".model": b"\x0a"}
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04")  # torch.save writes a zip
CODE = PACKAGE / "models" / "clustered.py"  # the only code that goes up: that of a model with clusters
_SHOWN = 20


def collect(run: RunFolder, written: Mapping[str, str], allow: Sequence[str] = ()) -> list[Upload]:
    """Return the files that go up, in order: those of the run on the list, and those `written` anew.

    `written` (path -> text) takes the place of the run's own file. Everything else in the folder stays at home.
    `allow` names single findings, as the refusal prints them; tokens, keys, pickles and links have no such name.

    Raises:
        UserError: something was found that is not in `allow`, or `allow` names what was not found.
    """
    inside = {path.relative_to(run.path).as_posix() for path in run.path.rglob("*") if path.is_file()}
    names = {name for name in inside if is_listed(name)} | set(written)
    uploads = [Upload(name, written[name].encode() if name in written else run.path / name) for name in sorted(names)]
    texts = DataTexts.of(run, [*own_words(), *run.read_json("evaluation.json")["labels"]])
    findings = [
        (upload.path, found) for upload in uploads for found in dict.fromkeys(findings_in(upload, run.path, texts))
    ]
    allowable = {_name_of(path, found) for path, found in findings if found.evidence is not None}
    for name in allow:
        if name not in allowable:
            raise UserError(
                f"--allow {name}: nothing of this name was found. Expected the name of one finding, as the refusal "
                f"of a push prints it.{did_you_mean(name, allowable)}"
            )
    left = [(path, found) for path, found in findings if found.evidence is None or _name_of(path, found) not in allow]
    if left:
        raise UserError(_refusal(run, left))
    return uploads


def _name_of(path: str, found: Found) -> str:
    """Return the name of one finding; another thing in the same file has another name."""
    return f"{path}:{hashlib.sha256((found.evidence or '').encode()).hexdigest()[:8]}"


def _refusal(run: RunFolder, findings: Sequence[tuple[str, Found]]) -> str:
    lines = [
        f"  {path} {found.says}" + ("" if found.evidence is None else f"  (--allow {_name_of(path, found)})")
        for path, found in findings[:_SHOWN]
    ]
    if len(findings) > _SHOWN:
        lines.append(f"  and {len(findings) - _SHOWN} more")
    ways = ["Take it out"]
    if any(found.evidence is not None for _, found in findings):
        ways.append("or add the --allow that stands behind a line if everybody who sees the repo may see that")
    return (
        f"Nothing was uploaded, because of what was found in the files of {run.path}:\n"
        + "\n".join(lines)
        + f"\n{', '.join(ways)}."
    )


def findings_in(upload: Upload, root: Path, texts: DataTexts) -> Iterator[Found]:
    """Yield everything about a file that should not go up, its name included."""
    yield from (Found(f"has a name that {found.says}", None) for found in secrets_in([f" {upload.path} "]))
    if isinstance(upload.content, Path) and _is_link(upload.content, root):
        yield Found("is a link; put the file itself there", None)
        return
    with upload.mapped() as data:
        if (fault := _disguised(upload.path, data)) is not None:
            yield Found(fault, None)
            return
        yield from secrets_in_bytes(data)
        name = upload.path.rsplit("/", 1)[-1]
        vocabulary = any(fnmatchcase(name, pattern) for pattern in VOCABULARIES)
        if not name.endswith(READABLE):
            return
        strings = strings_of(name, data if name.endswith(".safetensors") else data[:])
    for found in secrets_in(strings):
        if found.evidence is None or not vocabulary:
            yield found
    if not vocabulary:
        for passage in dict.fromkeys(texts.found_in(strings)):
            yield Found(f"holds a text of the data: {passage[:60]!r}", passage)


def _is_link(path: Path, root: Path) -> bool:
    """Say whether a file, or a folder that it lies in below `root`, is a link: what it shows may be private."""
    below = path.relative_to(root).parts
    return any(root.joinpath(*below[:depth]).is_symlink() for depth in range(1, len(below) + 1))


def _disguised(path: str, data: Any) -> str | None:  # Any: bytes or mmap
    """Say what is wrong with a file that is not of the kind its name says; None where it is."""
    if data[:4].startswith(_PICKLES):
        return "is a pickle, which runs code when it is loaded"
    ending = "." + path.rsplit(".", 1)[-1]
    if ending == ".py" and bytes(data) != CODE.read_bytes():
        return "is code that this project did not write; make the run again"
    if not data[:16].startswith(_BEGINNINGS.get(ending, b"")):
        return f"is no {ending} file inside"
    try:
        if ending == ".safetensors":
            (length,) = struct.unpack("<Q", data[:8])
            json.loads(data[8 : 8 + length] if length <= len(data) - 8 else b"")
        elif ending == ".json":
            json.loads(data[:])
        elif ending in (".md", ".yaml", ".txt") and "\0" in data[:].decode("utf-8"):
            return "is no text inside"
    except (ValueError, struct.error):
        return f"is no {ending} file inside"
    return None


def staying_home(run: RunFolder, uploads: Sequence[Upload]) -> list[str]:
    """Return the files and folders of the run that do not go up, for people to look at."""
    going = {upload.path.split("/")[0] for upload in uploads}
    return sorted(
        f"{path.name}/" if path.is_dir() else path.name for path in run.path.iterdir() if path.name not in going
    )
