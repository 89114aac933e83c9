"""Which linear model of an encoder's states: its C chosen on validation, its scaling beside it to be folded in."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from ..inference.answers import activate
from ..labels import LabelSpace
from ..models.linear import LinearModel, logistic, support_vectors
from .fit_arguments import FitArguments
from .selection import Selection
from .state_scaling import Scaling, each_direction, within_labels

logger = logging.getLogger(__name__)

FIRST = (-3.0, -2.0, -1.0)  # log10 of the Cs on scaled states that are tried first
LIMITS = (-6.0, 2.0)  # as far as the search goes on outwards
MOST_FITTED = 160_000_000  # values of states in float64: 1.3 GB, 400,000 texts of a small encoder
TOLERANCE = 1e-7  # at scikit-learn's 1e-4 two fits on states that differ by rounding differ by some 4e-3 in a logit


class ChosenLinear(NamedTuple):
    """The linear model that validation chose, or left at its usual C."""

    linear: LinearModel  # of scaled states
    scaling: Scaling
    within: bool  # whether that is by how texts of one label differ
    c: float
    value: float  # of the metric, on validation
    tried: dict[float, float]  # {C: value}
    rows: int  # training rows it was fitted on
    usual: bool = False  # whether C is the usual one, which validation had little to say against

    def logits(self, states: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return logits [N, L] of plain states [N, d], as the head gives them."""
        weights, biases = self.head()
        return (states @ weights.T + biases).astype(np.float32)

    def head(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return weights [L, d] and biases [L] on plain states, the scaling folded in."""
        return self.scaling.folded(*self.linear.as_head(len(self.scaling.mean)))


def choose_linear(
    train: tuple[NDArray[np.float32], NDArray[np.int64]],
    validation: tuple[NDArray[np.float32], NDArray[np.int64]],
    selection: Selection,
    args: FitArguments,
    usual: float | None = None,
) -> ChosenLinear:
    """Fit linear models on training states and choose one's C on validation, by `selection`'s metric.

    `train` and `validation` are states float32 [N, d] and gold [N], or 0/1 [N, L]. Cs go outwards by powers of ten as
    long as that helps, then by half powers around the best. Of several that are equally good it is the smallest, which
    shrinks most. With a `usual` one (its log10), for few validation texts, it is of all within a standard error of the
    best the nearest to that (Breiman et al. 1984, Classification and Regression Trees, 3.4.3, take the simplest), and
    states of three labels or more are scaled by how texts of one label differ among themselves.
    """
    states, gold = _sample(*train, args.seed)
    within = usual is not None and not selection.labels.multi_label and len(selection.labels) > 2  # two gain nothing
    scaling = within_labels(states, gold) if within else each_direction(states)
    scaled, known = scaling(states), scaling(validation[0])
    fit = _fit(args)
    sign = 1 if selection.greater_is_better else -1
    models: dict[float, LinearModel] = {}

    bar = tqdm(desc="fitting linear models", unit="C", leave=False, disable=args.disable_tqdm)

    def value(exponent: float) -> float:
        models[exponent] = fit(scaled, gold, selection.labels, 10.0**exponent, args.seed)
        scores = activate(models[exponent].logits(known), selection.labels)
        figure = selection.figure(validation[1], scores)
        bar.update()
        bar.set_postfix_str(f"{selection.metric} {figure:.4f} at C = {10.0**exponent:.2g}")
        return sign * figure

    with bar:
        found = _searched(value)
        if usual is not None and usual not in found:
            found[usual] = value(usual)
    if not selection.greater_is_better:
        usual = None  # a loss is no share of texts, whose standard error is known
    exponent = _chosen(found, usual, len(known))
    tried = {round(10.0**e, 12): sign * found[e] for e in sorted(found)}
    c, reached = round(10.0**exponent, 12), sign * found[exponent]
    return ChosenLinear(models[exponent], scaling, within, c, reached, tried, len(states), exponent == usual)


def fitted_again(
    chosen: ChosenLinear, states: NDArray[np.float32], gold: NDArray[np.int64], labels: LabelSpace, args: FitArguments
) -> ChosenLinear:
    """Return what was chosen, fitted on other states float32 [N, d] and their gold [N], or 0/1 [N, L]."""
    states, gold = _sample(states, gold, args.seed)
    scaling = within_labels(states, gold) if chosen.within else each_direction(states)
    linear = _fit(args)(scaling(states), gold, labels, chosen.c, args.seed)
    return chosen._replace(linear=linear, scaling=scaling, rows=len(states))


def _fit(args: FitArguments) -> Callable[..., LinearModel]:
    return support_vectors if args.chosen_linear_model == "svm" else partial(logistic, tolerance=TOLERANCE)


def _sample(
    states: NDArray[np.float32], gold: NDArray[np.int64], seed: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return as many states and their gold as are fitted at once."""
    most = max(1, MOST_FITTED // states.shape[1])
    if len(states) <= most:
        return states, gold
    rows = np.sort(np.random.default_rng(seed).permutation(len(states))[:most])
    logger.warning("The linear model is fitted on a random sample of %d of %d training texts.", most, len(states))
    return states[rows], gold[rows]


def _searched(value: Callable[[float], float]) -> dict[float, float]:
    """Return the values at all exponents that were tried."""
    found = {exponent: value(exponent) for exponent in FIRST}
    for end, step in ((FIRST[0], -1.0), (FIRST[-1], 1.0)):
        while found[end] > found[end - step] and found[end] == max(found.values()) and end + step in _between(*LIMITS):
            end += step
            found[end] = value(end)
    best = max(found, key=lambda exponent: found[exponent])
    for near in (best - 0.5, best + 0.5):
        found[near] = value(near)
    return found


def _chosen(found: dict[float, float], usual: float | None, n: int) -> float:
    """Return an exponent by the values of all, of `n` texts; with a usual one these are shares of them."""
    best = max(found.values())
    if usual is None:
        return min(exponent for exponent, value in found.items() if value == best)
    share = (max(best, 0.0) * n + 1) / (n + 2)  # Laplace's, since 4 right of 4 are not certain
    enough = best - (share * (1 - share) / n) ** 0.5
    return min((e for e, value in found.items() if value >= enough), key=lambda e: (abs(e - usual), e))


def _between(low: float, high: float) -> set[float]:
    return set(np.arange(low, high + 1).tolist())
