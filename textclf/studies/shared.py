"""What the runs of a study share is done once: reading and splitting the data, the audit, what is said of both.

Token ids and baselines are shared through their own caches, whose keys are the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields

import numpy as np
from datasets import Dataset, DatasetDict
from numpy.typing import NDArray

from ..data.auditing.audit import Audit, audit
from ..data.loading import GroupedData, load_with_groups
from ..data.model_text import join_columns
from ..evaluation.promises import allowed
from ..recipe import Recipe
from ..screen import Screen

# Fields of the data group that decide nothing before `prepare`: runs that differ in them read the same splits.
_LATER = {"max_length", "length_coverage", "long_text", "drop_near_duplicates", "resample", "strict"}
_LATER |= {"augment_crop", "augment_drop", "augment_swap", "augment_level"}


class OnceScreen(Screen):
    """A screen on which what an earlier run has said is not said again."""

    def __init__(self) -> None:
        """Start with nothing said."""
        super().__init__()
        self._said: set[str] = set()

    def show(self, lines: Iterable[str]) -> None:
        """Print the lines that are new."""
        new = [line for line in lines if line not in self._said]
        self._said.update(new)
        super().show(new)


class Silent(Screen):
    """A screen for a part of a study: the study itself has said what there is to say."""

    def __init__(self) -> None:
        """Say nothing, and leave the log as it is."""
        self.quiet = True


class SharedData:
    """The data of a study's runs, read and audited once for all runs that read the same."""

    def __init__(self, screen: Screen) -> None:
        """Take where to say what was found."""
        self._screen = screen
        self._loaded: dict[str, GroupedData] = {}
        self._audits: dict[str, Audit] = {}

    def load(self, recipe: Recipe) -> GroupedData:
        """Return the recipe's splits and groups."""
        own = [(each.name, getattr(recipe.data, each.name)) for each in fields(recipe.data) if each.name not in _LATER]
        key = repr([own, recipe.data.strict, recipe.measure.promises])
        if key not in self._loaded:
            self._loaded[key] = load_with_groups(recipe.data, guarantee=recipe.measure.promises)
        found = self._loaded[key]
        self._screen.show([*found.loaded.provenance.notes, *allowed(recipe.measure, found.loaded.splits)])
        return found

    def look(self, splits: DatasetDict, *, clean: Sequence[str] = (), seed: int = 0) -> Audit:
        """Return the audit of splits: the first one's, whatever the seed, which only draws samples of many rows."""
        key = repr([[(name, split._fingerprint) for name, split in splits.items()], list(clean)])
        if key not in self._audits:
            self._audits[key] = audit(splits, clean=clean, seed=seed)
        return self._audits[key]

    def training_rows(self, recipe: Recipe) -> tuple[Dataset, NDArray[np.int64]]:
        """Return the training rows that leak from no other split, and their numbers among the rows as loaded [N]."""
        splits = join_columns(self.load(recipe).loaded.splits, recipe.data.join_text)
        found = self.look(splits, clean=recipe.data.clean, seed=recipe.fit.seed)
        leaks = [found.exact_leaks, *([found.near_leaks] if recipe.data.drop_near_duplicates else [])]
        train = self.load(recipe).loaded.splits["train"]
        rows = np.setdiff1d(np.arange(len(train)), np.concatenate(leaks))
        return train.select(rows), rows


def nothing_found(splits: DatasetDict, *, clean: Sequence[str] = (), seed: int = 0) -> Audit:
    """Return the audit of parts of rows that were looked over as a whole: they have no leaks between them."""
    none = np.zeros(0, dtype=np.int64)
    return Audit({name: len(split) for name, split in splits.items()}, None, [], none, none, {})
