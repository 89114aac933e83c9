"""The protocols. Each takes data and a seed, and says what it reports of the model that it hands over, and the truth.

The truth is the same model's figure on a large part that no protocol sees.
Models are linear ones on hashed n-grams, which know nothing of other rows, so that only the protocol differs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import KFold
from sklearn.multiclass import OneVsRestClassifier

Rows = NDArray[np.int64]


class Told(NamedTuple):
    """What a protocol reports of its model, and what that model is worth."""

    reported: float
    truth: float


class Case(NamedTuple):
    """A faulty and an honest protocol on the same rows."""

    faulty: Told
    honest: Told


class Texts:
    """Texts with one label each (int ids), and their features."""

    def __init__(self, texts: list[str], labels: Rows) -> None:
        self.texts, self.labels = texts, labels
        self.features = features(texts)

    def draw(self, seed: int, *sizes: int) -> list[Rows]:
        """Return disjoint random rows of these sizes, and 20,000 others at most: the part that tells the truth."""
        order = np.random.default_rng(seed).permutation(len(self.texts))
        parts = np.split(order, np.cumsum(sizes))
        return [*parts[:-1], parts[-1][:20_000]]

    def score(self, model: SGDClassifier, rows: Rows) -> float:
        """Return a model's accuracy on rows."""
        return float(model.score(self.features[rows], self.labels[rows]))


def features(texts: list[str]) -> csr_matrix:
    """Return hashed character n-grams within words, float [N, 2^18]; nothing is fitted."""
    return HashingVectorizer(analyzer="char_wb", ngram_range=(1, 3), n_features=2**18).transform(texts)


def linear(seed: int, alpha: float = 1e-5, epochs: int = 20) -> SGDClassifier:
    """Return an unfitted linear classifier with scores."""
    return SGDClassifier(loss="log_loss", alpha=alpha, max_iter=epochs, tol=None, random_state=seed)


def chosen_on_test(data: Texts, seed: int) -> Case:
    """Of 40 settings the best on 200 test texts is reported; honest: the best on 200 others."""
    train, validation, test, rest = data.draw(seed, 1000, 200, 200)
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(40):
        model = linear(seed, float(10 ** draw.uniform(-6, -3)), int(draw.integers(1, 6)))
        model.fit(data.features[train], data.labels[train])
        found.append((data.score(model, test), data.score(model, validation), model))
    best, fair = max(found, key=lambda each: each[0]), max(found, key=lambda each: each[1])
    return Case(Told(best[0], data.score(best[2], rest)), Told(fair[0], data.score(fair[2], rest)))


def clusters_by_split(data: Texts, seed: int) -> Case:
    """Cluster ids (k = 16) are features; fitted on each part anew, or on the training texts alone."""
    train, test, rest = data.draw(seed, 2000, 500)
    space = TruncatedSVD(50, random_state=seed).fit(data.features[train])
    points = {len(rows): space.transform(data.features[rows]) for rows in (train, test, rest)}
    ours = KMeans(16, n_init=2, random_state=seed).fit(points[len(train)])

    def with_clusters(rows: Rows, fitted: KMeans | None) -> csr_matrix:
        own = fitted or KMeans(16, n_init=2, random_state=seed + 1).fit(points[len(rows)])
        ids = np.eye(16)[own.predict(points[len(rows)])]
        return csr_matrix(hstack([data.features[rows], csr_matrix(ids)]))

    model = linear(seed).fit(with_clusters(train, ours), data.labels[train])
    told = [
        Told(*(float(model.score(with_clusters(rows, fitted), data.labels[rows])) for rows in (test, rest)))
        for fitted in (None, ours)
    ]
    return Case(*told)


