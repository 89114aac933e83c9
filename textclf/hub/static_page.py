"""A static page of a run on this machine: written into a folder with all that it needs, and served."""

from __future__ import annotations

import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from huggingface_hub import snapshot_download

from ..errors import UserError, run_command
from ..inference.onnx_folder import GATE, READ_TOO
from ..run_folder import RunFolder
from .space_folder import INT8, describe_run, has_int8, static_files

MODEL = "model"  # the folder of the model's files, in that of the page


class Handler(SimpleHTTPRequestHandler):
    """Serves files with the types that browsers ask for, and keeps no record."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".mjs": "text/javascript",
        ".js": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, *_: object) -> None:
        """Keep no record of visitors."""


def write_page(model: str, target: Path) -> None:
    """Write the page of a run folder or of a Hub repo into a folder, with the model's files.

    Raises:
        UserError: the model has no int8 file, the folder holds other things, or the runtime could not be fetched.
    """
    if target.exists() and any(target.iterdir()) and not (target / "page.json").exists():
        raise UserError(f"{target} holds other things than a page. Name an empty folder, or one that is not there.")
    folder = model
    if not Path(model).is_dir():
        wanted = [INT8, GATE, *READ_TOO, "evaluation.json", "audit.json", "recipe.yaml", "README.md"]
        folder = snapshot_download(model, allow_patterns=wanted)
    run = RunFolder(Path(folder))
    if not has_int8(run):
        raise UserError(
            f"A static page runs {INT8}, and {model} has none that did not fail its gate. To make it: "
            f"python export.py {model} --engine onnx-int8"
        )
    about = describe_run(run)
    if not Path(model).is_dir():
        about["name"] = model.split("/")[-1]
    files = static_files(run, about, f"{MODEL}/")
    (target / MODEL / "onnx").mkdir(parents=True, exist_ok=True)
    for upload in files:
        (target / upload.path).write_bytes(upload.data())
    for name in (INT8, GATE, *READ_TOO):
        shutil.copyfile(run.path / name, target / MODEL / name)


def write_and_serve(model: str, target: str, address: tuple[str, int]) -> None:
    """Write the page and serve it at (host, port) until Ctrl-C."""

    def work(_: object) -> None:
        write_page(model, Path(target))
        with ThreadingHTTPServer(address, partial(Handler, directory=target)) as server:
            print(f"The page is at http://{address[0]}:{server.server_port} (Ctrl-C ends it).", flush=True)
            server.serve_forever()

    run_command(work, [])
