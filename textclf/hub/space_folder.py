"""The folder `space/`: what a Space consists of, and its modules, which import nothing of this package."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Any, Literal

from ..house import HOUSE, PACKAGE
from ..inference.onnx_folder import FILES, GATE, READ_TOO
from ..inference.promises import KEYS
from ..run_folder import RunFolder
from .browser_runtime import WASM, runtime_files
from .uploads import Upload

FOLDER = HOUSE / "space"
STATIC = FOLDER / "static"
ATTRIBUTION = PACKAGE / "evaluation" / "attribution.py"
MODULES = (
    *("answering.py", "app.py", "batch.py", "deciding.py", "describing.py", "page.py", "page_html.py"),
    *("scoring.py", "waiting.py", "weighing.py"),
)
GRADIO = (*MODULES, "style.css", "words.json", "little_words.json")
REQUIREMENTS = {"torch": "requirements.txt", "onnx": "requirements-onnx.txt"}
SHARED = ("style.css", "words.json", "little_words.json")  # of the two kinds
BROWSER = (
    "index.html",
    "page.js",
    "view.js",
    "deciding.js",
    "many.js",
    "table.js",
    "worker.js",
    "classifier.js",
    "static.css",
)
INT8, FULL = FILES["onnx-int8"], FILES["onnx"]
PAGE = "page.json"


def load_module(name: str) -> ModuleType:
    """Import a module of `space/`, where each finds the others by their plain names, as it does in a Space."""
    if str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))  # last: nothing of ours or of others is hidden by it
    return importlib.import_module(name)


def gradio_files(engine: Literal["torch", "onnx"]) -> list[Upload]:
    """Return the files of a Gradio Space that are the same for every model that this engine scores."""
    uploads = [*(Upload(name, FOLDER / name) for name in GRADIO)]
    uploads.append(Upload("requirements.txt", FOLDER / REQUIREMENTS[engine]))
    return [*uploads, Upload("attribution.py", ATTRIBUTION)] if engine == "torch" else uploads


def static_files(run: RunFolder, about: dict[str, Any], base: str) -> list[Upload]:
    """Return the files of a static page but for its header; `base` is where the browser finds the model's files."""
    runtime = runtime_files()
    return [
        *(Upload(name, STATIC / name) for name in BROWSER),
        *(Upload(name, FOLDER / name) for name in SHARED),
        *runtime,
        page_file(run, about, base, runtime),
    ]


def page_file(run: RunFolder, about: dict[str, Any], base: str, runtime: Sequence[Upload] = ()) -> Upload:
    """Return page.json: what the static page says, its large files with their checksums, int8's own promises."""
    own = run.read_json(GATE)["engines"]["onnx-int8"].get("promises", {})  # torch's were not tested on int8's scores
    listed = {
        "files": _listed(Upload(name, run.path / name) for name in (INT8, GATE, *READ_TOO)),
        "runtime": _listed(each for each in runtime if each.path == WASM),  # browsers keep modules themselves
    }
    page = {**about, **{key: own.get(key) for key in KEYS}, "base": base, **listed}
    return Upload(PAGE, json.dumps(page, ensure_ascii=False, indent=1).encode())


def _listed(uploads: Iterable[Upload]) -> dict[str, Any]:
    """Return the sizes and checksums by which the browser keeps files and checks them."""
    return {each.path: {"bytes": each.size, "sha256": each.sha256} for each in uploads}


def describe_run(run: RunFolder, languages: list[str] | None = None) -> dict[str, Any]:
    """Return what the static page of a run says, from the run's own files."""
    limit = int(run.read_json("tokenizer_config.json").get("model_max_length") or 512)
    about: dict[str, Any] = load_module("describing").describe(
        str(run.path), run.read_json("config.json"), run.read_json("evaluation.json"), limit=limit, languages=languages
    )
    return about | {"copy": load_module("describing").copy_of(run.read_json(GATE), "onnx-int8")}


def has_int8(run: RunFolder, *, named: bool = True) -> bool:
    """Say whether a run has an int8 file that passed its gate, or where a static page was `named`, did not fail it."""
    if not (run.path / GATE).is_file() or not (run.path / INT8).is_file():
        return False
    row = run.read_json(GATE).get("engines", {}).get("onnx-int8", {})
    return "file" in row and (named or row.get("outcome") == "passed")
