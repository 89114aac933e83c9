"""How often a run's test rows were scored: counted before scoring, so that a stop on the way counts too."""

from __future__ import annotations

import hashlib
import unicodedata
from pathlib import Path

from datasets import Dataset

from ..inference.classifier import texts_of
from ..run_folder import RunFolder

LEDGER = "test_scored.json"  # {fingerprint of test rows: times scored}; it stays on this machine


def fingerprint(rows: Dataset) -> str:
    """Return the SHA-256 of the texts of rows, whatever their order, their labels and their form of Unicode."""
    found = hashlib.sha256()
    for digest in sorted(
        _digest(text if isinstance(text, str) else "\0".join(map(str, text))) for text in texts_of(rows)
    ):
        found.update(digest)
    return found.hexdigest()


def count_scoring(run: RunFolder, test: Dataset) -> int:
    """Count one more scoring of a run's test rows, and return how many there were with it."""
    ledger, rows = _read(run), fingerprint(test)
    if not ledger and (run.path / "evaluation.json").exists():  # of a run that kept no ledger yet
        ledger[rows] = int(run.read_json("evaluation.json").get("test_scored", 0))
    ledger[rows] = ledger.get(rows, 0) + 1
    run.write_json(LEDGER, ledger)
    return ledger[rows]


def count_if_own(model: str, rows: Dataset) -> str | None:
    """Count a scoring by another command, if rows are the test rows of a run in the folder `model`; say so then."""
    run = RunFolder(Path(model))
    if not (run.path / LEDGER).exists() or fingerprint(rows) not in _read(run):
        return None
    times = count_scoring(run, rows)
    if (run.path / "evaluation.json").exists():
        run.write_json("evaluation.json", run.read_json("evaluation.json") | {"test_scored": times})
    return f"These are the run's own test rows, scored {times} times by now; choosing by them takes new ones."


def _read(run: RunFolder) -> dict[str, int]:
    return run.read_json(LEDGER) if (run.path / LEDGER).exists() else {}


def _digest(text: str) -> bytes:
    return hashlib.sha256(unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")).digest()
