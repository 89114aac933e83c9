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
MOST_ROWS = 40  # labels in one chart
EXCERPT = 180  # characters of a text on the map


def drawn(found: Exploration) -> dict[str, Any]:
    """Return everything that is drawn; labels are given by their index in `labels`, the most frequent first."""
    order = found.counts.by_frequency()
    return {
        "labels": [found.labels.names[i] for i in order],
        "multiLabel": found.labels.multi_label,
        "mostRows": MOST_ROWS,
        "counts": {split: counts[order].tolist() for split, counts in found.counts.per_split.items()},
        "labelsPerText": found.counts.labels_per_text.tolist(),
        "lengths": {
            "characters": _distribution(found.lengths.characters, order),
            "tokens": _distribution(found.lengths.tokens, order),
            "maxLength": found.lengths.max_length,
        },
        "words": {
            str(length): [_words(ranked[i]) for i in order[:MOST_LABELS]] for length, ranked in found.words.items()
        },
        "map": _map(found.embedded, order, found.provenance.text_columns) if found.embedded.maps else None,
        "clusters": [_clustering(found.embedded, at, order) for at in range(len(found.embedded.clusters))],
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
    def plain(ranked: list[Ranked]) -> list[Any]:
        return [[each.ngram, each.times, round(each.z_score, 1)] for each in ranked]

    return {"frequent": plain(words.frequent), "distinctive": plain(words.distinctive)}


def _map(embedded: Embedded, order: NDArray[np.int64], columns: Sequence[str]) -> dict[str, Any]:
    carried = embedded.carried[:, order]
    names = dict(zip(("text", "text_pair"), columns, strict=False))
    return {
        "texts": [shortened(text) for text in embedded.texts],
        "labels": [np.flatnonzero(row).tolist() for row in carried],
        "fieldNames": {name: names.get(name, " + ".join(columns)) for name in embedded.maps},
        "fields": {name: _places(places) for name, places in embedded.maps.items()},
    }


def _places(projection: Projection) -> dict[str, Any]:
    return {
        "pca": np.round(projection.pca.T, 3).tolist(),
        "tsne": np.round(projection.tsne.T, 3).tolist(),
        "variance": round(projection.variance, 4),
    }


def _clustering(embedded: Embedded, at: int, order: NDArray[np.int64]) -> dict[str, Any]:
    clustering = embedded.clusters[at]
    return {
        "k": clustering.k,
        "ids": clustering.ids.tolist(),
        "sizes": clustering.sizes.tolist(),
        "table": clustering.table[:, order].T.tolist(),
        "rows": _rows_by_cluster(clustering.table[:, order]),
    }


def _rows_by_cluster(table: NDArray[np.int64]) -> list[int]:
    """Order the most frequent labels by the cluster that holds most of them, so that a diagonal shows (if any)."""
    shown = min(MOST_ROWS, table.shape[1])
    return np.argsort(table[:, :shown].argmax(axis=0), kind="stable").tolist()


def shortened(text: str, most: int = EXCERPT) -> str:
    """Return the start of a text, its lines joined by a slash."""
    line = " / ".join(" ".join(part.split()) for part in text[: 3 * most].split("\n") if part.strip())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
