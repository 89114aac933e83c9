"""Carving a validation or test split out of the training rows: stratified, iteratively stratified, or by groups."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from iterstrat.ml_stratifiers import MultilabelStratifiedShuffleSplit
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph
from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold, StratifiedShuffleSplit

from ..errors import UserError
from .kept_labels import bring_absent_labels, return_lost_labels
from .labelling.label_ids import LabelIds

# Label sets with this many rows are strata of their own; only rows of rarer sets need the iterative method, which
# looks at one row at a time (measured: a million rows of 90 labels take 3 s in all).
ROWS_OF_A_COMMON_SET = 50
# With this many groups a random choice of them is as good as a stratified one, which takes 0.2 ms a group at 5 folds.
MANY_GROUPS = 10_000
# Group folds: the fewest that meet the share to within 0.01, as time grows with their number.
MOST_FOLDS = 20
CLOSE_ENOUGH = 0.01


# A text that stands more often than this share of the rows that leave stays where it is: it would be the new split.
HEAVY = 0.1
# Groups that copies of texts link to more than this share of the rows cannot be parted.
LINKED = 0.5


def carve(
    labels: LabelIds,
    n_labels: int,
    share: float,
    seed: int,
    groups: NDArray[np.int64] | None = None,
    texts: NDArray[np.integer[Any]] | None = None,
) -> NDArray[np.bool_]:
    """Choose the rows that leave the training rows for a new split.

    Labels keep their shares as far as possible: one label a row by stratification, several by iterative
    stratification (Sechidis et al. 2011). Every label stays in the training rows, and one that has two rows or more
    also comes into the new split, unless groups forbid it.

    Args:
        labels: the labels of the N training rows, ids in [0, n_labels).
        n_labels: number of labels L.
        share: share of the rows that leaves, in (0, 1).
        seed: the same seed and rows give the same choice.
        groups: int64 [N]: rows of one group leave or stay together.
        texts: [N], the same number for equal texts: their rows leave or stay together too (unless groups, linked by
            them, could not be parted any more).

    Returns:
        bool [N]: true for the rows that leave.

    Raises:
        UserError: there are too few rows or groups to choose from.
    """
    if len(labels) < 2:
        raise UserError(f"Splits need two rows or more to be carved out of; found {len(labels)}.")
    rng = np.random.default_rng(seed)
    if groups is not None:
        groups = _linked(groups, texts)
        leaves = _choose_groups(labels, n_labels, share, seed, groups)
        return_lost_labels(leaves, labels, n_labels, groups)
    else:
        copies = np.arange(len(labels)) if texts is None else np.unique(texts, return_inverse=True)[1]
        leaves = _choose_texts(labels, n_labels, share, seed, copies)
        return_lost_labels(leaves, labels, n_labels, copies)
        bring_absent_labels(leaves, labels, n_labels, rng, copies)
    if not leaves.any() or leaves.all():
        copies_only = texts is not None and len(np.unique(texts)) < len(labels)
        kind = "groups" if groups is not None else "different texts" if copies_only else "rows"
        raise UserError(
            f"There are too few {kind} to carve a split out of {len(labels)} rows so that every label stays in train. "
            "Give the split as a file, or add rows."
        )
    return leaves


def describe(share: float, seed: int, labels: LabelIds, group_column: str | None, copies: bool = False) -> str:
    """Say in a few words how `carve` chooses; `copies`: whether some texts stand more than once."""
    method = "iteratively stratified" if labels.multi_label else "stratified"
    grouped = f", rows of one {group_column!r} kept together" if group_column else ""
    grouped += ", equal texts kept together" if copies else ""
    return f"{100 * share:.0f} % of the rows, {method} by label{grouped}, seed {seed}"


def _linked(groups: NDArray[np.int64], texts: NDArray[np.integer[Any]] | None) -> NDArray[np.int64]:
    """Number the groups that share a text as one: int64 [N]."""
    if texts is None:
        return groups
    group, text = (np.unique(each, return_inverse=True)[1] for each in (groups, texts))
    n_groups, n_texts = int(group.max()) + 1, int(text.max()) + 1
    links = sparse.coo_matrix(
        (np.ones(len(group), dtype=np.int8), (group, n_groups + text)), shape=(n_groups + n_texts,) * 2
    )
    linked = csgraph.connected_components(links, directed=False)[1][group].astype(np.int64)
    return groups if np.bincount(linked).max() > LINKED * len(groups) else linked


def _choose_texts(
    labels: LabelIds, n_labels: int, share: float, seed: int, copies: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Choose among different texts, each known by its first row; copies go with it."""
    times = np.bincount(copies)
    if len(times) == len(copies):
        return _choose_rows(labels, n_labels, share, seed)
    first = np.sort(np.unique(copies, return_index=True)[1])
    first = first[times[copies[first]] <= max(1.0, HEAVY * share * len(copies), float(np.median(times)))]
    chosen = np.zeros(len(times), dtype=bool)
    light = np.zeros(len(copies), dtype=bool)
    light[first] = True
    chosen[copies[first]] = _choose_rows(labels.select(light), n_labels, share, seed)
    return np.asarray(chosen[copies])


