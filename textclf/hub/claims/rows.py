"""The rows that claims are about: loaded once for each data set, scored once for each split."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from datasets import Dataset, DatasetDict, get_dataset_split_names
from datasets.exceptions import DatasetNotFoundError
from httpx2 import HTTPError
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from numpy.typing import NDArray

from ...arguments import DataArguments
from ...data.auditing.exact_duplicates import row_keys, rows_found_in
from ...data.loading import load_as_given
from ...data.reading.sources import means_something_here
from ...errors import UserError
from ...evaluation.held_out import label_reading
from ...evaluation.matching import match_labels
from ...evaluation.report import Report, report_on
from ...inference.answers import activate
from ...inference.classifier import Classifier, texts_of
from ...labels import LabelSpace
from .card import FILE_KINDS
from .claim import DataNamed

Key = TypeVar("Key")
Found = TypeVar("Found")
_HUB_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")


class UnmeasurableError(Exception):
    """Why rows cannot be had: of which kind, and in a sentence."""

    def __init__(self, kind: str, sentence: str) -> None:
        """Take the kind, as claims.json names it, and the sentence."""
        super().__init__(sentence)
        self.kind, self.sentence = kind, sentence


@dataclass
class ScoredSplit:
    """A split in the model's label space, and the model's logits for it.

    Attributes:
        rows: texts and gold labels.
        labels: the label axis; `multi_label` as the data has it, whatever the model's configuration says.
        logits: float32 [N, L].
        data_names: the data's names of those labels, [L]; the model's where the data have fewer.
        note: what was assumed to match labels.
        cuts: each label's threshold [L], or None.
        draws: behind each interval.
    """

    rows: Dataset
    labels: LabelSpace
    logits: NDArray[np.float32]
    data_names: tuple[str, ...]
    note: str | None
    cuts: NDArray[np.float64] | None
    draws: int
    _report: Report | None = field(default=None, repr=False)

    def report(self) -> Report:
        """Return the figures of all rows."""
        if self._report is None:
            self._report = self.report_of(self.logits)
        return self._report

    def report_of(self, logits: NDArray[np.float32], keep: NDArray[np.bool_] | None = None) -> Report:
        """Return the figures of other logits [N, L] for the same rows, or of some of the rows."""
        return self.report_with(activate(logits, self.labels), keep)

    def report_with(self, scores: NDArray[np.float32], keep: NDArray[np.bool_] | None = None) -> Report:
        """Return the figures of scores [N, L], or of those of some of the rows."""
        gold = self.labels.gold(self.rows)
        if keep is not None:
            scores, gold = scores[keep], gold[keep]
        return report_on(scores, gold, self.labels, self.cuts, self.draws)


class Bench:
    """Where claims are measured: one model, and whatever data they name."""

    def __init__(
        self,
        classifier: Classifier,
        data: DataArguments,
        recorded: dict[str, Any] | None,
        *,
        replaced: bool,
        draws: int,
    ) -> None:
        """Take the model and the data options.

        Args:
            classifier: the model.
            data: how data are read.
            recorded: what the model's evaluation.json says of its training data; None: no model of this project.
            replaced: the data set of `data` stands in for those that cards name.
            draws: behind each interval.
        """
        self.classifier, self.recorded, self.draws = classifier, recorded, draws
        self._arguments, self._replaced = data, replaced
        self._loaded: dict[DataNamed, DatasetDict | UnmeasurableError] = {}
        self._names: dict[tuple[str, str | None, str | None], list[str]] = {}
        self._scored: dict[tuple[DataNamed, str], ScoredSplit | UnmeasurableError] = {}
        self._leaked: dict[tuple[DataNamed, str], NDArray[np.bool_]] = {}

    @property
    def measured(self) -> list[ScoredSplit]:
        """Return every split that was scored."""
        return [each for each in self._scored.values() if isinstance(each, ScoredSplit)]

    def original_names(self, named: DataNamed) -> list[str]:
        """Return the splits by their names on the Hub, which are more than the three that are read; [] if unknown."""
        if self._replaced or not named.dataset:
            return []
        key = (named.dataset, named.config, named.revision)
        if key not in self._names:
            try:
                self._names[key] = list(get_dataset_split_names(named.dataset, named.config, revision=named.revision))
            except (OSError, ValueError, HfHubHTTPError, HTTPError):  # nothing that could not be loaded comes here
                self._names[key] = []
        return self._names[key]

    def took_leaks_out(self, named: DataNamed) -> bool:
        """Say whether the model is a run of this project on that data: training left out what stands in test."""
        recorded = self.recorded or {}
        return bool(recorded) and (self._replaced or recorded.get("name") == named.dataset)

    def splits(self, named: DataNamed) -> DatasetDict:
        """Return the data set that a claim names, as given, rows without a label left out.

        Raises:
            UnmeasurableError: it names none, or one that cannot be had.
        """
        key = DataNamed(named.dataset, named.config, revision=named.revision)
        return _once(self._loaded, key, lambda: self._load(key))

    def scored(self, named: DataNamed, split: str) -> ScoredSplit:
        """Return a split's rows and the model's logits for them.

        Raises:
            UnmeasurableError: its rows have no labels, or labels that the model does not have.
        """
        key = (DataNamed(named.dataset, named.config, revision=named.revision), split)
        return _once(self._scored, key, lambda: self._score(self.splits(named)[split]))

    def leaked(self, named: DataNamed, split: str) -> NDArray[np.bool_]:
        """Return which rows of a split, bool [N], stand in the training split too, by the keys of the audit."""
        splits = self.splits(named)
        key = (DataNamed(named.dataset, named.config, revision=named.revision), split)
        if key not in self._leaked:
            found = np.zeros(len(splits[split]), dtype=bool)
            if split != "train" and "train" in splits:
                keys = row_keys(DatasetDict({name: splits[name] for name in (split, "train")}))
                found[rows_found_in(keys[split].texts, keys["train"].texts)] = True
            self._leaked[key] = found
        return self._leaked[key]

    def cut_at(self, length: int, texts: Sequence[int], rows: Dataset) -> NDArray[np.float32]:
        """Return the logits of some rows with their texts cut at `length` tokens, float32 [n, L]."""
        shorter = copy.copy(self.classifier)
        shorter.max_length = length
        return shorter.logits(texts_of(rows.select(texts)))

    def _load(self, named: DataNamed) -> DatasetDict:
        arguments = replace(self._arguments, on_bad_row="skip")
        if not self._replaced:
            if named.dataset is None:
                raise UnmeasurableError("data_not_named", "The card names no data set for it; --dataset names one.")
            _check_is_of_hub(named.dataset)
            arguments = replace(
                arguments, dataset=named.dataset, dataset_config=named.config, dataset_revision=named.revision
            )
        try:
            return load_as_given(arguments, label_reading(self.recorded)).splits
        except UserError as error:
            raise UnmeasurableError(_kind_of(error), str(error)) from error

    def _score(self, rows: Dataset) -> ScoredSplit:
        if not len(rows):
            raise UnmeasurableError("unlabelled_split", "No row of this split has a label (-1, or nothing).")
        names, several = astuple(LabelSpace.from_features(rows.features))
        own = self.classifier.labels
        labels = LabelSpace(own.names, several)
        try:
            matched = match_labels(rows, labels)
        except UserError as error:
            raise UnmeasurableError("labels_differ", str(error)) from error
        cuts = self.classifier.thresholds if own.multi_label == several else None
        logits = self.classifier.logits(texts_of(matched.split))
        if not np.isfinite(logits).all():
            raise UnmeasurableError("broken_weights", "The model's scores are no numbers: its weights are broken.")
        unnamed = matched.note is not None and len(names) == len(labels)  # taken in order
        data_names = names if unnamed and not {*names} & {*labels.names} else labels.names
        return ScoredSplit(matched.split, labels, logits, data_names, matched.note, cuts, self.draws)


def _once(known: dict[Key, Found | UnmeasurableError], key: Key, make: Callable[[], Found]) -> Found:
    """Return what is known of a key, made the first time; what could not be made is not tried again.

    Raises:
        UnmeasurableError: it could not be made.
    """
    if key not in known:
        try:
            known[key] = make()
        except UnmeasurableError as reason:
            known[key] = reason
    found = known[key]
    if isinstance(found, UnmeasurableError):
        raise found
    return found


def _check_is_of_hub(name: str) -> None:
    """Refuse what a card calls its data where that is no id of the Hub: nothing on this machine is read for a card.

    Raises:
        UnmeasurableError: it is a kind of file, a sentence, or means something on this machine.
    """
    if name.lower() in FILE_KINDS or not _HUB_ID.fullmatch(name):
        said = f"The card calls its data {name!r}, which is no data set on the Hub"
        raise UnmeasurableError("data_not_public", f"{said}; --dataset names a copy of it.")
    if means_something_here(name):
        said = f"{name!r}, which the card names, also means something on this machine"
        raise UnmeasurableError("data_not_public", f"{said}; --dataset says which data to take.")


def _kind_of(error: UserError) -> str:
    """Return which kind of missing data a loader's sentence is about."""
    cause = error.__cause__
    said = str(error)
    if isinstance(cause, GatedRepoError):
        return "data_gated"
    if isinstance(cause, DatasetNotFoundError):
        return "data_gated" if "gated" in said else "data_missing"
    if isinstance(cause, RevisionNotFoundError):
        return "revision_missing"
    if isinstance(cause, RepositoryNotFoundError | HFValidationError):
        return "data_missing"
    if "no configuration" in said:
        return "config_missing"
    if "several configurations" in said:
        return "config_not_named"
    return "data_unreadable"
