"""A claim: a figure that a card gives, and what it says that the figure is of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .wording import Named, Number, foreign, metric_named

NUMERIC = 5e-5  # by which figures differ between machines and precisions, and nobody means a difference
SURE = 0.0051  # half a unit of the last digit, from which on figures are equal by chance
# What is no share of anything is never meant in hundredths unless the card says %; and the values that it can have.
_NO_SHARES = {"mcc": (-1.0, 1.0), "log_loss": (0.0, float("inf")), "brier": (0.0, 2.0)}


@dataclass(frozen=True)
class DataNamed:
    """The rows that a claim is about, as far as the card names them."""

    dataset: str | None = None
    config: str | None = None
    split: str | None = None
    revision: str | None = None
    n: int | None = None


@dataclass(frozen=True)
class Claim:
    """One figure of a card.

    Attributes:
        metric: as the card calls it.
        named: what that means, None where it is no metric of classification that is known here.
        written: the value as written.
        value: the figure, a share where it can be one.
        half: half a unit of its last written digit.
        percent: whether it is written in hundredths.
        data: what it is of.
        where: where in the card it stands.
        task: the task that the card says it is of, None if it does not.
    """

    metric: str
    named: Named | None
    written: str
    value: float
    half: float
    percent: bool
    data: DataNamed
    where: str
    task: str | None = None

    @property
    def foreign(self) -> bool:
        """Say whether the metric belongs to another task."""
        return self.named is None and foreign(self.metric)

    @property
    def tolerance(self) -> float:
        """Return how far a measured figure may be off and still be the one that was written."""
        return max(self.half, NUMERIC) * (1 + 1e-6)

    def fits(self, value: float) -> bool:
        """Say whether a figure, rounded as the claim is, is the claim."""
        return abs(self.value - value) <= self.tolerance

    def surely(self, value: float) -> bool:
        """Say whether a figure is the claim, and not by chance as where 0.9 stands for all from 0.85 to 0.95."""
        return self.fits(value) and (self.half < SURE or abs(self.value - value) <= NUMERIC)

    def same_as(self, other: Claim) -> bool:
        """Say whether another claim says the same again, perhaps with fewer digits or fewer words."""
        ours, theirs = self.data, other.data
        pairs = ((ours.dataset, theirs.dataset), (ours.config, theirs.config), (ours.split, theirs.split))
        alike = all(one is None or two is None or one == two for one, two in pairs)
        close = abs(self.value - other.value) <= max(self.half, other.half, NUMERIC) * (1 + 1e-6)
        return self.named is not None and self.named == other.named and alike and close

    def to_dict(self) -> dict[str, Any]:
        """Return what claims.json holds of a claim."""
        data = {key: value for key, value in vars(self.data).items() if value is not None}
        average = {"average": self.named.average} if self.named and self.named.average else {}
        return {"metric": self.metric, **average, "value": self.value, "written": self.written, **data} | {
            "where": self.where
        }


def make_claim(metric: str, written: str, number: Number, data: DataNamed, where: str) -> Claim:
    """Return the claim that words and a number make; shares in hundredths are told by their size."""
    named = metric_named(metric)
    value, half, percent = number
    share = named is not None and named.base not in _NO_SHARES
    if share and not percent and 1 < abs(value) <= 100 and not (abs(value) <= 1 + half):
        value, half, percent = value / 100, half / 100, True
    return Claim(metric.strip(), named, " ".join(written.split()), value, half, percent, data, where)


def possible(claim: Claim) -> bool:
    """Say whether the value is one that the metric can have."""
    if claim.named is None:
        return True
    least, most = _NO_SHARES.get(claim.named.base, (0.0, 1.0))
    return least - claim.half <= claim.value <= most + claim.half


def without_repeats(claims: list[Claim]) -> list[Claim]:
    """Return claims without those that an earlier one makes, whose data the later one may tell in more words."""
    kept: list[Claim] = []
    for claim in claims:
        place = next((i for i, earlier in enumerate(kept) if claim.same_as(earlier)), None)
        if place is None:
            kept.append(claim)
            continue
        earlier = kept[place]
        told = {key: value for key, value in vars(claim.data).items() if getattr(earlier.data, key) is None}
        kept[place] = replace(earlier, data=replace(earlier.data, **told))
    return kept
