"""Two dimensions out of many: PCA keeps distances between groups, t-SNE keeps neighbours."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

COMPONENTS = 50  # in front of t-SNE, as van der Maaten and Hinton (2008) have it: faster, and less noise
PERPLEXITY = 30.0
FEWEST = 5  # texts: below there is nothing to see


class Projection(NamedTuple):
    """Places of N texts, each axis within [-1, 1]."""

    pca: NDArray[np.float64]
    """[N, 2]"""
    tsne: NDArray[np.float64]
    """[N, 2]"""
    variance: float
    """Share of the variance that the two PCA axes hold."""


def project(embeddings: NDArray[np.float32], seed: int) -> Projection | None:
    """Lay embeddings [N, D] out in two dimensions, or return None for fewer than five texts or one text repeated.

    Principal components, and t-SNE (van der Maaten and Hinton 2008, JMLR 9:2579; Barnes-Hut 2014) on the first 50.
    """
    if len(embeddings) < FEWEST or np.allclose(embeddings, embeddings[0]):
        return None
    pca = PCA(n_components=min(COMPONENTS, *embeddings.shape), random_state=seed)
    reduced = pca.fit_transform(embeddings)
    perplexity = min(PERPLEXITY, (len(embeddings) - 1) / 3)
    tsne = TSNE(n_components=2, perplexity=perplexity, init="pca", random_state=seed, n_jobs=1).fit_transform(reduced)
    return Projection(_scaled(reduced[:, :2]), _scaled(tsne), float(pca.explained_variance_ratio_[:2].sum()))


def _scaled(places: NDArray[np.floating]) -> NDArray[np.float64]:
    """Move the middle to 0 and scale both axes alike, so that distances keep their proportion."""
    centred = places - (places.max(axis=0) + places.min(axis=0)) / 2
    return np.asarray(centred / max(float(np.abs(centred).max()), 1e-12), dtype=np.float64)
