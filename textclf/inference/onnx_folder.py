"""What `onnx/` of a run folder or Hub repo holds: exported files, and the gate they went through. Loads no torch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, get_args

import numpy as np
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from numpy.typing import NDArray

from ..errors import UserError, did_you_mean
from ..labels import LabelSpace
from .identity import checksum

Engine = Literal["torch", "onnx", "onnx-int8", "auto"]
# Where transformers.js and Text Embeddings Inference look for them; the quicker one first.
FILES: dict[Engine, str] = {"onnx-int8": "onnx/model_quantized.onnx", "onnx": "onnx/model.onnx"}
GATE = "onnx/gate.json"
READ_TOO = ("config.json", "tokenizer.json", "tokenizer_config.json")  # beside the .onnx file


@dataclass(frozen=True)
class Exported:
    """One exported engine of a folder, its files checked against the gate's checksums."""

    source: str  # as the user named it
    folder: Path
    engine: Engine
    gate: dict[str, Any]  # onnx/gate.json; ARCHITECTURE.md says what is in it

    @property
    def file(self) -> Path:
        """Return the .onnx file."""
        return self.folder / FILES[self.engine]

    @property
    def figures(self) -> dict[str, Any]:
        """Return what the gate says of this engine."""
        figures: dict[str, Any] = self.gate["engines"][self.engine]
        return figures

    @property
    def config(self) -> SimpleNamespace:
        """Return config.json as an object, with label ids as numbers, as Transformers reads it."""
        values = {"problem_type": None, "pad_token_id": None, "model_type": None} | _json(self.folder / "config.json")
        values["id2label"] = {int(number): name for number, name in values["id2label"].items()}
        return SimpleNamespace(**values)

    @property
    def tokenizer_config(self) -> dict[str, Any]:
        """Return tokenizer_config.json."""
        return _json(self.folder / "tokenizer_config.json")

    def thresholds(self, labels: LabelSpace) -> NDArray[np.float64] | None:
        """Return each label's cut [L] for this engine: its own, else those of config.json; None with one label."""
        cuts = self.figures.get("thresholds") or getattr(self.config, "thresholds", None)
        if not labels.multi_label or not cuts:
            return None
        return np.array([cuts[name] for name in labels.names], dtype=np.float64)


def read_gate(source: str | Path, revision: str | None = None) -> dict[str, Any]:
    """Return onnx/gate.json of a folder or Hub repo.

    Raises:
        UserError: there is none, or it is not what export.py wrote.
    """
    path = _fetched(source, GATE, revision)
    try:
        gate = _json(path)
        gate["engines"], gate["files"], gate["probes"]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{GATE} of '{source}' is not what export.py wrote. {_again(source)}") from error
    return gate


def open_exported(source: str | Path, engine: Engine, revision: str | None = None) -> Exported:
    """Return an engine of a folder or Hub repo whose files are those that went through the gate.

    Raises:
        UserError: it was not exported, or a file is missing, cut off, or belongs to another model.
    """
    gate = read_gate(source, revision)
    if engine not in gate["engines"]:
        known = ", ".join(gate["engines"])
        raise UserError(f"'{source}' was exported for {known}, not for {engine}. {_again(source)}")
    if "file" not in gate["engines"][engine]:
        raise UserError(
            f"The engine {engine} of '{source}' failed its gate, so its file was not kept: "
            f"{gate['engines'][engine]['reason']} Take --engine onnx or torch."
        )
    for name in (*READ_TOO, FILES[engine]):
        path = _fetched(source, name, revision)
        if path.suffix == ".onnx" and f"{name}_data" in gate["files"]:
            _check_file(_fetched(source, f"{name}_data", revision), gate["files"][f"{name}_data"], source)
        _check_file(path, gate["files"].get(name), source)
    folder = path.parents[1]
    for weights in sorted(folder.glob("model*.safetensors")):  # absent from a download for ONNX Runtime alone
        _check_file(weights, gate["files"].get(weights.name), source)
    return Exported(str(source), folder, engine, gate)


def check_folder(folder: Path) -> None:
    """Check a run folder's exported files, where it has any, against its gate.

    Raises:
        UserError: one is missing, or belongs to another training.
    """
    if (folder / "onnx").is_dir():
        for engine, row in read_gate(folder)["engines"].items():
            if "file" in row:
                open_exported(folder, engine)


def checked_engine(name: str) -> Engine:
    """Return the engine of a name.

    Raises:
        UserError: it is unknown.
    """
    known: dict[str, Engine] = {each: each for each in get_args(Engine)}
    if name not in known:
        raise UserError(f"--engine takes {', '.join(known)}; found {name!r}.{did_you_mean(name, known)}")
    return known[name]


def _fetched(source: str | Path, name: str, revision: str | None) -> Path:
    """Return the path of a file of a folder, or of a Hub repo's file, downloaded."""
    if Path(source).is_dir():
        path = Path(source, name)
        if path.is_file():
            return path
        raise UserError(f"'{source}' has no {name}, which ONNX Runtime needs. {_again(source)}")
    try:
        return Path(hf_hub_download(str(source), name, revision=revision))
    except (HFValidationError, LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        said = str(error).strip().splitlines()[0].rstrip(".")
        raise UserError(
            f"'{source}' could not be read as an exported classifier: no {name} ({said}). Give a run folder that "
            "`python export.py RUN` exported, or the id of such a model on the Hub; --engine torch needs no export."
        ) from error


def _check_file(path: Path, expected: str | None, source: str | Path) -> None:
    if expected is None or checksum(path) != expected:
        raise UserError(
            f"{path.name} of '{source}' is not the file that went through the gate in {GATE}: it was changed, cut "
            f"off, or belongs to another model. {_again(source)}"
        )


def _again(source: str | Path) -> str:
    return f"`python export.py {source}` makes it anew; --engine torch does without."


def _json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
