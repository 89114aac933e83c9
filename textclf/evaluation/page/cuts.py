"""The threshold explorer: what every cut of every label would give on validation, counted once, looked up live."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..report import Report

STEPS = 100  # cuts of 0.00, 0.01, ..., 1.00


def cut_counts(validation: Report) -> dict[str, Any] | None:
    """Return counts at each cut, most frequent label first; None with one label a text.

    Each label is `{"name", "support", "cut", "right": [K], "given": [K], "shipped": [right, given]}`, K being
    STEPS + 1: how many texts would be given the label, and how many of them carry it.
    """
    if not validation.labels.multi_label:
        return None
    cuts = np.linspace(0, 1, STEPS + 1)
    labels = []
    for k in np.argsort(-validation.gold.sum(axis=0), kind="stable"):
        scores, carried = validation.scores[:, k].astype(np.float64), validation.gold[:, k] == 1
        every, right = np.sort(scores), np.sort(scores[carried])
        shipped = 0.5 if validation.thresholds is None else float(validation.thresholds[k])
        labels.append(
            {
                "name": validation.labels.names[k],
                "support": int(carried.sum()),
                "cut": shipped,
                "right": (len(right) - np.searchsorted(right, cuts)).tolist(),
                "given": (len(every) - np.searchsorted(every, cuts)).tolist(),
                "shipped": [int((right >= shipped).sum()), int((every >= shipped).sum())],
            }
        )
    return {"n": validation.n, "labels": labels}
