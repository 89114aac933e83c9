"""Clusters of texts: k-means over sentence embeddings of the training texts, and over nothing else."""

from __future__ import annotations

import numpy as np
from datasets import ClassLabel, Dataset
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from ..data.model_text import whole_texts
from ..errors import UserError
from ..exploration.embeddings import Embedder
from ..models.weights import locate
from .auxiliary import CLUSTER

STARTS = 4  # of k-means, the best of which is taken


def fit_centroids(vectors: NDArray[np.float32], k: int, seed: int) -> NDArray[np.float32]:
    """Return k-means centroids float32 [k, D] of embeddings [N, D].

    Raises:
        UserError: fewer different texts than clusters.
    """
    different = len(np.unique(vectors, axis=0))
    if different < k:
        raise UserError(f"--cluster_k {k} clusters need as many different training texts; found {different}.")
    means = KMeans(n_clusters=k, n_init=STARTS, random_state=seed).fit(vectors)
    return np.asarray(means.cluster_centers_, dtype=np.float32)


def nearest(vectors: NDArray[np.float32], centroids: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the nearest centroid of each embedding: int64 [N]."""
    away = (centroids**2).sum(axis=1) - 2 * vectors @ centroids.T  # and the vector's own length, the same for all
    return np.asarray(away.argmin(axis=1), dtype=np.int64)


def with_clusters(train: Dataset, encoder: Embedder, k: int, seed: int) -> Dataset:
    """Return the training rows with the column `cluster`, fitted on them alone."""
    vectors = encoder(whole_texts(train.with_format(None)[:]))
    ids = nearest(vectors, fit_centroids(vectors, k, seed))
    return train.add_column(CLUSTER, ids.tolist(), feature=ClassLabel(num_classes=k))


def cluster_encoder(name: str, trust_remote_code: bool) -> Embedder:
    """Load the sentence encoder of `--cluster_encoder`."""
    return Embedder(locate(name), trust_remote_code)
