"""Files beside the rows: names of classes, labels line by line or by id, sample submissions, notes about the data."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from ...errors import UserError
from .files import read_rows
from .raw_split import RawSplit, is_string
from .split_names import split_name
from .tables import OWN_COLUMNS, ReadOptions

SUBMISSION = re.compile(r"(?i).*submi(t|ssion).*")
# fmt: off
NAMES_CLASSES = re.compile(
    r"(?i)(?!.*(test|train|dev|val)[._-]?labels?)(.*[._-])?((class|label|categor|intent|emotion|topic|target|tag)\w*"
    r"|mapping|id2\w+|\w+2id|names)([._-](names?|map(ping)?|list|dict|encod\w+|ids?))?"
)
TEXT_WORDS = {
    "text", "texts", "sentence", "sentences", "sent", "sents", "data", "x", "input", "inputs", "doc", "docs",
    "document", "documents", "comment", "comments", "tweet", "tweets", "review", "reviews", "question", "questions",
    "seq", "in", "source", "post", "posts", "title", "titles", "headline", "headlines", "query", "queries",
    "utterance", "utterances", "content", "contents",
}
LABEL_WORDS = {
    "label", "labels", "y", "yl1", "yl2", "yl3", "target", "targets", "class", "classes", "tag", "tags", "output",
    "sentiment", "sentiments", "topic", "topics", "emotion", "emotions", "intent", "intents",
}
OF_BOTH = {"gold"}  # stands in the name of either
# fmt: on
# How columns are called in which a number and the name of its class stand.
ID_WORDS = {"id", "ids", "idx", "index", "code", "no", "num", "number", "label", "value", "class"}
NAME_WORDS = {"name", "names", "label", "class", "category", "topic", "intent", "emotion", "genre", "tag", "sentiment"}
LONGEST_NAME = 80  # characters
MOST_CLASSES = 1000
QUOTES = " \"'"


def is_submission(path: Path) -> bool:
    """Say whether a file only shows how to hand in answers."""
    return SUBMISSION.fullmatch(path.stem) is not None


def class_names(path: Path) -> list[str] | None:
    """Return the names of classes that a file lists, as `--class_names` takes them; None where it lists none.

    `name` a line or in a JSON list stands for 0, 1, ...; a number with each name is written `3=name`.
    """
    called, is_table = NAMES_CLASSES.fullmatch(path.stem), path.suffix.lower() in {".csv", ".tsv"}
    if not (called or (is_table and not split_name(path.stem))) or path.stat().st_size > 1 << 20:
        return None
    try:
        written = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return None
    if is_table and (found := _in_columns(written)):
        pass
    elif not called:
        return None
    elif path.suffix.lower() == ".json":
        found = _in_json(written)
    elif path.suffix.lower() in {".txt", ".tsv", ".csv", ""}:
        found = _in_lines([line.strip() for line in written.splitlines() if line.strip()])
    else:
        return None
    return found if found and 1 < len(set(found)) == len(found) <= MOST_CLASSES else None


def _in_json(written: str) -> list[str] | None:
    try:
        content: Any = json.loads(written)  # Any: whatever JSON holds
    except json.JSONDecodeError:
        return None
    if isinstance(content, list) and all(isinstance(name, str) for name in content):
        return content
    if isinstance(content, dict) and all(re.fullmatch(r"-?\d+", key) for key in content):
        pairs = [(key, value) for key, value in content.items() if isinstance(value, str)]
    elif isinstance(content, dict) and all(type(value) is int for value in content.values()):
        pairs = [(str(value), key) for key, value in content.items()]
    else:
        return None
    return [f"{number}={name}" for number, name in pairs] if len(pairs) == len(content) else None


def _in_columns(written: str) -> list[str] | None:
    """Return what a table says whose columns are called after an id and a name; others may stand beside them."""
    delimiter = "\t" if "\t" in written.partition("\n")[0] else ","
    header, *rows = list(csv.reader(io.StringIO(written), delimiter=delimiter)) or [[]]
    rows = [row for row in rows if row]
    ends = [re.split(r"[^a-z0-9]+", name.strip().lower())[-1] for name in header]
    numbers = [j for j, end in enumerate(ends) if end in ID_WORDS and all(_is_whole(row, j) for row in rows)]
    names = [j for j, end in enumerate(ends) if end in NAME_WORDS and j not in numbers[:1]]
    if not (rows and numbers and names):
        return None
    of, to = numbers[0], names[0]
    distinct = all(len({row[j] for row in rows}) == len(rows) for j in (of, to) if all(len(row) > j for row in rows))
    return [f"{row[of].strip()}={row[to].strip()}" for row in rows] if distinct and _all_short(rows, to) else None


def _is_whole(row: Sequence[str], place: int) -> bool:
    return len(row) > place and re.fullmatch(r"-?\d+", row[place].strip()) is not None


def _all_short(rows: Sequence[Sequence[str]], place: int) -> bool:
    return all(len(row) > place and 0 < len(row[place]) < LONGEST_NAME for row in rows)


def _in_lines(lines: Sequence[str]) -> list[str] | None:
    for form, number, name in ((r"(-?\d+)[\t,:; ]+(\S.*)", 1, 2), (r"(\S.*?)[\t,:; ]+(-?\d+)", 2, 1)):
        pairs = [re.fullmatch(form, line) for line in lines]
        if len(pairs) > 2 and not pairs[0]:  # names of columns
            del pairs[0]
        if pairs and all(pairs):
            return [f"{match[number]}={match[name].strip(QUOTES)}" for match in pairs if match]
    return list(lines) if all(len(line) < LONGEST_NAME for line in lines) else None


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
    return raw


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


def speaks_of_split(path: Path, folder: Path) -> str | None:
    """Return the split that a file's path below a folder names."""
    inner = path.relative_to(folder)
    return split_name(path.name.removesuffix(path.suffix)) or split_name(inner.parent.as_posix())
