"""How often a run's test rows were scored: counted before scoring, so that a stop on the way counts too."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
from datasets import Dataset

from ..inference.answers import Text
from ..inference.classifier import texts_of
from ..run_folder import RunFolder

LEDGER = "test_scored.json"  # {fingerprint of test rows: times scored}; it stays on this machine


def fingerprint(rows: Dataset) -> str:
    """Return the SHA-256 of the texts of rows, whatever their order, their labels and their form of Unicode."""
    found = hashlib.sha256()
    for digest in sorted(map(_digest, texts_of(rows))):
        found.update(digest)
    return found.hexdigest()


def count_scoring(run: RunFolder, test: Dataset) -> int:
    """Count one more scoring of a run's test rows, and return how many there were with it."""
    return _count(run, fingerprint(test))


def count_if_own(model: str, rows: Dataset) -> str | None:
    """Count a scoring by another command, if rows are test rows of a run in the folder `model`; say so then.

    A part of them counts as all do: half of the test rows, or rows of which half are test rows.
    """
    run = RunFolder(Path(model))
    ledger = _read(run)
    if not ledger:
        return None
    whole, named = fingerprint(rows), "These are the run's own test rows"
    if whole not in ledger:
        given, test = Counter(_single(text) for text in texts_of(rows)), _test_texts(run)
        shared = (given & test).total()
        if not shared or 2 * shared < min(given.total(), test.total()):
            return None
        whole = next(iter(ledger))  # the first rows that were counted are those that the run was measured on
        named = f"{shared:,} of these {given.total():,} texts are test texts of the run"
    times = _count(run, whole)
    if (run.path / "evaluation.json").exists():
        run.write_json("evaluation.json", run.read_json("evaluation.json") | {"test_scored": times})
    return f"{named}, scored {times} times by now; choosing by them takes new ones."


def _count(run: RunFolder, rows: str) -> int:
    ledger = _read(run)
    if not ledger and (run.path / "evaluation.json").exists():  # of a run that kept no ledger yet
        ledger[rows] = int(run.read_json("evaluation.json").get("test_scored", 0))
    ledger[rows] = ledger.get(rows, 0) + 1
    run.write_json(LEDGER, ledger)
    return ledger[rows]


def _read(run: RunFolder) -> dict[str, int]:
    return run.read_json(LEDGER) if (run.path / LEDGER).exists() else {}


def _test_texts(run: RunFolder) -> Counter[bytes]:
    """Count a run's test texts by their digests, as far as it still holds them."""
    path = run.path / "predictions" / "test.parquet"
    if not path.exists():
        return Counter()
    table = pq.read_table(path, columns=["text", "text_pair"])
    return Counter(map(_single, zip(*(table[name].to_pylist() for name in table.column_names), strict=True)))


def _single(text: Text) -> bytes:
    """Return a text's digest, of a pair whose second text is null or empty that of the first."""
    return _digest(text[0] if not isinstance(text, str) and not text[1] else text)


def _digest(text: Text) -> bytes:
    whole = text if isinstance(text, str) else "\0".join(map(str, text))
    return hashlib.sha256(unicodedata.normalize("NFC", whole).encode("utf-8", "surrogatepass")).digest()
