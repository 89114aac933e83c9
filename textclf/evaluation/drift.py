"""Are two sets of texts alike? What a promise takes for granted of new texts, checked instead of assumed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse
from scipy.stats import binomtest, chi2_contingency, ks_2samp
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression

from ..inference.answers import Text
from .promises import share

MOST_TEXTS = 2_000  # of each side: enough to see what matters, seconds to compute
FEWEST_TEXTS = 20  # of each side: half of them are held out, and 10 guesses say little
NOTABLE = 0.01  # p-values below are reported as a difference: three or four pairs of splits are looked at


def compare_texts(ours: Sequence[Text], theirs: Sequence[Text], *, seed: int = 0) -> dict[str, Any] | None:
    """Return how well a classifier tells two sets of texts apart, or None of too few texts.

    A classifier two-sample test (Lopez-Paz & Oquab 2017, arXiv 1610.06545): a logistic regression on words and
    character 2-4-grams learns from one half of an equal number of texts of both sides which side a text is from; its
    accuracy on the other half is .5 where the sides are alike. `p_value` is that of the one-sided exact binomial test.
    """
    rng = np.random.default_rng(seed)
    size = min(len(ours), len(theirs), MOST_TEXTS)
    if size < FEWEST_TEXTS:
        return None
    sides = [_drawn(side, size, rng) for side in (ours, theirs)]
    features = _features([text for side in sides for text in side])
    gold = np.repeat([0, 1], size)
    order = rng.permutation(2 * size)
    learned, asked = order[:size], order[size:]
    model = LogisticRegression(C=10.0, max_iter=200).fit(features[learned], gold[learned])
    right = int((model.predict(features[asked]) == gold[asked]).sum())
    test = binomtest(right, size, 0.5, alternative="greater")
    return {
        "accuracy": share(right, size),
        "p_value": float(test.pvalue),
        "n": size,
    }


def compare_numbers(ours: Sequence[float], theirs: Sequence[float]) -> float | None:
    """Return the p-value of the two-sample Kolmogorov-Smirnov test (lengths, confidences); None of too few."""
    if min(len(ours), len(theirs)) < FEWEST_TEXTS:
        return None
    return float(ks_2samp(ours, theirs).pvalue)


def compare_counts(ours: Sequence[int], theirs: Sequence[int]) -> float | None:
    """Return the p-value of the chi-squared test of two rows of counts (labels, scripts); None of too few."""
    table = np.array([ours, theirs])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2 or table.sum(axis=1).min() < FEWEST_TEXTS:
        return None
    return float(chi2_contingency(table).pvalue)


def _drawn(texts: Sequence[Text], size: int, rng: np.random.Generator) -> list[str]:
    chosen = [texts[int(i)] for i in np.sort(rng.choice(len(texts), size, replace=False))]
    return [text if isinstance(text, str) else "\n".join(filter(None, text)) for text in chosen]


def _features(texts: list[str]) -> Any:  # Any: a scipy sparse matrix
    """Return hashed words and character n-grams, sparse float32 [N, 2**19]; nothing is learnt from the texts."""
    words = HashingVectorizer(n_features=2**18, dtype=np.float32)
    pieces = HashingVectorizer(n_features=2**18, analyzer="char_wb", ngram_range=(2, 4), dtype=np.float32)
    return sparse.hstack([words.transform(texts), pieces.transform(texts)]).tocsr()
