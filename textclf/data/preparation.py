"""Preparation: splits as loaded become splits as trained on; what was found and done is written down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from datasets import Dataset, DatasetDict
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from ..arguments import DataArguments
from ..errors import UserError
from ..labels import LabelSpace
from .auditing.audit import Audit, audit
from .auditing.findings import Finding, counted, percentage
from .auditing.label_checks import label_frequencies
from .auditing.sampling import sample_rows
from .augmentation import augment
from .lengths import SAMPLE, auto_max_length, coverage_table, shows_coverage, token_lengths, within_limit
from .model_text import join_columns
from .tokenizer_fit import fit_finding, fit_lines


class Prepared(NamedTuple):
    """Splits ready for training, the length they are cut to, and what is to be told about them."""

    splits: DatasetDict
    max_length: int
    audit: dict[str, Any]
    """For audit.json: numbers and row numbers (of the splits as loaded), no text of the data."""
    lines: list[str]
    """For the screen: what was found and done, nothing about what is fine."""
    findings: list[Finding]
    """With excerpts of texts, for people who look at their own data."""


def prepare(
    splits: DatasetDict,
    tokenizer: PreTrainedTokenizerBase,
    args: DataArguments,
    *,
    limit: int,
    seed: int,
    look: Callable[..., Audit] = audit,
) -> Prepared:
    """Join columns, audit, take leaks out of train, choose `max_length`, augment train; in this order.

    The tokenizer already carries the cleaning steps; `limit` is the most tokens its model can read. Validation and
    test rows are never touched, but for `join_text`. `look` is the audit, or what remembers an earlier one.

    Raises:
        UserError: `strict` and there is a leak, every training row leaks, or options that do not fit the data.
    """
    splits = join_columns(splits, args.join_text)
    found = look(splits, clean=args.clean, seed=seed)
    splits = DatasetDict(splits)
    kept = _take_out_leaks(splits["train"], found, args)
    splits["train"] = kept.train
    measured = _measure_lengths(splits["train"], tokenizer, args, limit)
    augmented = augment(splits["train"], args, seed)
    splits["train"] = augmented.train
    content = found.to_dict() | {
        "removed_from_train": kept.counts,
        "max_length": measured.details,
        "augmentation": augmented.counts,
    }
    content["findings"]["longer_than_max_length"] = measured.finding.to_dict()
    fit = fit_finding(tokenizer, kept.train, seed)
    content["findings"][fit.name] = fit.to_dict()
    lines = [_headline(found), *(f"  {line}" for line in found.lines), *kept.lines, *fit_lines(fit), measured.line]
    before, after = len(kept.train), len(augmented.train)
    if after != before:
        lines.append(f"Augmentation and resampling make {after:,} training rows of {before:,}.")
    return Prepared(splits, measured.max_length, content, lines, [*found.findings, measured.finding])


def _headline(found: Audit) -> str:
    """Say which rows were looked at, and if that is all there is to say."""
    sizes = ", ".join(f"{rows:,} {name}" for name, rows in found.sizes.items())
    return f"Audit of {sum(found.sizes.values()):,} rows ({sizes}):" + ("" if found.lines else " nothing found.")


class _Kept(NamedTuple):
    train: Dataset
    counts: dict[str, int]
    lines: list[str]


def _take_out_leaks(train: Dataset, found: Audit, args: DataArguments) -> _Kept:
    """Leave out training rows whose text stands, or (if asked for) nearly stands, in validation or test."""
    leaks = {"exact_leaks": found.exact_leaks}
    if args.drop_near_duplicates:
        leaks["near_leaks"] = found.near_leaks
    rows = np.unique(np.concatenate(list(leaks.values())))
    counts = {name: len(each) for name, each in leaks.items()}
    hint = []
    if len(found.near_leaks) and not args.drop_near_duplicates:
        hint = ["Rows that nearly repeat validation or test stay in train; --drop_near_duplicates takes them out."]
    if found.sampled is not None and args.drop_near_duplicates:
        hint = ["Rows that nearly repeat validation or test left train as far as they are in the sample."]
    if not len(rows):
        return _Kept(train, counts, hint)
    if args.strict:
        raise UserError(
            f"--strict: {len(rows):,} training rows leak from validation or test (rows "
            f"{', '.join(map(str, rows[:5]))}{' ...' if len(rows) > 5 else ''}, counted from 0). Take them "
            "out of your data, or leave --strict away: then they leave train and are counted."
        )
    if len(rows) == len(train):
        raise UserError("Every training text also stands in validation or test: nothing is left to train on.")
    kept = np.ones(len(train), dtype=bool)
    kept[rows] = False
    remaining = train.select(np.flatnonzero(kept))
    left = f"{len(rows):,} leaking {counted(len(rows), 'row', 'rows')} left train; {int(kept.sum()):,} remain."
    return _Kept(remaining, counts, [left, *_emptied(train, remaining), *hint])


def _emptied(before: Dataset, after: Dataset) -> list[str]:
    """Say which labels have lost their last training row.

    Raises:
        UserError: fewer than two labels have any left.
    """
    space = LabelSpace.from_features(before.features)
    had, has = (label_frequencies(rows, space) > 0 for rows in (before, after))
    lost = [space.names[i] for i in np.flatnonzero(had & ~has)]
    if not lost:
        return []
    names = ", ".join(lost[:10]) + (f" and {len(lost) - 10} more" if len(lost) > 10 else "")
    if has.sum() < 2:
        raise UserError(
            f"All training texts of {names} also stand in validation or test, and leave train as leaks: fewer than "
            "two labels are left to learn. Give splits that do not share their texts, or one file to be split."
        )
    one = counted(len(lost), "label has", "labels have")
    return [f"{len(lost)} {one} no training row left without the leaks, and will not be learnt: {names}."]


class _Lengths(NamedTuple):
    max_length: int
    details: dict[str, Any]
    finding: Finding
    line: str


def _measure_lengths(train: Dataset, tokenizer: PreTrainedTokenizerBase, args: DataArguments, limit: int) -> _Lengths:
    """Count tokens once: for `max_length`, for the table of coverages, and for the texts that will be cut."""
    if args.max_length != "auto":
        within_limit(int(args.max_length), limit)  # before any time is spent
    rows = sample_rows(len(train), SAMPLE)
    lengths = token_lengths(tokenizer, train, rows)
    chosen = auto_max_length(lengths, args, limit) if args.max_length == "auto" else int(args.max_length)
    details = {
        "chosen": chosen,
        "asked": args.max_length,
        "model_limit": limit,
        "texts_counted": len(rows),
        "covering": coverage_table(lengths),
    }
    finding = _cut_texts(train, rows, lengths, chosen, args.length_coverage)
    if finding.worth_a_line:
        line = f"{finding.line}."
    else:
        line = f"Texts are cut to {chosen} tokens, which leaves {percentage(1 - finding.share)} of train whole"
        line += f"; the longest has {int(lengths.max(initial=0)):,}"
        few = args.max_length == "auto" and not shows_coverage(len(lengths), args.length_coverage)
        line += ", but so few tell little of others." if few else "."
    return _Lengths(chosen, details, finding, line)


def _cut_texts(
    train: Dataset, rows: NDArray[np.int64], lengths: NDArray[np.int64], max_length: int, coverage: float
) -> Finding:
    """Report training texts longer than `max_length`, for each label its share."""
    space = LabelSpace.from_features(train.features)
    cut = lengths > max_length
    looked_at = (
        train.select_columns("labels") if len(rows) == len(train) else train.select_columns("labels").select(rows)
    )
    gold = space.gold(looked_at)
    indicator = gold if space.multi_label else np.eye(len(space), dtype=np.int64)[gold]
    totals = indicator.sum(axis=0)
    shares = indicator[cut].sum(axis=0) / np.maximum(totals, 1)
    per_label = {name: round(float(share), 4) for name, share, n in zip(space.names, shares, totals, strict=True) if n}
    worst = max(per_label, key=lambda name: per_label[name], default="")
    count = int(cut.sum())
    longer = counted(count, "training text is longer", "training texts are longer")
    says = f"{longer} than {max_length} tokens and will be cut"
    if worst and per_label[worst] > 2 * cut.mean():
        says += f" (of {worst!r} {percentage(per_label[worst])})"
    worth_a_line = bool(cut.mean() > 1 - coverage + 1e-9) if len(cut) else False
    details = {"share_per_label": per_label}
    return Finding("longer_than_max_length", says, count, len(cut), details=details, worth_a_line=worth_a_line)
