"""Finished runs read from their folders, every row and label in the order of the first run's."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..evaluation.predictions import read_predictions
from ..evaluation.report import Report, report_on
from ..inference.answers import Text
from ..labels import LabelSpace
from ..run_folder import RunFolder


class OtherRowsError(UserError):
    """Runs were measured on other rows, or on other labels."""


class Run(NamedTuple):
    """A finished run as it is compared: its rows in the order of the first run's."""

    name: str
    path: Path
    evaluation: dict[str, Any]
    test: Report
    by_place: bool = False  # its rows were matched by their place: it read other columns than the first run


class MeasuredRows(NamedTuple):
    """The rows of a split as a run read them, to find those of another run among them."""

    keys: list[bytes]
    gold: list[Any]  # a label's name, or a sorted list of names
    origin: dict[str, Any]  # which files they come from, how these were split, what was taken out; {}: unknown

    @classmethod
    def of(cls, texts: Sequence[Text], named: Sequence[Any], evaluation: dict[str, Any]) -> MeasuredRows:
        """Return a run's rows: their texts, the names of their gold labels, and what evaluation.json says of both."""
        data = evaluation.get("data") or {}
        origin = {key: data.get(key) for key in ("name", "config", "files", "how_split", "removed")}
        return cls(row_keys(texts, named), [in_order(each) for each in named], origin if data.get("files") else {})

    def order(self, wanted: MeasuredRows) -> NDArray[np.int64] | None:
        """Return where the rows of `wanted` are among these, int64 [N]; None where they are not the same rows.

        Rows are known by their texts. Where runs read other columns (a title, its body), the same files that were
        split alike and have the same labels in the same order hold the same rows in the same places.
        """
        order = aligned(self.keys, wanted.keys)
        if order is None and self.origin and self.origin == wanted.origin and self.gold == wanted.gold:
            return np.arange(len(self.keys))
        return order


def read_runs(paths: Sequence[Path], draws: int) -> list[Run]:
    """Read all runs, their rows in the first one's order and their scores in its order of labels."""
    names = short_names(paths)
    runs: list[Run] = []
    first: MeasuredRows | None = None
    for name, path in zip(names, paths, strict=True):
        run = RunFolder(path)
        for needed in ("evaluation.json", "config.json", "predictions/test.parquet"):
            if not (path / needed).exists():
                raise UserError(f"{path} is no finished run: {needed} is missing. `python train.py` makes one.")
        evaluation = run.read_json("evaluation.json")
        labels = LabelSpace(tuple(evaluation["labels"]), evaluation["task"] == "multi_label_classification")
        texts, gold, scores, cuts = read_predictions(run, "test", labels)
        space = runs[0].test.labels if runs else labels
        if set(space.names) != set(labels.names) or space.multi_label != labels.multi_label:
            raise OtherRowsError(
                f"The labels of {path} ({', '.join(labels.names)}) are not those of {paths[0]} "
                f"({', '.join(space.names)}); runs are compared on one task."
            )
        rows = MeasuredRows.of(texts, labels.named(gold), evaluation)
        first = first or rows
        order = rows.order(first)
        if order is None:
            raise OtherRowsError(_other_rows(paths[0], path, first.keys, rows.keys))
        columns = [labels.label2id[each] for each in space.names]
        gold = gold[order][:, columns] if labels.multi_label else _renumbered(gold[order], labels, space)
        cuts = None if cuts is None else cuts[columns]
        report = report_on(scores[order][:, columns], gold, space, cuts, draws)
        runs.append(Run(name, path, evaluation, report, by_place=set(rows.keys) != set(first.keys)))
    return runs


def _renumbered(gold: NDArray[np.int64], labels: LabelSpace, space: LabelSpace) -> NDArray[np.int64]:
    return np.array([space.label2id[name] for name in labels.names], dtype=np.int64)[gold]


def row_keys(texts: Sequence[Text], gold: Sequence[Any]) -> list[bytes]:
    """Return a digest of each row: the letters and digits of its texts, and its gold labels, whatever their order.

    So a pair and the two joined to one text are the same row.
    """
    return [
        hashlib.sha256(json.dumps([_letters(as_one(text)), in_order(names)]).encode("utf-8", "surrogatepass")).digest()
        for text, names in zip(texts, gold, strict=True)
    ]


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFC", text))) or text


def aligned(keys: Sequence[bytes], wanted: Sequence[bytes]) -> NDArray[np.int64] | None:
    """Return where the rows of `wanted` are among `keys`, int64 [N]; None where they are not the same rows."""
    own, other = (sorted(range(len(each)), key=each.__getitem__) for each in (keys, wanted))
    if len(own) != len(other) or any(keys[a] != wanted[b] for a, b in zip(own, other, strict=True)):
        return None
    order = np.empty(len(own), dtype=np.int64)
    order[other] = own
    return order


def _other_rows(first: Path, path: Path, wanted: Sequence[bytes], keys: Sequence[bytes]) -> str:
    shared = len(set(keys) & set(wanted))
    return (
        f"The test rows of {path} ({len(keys):,}) are not those of {first} ({len(wanted):,}); {shared:,} stand in "
        "both. Figures on other rows cannot be compared: train both on the same files, with the same --split_seed, "
        "--test_share and --min_label_count."
    )


def short_names(paths: Sequence[Path]) -> list[str]:
    """Return the folders' own names, with those above them where two are alike."""
    whole, depth = [path.resolve() for path in paths], 1
    names = [path.name for path in whole]
    while len(set(names)) < len(names) and depth < max(len(path.parts) for path in whole):
        depth += 1
        names = ["/".join(path.parts[-depth:]) for path in whole]
    return names


def in_order(names: Any) -> Any:  # Any: a name, or a list of them
    """Return the names of a row in an order that does not hang on its labels' numbers."""
    return sorted(names) if isinstance(names, list) else names


def as_one(text: Text) -> str:
    """Return a text, or both fields of a pair, as one."""
    return text if isinstance(text, str) else "\n".join(part for part in text if part)
