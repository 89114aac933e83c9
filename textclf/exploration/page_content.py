"""What the page's scripts draw, as plain values for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .embedded import Embedded
from .explore import Exploration
from .projection import Projection
from .text_lengths import Distribution
from .word_ranking import LabelWords, Ranked

MOST_LABELS = 60  # labels with lists of words, the most frequent ones: more would make the page heavy
MOST_ROWS = 40  # labels beside the clusters


def drawn(found: Exploration) -> dict[str, Any]:
    """Return everything that is drawn; labels are given by their index in `labels`, the most frequent first."""
    order = found.counts.by_frequency()
    names = [found.labels.names[i] for i in order]
    places = {int(point): place for place, point in enumerate(found.browsed.points) if point >= 0}
    return {
        "labels": names,
        "several": found.labels.multi_label,
        "total": found.counts.total[order].tolist(),
        "trainCounts": found.counts.per_split["train"][order].tolist(),
        "labelsPerText": found.counts.labels_per_text.tolist(),
        "lengths": {
            "characters": _distribution(found.lengths.characters, order),
            "tokens": _distribution(found.lengths.tokens, order),
        },
        "maxLength": found.lengths.max_length,
        "words": {
            str(length): [_words(ranked[i]) for i in order[:MOST_LABELS]] for length, ranked in found.words.items()
        },
        "contexts": [found.contexts[i] for i in order[:MOST_LABELS]],
        "texts": _texts(found, order),
        "map": _map(found.embedded, order, found.provenance.text_columns) if found.embedded.maps else None,
        "clusters": [_clustering(found, at, order, places) for at in range(len(found.embedded.clusters))],
    }


def _distribution(lengths: Distribution, order: NDArray[np.int64]) -> dict[str, Any]:
    per_label = [None if np.isnan(row).any() else np.round(row, 1).tolist() for row in lengths.per_label[order]]
    return {
        "edges": lengths.edges.tolist(),
        "counts": lengths.counts.tolist(),
        "beyond": lengths.beyond,
        "covering": lengths.covering,
        "perLabel": per_label,
    }


def _words(words: LabelWords) -> dict[str, list[Any]]:
    return {"frequent": _ranked_words(words.frequent), "distinctive": _ranked_words(words.distinctive)}


def _ranked_words(ranked: Sequence[Ranked]) -> list[Any]:
    return [[each.ngram, each.times, round(each.z_score, 1)] for each in ranked]


def _texts(found: Exploration, order: NDArray[np.int64]) -> list[list[Any]]:
    """Return `[row, text, labels, point]` of each text that can be read, the point -1 where it is not on the map."""
    browsed = found.browsed
    return [
        [int(row), text, np.flatnonzero(carried).tolist(), int(point)]
        for row, text, carried, point in zip(
            browsed.rows, browsed.texts, browsed.carried[:, order], browsed.points, strict=True
        )
    ]


def _map(embedded: Embedded, order: NDArray[np.int64], columns: Sequence[str]) -> dict[str, Any]:
    carried = embedded.carried[:, order]
    names = dict(zip(("text", "text_pair"), columns, strict=False))
    return {
        "labels": [np.flatnonzero(row).tolist() for row in carried],
        "fieldNames": {name: names.get(name, " + ".join(columns)) for name in embedded.maps},
        "fields": {name: _places(places) for name, places in embedded.maps.items()},
    }


def _places(projection: Projection) -> dict[str, Any]:
    return {"pca": np.round(projection.pca.T, 3).tolist(), "tsne": np.round(projection.tsne.T, 3).tolist()}


def _clustering(found: Exploration, at: int, order: NDArray[np.int64], places: dict[int, int]) -> dict[str, Any]:
    """Return a clustering; `places` are the texts that can be read, by their point of the map."""
    clustering = found.embedded.clusters[at]
    return {
        "k": clustering.k,
        "ids": clustering.ids.tolist(),
        "sizes": clustering.sizes.tolist(),
        "table": clustering.table[:, order].T.tolist(),
        "rows": _rows_by_cluster(clustering.table[:, order]),
        "words": [_ranked_words(words.distinctive[:8] or words.frequent[:8]) for words in found.cluster_words[at]],
        "central": [[places[int(point)] for point in row if point >= 0] for row in clustering.central],
    }


def _rows_by_cluster(table: NDArray[np.int64]) -> list[int]:
    """Order the most frequent labels by the cluster that holds most of them, so that a diagonal shows (if any)."""
    shown = min(MOST_ROWS, table.shape[1])
    return np.argsort(table[:, :shown].argmax(axis=0), kind="stable").tolist()