def augmented_before_folds(data: Texts, seed: int) -> Case:
    """Four copies of each text, 10 % of the words cropped; folds cut through copies, or keep them together."""
    train, rest = data.draw(seed, 400)
    draw = np.random.default_rng(seed)
    copies, origin = [], np.repeat(train, 4)
    for row in train:
        words = data.texts[row].split()
        for copy in range(4):
            kept = draw.random(len(words)) >= (0.1 if copy else 0)
            copies.append(" ".join(word for word, stays in zip(words, kept, strict=True) if stays) or words[0])
    augmented, labels = features(copies), data.labels[origin]
    final = data.score(linear(seed).fit(augmented, labels), rest)

    def folds(units: Rows, of_row: Rows, scored: NDArray[np.bool_]) -> float:
        scores = []
        for _, held in KFold(5, shuffle=True, random_state=seed).split(units):
            out = np.isin(of_row, units[held])
            model = linear(seed).fit(augmented[~out], labels[~out])
            scores.append(model.score(augmented[out & scored], labels[out & scored]))
        return float(np.mean(scores))

    every = np.ones(len(copies), dtype=bool)
    original = np.arange(len(copies)) % 4 == 0
    faulty = folds(np.arange(len(copies)), np.arange(len(copies)), every)
    return Case(Told(faulty, final), Told(folds(train, origin, original), final))


def one_model_through_folds(data: Texts, seed: int) -> Case:
    """Four folds: one model goes on training through all of them, or each begins anew."""
    train, rest = data.draw(seed, 1500)
    classes, reported = np.unique(data.labels), []
    for fresh in (False, True):
        scores, model = [], linear(seed)
        for learn, held in KFold(4, shuffle=True, random_state=seed).split(train):
            model = linear(seed) if fresh else model
            for _ in range(5):
                model.partial_fit(data.features[train[learn]], data.labels[train[learn]], classes=classes)
            scores.append(data.score(model, train[held]))
        reported.append((float(np.mean(scores)), model))
    honest = linear(seed, epochs=5).fit(data.features[train], data.labels[train])
    return Case(Told(reported[0][0], data.score(reported[0][1], rest)), Told(reported[1][0], data.score(honest, rest)))


def roc_of_hard_labels(data: Texts, seed: int) -> Case:
    """ROC-AUC of a yes-or-no question, from decisions or from scores."""
    train, test, rest = data.draw(seed, 1000, 300)
    gold = data.labels == 0
    model = linear(seed).fit(data.features[train], gold[train])

    def area(rows: Rows) -> float:
        return float(roc_auc_score(gold[rows], model.decision_function(data.features[rows])))

    hard = float(roc_auc_score(gold[test], model.predict(data.features[test])))
    return Case(Told(hard, area(rest)), Told(area(test), area(rest)))


def leaked_rows(data: Texts, seed: int) -> Case:
    """A fifth of the test texts stand in train too, or were taken out there."""
    train, test, rest = data.draw(seed, 1000, 500)
    leaky = np.concatenate([train, test[:100]])
    told = []
    for rows in (leaky, train):
        model = linear(seed).fit(data.features[rows], data.labels[rows])
        told.append(Told(data.score(model, test), data.score(model, rest)))
    return Case(*told)


def one_of_many_labels(texts: list[str], marks: NDArray[np.int8], seed: int) -> Case:
    """Several labels a text: cross-entropy against one of them and the likeliest is given, or a decision for each."""
    order = np.random.default_rng(seed).permutation(len(texts))
    train, test, rest = np.split(order, [3000, 4000])
    found = HashingVectorizer(n_features=2**18).transform(texts)
    rows = train[marks[train].any(axis=1)]
    single = linear(seed).fit(found[rows], marks[rows].argmax(axis=1))
    each = OneVsRestClassifier(linear(seed)).fit(found[train], marks[train])

    def one(part: Rows) -> float:
        said = np.zeros_like(marks[part])
        said[np.arange(len(part)), single.predict(found[part])] = 1
        return float(f1_score(marks[part], said, average="micro"))

    def several(part: Rows) -> float:
        return float(f1_score(marks[part], each.predict(found[part]), average="micro"))

    return Case(Told(one(test), one(rest)), Told(several(test), several(rest)))
