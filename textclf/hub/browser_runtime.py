"""What runs a model in a browser: ONNX Runtime's WebAssembly and a tokenizer, pinned, fetched by npm once.

Kept beside the Hub's cache. Every file is checked against its SHA-256 whenever it is used.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

from huggingface_hub import constants

from ..errors import UserError
from .uploads import Upload

WASM = "ort.wasm"
SECONDS = 600  # for a download of 26 MB


class Package(NamedTuple):
    """A package, pinned, and the files that are taken out of it."""

    name: str  # as npm knows it, with its version
    files: dict[str, tuple[str, str]]  # path in the package -> name in the Space, SHA-256


PACKAGES = (
    Package(
        "onnxruntime-web@1.30.0",  # MIT; the plain build for one thread with SIMD: others are larger and no faster
        {
            "dist/ort.wasm.bundle.min.mjs": (
                "ort.mjs",
                "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
            ),
            "dist/ort-wasm-simd-threaded.wasm": (
                WASM,
                "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
            ),
        },
    ),
    Package(
        "@huggingface/tokenizers@0.2.0",  # Apache-2.0
        {
            "dist/tokenizers.min.mjs": (
                "tokenizers.mjs",
                "258e46332101335ce8d95aed7745b19ac3b46d37f3e159a89cf894c2ea9b1d3a",
            ),
        },
    ),
)
NAMES = tuple(name for package in PACKAGES for name, _ in package.files.values())


def runtime_folder() -> Path:
    """Return the folder that keeps the files between pushes."""
    return Path(constants.HF_HOME) / "textclf" / "browser"


def runtime_files() -> list[Upload]:
    """Return the files, fetched by npm where they are not kept yet.

    Raises:
        UserError: there is no npm, it failed, or what it brought is not what was pinned.
    """
    for package in PACKAGES:
        if any(not _is_right(runtime_folder() / name, digest) for name, digest in package.files.values()):
            _fetch(package)
    return [Upload(name, runtime_folder() / name) for name in NAMES]


def _is_right(path: Path, digest: str) -> bool:
    return path.is_file() and Upload("", path).sha256 == digest


def _fetch(package: Package) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise UserError(
            f"A static page needs {package.name}, which npm fetches once, and there is no npm here. Install Node.js "
            "(https://nodejs.org), then run the same command again; --space-kind gradio needs none."
        )
    runtime_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=runtime_folder(), prefix=".unfinished-") as place:
        command = [npm, "pack", package.name, "--ignore-scripts", "--silent", "--pack-destination", place]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise UserError(
                f"npm had not fetched {package.name} after {SECONDS} s. Run the same command again."
            ) from error
        archives = list(Path(place).glob("*.tgz"))
        if done.returncode != 0 or not archives:
            said = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise UserError(f"npm could not fetch {package.name}: {said}. Check the connection, and run it again.")
        with tarfile.open(archives[0]) as archive:
            for source, (name, digest) in package.files.items():
                target = Path(place, name)
                with target.open("wb") as file:
                    member = archive.extractfile(f"package/{source}")
                    assert member is not None  # a pinned package has it
                    shutil.copyfileobj(member, file)
                if not _is_right(target, digest):
                    raise UserError(
                        f"{source} of {package.name} is not the file that was pinned (SHA-256 {digest[:12]}...). "
                        "Somebody changed it on the way; nothing was kept."
                    )
                target.replace(runtime_folder() / name)
