"""Are two sets of texts alike? What every figure and promise takes for granted, checked instead of assumed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from datasets import Dataset
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.stats import binomtest, chi2_contingency, ks_2samp
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.svm import LinearSVC

from ..inference.classifier import texts_of
from ..labels import LabelSpace
from .names import differences
from .report import Report
from .score_intervals import share_of
from .slices import holm
from .text_profile import script_of, whole_text

MOST_TEXTS = 2_000  # of each side: enough to see what matters, a second to compute
MOST_CHARACTERS = 500  # of a text: what tells sources and times apart stands at the beginning as well
FEWEST_TEXTS = 20  # of each side: half of them are held out, and 10 guesses say little
LEVEL = 0.01  # of all tests together (Holm 1979): a promise is not doubted for nothing
NOTABLE = 0.1  # share of texts that would have to change bins; smaller differences of profiles are of no account
PAIRS = (("train", "validation"), ("train", "guarantee"), ("train", "test"), ("guarantee", "test"))
PROFILES = {"tokens": "lengths", "unknown": "unknown tokens", "scripts": "scripts", "best_score": "scores"}


def drift_between_splits(splits: Mapping[str, Dataset], reports: Mapping[str, Report]) -> dict[str, Any]:
    """Test whether the splits are alike in texts, lengths, scripts, labels and (where scored) confidences.

    Returns:
        `pairs`: {"train/test": {what: p-value or null}}, `texts`: the two-sample tests behind the first of them, and
        `different`: {"train/test": [what differs at LEVEL over all tests together]}, without the pairs that are alike.
    """
    pairs = [(one, other) for one, other in PAIRS if one in splits and other in splits]
    sides = {name: _Side.of(split, reports.get(name)) for name, split in splits.items()}
    asked = {f"{one}/{other}": compare_texts(sides[one].texts, sides[other].texts) for one, other in pairs}
    found = {
        f"{one}/{other}": {
            "texts": (asked[f"{one}/{other}"] or {}).get("p_value"),
            "lengths": compare_numbers(sides[one].lengths, sides[other].lengths),
            "scripts": compare_counts(*_aligned(sides[one].scripts, sides[other].scripts)),
            "labels": compare_counts(sides[one].labels, sides[other].labels),
            "confidences": compare_numbers(sides[one].confidences, sides[other].confidences),
        }
        for one, other in pairs
    }
    named = [(pair, what, p) for pair, row in found.items() for what, p in row.items() if p is not None]
    different: dict[str, list[str]] = {}
    for (pair, what, _), adjusted in zip(named, holm([p for _, _, p in named]), strict=True):
        if adjusted < LEVEL:
            different.setdefault(pair, []).append(what)
    return {
        "pairs": found,
        "texts": asked,
        "level": LEVEL,
        "different": different,
    }


def drift_line(found: Mapping[str, Any]) -> list[str]:
    """Say in a line what differs between the splits, a record of `drift_between_splits`; else nothing."""
    said = differences(found)
    lines = [f"The splits are less alike than chance allows ({said}): figures hold for texts like test's."]
    return lines if said else []


def unlike(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Return in what new texts' profile (`text_profile`, `score_profile`) differs from another's, in words."""
    found = []
    for key, name in PROFILES.items():
        if key not in ours or key not in theirs:
            continue
        counts = [_counts(ours[key]), _counts(theirs[key])]
        one, other = _aligned(*counts)
        apart = np.abs(np.array(one) / max(1, sum(one)) - np.array(other) / max(1, sum(other))).sum() / 2
        p_value = compare_counts(one, other)
        if p_value is not None and p_value < LEVEL / len(PROFILES) and apart >= NOTABLE:
            found.append(name)
    return found


class _Side(NamedTuple):
    """What is compared of one split."""

    texts: list[str]
    lengths: list[int]  # in characters
    scripts: Counter[str]
    labels: list[int]  # how often each occurs
    confidences: NDArray[np.floating[Any]]

    @classmethod
    def of(cls, split: Dataset, report: Report | None) -> _Side:
        rows = np.sort(np.random.default_rng(0).permutation(len(split))[:MOST_TEXTS])
        texts = [whole_text(text) for text in texts_of(split.select(rows))[:]]
        labels = LabelSpace.from_features(split.features)
        gold = labels.gold(split)
        counts = gold.sum(axis=0) if labels.multi_label else np.bincount(gold, minlength=len(labels))
        confidences = np.zeros(0) if report is None else report.scores.max(axis=1)
        return cls(texts, list(map(len, texts)), Counter(map(script_of, texts)), counts.tolist(), confidences)


def _aligned(one: Mapping[str, int], other: Mapping[str, int]) -> tuple[list[int], list[int]]:
    keys = sorted({*one, *other})
    return [one.get(key, 0) for key in keys], [other.get(key, 0) for key in keys]


def _counts(profile: Mapping[str, Any]) -> dict[str, int]:
    """Return a histogram's counts by bin, or counts by name as they are."""
    return {str(bin_): n for bin_, n in enumerate(profile["counts"])} if "edges" in profile else dict(profile)


def compare_texts(ours: Sequence[str], theirs: Sequence[str], *, seed: int = 0) -> dict[str, Any] | None:
    """Return how well a classifier tells two sets of texts apart, or None of too few texts.

    A classifier two-sample test (Lopez-Paz & Oquab 2017, arXiv 1610.06545): a linear SVM on words and character
    2-4-grams of the first MOST_CHARACTERS learns from one half of an equal number of texts of both sides which side a
    text is from; its accuracy on the other half is .5 where the sides are alike. `p_value` is that of the one-sided
    exact binomial test.
    """
    rng = np.random.default_rng(seed)
    size = min(len(ours), len(theirs), MOST_TEXTS)
    if size < FEWEST_TEXTS:
        return None
    sides = [[side[i] for i in rng.choice(len(side), size, replace=False)] for side in (ours, theirs)]
    features = _features([text[:MOST_CHARACTERS] for side in sides for text in side])
    gold = np.repeat([0, 1], size)
    order = rng.permutation(2 * size)
    learned, asked = order[:size], order[size:]
    model = LinearSVC(C=0.1, random_state=seed).fit(features[learned], gold[learned])
    right = int((model.predict(features[asked]) == gold[asked]).sum())
    test = binomtest(right, size, 0.5, alternative="greater")
    return {
        "accuracy": share_of(right, size),
        "p_value": float(test.pvalue),
        "n": size,
    }


def compare_numbers(ours: ArrayLike, theirs: ArrayLike) -> float | None:
    """Return the p-value of the two-sample Kolmogorov-Smirnov test (lengths, confidences); None of too few."""
    one, other = np.asarray(ours), np.asarray(theirs)
    return None if min(len(one), len(other)) < FEWEST_TEXTS else float(ks_2samp(one, other).pvalue)


def compare_counts(ours: Sequence[int], theirs: Sequence[int]) -> float | None:
    """Return the p-value of the chi-squared test of two rows of counts (labels, scripts); None of too few."""
    table = np.array([ours, theirs])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2 or table.sum(axis=1).min() < FEWEST_TEXTS:
        return None
    return float(chi2_contingency(table).pvalue)


def _features(texts: list[str]) -> Any:  # Any: a scipy sparse matrix
    """Return hashed words and character n-grams, sparse float32 [N, 2**19]; nothing is learnt from the texts."""
    words = HashingVectorizer(n_features=2**18, dtype=np.float32)
    pieces = HashingVectorizer(n_features=2**18, analyzer="char_wb", ngram_range=(2, 4), dtype=np.float32)
    return sparse.hstack([words.transform(texts), pieces.transform(texts)]).tocsr()
