"""Carving a validation or test split out of the training rows: stratified, iteratively stratified, or by groups."""

from __future__ import annotations

import warnings

import numpy as np
from iterstrat.ml_stratifiers import MultilabelStratifiedShuffleSplit
from numpy.typing import NDArray
from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold, StratifiedShuffleSplit

from ..errors import UserError
from .labelling.label_ids import LabelIds

# Label sets with this many rows are strata of their own; only rows of rarer sets need the iterative method, which
# looks at one row at a time (measured: a million rows of 90 labels take 3 s in all).
ROWS_OF_A_COMMON_SET = 50
# With this many groups a random choice of them is as good as a stratified one, which takes 0.2 ms a group at 5 folds.
MANY_GROUPS = 10_000
# Group folds: the fewest that meet the share to within 0.01, as time grows with their number.
MOST_FOLDS = 20
CLOSE_ENOUGH = 0.01


def carve(
    labels: LabelIds, n_labels: int, share: float, seed: int, groups: NDArray[np.int64] | None = None
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

    Returns:
        bool [N]: true for the rows that leave.

    Raises:
        UserError: there are too few rows or groups to choose from.
    """
    if len(labels) < 2:
        raise UserError(f"Splits need two rows or more to be carved out of; found {len(labels)}.")
    rng = np.random.default_rng(seed)
    if groups is not None:
        leaves = _choose_groups(labels, n_labels, share, seed, groups)
        _return_lost_labels(leaves, labels, n_labels, groups)
    else:
        leaves = _choose_rows(labels, n_labels, share, seed)
        _return_lost_labels(leaves, labels, n_labels, np.arange(len(labels)))
        _bring_absent_labels(leaves, labels, n_labels, rng)
    if not leaves.any() or leaves.all():
        kind = "rows" if groups is None else "groups"
        raise UserError(
            f"There are too few {kind} to carve a split out of {len(labels)} rows so that every label stays in train. "
            "Give the split as a file, or add rows."
        )
    return leaves


def describe(share: float, seed: int, labels: LabelIds, group_column: str | None) -> str:
    """Say in a few words how `carve` chooses."""
    method = "iteratively stratified" if labels.multi_label else "stratified"
    grouped = f", rows of one {group_column!r} kept together" if group_column else ""
    return f"{100 * share:.0f} % of the rows, {method} by label{grouped}, seed {seed}"


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


def _return_lost_labels(leaves: NDArray[np.bool_], labels: LabelIds, n_labels: int, groups: NDArray[np.int64]) -> None:
    """Take back, in place, the smallest group of each label that would be lost to the training rows."""
    rows, ids = labels.rows, labels.ids
    lost = labels.counts(n_labels) == np.bincount(ids[leaves[rows]], minlength=n_labels)
    for label in np.flatnonzero(lost):
        having = rows[ids == label]
        if len(having) and leaves[having].all():  # not taken back yet beside another label
            candidates, sizes = np.unique(groups[having], return_counts=True)
            leaves[groups == candidates[sizes.argmin()]] = False


def _bring_absent_labels(leaves: NDArray[np.bool_], labels: LabelIds, n_labels: int, rng: np.random.Generator) -> None:
    """Let, in place, a row leave for each label that the new split lacks and that the training rows can spare."""
    rows, ids = labels.rows, labels.ids
    here = np.bincount(ids[~leaves[rows]], minlength=n_labels)
    there = np.bincount(ids[leaves[rows]], minlength=n_labels)
    for label in np.flatnonzero((there == 0) & (here > 1)):
        having = rows[ids == label]
        if leaves[having].any():  # came along with a row of another label
            continue
        for row in rng.permutation(having):
            own = ids[row : row + 1] if labels.offsets is None else ids[labels.offsets[row] : labels.offsets[row + 1]]
            if (here[own] > 1).all():
                leaves[row] = True
                here[own] -= 1
                break
