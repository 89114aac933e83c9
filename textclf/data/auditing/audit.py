"""The audit of a data set before training: what would make a model, or its figures, worse than they look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from datasets import DatasetDict
from numpy.typing import NDArray

from . import duplicate_checks, label_checks, text_checks
from .findings import Finding
from .sampling import TextSample

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
    near_leaks: NDArray[np.int64]
    """Other training rows whose text nearly stands there."""
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
    sample = TextSample(splits, MOST_ROWS, seed, clean)
    duplicates = duplicate_checks.check(sample, seed)
    texts = text_checks.check(sample, clean)
    return Audit(
        sizes={name: len(split) for name, split in splits.items()},
        sampled=None if sample.complete else sample.sizes,
        findings=[*duplicates.findings, *label_checks.check(splits), *texts.findings],
        exact_leaks=duplicates.exact_leaks,
        near_leaks=duplicates.near_leaks,
        scripts=texts.scripts,
    )
