"""What intervals need to know of a figure that is a share, or a weighted mean of labels' shares."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]  # any number type; shapes are given where they matter

BETA_SQUARED = {"f1": 1.0, "f05": 0.25}
TYPICAL_DESIGN = 1.5  # taken where no mistake shows how mistakes come together; measured: 1.2 to 2.2


@dataclass(frozen=True)
class Shares:
    """A figure as the sum over K labels of weight times share: K = 1 where it is one share.

    The variance of a share is share * (1 - share) / trials, that of the figure `design` times what independent labels
    would have: a mistake counts for two labels, and mistakes of one text come together (Kish 1965, "Survey Sampling").
    """

    shares: Array  # float64 [K] in [0, 1]
    trials: Array  # float64 [K]
    weights: Array  # float64 [K], their sum is 1
    design: float = 1.0
    exact: bool = False  # one binomial share, whose design is 1 and known
    most: float = 1.0  # the figure's greatest value: it is the sum times this


def one_share(hits: float, trials: float) -> Shares:
    """Return a figure that is `hits` of `trials` independent texts."""
    return Shares(np.array([hits / trials]), np.array([trials]), np.ones(1), exact=True)


def mean_share(values: Array, most: float = 1.0) -> Shares:
    """Return a figure that is the mean of a value in [0, most] of each text, float64 [N]."""
    values = values / most
    n, mean = len(values), float(np.clip(values.mean(), 0, 1))
    if np.isin(values, (0.0, 1.0)).all():
        return replace(one_share(float(values.sum()), n), most=most)
    half_a_mistake = 0.5 / n**2
    found = ((values - mean) ** 2).sum() / n**2 * n / max(n - 1, 1)
    design = (found + half_a_mistake) / (mean * (1 - mean) / n + half_a_mistake)
    return Shares(np.array([mean]), np.array([float(n)]), np.ones(1), float(design), most=most)


def label_trials(name: str, hits: Array, decided: Array, positives: Array) -> tuple[Array, Array]:
    """Return the share and the trials of each label's precision, recall, F1 or F0.5, float64 [..., L] each.

    TP of TP + FP + FN texts is a binomial share J, and F1 is 2 J / (1 + J). Wilson's interval of J, carried over, is
    Wilson's interval of F1 itself with (decided + positives) / (2 - F1) trials; its variance is that of Takahashi et
    al. 2022, "Confidence interval for micro-averaged F1 and macro-averaged F1 scores" (Applied Intelligence 52). F0.5
    is taken likewise, which is near enough for what its design then corrects.
    """
    part, whole = parts(name, hits, decided, positives)
    share = np.divide(part, whole, out=np.zeros_like(whole, dtype=np.float64), where=whole > 0)
    if name not in BETA_SQUARED:
        return share, whole
    return share, whole / (1 + BETA_SQUARED[name] - share * BETA_SQUARED[name])


def parts(name: str, hits: Any, decided: Any, positives: Any) -> tuple[Any, Any]:
    """Return numerator and denominator of a figure, of arrays or of sparse matrices alike."""
    if name == "precision":
        return hits, decided
    if name == "recall":
        return hits, positives
    beta = BETA_SQUARED[name]
    return hits * (1 + beta), decided + positives * beta


def averages(name: str, hits: Any, decided: Any, positives: Any) -> Iterator[tuple[str, Shares]]:
    """Yield the macro, micro and weighted averages of precision, recall, F1 or F0.5.

    Args:
        name: "precision", "recall", "f1" or "f05".
        hits: 0/1 [L, N], texts decided and gold, a row a label; plain arrays or sparse ones.
        decided: 0/1 [L, N].
        positives: 0/1 [L, N].
    """
    counts = [np.asarray(each.sum(axis=1), dtype=np.float64).ravel() for each in (hits, decided, positives)]
    sums = [np.array([each.sum()]) for each in counts]
    cells = [
        np.asarray(each.sum(axis=0)).reshape(1, -1) for each in (hits, decided, positives)
    ]  # of all labels [1, N]
    yield f"{name}_micro", _designed(*label_trials(name, *sums), np.ones(1), parts(name, *cells))
    carried = np.flatnonzero(counts[2])  # the other averages are over labels that occur
    if not len(carried):
        return
    rows = [each[carried] for each in (hits, decided, positives)]
    share, trials = label_trials(name, *(each[carried] for each in counts))
    macro, support = np.full(len(carried), 1 / len(carried)), counts[2][carried] / sums[2]
    yield f"{name}_macro", _designed(share, trials, macro, parts(name, *rows))
    shift = rows[2].T @ (share - (share * support).sum()) / sums[2]  # the weights are drawn with the texts
    yield f"{name}_weighted", _designed(share, trials, support, parts(name, *rows), shift)


def _designed(
    share: Array, trials: Array, weights: Array, rows: tuple[Any, Any], shift: Array | float = 0.0
) -> Shares:
    """Return shares with their design: the linearised variance over texts (the delta method) to that of the labels."""
    part, whole = rows
    n = part.shape[1]
    total = np.maximum(np.asarray(whole.sum(axis=1), dtype=np.float64).ravel(), 1e-9)
    moves = part.T @ (weights / total) - whole.T @ (weights * share / total) + shift  # of the figure by each text [N]
    half_a_mistake = 0.5 * np.mean((weights * np.maximum(share, 0.5) / total) ** 2)
    alone = (weights**2 * share * (1 - share) / np.maximum(trials, 1e-9)).sum()
    found = (moves**2).sum() * n / max(n - 1, 1)
    design = (found + TYPICAL_DESIGN * half_a_mistake) / (alone + half_a_mistake)
    return Shares(share, trials, weights, float(design))
