"""k-means clusters of embeddings, held against the labels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_mutual_info_score, normalized_mutual_info_score

SIZES = (8, 16, 32)
STARTS = 4
CENTRAL = 3


class Clustering(NamedTuple):
    """k clusters of N texts, numbered so that clusters with the same leading label stand side by side."""

    k: int
    ids: NDArray[np.int64]
    """Cluster of each text: int64 [N] in 0 .. k-1."""
    table: NDArray[np.int64]
    """Texts of each cluster that carry each label: int64 [k, L]."""
    sizes: NDArray[np.int64]
    """Texts of each cluster: int64 [k]."""
    purity: float
    nmi: float | None
    """Normalised by the arithmetic mean of both entropies; None where no text carries exactly one label."""
    ami: float | None
    """The same, adjusted for chance: 0 for random clusters, whatever their number."""
    central: NDArray[np.int64]
    """The texts nearest to the middle of each cluster, nearest first: int64 [k, CENTRAL], -1 where there are fewer."""


def cluster(embeddings: NDArray[np.float32], carried: NDArray[np.int64], seed: int) -> list[Clustering]:
    """Cluster embeddings [N, D] with k = 8, 16, 32, as far as there are two different texts a cluster.

    `carried` is 0/1 [N, L].
    One text's cluster says nothing about another split: the clusters are of these rows and no others.
    """
    different = len(np.unique(embeddings, axis=0))
    return [_cluster(embeddings, carried, k, seed) for k in SIZES if different >= 2 * k]


def _cluster(embeddings: NDArray[np.float32], carried: NDArray[np.int64], k: int, seed: int) -> Clustering:
    means = KMeans(n_clusters=k, n_init=STARTS, random_state=seed)
    found, away = means.fit_predict(embeddings), means.transform(embeddings)
    table = _table(found, carried, k)
    order = np.lexsort((-np.bincount(found, minlength=k), table.argmax(axis=1)))
    numbers = np.empty(k, dtype=np.int64)
    numbers[order] = np.arange(k)
    ids = numbers[found]
    table = table[order]
    nmi, ami = agreement(ids, carried)
    central = _central(away[:, order], ids)
    return Clustering(k, ids, table, np.bincount(ids, minlength=k), purity(table, len(ids)), nmi, ami, central)


def _central(away: NDArray[np.floating], ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the texts of each cluster that are least far from its middle (`away`: [N, k])."""
    central = np.full((away.shape[1], CENTRAL), -1)
    for k in range(away.shape[1]):
        members = np.flatnonzero(ids == k)
        nearest = members[np.argsort(away[members, k], kind="stable")[:CENTRAL]]
        central[k, : len(nearest)] = nearest
    return central


def _table(ids: NDArray[np.integer], carried: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    table = np.zeros((k, carried.shape[1]), dtype=np.int64)
    np.add.at(table, ids, carried)
    return table


def purity(table: NDArray[np.int64], texts: int) -> float:
    """Return the share of the texts that carry the most frequent label of their cluster (`table`: [k, L]).

    Manning, Raghavan and Schütze (2008), Introduction to Information Retrieval, section 16.3. With one cluster it is
    the share of the most frequent label; it tends to rise with the number of clusters.
    """
    return float(table.max(axis=1).sum() / texts)


def agreement(ids: NDArray[np.int64], carried: NDArray[np.int64]) -> tuple[float | None, float | None]:
    """Return normalised and adjusted mutual information between clusters and labels.

    Both are defined for one label a text: with several labels, only texts that carry exactly one are counted.
    """
    single = carried.sum(axis=1) == 1
    if not single.any():
        return None, None
    labels = carried[single].argmax(axis=1)
    return (
        float(normalized_mutual_info_score(labels, ids[single])),
        float(adjusted_mutual_info_score(labels, ids[single])),
    )
