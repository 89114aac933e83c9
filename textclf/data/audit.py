"""The audit of a data set before training: what would make a model, or its figures, worse than they look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from datasets import DatasetDict
from numpy.typing import NDArray

from . import label_checks, text_checks
from .exact_duplicates import HELD_OUT, Keys, conflicting_texts, held_out_keys, repeated_rows, row_keys, rows_found_in
from .findings import EXAMPLES, Example, Finding, excerpt
from .sampling import TextSample, read_texts

MOST_ROWS = 200_000  # texts that are looked into; beyond that a random sample stands for them


@dataclass(frozen=True)
class Audit:
    """What was found, and which training rows leak."""

    sizes: dict[str, int]
    sampled: dict[str, int] | None
    """Rows of each split that stand for it in the checks inside texts, or None if all were looked at."""
    findings: Sequence[Finding]
    exact_leaks: NDArray[np.int64]
    """Training rows whose text also stands in validation or test."""
    scripts: dict[str, dict[str, float]]
    """Split -> script -> share of its letters."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for audit.json; no text of the data among them."""
        return {
            "rows": self.sizes,
            "rows_looked_into": self.sampled or self.sizes,
            "findings": {finding.name: finding.to_dict() for finding in self.findings},
            "scripts": self.scripts,
        }

    @property
    def lines(self) -> list[str]:
        """Return one line for each thing found, none for what is fine."""
        found = [finding.line for finding in self.findings if finding.count and finding.worth_a_line]
        if self.sampled is not None:
            found.append(f"Texts were looked into in a random sample of {sum(self.sampled.values()):,} rows.")
        return found


def audit(splits: DatasetDict, *, clean: Sequence[str] = (), seed: int = 0) -> Audit:
    """Check splits with columns `text`, `labels` and maybe `text_pair`; nothing is changed.

    Exact duplicates, leaks and labels are checked on every row. What takes a look into the texts (faults of
    characters, near duplicates) is checked on 200,000 rows at most. `clean` are the cleaning steps the model will use.
    """
    keys = row_keys(splits)
    leaks = rows_found_in(keys["train"].texts, held_out_keys(keys))
    sample = TextSample(splits, MOST_ROWS, seed)
    checked = text_checks.check(sample, clean)
    findings = [
        *_exact_findings(splits, keys, leaks),
        *label_checks.check(splits),
        *checked.findings,
    ]
    return Audit(
        sizes={name: len(split) for name, split in splits.items()},
        sampled=None if sample.complete else sample.sizes,
        findings=findings,
        exact_leaks=leaks,
        scripts=checked.scripts,
    )


def _exact_findings(splits: DatasetDict, keys: dict[str, Keys], leaks: NDArray[np.int64]) -> list[Finding]:
    """Report leaks, repeats and contradicting labels among equal texts."""
    affected = {name: len(rows_found_in(keys[name].texts, keys["train"].texts)) for name in HELD_OUT if name in keys}
    found_in = " and ".join(f"{count:,} {name}" for name, count in affected.items() if count)
    repeats = {name: repeated_rows(each.texts) for name, each in keys.items()}
    conflicts = conflicting_texts(keys)
    conflicting = {name: rows_found_in(each.texts, conflicts) for name, each in keys.items()}
    findings = [
        _finding(
            splits,
            "exact_leaks",
            f"training rows repeat {found_in} texts and leave train",
            {"train": leaks},
            affected=affected,
        ),
        _finding(splits, "exact_duplicates", "rows repeat another row of their split", repeats),
        _finding(splits, "conflicting_labels", "rows have a text that also occurs with another label", conflicting),
    ]
    if all(name in keys for name in HELD_OUT):
        overlap = rows_found_in(keys["validation"].texts, keys["test"].texts)
        findings.insert(
            1, _finding(splits, "validation_in_test", "validation rows repeat a test text", {"validation": overlap})
        )
    return findings


def _finding(
    splits: DatasetDict,
    name: str,
    says: str,
    rows: dict[str, NDArray[np.int64]],
    **details: Any,  # plain values for audit.json
) -> Finding:
    """Build a finding about whole rows, with examples from the splits in their order."""
    places = [(split, int(row)) for split, found in rows.items() for row in found[:EXAMPLES]][:EXAMPLES]
    examples = [Example(split, row, excerpt(read_texts(splits[split], np.array([row]))[0])) for split, row in places]
    return Finding(
        name,
        says,
        count=sum(len(found) for found in rows.values()),
        of=sum(len(splits[split]) for split in rows),
        examples=examples,
        details={"per_split": {split: len(found) for split, found in rows.items()}, **details},
    )
