"""Compressed files and archives: unpacked for as long as they are read."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyarrow as pa

from ...errors import UserError
from .other_kinds import in_shell

# What pyarrow calls them; gzip and its kin hold one file, under the name without their own ending.
STREAMS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".zstd": "zstd", ".lz4": "lz4", ".br": "brotli", ".xz": "xz"}
TARS = (".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz")
NOT_UNPACKED = {".7z": "7z x", ".rar": "unrar x", ".z": "uncompress"}


def is_archive(path: Path) -> bool:
    """Say by its name whether a file is compressed."""
    suffix = path.suffix.lower()
    return suffix in STREAMS or suffix == ".zip" or suffix in NOT_UNPACKED or path.name.lower().endswith(TARS)


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Yield the file, or the folder, that a compressed file holds; what is none is yielded as it is.

    Raises:
        UserError: it is damaged, locked, empty, or compressed in a way that is not read.
    """
    if path.is_dir() or not is_archive(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="textclf-unpacked-") as name:
        folder = Path(name) / path.name.split(".")[0]
        folder.mkdir()
        try:
            unpack(path, folder)
        except (OSError, EOFError, zipfile.BadZipFile, tarfile.TarError, RuntimeError, pa.ArrowException) as error:
            said = " ".join(str(error).split())
            raise UserError(f"{path.name} cannot be unpacked ({said}); unpack it and give what is inside.") from None
        files = [each for each in folder.rglob("*") if each.is_file() and not _of_the_system(each.relative_to(folder))]
        if not files:
            raise UserError(f"{path.name} is empty; expected a table of texts and labels in it.")
        yield files[0] if len(files) == 1 else folder


def unpack(path: Path, folder: Path) -> None:
    """Unpack one compressed file into a folder; nothing is written outside of it."""
    suffix = path.suffix.lower()
    if suffix in NOT_UNPACKED:
        command = f"`{NOT_UNPACKED[suffix]} {in_shell(path)}`"
        raise UserError(f"{path.name} is compressed in a way that is not read; unpack it: {command}.")
    if path.name.lower().endswith(TARS):
        with tarfile.open(path) as tar:
            tar.extractall(folder, filter="data")
    elif suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)  # leaves out what would lead outside
    elif suffix == ".xz":
        import lzma

        with lzma.open(path) as source, (folder / path.stem).open("wb") as sink:
            shutil.copyfileobj(source, sink)
    else:
        with (
            pa.input_stream(str(path), compression=STREAMS[suffix]) as source,
            (folder / path.stem).open("wb") as sink,
        ):
            shutil.copyfileobj(source, sink)


def laid_out(files: Sequence[Path], folder: Path, stack: ExitStack) -> tuple[list[Path], Path]:
    """Return a folder's files, what is compressed unpacked, and the folder above them.

    What lies there unpacked too is not unpacked once more. `stack` holds what is unpacked for as long as it is read.
    """
    packed = [path for path in files if is_archive(path) and not (path.parent / path.stem).exists()]
    plain = [path for path in files if not is_archive(path)]
    if not packed:
        return plain, folder
    root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="textclf-folder-"))) / folder.name
    places = {root / path.relative_to(folder): path.resolve() for path in plain}
    for path in packed:
        inner = stack.enter_context(unpacked(path))
        above = root / path.relative_to(folder).parent
        found = [inner] if inner.is_file() else [each for each in inner.rglob("*") if each.is_file()]
        for each in found:
            inside = each.name if inner.is_file() else f"{path.name.split('.')[0]}/{each.relative_to(inner)}"
            if not _of_the_system(Path(inside)):
                places.setdefault(above / inside, each)
    for link, path in places.items():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    return sorted(places), root


def _of_the_system(path: Path) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in path.parts)
