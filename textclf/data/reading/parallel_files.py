"""Texts and labels in files of their own: line by line under names that belong together, or by an id."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ...errors import UserError
from .files import read_rows
from .raw_split import RawSplit, is_string
from .tables import OWN_COLUMNS, ReadOptions

# fmt: off
TEXT_WORDS = {
    "text", "texts", "sentence", "sentences", "sent", "sents", "data", "x", "input", "inputs", "doc", "docs",
    "document", "documents", "comment", "comments", "tweet", "tweets", "review", "reviews", "question", "questions",
    "seq", "in", "source", "post", "posts", "title", "titles", "headline", "headlines", "query", "queries",
    "utterance", "utterances", "content", "contents",
    "sample", "samples",
}
LABEL_WORDS = {
    "label", "labels", "y", "yl1", "yl2", "yl3", "target", "targets", "class", "classes", "tag", "tags", "output",
    "sentiment", "sentiments", "topic", "topics", "emotion", "emotions", "intent", "intents",
}
OF_BOTH = {"gold"}  # stands in the name of either
# fmt: on


def parallel_files(files: Sequence[Path]) -> list[tuple[Path, list[Path]]]:
    """Return files that hold a text a line, each with those that, under the same name else, hold its labels."""
    texts: dict[tuple[Path, tuple[str, ...]], list[Path]] = {}
    labels: dict[tuple[Path, tuple[str, ...]], list[Path]] = {}
    for path in files:
        words = [word for word in re.split(r"[^a-z0-9]+", path.name.lower()) if word not in {"txt", "csv", "tsv", ""}]
        of_labels = [word for word in words if word in LABEL_WORDS]
        of_labels = of_labels or ([] if TEXT_WORDS & {*words} else [word for word in words if word in OF_BOTH])
        key = (path.parent, tuple(word for word in words if word not in TEXT_WORDS | LABEL_WORDS | OF_BOTH))
        if of_labels and not [word for word in words if word in {"text", "texts", "names", "map", "list"}]:
            labels.setdefault(key, []).append(path)
        elif not of_labels:
            texts.setdefault(key, []).append(path)
    for key in [key for key in labels if key not in texts]:  # category_labels.txt beside samples.txt
        labels.setdefault((key[0], ()), []).extend(labels.pop(key))
    return [(texts[key][0], paths) for key, paths in labels.items() if len(texts.get(key, ())) == 1]


def read_parallel(texts: Path, labels: Sequence[Path], options: ReadOptions) -> RawSplit | None:
    """Join a file of texts with the files of their labels, line by line; None where they are not that.

    The labels of several files stand in columns of their names.

    Raises:
        UserError: they hold different numbers of lines.
    """
    lines = options._replace(lines=texts.suffix.lower() not in {".csv", ".tsv"}, column_names=())
    raw = _with_labels(_raw(texts, lines), (texts, labels[0]), labels[0].stem if labels[1:] else "label", lines)
    for path in labels[1:]:
        raw = raw and _with_labels(raw, (texts, path), path.stem, lines)
    return raw and _without_ids(raw)


def _without_ids(raw: RawSplit) -> RawSplit:
    """Leave out the ids in front of texts and labels (`17<tab>text`, `17<tab>3`), where they agree in every line."""
    names = raw.columns
    if not all(is_string(raw.table[name].type) for name in names):
        return raw
    parted = {name: [(cell or "").partition("\t") for cell in raw.table[name].to_pylist()] for name in names}
    ids = [[cell[:2] for cell in cells] for cells in parted.values()]
    if not all(tab for cells in ids for _, tab in cells) or any(each != ids[0] for each in ids):
        return raw
    table = raw.table
    for place, name in enumerate(table.column_names):
        if name in parted:
            table = table.set_column(place, name, pa.array([cell[2] for cell in parted[name]], pa.string()))
    return replace(raw, table=table)


def _raw(path: Path, options: ReadOptions) -> RawSplit:
    rows = read_rows(path, options)
    return RawSplit(rows.table, {}, (), dict(rows.mixed), 0, tuple(rows.notes))


def _with_labels(left: RawSplit, paths: tuple[Path, Path], column: str, lines: ReadOptions) -> RawSplit | None:
    texts, labels = paths
    right = read_rows(labels, lines)
    right_names = [name for name in right.table.column_names if name not in OWN_COLUMNS]
    left_names = left.columns
    if not lines.lines and any(
        key in left_names and pc.count_distinct(right.table[key]).as_py() == len(right.table) for key in right_names
    ):
        return None  # they are joined by a key
    if len(left.table) != len(right.table):
        if not lines.lines:
            return None
        raise UserError(
            f"{texts.name} has {len(left.table):,} lines, {labels.name} {len(right.table):,}; "
            "expected a label for each text."
        )
    table = left.table
    for name in right_names:
        new = column if name == "text" or (len(right_names) == 1 and name in table.column_names) else name
        if new not in table.column_names:
            table = table.append_column(new, right.table[name])
    notes = (*left.notes, *right.notes, f"{labels.name} holds the labels of {texts.name}, line by line.")
    return RawSplit(table, {}, (), {**left.mixed, **right.mixed}, 0, notes)


def join_labels(test: RawSplit, labels: Path, train: RawSplit, options: ReadOptions) -> RawSplit | None:
    """Add the labels that stand in a file of their own, by the key that both have; None where they do not fit.

    Rows whose labels are all -1 were never scored (Kaggle's way), and are left out.
    """
    given = read_rows(labels, options)
    columns = [name for name in given.table.column_names if name not in OWN_COLUMNS]
    keys = [name for name in columns if name in test.columns]
    new = [name for name in columns if name not in test.columns and name in train.columns]
    if not new or not keys or len(given.table) != len(test.table):
        return None
    key = keys[0]
    if pc.count_distinct(given.table[key]).as_py() != len(given.table):
        return None
    order = pc.index_in(test.table[key], given.table[key].combine_chunks())
    if order.null_count:
        return None
    table = test.table
    taken = given.table.take(order)
    scored = None
    for name in new:
        table = table.append_column(name, taken[name])
        one = pc.not_equal(taken[name], "-1" if is_string(taken[name].type) else -1)
        scored = one if scored is None else pc.or_(scored, one)
    kept = table.filter(scored)
    notes = [*test.notes, *given.notes, f"{labels.name} holds the labels of the test rows, by {key!r}."]
    if len(kept) < len(table):
        notes.append(f"{len(table) - len(kept):,} test rows are labelled -1 throughout, and left out.")
    whole = len(kept) == len(table)
    return RawSplit(kept, test.features, test.segments if whole else (), test.mixed, test.unreadable, tuple(notes))
