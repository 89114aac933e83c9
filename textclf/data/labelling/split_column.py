"""A column that says which split each row belongs to: found by its name and values, or named by `--split_column`."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...arguments import DataArguments
from ...errors import UserError, did_you_mean
from ..reading.raw_split import RawSplit, composed, is_string
from ..reading.split_names import SPLIT_NAMES
from .column_names import plain
from .label_names import clean_name

# Column names, lower case, letters and digits only.
NAMES = {"split", "splits", "datasplit", "splitname", "fold", "folds", "subset", "subsets", "partition", "partitions"}
NAMES |= {
    "set",
    "datasetsplit",
    "splitset",
    "traintest",
    "traindevtest",
    "trainvaltest",
    "usage",
    "dataset",
    "분할",
    "데이터구분",
}
ENDS = ("set", "split", "fold", "partition")  # SemEval_set
WORDS = {word: split for split, words in SPLIT_NAMES.items() for word in words}
WORDS |= {
    "tr": "train",
    "trn": "train",
    "te": "test",
    "tst": "test",
    "validate": "validation",
    "validating": "validation",
}
WORDS |= {
    "development": "validation",
    "trial": "validation",
    "devel": "validation",
    "holdout": "test",
    "학습": "train",
    "훈련": "train",
}
WORDS |= {"검증": "validation", "평가": "test", "시험": "test", "테스트": "test"}
MOST_VALUES = 20


def part_by_column(
    splits: dict[str, RawSplit], args: DataArguments
) -> tuple[dict[str, RawSplit], list[str], str | None]:
    """Part the only split of a source by its column of splits, where it has one.

    Returns:
        the splits, lines for the screen, and the column's name, which is neither text nor label.

    Raises:
        UserError: `--split_column` names no column, one whose values say no splits, or the source has splits already.
    """
    asked = composed(args.split_column) if args.split_column else None
    train = splits["train"]
    if asked == "none":
        return splits, [], None
    if asked is not None and asked not in train.columns:
        raise UserError(
            f"There is no column {asked!r}; found: {', '.join(train.columns)}.{did_you_mean(asked, train.columns)}"
        )
    if asked is not None and len(splits) > 1:
        raise UserError(f"--split_column parts one file; the data comes as {', '.join(splits)} already. Leave it out.")
    named = [name for name in train.columns if plain(name) in NAMES or plain(name).endswith(ENDS)]
    named += [name for name in train.columns if re.fullmatch(r"column_\d+", name)]  # nobody named it
    column = asked or next((name for name in named if _says_splits(train, name, args)), None)
    if column is None or len(splits) > 1:
        return splits, [], column
    codes, words = _values(train, column)
    meant = [WORDS.get(word.lower()) for word in words]
    strange = [word for word, split in zip(words, meant, strict=True) if word and split is None]
    if strange or "train" not in meant:
        found = ", ".join(repr(word) for word in words[:MOST_VALUES])
        raise UserError(f"--split_column {column} must say train, validation or test in each row; found {found}.")
    parted = {}
    for split in ("train", "validation", "test"):
        keep = np.array([each == split for each in meant] + [False], dtype=bool)[codes]
        if keep.any():
            parted[split] = train.select(keep)
    parted["train"] = replace(parted["train"], unreadable=train.unreadable)
    without = np.array([each is None for each in meant] + [True], dtype=bool)[codes]
    if without.any() and args.on_bad_row == "error":
        place = train.place(int(np.flatnonzero(without)[0]))
        raise UserError(f"{place}: no split in {column!r}. --on_bad_row skip leaves such rows out.")
    sizes = ", ".join(f"{len(each.table):,} {split}" for split, each in parted.items())
    notes = [f"Splits are read from {column!r} ({sizes}); --split_column none ignores it."]
    if without.any():
        notes.append(f"{int(without.sum()):,} rows left out: no split in {column!r}.")
    return parted, notes, column


def _says_splits(train: RawSplit, column: str, args: DataArguments) -> bool:
    if column in {*args.label_columns, *args.text_columns, args.group_column, args.source_column}:
        return False
    cells = train.table[column]
    if not is_string(cells.type) or column in train.mixed or pc.count_distinct(cells).as_py() > MOST_VALUES:
        return False
    words = [word.lower() for word in _values(train, column)[1] if word]
    meant = {WORDS.get(word) for word in words}
    return None not in meant and "train" in meant and len(meant) > 1


def _values(train: RawSplit, column: str) -> tuple[np.ndarray, list[str]]:
    """Return each row's index into the distinct words (-1: null), and those words."""
    cells = train.table[column]
    if pa.types.is_nested(cells.type):
        raise UserError(f"--split_column {column} holds lists or structures; it takes train, validation or test.")
    encoded = cells.cast(pa.string()).dictionary_encode().unify_dictionaries()
    codes = [pc.fill_null(chunk.indices, -1).to_numpy(zero_copy_only=False) for chunk in encoded.chunks]
    return np.concatenate([np.zeros(0, np.int64), *codes]), [
        clean_name(word) for word in encoded.chunk(0).dictionary.to_pylist()
    ]
