"""A sample of texts in the space of an encoder: map, clusters, isotropy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from ..data.model_text import whole_texts
from .clusters import Clustering, cluster
from .embeddings import Embedder
from .isotropy import Isotropy, measure_isotropy
from .projection import Projection, project

FEWEST = 5  # texts


class Embedded(NamedTuple):
    """What the embeddings of n training texts show."""

    texts: list[str]
    """Whole texts, both fields of a pair: length n."""
    carried: NDArray[np.int64]
    """0/1 [n, L]"""
    maps: dict[str, Projection]
    """'both' (or 'text' where there is one field), 'text', 'text_pair' -> places of the n texts."""
    clusters: list[Clustering]
    isotropy: Isotropy | None


def embed(
    train: Dataset, rows: NDArray[np.int64], carried: NDArray[np.int64], embedder: Embedder, seed: int
) -> Embedded:
    """Embed the given training rows, and lay them out; of pairs also each field by itself.

    Clusters and isotropy are of whole texts.
    """
    batch = train[rows]
    texts = whole_texts(batch)
    if len(texts) < FEWEST:
        return Embedded(texts, carried, {}, [], None)
    whole = embedder(texts)
    fields = {"both": whole} if "text_pair" in batch else {"text": whole}
    if "text_pair" in batch:
        fields |= {name: embedder([text or "" for text in batch[name]]) for name in ("text", "text_pair")}
    projected = {name: project(vectors, seed) for name, vectors in fields.items()}
    return Embedded(
        texts=texts,
        carried=carried,
        maps={name: places for name, places in projected.items() if places is not None},
        clusters=cluster(whole, carried, seed),
        isotropy=measure_isotropy(whole, seed),
    )
