"""The arguments of `predict.py`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ..arguments import _say
from ..errors import UserError


class Share(NamedTuple):
    """Which of how many shards: `3/64` is the fourth of 64."""

    number: int
    of: int


@dataclass
class BulkArguments:
    """What is read, what computes, what is written, and how the work is cut."""

    _argument_group_name = "predict (what is read, what computes, what is written, how it is cut)"

    output: str | None = _say("a file (.csv, .tsv, .jsonl, .parquet) or a folder for parts")
    text_columns: list[str] = _say("one or two columns of text (default: those that the model was trained on)", [])
    split: str | None = _say("the split of a Hub data set (default: the only one)")
    dataset_config: str | None = _say("the configuration of a Hub data set")
    dataset_revision: str | None = _say("commit, branch or tag of a Hub data set")
    engine: str = _say("torch, onnx, onnx-int8; auto: the fastest one that the model folder proves right", "auto")
    revision: str | None = _say("commit, branch or tag of a model on the Hub")
    format: Literal["csv", "tsv", "jsonl", "parquet"] | None = _say("of the parts in a folder (default: parquet)")
    scores: Literal["all", "best"] = _say("write every label's score, or only that of the best label", "all")
    prefix: str = _say("put in front of the names of the new columns", "")
    on_bad_row: Literal["error", "skip", "keep"] = _say(
        "a row without a text, or that cannot be read: stop, leave it out, or keep it without a label", "error"
    )
    safe_csv: bool = _say("put ' in front of cells that a spreadsheet would run as a formula", False)
    overwrite: bool = _say("replace an output that is there already", False)
    shards: int | None = _say("cut the work into this many shards (default: by some 16,000 rows)")
    shard: str | None = _say("do one shard only, I/N with I from 0; several machines share a folder so")
    block_rows: int = _say("rows that are scored together; what makes scores equal however the work is cut", 4096)
    on: str | None = _say("ray: hand the shards to a Ray cluster on this machine; ray:ADDRESS: to that one")
    to_label: int | None = _say("write the N texts that are worth most to label, with a column to fill in, instead")
    trust_remote_code: bool = _say("run code that comes with the model (read it first)", False)

    def __post_init__(self) -> None:
        """Check what can be checked without reading anything."""
        for name in ("shards", "block_rows", "to_label"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UserError(f"--{name} must be 1 or more; found {value}.")
        if len(self.text_columns) > 2:
            raise UserError(f"--text_columns takes one or two columns; found {len(self.text_columns)}.")
        if self.on and self.on != "ray" and not self.on.startswith("ray:"):
            raise UserError(f"--on takes ray or ray:ADDRESS; found {self.on!r}.")
        if self.to_label and (self.on or self.shard or self.shards):
            raise UserError("--to_label looks at all texts at once; leave --on, --shard and --shards out.")
        if self.on and self.shard:
            raise UserError("--shard does one shard in this process; --on hands all of them out. Leave one out.")
        if self.share is not None and self.shards not in (None, self.share.of):
            raise UserError(f"--shard {self.shard} and --shards {self.shards} do not agree. Leave --shards out.")

    @property
    def share(self) -> Share | None:
        """Return what `--shard` says.

        Raises:
            UserError: it is not I/N with I from 0 to below N.
        """
        if self.shard is None:
            return None
        found = re.fullmatch(r"(\d+)/(\d+)", self.shard)
        if not found or int(found[1]) >= int(found[2]):
            raise UserError(f"--shard takes I/N, from 0/N to one below N/N (0/64 ... 63/64); found {self.shard!r}.")
        return Share(int(found[1]), int(found[2]))
