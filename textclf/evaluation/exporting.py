"""Export of a finished run for ONNX Runtime: each engine's file goes through the gate before it is kept."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ..data.shaping import GUARANTEE
from ..inference.answers import Text, activate
from ..inference.classifier import Classifier
from ..inference.identity import checksum
from ..inference.onnx_classifier import OnnxClassifier
from ..inference.onnx_export import export, write_onnx
from ..inference.onnx_folder import FILES, GATE, READ_TOO, Engine, Exported
from ..inference.probes import PROBES
from ..inference.promises import KEYS
from ..inference.quantization import fold, quantize
from ..run_folder import VALIDATION_LEARNED, RunFolder, refuse_clustered
from .baselines.fitted import deciding_metric
from .calibration import fit_scales
from .gate import judge
from .page.engines import renew_engines
from .predictions import read_predictions
from .promises import fit_promises, options_of
from .report import Report, report_on
from .thresholds import bake, choose

VERSIONS = ("transformers", "torch", "onnx", "onnxscript", "onnxruntime", "tokenizers")


class Validation(NamedTuple):
    """What the gate measures on: the run's own validation rows, with torch's scores of them."""

    texts: list[Text]
    gold: NDArray[np.int64]  # [N], or 0/1 [N, L]
    reference: Report
    metric: str
    draws: int
    learned: bool = False  # by the model, in the end: then they say nothing of other texts


def export_run(run: RunFolder, engines: Sequence[Engine] = tuple(FILES), draws: int = 1000) -> dict[str, Any]:
    """Write `onnx/` of a run: the files of those engines that did not fail their gate, and gate.json; return that.

    evaluation.json gets a row an engine. Whatever was in `onnx/` before is replaced.

    Raises:
        UserError: the model's family is not known to export.
    """
    refuse_clustered(run.path, "Export")
    classifier = Classifier.load(run.path, device="cpu")
    validation = read_validation(run, classifier, draws)
    with tempfile.TemporaryDirectory(prefix=".unfinished-onnx-", dir=run.path) as name:
        folder = Path(name)
        for file in READ_TOO:
            shutil.copyfile(run.path / file, folder / file)
        (folder / "onnx").mkdir()
        write_onnx(export(classifier.model, classifier.tokenizer), folder / FILES["onnx"])
        found: dict[str, dict[str, Any]] = {}
        if "onnx-int8" in engines:
            plain = OnnxClassifier(_staged(folder, "onnx", {}))
            quantize(folder / FILES["onnx"], folder / FILES["onnx-int8"], plain.inputs_of(PROBES))
            settled = _settle(folder, run.read_json("evaluation.json"), validation)
            settled["promises"] = _own_promises(run, folder, settled, validation)
            found["onnx-int8"] = _through_the_gate(folder, validation, "onnx-int8", settled)
        if "onnx" in engines:
            found["onnx"] = _through_the_gate(folder, validation, "onnx", {})
        else:
            (folder / FILES["onnx"]).unlink()
        gate = _gate(run, folder, found)
        (folder / GATE).write_text(json.dumps(gate, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        run.write("onnx", lambda path: (folder / "onnx").replace(path))
    _keep_rows(run, gate)
    return gate


def read_validation(run: RunFolder, classifier: Classifier, draws: int) -> Validation:
    """Read a run's validation rows, their gold labels and torch's scores of them, as `predictions/` holds them.

    There they are those from before, where the model has learned these texts since: it is asked anew.
    """
    labels = classifier.labels
    rows = read_predictions(run, "validation", labels)
    evaluation = run.read_json("evaluation.json")
    metric = deciding_metric(evaluation["selection"]["metric"], labels)
    learned = bool((evaluation.get("training") or {}).get(VALIDATION_LEARNED))
    scores = classifier.scores(rows.texts) if learned else rows.scores
    reference = report_on(scores, rows.gold, labels, rows.thresholds, draws)
    return Validation(rows.texts, rows.gold, reference, metric, draws, learned)


def _through_the_gate(folder: Path, validation: Validation, engine: Engine, settled: dict[str, Any]) -> dict[str, Any]:
    """Measure one exported file; a failed one is removed. Return what gate.json says of it."""
    classifier = OnnxClassifier(_staged(folder, engine, settled))
    scores = classifier.scores(validation.texts)
    report = report_on(scores, validation.gold, classifier.labels, classifier.thresholds, validation.draws)
    judgement = judge(report, validation.reference, validation.metric, learned=validation.learned)
    row: dict[str, Any] = {"outcome": judgement.outcome, "reason": judgement.reason, **judgement.figures, **settled}
    if judgement.outcome == "failed":
        classifier.file.unlink()
        return row
    return row | {
        "file": FILES[engine],
        "bytes": classifier.file.stat().st_size,
        "probe_logits": [[round(float(value), 5) for value in row] for row in classifier.logits(PROBES)],
    }


def _settle(folder: Path, evaluation: dict[str, Any], validation: Validation) -> dict[str, Any]:
    """Calibrate the int8 file on validation, as the run was, and choose its own cuts; return them for gate.json.

    On texts that the model has learned nothing is chosen: calibration and cuts of the checkpoint stay.
    """
    if validation.learned:
        return {}
    exported = _staged(folder, "onnx-int8", {})
    labels, aim = validation.reference.labels, evaluation.get("thresholds")
    logits = OnnxClassifier(exported).logits(validation.texts)
    settled: dict[str, Any] = {}
    scale, shift = np.ones(len(labels)), np.zeros(len(labels))
    if evaluation.get("calibration"):
        scales = fit_scales(logits, validation.gold, labels)
        scale, shift = scales.scale, scales.shift
        settled["calibration"] = {"method": scales.method, "scale": scale.tolist(), "shift": shift.tolist()}
    if aim:
        chosen = choose(activate(logits * scale + shift, labels), validation.gold, aim["aim"], shift)
        if aim["baked"]:
            shift = shift + bake(chosen)
        settled["thresholds"] = dict.fromkeys(labels.names, 0.5) if aim["baked"] else chosen.by_name(labels)
    fold(exported.file, scale, shift)
    return settled


def _own_promises(run: RunFolder, folder: Path, settled: dict[str, Any], validation: Validation) -> dict[str, Any]:
    """Fit the checkpoint's promises to int8's scores, on the rows kept for that: {} where it has none, or none held.

    torch's cuts promise nothing of scores that they were not tested on.
    """
    config = run.read_json("config.json")
    stated = {key: config[key] for key in KEYS if key in config}
    if not stated or not (run.path / "predictions" / f"{GUARANTEE}.parquet").is_file():
        return {}
    classifier = OnnxClassifier(_staged(folder, "onnx-int8", settled))
    kept = read_predictions(run, GUARANTEE, classifier.labels)
    reports = [
        report_on(classifier.scores(rows.texts), rows.gold, classifier.labels, classifier.thresholds, draws=0)
        for rows in (validation, kept)
    ]
    return fit_promises(options_of(stated), *reports).config


def _staged(folder: Path, engine: Engine, settled: dict[str, Any]) -> Exported:
    return Exported(str(folder), folder, engine, {"engines": {engine: settled}, "files": {}, "probes": PROBES})


def _gate(run: RunFolder, folder: Path, found: dict[str, Any]) -> dict[str, Any]:
    """Return gate.json: whose files these are, how every engine did, and the probes to check a file by."""
    ours = [folder / name for name in READ_TOO] + sorted((folder / "onnx").iterdir())
    weights = sorted(run.path.glob("model*.safetensors"))
    return {
        "files": {path.relative_to(folder).as_posix(): checksum(path) for path in ours}
        | {path.name: checksum(path) for path in weights},
        "instruction_set": sorted(name for name, there in torch.cpu.get_capabilities().items() if there is True),
        "versions": {name: version(name) for name in VERSIONS},
        "engines": found,
        "probes": list(PROBES),
    }


def _keep_rows(run: RunFolder, gate: dict[str, Any]) -> None:
    """Give evaluation.json and the page a row an engine: what the gate found, but the numbers of single sentences."""
    left_out = {"probe_logits", "calibration", "thresholds"}
    rows = {name: {k: v for k, v in row.items() if k not in left_out} for name, row in gate["engines"].items()}
    run.write_json("evaluation.json", run.read_json("evaluation.json") | {"engines": rows})
    renew_engines(run)
