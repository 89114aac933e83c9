"""From a command line to a labelled output: plan, label what is not done yet, put the parts together, prove."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tqdm.auto import tqdm

from ..data.provenance import hash_file
from ..errors import UserError, process_index
from ..inference.identity import model_revision
from ..run_folder import RunFolder
from .bulk_arguments import BulkArguments
from .checking import PLAN, Proof, check, receipt_of_file, summed
from .columns import Answers, choose_text_columns, output_schema, trained_columns
from .formats import format_of, join_parts
from .plan import Plan, make_plan
from .scorers import load_scorer
from .shards import Job, label_shard, part_name, read_receipt
from .sources import Source, find_sources

WAIT_SECONDS = 0.2  # between looks whether other processes are done
SHOWN = 10  # bad rows that are named on the screen; all of them stand in the receipts


class Labelling(NamedTuple):
    """A job, the model for it, and where its result goes."""

    job: Job
    scorer: Any  # the classifier of any engine
    model: str
    inputs: Sequence[str]
    options: BulkArguments
    output: Path


class FoundRows(NamedTuple):
    """What is to be labelled, and which of its columns are read."""

    sources: list[Source]
    text_columns: list[str]


def find_rows(model: str, inputs: Sequence[str], options: BulkArguments) -> FoundRows:
    """Find the rows and their texts, by the model's settings alone: local files and folders need no library for it.

    Raises:
        UserError: the rows cannot be read, or their columns cannot be told.
    """
    sources = find_sources(inputs, options.split, options.dataset_config, options.dataset_revision)
    trained_on = trained_columns(model, options.revision)
    return FoundRows(sources, choose_text_columns(sources[0], options.text_columns, trained_on))


def set_up(model: str, inputs: Sequence[str], options: BulkArguments, found: FoundRows | None = None) -> Labelling:
    """Find the rows (unless they were `found` already), load the model, plan, and look at what is there already.

    Raises:
        UserError: the rows or the model cannot be read, or the output would overwrite something.
    """
    output = Path(options.output or "")
    kind = format_of(output) or options.format or "parquet"
    if format_of(output) and options.format not in (None, kind):
        raise UserError(f"--output {output} ends in {kind}, --format says {options.format}. Leave --format out.")
    if format_of(output) and options.shard:
        raise UserError(f"One shard is a part, not a whole file; found --output {output}. Give a folder.")
    sources, text_columns = found or find_rows(model, inputs, options)
    scorer = load_scorer(model, options.engine, options.revision, options.trust_remote_code)
    if scorer.engine == "torch":
        scorer.shows_progress = False  # the labelling has a bar of its own
    answers = Answers(scorer.labels, kind, options.scores, options.prefix, scorer.promises)
    content = {
        "model": {"name": Path(model).name, "revision": model_revision(model, options.revision)},
        "engine": scorer.engine,
        "labels": list(scorer.labels.names),
        "text_columns": text_columns,
        "format": kind,
        "scores": options.scores,
        "prefix": options.prefix,
        "safe_csv": options.safe_csv,
        "block_rows": options.block_rows,
    }
    plan = make_plan(sources, content, options.share.of if options.share else options.shards)
    schema = output_schema(sources, answers)
    _refuse_unreadable([bad for source in sources for bad in source.unreadable], options.on_bad_row)
    folder = output.with_name(f"{output.name}.parts") if format_of(output) else output
    job = Job(plan, sources, answers, schema, folder, options.on_bad_row, options.safe_csv)
    return Labelling(job, scorer, model, inputs, options, output)


def label(work: Labelling) -> Proof | None:
    """Do what is not done yet and prove it; None where other processes or machines have shards of it.

    Raises:
        UserError: the output holds something else, or a row cannot be labelled.
    """
    job, output = work.job, work.output
    if _finished(job.plan, output, work.options.overwrite):
        return check(output)
    _claim(job, work.options.overwrite)
    mine = _mine(job.plan, work.options)
    if work.options.on:
        from .on_ray import label_on_ray

        label_on_ray(work, mine)
    else:
        _label_here(job, work.scorer, mine)
    if work.options.share or process_index() > 0:
        return None
    receipts = _all_receipts(job)
    proof = summed(job.plan, receipts)
    if format_of(output):
        _join(job, receipts, proof, output)
    for left in job.folder.glob(".unfinished-*"):  # of processes that were killed
        left.unlink(missing_ok=True)
    return proof


def progress(job: Job, shards: Sequence[int]) -> tqdm[Any]:
    """Return a bar over the rows of shards that are not done, with rows a second and the time left."""
    rows = {shard: sum(stretch.rows for stretch in job.plan.stretches(shard)) for shard in shards}
    done = sum(n for shard, n in rows.items() if read_receipt(job.folder, job.plan, shard) is not None)
    return tqdm(
        total=sum(rows.values()), initial=done, unit=" rows", desc="labelling", disable=process_index() > 0 or None
    )


def _label_here(job: Job, scorer: Any, shards: Sequence[int]) -> None:  # Any: the classifier of any engine
    with progress(job, shards) as bar:
        for shard in shards:
            label_shard(job, shard, scorer, bar.update)


def _mine(plan: Plan, options: BulkArguments) -> list[int]:
    """Return the shards that this process does: one by `--shard`, else its even share among launched processes."""
    if options.share:
        return [options.share.number]
    return list(range(process_index(), plan.shards, int(os.environ.get("WORLD_SIZE", "1"))))


def _all_receipts(job: Job) -> list[dict[str, Any]]:
    """Return the receipts of all shards; waits for those of other processes, which a launcher ends if one fails."""
    receipts: list[dict[str, Any]] = []
    while len(receipts) < job.plan.shards:
        receipt = read_receipt(job.folder, job.plan, len(receipts))
        if receipt is None:
            time.sleep(WAIT_SECONDS)
        else:
            receipts.append(receipt)
    return receipts


def _finished(plan: Plan, output: Path, overwrite: bool) -> bool:
    """Say whether a file holds this very labelling already.

    Raises:
        UserError: it holds something else, and may not be overwritten.
    """
    if not format_of(output) or not output.exists() or overwrite:
        return False
    receipt = receipt_of_file(output)
    kept = json.loads(receipt.read_text(encoding="utf-8"))["plan"] if receipt.is_file() else None
    if kept is not None and Plan(kept).identity == plan.identity:
        return True
    differs = f": the labels of another job, which differs in {plan.differs_in(kept)}" if kept is not None else ""
    raise UserError(f"{output} is there already{differs}. Choose another --output, or replace it with --overwrite.")


def _claim(job: Job, overwrite: bool) -> None:
    """Write the plan into the folder of parts, or find that it is there.

    Raises:
        UserError: the folder holds the parts of another plan, or other people's files.
    """
    folder, path = job.folder, job.folder / PLAN
    # Listed before the plan is read: whatever another process of this labelling has put there, its plan came first.
    others = [each for each in folder.glob("*") if not each.name.startswith(".unfinished-")]
    there = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    if there is not None and Plan(there).identity == job.plan.identity:
        return
    if there is None and others:
        raise UserError(f"{folder} is not empty, and not of predict.py. Choose another --output.")
    if there is not None:
        if not overwrite and any(folder.glob("_receipts/*")):
            raise UserError(
                f"{folder} holds the labels of another job, which differs in {job.plan.differs_in(there)}. "
                "Choose another --output, or replace it with --overwrite."
            )
        _clear(job)
    RunFolder(folder).write_json(PLAN, job.plan.content)


def _clear(job: Job) -> None:
    """Remove what another plan left; never a part or receipt of this plan, which others may be writing already."""
    ours = {part_name(job, shard) for shard in range(job.plan.shards)}
    for part in job.folder.glob("part-*-of-*"):
        if part.name not in ours:
            part.unlink(missing_ok=True)
    for path in job.folder.glob("_receipts/*.json"):
        if json.loads(path.read_text(encoding="utf-8"))["plan"] != job.plan.identity:
            path.unlink(missing_ok=True)


def _join(job: Job, receipts: Sequence[dict[str, Any]], proof: Proof, output: Path) -> None:
    """Put the parts together into one file with one receipt, and remove them."""
    parts = [job.folder / part_name(job, shard) for shard in range(job.plan.shards)]
    place = RunFolder(output.parent)
    digest: list[str] = []

    def write(path: Path) -> None:
        join_parts(parts, path, job.answers.kind, job.schema.names)
        digest.append(hash_file(path))

    for left in output.parent.glob(f".unfinished-*-{output.name}"):  # of a process that was killed here
        left.unlink(missing_ok=True)
    place.write(output.name, write)
    place.write_json(
        receipt_of_file(output).name,
        {
            "plan": job.plan.content,
            "written": proof.written,
            "bad_rows": proof.bad_rows,
            "formulas": proof.formulas,
            "content": proof.content,
            "output_sha256": digest[0],
            "seconds": round(sum(receipt["seconds"] for receipt in receipts), 3),
            "stretches": [
                {"written": receipt["written"], "input_sha256": receipt["input_sha256"]} for receipt in receipts
            ],
        },
    )
    shutil.rmtree(job.folder)


def _refuse_unreadable(bad: Sequence[Any], on_bad_row: str) -> None:  # Any: BadRow
    if bad and on_bad_row == "error":
        more = f" ({len(bad):,} such rows)" if len(bad) > 1 else ""
        raise UserError(f"{bad[0].place}: {bad[0].reason}{more}. --on_bad_row skip leaves such rows out.")


def lines_of(work: Labelling, proof: Proof, seconds: float) -> list[str]:
    """Return what is said at the end: how many rows, how fast, and which ones have no label."""
    unread = [f"{bad.place}: {bad.reason}" for source in work.job.sources for bad in source.unreadable]
    said = [f"{proof.rows:,} rows labelled in {seconds:,.1f} s ({proof.rows / max(seconds, 1e-9):,.1f} rows/s)."]
    for name, rows in (("could not be read", unread), ("hold no text", proof.bad_rows)):
        if rows:
            shown = "; ".join(rows[:SHOWN]) + ("; ..." if len(rows) > SHOWN else "")
            said.append(f"{len(rows):,} rows {name}: {shown}")
    if proof.formulas:
        done = (
            "have a ' in front" if work.options.safe_csv else "would be run by a spreadsheet; --safe_csv disarms them"
        )
        said.append(f"{proof.formulas:,} cells look like formulas and {done}.")
    return [*said, proof.sentence(work.output)]
