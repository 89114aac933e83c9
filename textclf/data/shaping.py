"""From good rows to three splits: groups checked, labels dropped, missing splits carved, in this order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..arguments import DataArguments
from ..errors import UserError
from .auditing.findings import counted
from .draft import Draft, drop_absent_labels, drop_rare_labels, drop_rows
from .labelling.rows import SplitRows
from .model_text import BLANK, reader, text_key, whole_texts
from .splits import carve, describe

BATCH = 10_000
SPLITS = ("train", "validation", "test")
GUARANTEE = "guarantee"  # only where a promise is asked for: rows that nothing else sees


def shape(draft: Draft, args: DataArguments, *, guarantee: bool = False) -> None:
    """Bring a draft, in place, to three splits in which every label occurs in train.

    With `guarantee` a fourth, kept for promises, leaves validation.

    The order matters: test is carved first; then labels with too few of the remaining rows are dropped, so that test
    has no say in it; then validation is carved.

    Raises:
        UserError: labels are unseen in train, nothing is left to learn from, or `strict` and groups straddle splits.
    """
    if len(draft.splits["train"]) == 0:
        raise UserError("The data set is empty: no training rows with a text and a label.")
    _check_classes(draft)
    before = sum(draft.removed.values())
    _part_groups(draft, args)
    given = [split for split in SPLITS if split in draft.splits]
    sentences = [f"{' and '.join(given)} as given" if len(given) > 1 else ""]
    if sum(draft.removed.values()) > before:
        sentences[0] += f", less rows of one {args.group_column!r} with a later split"
    if guarantee or not {"validation", "test"} <= draft.splits.keys():
        draft.splits = {split: with_texts(rows, draft.text_columns, args) for split, rows in draft.splits.items()}
    if "test" not in draft.splits:
        sentences.append(_carve(draft, "test", args.test_share, args))
    drop_rare_labels(draft, args.min_label_count)
    drop_absent_labels(draft, args.drop_unseen_labels)
    if args.drop_unlabelled:
        drop_rows(draft, {split: rows.labels.sizes() == 0 for split, rows in draft.splits.items()}, "no label left")
    _check_classes(draft)
    if "validation" not in draft.splits:
        sentences.append(_carve(draft, "validation", args.validation_share, args))
    if guarantee:
        sentences.append(_carve(draft, GUARANTEE, args.guarantee_share, args, "validation"))
    draft.how_split = "; ".join(sentence for sentence in sentences if sentence) + "."
    draft.splits = {split: draft.splits[split] for split in (*SPLITS, *([GUARANTEE] if guarantee else []))}
    for split, rows in draft.splits.items():
        if len(rows) == 0:
            raise UserError(f"The {split} split is empty once rows without text or label are left out.")


def _carve(draft: Draft, name: str, share: float, args: DataArguments, source: str = "train") -> str:
    """Carve a split out of the rows of `source` whose texts stand in no other split (in train they are leaks)."""
    given = draft.splits[source]
    assert given.texts is not None  # known before anything is carved
    elsewhere = [rows.texts for split, rows in draft.splits.items() if split != source and rows.texts is not None]
    free = ~np.isin(given.texts, np.concatenate(elsewhere)) if elsewhere else np.ones(len(given), dtype=bool)
    rows = given.select(free)
    others = " and ".join(split for split in draft.splits if split != source)
    if len(rows) < 2:
        raise UserError(
            f"All but {len(rows)} of the {'training' if source == 'train' else source} texts also stand in {others}: "
            f"no {name} split can be carved out of them. Give other {source} rows."
        )
    chosen = carve(rows.labels, len(draft.space), share, args.split_seed, rows.groups, rows.texts)
    leaves = np.zeros(len(given), dtype=bool)
    leaves[np.flatnonzero(free)] = chosen
    draft.splits[source], draft.splits[name] = given.select(~leaves), given.select(leaves)
    together, apart = _copies(rows, chosen)
    out = "out" if source == "train" else f"out of {source}"
    sentence = f"{name} carved {out}: {describe(share, args.split_seed, given.labels, args.group_column, together)}"
    if apart:
        sentence += f", {apart:,} {counted(apart, 'text', 'texts')} on both sides, written in groups that are apart"
    if not free.all():
        sentence += f", none of the {int((~free).sum()):,} rows with a text of another split"
    draft.notes.append(f"{sentence[0].upper()}{sentence[1:]} ({int(leaves.sum()):,} rows).")
    return sentence


def _copies(rows: SplitRows, chosen: NDArray[np.bool_]) -> tuple[bool, int]:
    """Say whether all copies of texts went one way, and if not, how many texts stand on both sides."""
    assert rows.texts is not None  # known before anything is carved
    apart = len(np.intersect1d(rows.texts[chosen], rows.texts[~chosen]))
    return not apart and len(np.unique(rows.texts)) < len(rows), apart


def _part_groups(draft: Draft, args: DataArguments) -> None:
    """Take rows out of given splits whose group stands in a later one: out of train and validation, never of test."""
    given = [split for split in SPLITS if split in draft.splits and draft.splits[split].groups is not None]
    for place, split in enumerate(given):
        for later in given[place + 1 :]:
            rows, others = draft.splits[split], draft.splits[later]
            assert rows.groups is not None  # `given` has such splits alone
            assert others.groups is not None
            shared = np.isin(rows.groups, others.groups)
            if not shared.any():
                continue
            if args.strict:
                at = int(rows.index[np.flatnonzero(shared)[0]])
                value = rows.raw.table[args.group_column][at].as_py()
                raise UserError(
                    f"--strict: {len(np.unique(rows.groups[shared]))} groups of {args.group_column!r} stand in both "
                    f"{split} and {later}, {value!r} for one. Leave --strict away: then their rows leave {split}."
                )
            if shared.all():
                raise UserError(
                    f"Every row of {split} has a {args.group_column!r} that also stands in {later}: nothing is left "
                    f"of {split}. Give one file and let the splits be carved, or leave --group_column out."
                )
            draft.removed[f"{args.group_column!r} of {split} that also stands in {later}"] += int(shared.sum())
            draft.splits[split] = rows.select(~shared)


def _check_classes(draft: Draft) -> None:
    occurring = np.flatnonzero(draft.splits["train"].labels.counts(len(draft.space)))
    if len(occurring) < 2:
        only = ", ".join(repr(draft.space.names[i]) for i in occurring) or "none"
        raise UserError(f"Classification needs two labels or more in the training rows; found {only}.")


def with_texts(rows: SplitRows, columns: tuple[str, ...], args: DataArguments) -> SplitRows:
    """Number a split's texts as the model will read them: equal numbers, equal texts.

    Texts of which cleaning leaves nothing are different from each other.
    """
    clean, parts, first = reader(args.clean), [np.zeros(0, dtype=np.uint64)], 0
    keep = np.zeros(rows.raw.table.num_rows, dtype=bool)
    keep[rows.index] = True
    for batch in rows.raw.table.select(list(columns)).to_batches(max_chunksize=BATCH):
        kept = batch.filter(pa.array(keep[first : first + batch.num_rows]))
        first += batch.num_rows
        fields = [column.cast(pa.string()).fill_null("").to_pylist() for column in kept.columns]
        texts = [[cell for cell in row if cell.strip()] or [""] for row in zip(*fields, strict=True)]
        if args.join_text is not None:
            texts = [[args.join_text.join(row)] for row in texts]
        batch_texts = {"text": [row[0] for row in texts], "text_pair": [(*row, None)[1] for row in texts]}
        keys = [text_key(text) for text in whole_texts(batch_texts, clean)]
        parts.append(np.array(keys, dtype=np.uint64))
    numbers = np.concatenate(parts)
    blank = np.flatnonzero(numbers == BLANK)
    numbers[blank] = blank.astype(np.uint64) + np.uint64(1)
    return replace(rows, texts=numbers)
