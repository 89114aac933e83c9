"""Findings: what a check of the data found, as numbers for audit.json, a line for the screen, examples for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

EXAMPLES = 5
EXCERPT = 80  # characters


class Example(NamedTuple):
    """A row that shows what was found: its split, its number in it as loaded (from 0), the start of its text."""

    split: str
    row: int
    excerpt: str


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    name: str
    says: str
    """The end of a sentence that starts with the count: 'rows repeat another row of their split'."""
    count: int
    of: int
    """The number of rows (or labels) that were looked at."""
    examples: Sequence[Example] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    """Plain values for audit.json, no text of the data among them."""
    worth_a_line: bool = True
    """Whether people should be told, if the count is not 0."""

    @property
    def share(self) -> float:
        """Return count / of, 0 where nothing was looked at."""
        return self.count / self.of if self.of else 0.0

    @property
    def line(self) -> str:
        """Return the sentence for the screen."""
        return f"{self.count:,} ({percentage(self.share)}) {self.says}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for audit.json: it goes up with the model, so rows are named by number only."""
        rows = [{"split": example.split, "row": example.row} for example in self.examples]
        return {
            "says": self.says if self.count and self.worth_a_line else None,
            "count": self.count,
            "share": round(self.share, 6),
            **self.details,
            "examples": rows,
        }


def counted(count: int, one: str, many: str) -> str:
    """Return the words that go with a count: 'row repeats' with 1, 'rows repeat' with any other number."""
    return one if count == 1 else many


def percentage(share: float) -> str:
    """Write a share for people: '0.3 %', and '<0.1 %' rather than a zero that is none."""
    return "<0.1 %" if 0 < share < 0.001 else f"{share:.1%}".replace("%", " %")


def excerpt(text: str) -> str:
    """Return the start of a text on one line."""
    line = " ".join(text[: 4 * EXCERPT].split())
    return line if len(line) <= EXCERPT else line[: EXCERPT - 1] + "…"
