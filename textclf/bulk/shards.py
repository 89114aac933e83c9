"""A shard: read, scored, written under a temporary name, renamed, and vouched for by a receipt. Done once, or again.

A receipt says which rows went in (a hash of their texts), which came out and with which answers, and by which plan.
Its `content` adds up over the shards to the same number however the work was cut.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..data.provenance import hash_file
from ..errors import UserError
from ..inference.answers import Prediction, Scorer, Text, predictions
from ..run_folder import RunFolder
from .columns import Answers, texts_of_table, with_answers
from .formats import as_cell, is_formula, open_writer
from .plan import Plan, Stretch, tables_of
from .sources import BadRow, Source

MODULUS = 2**256
CHUNK = 4096  # texts that the classifiers sort and batch together, counted from the first of a call
BLOCKS_A_CALL = 4  # while one chunk is computed, the next is tokenised
NO_TEXT = "no text"
Item = TypeVar("Item")


@dataclass(frozen=True)
class Job:
    """Everything that labelling a shard takes but the model."""

    plan: Plan
    sources: Sequence[Source]
    answers: Answers
    schema: pa.Schema
    folder: Path
    on_bad_row: str
    safe_csv: bool

    @property
    def text_columns(self) -> list[str]:
        """Return the names of the text columns."""
        return list(self.plan.content["text_columns"])


def part_name(job: Job, shard: int) -> str:
    """Return the name of a shard's file."""
    return f"part-{shard:05d}-of-{job.plan.shards:05d}.{job.answers.kind}"


def receipt_name(shard: int) -> str:
    """Return the name of a shard's receipt; readers of data folders pass over names that begin with `_`."""
    return f"_receipts/{shard:05d}.json"


def read_receipt(folder: Path, plan: Plan, shard: int) -> dict[str, Any] | None:
    """Return the receipt of a shard that is done by this plan, else None."""
    path = folder / receipt_name(shard)
    try:
        receipt = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    done = receipt.get("plan") == plan.identity and (folder / receipt.get("output", "")).is_file()
    return receipt if done else None


def label_shard(job: Job, shard: int, scorer: Scorer, tell: Callable[[int], object]) -> dict[str, Any]:
    """Label one shard and return its receipt; one that is done already is left alone.

    Args:
        job: the rows, the output and the plan.
        shard: which one.
        scorer: the model.
        tell: is called with the number of rows of each block that was labelled.

    Raises:
        UserError: a row without a text where none may be, or a model that gives no numbers.
    """
    if (done := read_receipt(job.folder, job.plan, shard)) is not None:
        return done
    began = time.monotonic()
    tally = _Tally(job)
    output = RunFolder(job.folder)
    stretches = job.plan.stretches(shard)

    def write(path: Path) -> None:
        writer = open_writer(path, job.answers.kind, job.schema, tally.cell)
        try:
            size = int(job.plan.content["block_rows"])
            blocks = BLOCKS_A_CALL if size % CHUNK == 0 else 1  # where the model chunks texts as blocks do anyway
            for place, table in _ahead(tables_of(job.sources, stretches, size, blocks)):
                writer.write(_labelled(job, scorer, place, table, tally))
                tell(len(table))
        finally:
            writer.close()

    output.write(part_name(job, shard), write)
    path = job.folder / part_name(job, shard)
    receipt = {
        "plan": job.plan.identity,
        "shard": shard,
        "of": job.plan.shards,
        "first_row": job.plan.first_row(shard),
        "rows": sum(stretch.rows for stretch in stretches),
        "written": tally.written,
        "bad_rows": [f"{bad.place}: {bad.reason}" for bad in tally.bad],
        "on_bad_row": job.on_bad_row,
        "formulas": tally.formulas,
        "input_sha256": tally.texts.hexdigest(),
        "content": f"{tally.content:064x}",
        "model": job.plan.content["model"],
        "engine": job.plan.content["engine"],
        "output": path.name,
        "bytes": path.stat().st_size,
        "output_sha256": hash_file(path),
        "seconds": round(time.monotonic() - began, 3),
    }
    output.write_json(receipt_name(shard), receipt)
    return receipt