def _choose_rows(labels: LabelIds, n_labels: int, share: float, seed: int) -> NDArray[np.bool_]:
    """Choose rows so that every label (or common set of labels) gives its share."""
    if not labels.multi_label:
        return _stratified(labels.ids, share, seed)
    sets = _label_sets(labels, n_labels, seed)
    common = np.bincount(sets)[sets] >= ROWS_OF_A_COMMON_SET
    leaves = np.zeros(len(labels), dtype=bool)
    leaves[common] = _stratified(sets[common], share, seed)
    rest = labels.select(~common)
    wanted = round(share * len(rest))
    if wanted and wanted < len(rest):
        splitter = MultilabelStratifiedShuffleSplit(n_splits=1, test_size=wanted, random_state=seed)
        # A column more, so that a single label is a matrix to the library too.
        indicator = np.column_stack([rest.indicator(n_labels), np.zeros(len(rest), dtype=bool)])
        ((_, chosen),) = splitter.split(np.zeros(len(rest)), indicator)
        leaves[np.flatnonzero(~common)[chosen]] = True
    return leaves


def _label_sets(labels: LabelIds, n_labels: int, seed: int) -> NDArray[np.int64]:
    """Number the distinct sets of labels: int64 [N]; a set is known by the sum of random numbers of its labels."""
    numbers = np.random.default_rng(seed).integers(0, 2**63, size=n_labels, dtype=np.uint64)
    sums = np.zeros(len(labels), dtype=np.uint64)
    np.add.at(sums, labels.rows, numbers[labels.ids])
    return np.unique(sums, return_inverse=True)[1].astype(np.int64)


def _stratified(ids: NDArray[np.int64], share: float, seed: int) -> NDArray[np.bool_]:
    """Choose a share of each class; classes of one row stay."""
    leaves = np.zeros(len(ids), dtype=bool)
    if len(ids) == 0:
        return leaves
    counts = np.bincount(ids)
    several = np.flatnonzero(counts[ids] > 1)
    classes = int((counts > 1).sum())
    if classes == 0:
        return leaves
    # scikit-learn wants room for every class on both sides.
    size = min(max(round(share * len(ids)), classes), len(several) - classes)
    splitter = StratifiedShuffleSplit(n_splits=1, test_size=size, random_state=seed)
    ((_, chosen),) = splitter.split(np.zeros(len(several)), ids[several])
    leaves[several[chosen]] = True
    return leaves


def _choose_groups(
    labels: LabelIds, n_labels: int, share: float, seed: int, groups: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Choose whole groups: some folds of a stratified group k-fold, where a row's class is its rarest label."""
    leaves = np.zeros(len(labels), dtype=bool)
    n_groups = len(np.unique(groups))
    if n_groups > MANY_GROUPS:
        splitter = GroupShuffleSplit(n_splits=1, test_size=share, random_state=seed)
        ((_, chosen),) = splitter.split(leaves, groups=groups)
        leaves[chosen] = True
        return leaves
    classes = _rarest_labels(labels, n_labels)
    most = min(MOST_FOLDS, n_groups, int(np.bincount(classes).max()))
    if most < 2:
        return leaves
    taken, folds = min(
        ((m, k) for k in range(2, most + 1) for m in range(1, k)),
        key=lambda mk: (max(abs(mk[0] / mk[1] - share), CLOSE_ENOUGH), mk[1]),
    )
    splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():  # classes with fewer rows than folds are expected
        warnings.simplefilter("ignore", UserWarning)
        for number, (_, chosen) in enumerate(splitter.split(leaves, classes, groups)):
            if number < taken:
                leaves[chosen] = True
    return leaves


def _rarest_labels(labels: LabelIds, n_labels: int) -> NDArray[np.int64]:
    """Return each row's rarest label: int64 [N], `n_labels` for rows without any."""
    if not labels.multi_label:
        return labels.ids
    classes = np.full(len(labels), n_labels)
    counts = labels.counts(n_labels)
    common_first = np.argsort(-counts[labels.ids], kind="stable")
    classes[labels.rows[common_first]] = labels.ids[common_first]  # the last one written is the rarest
    return classes
