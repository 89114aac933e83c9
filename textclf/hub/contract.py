"""The contract of a published model: loaded by its id, it gives the labels and scores that were measured."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
from huggingface_hub import get_token

from ..errors import UserError
from ..run_folder import RunFolder, is_clustered
from .network import scrubbed
from .uploads import Upload

PROCESS = Path(__file__).with_name("contract_process.py")
ROWS = 64  # of the test split; a tiny share of a large one, but longest texts and pairs are among them
LONGEST = 16
# Scores computed in fp32 in other batches differ by 1e-6 on one machine, and by more between a GPU and a CPU.
TOLERANCE, TOLERANCE_GPU = 1e-5, 1e-3
# What the process may know of this one's environment; everything else of the Hub's settings is left out.
_KEPT = {"HF_ENDPOINT", "HF_HUB_DISABLE_XET", "HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_UPDATE_CHECK"}
_LEFT_OUT = ("HF_", "HUGGING", "TRANSFORMERS_", "PYTHON")
TIME_LIMIT = 900.0  # seconds for download and 64 texts


class Agreement(NamedTuple):
    """How well a published model agrees with its run."""

    rows: int
    largest_difference: float


def check_contract(run: RunFolder, repo_id: str, revision: str, uploads: Sequence[Upload]) -> Agreement:
    """Load a repo in a fresh process with an empty cache and compare checksums, labels and scores.

    The process can import nothing of this project and gets the token through its environment only.

    Raises:
        UserError: something differs (with what), or the model cannot be loaded at all.
    """
    request = _request(run, repo_id, revision, uploads)
    with tempfile.TemporaryDirectory(prefix="textclf-contract-") as folder:
        path = Path(folder, "request.json")
        path.write_text(json.dumps(request, ensure_ascii=False), encoding="utf-8")
        answer = _ask(path, repo_id)
    if answer["differences"]:
        shown = "\n".join(f"  {line}" for line in answer["differences"][:10])
        raise UserError(
            f"{repo_id} at {revision[:8]} is not the model that was measured in {run.path}:\n{shown}\n"
            "Run the same command again."
        )
    return Agreement(len(request["rows"]), answer["largest"])


def _ask(path: Path, repo_id: str) -> dict[str, Any]:
    """Run the process and return its answer."""
    environment = {
        name: value for name, value in os.environ.items() if name in _KEPT or not name.upper().startswith(_LEFT_OUT)
    }
    environment |= {
        "HF_HOME": str(path.parent / "home"),
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "DISABLE_SAFETENSORS_CONVERSION": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "TOKENIZERS_PARALLELISM": "false",
    }
    if token := get_token():
        environment["HF_TOKEN"] = token
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(PROCESS), str(path)],
            cwd=path.parent,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=TIME_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UserError(
            f"{repo_id} was uploaded, but loading it took more than {TIME_LIMIT:.0f} s, so it is not checked. "
            "Run the same command again."
        ) from error
    if done.returncode != 0:
        raise UserError(
            f"{repo_id} was uploaded, but a fresh process cannot load it: {scrubbed(_raised(done.stderr))} "
            "Run the same command again."
        )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _raised(errors: str) -> str:
    """Return the error that a traceback ends with; further lines of its message say less than the first."""
    found = re.findall(r"^Traceback .*\n(?:[ \t].*\n)+(?:[\w.]*\.)?(\S.*)", errors, flags=re.M)
    reason = (found or errors.strip().splitlines() or ["no message"])[-1]
    return reason if reason.endswith(".") else f"{reason}."


def _request(run: RunFolder, repo_id: str, revision: str, uploads: Sequence[Upload]) -> dict[str, Any]:
    evaluation = run.read_json("evaluation.json")
    tolerance = TOLERANCE if evaluation.get("scored_on") == "cpu" else TOLERANCE_GPU
    several = evaluation["task"] == "multi_label_classification"
    cuts = run.read_json("config.json").get("thresholds") or {}
    limits = np.array([cuts.get(name, 0.5) for name in evaluation["labels"]])
    columns = pq.read_table(run.path / "predictions" / "test.parquet").to_pydict()
    rows = []
    for i in _chosen(columns):
        scores = columns["scores"][i]
        rows.append(
            {
                "row": i,
                "text": columns["text"][i],
                "text_pair": columns["text_pair"][i],
                "scores": scores,
                "predicted": columns["predicted"][i] if several else [columns["predicted"][i]],
                "decided": _is_decided(np.array(scores), limits if several else None, tolerance),
            }
        )
    return {
        "repo_id": repo_id,
        "revision": revision,
        "labels": evaluation["labels"],
        "several": several,
        "trust_remote_code": is_clustered(run.path),  # which is this project's own: `inspection` lets no other pass
        "tolerance": tolerance,
        "rows": rows,
        "files": [{"path": u.path, "sha256": u.sha256, "git": u.git_id} for u in uploads],
    }


def _chosen(columns: dict[str, list[Any]]) -> list[int]:
    """Return the rows to compare: the longest texts, and others evenly spread over the split."""
    lengths = [len(text) + len(pair or "") for text, pair in zip(columns["text"], columns["text_pair"], strict=True)]
    longest = sorted(range(len(lengths)), key=lambda i: -lengths[i])[:LONGEST]
    spread = np.linspace(0, len(lengths) - 1, min(len(lengths), ROWS - len(longest)), dtype=int)
    return sorted({*longest, *map(int, spread)})


def _is_decided(scores: np.ndarray[Any, Any], cuts: np.ndarray[Any, Any] | None, tolerance: float) -> bool:
    """Say whether a decision is no toss-up within the tolerance: there a label may turn over."""
    if cuts is not None:
        return bool(np.abs(scores - cuts).min() > tolerance)
    best = np.sort(scores)[-2:]
    return len(best) < 2 or bool(best[1] - best[0] > 2 * tolerance)