class _Tally:
    """What a receipt counts while its shard is written."""

    def __init__(self, job: Job) -> None:
        self.texts, self.content, self.written, self.formulas = hashlib.sha256(), 0, 0, 0
        self.bad: list[BadRow] = []
        self._block_rows = int(job.plan.content["block_rows"])
        self._safe = job.safe_csv and job.answers.kind in ("csv", "tsv")

    def cell(self, cell: str) -> str:
        """Return a CSV cell as it is written; formulas are counted."""
        if not is_formula(cell):
            return cell
        self.formulas += 1
        return f"'{cell}" if self._safe else cell

    def add_texts(self, table: pa.Table, names: Sequence[str]) -> None:
        """Take note of the texts that are written, as they are written."""
        for cells in zip(*(table[name].to_pylist() for name in names), strict=True):
            shown = [as_cell(cell) for cell in cells]
            self.texts.update(text_line([f"'{c}" if self._safe and is_formula(c) else c for c in shown]))
        self.written += len(table)

    def add_answers(
        self, block: int, texts: Sequence[Text | None], labels: Sequence[Any], scores: NDArray[np.float32]
    ) -> None:
        """Take note of the answers of some blocks, each on its own."""
        for number, start in enumerate(range(0, len(texts), self._block_rows)):
            rows = slice(start, start + self._block_rows)
            told = json.dumps([block + number, texts[rows], labels[rows]], ensure_ascii=True).encode()
            digest = hashlib.sha256(told + np.ascontiguousarray(scores[rows]).tobytes()).digest()
            self.content = (self.content + int.from_bytes(digest, "big")) % MODULUS


def text_line(cells: Sequence[str]) -> bytes:
    """Return what the hash of texts reads of one row."""
    return json.dumps(list(cells)).encode() + b"\n"


def _ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Fetch the next item while the one before it is used."""
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, items, None)
        while (item := following.result()) is not None:
            following = pool.submit(next, items, None)
            yield item


def _labelled(job: Job, scorer: Scorer, place: Stretch, table: pa.Table, tally: _Tally) -> pa.Table:
    """Score a block and return its rows with their answers."""
    texts = texts_of_table(table, job.text_columns)
    bad = [row for row, text in enumerate(texts) if text is None]
    tally.bad += [BadRow(job.sources[place.source].place(place.first + row), NO_TEXT) for row in bad]
    if bad and job.on_bad_row == "error":
        raise UserError(
            f"{tally.bad[-len(bad)].place}: {NO_TEXT}. --on_bad_row keep writes such rows without a label, "
            "--on_bad_row skip leaves them out; what is done already stays done."
        )
    # A row without a text is scored too, as an empty one, so that those behind it keep their batch mates.
    scores = scorer.scores(["" if text is None else text for text in texts])
    scores[bad] = 0
    if not np.isfinite(scores).all():
        row = int(np.flatnonzero(~np.isfinite(scores).all(axis=1))[0])
        where = job.sources[place.source].place(place.first + row)
        raise UserError(f"The model gives no numbers (NaN) for {where}: its weights are damaged.")
    found: list[Prediction | None] = [*predictions(scores, scorer.labels, scorer.thresholds, job.answers.promises)]
    for row in bad:
        found[row] = None
    tally.add_answers(place.block, texts, [None if p is None else p.labels for p in found], scores)
    labelled = with_answers(table, job.schema, job.answers.arrays(found, scores))
    if bad and job.on_bad_row == "skip":
        labelled = labelled.take(pa.array(np.setdiff1d(np.arange(len(texts)), bad)))
    tally.add_texts(labelled, job.text_columns)
    return labelled
