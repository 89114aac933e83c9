"""Thresholds of several labels: each label's cut for an aim, chosen on validation, and baking them into biases."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from ..errors import UserError, did_you_mean
from ..labels import LabelSpace
from .score_intervals import exact

# A label with fewer validation texts than this takes the cut that is best for the cells of all labels: cuts of rare
# labels overfit (Yang 2001, "A Study on Thresholding Strategies for Text Categorization"). On Reuters-21578 with 114
# labels micro F1 on test is .55 with 1, .85 with 2 and .87 from 3 to 40, while macro F1 falls from .42 to .34.
RARE = 5
LOGIT_NOISE = 1e-5  # how far a logit moves between batch sizes and machines in fp32
SCORE_NOISE = 1.2e-7  # one float32 step just below 1
# A share to reach is reached by the lower end of its exact interval, which holds in 95 % of data sets at one cut. The
# cut is chosen among many, which costs some: on made-up labels of 200 to 5,000 texts, aims of .9 and .8 held on the
# population in 91 to 99 % of the runs that reached them; by the bare share, in 41 to 49 %.
AIM_LEVEL = 0.9
AIMS = ("f1", "f0.5", "precision>=P", "recall>=R", "own")


@dataclass(frozen=True)
class Aim:
    """What a cut is chosen for: the best F-beta, a precision or recall to reach, or the model's own (logit 0)."""

    text: str
    kind: str  # "f", "precision", "recall" or "own"
    value: float  # beta, or the share to reach; 0 with "own"


@dataclass(frozen=True)
class Thresholds:
    """A cut for each label; the decision is score >= cut."""

    aim: str
    n: int  # rows they were chosen on
    cuts: NDArray[np.float64]  # [L]
    pooled_labels: list[int]  # ids of labels that took the cut of all cells
    missed_labels: list[int]  # ids of labels whose aim is out of reach: the nearest cut stands instead

    def by_name(self, labels: LabelSpace) -> dict[str, float]:
        """Return {label: cut}, as config.json keeps it."""
        return dict(zip(labels.names, map(float, self.cuts), strict=True))

    def record(self, labels: LabelSpace) -> dict[str, Any]:
        """Return what evaluation.json keeps of the choice."""
        return {
            "aim": self.aim,
            "chosen_on": "validation",
            "n": self.n,
            "cuts": self.by_name(labels),
            "pooled_labels": [labels.names[i] for i in self.pooled_labels],
            "aim_missed": [labels.names[i] for i in self.missed_labels],
        }


def parse_aim(text: str) -> Aim:
    """Read `f1`, `f0.5` (any beta above 0), `precision>=P`, `recall>=R` (P and R above 0, up to 1) or `own`.

    `auto`, which a run resolves before (`studies/one_run.py`), is read as `f1`.

    Raises:
        UserError: it is none of these.
    """
    plain = re.sub(r"\s", "", text).lower()
    if plain == "own":
        return Aim(plain, "own", 0.0)
    plain = "f1" if plain == "auto" else plain
    match = re.fullmatch(r"(?:(f)|(precision|recall)>=)(\d*\.?\d+)", plain)
    if match is None:
        near = did_you_mean(plain, ["f1", "f0.5", "precision>=0.9", "recall>=0.9"])
        raise UserError(f"--threshold_aim takes {', '.join(AIMS)}; found {text!r}.{near}")
    kind, value = match[1] or match[2], float(match[3])
    if kind == "f" and not 0 < value <= 10:
        raise UserError(f"The beta of --threshold_aim fBETA is above 0 and at most 10; found {text!r}. Usual: f1.")
    if kind != "f" and not 0 < value <= 1:
        raise UserError(f"--threshold_aim {kind}>=SHARE takes a share above 0 and up to 1; found {text!r}.")
    return Aim(plain, kind, value)


def choose(
    scores: NDArray[np.floating[Any]], gold: NDArray[np.int64], aim: str, shift: NDArray[np.float64] | None = None
) -> Thresholds:
    """Choose each label's cut on validation.

    Args:
        scores: [N, L] in [0, 1].
        gold: 0/1 [N, L].
        aim: see `parse_aim`. The lowest cut that reaches a precision is taken, the highest cut that reaches a recall,
            both with a margin for chance (AIM_LEVEL), and where none does the one that comes nearest; the highest of
            those with the best F-beta. `own` looks at no row.
        shift: [L], what calibration added to the logits (None: nothing), from which the model's own cut follows.

    Raises:
        UserError: the aim cannot be read.
    """
    goal = parse_aim(aim)
    if goal.kind == "own":
        return Thresholds(goal.text, len(gold), expit(np.zeros(scores.shape[1]) if shift is None else shift), [], [])
    values = np.asarray(scores, dtype=np.float64)
    pooled = gold.sum(axis=0) < RARE
    shared = best_cut(values.ravel(), gold.ravel(), goal) if pooled.any() else (0.5, False)
    chosen = [shared if pooled[k] else best_cut(values[:, k], gold[:, k], goal) for k in range(values.shape[1])]
    missed = [k for k, (_, out_of_reach) in enumerate(chosen) if out_of_reach]
    cuts = np.array([cut for cut, _ in chosen])
    return Thresholds(goal.text, len(gold), cuts, np.flatnonzero(pooled).tolist(), missed)


def best_cut(scores: NDArray[np.float64], gold: NDArray[np.int64], aim: Aim) -> tuple[float, bool]:
    """Return the best cut for scores and 0/1 gold, both [M], and whether the aim was missed.

    Every place between two distinct scores is tried, by one sort and two running sums. Without a positive no cut is
    better than another: 0.5, missed.
    """
    total = int(gold.sum())
    if not total:
        return 0.5, True
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    ends, cuts = places(ranked)
    found = np.cumsum(gold[order])[ends]
    if aim.kind == "f":
        return float(cuts[_best_f(found, ends + 1, total, aim.value)]), False
    trials = ends + 1 if aim.kind == "precision" else np.full(len(ends), total)
    sure = exact(found, trials, AIM_LEVEL)[0]
    reached = np.flatnonzero(sure >= aim.value)
    if not len(reached):
        return float(cuts[np.argmax(sure)]), True
    return float(cuts[reached[-1 if aim.kind == "precision" else 0]]), False


def bake(thresholds: Thresholds) -> NDArray[np.float64]:
    """Return the shifts [L] of the logits after which 0.5 is every label's cut (scores stop being probabilities)."""
    tiny = np.finfo(np.float64).tiny
    return np.asarray(-logit(np.clip(thresholds.cuts, tiny, 1 - 2**-53)))


def places(ranked: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return where descending scores [M] can be cut: the index of the last score above, and the cut, both [K].

    Scores nearer than the noise of fp32 count as one, so that a cut parts the same texts on any machine.
    """
    high, low = ranked[:-1], ranked[1:]
    apart = high - low > LOGIT_NOISE * high * (1 - high) + SCORE_NOISE * high
    ends = np.append(np.flatnonzero(apart), len(ranked) - 1)
    below = np.append(ranked[1:], 0.0)[ends]  # the lowest place takes in everything: half way down to 0
    return ends, (ranked[ends] + below) / 2


def _best_f(found: NDArray[np.int64], said: NDArray[np.int64], total: int, beta: float) -> int:
    return int(np.argmax((1 + beta**2) * found / (said + beta**2 * total)))
