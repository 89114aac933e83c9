"""Texts that come as lists of words: joined where nothing else is a text, refused where each word has a label."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from ...errors import UserError
from .column_look import ColumnLook
from .raw_split import RawSplit, is_string

ROWS_LOOKED_AT = 200
LEAST_WORDS = 3.0  # a list on average; shorter ones are tags


def join_words(splits: dict[str, RawSplit]) -> dict[str, RawSplit]:
    """Return splits in which a column of lists of words, where it is all there is to read, holds texts.

    Raises:
        UserError: another column has a label for each of the words.
    """
    train = splits.get("train")
    if train is None:
        return splits
    table = train.table.slice(0, ROWS_LOOKED_AT)
    lists = [
        name
        for name in train.columns
        if pa.types.is_list(table[name].type) or pa.types.is_large_list(table[name].type)
    ]
    of_words = [name for name in lists if is_string(table[name].type.value_type) and _are_words(table[name])]
    if not of_words or any(_reads_like_text(table[name]) for name in train.columns if is_string(table[name].type)):
        return splits
    words = max(of_words, key=lambda name: _different(table[name]))
    sizes = pc.list_value_length(table[words])
    tags = [
        name for name in lists if name != words and pc.all(pc.equal(pc.list_value_length(table[name]), sizes)).as_py()
    ]
    if tags:
        raise UserError(
            f"{train.place(0)}: the words in {words!r} have a label each, in {tags[0]!r}, where whole texts are "
            "labelled here. Expected a row a text, with its label beside it."
        )
    between = " " if _single(table[words]) else ", "
    note = f"The words in {words!r} are joined with {'spaces' if between == ' ' else 'commas'}."
    return {
        split: replace(
            raw, table=_joined(raw.table, words, between), notes=(*raw.notes, note) if split == "train" else raw.notes
        )
        for split, raw in splits.items()
    }


def _are_words(cells: pa.ChunkedArray) -> bool:
    """Say whether lists hold several words each, or short phrases (what a dish is made of)."""
    enough = (pc.mean(pc.list_value_length(cells)).as_py() or 0.0) >= LEAST_WORDS
    return enough and _different(cells) > ROWS_LOOKED_AT / 10


def _single(cells: pa.ChunkedArray) -> bool:
    """Say whether few items of lists are more than a word."""
    items = pc.drop_null(pc.list_flatten(cells))
    return bool(len(items)) and pc.mean(pc.match_substring(items, " ")).as_py() < 0.05


def _different(cells: pa.ChunkedArray) -> int:
    return int(pc.count_distinct(pc.list_flatten(cells)).as_py())


def _reads_like_text(cells: pa.ChunkedArray) -> bool:
    look = ColumnLook()
    for cell in cells.to_pylist():
        look.add(cell or "", kept=True)
    return look.reads_like_text


def _joined(table: pa.Table, column: str, between: str) -> pa.Table:
    if column not in table.column_names:
        return table
    plain = table[column].cast(pa.list_(pa.string()))
    texts = pc.binary_join(plain, between)
    return table.set_column(table.column_names.index(column), column, texts)
