"""The proof that an output is whole: every row of the input is there exactly once, in order, as it was written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from ..data.provenance import hash_file
from ..errors import UserError
from .formats import format_of, read_cells
from .plan import Plan
from .shards import MODULUS, read_receipt, text_line
from .sources import Source

PLAN = "_plan.json"


class Proof(NamedTuple):
    """What was proven."""

    rows: int
    written: int
    shards: int
    bad_rows: list[str]
    formulas: int
    """Cells of a CSV that a spreadsheet would run."""
    content: str
    """Equal for equal answers to equal rows, however the work was cut, in whatever format they were written."""

    def sentence(self, output: Path) -> str:
        """Return it as a line for people."""
        left = self.rows - self.written
        said = f"{output}: every one of {self.rows:,} rows was labelled exactly once ({self.shards:,} shards)"
        said += f", {left:,} of them left out" if left else ""
        return f"{said}; content {self.content[:16]}."


def receipt_of_file(output: Path) -> Path:
    """Return where the receipt of an output that is one file lies."""
    return output.with_name(f"{output.name}.receipt.json")


def check(output: Path) -> Proof:
    """Prove that an output is whole.

    Raises:
        UserError: it is not, or was changed: what is missing, and what to type.
    """
    if format_of(output):
        return _check_file(output)
    plan = read_plan(output)
    receipts, missing = [], []
    for shard in range(plan.shards):
        receipt = read_receipt(output, plan, shard)
        missing += [shard] if receipt is None else []
        receipts += [] if receipt is None else [receipt]
    if missing:
        named = ", ".join(map(str, missing[:8])) + (" ..." if len(missing) > 8 else "")
        raise UserError(
            f"{output}: {len(missing):,} of {plan.shards:,} shards are not done ({named}). The command that began "
            f"them goes on with them; one alone: --shard {missing[0]}/{plan.shards}."
        )
    for receipt in receipts:
        _check_part(output / receipt["output"], receipt, plan)
    return summed(plan, receipts)


def read_plan(folder: Path) -> Plan:
    """Read the plan of a folder of parts.

    Raises:
        UserError: there is none.
    """
    try:
        return Plan(json.loads((folder / PLAN).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        raise UserError(
            f"{folder} holds no labelling of predict.py (no {PLAN}). Give the --output of a predict.py that has run."
        ) from None


def summed(plan: Plan, receipts: list[dict[str, Any]]) -> Proof:
    """Add up the receipts of all shards.

    Raises:
        UserError: their rows do not follow each other from the first to the last.
    """
    following = 0
    for receipt in receipts:
        if receipt["first_row"] != following:
            raise UserError(f"Shard {receipt['shard']} begins at row {receipt['first_row']}, not {following}.")
        following += receipt["rows"]
    if following != plan.rows:
        raise UserError(f"The shards hold {following:,} rows, the input has {plan.rows:,}.")
    content = sum(int(receipt["content"], 16) for receipt in receipts) % MODULUS
    written = sum(receipt["written"] for receipt in receipts)
    bad = [row for receipt in receipts for row in receipt["bad_rows"]]
    formulas = sum(receipt["formulas"] for receipt in receipts)
    return Proof(following, written, len(receipts), bad, formulas, f"{content:064x}")


def _check_part(path: Path, receipt: dict[str, Any], plan: Plan) -> None:
    """Read a file again: its bytes, and the texts of each stretch of rows that it holds."""
    if not path.is_file():
        raise UserError(f"{path} is gone. Run the same predict.py again.")
    if hash_file(path) != receipt["output_sha256"]:
        raise UserError(f"{path} was changed after it was written. Remove it and run the same predict.py again.")
    cells = read_cells(path, str(plan.content["format"]), plan.content["text_columns"])
    for stretch in receipt.get("stretches", [receipt]):
        texts, rows = hashlib.sha256(), 0
        for row in islice(cells, stretch["written"]):
            texts.update(text_line(row))
            rows += 1
        if rows != stretch["written"] or texts.hexdigest() != stretch["input_sha256"]:
            raise UserError(f"{path} holds other rows than its receipt says. Remove it and run predict.py again.")
    if next(cells, None) is not None:
        raise UserError(f"{path} holds more rows than its receipt says. Remove it and run predict.py again.")


def _check_file(output: Path) -> Proof:
    parts, path = output.with_name(f"{output.name}.parts"), receipt_of_file(output)
    if not path.is_file():
        hint = f" It is not finished: `predict.py --check {parts}` says what is missing." if parts.is_dir() else ""
        raise UserError(f"{output} has no receipt ({path.name}): predict.py did not write it to its end.{hint}")
    kept = json.loads(path.read_text(encoding="utf-8"))
    plan = Plan(kept["plan"])
    _check_part(output, kept, plan)
    return Proof(plan.rows, kept["written"], plan.shards, kept["bad_rows"], kept["formulas"], kept["content"])


def check_inputs(output: Path, sources: Sequence[Source]) -> None:
    """Compare the rows that an output was made of with what lies there now.

    Raises:
        UserError: they are others.
    """
    plan = Plan(json.loads(receipt_of_file(output).read_text(encoding="utf-8"))["plan"]) if format_of(output) else None
    recorded = (plan or read_plan(output)).content["inputs"]
    now = [source.identity for source in sources]
    if [each["identity"] for each in recorded] != now:
        names = ", ".join(each["name"] for each in recorded)
        raise UserError(f"{output} was made of other rows than these: of {names}, as they were then.")
