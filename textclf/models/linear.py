"""Linear models over features of texts, with a logit for every label of the space, whatever labels were trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from joblib import cpu_count
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC
from sklearn.utils.parallel import Parallel, delayed

from ..labels import LabelSpace
from .newton_svm import NewtonSVM

Matrix = Any  # float [N, F], dense or a SciPy sparse matrix (SciPy has no types)
MOST_NEWTON = 4000  # weights of one fit: its matrix then takes 128 MB
MOST_COPIED = 40_000_000  # values of features in fits side by side: LIBLINEAR takes 24 bytes for each, so 1 GB
WORTH_PROCESSES = 50_000_000  # values of features times labels: some 5 s of fits; to start a process takes 1 to 2
ABSENT = -1.0  # logit of a label without any training text: where an SVM puts a sure "no"


@dataclass(frozen=True)
class LinearModel:
    """Logits = features @ weights + intercept."""

    weights: NDArray[np.float32]  # [F, P], P labels that could be trained
    intercept: NDArray[np.float64]  # [P]
    trained: NDArray[np.int64]  # [P], their ids
    constant: NDArray[np.float64]  # [L], the logit of each label that could not
    multi_label: bool

    def logits(self, features: Matrix) -> NDArray[np.float32]:
        """Return logits, float32 [N, L]; with one label a text, a label never seen in training is never the best."""
        result = np.tile(self.constant, (features.shape[0], 1))
        if not len(self.trained):
            return result.astype(np.float32)
        known = features.astype(np.float32) @ self.weights + self.intercept
        if not self.multi_label:
            result += known.min(axis=1, keepdims=True)
        result[:, self.trained] = known
        return result.astype(np.float32)

    def as_head(self, size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return weights [L, size] and biases [L] that give these logits, as one linear layer does.

        With one label a text, one that was never trained on lies 1 below the mean of the others: never the best.
        """
        weights, biases = np.zeros((len(self.constant), size)), self.constant.copy()
        if len(self.trained):
            if not self.multi_label:
                weights += self.weights.astype(np.float64).mean(axis=1)
                biases = np.full(len(biases), self.intercept.mean() + ABSENT)
            weights[self.trained], biases[self.trained] = self.weights.T, self.intercept
        return weights, biases


def support_vectors(features: Matrix, gold: NDArray[np.int64], labels: LabelSpace, c: float, seed: int) -> LinearModel:
    """Fit linear SVMs, one against the rest, with penalty C: LIBLINEAR's (Fan et al. 2008), on dense features ours."""
    dense = isinstance(features, np.ndarray)
    return _fit(
        lambda: NewtonSVM(c) if dense else LinearSVC(C=c, random_state=seed, max_iter=5000), features, gold, labels
    )


def logistic(
    features: Matrix, gold: NDArray[np.int64], labels: LabelSpace, c: float, seed: int, *, tolerance: float = 1e-4
) -> LinearModel:
    """Fit a multinomial logistic regression, or one for each of several labels, with penalty C.

    Newton's method, where the tolerance is tight and its matrix small: there L-BFGS would take thousands of steps.
    """
    small = min(features.shape) * (1 if labels.multi_label else len(labels)) <= MOST_NEWTON
    solver = "newton-cholesky" if tolerance < 1e-4 and small else "lbfgs"
    return _fit(
        lambda: LogisticRegression(C=c, random_state=seed, max_iter=1000, tol=tolerance, solver=solver),
        features,
        gold,
        labels,
    )


def constant(logits: NDArray[np.float64], labels: LabelSpace) -> LinearModel:
    """Return the model that gives every text the same logits [L]."""
    nothing = np.zeros(0, dtype=np.int64)
    return LinearModel(np.zeros((0, 0), dtype=np.float32), np.zeros(0), nothing, logits, labels.multi_label)


def _fit(make: Callable[[], Any], features: Matrix, gold: NDArray[np.int64], labels: LabelSpace) -> LinearModel:
    if isinstance(features, np.ndarray) and features.shape[0] < features.shape[1]:
        # Weights that the penalty keeps small lie in the span of the texts (Kimeldorf and Wahba 1971), where fewer
        # coordinates do: 64 texts of 384 values and eight labels take .2 s for five Cs, in place of 12.
        rows, sizes, directions = np.linalg.svd(features.astype(np.float64), full_matrices=False)
        within = _fit(make, rows * sizes, gold, labels)
        if not len(within.trained):
            return within
        return replace(within, weights=(directions.T @ within.weights).astype(np.float32))
    if labels.multi_label:
        return _fit_each(make, features, gold, labels)
    present = np.unique(gold)
    fixed = np.full(len(labels), ABSENT)
    if len(present) < 2:
        fixed[present] = -ABSENT
        return constant(fixed, labels)
    fitted = make().fit(features, gold)
    weights, intercept = fitted.coef_.T, fitted.intercept_
    if len(present) == 2:  # one column: the second class against the first
        weights, intercept = np.hstack([-weights, weights]) / 2, np.concatenate([-intercept, intercept]) / 2
    return LinearModel(weights.astype(np.float32), intercept, present, fixed, labels.multi_label)


def _fit_each(make: Callable[[], Any], features: Matrix, gold: NDArray[np.int64], labels: LabelSpace) -> LinearModel:
    """Fit one model a label; a label that no training text has, or every one, gets a constant logit."""
    share = gold.mean(axis=0)
    trained = np.flatnonzero((share > 0) & (share < 1))
    weights = np.zeros((features.shape[1], len(trained)), dtype=np.float32)
    intercept = np.zeros(len(trained))
    fits = _workers(features, len(trained))(delayed(make().fit)(features, gold[:, label]) for label in trained)
    for column, fitted in enumerate(fits):
        weights[:, column], intercept[column] = fitted.coef_[0], fitted.intercept_[0]
    return LinearModel(weights, intercept, trained, np.where(share == 1, -ABSENT, ABSENT), labels.multi_label)


def _workers(features: Matrix, labels: int) -> Parallel:
    """Return what runs the fits of so many labels, side by side where that is safe, has room and is worth it.

    Dense ones are products of matrices, which share the processors by themselves. For fewer texts than features
    LIBLINEAR's dual solver draws from one generator for all threads, so that results would depend on their race: such
    fits need processes, whose start pays for large ones only.
    """
    if isinstance(features, np.ndarray):
        return Parallel(1, return_as="generator")
    apart = features.shape[0] <= features.shape[1]
    most = 1 if apart and features.nnz * labels < WORTH_PROCESSES else cpu_count(only_physical_cores=True)
    side_by_side = max(1, min(most, torch.get_num_threads(), MOST_COPIED // max(1, features.nnz)))
    return Parallel(side_by_side, return_as="generator", prefer="processes" if apart else "threads")
