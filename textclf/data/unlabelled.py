"""Texts without labels, which a teacher labels: read like any other file, and never one that is measured on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from datasets import Dataset, DatasetDict, Features, Value

from ..arguments import DataArguments
from ..errors import UserError
from .labelling.column_signs import look
from .labelling.text_columns import find_text
from .model_text import BLANK, join_columns, reader, text_key, whole_texts
from .reading.joining import from_files
from .reading.raw_split import RawSplit, composed, is_string
from .reading.tables import ReadOptions

AT_ONCE = 10_000  # rows read at once


class Unlabelled(NamedTuple):
    """Texts in the columns `text` and maybe `text_pair`, each once, and what became of the others."""

    rows: Dataset
    line: str
    """What was read and left out, for the screen."""


def read_unlabelled(args: DataArguments, columns: Sequence[str], splits: DatasetDict | None = None) -> Unlabelled:
    """Read `--unlabelled`; blank and repeated texts, and those of any of `splits`, are left out and counted.

    `columns` are the text columns of the labelled rows; where the file has others, or none are known, its texts are
    looked for. A text of validation or test would be learned from before it is measured on, whoever labels it.

    Raises:
        UserError: the file cannot be read, has other columns, or nothing is left of it.
    """
    assert args.unlabelled is not None
    path = Path(args.unlabelled).expanduser()
    how = ReadOptions(args.encoding, quotes=args.quotes)
    raw = from_files([path], [path.name], args.on_bad_row == "skip", how)
    names = text_names(raw, columns)
    cells: dict[str, list[str | None]] = {
        own: raw.table.column(name).to_pylist() for own, name in zip(("text", "text_pair"), names, strict=False)
    }
    cells["text"] = [text or "" for text in cells["text"]]
    found = Dataset.from_dict(cells, features=Features({own: Value("string") for own in cells}))
    found = join_columns(DatasetDict({"train": found}), args.join_text if len(names) == 2 else None)["train"]
    clean = reader(args.clean)
    taken = {key for split in (splits or {}).values() for key in _keys(split, clean)}
    labelled, seen, kept = len(taken), set(taken), []
    also = 0
    for row, key in enumerate(_keys(found, clean)):
        also += key in taken and key != BLANK
        if key != BLANK and key not in seen:
            seen.add(key)
            kept.append(row)
    if not kept:
        raise UserError(f"{path.name} has no text that is not blank and stands in no split of the labelled data.")
    line = f"{path.name}: {len(kept):,} texts without labels"
    if labelled:
        line += f"; {also:,} more also stand in a split of the labelled data, and are left out"
    if left := len(found) - len(kept) - also:
        line += f"; {left:,} are blank or repeated"
    return Unlabelled(found.select(kept), f"{line}.")


def text_names(raw: RawSplit, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the text columns of a file: those named, where it has them, else what reads like texts."""
    wanted = tuple(composed(name) for name in columns)
    if wanted and set(wanted) <= set(raw.columns):
        return wanted
    if len(wanted) == 2:
        missing = ", ".join(name for name in wanted if name not in raw.columns)
        raise UserError(
            f"--unlabelled needs the columns {' and '.join(wanted)} of the labelled rows; {missing} missing."
        )
    strings = [name for name in raw.columns if is_string(raw.table.schema.field(name).type)]
    return (strings[0],) if len(strings) == 1 else find_text(raw, {name: look(raw, name) for name in raw.columns})[:1]


def _keys(split: Dataset, clean: Any) -> list[int]:  # Any: a function of a text, as `reader` gives it
    columns = [name for name in ("text", "text_pair") if name in split.column_names]
    batches: Sequence[Mapping[str, Any]] = list(split.select_columns(columns).with_format(None).iter(AT_ONCE))
    return [text_key(text) for batch in batches for text in whole_texts(batch, clean)]
