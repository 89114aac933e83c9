"""Checks for texts that stand in a data set more than once: leaks between splits, repeats, contradicting labels."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from datasets import DatasetDict
from numpy.typing import NDArray

from ..model_text import BLANK
from . import near_duplicates
from .exact_duplicates import (
    HELD_OUT,
    Keys,
    conflicting_texts,
    held_out_keys,
    repeated_rows,
    row_keys,
    rows_found_in,
)
from .findings import EXAMPLES, Example, Finding, counted, excerpt
from .sampling import TextSample, read_texts


class Duplicates(NamedTuple):
    """What the checks found, and the training rows that leak: int64 [n] each, ascending, no row in both."""

    findings: list[Finding]
    exact_leaks: NDArray[np.int64]
    near_leaks: NDArray[np.int64]


def check(sample: TextSample, seed: int = 0) -> Duplicates:
    """Compare all rows of the sample's splits for equal texts, and the sampled ones for nearly equal texts."""
    splits, keys = sample.splits, row_keys(sample.splits, sample.clean)
    leaks = rows_found_in(keys["train"].texts, held_out_keys(keys))
    near = _near_pairs(sample, keys, seed)
    near_leaks = np.setdiff1d(rows_found_in(keys["train"].texts, near.leaking), leaks)
    findings = [*_exact_findings(splits, keys, leaks), *_near_findings(sample, keys, near, near_leaks)]
    return Duplicates(findings, leaks, near_leaks)


def _exact_findings(splits: DatasetDict, keys: dict[str, Keys], leaks: NDArray[np.int64]) -> list[Finding]:
    """Report leaks, repeats and contradicting labels among equal texts."""
    affected = {name: len(rows_found_in(keys[name].texts, keys["train"].texts)) for name in HELD_OUT if name in keys}
    found_in = " and ".join(f"{count:,} {name}" for name, count in affected.items() if count)
    repeats = {name: repeated_rows(each.texts) for name, each in keys.items()}
    conflicts = conflicting_texts(keys)
    conflicting = {name: rows_found_in(each.texts, conflicts) for name, each in keys.items()}
    held_out = counted(sum(affected.values()), "text", "texts")
    leaking = (f"training row repeats {found_in} {held_out}", f"training rows repeat {found_in} {held_out}")
    own = ("row repeats another row of its split", "rows repeat another row of their split")
    conflict = " that also occurs with another label"
    findings = [
        _finding(splits, "exact_leaks", leaking, {"train": leaks}, affected=affected),
        _finding(splits, "exact_duplicates", own, repeats),
        _finding(
            splits, "conflicting_labels", (f"row has a text{conflict}", f"rows have a text{conflict}"), conflicting
        ),
    ]
    if "validation" in keys and "test" in keys:
        overlap = {"validation": rows_found_in(keys["validation"].texts, keys["test"].texts)}
        says = ("validation row repeats a test text", "validation rows repeat a test text")
        findings.insert(1, _finding(splits, "validation_in_test", says, overlap))
    return findings


def _finding(
    splits: DatasetDict,
    name: str,
    says: tuple[str, str],
    rows: dict[str, NDArray[np.int64]],
    **details: Any,  # plain values for audit.json
) -> Finding:
    """Build a finding about whole rows (said of one, and of several), with examples from the splits in their order."""
    places = [(split, int(row)) for split, found in rows.items() for row in found[:EXAMPLES]][:EXAMPLES]
    examples = [Example(split, row, excerpt(read_texts(splits[split], np.array([row]))[0])) for split, row in places]
    per_split = {split: len(found) for split, found in rows.items()}
    of = sum(len(splits[split]) for split in rows)
    count = sum(per_split.values())
    return Finding(name, counted(count, *says), count, of, examples, {"per_split": per_split, **details})


class _NearPairs(NamedTuple):
    """Nearly equal texts by their number in the sample, and the keys of those that link train to another split."""

    pairs: NDArray[np.int64]  # [P, 2]
    labels_differ: NDArray[np.bool_]  # [P]
    leaks: NDArray[np.bool_]  # [P]: one of the two stands in train, the other one in validation or test
    leaking: NDArray[np.uint64]  # keys of leaking training texts
    held_out: NDArray[np.uint64]  # keys of their partners


def _near_pairs(sample: TextSample, keys: dict[str, Keys], seed: int) -> _NearPairs:
    """Look for near duplicates among the different texts of the sample; a text that stands twice is looked at once."""
    texts = np.concatenate([keys[name].texts[rows] for name, rows in sample.rows.items()])
    labels = np.concatenate([keys[name].labels[rows] for name, rows in sample.rows.items()])
    first = np.unique(texts, return_index=True)[1]
    first = np.sort(first[texts[first] != BLANK])
    batches = (
        sample.read_as_model(first[start : start + near_duplicates.BATCH])
        for start in range(0, len(first), near_duplicates.BATCH)
    )
    pairs = first[near_duplicates.near_pairs(batches, lambda numbers: sample.read_as_model(first[numbers]), seed)]
    in_train = np.isin(texts[pairs], keys["train"].texts)
    in_held_out = np.isin(texts[pairs], held_out_keys(keys))
    leaks = in_train & in_held_out[:, ::-1]
    return _NearPairs(
        pairs,
        labels[pairs[:, 0]] != labels[pairs[:, 1]],
        leaks[:, 0] | leaks[:, 1],
        texts[pairs][leaks],
        texts[pairs][leaks[:, ::-1]],
    )


def _near_findings(
    sample: TextSample, keys: dict[str, Keys], near: _NearPairs, leaks: NDArray[np.int64]
) -> list[Finding]:
    """Report near leaks, and near duplicates within a split."""
    owner = sample.owners()[near.pairs]  # the split of each text, as a number
    within = owner[:, 0] == owner[:, 1]
    repeats = np.unique(near.pairs[within, 1])
    per_split = np.bincount(sample.owners()[repeats], minlength=len(sample.rows))
    held_out = {name: int(np.isin(keys[name].texts, near.held_out).sum()) for name in HELD_OUT if name in keys}
    leaking = ("training row nearly repeats", "training rows nearly repeat")
    own = ("text nearly repeats another one of its split", "texts nearly repeat another one of their split")
    return [
        Finding(
            "near_leaks",
            f"{counted(len(leaks), *leaking)} a validation or test text",
            len(leaks),
            len(keys["train"].texts),
            _pair_examples(sample, near.pairs[near.leaks]),
            {"affected": held_out},
        ),
        Finding(
            "near_duplicates",
            counted(len(repeats), *own),
            len(repeats),
            len(sample),
            _pair_examples(sample, near.pairs[within]),
            {
                "per_split": dict(zip(sample.rows, map(int, per_split), strict=True)),
                "pairs_with_different_labels": int(near.labels_differ[within].sum()),
            },
        ),
    ]


def _pair_examples(sample: TextSample, pairs: NDArray[np.int64]) -> list[Example]:
    """Show pairs: the place of one text, and excerpts of both."""
    examples = []
    for pair in pairs[:EXAMPLES]:
        (split, row), texts = sample.place(pair[0]), sample.read(pair)
        examples.append(Example(split, row, " ≈ ".join(map(excerpt, texts))))
    return examples
