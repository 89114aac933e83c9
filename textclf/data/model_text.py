"""The text as the model reads it: fields joined, cleaned and composed. Audit, keys, carving and baselines share it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from datasets import DatasetDict

from ..errors import UserError
from .cleaning import cleaner

# A text, or two fields; a null or empty second field is none.
Text = str | tuple[str, str | None]
BLANK = 0  # the key of texts without any content: they are no duplicates of each other


def join_columns(splits: DatasetDict, between: str | None) -> DatasetDict:
    """Turn two text columns into one, with `between` between them; a null or empty second text adds nothing.

    Raises:
        UserError: there is only one text column.
    """
    if between is None:
        return splits
    if "text_pair" not in splits["train"].column_names:
        raise UserError("--join_text joins two text columns, but there is one. Name two in --text_columns.")
    return splits.map(
        _joined, batched=True, fn_kwargs={"between": between}, remove_columns=["text_pair"], desc="joining columns"
    )


def _joined(batch: dict[str, list[str | None]], between: str) -> dict[str, list[str | None]]:
    pairs = zip(batch["text"], batch["text_pair"], strict=True)
    return {"text": [f"{text}{between}{second}" if second else text for text, second in pairs]}


def clean_texts(texts: Iterable[Text], clean: Callable[[str], str]) -> list[Text]:
    """Clean texts, or both fields of pairs, as the tokenizer does."""
    return [
        clean(text) if isinstance(text, str) else (clean(text[0]), clean(text[1]) if text[1] else None)
        for text in texts
    ]


def whole_texts(batch: Mapping[str, Any], clean: Callable[[str], str] = str) -> list[str]:  # Any: columns
    """Return the texts of a batch of rows, cleaned, a second field behind the first one on a line of its own."""
    seconds: Sequence[str | None] = batch.get("text_pair") or [None] * len(batch["text"])
    rows = clean_texts(zip(batch["text"], seconds, strict=True), clean)
    return [row if isinstance(row, str) else f"{row[0]}\n{row[1]}" if row[1] else row[0] for row in rows]


def reader(steps: Sequence[str]) -> Callable[[str], str]:
    """Return what cleans one text for `whole_texts`; without steps composition is left to `text_key`, which has it."""
    return cleaner(list(steps)) if steps else str


def fold(text: str) -> str:
    """Return the text in NFC, case-folded, with every run of white space as one space and none at the ends."""
    if text.isascii():
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    return " ".join(folded.split())


def text_key(text: str) -> int:
    """Return 64 bits of the folded text's BLAKE2b; 5 million texts collide by chance once in a million data sets."""
    folded = fold(text)
    return (
        int.from_bytes(blake2b(folded.encode("utf-8", "surrogatepass"), digest_size=8).digest()) if folded else BLANK
    )
