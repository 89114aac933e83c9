"""Baselines: what a text classifier should beat, each a function from training rows to logits; one table of them.

They are calibrated and given thresholds in `evaluation/baselines/`, by the code that does so for the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit
from sklearn.preprocessing import StandardScaler

from ..arguments import ModelArguments
from ..labels import LabelSpace
from .encoder_features import FrozenEncoder
from .linear import LinearModel, Matrix, constant, logistic, support_vectors
from .text_features import Text, as_string, bag_of_words, ngram_counts, words_and_characters, words_syllables_and_jamo
from .word_vectors import train_word_vectors

CERTAIN = 200.0  # a logit whose score is 0 or 1 in float32
# C of SVMs on features of unit length. Beyond these nothing was won on Korean headlines and comments, English tweets
# and forum sentences (one label), and on newswire (several).
PENALTIES = (0.1, 0.3, 1.0)
PENALTIES_OF_SEVERAL = (0.3, 1.0, 3.0)
DENSE_PENALTIES = (0.001, 0.01, 0.1)  # C on standardised dense features


class TrainingRows(NamedTuple):
    """What a baseline is fitted on."""

    texts: Sequence[Text]  # cleaned as the model's
    gold: NDArray[np.int64]  # [N], or 0/1 [N, L]
    labels: LabelSpace
    seed: int
    model: ModelArguments  # the encoder that the run starts from


@dataclass(frozen=True)
class Candidates:
    """A baseline fitted on train up to the one setting that validation decides."""

    features: Callable[[Sequence[Text]], Matrix]
    fit: Callable[[float], LinearModel]
    settings: tuple[float, ...]  # values of `setting`; a single one where there is nothing to choose
    setting: str | None = "C"
    certain: bool = False  # decides without saying how sure it is: nothing to calibrate, no cut to choose


def majority(rows: TrainingRows) -> Candidates:
    """Give every text the label that most training texts have; several labels: those that at least half of them have.

    Scores are 0 and 1; with several labels, at least the most frequent one is given.
    """
    counts = _counts(rows)
    given = counts >= len(rows.gold) / 2 if rows.labels.multi_label else np.zeros(len(counts), dtype=bool)
    given[int(counts.argmax())] = True
    return _constant(np.where(given, CERTAIN, -CERTAIN), rows.labels, certain=True)


def prior(rows: TrainingRows) -> Candidates:
    """Give every text the labels' shares among the training texts (plus one text with, one without; Laplace)."""
    counts = _counts(rows)
    logits = logit((counts + 1) / (len(rows.gold) + 2)) if rows.labels.multi_label else np.log(counts + 1)
    return _constant(logits, rows.labels)


def tfidf_svm(rows: TrainingRows) -> Candidates:
    """Fit a linear SVM on TF-IDF of word and character n-grams."""
    return _sparse_svm(words_and_characters(), rows)


def jamo_svm(rows: TrainingRows) -> Candidates:
    """Fit a linear SVM on TF-IDF of words, characters and jamo: for Korean, at twice the time of `tfidf_svm`."""
    return _sparse_svm(words_syllables_and_jamo(), rows)


def bag_of_words_svm(rows: TrainingRows) -> Candidates:
    """Fit a linear SVM on which words a text has."""
    return _sparse_svm(bag_of_words(), rows)


def ngram_counts_svm(rows: TrainingRows) -> Candidates:
    """Fit a linear SVM on counts of word 1-3-grams."""
    return _sparse_svm(ngram_counts(), rows)


def frozen_encoder(rows: TrainingRows) -> Candidates:
    """Fit a logistic regression on the states of the run's encoder as it comes."""
    return _dense(FrozenEncoder(rows.model), logistic, rows)


def word2vec_cbow(rows: TrainingRows) -> Candidates:
    """Fit a linear SVM on averages of word vectors trained by CBOW."""
    return _word2vec(rows, skip_gram=False)


def word2vec_skipgram(rows: TrainingRows) -> Candidates:
    """Fit a linear SVM on averages of word vectors trained by skip-gram."""
    return _word2vec(rows, skip_gram=True)


# A baseline is a function above and a row here.
BASELINES: dict[str, Callable[[TrainingRows], Candidates]] = {
    "majority": majority,
    "prior": prior,
    "tfidf_svm": tfidf_svm,
    "jamo_svm": jamo_svm,
    "bag_of_words": bag_of_words_svm,
    "ngram_counts": ngram_counts_svm,
    "frozen_encoder": frozen_encoder,
    "word2vec_cbow": word2vec_cbow,
    "word2vec_skipgram": word2vec_skipgram,
}


def _counts(rows: TrainingRows) -> NDArray[np.int64]:
    """Return how many training texts have each label, [L]."""
    if rows.labels.multi_label:
        return np.asarray(rows.gold.sum(axis=0))
    return np.bincount(rows.gold, minlength=len(rows.labels))


def _constant(logits: NDArray[np.float64], labels: LabelSpace, *, certain: bool = False) -> Candidates:
    model = constant(logits, labels)
    return Candidates(lambda texts: np.zeros((len(texts), 0)), lambda _: model, (0.0,), None, certain)


def _sparse_svm(vectoriser: Any, rows: TrainingRows) -> Candidates:  # Any: a scikit-learn transformer
    train = vectoriser.fit_transform(list(map(as_string, rows.texts)))
    return Candidates(
        lambda texts: vectoriser.transform(list(map(as_string, texts))),
        lambda c: support_vectors(train, rows.gold, rows.labels, c, rows.seed),
        PENALTIES_OF_SEVERAL if rows.labels.multi_label else PENALTIES,
    )


def _word2vec(rows: TrainingRows, *, skip_gram: bool) -> Candidates:
    vectors = train_word_vectors(list(map(as_string, rows.texts)), skip_gram=skip_gram, seed=rows.seed)
    return _dense(lambda texts: vectors.averages(list(map(as_string, texts))), support_vectors, rows)


def _dense(
    features: Callable[[Sequence[Text]], NDArray[np.float32]],
    fit: Callable[[Matrix, NDArray[np.int64], LabelSpace, float, int], LinearModel],
    rows: TrainingRows,
) -> Candidates:
    scaler = StandardScaler()
    train = scaler.fit_transform(features(rows.texts))
    return Candidates(
        lambda texts: scaler.transform(features(texts)),
        lambda c: fit(train, rows.gold, rows.labels, c, rows.seed),
        DENSE_PENALTIES,
    )
